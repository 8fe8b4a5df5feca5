"""Events, their types, lanes, streams and quarantine over GraphQL."""

from __future__ import annotations

import base64
from typing import Any

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from events.domain.sequence import sequence_text
from events.domain.types import EVENT_TYPES
from events.models import Event, Pending, Quarantined
from oms_project.core.context import SYSTEM, acting_as
from oms_project.core.outbox import NewEvent, outbox
from oms_project.identity.contract import Role
from tests.integration.graphql.conftest import GraphQLClient

pytestmark = [pytest.mark.django_db, pytest.mark.data]

ATTRIBUTES = """id eventId sequence source type subject time datacontenttype dataschema
  partitionkey ontology branch data dataBase64 json"""
PUBLISH = """mutation($events: [JSON!]!) { publishEvents(events: $events) { __typename
  ... on Problem { code } ... on PublishedEvents { items { id source sequence duplicate } } } }"""
ORDER = {
    "specversion": "1.0",
    "id": "A-1",
    "source": "https://erp.example.com/orders",
    "type": "com.example.order.placed",
}
#: What operators read, and what they do: the field, and its selection.
OPERATIONS = {
    "lanesOfEvent": 'lanesOfEvent(event: "1") { lane }',
    "streams": "streams { name }",
    "streamMessages": 'streamMessages(stream: "x") { next }',
    "eventLanes": "eventLanes { lane }",
    "eventQuarantine": "eventQuarantine { id }",
    "previewRoutingRule": "previewRoutingRule(filter: {}) { lookedAt }",
}


def happen(count: int, ontology: str = "alpha", key: str = "k") -> list[Event]:
    """Things happen to an ontology; gives their events, oldest first."""
    who = {"id": "1", "username": "ann", "kind": "user"}
    with acting_as(SYSTEM):
        for number in range(count):
            data = {"ontology": ontology, "ontologyId": "1", "fields": [f"f{number}"], "actor": who}
            outbox.append(NewEvent("io.oms.ontology.changed.v1", data, ontology=ontology, key=key))
    return list(Event.objects.order_by("-seq")[:count])[::-1]


# -- the log ---------------------------------------------------------------------------------------


def test_an_event_is_looked_at_by_sequence_and_by_id(graphql: GraphQLClient) -> None:
    row = happen(1)[0]
    found = graphql.data(f'{{ event(event: "{row.seq}") {{ {ATTRIBUTES} }} }}')["event"]
    body = orjson.loads(row.body)
    assert found["json"] == {**body, "sequence": sequence_text(row.seq)}
    assert (found["eventId"], found["type"]) == (row.id, "io.oms.ontology.changed.v1")
    assert (found["ontology"], found["branch"], found["partitionkey"]) == ("alpha", "", "k")
    assert (found["time"], found["data"]) == (body["time"], body["data"])
    assert (found["sequence"], found["dataBase64"]) == (sequence_text(row.seq), None)
    same = graphql.data(
        "query($id: ID!, $event: String!) { event(event: $event) { id } node(id: $id) { id } }",
        {"id": found["id"], "event": row.id},
    )
    assert same == {"event": {"id": found["id"]}, "node": {"id": found["id"]}}
    missing = graphql.ask('{ event(event: "no") { id } }')
    assert missing["errors"][0]["extensions"]["code"] == "event_not_found"


def test_events_are_published_once_and_all_or_nothing(graphql: GraphQLClient) -> None:
    number = 12345678901234567890
    events = [{**ORDER, "data": {"big": number, "list": [1.5, None]}}, {**ORDER, "id": "A-2"}]
    made = graphql.data(PUBLISH, {"events": events})["publishEvents"]["items"]
    assert [(one["id"], one["duplicate"]) for one in made] == [("A-1", False), ("A-2", False)]
    again = graphql.data(PUBLISH, {"events": events[:1]})["publishEvents"]["items"]
    assert again == [{**made[0], "duplicate": True}]
    assert Event.objects.filter(source=ORDER["source"]).count() == 2
    found = graphql.data('{ event(event: "A-1") { data json } }')["event"]
    assert found["data"] == found["json"]["data"] == {"big": number, "list": [1.5, None]}
    for wrong, kind in (
        ([{**ORDER, "id": "A-3"}, {"id": "A-4"}], "BadRequestProblem"),
        ([{**ORDER, "id": "A-3"}, 7], "BadRequestProblem"),
        ([{**ORDER, "id": "A-3", "type": "io.oms.mine.v1"}], "InvalidProblem"),
    ):
        refused = graphql.data(PUBLISH, {"events": wrong})["publishEvents"]
        assert refused["__typename"] == kind
    assert not Event.objects.filter(id="A-3").exists()


