"""Definitions over GraphQL: read by kind, described, related; one query however many there are."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oms_project.identity.contract import Role
from ontology import selectors, services
from ontology.contract import Change
from tests.integration.graphql.conftest import GraphQLClient

pytestmark = [pytest.mark.django_db, pytest.mark.data]


def create(kind: str, **fields: Any) -> Change:
    return Change(op="create", kind=kind, fields=fields)


def commit(*changes: Change, branch: str = "", message: str = "Work") -> str:
    return services.commit_changes(
        ontology="fleet", branch=branch, changes=list(changes), message=message
    ).head


@pytest.fixture
def fleet(as_system: None) -> str:
    services.create_ontology(name="fleet", base_iri="https://example.org/fleet/")
    commit(
        create("EnumType", apiName="Color", members=[{"code": "RED", "label": {"ko": "빨강"}}]),
        create("ValueType", apiName="Plate", baseType="string", constraints={"maxLength": 9}),
        create("SharedProperty", apiName="note", dataTypes=["string"], unit="words"),
        create(
            "Interface", apiName="Named", properties=[{"apiName": "title", "dataTypes": ["string"]}]
        ),
        create("StructType", apiName="Place", fields=[{"apiName": "x", "dataTypes": ["integer"]}]),
        create("ObjectType", apiName="Thing", tags=["root"]),
        create(
            "ObjectType",
            apiName="Vehicle",
            displayName={"en": "Vehicle", "ko": "차량"},
            description={"en": "What drives."},
            parents=["Thing"],
            interfaces=["Named"],
            primaryKey=["plate"],
            properties=[
                {
                    "apiName": "plate",
                    "dataTypes": ["Plate"],
                    "required": True,
                    "sensitivity": "restricted",
                },
                {"apiName": "color", "dataTypes": ["Color"], "array": {"maxItems": 2}},
                {"apiName": "remark", "sharedProperty": "note"},
                {"apiName": "title", "dataTypes": ["string"]},
            ],
        ),
        create("ObjectType", apiName="Person"),
        create(
            "LinkType",
            apiName="drives",
            sources=["Person"],
            targets=["Vehicle"],
            targetCardinality={"min": 0, "max": 3},
        ),
        create(
            "ActionType",
            apiName="paint",
            parameters=[
                {"apiName": "what", "objectType": "Vehicle"},
                {"apiName": "color", "dataTypes": ["Color"]},
            ],
            rules=[
                {
                    "name": "set",
                    "op": "modify",
                    "target": "what",
                    "values": {"color": {"parameter": "color"}},
                }
            ],
        ),
        message="Begin",
    )
    return "fleet"


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


def test_a_description_is_all_that_holds(graphql: GraphQLClient, fleet: str) -> None:
    found = graphql.data(
        """{ ontology(name: "fleet") { describe(target: "ObjectType/Vehicle") {
             definition { apiName } descendantsCount
             ancestors { target definition { apiName } } children { target }
             implements { target } usedBy { target role definition { kind } }
             properties { name dataTypes required inheritedFrom sharedProperty label array unit }
             linksIn { target direction others min max inheritedFrom } linksOut { target } } } }"""
    )["ontology"]["describe"]
    properties = {one.pop("name"): one for one in found.pop("properties")}
    assert found == {
        "definition": {"apiName": "Vehicle"},
        "descendantsCount": 0,
        "ancestors": [{"target": "ObjectType/Thing", "definition": {"apiName": "Thing"}}],
        "children": [],
        "implements": [{"target": "Interface/Named"}],
        "usedBy": [
            {
                "target": "ActionType/paint",
                "role": "parameters",
                "definition": {"kind": "ActionType"},
            },
            {"target": "LinkType/drives", "role": "targets", "definition": {"kind": "LinkType"}},
        ],
        "linksIn": [
            {
                "target": "LinkType/drives",
                "direction": "incoming",
                "others": ["ObjectType/Person"],
                "min": None,
                "max": None,
                "inheritedFrom": None,
            }
        ],
        "linksOut": [],
    }
    assert properties["plate"]["dataTypes"] == ["ValueType/Plate"]
    assert properties["remark"]["sharedProperty"] == "SharedProperty/note"
    assert properties["remark"]["unit"] == "words"
    assert properties["color"]["array"] == {"maxItems": 2}


def test_hierarchies_counts_and_names(graphql: GraphQLClient, fleet: str) -> None:
    found = graphql.data(
        """{ ontology(name: "fleet") {
             hierarchy { roots { name isAbstract children { name label parents } }
                         nodes { target } }
             statistics { kind count }
             suggestions(text: "ve", kinds: ["ObjectType", "LinkType"]) { target } } }"""
    )["ontology"]
    thing = selectors.get_document(ontology="fleet", target="ObjectType/Thing").rid
    assert found["hierarchy"] == {
        "roots": [
            {"name": "Person", "isAbstract": False, "children": []},
            {
                "name": "Thing",
                "isAbstract": False,
                "children": [{"name": "Vehicle", "label": "Vehicle", "parents": [thing]}],
            },
        ],
        "nodes": [
            {"target": "ObjectType/Person"},
            {"target": "ObjectType/Thing"},
            {"target": "ObjectType/Vehicle"},
        ],
    }
    assert {one["kind"]: one["count"] for one in found["statistics"]} == {
        "ActionType": 1,
        "EnumType": 1,
        "Interface": 1,
        "LinkType": 1,
        "ObjectType": 3,
        "Ontology": 1,
        "SharedProperty": 1,
        "StructType": 1,
        "ValueType": 1,
    }
    assert found["suggestions"] == [{"target": "ObjectType/Vehicle"}, {"target": "LinkType/drives"}]


def test_history_tells_each_commit_and_what_it_left(graphql: GraphQLClient, fleet: str) -> None:
    commit(Change(op="update", target="ObjectType/Vehicle", fields={"icon": "car"}), message="Icon")
    commit(Change(op="rename", target="ObjectType/Vehicle", api_name="Car"), message="Rename")
    query = """query($after: String) { ontology(name: "fleet") {
      history(target: "ObjectType/Car", first: 2, after: $after) {
        nodes { operation commit { message }
                document { name definition { ... on ObjectType { icon parents { apiName } } } } }
        pageInfo { endCursor hasNextPage } } } }"""
    first = graphql.data(query)["ontology"]["history"]
    second = graphql.data(query, {"after": first["pageInfo"]["endCursor"]})["ontology"]["history"]
    thing = [{"apiName": "Thing"}]
    assert first["nodes"] + second["nodes"] == [
        {
            "operation": "rename",
            "commit": {"message": "Rename"},
            "document": {"name": "Car", "definition": {"icon": "car", "parents": thing}},
        },
        {
            "operation": "update",
            "commit": {"message": "Icon"},
            "document": {"name": "Vehicle", "definition": {"icon": "car", "parents": thing}},
        },
        {
            "operation": "create",
            "commit": {"message": "Begin"},
            "document": {"name": "Vehicle", "definition": {"icon": None, "parents": thing}},
        },
    ]
    assert second["pageInfo"]["hasNextPage"] is False


def queries_of(graphql: GraphQLClient, query: str, size: int) -> int:
    graphql.data(query, {"n": size})
    with CaptureQueriesContext(connection) as queries:
        graphql.data(query, {"n": size})
    return len(queries)


def test_more_definitions_take_no_more_queries(graphql: GraphQLClient, fleet: str) -> None:
    commit(
        *(create("EnumType", apiName=f"Enum{number:03}") for number in range(100)),
        *(create("SharedProperty", apiName=f"shared{number:03}") for number in range(100)),
        *(create("Interface", apiName=f"Face{number:03}") for number in range(100)),
        *(
            create(
                "ObjectType",
                apiName=f"Type{number:03}",
                parents=[f"Type{number - 1:03}"] if number else [],
                interfaces=[f"Face{number:03}"],
                properties=[
                    {"apiName": f"a{number}", "dataTypes": [f"Enum{number:03}"]},
                    {"apiName": f"b{number}", "sharedProperty": f"shared{number:03}"},
                ],
            )
            for number in range(100)
        ),
    )
    query = """query($n: Int) { ontology(name: "fleet") {
      objectTypes(first: $n, filter: {text: "Type"}) { nodes {
        apiName createdAt parents { apiName interfaces { apiName } parents { apiName } }
        interfaces { apiName }
        properties { apiName dataTypes { text definition { apiName } }
                     sharedProperty { apiName } } } } } }"""
    assert queries_of(graphql, query, 10) == queries_of(graphql, query, 100)
    found = graphql.data(query, {"n": 100})["ontology"]["objectTypes"]["nodes"]
    assert len(found) == 100
    assert found[99]["properties"][0]["dataTypes"][0]["definition"] == {"apiName": "Enum099"}
    assert found[99]["parents"][0]["interfaces"] == [{"apiName": "Face098"}]


def test_more_revisions_take_no_more_queries(graphql: GraphQLClient, fleet: str) -> None:
    for number in range(30):
        commit(Change(op="update", target="ObjectType/Vehicle", fields={"icon": f"icon-{number}"}))
    query = """query($n: Int) { ontology(name: "fleet") {
      history(target: "ObjectType/Vehicle", first: $n) { nodes {
        commit { message } document { definition { id ... on ObjectType { parents { apiName } } } }
      } } } }"""
    assert queries_of(graphql, query, 3) == queries_of(graphql, query, 30)
