"""Definitions over GraphQL: described, in hierarchies and histories; one query however many."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ontology import selectors
from ontology.contract import Change
from tests.integration.graphql.conftest import GraphQLClient
from tests.integration.graphql.definitions import commit, create, make_fleet

pytestmark = [pytest.mark.django_db, pytest.mark.data]


@pytest.fixture
def fleet(as_system: None) -> str:
    return make_fleet()


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
