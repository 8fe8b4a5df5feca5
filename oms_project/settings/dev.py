"""A laptop: nothing to configure. Secrets are made once and kept in the data folder."""

from __future__ import annotations

from oms_project.settings.base import *  # noqa: F403 - a mode is base with changes
from oms_project.settings.base import ENVIRONMENT, STATIC_ROOT
from oms_project.settings.env import kept_secret

DEBUG = ENVIRONMENT.DEBUG if "DEBUG" in ENVIRONMENT.model_fields_set else True
# Whoever is signed in may look at schemas here, as GraphiQL does.
OMS_GRAPHQL_INTROSPECTION = (
    ENVIRONMENT.OMS_GRAPHQL_INTROSPECTION
    if "OMS_GRAPHQL_INTROSPECTION" in ENVIRONMENT.model_fields_set
    else "everybody"
)
ALLOWED_HOSTS = ENVIRONMENT.ALLOWED_HOSTS or ["*"]

SECRET_KEY = ENVIRONMENT.SECRET_KEY or kept_secret(ENVIRONMENT.OMS_DATA_DIR, "secret_key")
JWT_SECRET = ENVIRONMENT.JWT_SECRET or (
    kept_secret(ENVIRONMENT.OMS_DATA_DIR, "jwt_secret")
    if ENVIRONMENT.JWT_ALGORITHM.startswith("HS")
    else ""
)

# Static files straight from their folders: no collectstatic while working on them.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # empty: WhiteNoise warns when there is none
