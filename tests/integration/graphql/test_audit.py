"""The audit trail over GraphQL: for auditors, and for nobody else."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.contract import Outcome, Subject, audit_log
from audit.domain.merkle import leaf_hash, verify_consistency, verify_inclusion
from audit.models import Event
from oms_project.core.context import SYSTEM, Source, acting_as, request_scope
from oms_project.identity.contract import Role
from tests.integration.graphql.conftest import GraphQLClient

pytestmark = [pytest.mark.django_db, pytest.mark.data]

EVENT = """id eventId index time action outcome ontology branch commit requestId reason message
  actor { id username kind grant } onBehalfOf { id username } subject { type id name }
  source { door address agent operation } changes data json"""
#: Every read of the trail, and the field that answers.
READS = {
    "auditEvents": "auditEvents { nodes { id } }",
    "auditEvent": 'auditEvent(eventId: "EVENT") { action }',
    "auditProof": 'auditProof(eventId: "EVENT") { leaf }',
    "auditConsistency": "auditConsistency(oldSize: 1) { hashes }",
    "auditState": "auditState { size }",
    "auditExportUrl": "auditExportUrl",
}


def happen(count: int) -> list[str]:
    """Events, in order; their ids."""
    source = Source(door="rest", address="192.0.2.1", agent="curl", operation="PATCH /x")
    with acting_as(SYSTEM), request_scope("request-1", source):
        return [
            audit_log.record(
                "record.changed",
                Subject("user", f"u{number}", f"name {number}"),
                outcome=Outcome.FAILURE if number == 1 else Outcome.SUCCESS,
                ontology="alpha" if number % 2 else "",
                changes={"n": (number, number + 1)},
                data={"n": number},
                message=f"Number {number}.",
            )
            for number in range(count)
        ]


@pytest.fixture
def auditor(graphql_as: Any) -> GraphQLClient:
    client: GraphQLClient = graphql_as(Role.AUDITOR)
    return client


def test_an_event_is_looked_at(auditor: GraphQLClient) -> None:
    ids = happen(3)
    found = auditor.data(f'{{ auditEvent(eventId: "{ids[1]}") {{ {EVENT} }} }}')["auditEvent"]
    row = Event.objects.get(pk=ids[1])
    assert found["json"] == json.loads(row.body)
    assert found["time"] == found["json"]["time"]
    assert {name: found[name] for name in ("action", "outcome", "ontology", "message")} == {
        "action": "record.changed",
        "outcome": "FAILURE",
        "ontology": "alpha",
        "message": "Number 1.",
    }
    assert found["actor"]["kind"] == "system"
    assert found["onBehalfOf"] is None
    assert found["subject"] == {"type": "user", "id": "u1", "name": "name 1"}
    assert found["source"] == {
        "door": "rest", "address": "192.0.2.1", "agent": "curl", "operation": "PATCH /x",
    }  # fmt: skip
    assert (found["changes"], found["data"]) == ({"n": [1, 2]}, {"n": 1})
    again = auditor.data(
        "query($id: ID!) { node(id: $id) { ... on AuditEvent { action index } } }",
        {"id": found["id"]},
    )
    assert again["node"]["action"] == "record.changed"
    missing = auditor.ask('{ auditEvent(eventId: "no") { action } }')
    assert missing["errors"][0]["extensions"]["code"] == "audit_event_not_found"


def test_events_are_searched_page_by_page_and_the_search_is_on_record(
    auditor: GraphQLClient,
) -> None:
    ids = happen(5)
    query = """query($after: String) { auditEvents(first: 2, after: $after,
      filter: {action: "record.changed"}) { nodes { eventId } pageInfo { hasNextPage endCursor } } }"""
    seen: list[str] = []
    after = None
    while True:
        page = auditor.data(query, {"after": after})["auditEvents"]
        seen += [node["eventId"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == ids[::-1]
    read = json.loads(Event.objects.filter(action="audit.read").latest("id").body)
    assert read["actor"]["username"] == "auditor"
    assert read["data"] == {"filters": {"action": "record.changed"}, "found": 1, "more": True}


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ("{outcome: FAILURE}", ["u1"]),
        ('{ontology: "alpha"}', ["u3", "u1"]),
        ('{subject: "user:u2"}', ["u2"]),
        ('{text: "number 3"}', ["u3"]),
        ('{door: "rest", requestId: "request-1", ontology: "alpha", outcome: SUCCESS}', ["u3"]),
        ('{since: "2999-01-01T00:00:00Z"}', []),
        ('{until: "2000-01-01T00:00:00Z"}', []),
    ],
)
def test_events_are_filtered(auditor: GraphQLClient, asked: str, wanted: list[str]) -> None:
    happen(4)
    found = auditor.data(f"{{ auditEvents(filter: {asked}) {{ nodes {{ subject {{ id }} }} }} }}")
    assert [node["subject"]["id"] for node in found["auditEvents"]["nodes"]] == wanted


def test_a_filter_that_is_too_long_is_refused(auditor: GraphQLClient) -> None:
    answer = auditor.ask(
        "query($t: String) { auditEvents(filter: {text: $t}) { nodes { id } } }", {"t": "x" * 501}
    )
    assert answer["errors"][0]["extensions"]["code"] == "bad_filter"
    assert not Event.objects.filter(action="audit.read").exists()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MAINTAINER])
@pytest.mark.parametrize("name", sorted(READS))
def test_who_is_no_auditor_reads_nothing(graphql_as: Any, name: str, role: Role) -> None:
    event = happen(1)[0]
    answer = graphql_as(role).ask(f"{{ {READS[name].replace('EVENT', event)} }}")
    assert answer["data"] is None
    assert answer["errors"][0]["extensions"]["code"] == "permission_denied"
    assert not Event.objects.filter(action__startswith="audit.").exists()
    denied = json.loads(Event.objects.get(action="access.denied").body)
    assert denied["data"]["permission"] == "audit.read"


def test_an_id_of_an_event_opens_nothing_for_others(
    auditor: GraphQLClient, graphql_as: Any
) -> None:
    event = happen(1)[0]
    found = auditor.data(f'{{ auditEvent(eventId: "{event}") {{ id }} }}')["auditEvent"]["id"]
    answer = graphql_as(Role.MAINTAINER).ask(
        "query($id: ID!) { node(id: $id) { ... on AuditEvent { json } } }", {"id": found}
    )
    assert answer["data"] == {"node": None}
    assert answer["errors"][0]["extensions"]["code"] == "permission_denied"


@pytest.mark.parametrize("name", ["writeAuditCheckpoint", "verifyAuditTrail"])
def test_who_is_no_auditor_asks_nothing_of_the_trail(graphql_as: Any, name: str) -> None:
    happen(1)
    answer = graphql_as(Role.MAINTAINER).data(
        f"mutation {{ {name} {{ __typename ... on Problem {{ code }} }} }}"
    )[name]
    assert answer == {"__typename": "PermissionDeniedProblem", "code": "permission_denied"}
    assert not Event.objects.filter(action__startswith="audit.").exists()


def test_an_event_is_proved_and_the_trail_only_grows(auditor: GraphQLClient) -> None:
    event = happen(3)[0]
    checkpoint = """mutation { writeAuditCheckpoint { ... on AuditCheckpoint {
      origin size root time kid note } } }"""
    old = auditor.data(checkpoint)["writeAuditCheckpoint"]
    happen(4)
    new = auditor.data(checkpoint)["writeAuditCheckpoint"]
    assert old["size"] < new["size"]
    proof = auditor.data(
        f"""{{ auditProof(eventId: "{event}") {{
            eventId body index leaf size root hashes checkpoint }} }}"""
    )["auditProof"]
    leaf = leaf_hash(proof["body"].encode())
    assert leaf.hex() == proof["leaf"]
    assert verify_inclusion(
        leaf=leaf,
        index=proof["index"],
        size=proof["size"],
        proof=[bytes.fromhex(one) for one in proof["hashes"]],
        root=bytes.fromhex(proof["root"]),
    )
    grown = auditor.data(
        "query($o: Long!, $n: Long) { auditConsistency(oldSize: $o, size: $n) { hashes size } }",
        {"o": old["size"], "n": new["size"]},
    )["auditConsistency"]
    assert verify_consistency(
        old_size=old["size"],
        old_root=bytes.fromhex(old["root"]),
        size=grown["size"],
        root=bytes.fromhex(new["root"]),
        proof=[bytes.fromhex(one) for one in grown["hashes"]],
    )
    bad = auditor.ask("{ auditConsistency(oldSize: 0) { hashes } }")
    assert bad["errors"][0]["extensions"]["code"] == "bad_tree_size"


def test_the_trail_is_verified_and_its_state_tells(auditor: GraphQLClient) -> None:
    happen(3)
    verify = """mutation($note: String! = "") { verifyAuditTrail(checkpoint: $note) {
      __typename ... on Problem { code } ... on AuditReport {
        intact size events heads found problems { kind message first } checkpointSize } } }"""
    report = auditor.data(verify)["verifyAuditTrail"]
    assert (report["intact"], report["found"], report["problems"]) == (True, 0, [])
    state = auditor.data(
        "{ auditState { size pending head { size note } seals { file } verifiedAt verification } }"
    )["auditState"]
    assert state["size"] == report["size"]
    assert state["head"]["size"] == report["size"]
    assert state["verification"]["intact"] is True
    assert state["verifiedAt"] is not None
    assert state["seals"] == []
    bad = auditor.data(verify, {"note": "x"})["verifyAuditTrail"]
    assert bad == {"__typename": "InvalidProblem", "code": "bad_checkpoint"}


def test_where_the_export_is(auditor: GraphQLClient) -> None:
    url = auditor.data(
        """{ auditExportUrl(format: CSV, filter: {actor: "ann & bob", outcome: DENIED}) }"""
    )["auditExportUrl"]
    parts = urlsplit(url)
    assert parts.path == "/api/v1/audit/export"
    assert parse_qs(parts.query) == {
        "format": ["csv"], "actor": ["ann & bob"], "outcome": ["denied"],
    }  # fmt: skip
    answer = auditor.http.get(f"{parts.path}?{parts.query}", headers=auditor.headers)
    assert answer.status_code == 200


def test_more_events_take_no_more_queries(auditor: GraphQLClient) -> None:
    happen(120)
    query = f"query($n: Int) {{ auditEvents(first: $n) {{ nodes {{ {EVENT} }} }} }}"
    counts = []
    for size in (10, 100):
        auditor.data(query, {"n": size})
        with CaptureQueriesContext(connection) as queries:
            found = auditor.data(query, {"n": size})["auditEvents"]["nodes"]
        assert len(found) == size
        counts.append(len(queries))
    assert counts[0] == counts[1]
