"""The thread of a server process that looks into homes."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection, connections

from oms_project.core.errors import OmsError
from ontology.services.homes.reconciling import reconcile_all
from ontology.store.home_models import HomedOntology, Intent

__all__ = ["Reconciler", "start_reconciler"]

log = structlog.get_logger("oms.homes")

_LOCK = int.from_bytes(hashlib.sha256(b"oms homes").digest()[:8], "big", signed=True)
#: The longest pause, in seconds, after something went wrong.
_MAX_PAUSE = 300.0


class Reconciler:
    """One daemon thread; every process may have one, and one of them looks at a time.

    Args:
        interval: seconds between two looks.
    """

    def __init__(self, *, interval: float) -> None:
        self._interval = interval
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="oms-homes", daemon=True)

    def start(self) -> None:
        """Start it."""
        self._thread.start()

    def stop(self, *, timeout: float = 10.0) -> None:
        """Let it finish what it is at."""
        self._stopping.set()
        self._thread.join(timeout)

    def _work(self) -> None:
        pause = self._interval
        while not self._stopping.wait(pause):
            pause = self._interval if self._step() else min(2 * pause, _MAX_PAUSE)
        connections.close_all()

    def _step(self) -> bool:
        """Whether all went well; a home or a database that is away is no end of the thread."""
        close_old_connections()
        try:
            if not _is_anything_to_do():
                return True
            with _alone() as alone:
                return not alone or not reconcile_all().problems
        except (DatabaseError, OmsError) as error:
            log.warning("reconciler waits", reason=str(error))
            return False
        except Exception:
            log.exception("reconciler stumbled")
            return False
        finally:
            close_old_connections()


def _is_anything_to_do() -> bool:
    return HomedOntology.objects.exists() or Intent.objects.filter(state=Intent.PENDING).exists()


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether no other process is at it. On SQLite two may look at once, to no harm: each step holds
    the database.
    """
    if connection.vendor != "postgresql":
        yield True
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        alone = bool(cursor.fetchone()[0])
    try:
        yield alone
    finally:
        if alone:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


_reconciler: Reconciler | None = None
_start = threading.Lock()


def start_reconciler() -> None:
    """Start this process's reconciler, once, where there is a home to look into, unless
    ``OMS_RECONCILER`` is false.
    """
    global _reconciler  # noqa: PLW0603 - one per process
    with _start:
        if (
            _reconciler is None
            and settings.OMS_RECONCILER
            and settings.OMS_DEFAULT_HOME != "embedded"
        ):
            _reconciler = Reconciler(interval=settings.OMS_RECONCILE_INTERVAL)
            _reconciler.start()
