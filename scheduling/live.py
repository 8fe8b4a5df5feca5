"""Jobs that run in this process: their progress in memory, where no lock can hold it up.

A task may work in one long transaction; its own reports must be seen while it does, and a request
to cancel must reach it. Memory serves readers in this process; the monitor writes it down for the
others.
"""

from __future__ import annotations

import threading

from scheduling.contract import JobCancelled, JobProgress

__all__ = ["LiveJob", "live_job", "started", "stopped"]


class LiveJob:
    """A running job; implements `scheduling.contract.JobHandle`."""

    def __init__(self, job_id: str) -> None:
        self._job_id = job_id
        self._cancel = threading.Event()
        self._progress = JobProgress()
        self._lock = threading.Lock()

    @property
    def job_id(self) -> str:
        """The id of the job."""
        return self._job_id

    @property
    def progress(self) -> JobProgress:
        """What was reported last."""
        with self._lock:
            return self._progress

    @property
    def cancel_requested(self) -> bool:
        """Whether somebody asked it to stop."""
        return self._cancel.is_set()

    def request_cancel(self) -> None:
        """Ask it to stop at its next report."""
        self._cancel.set()

    def report(self, done: int, total: int | None = None, phase: str = "") -> None:
        """See `JobHandle.report`."""
        with self._lock:
            self._progress = JobProgress(done, total, phase or self._progress.phase)
        self.check_cancelled()

    def check_cancelled(self) -> None:
        """See `JobHandle.check_cancelled`."""
        if self._cancel.is_set():
            raise JobCancelled("The job was cancelled on request.")


_live: dict[str, LiveJob] = {}


def started(job_id: str) -> LiveJob:
    """A job starts in this process."""
    job = LiveJob(job_id)
    _live[job_id] = job
    return job


def stopped(job_id: str) -> None:
    """It has ended."""
    _live.pop(job_id, None)


def live_job(job_id: str) -> LiveJob | None:
    """The job when it runs in this process."""
    return _live.get(job_id)
