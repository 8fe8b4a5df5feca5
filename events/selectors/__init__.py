"""Reads: events, receivers and their deliveries, streams, lag."""
