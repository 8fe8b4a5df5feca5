"""Production: refuses to start with what would be unsafe, naming each setting."""

from __future__ import annotations

from oms_project.settings.base import *  # noqa: F403 - a mode is base with changes
from oms_project.settings.base import ENVIRONMENT, STORAGES
from oms_project.settings.safety import refuse_unsafe

refuse_unsafe(ENVIRONMENT)

OMS_KEYS_CREATE = False  # a key that was lost must not be replaced in silence
OMS_KERNEL_PLAIN = ENVIRONMENT.OMS_KERNEL_TRUSTED_NETWORK

SESSION_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-oms-session"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-oms-csrf"
SECURE_SSL_REDIRECT = ENVIRONMENT.SECURE_SSL_REDIRECT
SECURE_REDIRECT_EXEMPT = [r"^health(/live|/ready)?$", r"^metrics$"]  # probes speak plain HTTP
SECURE_HSTS_SECONDS = 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True

STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
