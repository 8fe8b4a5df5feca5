"""Fixtures of the audit trail."""
