"""Writes of jobs: submit, claim, run, cancel, and find again what a dead process left."""

from __future__ import annotations

import json
import os
import socket
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import structlog
from django.db import models, transaction

from audit.contract import Subject, audit_log
from audit.denials import record_denial
from oms_project.core.clock import utc_now
from oms_project.core.context import (
    Actor,
    Source,
    acting_as,
    current_actor,
    current_request_id,
    request_scope,
)
from oms_project.core.errors import OmsError, PermissionDenied
from oms_project.core.outbox import NewEvent, outbox
from oms_project.core.pagination import Page
from oms_project.core.problem import problem_members, problem_type
from scheduling import doorbell, live, selectors
from scheduling.contract import (
    JobCancelled,
    JobFinished,
    JobInfo,
    JobState,
    UnknownTask,
    task_named,
)
from scheduling.models import Job

__all__ = [
    "LocalJobService",
    "claim_job",
    "heartbeat",
    "run_claimed",
    "sweep_interrupted",
    "worker_id",
]

log = structlog.get_logger("oms.jobs")

_HOST = socket.gethostname()[:100].replace(":", "_")
_BOOT = uuid.uuid4().hex[:12]

# Without a sign of life for so long, a job is taken for interrupted.
STALE_AFTER = timedelta(seconds=60)
# The same while its process is seen alive on this machine: one long SQLite transaction keeps
# even the heartbeat waiting.
STALE_AFTER_ALIVE = timedelta(minutes=30)


def worker_id() -> str:
    """Names this process: host, number, and what tells it from a later one with that number.

    Asked for each time, since a server may fork after this module is loaded.
    """
    return f"{_HOST}:{os.getpid()}:{_BOOT}"


