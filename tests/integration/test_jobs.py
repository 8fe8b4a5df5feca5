"""Jobs: queued with a transaction, run once, seen while they run, stopped when asked, never lost."""

from __future__ import annotations

import os
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction
from rest_framework.test import APIClient

from oms_project.core.clock import utc_now
from oms_project.core.context import (
    Actor,
    current_actor,
    current_request_id,
    current_source,
    request_scope,
)
from oms_project.core.errors import BadRequest, Conflict, Unauthenticated
from oms_project.identity.contract import Role
from scheduling import contract, services
from scheduling.contract import (
    JobFinished,
    JobHandle,
    JobInfo,
    JobNotFound,
    JobState,
    UnknownTask,
    job_service,
    register_task,
)
from scheduling.models import Job
from scheduling.worker import Worker
from tests.conftest import MakePerson

pytestmark = pytest.mark.django_db(transaction=True)


class Gate:
    """Lets a test and a task wait for one another."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.go_on = threading.Event()


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture(autouse=True)
def _tasks(monkeypatch: pytest.MonkeyPatch, gate: Gate) -> None:
    monkeypatch.setattr(contract, "_tasks", dict(contract._tasks))

    @register_task("test.echo")
    def echo(job: JobHandle, *, text: str) -> dict[str, Any]:
        job.report(1, total=2, phase="half")
        job.report(2, total=2)
        return {
            "text": text,
            "actor": current_actor().username,
            "request_id": current_request_id(),
        }

    @register_task("test.refuse")
    def refuse(_job: JobHandle) -> None:
        raise Conflict("Somebody was quicker.", code="stale_head", data={"head": "abc"})

    @register_task("test.break")
    def break_down(_job: JobHandle) -> None:
        raise RuntimeError("secret")

    @register_task("test.wait")
    def wait(job: JobHandle) -> str:
        job.report(3, total=10, phase="waiting")
        gate.entered.set()
        while not gate.go_on.wait(0.01):
            job.check_cancelled()
        return "done"

    @register_task("test.long_transaction")
    def long_transaction(job: JobHandle) -> None:
        with transaction.atomic():
            Job.objects.filter(pk=job.job_id).update(phase="locked")
            job.report(5, total=10, phase="inside")
            gate.entered.set()
            while not gate.go_on.wait(0.01):
                job.report(5, total=10)

    register_task("test.repeatable", max_attempts=2)(lambda _job, text: text)


@pytest.fixture
def worker() -> Iterator[Worker]:
    started = Worker(threads=1)
    started.start()
    yield started
    started.stop()


def _until(job_id: str, *states: JobState) -> JobInfo:
    deadline = time.monotonic() + 15
    while (job := job_service.get(job_id=job_id)).state not in states:
        assert time.monotonic() < deadline, job
        time.sleep(0.02)
    return job


def _ended(job_id: str) -> JobInfo:
    return _until(job_id, JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)


# -- submit and run --------------------------------------------------------------------------------


def test_a_job_runs_as_who_submitted_it(person: MakePerson, acting: Any, worker: Worker) -> None:
    user = person("ann", Role.EDITOR)
    with acting(user), request_scope("request-0001"):
        submitted = job_service.submit(task="test.echo", arguments={"text": "키"})
        assert submitted.state is JobState.QUEUED
        ended = _ended(submitted.id)
    assert ended.state is JobState.SUCCEEDED
    assert ended.result == {"text": "키", "actor": "ann", "request_id": "request-0001"}
    assert (ended.progress.done, ended.progress.total, ended.progress.phase) == (2, 2, "half")
    assert (ended.attempt, ended.error, ended.actor.username) == (1, None, "ann")
    assert ended.started_at is not None
    assert ended.finished_at is not None
    assert submitted.created_at <= ended.started_at <= ended.finished_at


@pytest.mark.usefixtures("worker")
def test_a_delegate_stays_one_in_the_worker(acting: Any, delegate: Actor) -> None:
    seen: list[Any] = []

    @register_task("test.who")
    def who(_job: JobHandle) -> None:
        seen.append((current_actor(), current_source().door, current_source().operation))

    with acting(delegate):
        submitted = job_service.submit(task="test.who", arguments={})
        ended = _ended(submitted.id)

    assert ended.state is JobState.SUCCEEDED
    assert ended.actor == delegate
    assert seen == [(delegate, "worker", "job test.who")]


def test_a_job_waits_for_the_commit(as_system: None, worker: Worker) -> None:
    with transaction.atomic():
        submitted = job_service.submit(task="test.echo", arguments={"text": "x"})
        time.sleep(0.2)
        assert job_service.get(job_id=submitted.id).state is JobState.QUEUED
    assert _ended(submitted.id).state is JobState.SUCCEEDED


def test_a_rollback_takes_the_job_back(as_system: None, worker: Worker) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        job_service.submit(task="test.echo", arguments={"text": "x"})
        raise RuntimeError
    assert Job.objects.count() == 0


def test_an_unknown_task_is_refused(as_system: None) -> None:
    with pytest.raises(
        UnknownTask, match=r"There is no task 'test.nothing'; there are: .*test.echo"
    ):
        job_service.submit(task="test.nothing", arguments={})
    assert Job.objects.count() == 0


def test_nobody_submits_nothing() -> None:
    with pytest.raises(Unauthenticated):
        job_service.submit(task="test.echo", arguments={"text": "x"})
    assert Job.objects.count() == 0


def test_two_functions_cannot_have_one_name() -> None:
    with pytest.raises(ValueError, match=r"Two functions register the task 'test.echo'"):
        register_task("test.echo")(lambda _job: None)


def test_a_refusal_is_a_problem_in_the_job(as_system: None, worker: Worker) -> None:
    job = _ended(job_service.submit(task="test.refuse", arguments={}).id)
    assert (job.state, job.result) == (JobState.FAILED, None)
    assert job.error == {
        "type": "urn:oms:problem:stale_head",
        "title": "Conflict",
        "detail": "Somebody was quicker.",
        "code": "stale_head",
        "retryable": False,
        "errors": [],
        "data": {"head": "abc"},
    }


@pytest.mark.parametrize(
    ("task", "arguments"), [("test.break", {}), ("test.echo", {"wrong": "argument"})]
)
def test_a_bug_fails_the_job_tells_nothing_and_leaves_the_worker(
    as_system: None, worker: Worker, task: str, arguments: dict[str, Any]
) -> None:
    job = _ended(job_service.submit(task=task, arguments=arguments).id)
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert job.error["code"] == "internal"
    assert "secret" not in str(job.error)
    after = _ended(job_service.submit(task="test.echo", arguments={"text": "x"}).id)
    assert after.state is JobState.SUCCEEDED


def test_each_job_is_claimed_once_by_many(as_system: None) -> None:
    expected = {
        job_service.submit(task="test.echo", arguments={"text": str(n)}).id for n in range(30)
    }
    claimed: list[str] = []

    def claim() -> None:
        try:
            while Job.objects.filter(state="queued").exists():
                if (job_id := services.claim_job()) is not None:
                    claimed.append(job_id)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=claim) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(claimed) == sorted(expected)
    assert set(Job.objects.values_list("state", "attempt")) == {("running", 1)}


def test_the_oldest_comes_first(as_system: None) -> None:
    submitted = [
        job_service.submit(task="test.echo", arguments={"text": str(n)}).id for n in range(3)
    ]
    assert [services.claim_job() for _ in range(4)] == [*submitted, None]


# -- progress and cancelling -----------------------------------------------------------------------


def test_progress_is_seen_while_the_job_runs(as_system: None, worker: Worker, gate: Gate) -> None:
    job_id = job_service.submit(task="test.wait", arguments={}).id
    assert gate.entered.wait(10)
    running = job_service.get(job_id=job_id)
    assert running.state is JobState.RUNNING
    assert (running.progress.done, running.progress.total) == (3, 10)
    assert running.progress.phase == "waiting"
    services.heartbeat()  # what the monitor writes down for other processes
    assert Job.objects.values_list("done", "total", "phase").get() == (3, 10, "waiting")
    gate.go_on.set()
    assert _ended(job_id).result == "done"


def test_a_queued_job_is_cancelled_at_once(as_system: None) -> None:
    job_id = job_service.submit(task="test.echo", arguments={"text": "x"}).id
    cancelled = job_service.cancel(job_id=job_id)
    assert (cancelled.state, cancelled.cancel_requested) == (JobState.CANCELLED, True)
    assert cancelled.finished_at is not None
    assert services.claim_job() is None


def test_a_running_job_is_cancelled_at_its_next_report(
    as_system: None, worker: Worker, gate: Gate
) -> None:
    job_id = job_service.submit(task="test.wait", arguments={}).id
    assert gate.entered.wait(10)
    asked = job_service.cancel(job_id=job_id)
    assert asked.cancel_requested
    ended = _ended(job_id)
    assert (ended.state, ended.result, ended.error) == (JobState.CANCELLED, None, None)
    assert ended.progress.done == 3


def test_a_job_inside_one_long_transaction_is_seen_and_cancelled(
    as_system: None, worker: Worker, gate: Gate
) -> None:
    """On SQLite such a job holds the only write lock, on PostgreSQL that of its own row."""
    job_id = job_service.submit(task="test.long_transaction", arguments={}).id
    assert gate.entered.wait(10)
    assert job_service.get(job_id=job_id).progress.phase == "inside"
    assert job_service.cancel(job_id=job_id).cancel_requested
    ended = _ended(job_id)
    assert ended.state is JobState.CANCELLED
    assert Job.objects.get(pk=job_id).phase == "inside"  # and not what was rolled back


def test_a_request_to_cancel_comes_from_another_process(
    as_system: None, worker: Worker, gate: Gate
) -> None:
    job_id = job_service.submit(task="test.wait", arguments={}).id
    assert gate.entered.wait(10)
    Job.objects.filter(pk=job_id).update(cancel_requested=True)
    assert _ended(job_id).state is JobState.CANCELLED


def test_what_has_ended_is_not_cancelled(as_system: None, worker: Worker) -> None:
    job = _ended(job_service.submit(task="test.echo", arguments={"text": "x"}).id)
    with pytest.raises(JobFinished, match="succeeded already") as refused:
        job_service.cancel(job_id=job.id)
    assert refused.value.data == {"job": job.id, "state": "succeeded"}
    assert job_service.get(job_id=job.id) == job


# -- interrupted -----------------------------------------------------------------------------------


def _running(worker: str, *, silent: timedelta, task: str = "test.echo", **more: Any) -> str:
    now = utc_now()
    job = Job.objects.create(
        task=task, arguments={"text": "x"}, actor_id="system", actor_username="system",
        actor_kind="system", state="running", worker=worker, attempt=1,
        started_at=now - silent, heartbeat_at=now - silent, **more,
    )  # fmt: skip
    return str(job.id)


def _dead_pid() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


HOST = services.worker_id().partition(":")[0]


def test_a_job_of_a_dead_process_on_this_machine_fails_at_once(as_system: None) -> None:
    job_id = _running(f"{HOST}:{_dead_pid()}:x", silent=timedelta(seconds=2))
    assert services.sweep_interrupted() == 1
    job = job_service.get(job_id=job_id)
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert (job.error["code"], job.error["retryable"]) == ("interrupted", True)
    assert services.sweep_interrupted() == 0


def test_a_number_used_again_by_this_process_does_not_keep_a_job_alive(as_system: None) -> None:
    job_id = _running(f"{HOST}:{os.getpid()}:an-earlier-boot", silent=timedelta(seconds=2))
    assert services.sweep_interrupted() == 1
    assert job_service.get(job_id=job_id).state is JobState.FAILED


@pytest.mark.parametrize(
    ("worker_id", "seconds", "found"),
    [
        ("elsewhere:1:x", 30, 0),
        ("elsewhere:1:x", 90, 1),
        (f"{HOST}:{os.getppid()}:x", 90, 0),  # it lives, and may be in a long transaction
        (f"{HOST}:{os.getppid()}:x", 3600, 1),
        (services.worker_id(), 3600, 0),
    ],
    ids=["elsewhere-30", "elsewhere-90", "alive-90", "alive-3600", "itself-3600"],
)
def test_the_patience_with_a_silent_process(
    as_system: None, worker_id: str, seconds: int, found: int
) -> None:
    job_id = _running(worker_id, silent=timedelta(seconds=seconds))
    assert services.sweep_interrupted() == found
    expected = JobState.FAILED if found else JobState.RUNNING
    assert job_service.get(job_id=job_id).state is expected


def test_a_repeatable_task_is_queued_again_as_often_as_it_may(as_system: None) -> None:
    job_id = _running("elsewhere:1:x", silent=timedelta(hours=1), task="test.repeatable")
    assert services.sweep_interrupted() == 1
    assert services.claim_job() == job_id
    assert services.run_claimed(job_id) is JobState.SUCCEEDED
    assert job_service.get(job_id=job_id).attempt == 2

    used_up = _running("elsewhere:1:x", silent=timedelta(hours=1), task="test.repeatable")
    Job.objects.filter(pk=used_up).update(attempt=2)
    assert services.sweep_interrupted() == 1
    assert job_service.get(job_id=used_up).state is JobState.FAILED


def test_an_interrupted_job_that_was_to_stop_is_cancelled(as_system: None) -> None:
    job_id = _running(
        "elsewhere:1:x", silent=timedelta(hours=1), task="test.repeatable", cancel_requested=True
    )
    assert services.sweep_interrupted() == 1
    assert job_service.get(job_id=job_id).state is JobState.CANCELLED


def test_a_worker_that_lost_its_job_does_not_overwrite_it(as_system: None) -> None:
    job_id = job_service.submit(task="test.echo", arguments={"text": "x"}).id
    assert services.claim_job() == job_id
    Job.objects.filter(pk=job_id).update(worker="elsewhere:1:x")
    services.run_claimed(job_id)
    assert Job.objects.values_list("state", "result").get(pk=job_id) == ("running", None)


# -- who sees what, over REST ----------------------------------------------------------------------


@pytest.fixture
def ann(person: MakePerson, client_of: Callable[..., APIClient]) -> APIClient:
    return client_of(person("ann", Role.EDITOR))


@pytest.fixture
def ann_submits(ann: APIClient, acting: Any) -> Callable[[], str]:
    from oms_project.identity.models import User

    def submit() -> str:
        with acting(User.objects.get(username="ann")):
            return job_service.submit(task="test.echo", arguments={"text": "x"}).id

    return submit


def test_a_job_over_rest(ann: APIClient, ann_submits: Callable[[], str]) -> None:
    job_id = ann_submits()
    body = ann.get(f"/api/v1/jobs/{job_id}").json()
    created = body.pop("created_at")
    assert created.endswith("Z")
    assert body == {
        "id": job_id,
        "task": "test.echo",
        "arguments": {"text": "x"},
        "state": "queued",
        "progress": {"done": 0, "total": None, "phase": ""},
        "result": None,
        "error": None,
        "submitted_by": "ann",
        "attempt": 0,
        "cancel_requested": False,
        "started_at": None,
        "finished_at": None,
    }
    cancelled = ann.post(f"/api/v1/jobs/{job_id}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    again = ann.post(f"/api/v1/jobs/{job_id}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "job_finished")


def test_somebody_elses_job_is_not_there(
    ann_submits: Callable[[], str],
    person: MakePerson,
    client_of: Callable[..., APIClient],
    admin_client: APIClient,
    anonymous_client: APIClient,
) -> None:
    job_id = ann_submits()
    bob = client_of(person("bob", Role.MAINTAINER))
    for answer in (bob.get(f"/api/v1/jobs/{job_id}"), bob.post(f"/api/v1/jobs/{job_id}/cancel")):
        assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found")
    assert bob.get("/api/v1/jobs").json() == {"items": [], "next": None}
    assert anonymous_client.get(f"/api/v1/jobs/{job_id}").status_code == 401
    assert anonymous_client.post(f"/api/v1/jobs/{job_id}/cancel").status_code == 401
    assert Job.objects.get(pk=job_id).state == "queued"
    assert admin_client.get(f"/api/v1/jobs/{job_id}").json()["submitted_by"] == "ann"
    assert admin_client.post(f"/api/v1/jobs/{job_id}/cancel").json()["state"] == "cancelled"


def test_pages_hold_every_job_once_newest_first(
    ann: APIClient, ann_submits: Callable[[], str]
) -> None:
    submitted = [ann_submits() for _ in range(7)]
    Job.objects.update(created_at=utc_now())  # at the same moment: the id decides
    seen: list[str] = []
    address = "/api/v1/jobs?limit=3"
    pages = 0
    while address:
        answer = ann.get(address)
        seen += [item["id"] for item in answer.json()["items"]]
        pages += 1
        cursor = answer.json()["next"]
        assert ("Link" in answer.headers) is (cursor is not None)
        address = f"/api/v1/jobs?limit=3&cursor={cursor}" if cursor else ""
    assert pages == 3
    assert len(seen) == len(set(seen))
    assert set(seen) == set(submitted)
    assert seen == sorted(seen, key=uuid.UUID, reverse=True)


def test_filters(ann: APIClient, ann_submits: Callable[[], str]) -> None:
    first, second = ann_submits(), ann_submits()
    Job.objects.filter(pk=first).update(state="failed")

    def ids(query: str) -> list[str]:
        return [item["id"] for item in ann.get(f"/api/v1/jobs?{query}").json()["items"]]

    assert ids("state=failed") == [first]
    assert ids("state=queued&task=test.echo") == [second]
    assert ids("task=other") == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=0", "bad_limit"),
        ("limit=501", "bad_limit"),
        ("limit=many", "bad_limit"),
        ("limit=%D9%A3", "bad_limit"),
        ("limit=99999999999999999999", "bad_limit"),
        ("cursor=nonsense", "bad_cursor"),
        ("cursor=WyJqb2JzOm5ld2VzdCIsIngiLCJ5Il0", "bad_cursor"),
        ("state=lost", "bad_request"),
    ],
)
def test_bad_queries_are_refused(ann: APIClient, query: str, code: str) -> None:
    answer = ann.get(f"/api/v1/jobs?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_a_list_costs_the_same_number_of_queries(
    ann: APIClient, ann_submits: Callable[[], str], django_assert_max_num_queries: Any
) -> None:
    for _ in range(20):
        ann_submits()
    with django_assert_max_num_queries(5):
        ann.get("/api/v1/jobs")


def test_ids_that_are_none(as_system: None) -> None:
    for job_id in ("", "nonsense", "00000000-0000-0000-0000-000000000000", "'--"):
        with pytest.raises(JobNotFound):
            job_service.get(job_id=job_id)
    with pytest.raises(BadRequest):
        job_service.list(cursor="nonsense")
    assert connection.is_usable()
