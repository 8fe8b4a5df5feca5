"""PUBLIC: jobs as values, the service that keeps them, and the registry of tasks.

An app that has long work registers it in its ``tasks.py`` (found by itself at boot)::

    @register_task("ontology.import")
    def import_file(job: JobHandle, *, ontology: str, path: str) -> dict[str, Any]:
        for done, chunk in enumerate(chunks):
            job.report(done, total=len(chunks), phase="mapping")  # raises when cancelled
            ...
        return {"commit": commit_id}

and starts it, in the transaction that decided so, with::

    info = job_service.submit(task="ontology.import", arguments={"ontology": "a", "path": "b"})

The job runs after that transaction has committed, as the actor who submitted it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from oms_project.core.context import Actor
from oms_project.core.errors import Cancelled, Conflict, NotFound
from oms_project.core.pagination import Page
from oms_project.core.services import service

__all__ = [
    "JobCancelled",
    "JobFinished",
    "JobHandle",
    "JobInfo",
    "JobNotFound",
    "JobProgress",
    "JobService",
    "JobState",
    "Task",
    "TaskFunction",
    "UnknownTask",
    "job_service",
    "register_task",
    "registered_tasks",
    "task_named",
]


class JobState(StrEnum):
    """``queued`` → ``running`` → one of the others."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether nothing changes any more."""
        return self not in {JobState.QUEUED, JobState.RUNNING}


class JobNotFound(NotFound):
    """No job has this id, or the actor may not see it."""

    code = "job_not_found"
    title = "Job not found"


class UnknownTask(NotFound):
    """No installed app registers a task of this name."""

    code = "unknown_task"
    title = "Unknown task"


class JobFinished(Conflict):
    """The job has ended, so it cannot be cancelled."""

    code = "job_finished"
    title = "Job finished"


class JobCancelled(Cancelled):
    """Somebody asked the running job to stop; raised inside the task by `JobHandle.report`."""

    code = "job_cancelled"
    title = "Job cancelled"


@dataclass(frozen=True, slots=True)
class JobProgress:
    """How far: ``done`` of ``total`` (``None``: not known) in ``phase``."""

    done: int = 0
    total: int | None = None
    phase: str = ""


@dataclass(frozen=True, slots=True)
class JobInfo:
    """A job at one moment.

    ``error`` has the members of a problem (``code``, ``title``, ``detail``, …) when it failed.
    """

    id: str
    task: str
    arguments: Mapping[str, Any]
    state: JobState
    progress: JobProgress
    actor: Actor
    attempt: int
    cancel_requested: bool
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    result: Any = None
    error: Mapping[str, Any] | None = None


class JobHandle(Protocol):
    """What a task may say and ask about its own job."""

    @property
    def job_id(self) -> str:
        """The id of the job."""
        ...

    def report(self, done: int, total: int | None = None, phase: str = "") -> None:
        """Tell how far the work is; cheap, so call it as often as there is something to say.

        Raises:
            JobCancelled: somebody asked the job to stop. Let it pass.
        """
        ...

    def check_cancelled(self) -> None:
        """Raise `JobCancelled` when somebody asked the job to stop, and report nothing."""
        ...


TaskFunction = Callable[..., Any]
F = TypeVar("F", bound=TaskFunction)


@dataclass(frozen=True, slots=True)
class Task:
    """A registered task.

    Attributes:
        name: stable, ``app.verb``; it stands in stored jobs.
        function: called with a `JobHandle` and the job's arguments by keyword; returns a JSON
            value.
        max_attempts: how often it may start when its process dies under it: more than one only
            for work that can be repeated without harm.
    """

    name: str
    function: TaskFunction = field(repr=False)
    max_attempts: int = 1


_tasks: dict[str, Task] = {}


def register_task(name: str, *, max_attempts: int = 1) -> Callable[[F], F]:
    """Register the decorated function as the task ``name``.

    Raises:
        ValueError: another function has the name.
    """

    def decorate(function: F) -> F:
        present = _tasks.get(name)
        if present is not None and present.function is not function:
            raise ValueError(f"Two functions register the task {name!r}.")
        _tasks[name] = Task(name=name, function=function, max_attempts=max_attempts)
        return function

    return decorate


def task_named(name: str) -> Task:
    """The registered task.

    Raises:
        UnknownTask: there is none.
    """
    try:
        return _tasks[name]
    except KeyError:
        raise UnknownTask(
            f"There is no task {name!r}; there are: {', '.join(sorted(_tasks)) or 'none'}.",
            data={"task": name},
        ) from None


def registered_tasks() -> tuple[Task, ...]:
    """Every task, by name."""
    return tuple(task for _, task in sorted(_tasks.items()))


class JobService(Protocol):
    """Keeps jobs. Every method acts for the current actor (`oms_project.core.context`)."""

    def submit(self, *, task: str, arguments: Mapping[str, Any]) -> JobInfo:
        """Queue a job; it starts after the surrounding transaction has committed.

        Args:
            task: a registered name.
            arguments: JSON values, passed to the task by keyword.

        Raises:
            UnknownTask: no such task.
            Unauthenticated: nobody acts.

        The caller has checked that the actor may do what the task does.
        """
        ...

    def get(self, *, job_id: str) -> JobInfo:
        """The job.

        Raises:
            JobNotFound: no such job, or it is somebody else's.
        """
        ...

    def list(
        self,
        *,
        state: JobState | None = None,
        task: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Page[JobInfo]:
        """Jobs, newest first: one's own, or everybody's with ``jobs.administer``.

        Raises:
            BadRequest: a bad limit or cursor.
        """
        ...

    def empty(
        self, *, arguments: Mapping[str, Any], holding: Callable[[str], bool]
    ) -> tuple[Sequence[str], int]:
        """Take away what finished jobs left of something that was erased; whoever calls it has
        checked that the actor may.

        Args:
            arguments: which jobs: those that were started with these, whoever started them.
            holding: whether a JSON text holds what was erased.

        Returns:
            Names of the folders in which such jobs leave their files (their ids, and what their
            argument ``folder`` says), all of which may hold it; and the number of jobs whose
            arguments, result or error held it and were emptied.
        """
        ...

    def cancel(self, *, job_id: str) -> JobInfo:
        """Ask the job to stop: a queued one is cancelled at once, a running one at its next report.

        Asking twice is no error.

        Raises:
            JobNotFound: no such job, or it is somebody else's.
            JobFinished: it has ended already.
        """
        ...


job_service: JobService = service("jobs", JobService)
