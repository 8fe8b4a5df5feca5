"""The worker inside a server process: threads that run jobs, and one that watches over them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections, connections

from scheduling import doorbell, services

__all__ = ["Worker", "start_worker"]

log = structlog.get_logger("oms.jobs")

# Seconds between looks at the table without a ring: finds what other processes queued.
POLL = 2.0
# Seconds between two signs of life, and between two looks for dead workers.
BEAT = 1.0
SWEEP = 15.0


class Worker:
    """A set of threads; `stop` lets running jobs end."""

    def __init__(self, *, threads: int) -> None:
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, name=f"oms-job-{number}", daemon=True)
            for number in range(threads)
        ]
        self._threads.append(
            threading.Thread(target=self._watch, name="oms-job-watch", daemon=True)
        )

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self, *, timeout: float = 10.0) -> None:
        """Take no new job, and wait for those that run."""
        self._stopping.set()
        for _ in self._threads:
            doorbell.ring()
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _work(self) -> None:
        while not self._stopping.is_set():
            if not self._guarded(self._next_job):
                doorbell.wait(POLL)
        connections.close_all()

    def _next_job(self) -> bool:
        job_id = services.claim_job()
        if job_id is None:
            return False
        services.run_claimed(job_id)
        return True

    def _watch(self) -> None:
        swept = float("-inf")
        while not self._stopping.is_set():
            self._guarded(services.heartbeat)
            if time.monotonic() - swept >= SWEEP:
                self._guarded(services.sweep_interrupted)
                swept = time.monotonic()
            self._stopping.wait(BEAT)
        connections.close_all()

    def _guarded(self, step: Callable[[], object]) -> bool:
        """Whether ``step`` found something to do; a database that is away is no end of the thread."""
        close_old_connections()
        try:
            return bool(step())
        except DatabaseError as error:
            log.warning("worker waits for the database", reason=str(error))
            return False
        except Exception:
            log.exception("worker stumbled")
            return False
        finally:
            close_old_connections()


_worker: Worker | None = None
_start = threading.Lock()


def start_worker() -> None:
    """Start this process's worker, once, with ``OMS_JOB_WORKERS`` threads (none for 0)."""
    global _worker  # noqa: PLW0603 - one per process
    with _start:
        if _worker is None and settings.OMS_JOB_WORKERS > 0:
            _worker = Worker(threads=settings.OMS_JOB_WORKERS)
            _worker.start()
