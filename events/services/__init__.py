"""Writes: what is told, where it goes, and how that ended."""