class LocalJobService:
    """Jobs in this database, run by worker threads of the processes beside it."""

    def submit(self, *, task: str, arguments: Mapping[str, Any]) -> JobInfo:
        """See `JobService.submit`."""
        task_named(task)
        actor = current_actor()
        with transaction.atomic():
            job = Job.objects.create(
                task=task,
                arguments=dict(arguments),
                actor_id=actor.id,
                actor_username=actor.username,
                actor_display_name=actor.display_name,
                actor_kind=actor.kind,
                acting_for=_acting_for(actor),
                request_id=current_request_id(),
            )
            audit_log.record("job.submitted", Subject("job", str(job.pk), task))
            _tell(job, "submitted")
        transaction.on_commit(doorbell.ring)
        return selectors.job_info(job)

    def get(self, *, job_id: str) -> JobInfo:
        """See `JobService.get`."""
        return selectors.get_job(job_id=job_id)

    def list(
        self,
        *,
        state: JobState | None = None,
        task: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Page[JobInfo]:
        """See `JobService.list`."""
        return selectors.list_jobs(state=state, task=task, limit=limit, cursor=cursor)

    def empty(
        self, *, arguments: Mapping[str, Any], holding: Callable[[str], bool]
    ) -> tuple[Sequence[str], int]:
        """See `JobService.empty`."""
        folders: list[str] = []
        emptied = 0
        finished = Job.objects.exclude(state__in=(Job.State.QUEUED, Job.State.RUNNING)).filter(
            **{f"arguments__{name}": value for name, value in arguments.items()}
        )
        for job in finished.only("pk", "arguments", "result", "error").iterator(chunk_size=100):
            folders.append(str(job.pk))
            if isinstance(job.arguments.get("folder"), str):
                folders.append(job.arguments["folder"])
            left = {
                name: {"erased": True}
                for name, part in (("result", job.result), ("error", job.error))
                if part is not None and holding(json.dumps(part, ensure_ascii=False))
            }
            asked = {
                name: None if holding(json.dumps(value, ensure_ascii=False)) else value
                for name, value in job.arguments.items()
            }
            if left or asked != job.arguments:
                Job.objects.filter(pk=job.pk).update(**left, arguments=asked)
                emptied += 1
        return folders, emptied

    def cancel(self, *, job_id: str) -> JobInfo:
        """See `JobService.cancel`."""
        job = selectors.visible_job(job_id)
        if JobState(job.state).is_final:
            raise JobFinished(
                f"The job has {job.state} already.", data={"job": job_id, "state": job.state}
            )
        running_here = live.live_job(job_id)
        if running_here is not None:
            # First in memory: the job may hold the lock that the row needs.
            running_here.request_cancel()
        rows = Job.objects.filter(pk=job.pk)
        with transaction.atomic():
            if rows.filter(state=Job.State.QUEUED).update(
                state=Job.State.CANCELLED, cancel_requested=True, finished_at=utc_now()
            ):
                _tell(job, "cancelled")
            else:
                rows.filter(state=Job.State.RUNNING).update(cancel_requested=True)
            audit_log.record("job.cancelled", Subject("job", job_id, job.task))
        return selectors.get_job(job_id=job_id)


def claim_job() -> str | None:
    """Take the oldest queued job for this process; its id, or ``None`` when nothing waits.

    Safe beside other processes: PostgreSQL skips rows that another one locks, and the guarded
    UPDATE decides on SQLite (and everywhere).
    """
    queued = Job.objects.filter(state=Job.State.QUEUED).order_by("created_at", "id")
    if not queued.exists():  # without a write lock, as long as nothing waits
        return None
    with transaction.atomic():
        job_id = queued.select_for_update(skip_locked=True).values_list("id", flat=True).first()
        if job_id is None:
            return None
        now = utc_now()
        claimed = Job.objects.filter(pk=job_id, state=Job.State.QUEUED).update(
            state=Job.State.RUNNING,
            worker=worker_id(),
            started_at=now,
            heartbeat_at=now,
            attempt=models.F("attempt") + 1,
        )
        if claimed:
            _tell(Job.objects.get(pk=job_id), "started")
    return str(job_id) if claimed else None


def run_claimed(job_id: str) -> JobState:
    """Run a job that this process has claimed, to its end, and record how it ended."""
    job = Job.objects.get(pk=job_id)
    handle = live.started(job_id)
    if job.cancel_requested:
        handle.request_cancel()
    try:
        source = Source(door="worker", address=worker_id(), operation=f"job {job.task}")
        with (
            acting_as(selectors.actor_of_job(job)),
            request_scope(job.request_id or job_id, source),
        ):
            log.info("job started", job=job_id, task=job.task, attempt=job.attempt)
            ended = _outcome(job, handle)
            # The progress that was reached goes into the row together with the outcome.
            reached = handle.progress
            with transaction.atomic():
                recorded = Job.objects.filter(
                    pk=job_id, state=Job.State.RUNNING, worker=worker_id()
                ).update(
                    **ended,
                    done=reached.done,
                    total=reached.total,
                    phase=reached.phase[:200],
                    finished_at=utc_now(),
                )
                if recorded:
                    _tell(job, str(ended["state"]), ended.get("error"))
            if not recorded:
                log.warning("job was given to another worker meanwhile", job=job_id)
            log.info("job ended", job=job_id, task=job.task, state=str(ended["state"]))
            return JobState(ended["state"])
    finally:
        live.stopped(job_id)


def _tell(job: Job, what: str, error: Mapping[str, Any] | None = None) -> None:
    """Tell the outbox what became of a job: a state, ``submitted`` or ``started``."""
    outbox.append(
        NewEvent(
            f"io.oms.job.{what}.v1",
            {
                "job": str(job.pk),
                "task": job.task,
                "actor": {
                    "id": job.actor_id,
                    "username": job.actor_username,
                    "kind": job.actor_kind,
                },
                **({"code": str(error["code"])} if error else {}),
            },
            subject=f"jobs/{job.pk}",
            key="jobs",
        )
    )


def _acting_for(actor: Actor) -> dict[str, str]:
    if actor.on_behalf_of is None:
        return {}
    return {
        "id": actor.on_behalf_of.id,
        "username": actor.on_behalf_of.username,
        "display_name": actor.on_behalf_of.display_name,
        "kind": actor.on_behalf_of.kind,
        "reason": actor.reason,
        "grant": actor.grant,
    }


def _outcome(job: Job, handle: live.LiveJob) -> dict[str, Any]:
    try:
        task = task_named(job.task)
        handle.check_cancelled()
        result = task.function(handle, **job.arguments)
    except JobCancelled:
        return {"state": Job.State.CANCELLED, "cancel_requested": True}
    except OmsError as error:
        if isinstance(error, PermissionDenied):
            record_denial(error)
        return {"state": Job.State.FAILED, "error": problem_members(error)}
    except Exception as error:  # a task's bug must not end the worker
        log.exception("job failed", job=str(job.id), task=job.task)
        return {"state": Job.State.FAILED, "error": problem_members(error)}
    return {"state": Job.State.SUCCEEDED, "result": result}


def heartbeat() -> None:
    """Say that this process lives, write its jobs' progress down, and fetch requests to cancel."""
    running = Job.objects.filter(state=Job.State.RUNNING, worker=worker_id())
    for job_id, cancel_requested in running.values_list("id", "cancel_requested"):
        job = live.live_job(str(job_id))
        if job is None:
            continue  # just ended
        if cancel_requested:
            job.request_cancel()
        progress = job.progress
        running.filter(pk=job_id).update(
            heartbeat_at=utc_now(),
            done=progress.done,
            total=progress.total,
            phase=progress.phase[:200],
        )


def sweep_interrupted() -> int:
    """Find running jobs whose process died: queue them again, or fail them as interrupted.

    A task that may be repeated (``max_attempts``) is queued again. Returns how many were found.
    """
    now = utc_now()
    found = 0
    candidates = Job.objects.filter(state=Job.State.RUNNING).exclude(worker=worker_id())
    for job in candidates:
        silent = now - (job.heartbeat_at or job.created_at)
        patience = _patience(job.worker)
        if silent < patience:
            continue
        same = Job.objects.filter(
            pk=job.pk,
            state=Job.State.RUNNING,
            worker=job.worker,
            heartbeat_at=job.heartbeat_at,  # it spoke meanwhile: then it is not dead
        )
        ended = _after_interruption(job)
        with transaction.atomic():
            changed = same.update(**ended)
            if changed and JobState(ended["state"]).is_final:
                _tell(job, str(ended["state"]), ended.get("error"))
        found += changed
    if found:
        log.warning("interrupted jobs found", count=found)
        doorbell.ring()
    return found


def _patience(worker: str) -> timedelta:
    host, _, rest = worker.partition(":")
    if host != _HOST:
        return STALE_AFTER
    pid = rest.partition(":")[0]
    if pid.isdigit() and int(pid) != os.getpid() and _alive(int(pid)):
        return STALE_AFTER_ALIVE
    return timedelta(0)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _after_interruption(job: Job) -> dict[str, Any]:
    if job.cancel_requested:
        return {"state": Job.State.CANCELLED, "finished_at": utc_now()}
    try:
        attempts = task_named(job.task).max_attempts
    except UnknownTask:
        attempts = 1
    if job.attempt < attempts:
        return {"state": Job.State.QUEUED, "worker": "", "heartbeat_at": None}
    return {
        "state": Job.State.FAILED,
        "finished_at": utc_now(),
        "error": {
            "type": problem_type("interrupted"),
            "title": "Interrupted",
            "detail": "The process that ran this job ended before the job did: start it again.",
            "code": "interrupted",
            "retryable": True,
            "errors": [],
            "data": {},
        },
    }
