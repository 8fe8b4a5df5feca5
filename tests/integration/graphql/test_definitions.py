"""Definitions over GraphQL: each kind with its fields, and what they refer to."""

from __future__ import annotations

from typing import Any

import pytest

from oms_project.identity.contract import Role
from ontology import selectors, services
from ontology.contract import Change
from tests.integration.graphql.conftest import GraphQLClient
from tests.integration.graphql.definitions import commit, create, make_fleet

pytestmark = [pytest.mark.django_db, pytest.mark.data]


@pytest.fixture
def fleet(as_system: None) -> str:
    return make_fleet()


def test_an_object_type_has_its_parts_and_what_it_refers_to(
    graphql: GraphQLClient, fleet: str
) -> None:
    found = graphql.data(
        """{ ontology(name: "fleet") { definition(target: "ObjectType/Vehicle") {
             __typename apiName kind name target label ko: label(language: "ko") summary status
             deprecated isDeleted createdBy updatedAt
             ... on ObjectType {
               primaryKey isAbstract tags parents { apiName tags } interfaces { apiName }
               properties { apiName required sensitivity array { maxItems }
                 dataTypes { text definition { target } }
                 sharedProperty { apiName unit dataTypeNames } } } } } }"""
    )["ontology"]["definition"]
    properties = {one.pop("apiName"): one for one in found.pop("properties")}
    assert found.pop("updatedAt").endswith("Z")
    assert found == {
        "__typename": "ObjectType",
        "apiName": "Vehicle",
        "kind": "ObjectType",
        "name": "Vehicle",
        "target": "ObjectType/Vehicle",
        "label": "Vehicle",
        "ko": "차량",
        "summary": "What drives.",
        "status": "active",
        "deprecated": False,
        "isDeleted": False,
        "createdBy": "system",
        "primaryKey": ["plate"],
        "isAbstract": False,
        "tags": [],
        "parents": [{"apiName": "Thing", "tags": ["root"]}],
        "interfaces": [{"apiName": "Named"}],
    }
    assert properties["plate"]["required"] is True
    assert properties["plate"]["sensitivity"] == "restricted"
    assert properties["plate"]["dataTypes"][0]["definition"] == {"target": "ValueType/Plate"}
    assert properties["color"]["array"] == {"maxItems": 2}
    assert properties["title"]["dataTypes"] == [{"text": "string", "definition": None}]
    assert properties["remark"]["sharedProperty"] == {
        "apiName": "note",
        "unit": "words",
        "dataTypeNames": ["string"],
    }


def test_every_kind_has_a_list_and_fields_of_its_own(graphql: GraphQLClient, fleet: str) -> None:
    found = graphql.data(
        """{ ontology(name: "fleet") {
             enumTypes { nodes { apiName members { code label(language: "ko") } } }
             valueTypes { nodes { apiName baseType constraints } }
             sharedProperties { nodes { apiName unit } }
             interfaces { nodes { apiName properties { apiName } } }
             structTypes { nodes { apiName fields { apiName dataTypes { text } } } }
             linkTypes { nodes { apiName onDelete sources { apiName } targets { apiName }
               sourceCardinality { max } targetCardinality { min max } inverseOf { apiName } } }
             actionTypes { nodes { apiName revertible
               parameters { apiName objectType { target } dataTypes { definition { apiName } } }
               rules { name op target values } submissionCriteria { name } } }
             resources { nodes { name } }
             objectTypes { nodes { apiName } }
             header { baseIri defaultLanguage compatibility apiName }
           } }"""
    )["ontology"]
    assert found["header"] == {
        "baseIri": "https://example.org/fleet/",
        "defaultLanguage": "en",
        "compatibility": "backward",
        "apiName": None,
    }
    assert {name: one["nodes"] for name, one in found.items() if name != "header"} == {
        "enumTypes": [{"apiName": "Color", "members": [{"code": "RED", "label": "빨강"}]}],
        "valueTypes": [{"apiName": "Plate", "baseType": "string", "constraints": {"maxLength": 9}}],
        "sharedProperties": [{"apiName": "note", "unit": "words"}],
        "interfaces": [{"apiName": "Named", "properties": [{"apiName": "title"}]}],
        "structTypes": [
            {"apiName": "Place", "fields": [{"apiName": "x", "dataTypes": [{"text": "integer"}]}]}
        ],
        "linkTypes": [
            {
                "apiName": "drives",
                "onDelete": "detach",
                "sources": [{"apiName": "Person"}],
                "targets": [{"apiName": "Vehicle"}],
                "sourceCardinality": None,
                "targetCardinality": {"min": 0, "max": 3},
                "inverseOf": None,
            }
        ],
        "actionTypes": [
            {
                "apiName": "paint",
                "revertible": False,
                "parameters": [
                    {
                        "apiName": "what",
                        "objectType": {"target": "ObjectType/Vehicle"},
                        "dataTypes": [],
                    },
                    {
                        "apiName": "color",
                        "objectType": None,
                        "dataTypes": [{"definition": {"apiName": "Color"}}],
                    },
                ],
                "rules": [
                    {
                        "name": "set",
                        "op": "modify",
                        "target": "what",
                        "values": {"color": {"parameter": "color"}},
                    }
                ],
                "submissionCriteria": [],
            }
        ],
        "resources": [],
        "objectTypes": [{"apiName": "Person"}, {"apiName": "Thing"}, {"apiName": "Vehicle"}],
    }


