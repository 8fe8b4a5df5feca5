"""The audit trail from a terminal."""
