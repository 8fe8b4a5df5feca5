"""``manage.py identity`` and ``manage.py keys``."""
