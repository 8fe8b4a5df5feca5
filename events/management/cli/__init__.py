"""The groups of ``manage.py events``."""
