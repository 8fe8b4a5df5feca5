"""Recording: one row, in the transaction of the change."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection, transaction

from audit.contract import Outcome, Subject, audit_log
from audit.models import Event, Leaf, Node, Pending, Seal, TreeHead
from audit.triggers import missing_triggers
from oms_project.core.clock import frozen_at
from oms_project.core.context import Actor, Source, acting_as, request_scope

pytestmark = pytest.mark.django_db

ALICE = Actor("a1", "alice")
ETL = Actor("s1", "etl", kind="service", on_behalf_of=ALICE, reason="nightly", grant="g1")
NOON = datetime(2026, 1, 2, 12, 0, 0, 123456, tzinfo=UTC)


def test_an_event_says_who_what_when_and_where_from() -> None:
    source = Source("rest", "10.0.0.1", "curl/8", "POST /api/v1/x")
    with frozen_at(NOON), acting_as(ETL), request_scope("r-1", source):
        event_id = audit_log.record(
            "ontology.committed",
            Subject("commit", "c1"),
            ontology="aviation",
            branch="main",
            commit="c1",
            changes={"size": (1, 2)},
            data={"n": 3},
            message="Done.",
        )
    event = Event.objects.get(pk=event_id)
    assert json.loads(event.body) == {
        "id": event_id,
        "time": "2026-01-02T12:00:00.123456Z",
        "action": "ontology.committed",
        "outcome": "success",
        "actor": {"id": "s1", "username": "etl", "kind": "service", "grant": "g1"},
        "onBehalfOf": {"id": "a1", "username": "alice"},
        "reason": "nightly",
        "subject": {"type": "commit", "id": "c1"},
        "source": {
            "door": "rest",
            "address": "10.0.0.1",
            "agent": "curl/8",
            "operation": "POST /api/v1/x",
        },
        "ontology": "aviation",
        "branch": "main",
        "commit": "c1",
        "requestId": "r-1",
        "changes": {"size": [1, 2]},
        "data": {"n": 3},
        "message": "Done.",
    }
    assert (event.time, event.action, event.outcome) == (
        "2026-01-02T12:00:00.123456Z",
        "ontology.committed",
        "success",
    )
    assert (event.actor_id, event.actor_username, event.on_behalf_of) == ("s1", "etl", "alice")
    assert (event.subject_type, event.subject_id) == ("commit", "c1")
    assert (event.ontology, event.branch, event.commit) == ("aviation", "main", "c1")
    assert (event.door, event.address, event.request_id) == ("rest", "10.0.0.1", "r-1")
    assert list(Pending.objects.values_list("event_id", flat=True)) == [event_id]


def test_what_is_empty_is_left_out_and_found_as_null() -> None:
    event_id = audit_log.record("identity.login_failed", Subject("user"), outcome=Outcome.FAILURE)
    event = Event.objects.get(pk=event_id)
    assert set(json.loads(event.body)) == {"id", "time", "action", "outcome", "subject"}
    assert event.actor_id is None
    assert event.ontology is None


def test_an_action_that_is_not_listed_is_a_bug() -> None:
    with pytest.raises(ValueError, match="no action of the audit trail"):
        audit_log.record("ontology.exploded", Subject("ontology"))
    assert not Event.objects.exists()


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b", "é\U0001f600'\"\\", "x" * 5000])
def test_any_text_can_be_recorded(text: str) -> None:
    with acting_as(Actor(text, text)), request_scope(text, Source("rest", text, text, text)):
        event_id = audit_log.record(
            "record.changed",
            Subject("user", text, text),
            ontology=text,
            message=text,
            changes={text: (text, None)},
            data={"deep": [{text: text}]},
        )
    event = Event.objects.get(pk=event_id)
    assert json.loads(event.body)["id"] == event_id
    assert len(event.actor_id) <= 305


def test_a_huge_change_is_replaced_by_its_digest() -> None:
    huge = {"field": ("x" * 400_000, None)}
    event_id = audit_log.record("record.changed", Subject("user", "u"), changes=huge)
    body = json.loads(Event.objects.get(pk=event_id).body)
    note = body["changes"]["*"][1]
    assert note["tooLarge"] > 400_000
    assert len(note["sha256"]) == 64


def test_what_is_rolled_back_was_never_recorded() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        audit_log.record("record.changed", Subject("user", "u"))
        raise RuntimeError
    assert not Event.objects.exists()
    assert not Pending.objects.exists()


def test_a_denial_is_recorded_apart() -> None:
    event_id = audit_log.record_apart(
        "access.denied", Subject("ontology", "", "aviation"), outcome=Outcome.DENIED
    )
    assert Event.objects.get(pk=event_id).outcome == "denied"


def test_a_denial_that_cannot_be_written_raises_nothing() -> None:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE audit_event RENAME TO audit_event_away")
        assert audit_log.record_apart("access.denied", Subject("x"), outcome=Outcome.DENIED) is None
        with connection.cursor() as cursor:  # and the transaction around it is whole
            cursor.execute("ALTER TABLE audit_event_away RENAME TO audit_event")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET body = '{}'",
        "DELETE FROM audit_event",
        "UPDATE audit_leaf SET idx = 7",
        "DELETE FROM audit_leaf",
        "UPDATE audit_node SET idx = 7",
        "DELETE FROM audit_node",
        "UPDATE audit_tree_head SET kid = 'x'",
        "DELETE FROM audit_tree_head",
        "UPDATE audit_seal SET last = 9",
        "DELETE FROM audit_seal",
    ],
)
def test_the_database_refuses_changes(statement: str) -> None:
    event_id = audit_log.record("record.changed", Subject("user", "u"))
    Leaf.objects.create(idx=0, event_id="other", hash=b"x")
    Node.objects.create(level=8, idx=0, hash=b"x")
    TreeHead.objects.create(size=1, root=b"x", time="", kid="", note="")
    Seal.objects.create(
        first=5, last=6, root=b"", file="", sha256="", time="", sealed_by="", note=""
    )
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert Event.objects.filter(pk=event_id).count() == 1


def test_the_database_refuses_to_overwrite_and_to_truncate() -> None:
    event_id = audit_log.record("record.changed", Subject("user", "u"))
    statements = (
        [f"TRUNCATE {table} CASCADE" for table in ("audit_event", "audit_leaf", "audit_seal")]
        if connection.vendor == "postgresql"
        else [f"INSERT OR REPLACE INTO audit_event (id, body) VALUES ('{event_id}', '{{}}')"]
    )
    for statement in statements:
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_a_sealed_event_may_be_deleted_and_no_other() -> None:
    kept = audit_log.record("record.changed", Subject("user", "u"))
    gone = audit_log.record("record.changed", Subject("user", "u"))
    Leaf.objects.create(idx=0, event_id=gone, hash=b"x")
    Leaf.objects.create(idx=1, event_id=kept, hash=b"x")
    Seal.objects.create(
        first=0, last=0, root=b"", file="", sha256="", time="", sealed_by="", note=""
    )
    assert Event.objects.filter(pk=gone).delete()[0] == 1
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Event.objects.filter(pk=kept).delete()


def test_triggers_that_are_gone_are_named() -> None:
    assert missing_triggers(connection) == []
    with connection.cursor() as cursor:
        on = " ON audit_leaf" if connection.vendor == "postgresql" else ""
        cursor.execute(f"DROP TRIGGER audit_leaf_no_update{on}")
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE audit_node DISABLE TRIGGER audit_node_no_delete")
    gone = ["audit_leaf_no_update"]
    if connection.vendor == "postgresql":
        gone.append("audit_node_no_delete")
    assert missing_triggers(connection) == gone
