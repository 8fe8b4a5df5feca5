"""What happens in ontologies, jobs and the trail is told, with its transaction or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from django.db import transaction

from audit.services import sequence_now
from events.domain.cloudevents import event_of, to_structured
from events.models import Event, Pending
from events.services.upkeep import tell_audit
from oms_project.core.context import Actor, acting_as
from oms_project.core.outbox import NewEvent, outbox
from oms_project.core.trace import read_trace, trace_scope
from ontology import selectors, services
from ontology.contract import Change, CommitResult
from tests.integration.events.conftest import NAME, job_event, told

_TYPES = ("ontology.",)


def commit(*changes: Change, branch: str = "", message: str = "Change") -> CommitResult:
    return services.commit_changes(ontology=NAME, branch=branch, changes=changes, message=message)


def person(*, branch: str = "") -> CommitResult:
    """A type with a key and a name."""
    return commit(
        Change(
            "create",
            kind="ObjectType",
            fields={
                "apiName": "Person",
                "properties": [
                    {"apiName": "code", "dataTypes": ["string"], "required": True},
                    {"apiName": "name", "dataTypes": ["string"]},
                ],
                "primaryKey": ["code"],
            },
        ),
        branch=branch,
    )


def ann(**values: Any) -> Change:
    return Change(
        "create", kind="Object", type="Person", fields={"code": "a1", "name": "Ann", **values}
    )


def test_a_commit_is_told_with_what_it_changed(world: str) -> None:
    result = person()
    assert result.commit is not None
    (made,) = told("ontology.created")
    assert made["data"]["ontology"] == NAME
    (created,) = told("ontology.commit.created")
    assert created["data"]["commit"] == result.commit.id
    assert created["data"]["documents"] == 1
    assert created["data"]["author"] == result.commit.signature
    assert created["partitionkey"] == f"{NAME}/main"
    assert created["ontology"] == NAME
    assert created["branch"] == "main"
    assert created["subject"] == f"commits/{result.commit.id}"
    (changed,) = told("ontology.definition.changed")
    assert changed["data"]["changes"] == [
        {
            "rid": result.documents[0].rid,
            "id": "ObjectType/Person",
            "kind": "ObjectType",
            "operation": "created",
        }
    ]
    assert changed["data"]["last"] is True


def test_objects_are_told_without_their_values(world: str) -> None:
    person()
    commit(ann())
    commit(Change("update", target="Person/a1", fields={"name": "Anna Secretname"}))
    commit(Change("delete", target="Person/a1"))
    commit(Change("restore", target=told("ontology.object")[0]["data"]["changes"][0]["rid"]))
    events = told("ontology.object.changed")
    assert [
        (one["data"]["changes"][0]["operation"], one["data"]["changes"][0].get("fields"))
        for one in events
    ] == [("created", None), ("updated", ["name"]), ("deleted", None), ("restored", None)]
    assert {one["data"]["changes"][0]["type"] for one in events} == {"Person"}
    assert all(one["data"]["types"] == ["Person"] for one in events)
    whole = " ".join(Event.objects.values_list("body", flat=True))
    assert "Anna" not in whole
    assert '"a1"' not in whole


def test_a_large_commit_is_told_in_parts_that_miss_nothing(world: str) -> None:
    person()
    commit(*(ann(code=f"p{number}") for number in range(250)))
    parts = told("ontology.object.changed")
    assert [(one["data"]["part"], one["data"]["last"]) for one in parts] == [
        (1, False),
        (2, False),
        (3, True),
    ]
    rids = [change["rid"] for one in parts for change in one["data"]["changes"]]
    assert len(rids) == len(set(rids)) == 250


def test_a_merge_and_a_fast_forward_tell_the_branch_what_is_new_to_it(world: str) -> None:
    person()
    services.create_branch(ontology=NAME, name="work")
    made = commit(ann(), branch="work")
    assert made.commit is not None
    services.merge(ontology=NAME, source="work", into="main")
    (moved,) = told("ontology.merge.completed")
    assert moved["data"]["strategy"] == "fast-forward"
    assert moved["data"]["merged"] == made.commit.id
    on_main = [one for one in told("ontology.object.changed") if one["branch"] == "main"]
    assert [one["data"]["commit"] for one in on_main] == [made.commit.id]

    commit(ann(code="b2"), branch="work")
    commit(ann(code="c3"))
    services.merge(ontology=NAME, source="work", into="main")
    merged = told("ontology.merge.completed")[-1]
    assert merged["data"]["strategy"] == "merge"
    last = told("ontology.object.changed")[-1]
    assert last["branch"] == "main"
    assert len(last["data"]["changes"]) == 1


def test_branches_tags_and_settings_are_told(world: str) -> None:
    services.create_branch(ontology=NAME, name="work")
    services.update_branch(ontology=NAME, name="work", protected=True)
    services.update_branch(ontology=NAME, name="work", protected=False)
    services.delete_branch(ontology=NAME, name="work")
    services.create_tag(ontology=NAME, name="v1")
    services.delete_tag(ontology=NAME, name="v1")
    services.update_ontology(ontology=NAME, description="New")
    services.delete_ontology(ontology=NAME)
    assert [one["type"].removeprefix("io.oms.ontology.") for one in told("ontology.")][1:] == [
        "branch.created.v1",
        "branch.changed.v1",
        "branch.changed.v1",
        "branch.deleted.v1",
        "tag.created.v1",
        "tag.deleted.v1",
        "changed.v1",
        "deleted.v1",
    ]


def test_what_is_refused_or_rolled_back_is_not_told(world: str) -> None:
    before = Event.objects.count()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        person()
        raise ZeroDivisionError
    commit_dry = services.commit_changes(
        ontology=NAME,
        changes=[Change("create", kind="ObjectType", fields={"apiName": "X"})],
        message="Try",
        dry_run=True,
    )
    assert commit_dry.commit is None
    assert Event.objects.count() == before
    assert Pending.objects.count() == before  # of the one lane that there is


def test_a_service_that_acts_for_somebody_says_for_whom(world: str) -> None:
    ann_ = Actor("7", "ann")
    with acting_as(Actor("9", "etl", kind="system", on_behalf_of=ann_, reason="import")):
        outbox.append(
            NewEvent(
                "io.oms.ontology.deleted.v1",
                {
                    "ontology": NAME,
                    "ontologyId": "x",
                    "actor": {"id": "9", "username": "etl", "kind": "service", "onBehalfOf": "ann"},
                },
                ontology=NAME,
            )
        )
    assert told("ontology.deleted")[0]["data"]["actor"]["onBehalfOf"] == "ann"


def test_the_trace_of_a_request_goes_along(world: str) -> None:
    trace = read_trace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "vendor=1")
    assert trace is not None
    with trace_scope(trace):
        outbox.append(job_event())
    (event,) = told("job.")
    assert event["traceparent"] == trace.parent
    assert event["tracestate"] == "vendor=1"


@pytest.mark.django_db
def test_a_type_that_is_not_listed_or_data_that_do_not_fit_are_a_bug() -> None:
    with pytest.raises(ValueError, match="no type of event"), transaction.atomic():
        outbox.append(NewEvent("io.oms.nothing.v1", {}))
    with pytest.raises(ValueError, match="do not fit"), transaction.atomic():
        outbox.append(NewEvent("io.oms.job.submitted.v1", {"job": 1}))
    assert not Event.objects.exists()


def test_the_official_sdk_reads_every_event(world: str) -> None:
    person()
    commit(ann())
    for row in Event.objects.all():
        message = to_structured(event_of(row.body, sequence=row.seq))
        found = from_http_event(HTTPMessage(dict(message.headers), message.body))
        assert found.get_id() == row.id
        assert found.get_source() == row.source
        assert found.get_type() == row.type
        assert found.get_extension("sequence") == f"{row.seq:020}"


def test_the_trail_is_told_once_in_its_order(world: str) -> None:
    person()
    sequence_now()
    assert tell_audit() == len(told("audit.")) > 0
    assert tell_audit() == 0
    events = told("audit.recorded")
    assert [one["data"]["index"] for one in events] == list(range(len(events)))
    assert {one["data"]["action"] for one in events} >= {"ontology.created", "ontology.committed"}


def test_an_action_and_an_erasure_are_told(world: str) -> None:
    person()
    commit(ann())
    rid = told("ontology.object.changed")[0]["data"]["changes"][0]["rid"]
    services.redact(ontology=NAME, target=rid, fields=["name"], reason="Asked for")
    (event,) = told("ontology.redacted")
    assert event["data"]["fields"] == ["name"]
    assert selectors.resolve_ref(ontology=NAME, ref="main")