def test_json_is_what_rest_answers(graphql: GraphQLClient, fleet: str) -> None:
    found = graphql.data(
        '{ ontology(name: "fleet") { definition(target: "ObjectType/Vehicle") { json etag } } }'
    )["ontology"]["definition"]
    rest = graphql.http.get(
        "/api/v1/ontologies/fleet/object-types/Vehicle", headers=graphql.headers
    ).json()
    assert found["json"] == rest
    assert found["etag"] == rest["_etag"]


def test_lists_are_filtered(graphql: GraphQLClient, fleet: str) -> None:
    query = """query($f: DefinitionFilter) {
      ontology(name: "fleet") { objectTypes(filter: $f) { nodes { apiName } } } }"""

    def names(**asked: Any) -> list[str]:
        found = graphql.data(query, {"f": asked})["ontology"]["objectTypes"]["nodes"]
        return [one["apiName"] for one in found]

    assert names(text="vehi") == ["Vehicle"]
    assert names(tag="root") == ["Thing"]
    assert names(parent="ObjectType/Thing") == ["Vehicle"]
    assert names(status="deprecated") == []
    commit(
        Change(op="delete", target="LinkType/drives"),
        Change(op="delete", target="ObjectType/Person"),
    )
    assert names() == ["Thing", "Vehicle"]
    assert names(includeDeleted=True) == ["Person", "Thing", "Vehicle"]


def test_what_is_asked_wrongly_is_refused_in_words(graphql: GraphQLClient, fleet: str) -> None:
    def code(selection: str) -> str:
        answer = graphql.ask(f'{{ ontology(name: "fleet") {{ {selection} }} }}')
        return str(answer["errors"][0]["extensions"]["code"])

    assert code('objectTypes(filter: {status: "odd"}) { nodes { rid } }') == "unknown_status"
    assert code('objectTypes(filter: {text: "\\u0000"}) { nodes { rid } }') == "bad_parameter"
    assert code('objectTypes(ref: "\\u0000") { nodes { rid } }') == "bad_parameter"
    assert code('definition(target: "\\u0000") { rid }') == "bad_filter"
    assert code('definitions(kinds: ["Object"]) { nodes { rid } }') == "unknown_kind"
    assert code('definitions(kinds: ["Odd"]) { nodes { rid } }') == "unknown_kind"
    assert code('definition(target: "ObjectType/Nope") { rid }') == "document_not_found"
    assert code('definition(target: "Thing", ref: "nope") { rid }') == "ref_not_found"
    assert code('header(ref: "main", asOf: "yesterday") { rid }') == "bad_as_of"
    assert code('hierarchy(kind: "EnumType") { roots { rid } }') == "no_hierarchy"
    assert code('suggestions(text: "a", limit: 5000) { rid }') == "bad_limit"


def test_a_reader_elsewhere_sees_nothing(graphql_as: Any, fleet: str) -> None:
    services.create_ontology(name="other", base_iri="https://example.org/other/")
    stranger = graphql_as(Role.VIEWER, "other")
    answer = stranger.ask('{ ontology(name: "fleet") { objectTypes { nodes { apiName } } } }')
    assert answer["data"] is None
    assert answer["errors"][0]["extensions"]["code"] in ("ontology_not_found", "permission_denied")


def test_definitions_of_several_kinds_stand_in_one_list(graphql: GraphQLClient, fleet: str) -> None:
    found = graphql.data(
        """{ ontology(name: "fleet") { definitions(kinds: ["EnumType", "LinkType"]) {
             nodes { __typename target ... on LinkType { sources { target } } } } } }"""
    )["ontology"]["definitions"]["nodes"]
    assert found == [
        {"__typename": "EnumType", "target": "EnumType/Color"},
        {
            "__typename": "LinkType",
            "target": "LinkType/drives",
            "sources": [{"target": "ObjectType/Person"}],
        },
    ]