def test_bytes_and_exact_numbers_keep_their_value(graphql: GraphQLClient) -> None:
    data = base64.b64encode(b"\x89PNG").decode()
    graphql.data(PUBLISH, {"events": [{**ORDER, "data_base64": data}]})
    found = graphql.data('{ event(event: "A-1") { data dataBase64 } }')["event"]
    assert found == {"data": None, "dataBase64": data}


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AUDITOR])
def test_who_may_not_publish_changes_nothing(graphql_as: Any, role: Role) -> None:
    before = Event.objects.count()
    refused = graphql_as(role).data(PUBLISH, {"events": [ORDER]})["publishEvents"]
    assert refused == {"__typename": "PermissionDeniedProblem", "code": "permission_denied"}
    assert Event.objects.count() == before


def test_a_reader_sees_events_of_what_he_may_read(graphql_as: Any) -> None:
    mine, theirs = happen(1)[0], happen(1, "beta")[0]
    local = graphql_as(Role.VIEWER, "alpha")
    query = "{ events { nodes { ontology type } } }"
    assert local.data(query)["events"]["nodes"] == [
        {"ontology": "alpha", "type": "io.oms.ontology.changed.v1"}
    ]
    assert local.data(f'{{ event(event: "{mine.seq}") {{ ontology }} }}')
    hidden = local.ask(f'{{ event(event: "{theirs.seq}") {{ ontology }} }}')
    assert hidden["errors"][0]["extensions"]["code"] == "event_not_found"
    nobody = graphql_as(None).ask(query)
    assert nobody["data"] is None
    assert nobody["errors"][0]["extensions"]["code"] == "permission_denied"


def test_events_come_in_pages_newest_first_and_go_on_oldest_first(graphql: GraphQLClient) -> None:
    rows = happen(5)
    query = """query($after: String) { events(first: 2, after: $after,
      filter: {types: ["io.oms.ontology.*"]}) { nodes { eventId }
      pageInfo { hasNextPage endCursor } } }"""
    seen: list[str] = []
    after = None
    while True:
        page = graphql.data(query, {"after": after})["events"]
        seen += [node["eventId"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == [row.id for row in reversed(rows)]
    going = "query($s: Long!) { eventsAfter(sequence: $s, limit: 2) { nodes { eventId } next } }"
    first = graphql.data(going, {"s": rows[1].seq})["eventsAfter"]
    assert [node["eventId"] for node in first["nodes"]] == [rows[2].id, rows[3].id]
    second = graphql.data(going, {"s": first["next"]})["eventsAfter"]
    assert [node["eventId"] for node in second["nodes"]] == [rows[4].id]
    third = graphql.data(going, {"s": second["next"]})["eventsAfter"]
    assert third == {"nodes": [], "next": second["next"]}


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ('{ontologies: ["beta"]}', ["beta"]),
        ("{expression: \"event.ontology == 'beta'\"}", ["beta"]),
        ('{key: "other"}', ["beta"]),
        ('{text: "BETA"}', ["beta"]),
        ('{types: ["com.*"]}', []),
        ('{since: "2999-01-01T00:00:00Z"}', []),
        ('{ontologies: ["alpha", "beta"], until: "2999-01-01T00:00:00Z"}', ["beta", "alpha"]),
    ],
)
def test_events_are_filtered(graphql: GraphQLClient, asked: str, wanted: list[str]) -> None:
    happen(1)
    happen(1, "beta", key="other")
    found = graphql.data(f"{{ events(filter: {asked}) {{ nodes {{ ontology }} }} }}")
    assert [node["ontology"] for node in found["events"]["nodes"]] == wanted


@pytest.mark.parametrize("asked", ['{expression: "event."}', f'{{branches: ["{"x" * 301}"]}}'])
def test_a_filter_that_cannot_be_used_is_refused(graphql: GraphQLClient, asked: str) -> None:
    answer = graphql.ask(f"{{ events(filter: {asked}) {{ nodes {{ id }} }} }}")
    assert answer["errors"][0]["extensions"]["code"] == "bad_filter"


def test_types_and_their_schemas(graphql_as: Any) -> None:
    client = graphql_as(None)
    found = client.data("{ eventTypes { type title needs schemaUrl } }")["eventTypes"]
    assert [one["type"] for one in found] == list(EVENT_TYPES)
    name = found[0]["type"]
    one = client.data(f'{{ eventType(type: "{name}") {{ type title needs schemaUrl schema }} }}')
    schema = one["eventType"].pop("schema")
    assert one["eventType"] == found[0]
    assert schema["$id"] == found[0]["schemaUrl"]
    missing = client.ask('{ eventType(type: "no") { type } }')
    assert missing["errors"][0]["extensions"]["code"] == "event_type_not_found"


