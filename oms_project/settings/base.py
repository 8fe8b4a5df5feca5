"""What every mode shares. The environment comes from `env`, and from nowhere else."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from oms_project.observability.logs import logging_config
from oms_project.settings import env
from oms_project.settings.databases import (
    cache_config,
    channel_layer_config,
    database_config,
    has_home,
    ontology_home,
    rates_cache_config,
)

BASE_DIR = env.BASE_DIR
ENVIRONMENT = env.load()

SECRET_KEY = ENVIRONMENT.SECRET_KEY
SECRET_KEY_FALLBACKS = ENVIRONMENT.SECRET_KEY_FALLBACKS
DEBUG = False
ALLOWED_HOSTS = ENVIRONMENT.ALLOWED_HOSTS
CSRF_TRUSTED_ORIGINS = ENVIRONMENT.CSRF_TRUSTED_ORIGINS

INSTALLED_APPS = [
    # Before staticfiles: `runserver` then speaks ASGI. Only there, because loading Twisted takes a
    # third of the time in which a command is done.
    *(["daphne"] if "runserver" in sys.argv else []),
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "channels",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_typer",
    "corsheaders",
    "csp",
    "oms_project",
    "auditlog",
    "audit",
    "oms_project.identity",
    "oms_project.idempotency",
    "scheduling",
    "events",
    "ontology",
]

# The request chain, outermost first.
MIDDLEWARE = [
    "oms_project.middleware.request_context.RequestContextMiddleware",  # request id, access log
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",  # what a page may load and run
    "oms_project.middleware.headers.HeadersMiddleware",  # what an answer may be used for
    "corsheaders.middleware.CorsMiddleware",  # pages of other origins, when a setting names them
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "oms_project.middleware.actor.ActorMiddleware",  # token or session → who acts
    "oms_project.middleware.rates.RateLimitMiddleware",  # how often, per client
    "oms_project.middleware.database_context.DatabaseContextMiddleware",  # which ontology, branch
    "oms_project.middleware.roles.RolesMiddleware",  # what the route declares; 401, 403
    "oms_project.middleware.audit.AuditMiddleware",  # denials by services are written down
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "oms_project.urls"
WSGI_APPLICATION = "oms_project.wsgi.application"
ASGI_APPLICATION = "oms_project.asgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "libraries": {"console": "ontology.console.tags"},
        },
    },
]

# -- stores ----------------------------------------------------------------------------------------
DATABASES = {"default": database_config(ENVIRONMENT)}
SERIALIZATION_MODULES = {"json": "oms_project.fixtures"}  # dumps that keep microseconds
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": cache_config(ENVIRONMENT), "rates": rates_cache_config(ENVIRONMENT)}
CHANNEL_LAYERS = {"default": channel_layer_config(ENVIRONMENT)}
OMS_BROKER_URL = ENVIRONMENT.REDIS_URL or "memory://"  # Celery's
OMS_CACHE_LOCAL_SIZE = ENVIRONMENT.OMS_CACHE_LOCAL_SIZE
OMS_CACHE_LOCAL_BYTES = ENVIRONMENT.OMS_CACHE_LOCAL_MB * 1024 * 1024
OMS_CACHE_LOCAL_TTL = ENVIRONMENT.OMS_CACHE_LOCAL_TTL
OMS_CACHE_REDIS_TTL = ENVIRONMENT.OMS_CACHE_REDIS_TTL

# -- who -------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "identity.User"
AUTHENTICATION_BACKENDS = ["oms_project.identity.backends.PasswordBackend"]
# Length and a list of known passwords, no rule about kinds of characters (OWASP ASVS 5, 6.2).
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {
        "NAME": "oms_project.identity.passwords.MaximumLengthValidator",
        "OPTIONS": {"max_length": 256},
    },
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "display_name", "email")},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "oms_project.identity.passwords.TrivialPasswordValidator"},
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = ENVIRONMENT.OMS_SESSION_HOURS * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True  # pages carry the token in their forms
OMS_SESSION_IDLE_MINUTES = ENVIRONMENT.OMS_SESSION_IDLE_MINUTES
OMS_SESSION_HOURS = ENVIRONMENT.OMS_SESSION_HOURS
# Paths that look at no credentials, so that a probe works while the database is away.
OMS_UNAUTHENTICATED_PATHS = frozenset({"/health", "/health/live", "/health/ready"})

OMS_ACTOR = ENVIRONMENT.OMS_ACTOR
OMS_KEYS_DIR = ENVIRONMENT.OMS_KEYS_DIR or ENVIRONMENT.OMS_DATA_DIR / "keys"
OMS_KEYS_CREATE = True  # make a key where there is none; production wants that said
AUDITLOG_LOGENTRY_MODEL = "audit.RowChange"  # what it finds becomes an event of the trail
MIGRATION_MODULES = {"auditlog": None}  # its table is not made
AUDITLOG_STORE_JSON_CHANGES = True
AUDITLOG_DISABLE_ON_RAW_SAVE = True  # loading a fixture repeats what was recorded before
OMS_AUDIT_ORIGIN = ENVIRONMENT.OMS_AUDIT_ORIGIN
OMS_AUDIT_SEQUENCER = ENVIRONMENT.OMS_AUDIT_SEQUENCER
OMS_AUDIT_INTERVAL = ENVIRONMENT.OMS_AUDIT_INTERVAL
JWT_SECRET = ENVIRONMENT.JWT_SECRET
JWT_ACCESS_MINUTES = ENVIRONMENT.JWT_ACCESS_MINUTES
JWT_REFRESH_DAYS = ENVIRONMENT.JWT_REFRESH_DAYS
SIMPLE_JWT: dict[str, Any] = {
    "ALGORITHM": ENVIRONMENT.JWT_ALGORITHM,
    "SIGNING_KEY": "",  # keys come from the keyring: `identity/tokens/backend.py`
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=JWT_ACCESS_MINUTES),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=JWT_REFRESH_DAYS),
    "ISSUER": "oms",
    "AUDIENCE": "oms",
    "USER_ID_CLAIM": "sub",
}
OMS_LOGIN_FAILURES = ENVIRONMENT.OMS_LOGIN_FAILURES
OMS_LOGIN_FAILURES_PER_USER = ENVIRONMENT.OMS_LOGIN_FAILURES_PER_USER
OMS_LOGIN_FAILURES_PER_ADDRESS = ENVIRONMENT.OMS_LOGIN_FAILURES_PER_ADDRESS
OMS_LOGIN_LOCKOUT_MINUTES = ENVIRONMENT.OMS_LOGIN_LOCKOUT_MINUTES
OMS_LOGIN_KNOWN_DAYS = 30
OMS_SECRET_GRACE_HOURS = ENVIRONMENT.OMS_SECRET_GRACE_HOURS
OMS_DELEGATION_MAX_DAYS = ENVIRONMENT.OMS_DELEGATION_MAX_DAYS
OMS_RATE_CLIENT = ENVIRONMENT.OMS_RATE_CLIENT
OMS_RATE_ANONYMOUS = ENVIRONMENT.OMS_RATE_ANONYMOUS
OMS_RATE_AUTH = ENVIRONMENT.OMS_RATE_AUTH

# -- the local or remote switch: name → the class that serves it -----------------------------------
OMS_SERVICES = {
    "audit": "audit.services.DatabaseAuditLog",
    "audit_trail": "audit.services.DatabaseAuditTrail",
    "authorizer": "oms_project.identity.authorization.RoleAuthorizer",
    "row_watch": "audit.adapters.auditlog.AuditlogWatch",
    "event_log": "events.selectors.following.DatabaseEventLog",
    "idempotency": "oms_project.idempotency.services.DatabaseIdempotency",
    "jobs": "scheduling.services.LocalJobService",
    "keyring": "oms_project.core.keys.FileKeyring",
    "outbox": "events.services.outbox.DatabaseOutbox",
    "ontology_store": "ontology.store.homed.HomedStore",
    "ontology_home": ontology_home(ENVIRONMENT),
    "home_reconciler": "ontology.services.homes.reconciling.HomeReconciler",
}

# -- TerminusDB and the data kernel ----------------------------------------------------------------
TERMINUSDB_ENDPOINT = ENVIRONMENT.TERMINUSDB_ENDPOINT.rstrip("/")
TERMINUSDB_TEAM = ENVIRONMENT.TERMINUSDB_TEAM
TERMINUSDB_USER = ENVIRONMENT.TERMINUSDB_USER
TERMINUSDB_KEY = ENVIRONMENT.TERMINUSDB_KEY
TERMINUSDB_DB_PREFIX = ENVIRONMENT.TERMINUSDB_DB_PREFIX
TERMINUSDB_POOL_SIZE = ENVIRONMENT.TERMINUSDB_POOL_SIZE
TERMINUSDB_TIMEOUT = ENVIRONMENT.TERMINUSDB_TIMEOUT
TERMINUSDB_CONNECT_TIMEOUT = ENVIRONMENT.TERMINUSDB_CONNECT_TIMEOUT
TERMINUSDB_RETRIES = ENVIRONMENT.TERMINUSDB_RETRIES
TERMINUSDB_BREAKER_FAILURES = ENVIRONMENT.TERMINUSDB_BREAKER_FAILURES
TERMINUSDB_BREAKER_SECONDS = ENVIRONMENT.TERMINUSDB_BREAKER_SECONDS
OMS_NATIVE_CLASSES = ENVIRONMENT.OMS_NATIVE_CLASSES
OMS_RECONCILE_INTERVAL = ENVIRONMENT.OMS_RECONCILE_INTERVAL
OMS_RECONCILER = ENVIRONMENT.OMS_RECONCILER
#: Where new ontologies live: ``terminusdb`` or ``embedded``.
OMS_DEFAULT_HOME = "terminusdb" if has_home(ENVIRONMENT) else "embedded"
USE_DATA_KERNEL_GATEWAY = ENVIRONMENT.USE_DATA_KERNEL_GATEWAY
DATA_KERNEL_ADDRESS = ENVIRONMENT.DATA_KERNEL_ADDRESS
DATA_KERNEL_CLIENT_ID = ENVIRONMENT.DATA_KERNEL_CLIENT_ID
DATA_KERNEL_CLIENT_SECRET = ENVIRONMENT.DATA_KERNEL_CLIENT_SECRET
DATA_KERNEL_TOKEN = ENVIRONMENT.DATA_KERNEL_TOKEN
DATA_KERNEL_TLS = ENVIRONMENT.DATA_KERNEL_TLS
DATA_KERNEL_CA = ENVIRONMENT.DATA_KERNEL_CA
DATA_KERNEL_TIMEOUT = ENVIRONMENT.DATA_KERNEL_TIMEOUT
DATA_KERNEL_STREAM_TIMEOUT = ENVIRONMENT.DATA_KERNEL_STREAM_TIMEOUT
OMS_KERNEL_HOST = ENVIRONMENT.OMS_KERNEL_HOST
OMS_KERNEL_PORT = ENVIRONMENT.OMS_KERNEL_PORT
OMS_KERNEL_GRPC_PORT = ENVIRONMENT.OMS_KERNEL_GRPC_PORT
OMS_KERNEL_THREADS = ENVIRONMENT.OMS_KERNEL_THREADS
OMS_KERNEL_MAX_MESSAGE_BYTES = ENVIRONMENT.OMS_KERNEL_MAX_MESSAGE_MB * 1024 * 1024
OMS_KERNEL_DRAIN_SECONDS = ENVIRONMENT.OMS_KERNEL_DRAIN_SECONDS
OMS_KERNEL_TLS_CERTIFICATE = ENVIRONMENT.OMS_KERNEL_TLS_CERTIFICATE
OMS_KERNEL_TLS_KEY = ENVIRONMENT.OMS_KERNEL_TLS_KEY
#: The addresses of the process that `manage.py kernel` runs.
OMS_KERNEL_URLCONF = "oms_project.kernel_urls"
#: Whether the data kernel may speak without TLS; production wants that said.
OMS_KERNEL_PLAIN = True

# -- REST ------------------------------------------------------------------------------------------
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "oms_project.identity.api.authentication.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["oms_project.api.json.ExactJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["oms_project.api.json.ExactJSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "oms_project.api.errors.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "URL_FORMAT_OVERRIDE": None,  # `?format=` belongs to exports
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "OMS",
    "DESCRIPTION": "Ontologies under version control: define, branch, review, merge, consume.",
    "VERSION": "v1",
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"persistAuthorization": True, "displayRequestDuration": True},
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "PREPROCESSING_HOOKS": ["oms_project.api.schema.only_the_api"],
    "POSTPROCESSING_HOOKS": [
        "oms_project.api.schema.describe_problems",
    ],
}
OMS_MAX_BODY_BYTES = ENVIRONMENT.OMS_MAX_BODY_MB * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = OMS_MAX_BODY_BYTES
# The console edits a type with all its properties in one form, about eight boxes each.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000
OMS_MAX_IMPORT_BYTES = ENVIRONMENT.OMS_MAX_IMPORT_MB * 1024 * 1024
OMS_SYNC_IMPORT_BYTES = ENVIRONMENT.OMS_SYNC_IMPORT_KB * 1024
OMS_SPOOL_DIR = ENVIRONMENT.OMS_SPOOL_DIR or ENVIRONMENT.OMS_DATA_DIR / "spool"

# -- SPARQL ----------------------------------------------------------------------------------------
OMS_SPARQL_TIMEOUT = ENVIRONMENT.OMS_SPARQL_TIMEOUT
OMS_SPARQL_MAX_RESULTS = ENVIRONMENT.OMS_SPARQL_MAX_RESULTS
OMS_SPARQL_MAX_BYTES = ENVIRONMENT.OMS_SPARQL_MAX_MB * 1024 * 1024
OMS_SPARQL_MEMORY_BYTES = ENVIRONMENT.OMS_SPARQL_MEMORY_MB * 1024 * 1024
OMS_SPARQL_CONCURRENCY = ENVIRONMENT.OMS_SPARQL_CONCURRENCY
OMS_SPARQL_STORES = ENVIRONMENT.OMS_SPARQL_STORES
OMS_SPARQL_MAX_TRIPLES = ENVIRONMENT.OMS_SPARQL_MAX_TRIPLES

# -- jobs ------------------------------------------------------------------------------------------
OMS_JOB_WORKERS = ENVIRONMENT.OMS_JOB_WORKERS

# -- events ----------------------------------------------------------------------------------------
NATS_URL = ENVIRONMENT.NATS_URL
OMS_PUBLIC_URL = ENVIRONMENT.OMS_PUBLIC_URL.rstrip("/")
OMS_EVENTS_RELAY = ENVIRONMENT.OMS_EVENTS_RELAY
OMS_EVENTS_INTERVAL = ENVIRONMENT.OMS_EVENTS_INTERVAL
OMS_EVENTS_LEASE_SECONDS = ENVIRONMENT.OMS_EVENTS_LEASE_SECONDS
OMS_EVENTS_RETENTION_DAYS = ENVIRONMENT.OMS_EVENTS_RETENTION_DAYS
OMS_EVENTS_MAX_BYTES = ENVIRONMENT.OMS_EVENTS_MAX_KB * 1024
OMS_EVENTS_AUDIT = ENVIRONMENT.OMS_EVENTS_AUDIT
OMS_EVENTS_CHECK = False  # hold what OMS itself tells against the published schemas; tests do
OMS_NATS_DUPLICATE_SECONDS = ENVIRONMENT.OMS_NATS_DUPLICATE_SECONDS
OMS_NATS_MAX_AGE_DAYS = ENVIRONMENT.OMS_NATS_MAX_AGE_DAYS
OMS_NATS_MAX_BYTES = ENVIRONMENT.OMS_NATS_MAX_MB * 1024 * 1024
OMS_NATS_REPLICAS = ENVIRONMENT.OMS_NATS_REPLICAS
OMS_WEBHOOK_ALLOWED_NETWORKS = ENVIRONMENT.OMS_WEBHOOK_ALLOWED_NETWORKS
OMS_WEBHOOK_ALLOW_HTTP = ENVIRONMENT.OMS_WEBHOOK_ALLOW_HTTP
OMS_WEBHOOK_RETRY_SECONDS = ENVIRONMENT.OMS_WEBHOOK_RETRY_SECONDS
OMS_WEBHOOK_RETRY_HOURS = ENVIRONMENT.OMS_WEBHOOK_RETRY_HOURS
OMS_WEBHOOK_DISABLE_HOURS = ENVIRONMENT.OMS_WEBHOOK_DISABLE_HOURS
OMS_WEBHOOK_VERIFIER = "events.adapters.verifying.ask_receiver"
#: First word of a lane -> the class that takes its events (`events.sinks.Sink`).
OMS_EVENT_SINKS = {
    "stream": "events.adapters.stream_sink.StreamSink",
    "webhook": "events.adapters.webhook_sink.WebhookSink",
    "task": "events.adapters.task_sink.TaskSink",
    "channel": "events.adapters.channel_sink.ChannelSink",
    "consumer": "events.adapters.consumer_sink.ConsumerSink",
}

# -- GraphQL ---------------------------------------------------------------------------------------
OMS_GRAPHQL_MAX_DEPTH = ENVIRONMENT.OMS_GRAPHQL_MAX_DEPTH
OMS_GRAPHQL_MAX_FIELDS = ENVIRONMENT.OMS_GRAPHQL_MAX_FIELDS
OMS_GRAPHQL_MAX_ALIASES = ENVIRONMENT.OMS_GRAPHQL_MAX_ALIASES
OMS_GRAPHQL_MAX_ROOT_FIELDS = ENVIRONMENT.OMS_GRAPHQL_MAX_ROOT_FIELDS
OMS_GRAPHQL_MAX_FRAGMENTS = ENVIRONMENT.OMS_GRAPHQL_MAX_FRAGMENTS
OMS_GRAPHQL_MAX_DIRECTIVES = ENVIRONMENT.OMS_GRAPHQL_MAX_DIRECTIVES
OMS_GRAPHQL_MAX_TOKENS = ENVIRONMENT.OMS_GRAPHQL_MAX_TOKENS
OMS_GRAPHQL_MAX_QUERY_BYTES = ENVIRONMENT.OMS_GRAPHQL_MAX_QUERY_BYTES
OMS_GRAPHQL_MAX_COST = ENVIRONMENT.OMS_GRAPHQL_MAX_COST
OMS_GRAPHQL_MAX_BATCH = ENVIRONMENT.OMS_GRAPHQL_MAX_BATCH
OMS_GRAPHQL_TIMEOUT = ENVIRONMENT.OMS_GRAPHQL_TIMEOUT
OMS_GRAPHQL_INTROSPECTION = ENVIRONMENT.OMS_GRAPHQL_INTROSPECTION
OMS_GRAPHQL_DOCUMENTS = ENVIRONMENT.OMS_GRAPHQL_DOCUMENTS
OMS_GRAPHQL_ONLY_DOCUMENTS = ENVIRONMENT.OMS_GRAPHQL_ONLY_DOCUMENTS
OMS_GRAPHQL_MAX_SUBSCRIPTIONS = ENVIRONMENT.OMS_GRAPHQL_MAX_SUBSCRIPTIONS
OMS_GRAPHQL_MAX_CONNECTIONS = ENVIRONMENT.OMS_GRAPHQL_MAX_CONNECTIONS
OMS_GRAPHQL_INIT_SECONDS = ENVIRONMENT.OMS_GRAPHQL_INIT_SECONDS
OMS_GRAPHQL_MAX_MESSAGE_BYTES = ENVIRONMENT.OMS_GRAPHQL_MAX_MESSAGE_KB * 1024
OMS_GRAPHQL_MESSAGES_PER_SECOND = ENVIRONMENT.OMS_GRAPHQL_MESSAGES_PER_SECOND
OMS_GRAPHQL_SLOW_SECONDS = ENVIRONMENT.OMS_GRAPHQL_SLOW_SECONDS
OMS_GRAPHQL_CHECK_SECONDS = ENVIRONMENT.OMS_GRAPHQL_CHECK_SECONDS
OMS_GRAPHQL_LOOK_SECONDS = ENVIRONMENT.OMS_GRAPHQL_LOOK_SECONDS
#: Answers who accepts ``text/event-stream``: called with the request, what was asked, the schema's
#: source.
OMS_GRAPHQL_STREAM = "oms_project.graphql.sse.stream"
OMS_GRAPHQL_SCHEMAS = ENVIRONMENT.OMS_GRAPHQL_SCHEMAS

# -- languages, time -------------------------------------------------------------------------------
LANGUAGE_CODE = ENVIRONMENT.LANGUAGE_CODE
LANGUAGES = [("en", _("English")), ("ko", _("Korean"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
TIME_ZONE = ENVIRONMENT.TIME_ZONE
USE_TZ = True

# -- static files ----------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = ENVIRONMENT.OMS_DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# -- security headers that hold in every mode ------------------------------------------------------
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
# Alpine, which the console's theme is made with, compiles expressions of its pages: that takes
# 'unsafe-eval'. No inline script runs, and nothing comes from another host.
CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'", "'unsafe-eval'"],
        "style-src": ["'self'", "'unsafe-inline'"],  # widths of bars are style attributes
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
CORS_ALLOWED_ORIGINS = ENVIRONMENT.CORS_ALLOWED_ORIGINS
CORS_URLS_REGEX = r"^/(api/.*|\.well-known/.*|graphql(/.*)?)$"
CORS_ALLOW_CREDENTIALS = False  # other origins send a token, never our cookies
CORS_EXPOSE_HEADERS = [
    "ETag", "Link", "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-ID",
]  # fmt: skip
CORS_ALLOW_HEADERS = [
    "accept", "authorization", "content-type", "idempotency-key", "if-match", "if-none-match",
    "x-request-id",
]  # fmt: skip
if ENVIRONMENT.TRUST_PROXY_HEADERS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
TRUST_PROXY_HEADERS = ENVIRONMENT.TRUST_PROXY_HEADERS
TRUSTED_PROXY_COUNT = ENVIRONMENT.TRUSTED_PROXY_COUNT

OMS_METRICS_TOKEN = ENVIRONMENT.OMS_METRICS_TOKEN
PROMETHEUS_MULTIPROC_DIR = ENVIRONMENT.PROMETHEUS_MULTIPROC_DIR
LOGGING_CONFIG = None  # `OmsProjectConfig.ready` sets up structlog and logging at once
OMS_LOGGING = logging_config(level=ENVIRONMENT.LOG_LEVEL, form=ENVIRONMENT.LOG_FORMAT)

DT_RICH_TRACEBACK_CONFIG = None  # django-typer: plain tracebacks, fit for a log

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "OMS",
    "SITE_HEADER": "OMS",
    "SITE_SUBHEADER": _("Ontology management"),
    "SITE_SYMBOL": "account_tree",
    "SHOW_LANGUAGES": True,
    "SHOW_VIEW_ON_SITE": False,
    "LOGIN": {"form": "oms_project.identity.forms.SignInForm"},
    "DASHBOARD_CALLBACK": "ontology.console.views.ontologies.dashboard",
    "SIDEBAR": {"navigation": "ontology.console.navigation.sidebar"},
    "COLORS": {
        "primary": {
            "50": "oklch(96.2% .018 272.314)",
            "100": "oklch(93% .034 272.788)",
            "200": "oklch(87% .065 274.039)",
            "300": "oklch(78.5% .115 274.713)",
            "400": "oklch(67.3% .182 276.935)",
            "500": "oklch(58.5% .233 277.117)",
            "600": "oklch(51.1% .262 276.966)",
            "700": "oklch(45.7% .24 277.023)",
            "800": "oklch(39.8% .195 277.366)",
            "900": "oklch(35.9% .144 278.697)",
            "950": "oklch(25.7% .09 281.288)",
        },
    },
}
