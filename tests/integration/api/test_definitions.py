"""Definitions: one collection per kind, one commit per write."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from ontology.api.addresses import COLLECTIONS
from ontology.api.openapi.examples import EXAMPLES
from ontology.domain.kinds import DEFINITION_KINDS, Kind
from tests.integration.api.conftest import head_of, problem

pytestmark = [pytest.mark.data, pytest.mark.django_db]


def log(client: APIClient, address: str) -> list[str]:
    return [item["message"] for item in client.get(f"{address}/commits").json()["items"]]


def test_a_definition_is_created_read_and_committed_with_a_sentence(
    api: APIClient, fleet: str
) -> None:
    made = api.post(f"{fleet}/object-types", {"apiName": "Airport", "displayName": {"ko": "공항"}})

    assert made.status_code == 201
    assert made["Location"] == f"{fleet}/object-types/Airport"
    assert made["X-OMS-Commit"] == head_of(api, fleet)
    read = api.get(made["Location"])
    assert read.content == made.content
    assert read["ETag"] == made["ETag"]
    body = read.json()
    assert (body["@id"], body["@type"]) == ("ObjectType/Airport", "ObjectType")
    assert body["displayName"] == {"ko": "공항"}
    assert body["_created_by_username"] == "root"
    assert api.get(f"{fleet}/object-types/{body['rid']}").content == read.content
    assert log(api, fleet)[0] == "Create ObjectType/Airport"


@pytest.mark.parametrize("kind", DEFINITION_KINDS)
def test_every_kind_has_its_collection_and_its_example_is_true(
    api: APIClient, fleet: str, kind: Kind
) -> None:
    collection = f"{fleet}/{COLLECTIONS[kind]}"
    for needed in ("Airline", "Person"):
        api.post(f"{fleet}/object-types", {"apiName": needed})
    fields: dict[str, Any] = EXAMPLES[f"{kind.value}Input"]
    fields = {**fields, "apiName": fields["apiName"][:-1] + "z"}

    made = api.post(collection, fields)

    assert made.status_code == 201, made.content
    name = fields["apiName"]
    assert made.json()["@id"] == f"{kind.value}/{name}"
    names = [item["apiName"] for item in api.get(collection).json()["items"]]
    assert name in names
    patched = api.patch(f"{collection}/{name}", EXAMPLES[f"{kind.value}Patch"])
    assert patched.json()["description"] == {"en": "What it means"}
    assert api.get(f"{collection}/{name}/describe").status_code == 200
    history = api.get(f"{collection}/{name}/history").json()
    assert [entry["operation"] for entry in history["items"]] == ["update", "create"]
    assert api.delete(f"{collection}/{name}").status_code == 204
    problem(api.get(f"{collection}/{name}"), 404, "document_not_found")


def test_put_replaces_and_an_answer_can_be_sent_back(api: APIClient, fleet: str) -> None:
    address = f"{fleet}/object-types/Person"
    before = api.get(address).json()

    same = api.put(address, before)
    assert same.status_code == 200
    assert same.json() == before
    assert same["X-OMS-Commit"] == head_of(api, fleet)
    assert log(api, fleet)[0] == "Create LinkType/flies"  # nothing changed, no commit

    replaced = api.put(address, {"apiName": "Person", "displayName": {"en": "Human"}})
    assert replaced.json()["displayName"] == {"en": "Human"}
    assert "properties" not in replaced.json()
    assert replaced.json()["rid"] == before["rid"]
    assert log(api, fleet)[0] == "Replace ObjectType/Person"


def test_patch_merges_objects_and_null_removes(api: APIClient, fleet: str) -> None:
    address = f"{fleet}/object-types/Person"

    answer = api.generic(
        "PATCH",
        address,
        b'{"displayName": {"en": null, "de": "Person"}, "tags": null}',
        content_type="application/merge-patch+json",
    )

    assert answer.status_code == 200, answer.content
    assert answer.json()["displayName"] == {"de": "Person", "ko": "사람"}
    assert "tags" not in answer.json()
    assert len(answer.json()["properties"]) == 2


def test_a_rename_keeps_the_rid_and_the_old_name_as_an_alias(api: APIClient, fleet: str) -> None:
    rid = api.get(f"{fleet}/object-types/Person").json()["rid"]

    renamed = api.post(f"{fleet}/object-types/Person/rename", {"apiName": "Human"})

    assert renamed.status_code == 200
    assert renamed["Location"] == f"{fleet}/object-types/Human"
    assert renamed.json()["rid"] == rid
    assert renamed.json()["aliases"] == ["Person"]
    assert api.get(f"{fleet}/object-types/Person").json()["@id"] == "ObjectType/Human"
    assert api.get(f"{fleet}/object-types/Pilot").json()["parents"] == [rid]
    assert log(api, fleet)[0] == "Rename ObjectType/Person to Human"


def test_a_deleted_definition_is_restored_by_its_rid(api: APIClient, fleet: str) -> None:
    link = api.get(f"{fleet}/link-types/flies").json()
    assert api.delete(f"{fleet}/link-types/flies").status_code == 204
    deleted = api.get(f"{fleet}/link-types/{link['rid']}", {"include_deleted": "true"})
    assert deleted.json()["_deleted"] is True

    restored = api.post(f"{fleet}/link-types/{link['rid']}/restore")

    assert restored.status_code == 200
    assert restored["Location"] == f"{fleet}/link-types/flies"
    assert restored.json()["targets"] == link["targets"]
    assert api.get(f"{fleet}/link-types/flies").status_code == 200


def test_what_is_referred_to_is_not_deleted(api: APIClient, fleet: str) -> None:
    head = head_of(api, fleet)

    body = problem(api.delete(f"{fleet}/object-types/Person"), 422, "invalid_state")

    assert [(error["document"], error["field"]) for error in body["errors"]] == [
        ("ObjectType/Pilot", "/parents/0")
    ]
    assert head_of(api, fleet) == head
    assert api.get(f"{fleet}/object-types/Person").status_code == 200


def test_every_error_of_a_definition_is_listed_and_nothing_changes(
    api: APIClient, fleet: str
) -> None:
    head = head_of(api, fleet)

    answer = api.post(
        f"{fleet}/object-types",
        {"apiName": "Ship", "colour": "red", "properties": [{"apiName": "x", "dataTypes": "s"}]},
    )

    body = problem(answer, 422, "invalid")
    assert {(error["document"], error["field"]) for error in body["errors"]} == {
        ("ObjectType/Ship", "/colour"),
        ("ObjectType/Ship", "/properties/0/dataTypes"),
    }
    assert all(error["rule"] == "shape" and error["message"] for error in body["errors"])
    assert head_of(api, fleet) == head


def test_a_rid_of_another_kind_is_not_in_the_collection(api: APIClient, fleet: str) -> None:
    rid = api.get(f"{fleet}/link-types/flies").json()["rid"]
    head = head_of(api, fleet)

    problem(api.get(f"{fleet}/object-types/{rid}"), 404, "document_not_found")
    problem(api.delete(f"{fleet}/object-types/{rid}"), 404, "document_not_found")
    assert head_of(api, fleet) == head


def test_writes_go_to_the_named_branch_with_the_given_message(api: APIClient, fleet: str) -> None:
    api.post(f"{fleet}/branches", {"name": "draft"})
    head = head_of(api, fleet)

    by_query = api.post(
        f"{fleet}/object-types?branch=draft&message=Airports+at+last", {"apiName": "Airport"}
    )
    by_header = api.patch(
        f"{fleet}/object-types/Airport?branch=draft",
        {"tags": ["place"]},
        headers={"X-Commit-Message": "UTF-8''%EA%B3%B5%ED%95%AD"},
    )

    assert (by_query.status_code, by_header.status_code) == (201, 200)
    messages = api.get(f"{fleet}/commits", {"ref": "draft", "limit": 2}).json()["items"]
    assert [item["message"] for item in messages] == ["공항", "Airports at last"]
    assert head_of(api, fleet) == head
    problem(api.get(f"{fleet}/object-types/Airport"), 404, "document_not_found")


def test_the_header_is_patched(api: APIClient, fleet: str) -> None:
    before = api.get(f"{fleet}/header")

    answer = api.patch(
        f"{fleet}/header",
        {"prefixes": {"geo": "http://www.opengis.net/ont/geosparql#"}},
        headers={"If-Match": before["ETag"]},
    )

    assert answer.status_code == 200, answer.content
    assert answer.json()["prefixes"] == {"geo": "http://www.opengis.net/ont/geosparql#"}
    assert log(api, fleet)[0] == "Update the header"
    stale = api.patch(f"{fleet}/header", {"prefixes": None}, headers={"If-Match": before["ETag"]})
    problem(stale, 412, "precondition_failed")
    assert api.get(f"{fleet}/header").json()["prefixes"] == answer.json()["prefixes"]


def test_numbers_keep_their_value(api: APIClient, fleet: str) -> None:
    raw = (
        b'{"apiName":"Precise","baseType":"decimal",'
        b'"constraints":{"minimum":0.12345678901234567890,"maximum":123456789012345678901234567890}}'
    )
    made = api.generic("POST", f"{fleet}/value-types", raw, content_type="application/json")

    assert made.status_code == 201, made.content
    assert b"0.12345678901234567890" in made.content or b"0.1234567890123456789" in made.content
    assert b"123456789012345678901234567890" in made.content
    commit = api.get(f"{fleet}/commits/{made['X-OMS-Commit']}")
    assert b"123456789012345678901234567890" in commit.content


@pytest.mark.parametrize(
    "name", ["", " ", "9lives", "a b", "ObjectType", "__x", "é", "x" * 201, "x" * 600, "\x00"]
)
def test_a_name_that_is_none_is_refused_with_the_reason(
    api: APIClient, fleet: str, name: str
) -> None:
    head = head_of(api, fleet)

    for answer in (
        api.post(f"{fleet}/enum-types", {"apiName": name}),
        api.put(f"{fleet}/object-types/Person", {"apiName": name}),
    ):
        assert answer.status_code == 422, answer.content
        assert {error["field"] for error in answer.json()["errors"]} == {"/apiName"}
    assert api.post(f"{fleet}/object-types/Person/rename", {"apiName": name}).status_code == 422
    assert head_of(api, fleet) == head
