"""The audit trail in the console, for auditors."""
