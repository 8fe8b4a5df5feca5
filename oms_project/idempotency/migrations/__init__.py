"""Migrations of the idempotency app."""
