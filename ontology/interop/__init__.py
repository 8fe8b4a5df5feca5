"""Formats of the outside world, in and out. Pure Python: no Django, no network."""
