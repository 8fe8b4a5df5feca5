"""Roles and rules over REST, and why somebody may do something."""
