"""Jobs and the audit trail, followed as they go on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings

from audit.contract import Subject, audit_log
from audit.models import Event as AuditedEvent
from audit.sequencing import sequence_events
from events.services.upkeep import tell_audit
from oms_project.core.context import acting_as
from oms_project.identity.contract import Role, actor_of
from oms_project.identity.models import User
from scheduling import live
from scheduling import services as jobs
from scheduling.contract import _tasks, job_service, register_task
from tests.conftest import MakePerson
from tests.integration.graphql.sockets import run, signed_in, thread
from tests.integration.graphql.test_sockets_events import (
    _impatient,
    begun,
    people,
)

__all__ = ["_impatient", "people"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.data]


@pytest.fixture
def counting() -> Iterator[Any]:
    go = threading.Event()

    @register_task("tests.counting")
    def count(job: Any) -> dict[str, int]:
        job.report(1, total=3, phase="first")
        go.wait(30)
        job.report(3, total=3, phase="last")
        return {"counted": 3}

    yield go
    _tasks.pop("tests.counting")


def _done(job: str) -> int:
    found = live.live_job(job)
    return 0 if found is None else found.progress.done


JOB = """subscription($id: ID!, $r: String) { jobProgress(jobId: $id, resumeFrom: $r) {
  resumeToken job { state progress { done total phase } result } } }"""


@pytest.mark.parametrize("elsewhere", [False, True])
def test_the_progress_of_a_job_while_it_runs(
    administrator: User, counting: Any, elsewhere: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def submit() -> str:
        with acting_as(actor_of(administrator)):
            return job_service.submit(task="tests.counting", arguments={}).id

    def work() -> None:
        jobs.run_claimed(str(jobs.claim_job()))

    async def scenario() -> list[Any]:
        job = await thread(submit)
        socket = await signed_in(administrator)
        await socket.subscribe("1", JOB, variables={"id": job})
        told = [(await socket.next())["jobProgress"]]
        working = asyncio.create_task(thread(work))
        if elsewhere:  # its memory is not ours: what its process writes down is all that we see
            monkeypatch.setattr("scheduling.selectors.live_job", lambda _job: None)
            while _done(job) == 0:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.02)
            await thread(jobs.heartbeat)
        while int(told[-1]["job"]["progress"]["done"]) != 1:
            told.append((await socket.next())["jobProgress"])
        counting.set()
        await working
        while told[-1]["job"]["state"] != "SUCCEEDED":
            told.append((await socket.next())["jobProgress"])
        assert await socket.receive() == {"id": "1", "type": "complete"}
        await socket.subscribe("2", JOB, variables={"id": job, "r": told[-1]["resumeToken"]})
        assert await socket.receive() == {"id": "2", "type": "complete"}
        await socket.end()
        return told

    told = run(scenario())
    assert told[0]["job"]["state"] == "QUEUED"
    assert told[-1]["job"]["result"] == {"counted": 3}
    assert "first" in [one["job"]["progress"]["phase"] for one in told]


def test_somebody_else_s_job(administrator: User, person: MakePerson, counting: Any) -> None:
    ann = person("ann", Role.EDITOR)

    def submit() -> str:
        with acting_as(actor_of(administrator)):
            return job_service.submit(task="tests.counting", arguments={}).id

    async def scenario() -> dict[str, Any]:
        socket = await signed_in(ann)
        await socket.subscribe("1", JOB, variables={"id": await thread(submit)})
        got = await socket.receive()
        await socket.end()
        return got

    assert run(scenario())["payload"][0]["extensions"]["code"] == "job_not_found"


TAIL = """subscription { auditTail(filter: {action: "webhook."}) {
  resumeToken event { action index actor { username } } } }"""


def test_the_audit_tail_for_auditors_alone(
    person: MakePerson, transactional_db: None, settings: LazySettings
) -> None:
    auditor, editor = person("al", Role.AUDITOR), person("ed", Role.EDITOR)

    def record() -> None:
        with acting_as(actor_of(editor)):
            audit_log.record("webhook.tested", Subject("webhook", "1"))
            audit_log.record("job.cancelled", Subject("job", "1"))
        sequence_events(wait=True)
        tell_audit()

    async def scenario() -> tuple[Any, Any]:
        refused_socket = await signed_in(editor)
        await refused_socket.subscribe("1", TAIL)
        refused = await refused_socket.receive()
        await refused_socket.end()
        socket = await signed_in(auditor)
        await thread(record)
        await begun(socket, "1", TAIL)
        await thread(record)
        told = (await socket.next())["auditTail"]["event"]
        assert await socket.silent(1.2)  # the tail does not tell of itself
        await socket.end()
        return refused, told

    refused, told = run(scenario())
    assert refused["payload"][0]["extensions"]["code"] == "permission_denied"
    assert (told["action"], told["actor"]["username"]) == ("webhook.tested", "ed")
    reads = AuditedEvent.objects.filter(action="audit.read", actor_username="al")
    assert reads.count() == 1
