"""Filters, pages, projections; what a query may not say."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from oms_project.core.cache import product_cache
from tests.integration.api.conftest import head_of, problem

pytestmark = [pytest.mark.data, pytest.mark.django_db]


def names(client: APIClient, address: str, **query: object) -> list[str]:
    answer = client.get(address, query)
    assert answer.status_code == 200, answer.content
    return [item["@id"] for item in answer.json()["items"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["Aircraft", "Person", "Pilot"]),
        ({"text": "사람"}, ["Person"]),
        ({"text": "PER"}, ["Person"]),
        ({"status": "experimental"}, ["Pilot"]),
        ({"status": "active"}, ["Aircraft", "Person"]),
        ({"tag": "people"}, ["Person"]),
        ({"tag": "people", "status": "experimental"}, []),
        ({"parent": "ObjectType/Person"}, ["Pilot"]),
    ],
)
def test_filters_narrow_a_collection(
    api: APIClient, fleet: str, query: dict[str, str], expected: list[str]
) -> None:
    found = names(api, f"{fleet}/object-types", **query)

    assert found == [f"ObjectType/{name}" for name in expected]


def test_documents_of_all_kinds_and_of_some(api: APIClient, fleet: str) -> None:
    every = names(api, f"{fleet}/documents")
    some = names(api, f"{fleet}/documents", kind="LinkType,ObjectType", text="p")

    assert len(every) == 5
    assert set(some) == {"ObjectType/Person", "ObjectType/Pilot"}
    assert names(api, f"{fleet}/objects") == []
    assert names(api, f"{fleet}/resources") == []


def test_pages_are_of_one_commit_even_while_others_write(api: APIClient, fleet: str) -> None:
    head = head_of(api, fleet)
    first = api.get(f"{fleet}/object-types", {"limit": 1}).json()
    api.post(f"{fleet}/object-types", {"apiName": "Airport"})

    seen = [item["apiName"] for item in first["items"]]
    cursor = first["next"]
    while cursor:
        page = api.get(f"{fleet}/object-types", {"limit": 1, "cursor": cursor}).json()
        assert page["commit"] == head
        seen += [item["apiName"] for item in page["items"]]
        cursor = page["next"]

    assert seen == ["Aircraft", "Person", "Pilot"]


def test_a_cursor_of_another_listing_is_refused(api: APIClient, fleet: str) -> None:
    cursor = api.get(f"{fleet}/object-types", {"limit": 1}).json()["next"]

    for address, query in (
        ("object-types", {"status": "active"}),
        ("link-types", {}),
        ("documents", {}),
    ):
        body = problem(
            api.get(f"{fleet}/{address}", {**query, "cursor": cursor}), 400, "bad_cursor"
        )
        assert body["errors"][0]["parameter"] == "cursor"
    for address in ("object-types", "branches", "tags", "commits"):
        problem(api.get(f"{fleet}/{address}", {"cursor": "xyz"}), 400, "bad_cursor")


def test_fields_and_references_shape_what_is_sent(api: APIClient, fleet: str) -> None:
    person = api.get(f"{fleet}/object-types/Person").json()
    item = api.get(f"{fleet}/object-types/Pilot", {"fields": "parents,apiName"}).json()
    listed = api.get(f"{fleet}/object-types", {"fields": ["parents"], "text": "pilot"}).json()
    named = api.get(f"{fleet}/object-types/Pilot", {"references": "name"}).json()

    assert {key: value for key, value in item.items() if not key.startswith("_")} == {
        "@id": "ObjectType/Pilot",
        "@type": "ObjectType",
        "rid": item["rid"],
        "apiName": "Pilot",
        "parents": [person["rid"]],
    }
    assert listed["items"] == [{key: item[key] for key in item if key != "apiName"}]
    assert named["parents"] == ["ObjectType/Person"]


def test_the_past_is_read_by_commit_tag_and_time(api: APIClient, fleet: str) -> None:
    head = head_of(api, fleet)
    time = api.get(f"{fleet}/commits/{head}").json()["commit"]["time"]
    api.post(f"{fleet}/tags", {"name": "v1"})
    api.patch(f"{fleet}/object-types/Person", {"displayName": {"en": "Human"}})

    for ref in (head, head[:10], "v1", f"main@{time}"):
        then = api.get(f"{fleet}/object-types/Person", {"ref": ref}).json()
        assert then["displayName"]["en"] == "Person", ref
    now = api.get(f"{fleet}/object-types/Person").json()
    assert now["displayName"]["en"] == "Human"


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("object-types?limt=5", "limt"),
        ("object-types?limit=0", "limit"),
        ("object-types?limit=1001", "limit"),
        ("object-types?limit=1_0", "limit"),
        ("object-types?limit=5&limit=6", "limit"),
        ("object-types?status=new", "status"),
        ("object-types?include_deleted=yes", "include_deleted"),
        ("object-types?references=both", "references"),
        ("object-types?fields=apiName,colour", "fields"),
        ("object-types?fields=", "fields"),
        ("object-types?text=a%00b", "text"),
        ("object-types/Person?fields=colour", "fields"),
        (f"object-types?ref={'x' * 221}", "ref"),
        ("documents?kind=Thing", "kind"),
        ("hierarchy?kind=EnumType", "kind"),
        ("diff?from=main&too=main", "too"),
        ("branches?ref=main", "ref"),
        ("commits?first_parent=1", "first_parent"),
        ("export?format=docx", "format"),
    ],
)
def test_a_query_that_cannot_be_used_names_the_parameter(
    api: APIClient, fleet: str, path: str, parameter: str
) -> None:
    answer = api.get(f"{fleet}/{path}")

    assert answer.status_code == 400, answer.content
    errors = answer.json()["errors"]
    assert [error["parameter"] for error in errors] == [parameter]
    assert errors[0]["message"]


def test_unknown_refs_and_ontologies_are_404(api: APIClient, fleet: str) -> None:
    for path in ("object-types?ref=nowhere", "refs/nowhere", "commits/abcdef1"):
        assert api.get(f"{fleet}/{path}").status_code == 404
    problem(api.get("/api/v1/ontologies/nothing/object-types"), 404, "ontology_not_found")


def test_the_hierarchy_statistics_names_and_descriptions(api: APIClient, fleet: str) -> None:
    rids = {
        item["apiName"]: item["rid"] for item in api.get(f"{fleet}/object-types").json()["items"]
    }
    hierarchy = api.get(f"{fleet}/hierarchy").json()
    described = api.get(f"{fleet}/object-types/Pilot/describe").json()

    assert set(hierarchy["roots"]) == {rids["Person"], rids["Aircraft"]}
    assert hierarchy["nodes"][rids["Person"]]["children"] == [rids["Pilot"]]
    assert api.get(f"{fleet}/statistics").json()["counts"] == {
        "LinkType": 1,
        "ObjectType": 3,
        "Ontology": 1,
    }
    suggested = api.get(f"{fleet}/names", {"text": "PE"}).json()["items"]
    assert suggested == [
        {
            "rid": rids["Person"],
            "kind": "ObjectType",
            "id": "ObjectType/Person",
            "name": "Person",
            "displayName": {"en": "Person", "ko": "사람"},
            "status": "active",
        }
    ]
    by_rid = api.get(f"{fleet}/names", {"rid": f"{rids['Pilot']},{rids['Person']}"}).json()
    assert [item["name"] for item in by_rid["items"]] == ["Pilot", "Person"]
    assert [part["name"] for part in described["properties"]] == ["birthDate", "staffNumber"]
    assert {part["inheritedFrom"] for part in described["properties"]} == {"ObjectType/Person"}
    assert [link["id"] for link in described["linksOut"]] == ["LinkType/flies"]


def test_a_document_is_found_by_name_rid_and_iri(api: APIClient, fleet: str) -> None:
    iri = "https://example.org/fleet/terms/Airport"
    made = api.post(f"{fleet}/object-types", {"apiName": "Airport", "iri": iri}).json()

    for target in ("ObjectType/Airport", made["rid"], iri, iri.replace("/", "%2F")):
        assert api.get(f"{fleet}/documents/{target}").json() == made, target


def test_a_page_costs_the_same_number_of_queries_whatever_it_holds(
    api: APIClient, fleet: str
) -> None:
    def count(limit: int) -> int:
        product_cache().clear()
        with CaptureQueriesContext(connection) as captured:
            assert api.get(f"{fleet}/object-types", {"limit": limit}).status_code == 200
        return len(captured)

    api.get(f"{fleet}/object-types", {"limit": 1})
    one = count(1)
    changes = [
        {"op": "create", "kind": "ObjectType", "fields": {"apiName": f"Type{n}"}} for n in range(50)
    ]
    api.post(f"{fleet}/changesets", {"changes": changes})
    api.get(f"{fleet}/object-types", {"limit": 1})

    assert count(50) == one
