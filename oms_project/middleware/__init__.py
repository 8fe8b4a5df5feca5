"""The request chain; its order stands in ``MIDDLEWARE`` (settings/base.py)."""
