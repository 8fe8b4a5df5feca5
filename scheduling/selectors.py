"""Reads of jobs."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet

from oms_project.core.authorization import authorizer, permissions
from oms_project.core.clock import isoformat
from oms_project.core.context import Actor, current_actor
from oms_project.core.errors import BadRequest
from oms_project.core.ids import is_rid
from oms_project.core.pagination import Page, checked_limit, decode_cursor, encode_cursor
from scheduling.contract import JobInfo, JobNotFound, JobProgress, JobState
from scheduling.live import live_job
from scheduling.models import Job

__all__ = ["actor_of_job", "get_job", "job_counts", "job_info", "list_jobs", "visible_jobs"]

_LISTING = "jobs:newest"


def get_job(*, job_id: str) -> JobInfo:
    """See `JobService.get`."""
    return job_info(visible_job(job_id))


def visible_job(job_id: str) -> Job:
    """The row.

    Raises:
        JobNotFound: no such job, or the actor may not see it: the same answer for both.
    """
    job = visible_jobs().filter(pk=job_id).first() if is_rid(job_id) else None
    if job is None:
        raise JobNotFound(f"There is no job {job_id!r}.", data={"job": job_id})
    return job


def visible_jobs() -> QuerySet[Job]:
    """The jobs that the current actor may see."""
    actor = current_actor()
    if authorizer.decide(actor, permissions.JOBS_ADMINISTER).allowed:
        return Job.objects.all()
    return Job.objects.filter(actor_id=actor.id)


def list_jobs(
    *,
    state: JobState | None = None,
    task: str | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Page[JobInfo]:
    """See `JobService.list`."""
    size = checked_limit(limit)
    rows = visible_jobs().order_by("-created_at", "-id")
    if state is not None:
        rows = rows.filter(state=state)
    if task is not None:
        rows = rows.filter(task=task)
    if (key := decode_cursor(_LISTING, cursor, types=(str, str))) is not None:
        created, job_id = _checked_key(str(key[0]), str(key[1]))
        rows = rows.filter(Q(created_at__lt=created) | Q(created_at=created, id__lt=job_id))
    found = list(rows[: size + 1])
    page = found[:size]
    following = None
    if len(found) > size:
        following = encode_cursor(_LISTING, (isoformat(page[-1].created_at), str(page[-1].id)))
    return Page(items=tuple(job_info(job) for job in page), next_cursor=following)


def _checked_key(created: str, job_id: str) -> tuple[datetime, uuid.UUID]:
    try:
        return datetime.fromisoformat(created), uuid.UUID(job_id)
    except ValueError as error:
        raise BadRequest("This cursor does not belong to this list.", code="bad_cursor") from error


def job_info(job: Job) -> JobInfo:
    """The row as a value; the progress of a job in this process comes fresh from memory."""
    progress = JobProgress(job.done, job.total, job.phase)
    cancel_requested = job.cancel_requested
    live = live_job(str(job.id)) if job.state == Job.State.RUNNING else None
    if live is not None:
        progress = live.progress
        cancel_requested = cancel_requested or live.cancel_requested
    return JobInfo(
        id=str(job.id),
        task=job.task,
        arguments=job.arguments,
        state=JobState(job.state),
        progress=progress,
        actor=actor_of_job(job),
        attempt=job.attempt,
        cancel_requested=cancel_requested,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        result=job.result,
        error=job.error,
    )


def actor_of_job(job: Job) -> Actor:
    """Who submitted it, and for whom."""
    behalf = job.acting_for
    return Actor(
        id=job.actor_id,
        username=job.actor_username,
        display_name=job.actor_display_name,
        kind=job.actor_kind,
        on_behalf_of=Actor(
            id=behalf["id"],
            username=behalf["username"],
            display_name=behalf["display_name"],
            kind=behalf["kind"],
        )
        if behalf
        else None,
        reason=behalf.get("reason", ""),
        grant=behalf.get("grant", ""),
    )


def job_counts() -> dict[str, Any]:
    """How many jobs wait and run; a health check."""
    counts = (
        Job.objects.filter(state__in=("queued", "running"))
        .order_by()
        .aggregate(
            queued=Count("id", filter=Q(state="queued")),
            running=Count("id", filter=Q(state="running")),
        )
    )
    return dict(counts)
