"""The groups of ``manage.py identity``."""
