"""The endpoints of identity."""
