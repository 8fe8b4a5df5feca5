"""Django app: a write that carries an ``Idempotency-Key`` happens once, and answers the same."""
