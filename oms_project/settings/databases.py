"""From URLs in the environment to what Django wants for databases, cache and channel layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import environ

from oms_project.settings.env import BASE_DIR, Environment, EnvironmentInvalid

__all__ = [
    "cache_config",
    "channel_layer_config",
    "database_config",
    "has_home",
    "ontology_home",
    "rates_cache_config",
]

# Seconds a connection may take before the part counts as unavailable.
CONNECT_TIMEOUT = 5
# Seconds that a SQLite writer waits for another one.
BUSY_TIMEOUT = 20

# WAL lets readers and the writer work at once; FULL makes an acknowledged commit survive a power
# cut (an fsync per commit). The log is copied back into the file after 16 MB of it, not after 4:
# an import would else pay for that. Foreign keys are enforced by Django on each connection already.
_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
    "PRAGMA cache_size=-65536; PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=4000;"
)


def database_config(environment: Environment) -> dict[str, Any]:
    """The ``default`` database.

    Raises:
        EnvironmentInvalid: ``DATABASE_URL`` names neither SQLite nor PostgreSQL.
    """
    url = environment.DATABASE_URL
    if not url:
        environment.OMS_DATA_DIR.mkdir(parents=True, exist_ok=True)
        return _sqlite({}, environment.OMS_DATA_DIR / "oms.sqlite3")
    scheme = url.partition(":")[0]
    if scheme == "sqlite":
        config: dict[str, Any] = environ.Env.db_url_config(url)
        name = config["NAME"]
        return _sqlite(config, name if name == ":memory:" else BASE_DIR / name)
    if scheme in {"postgres", "postgresql"}:
        return _postgresql(environ.Env.db_url_config(url), environment.POSTGRESQL_POOL_SIZE)
    raise EnvironmentInvalid(
        f"DATABASE_URL: {scheme!r} is not supported; use sqlite:///… or postgresql://…."
    )


def _sqlite(config: dict[str, Any], name: Path | str) -> dict[str, Any]:
    return {
        **config,
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(name),
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": BUSY_TIMEOUT,
            "init_command": _SQLITE_PRAGMAS,
        },
    }


def _postgresql(config: dict[str, Any], pool_size: int) -> dict[str, Any]:
    given = config.get("OPTIONS", {})
    # Compiling a question with many parts takes seconds, running it milliseconds.
    options = " ".join(["-c jit=off", *([given["options"]] if given.get("options") else [])])
    return {
        **config,
        "ENGINE": "django.db.backends.postgresql",
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            **given,
            "options": options,
            "connect_timeout": CONNECT_TIMEOUT,
            "pool": {"min_size": 0, "max_size": pool_size, "timeout": 10, "max_idle": 300},
        },
    }


def cache_config(environment: Environment) -> dict[str, Any]:
    """The ``default`` cache: Redis when it is configured, else the memory of this process."""
    if not environment.REDIS_URL:
        return {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "OPTIONS": {"MAX_ENTRIES": max(environment.OMS_CACHE_LOCAL_SIZE, 1)},
        }
    return {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": environment.REDIS_URL,
        "KEY_PREFIX": "oms",
        "TIMEOUT": environment.OMS_CACHE_REDIS_TTL,
        "OPTIONS": {
            "CLIENT_CLASS": "django_redis.client.DefaultClient",
            "SOCKET_CONNECT_TIMEOUT": 2,
            "SOCKET_TIMEOUT": 2,
            "IGNORE_EXCEPTIONS": True,  # a cache that is away slows reads, it does not fail them
            "CONNECTION_POOL_KWARGS": {"max_connections": environment.REDIS_POOL_SIZE},
        },
    }


def rates_cache_config(environment: Environment) -> dict[str, Any]:
    """The cache that counts requests: shared where there is Redis, and never pushed out by pages."""
    config = cache_config(environment)
    if environment.REDIS_URL:
        return {**config, "KEY_PREFIX": "oms-rates"}
    return {**config, "LOCATION": "rates", "OPTIONS": {"MAX_ENTRIES": 100_000}}


def channel_layer_config(environment: Environment) -> dict[str, Any]:
    """The ``default`` channel layer: Redis when it is configured, else in memory."""
    if not environment.REDIS_URL:
        return {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    return {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {"hosts": [environment.REDIS_URL], "prefix": "oms"},
    }


def has_home(environment: Environment) -> bool:
    """Whether new ontologies live outside the ORM."""
    return bool(environment.TERMINUSDB_ENDPOINT) or environment.USE_DATA_KERNEL_GATEWAY


def ontology_home(environment: Environment) -> str:
    """The class through which ontologies outside the ORM are reached."""
    if environment.USE_DATA_KERNEL_GATEWAY:
        return "ontology.rpc.client.KernelHome"
    if environment.TERMINUSDB_ENDPOINT:
        return "ontology.store.terminusdb.home.TerminusHome"
    return "ontology.store.homeless.NoHome"
