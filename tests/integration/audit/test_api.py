"""The audit trail over REST: for auditors, and for nobody else."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from audit.contract import Subject, audit_log
from audit.domain.checkpoint import parse_checkpoint, parse_note
from audit.domain.merkle import leaf_hash, verify_consistency, verify_inclusion
from audit.models import Event
from oms_project.identity.contract import Role
from tests.conftest import MakePerson

pytestmark = pytest.mark.django_db

Happen = Callable[..., list[str]]
PATHS = ("events", "events/x", "export", "checkpoint", "consistency?old_size=1", "state")


@pytest.fixture
def auditor(person: MakePerson, client_of: Callable[..., APIClient]) -> APIClient:
    return client_of(person("vera", Role.AUDITOR))


def last(action: str) -> dict[str, Any]:
    body = Event.objects.filter(action=action).order_by("-id").values_list("body", flat=True)[0]
    found: dict[str, Any] = json.loads(body)
    return found


@pytest.mark.parametrize("path", PATHS)
def test_who_is_no_auditor_is_refused(
    path: str,
    person: MakePerson,
    client_of: Callable[..., APIClient],
    anonymous_client: APIClient,
) -> None:
    maintainer = client_of(person("max", Role.MAINTAINER))
    assert maintainer.get(f"/api/v1/audit/{path}").status_code == 403
    assert anonymous_client.get(f"/api/v1/audit/{path}").status_code == 401
    assert maintainer.post("/api/v1/audit/verify", {}).status_code == 403


def test_events_are_searched_page_by_page(auditor: APIClient, happen: Happen) -> None:
    ids = happen(5)
    first = auditor.get("/api/v1/audit/events?action=record.changed&limit=3").json()
    assert [item["id"] for item in first["items"]] == ids[:1:-1]
    assert first["items"][0]["subject"] == {"type": "user", "id": "u4"}
    rest = auditor.get(
        f"/api/v1/audit/events?action=record.changed&limit=3&cursor={first['next']}"
    ).json()
    assert ([item["id"] for item in rest["items"]], rest["next"]) == (ids[1::-1], None)
    seen = last("audit.read")
    assert seen["actor"]["username"] == "vera"
    assert seen["data"]["filters"] == {"action": "record.changed"}


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "cursor=x",
        "since=yesterday",
        "outcome=fine",
        "text=" + "x" * 501,
        "until=2026-13-01",
    ],
)
def test_a_filter_that_cannot_be_understood_is_refused(auditor: APIClient, query: str) -> None:
    answer = auditor.get(f"/api/v1/audit/events?{query}")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


def test_any_text_can_be_searched_for(auditor: APIClient) -> None:
    for text in ("%00", "%25", "'", "%F0%9F%98%80", "\\", "%"):
        assert auditor.get(f"/api/v1/audit/events?text={text}&actor={text}").status_code == 200


def test_an_event_comes_with_its_proof(auditor: APIClient, happen: Happen) -> None:
    ids = happen(3)
    answer = auditor.get(f"/api/v1/audit/events/{ids[1]}").json()
    proof = answer["proof"]
    assert answer["event"]["index"] == proof["index"]
    assert leaf_hash(proof["body"].encode()).hex() == proof["leaf"]
    assert verify_inclusion(
        leaf=bytes.fromhex(proof["leaf"]),
        index=proof["index"],
        size=proof["size"],
        proof=[bytes.fromhex(step) for step in proof["hashes"]],
        root=bytes.fromhex(proof["root"]),
    )
    missing = auditor.get("/api/v1/audit/events/nothing")
    assert (missing.status_code, missing.json()["code"]) == (404, "audit_event_not_found")


def test_the_trail_has_only_grown(auditor: APIClient, happen: Happen) -> None:
    happen(3)
    old = auditor.get("/api/v1/audit/checkpoint").json()
    happen(4)
    new = auditor.get("/api/v1/audit/checkpoint").json()
    proof = auditor.get(
        f"/api/v1/audit/consistency?old_size={old['size']}&size={new['size']}"
    ).json()
    assert verify_consistency(
        old_size=old["size"],
        old_root=bytes.fromhex(old["root"]),
        size=new["size"],
        root=bytes.fromhex(new["root"]),
        proof=[bytes.fromhex(step) for step in proof["hashes"]],
    )
    for query in ("", "old_size=x", "old_size=-1"):
        assert auditor.get(f"/api/v1/audit/consistency?{query}").status_code == 400
    assert auditor.get("/api/v1/audit/consistency?old_size=100000").status_code == 422


def test_an_export_is_a_stream_that_is_recorded(auditor: APIClient, happen: Happen) -> None:
    ids = happen(3)
    audit_log.record("record.changed", Subject("user", "x"), message="=1+1")
    answer = auditor.get(
        "/api/v1/audit/export?format=csv&action=record.changed", HTTP_ACCEPT="text/csv"
    )
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="audit.csv"'
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert [row["id"] for row in rows[:3]] == ids
    assert rows[3]["message"] == "'=1+1"
    assert last("audit.exported")["data"] == {
        "filters": {"action": "record.changed"},
        "format": "csv",
    }
    lines = auditor.get("/api/v1/audit/export?action=record.changed").streaming_content
    assert len(b"".join(lines).splitlines()) == 4
    assert auditor.get("/api/v1/audit/export?format=xml").status_code == 400


def test_verification_and_state(auditor: APIClient, happen: Happen) -> None:
    happen(3)
    note = auditor.get("/api/v1/audit/checkpoint").json()["note"]
    report = auditor.post("/api/v1/audit/verify", {"checkpoint": note}).json()
    assert (report["intact"], report["problems"]) == (True, [])
    assert auditor.post("/api/v1/audit/verify", {"checkpoint": "no"}).status_code == 422
    state = auditor.get("/api/v1/audit/state").json()
    assert state["verification"]["intact"] is True
    assert state["pending"] == 0
    assert state["head"]["size"] > parse_checkpoint(parse_note(note).text).size  # it places first
