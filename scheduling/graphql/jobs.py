"""Jobs: list, look, cancel. What starts them are the mutations of the work itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import partial
from typing import Any

import strawberry
from strawberry import relay
from strawberry.scalars import JSON

from oms_project.core.authorization import permissions
from oms_project.graphql.context import Info
from oms_project.graphql.fields import Pages, connection, listing, mutation, query
from oms_project.graphql.scalars import Long
from scheduling.contract import JobInfo, JobState, job_service

__all__ = ["Job", "JobProgress", "Mutations", "Queries"]

strawberry.enum(
    JobState, name="JobState", description="Queued, then running, then one of the others."
)


@strawberry.type(description="How far a job is.")
class JobProgress:
    done: Long
    total: Long | None = strawberry.field(description="Null: not known.")
    phase: str


@strawberry.type(description="Long work: its state, how far it is, and what came out of it.")
class Job(relay.Node):
    key: relay.NodeID[str]
    job_id: strawberry.ID = strawberry.field(description="What `job` and `cancelJob` name it by.")
    task: str
    arguments: JSON
    state: JobState
    progress: JobProgress
    result: JSON | None = strawberry.field(description="What the task gave; null until then.")
    error: JSON | None = strawberry.field(description="A problem when it failed, else null.")
    submitted_by: str
    attempt: int
    cancel_requested: bool
    created_at: dt.datetime
    started_at: dt.datetime | None
    finished_at: dt.datetime | None

    @classmethod
    def of(cls, info: JobInfo) -> Job:
        """A job as the service shows it; the mutations that start one answer with it."""
        progress = info.progress
        return cls(
            key=info.id,
            job_id=strawberry.ID(info.id),
            task=info.task,
            arguments=JSON(info.arguments),
            state=info.state,
            progress=JobProgress(
                done=Long(progress.done),
                total=None if progress.total is None else Long(progress.total),
                phase=progress.phase,
            ),
            result=info.result,
            error=None if info.error is None else JSON(info.error),
            submitted_by=info.actor.username,
            attempt=info.attempt,
            cancel_requested=info.cancel_requested,
            created_at=info.created_at,
            started_at=info.started_at,
            finished_at=info.finished_at,
        )

    @classmethod
    def resolve_nodes(cls, *, info: Any, node_ids: Iterable[str], required: bool = False) -> Any:
        return [cls.of(job_service.get(job_id=one)) for one in node_ids]


@strawberry.type
class Queries:
    """Reads."""

    @connection(requires=permissions.JOBS_READ)
    def jobs(
        self, info: Info, state: JobState | None = None, task: str | None = None
    ) -> Pages[Job]:
        """Your own jobs, newest first; everybody's for administrators."""
        return listing(partial(job_service.list, state=state, task=task or None), Job.of)

    @query(requires=permissions.JOBS_READ)
    def job(self, info: Info, job_id: strawberry.ID) -> Job:
        """One job."""
        return Job.of(job_service.get(job_id=job_id))


@strawberry.type
class Mutations:
    """Writes."""

    @mutation(requires=permissions.JOBS_READ)
    def cancel_job(self, info: Info, job_id: strawberry.ID) -> Job:
        """Cancel a job: a queued one at once, a running one at its next report."""
        return Job.of(job_service.cancel(job_id=job_id))
