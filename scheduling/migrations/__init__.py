"""Scheduling tables."""
