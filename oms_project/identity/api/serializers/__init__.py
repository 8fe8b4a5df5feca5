"""Shapes of the endpoints of identity."""
