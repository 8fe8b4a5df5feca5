"""What an operator sees: structured logs and health."""
