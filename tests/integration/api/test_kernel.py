"""The data kernel over REST: WOQL and native documents, validated, once per key, one commit."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.integration.api.conftest import head_of, problem

pytestmark = [pytest.mark.django_db, pytest.mark.data]

BASE = "/api/v1/kernel"
PILOTS = {
    "@type": "IsA",
    "element": {"@type": "NodeValue", "variable": "a"},
    "type": {"@type": "NodeValue", "node": "Pilot"},
}
NAMES = {
    "@type": "And",
    "and": [
        PILOTS,
        {
            "@type": "Triple",
            "subject": {"@type": "NodeValue", "variable": "a"},
            "predicate": {"@type": "NodeValue", "node": "name"},
            "object": {"@type": "Value", "variable": "n"},
        },
    ],
}


def ask(api: APIClient, query: dict[str, Any], **more: Any) -> Any:
    return api.post(f"{BASE}/query", {"ontology": "fleet", "query": query, **more})


def insert(api: APIClient, *documents: dict[str, Any], **more: Any) -> Any:
    return api.post(f"{BASE}/insert", {"ontology": "fleet", "documents": documents, **more})


def pilot(name: str, **more: Any) -> dict[str, Any]:
    return {"@type": "Pilot", "staffNumber": name, "name": name, **more}


def names(api: APIClient) -> list[str]:
    answer = ask(api, NAMES)
    assert answer.status_code == 200, answer.content
    return sorted(row["n"]["@value"] for row in answer.json()["bindings"])


@pytest.fixture
def named(api: APIClient, fleet: str) -> str:
    made = api.patch(
        f"{fleet}/object-types/Pilot",
        {"properties": [{"apiName": "name", "dataTypes": ["string"]}]},
        content_type="application/merge-patch+json",
    )
    assert made.status_code == 200, made.content
    return fleet


def test_documents_are_inserted_asked_replaced_and_deleted(api: APIClient, named: str) -> None:
    plane = insert(api, {"@type": "Aircraft"}).json()["ids"][0]
    made = insert(api, pilot("Ana", flies=[plane]), message="Ana")
    assert made.status_code == 201, made.content
    ana, head = made.json()["ids"][0], made.json()["commit"]
    assert head == head_of(api, named) == made["X-OMS-Commit"]
    assert names(api) == ["Ana"]
    read = {
        "@type": "ReadDocument",
        "identifier": {"@type": "NodeValue", "node": ana},
        "document": {"@type": "Value", "variable": "d"},
    }
    answer = ask(api, read)
    rid = ana.partition("/")[2]
    document = {"@id": ana, **pilot("Ana", flies=[plane]), "oms_rid": rid}
    assert answer.json() == {
        "variableNames": ["d"],
        "bindings": [{"d": document}],
        "commit": head,
        "inserts": 0,
        "deletes": 0,
    }
    changed = {"@id": ana, **pilot("Ana"), "name": "Bo"}
    update = {"ontology": "fleet", "documents": [changed]}
    replaced = api.put(f"{BASE}/update", update)
    assert replaced.status_code == 200, replaced.content
    assert names(api) == ["Bo"]
    assert ask(api, read).json()["bindings"] == [{"d": {**changed, "oms_rid": rid}}]
    assert ask(api, read, ref=head).json()["bindings"] == [{"d": document}]
    gone = api.delete(f"{BASE}/delete", {"ontology": "fleet", "ids": [ana]})
    assert gone.status_code == 200, gone.content
    assert names(api) == []


def test_a_document_that_is_written_back_as_it_was_read_changes_nothing(
    api: APIClient, named: str
) -> None:
    plane = insert(api, {"@type": "Aircraft"}).json()["ids"][0]
    made = insert(api, pilot("Ana", flies=[plane])).json()
    read = {
        "@type": "ReadDocument",
        "identifier": {"@type": "NodeValue", "node": made["ids"][0]},
        "document": {"@type": "Value", "variable": "d"},
    }
    document = ask(api, read).json()["bindings"][0]["d"]
    answer = api.put(f"{BASE}/update", {"ontology": "fleet", "documents": [document]})
    assert answer.json() == {"ids": made["ids"], "commit": made["commit"]}
    assert head_of(api, named) == made["commit"]


def test_what_a_query_writes_is_one_commit(api: APIClient, named: str) -> None:
    insert(api, pilot("Ana"), pilot("Bo"))
    before = head_of(api, named)
    copy = {
        "@type": "And",
        "and": [
            NAMES,
            {
                "@type": "InsertDocument",
                "document": {
                    "@type": "Value",
                    "dictionary": {
                        "@type": "DictionaryTemplate",
                        "data": [
                            {
                                "@type": "FieldValuePair",
                                "field": "@type",
                                "value": {"@type": "Value", "data": "Pilot"},
                            },
                            {
                                "@type": "FieldValuePair",
                                "field": "name",
                                "value": {"@type": "Value", "variable": "n"},
                            },
                            {
                                "@type": "FieldValuePair",
                                "field": "staffNumber",
                                "value": {"@type": "Value", "variable": "n"},
                            },
                        ],
                    },
                },
                "identifier": {"@type": "NodeValue", "variable": "new"},
            },
            {"@type": "DeleteDocument", "identifier": {"@type": "NodeValue", "variable": "a"}},
        ],
    }
    answer = ask(api, copy, message="Copies")
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert (body["inserts"], body["deletes"]) == (2, 2)
    commit = api.get(f"{named}/commits/{body['commit']}").json()["commit"]
    assert (commit["parents"], commit["message"]) == ([before], "Copies")
    found = ask(api, PILOTS).json()["bindings"]
    assert {row["a"] for row in found} == {row["new"] for row in body["bindings"]}
    assert names(api) == ["Ana", "Bo"]


def test_writes_are_done_once_and_at_the_head_that_was_seen(api: APIClient, named: str) -> None:
    before = head_of(api, named)
    body = {"ontology": "fleet", "documents": [pilot("Ana")]}
    first = api.post(f"{BASE}/insert", body, headers={"Idempotency-Key": "one"})
    again = api.post(f"{BASE}/insert", body, headers={"Idempotency-Key": "one"})
    assert first.json() == again.json()
    assert names(api) == ["Ana"]
    problem(api.post(f"{BASE}/insert", {**body, "expectedHead": before}), 409, "stale_head")
    stale = api.post(f"{BASE}/insert", body, headers={"If-Match": f'"{before}"'})
    problem(stale, 412, "if_match_failed")
    assert names(api) == ["Ana"]


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({"name": "Ana"}, "/0/@type"),
        ({"@type": "Nobody"}, "/0/@type"),
        ({"@type": "Pilot", "nmae": "Ana"}, "/0/nmae"),
        ({"@type": "Pilot", "flies": [{"@type": "Aircraft"}]}, "/0/flies/0"),
        ({"@type": "Pilot", "oms_rid": "5a4c7f7e-2f6a-4d1e-9d1c-3f0f6f5b2a10"}, "/0/oms_rid"),
        ({**pilot("x"), "@id": "Pilot/5a4c7f7e-2f6a-4d1e-9d1c-3f0f6f5b2a10"}, "/0/@id"),
    ],
)
def test_a_document_that_is_not_right_is_refused_with_the_place(
    api: APIClient, named: str, document: dict[str, Any], pointer: str
) -> None:
    before = head_of(api, named)
    body = problem(insert(api, document), 422, "kernel_document")
    assert body["errors"][0]["field"] == pointer
    assert head_of(api, named) == before


def test_values_are_validated_as_in_every_change_set(api: APIClient, named: str) -> None:
    refused = insert(api, {**pilot("x"), "name": 7})
    assert refused.status_code == 422, refused.content
    assert names(api) == []


def test_operators_that_are_not_supported_are_refused_by_name(api: APIClient, named: str) -> None:
    query = {"@type": "And", "and": [PILOTS, {"@type": "AddTriple"}]}
    body = problem(ask(api, query), 422, "woql_unsupported")
    assert body["data"]["operator"] == "AddTriple"
    assert body["errors"][0]["field"] == "/and/1"
    assert "InsertDocument" in body["data"]["supported"]
    wrong = {**PILOTS, "element": {"@type": "NodeValue"}}
    body = problem(ask(api, wrong), 422, "woql_invalid")
    assert body["errors"][0]["field"] == "/element"


def test_who_may_only_read_cannot_write_by_a_query(
    api: APIClient, viewer: APIClient, named: str
) -> None:
    insert(api, pilot("Ana"))
    assert names(viewer) == ["Ana"]
    delete = {
        "@type": "And",
        "and": [
            PILOTS,
            {"@type": "DeleteDocument", "identifier": {"@type": "NodeValue", "variable": "a"}},
        ],
    }
    problem(ask(viewer, delete), 403, "permission_denied")
    problem(insert(viewer, pilot("Bo")), 403, "permission_denied")
    assert names(api) == ["Ana"]


@pytest.mark.parametrize("path", ["health", "health/live", "health/ready"])
def test_health_stands_beside_the_kernel(client: Any, path: str) -> None:
    assert client.get(f"{BASE}/{path}").status_code == 200