def test_no_kinds_are_all_kinds_of_definitions(graphql: GraphQLClient, fleet: str) -> None:
    commit(Change(op="create", type="Vehicle", fields={"plate": "A1", "title": "Van"}))
    query = """query($k: [String!]) { ontology(name: "fleet") {
      definitions(kinds: $k) { nodes { target } } } }"""
    every = graphql.data(query)
    assert graphql.data(query, {"k": []}) == every
    assert len(every["ontology"]["definitions"]["nodes"]) == 10


def test_a_node_is_found_again_at_the_ref_it_was_read_at(
    graphql: GraphQLClient, fleet: str
) -> None:
    services.create_branch(ontology="fleet", name="work")
    commit(Change(op="update", target="ObjectType/Thing", fields={"icon": "box"}), branch="work")
    found = graphql.data(
        """{ ontology(name: "fleet") { a: definition(target: "ObjectType/Thing") { id }
             b: definition(target: "ObjectType/Thing", ref: "work") { id } } }"""
    )["ontology"]
    query = "query($id: ID!) { node(id: $id) { ... on ObjectType { apiName icon } } }"
    assert [graphql.data(query, {"id": one["id"]})["node"] for one in (found["a"], found["b"])] == [
        {"apiName": "Thing", "icon": None},
        {"apiName": "Thing", "icon": "box"},
    ]


def test_later_pages_are_of_the_first_ones_commit(graphql: GraphQLClient, fleet: str) -> None:
    query = """query($after: String) { ontology(name: "fleet") {
      objectTypes(first: 2, after: $after) {
        nodes { apiName commitId parents { apiName } } pageInfo { endCursor hasNextPage } } } }"""
    before = selectors.resolve_ref(ontology="fleet", ref="main").id
    first = graphql.data(query)["ontology"]["objectTypes"]
    commit(
        create("ObjectType", apiName="Zebra"),
        Change(op="update", target="ObjectType/Vehicle", fields={"parents": ["Zebra"]}),
    )
    second = graphql.data(query, {"after": first["pageInfo"]["endCursor"]})["ontology"][
        "objectTypes"
    ]
    assert [one["apiName"] for one in first["nodes"]] == ["Person", "Thing"]
    assert second == {
        "nodes": [{"apiName": "Vehicle", "commitId": before, "parents": [{"apiName": "Thing"}]}],
        "pageInfo": {"endCursor": second["pageInfo"]["endCursor"], "hasNextPage": False},
    }


def test_documents_are_everything_that_is_stored(graphql: GraphQLClient, fleet: str) -> None:
    commit(
        Change(op="create", type="Vehicle", fields={"plate": "A1", "title": "Van"}),
    )
    found = graphql.data(
        """{ ontology(name: "fleet") {
             documents(kinds: ["Object", "ValueType"], references: "name") {
               nodes { kind target typeName definition { apiName } } }
             document(target: "ObjectType/Vehicle", references: "name") {
               json definition { ... on ObjectType { parents { apiName } } } } } }"""
    )["ontology"]
    assert found["documents"]["nodes"] == [
        {"kind": "Object", "target": "Vehicle/A1", "typeName": "Vehicle", "definition": None},
        {
            "kind": "ValueType",
            "target": "ValueType/Plate",
            "typeName": "",
            "definition": {"apiName": "Plate"},
        },
    ]
    assert found["document"]["json"]["parents"] == ["ObjectType/Thing"]
    assert found["document"]["definition"] == {"parents": [{"apiName": "Thing"}]}
    refused = graphql.ask(
        '{ ontology(name: "fleet") { definition(target: "Vehicle/A1") { rid } } }'
    )
    assert refused["errors"][0]["extensions"]["code"] == "document_not_found"


def test_documents_are_found_by_rid_in_the_order_asked(graphql: GraphQLClient, fleet: str) -> None:
    one = selectors.get_document(ontology="fleet", target="ObjectType/Thing").rid
    two = selectors.get_document(ontology="fleet", target="EnumType/Color").rid
    gone = "00000000-0000-4000-8000-000000000000"
    found = graphql.data(
        """query($rids: [String!]!) { ontology(name: "fleet") {
             documentsByRid(rids: $rids) { name definition { kind } } } }""",
        {"rids": [two, gone, one]},
    )["ontology"]["documentsByRid"]
    assert found == [
        {"name": "Color", "definition": {"kind": "EnumType"}},
        None,
        {"name": "Thing", "definition": {"kind": "ObjectType"}},
    ]
