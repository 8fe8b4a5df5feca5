"""How far a job is, as it runs, wherever it runs."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator
from functools import partial
from typing import Final

import strawberry
from django.conf import settings

from oms_project.core.authorization import permissions
from oms_project.core.event_log import Wanted
from oms_project.graphql.context import Context, Info
from oms_project.graphql.fields import subscription
from oms_project.graphql.live import ask, following
from scheduling.contract import JobInfo, job_service
from scheduling.graphql.jobs import Job

__all__ = ["JobTold", "Subscriptions"]

_JOBS: Final = Wanted(types=("io.oms.job.*",))
#: Seconds between two looks at a job that runs: its process writes down once a second how far it is.
_RUNNING: Final = 0.5


@strawberry.type(description="A job at one moment.")
class JobTold:
    job: Job
    resume_token: str = strawberry.field(
        description="For `resumeFrom`: the job is told again once it differs from this."
    )


@strawberry.type
class Subscriptions:
    """What becomes of jobs."""

    @subscription(requires=permissions.JOBS_READ)
    async def job_progress(
        self, info: Info, job_id: strawberry.ID, resume_from: str | None = None
    ) -> AsyncGenerator[JobTold, None]:
        """A job as it stands, then whenever that changes, until it has ended: your own jobs, and
        everybody's for administrators.
        """
        token = resume_from or info.context.resume_from
        async with following(_JOBS) as follower:
            while True:
                job = await ask(info.context, partial(_look, info.context, str(job_id)))
                present = _token(job)
                if present != token:
                    token = present
                    yield JobTold(job=Job.of(job), resume_token=token)
                if job.state.is_final:
                    return
                running = job.started_at is not None
                await follower.rung(_RUNNING if running else settings.OMS_GRAPHQL_LOOK_SECONDS)


def _look(context: Context, job_id: str) -> JobInfo:
    if context.check is not None:
        context.check()
    return job_service.get(job_id=job_id)


def _token(job: JobInfo) -> str:
    seen = (job.id, job.state, job.attempt, job.progress, job.cancel_requested)
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:32]
