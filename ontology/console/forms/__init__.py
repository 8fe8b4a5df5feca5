"""The form generator: a kind's model becomes fields, a request becomes a body."""
