"""The audit trail over REST, for auditors."""
