"""The test suite: fixed secrets, quick hashes, no worker threads unless a test starts one."""

from __future__ import annotations

from oms_project.settings.base import *  # noqa: F403 - a mode is base with changes
from oms_project.settings.base import SIMPLE_JWT

SECRET_KEY = "test-secret-key-that-signs-nothing-of-value-anywhere-0123456789"
JWT_SECRET = "test-jwt-secret-that-signs-nothing-of-value-anywhere-0123456789"
SIMPLE_JWT = {**SIMPLE_JWT, "SIGNING_KEY": JWT_SECRET}
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
OMS_JOB_WORKERS = 0
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