# -- operations ------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.EDITOR, Role.AUDITOR])
@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_who_does_not_run_events_sees_nothing_of_how_they_go(
    graphql_as: Any, name: str, role: Role
) -> None:
    answer = graphql_as(role).ask(f"{{ {OPERATIONS[name]} }}")
    assert answer["data"] is None
    assert answer["errors"][0]["extensions"]["code"] == "permission_denied"


def test_where_an_event_would_go_and_what_waits(graphql: GraphQLClient) -> None:
    made = graphql.data(
        """mutation { createRoutingRule(input: {name: "commits", sink: TASK, target: "some.task",
             ontologies: ["alpha"]}) { ... on RoutingRule { ruleId } } }"""
    )["createRoutingRule"]
    row = happen(1)[0]
    lane = f"task:{made['ruleId']}"
    Pending.objects.create(lane=lane, key="k", seq=row.seq)
    found = graphql.data(
        f"""{{ lanesOfEvent(event: "{row.seq}") {{ lane name }}
            eventLanes {{ lane name waiting failing error }}
            streams {{ name messages lastSequence consumers {{ name lag durable }} }} }}"""
    )
    assert found["lanesOfEvent"] == [{"lane": lane, "name": "commits"}]
    assert {"lane": lane, "name": "commits", "waiting": 1, "failing": 0, "error": ""} in found[
        "eventLanes"
    ]
    (outbox_,) = found["streams"]
    assert (outbox_["name"], outbox_["messages"]) == ("outbox", Event.objects.count())
    assert outbox_["lastSequence"] == row.seq
    assert {"name": lane, "lag": 1, "durable": True} in outbox_["consumers"]
    none = graphql.ask('{ streamMessages(stream: "x") { next } }')
    assert none["errors"][0]["extensions"]["code"] == "no_stream_server"
    refused = graphql.data(
        "mutation { replayStreams(fromSequence: 1) { __typename ... on Problem { code } } }"
    )["replayStreams"]
    assert refused == {"__typename": "ConflictProblem", "code": "no_stream_server"}


def test_what_is_in_quarantine_is_sent_again_or_dropped(
    graphql: GraphQLClient, graphql_as: Any
) -> None:
    rows = happen(2)
    entries = [
        Quarantined.objects.create(lane="stream", key="k", seq=row.seq, error="big", failures=5)
        for row in rows
    ]
    found = graphql.data(
        """{ eventQuarantine { id lane name key sequence error failures at
             event { eventId } } }"""
    )["eventQuarantine"]
    assert [one["id"] for one in found] == [str(entry.pk) for entry in reversed(entries)]
    assert found[0]["event"] == {"eventId": rows[1].id}
    assert (found[0]["error"], found[0]["failures"], found[0]["name"]) == ("big", 5, "stream")
    release = """mutation($id: ID!, $drop: Boolean! = false) { releaseQuarantined(id: $id, drop: $drop)
      { __typename ... on Problem { code } } }"""
    viewer = graphql_as(Role.VIEWER)
    refused = viewer.data(release, {"id": found[0]["id"]})["releaseQuarantined"]
    assert refused == {"__typename": "PermissionDeniedProblem", "code": "permission_denied"}
    assert Quarantined.objects.count() == 2
    Pending.objects.filter(lane="stream").delete()
    graphql.data(release, {"id": found[0]["id"]})
    assert list(Pending.objects.filter(lane="stream").values_list("seq")) == [(rows[1].seq,)]
    done = graphql.data(release, {"id": found[1]["id"], "drop": True})["releaseQuarantined"]
    assert done == {"__typename": "Done"}
    assert Pending.objects.filter(lane="stream").count() == 1
    assert not Quarantined.objects.exists()
    for missing in (found[0]["id"], "x"):
        gone = graphql.data(release, {"id": missing})["releaseQuarantined"]
        assert gone == {"__typename": "NotFoundProblem", "code": "not_quarantined"}


def test_more_events_take_no_more_queries(graphql: GraphQLClient) -> None:
    rows = happen(100)
    events = f"query($n: Int) {{ events(first: $n) {{ nodes {{ {ATTRIBUTES} }} }} }}"
    quarantine = "{ eventQuarantine { id name sequence event { eventId type } } }"
    counts, lists = [], []
    for size in (10, 100):
        have = Quarantined.objects.count()
        Quarantined.objects.bulk_create(
            Quarantined(lane="stream", key="k", seq=row.seq, error="big", failures=5)
            for row in rows[have:size]
        )
        graphql.data(events, {"n": size})
        with CaptureQueriesContext(connection) as queries:
            found = graphql.data(events, {"n": size})["events"]["nodes"]
        assert len(found) == size
        counts.append(len(queries))
        with CaptureQueriesContext(connection) as queries:
            listed = graphql.data(quarantine)["eventQuarantine"]
        assert len([one for one in listed if one["event"]]) == size
        lists.append(len(queries))
    assert counts[0] == counts[1]
    assert lists[0] == lists[1]
