"""The platform's own health checks, and a runner that is never held up by one that hangs."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, field
from typing import Any

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from oms_project.core.cache import product_cache
from oms_project.core.health import HealthCheck, register_health_check

__all__ = ["CheckResult", "register_platform_checks", "run_checks"]

# Seconds that all checks together may take.
CHECK_TIMEOUT = 2.0

log = structlog.get_logger("oms.health")
_pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="oms-health")
_running: dict[str, Future[dict[str, Any]]] = {}
_running_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How one check ended."""

    name: str
    ok: bool
    needed: bool
    milliseconds: float
    error: str = ""
    details: dict[str, Any] = field(default_factory=dict)


def run_checks(
    checks: Sequence[HealthCheck], *, timeout: float = CHECK_TIMEOUT
) -> list[CheckResult]:
    """Run ``checks`` side by side and return within ``timeout`` seconds, whatever they do.

    A check that still hangs from an earlier call is waited for, not started again, so checks that
    hang hold one thread each and no more.
    """
    started = time.perf_counter()
    futures = [(check, _start(check)) for check in checks]
    results = []
    for check, future in futures:
        remaining = max(0.0, timeout - (time.perf_counter() - started))
        try:
            details = future.result(timeout=remaining)
            milliseconds = float(details.pop("_milliseconds"))
            results.append(
                CheckResult(check.name, True, check.needed, milliseconds, details=details)
            )
        except FutureTimeout:
            results.append(
                CheckResult(
                    check.name, False, check.needed, timeout * 1000, f"no answer in {timeout:g} s"
                )
            )
        except Exception as error:  # noqa: BLE001 - whatever a check raises means "not well"
            elapsed = (time.perf_counter() - started) * 1000
            log.warning("health check failed", check=check.name, error=repr(error))
            results.append(
                CheckResult(check.name, False, check.needed, elapsed, type(error).__name__)
            )
    return results


def _start(check: HealthCheck) -> Future[dict[str, Any]]:
    with _running_lock:
        running = _running.get(check.name)
        if running is not None and not running.done():
            return running
        future = _pool.submit(_run, check)
        _running[check.name] = future
        return future


def _run(check: HealthCheck) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        details = dict(check.run())
    finally:
        connections.close_all()  # this thread's own
    details["_milliseconds"] = round((time.perf_counter() - started) * 1000, 3)
    return details


def register_platform_checks() -> None:
    """Database, migrations, and the cache when Redis is configured."""
    register_health_check("database", _database, needed=True)
    register_health_check("migrations", _migrations, needed=True)
    register_health_check("cache", _cache, needed=_uses_redis())


def _uses_redis() -> bool:
    return "redis" in str(settings.CACHES["default"]["BACKEND"])


def _database() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return {"vendor": connection.vendor, "version": _database_version()}


def _database_version() -> str:
    return ".".join(str(part) for part in connection.get_database_version())


_all_applied = threading.Event()


def _migrations() -> dict[str, Any]:
    # Applied migrations stay applied while this code runs: look once.
    if not _all_applied.is_set():
        executor = MigrationExecutor(connection)
        pending = [
            f"{migration.app_label}.{migration.name}"
            for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())
        ]
        if pending:
            raise RuntimeError(f"{len(pending)} migrations are not applied: {', '.join(pending)}")
        _all_applied.set()
    return {"pending": 0}


def _cache() -> dict[str, Any]:
    if _uses_redis():
        # Past django-redis, which hides a Redis that is away.
        client = cache.client.get_client(write=True)  # type: ignore[attr-defined]
        client.ping()
        return {"backend": "redis", **product_cache().state()}
    cache.set("oms:health", 1, 10)
    return {"backend": "memory", **product_cache().state()}
