"""Objects and links over GraphQL: read one by one, in lists, by their ids, in pages."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oms_project.core.canonical_json import loads
from ontology import selectors, services
from ontology.domain.query import MEASURES, OPERATORS
from ontology.graphql.filters import FilterOperator, MeasureFunction
from tests.integration.graphql.conftest import GraphQLClient
from tests.integration.instances.conftest import NAME, Commit, delete, link, thing, update

pytestmark = [pytest.mark.django_db, pytest.mark.data]

NAMES = """query($type: String!, $filter: JSON, $where: FilterInput, $orderBy: [SortInput!],
  $subtypes: Boolean! = true, $includeDeleted: Boolean! = false, $asOf: String! = "",
  $ref: String! = "", $first: Int, $after: String) { ontology(name: "people") {
  objects(type: $type, filter: $filter, where: $where, orderBy: $orderBy, subtypes: $subtypes,
    includeDeleted: $includeDeleted, asOf: $asOf, ref: $ref, first: $first, after: $after) {
    totalCount nodes { objectId } pageInfo { hasNextPage endCursor } } } }"""


def listed(graphql: GraphQLClient, **variables: Any) -> tuple[list[str], int]:
    """``objectId``s, and how many there are in all."""
    found = graphql.data(NAMES, variables)["ontology"]["objects"]
    return [node["objectId"] for node in found["nodes"]], found["totalCount"]


def code_of(answer: dict[str, Any]) -> str:
    """The code of the one error of an answer."""
    assert len(answer["errors"]) == 1, answer
    return str(answer["errors"][0]["extensions"]["code"])


def test_an_object_is_read(graphql: GraphQLClient, staff: None) -> None:
    found = graphql.data(
        """{ ontology(name: "people") { object(target: "Person/ann") {
           rid objectId type title etag deleted values json masked redacted iri commitId
           createdAt updatedBy createdByUsername definition { target }
           age: value(name: "age") home: value(name: "home") none: value(name: "fax")
           system: value(name: "_type") } } }"""
    )["ontology"]["object"]
    view = selectors.get_document(ontology=NAME, target="Person/ann")
    assert found["rid"] == view.rid
    assert (found["objectId"], found["type"], found["title"]) == ("Person/ann", "Person", "Ann Lee")
    assert (found["etag"], found["deleted"]) == (view.etag, False)
    assert found["values"] == {
        name: value for name, value in loads(view.json).items() if name[0] not in "_@r"
    }
    assert found["json"] == {"_etag": view.etag, **loads(view.json)}
    assert (found["masked"], found["redacted"], found["iri"]) == ([], [], None)
    assert found["commitId"] == selectors.get_branch(ontology=NAME).head
    assert found["createdAt"] == found["json"]["_created_at"]
    assert found["updatedBy"] == found["json"]["_updated_by"]
    assert found["createdByUsername"] == "system"
    assert found["definition"] == {"target": "ObjectType/Person"}
    assert (found["age"], found["home"], found["none"]) == (34, {"city": "Seoul"}, None)
    assert found["system"] is None


def test_a_link_is_read_with_its_ends(graphql: GraphQLClient, staff: None) -> None:
    found = graphql.data(
        """{ ontology(name: "people") { links(type: "worksFor", where: {property: "since",
           op: EQ, value: "2020-01-01"}) { totalCount nodes { linkId rid type values sourceId
           targetId source { title } target { title links { nodes { direction object { objectId
           } } } } } } } }"""
    )["ontology"]["links"]
    assert found["totalCount"] == 1
    (one,) = found["nodes"]
    assert (one["linkId"], one["type"]) == (f"worksFor/{one['rid']}", "worksFor")
    assert one["values"] == {"since": "2020-01-01"}
    assert (one["sourceId"], one["targetId"]) == ("Person/ann", "Company/acme")
    assert (one["source"], one["target"]["title"]) == ({"title": "Ann Lee"}, "Acme Ltd")
    beyond = [
        (node["direction"], node["object"]["objectId"]) for node in one["target"]["links"]["nodes"]
    ]
    assert sorted(beyond) == [("INCOMING", "Person/ann"), ("INCOMING", "Person/bob")]


@pytest.mark.parametrize(
    ("field", "target"),
    [
        ("object", "Person/nobody"),
        ("link", "Person/ann"),
        ("object", "ObjectType/Person"),
        ("instance", "ObjectType/Person"),
        ("object", "worksFor"),
    ],
)
def test_what_is_not_there_is_said(
    graphql: GraphQLClient, staff: None, field: str, target: str
) -> None:
    answer = graphql.ask(
        f'query($t: String!) {{ ontology(name: "people") {{ {field}(target: $t) {{ rid }} }} }}',
        {"t": target},
    )
    assert code_of(answer) == "document_not_found"
    assert answer["data"] == {"ontology": {field: None}}


@pytest.mark.parametrize(
    "place",
    [
        'object(target: "Person/\\u0000") { rid }',
        'objects(type: "Per\\u0000son") { nodes { rid } }',
        'objects(type: "Person", where: {property: "name", value: "\\u0000"}) { nodes { rid } }',
        'objects(type: "Person", where: {property: "na\\u0000me", value: "x"}) { nodes { rid } }',
        'objects(type: "Person", orderBy: {property: "\\u0000"}) { nodes { rid } }',
        'objects(type: "Person", ref: "\\u0000") { nodes { rid } }',
        'object(target: "Person/ann") { links(link: "\\u0000") { nodes { direction } } }',
        'traverse(target: "Person/ann", links: ["\\u0000"]) { commitId }',
        'search(text: "\\u0000") { nodes { score } }',
        'search(text: "ann", type: "\\u0000") { nodes { score } }',
        'aggregateObjects(type: "Person", by: ["\\u0000"]) { commitId }',
        'blame(target: "\\u0000") { commitId }',
        'compare(target: "\\u0000") { differs }',
        'action(name: "\\u0000") { rid }',
        'unload(type: "\\u0000") { url }',
    ],
)
def test_a_text_that_no_database_holds_is_no_failure(
    graphql: GraphQLClient, staff: None, place: str
) -> None:
    answer = graphql.ask(f'{{ ontology(name: "people") {{ {place} }} }}')
    codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
    assert codes <= {
        "bad_fields",
        "bad_filter",
        "bad_group",
        "bad_parameter",
        "bad_sort",
        "type_not_found",
        "document_not_found",
        "action_not_found",
        "ref_not_found",
        "bad_ref",
    }


def test_lists_are_filtered_sorted_and_counted(
    graphql: GraphQLClient, staff: None, commit: Commit
) -> None:
    everybody = ["Person/ann", "Person/bob", "Person/cho"]
    assert listed(graphql, type="Person") == (everybody, 3)
    assert listed(graphql, type="Party", first=2) == (["Company/acme", "Company/bolt"], 5)
    assert listed(graphql, type="Party", subtypes=False) == ([], 0)
    order = [{"property": "age", "descending": True}]
    assert listed(graphql, type="Person", orderBy=order)[0] == [
        "Person/bob",
        "Person/ann",
        "Person/cho",
    ]
    as_json = {"property": "age", "op": "lt", "value": 40}
    assert listed(graphql, type="Person", filter=as_json) == (["Person/ann", "Person/cho"], 2)
    both = {
        "or": [
            {"property": "grade", "value": "A"},
            {"not": {"property": "age", "op": "LT", "value": 50}},
        ]
    }
    assert listed(graphql, type="Person", where=both) == (["Person/ann", "Person/bob"], 2)
    assert listed(graphql, type="Person", where=both, filter=as_json) == (["Person/ann"], 1)
    far = {
        "link": "worksFor",
        "direction": "OUTGOING",
        "where": {"property": "country", "op": "IN", "value": ["GB", "FR"]},
    }
    assert listed(graphql, type="Person", where=far) == (["Person/ann", "Person/bob"], 2)
    assert listed(
        graphql, type="Person", where={"property": "employer.country", "value": "DE"}
    ) == (
        ["Person/cho"],
        1,
    )
    commit(delete("Person/cho"))
    assert listed(graphql, type="Person") == (["Person/ann", "Person/bob"], 2)
    assert listed(graphql, type="Person", includeDeleted=True) == (everybody, 3)


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"type": "Nobody"}, "type_not_found"),
        ({"type": "worksFor"}, "type_not_found"),
        ({"type": "Person", "filter": {"property": "height", "value": 1}}, "bad_filter"),
        ({"type": "Person", "filter": [1]}, "bad_filter"),
        ({"type": "Person", "where": {}}, "bad_filter"),
        ({"type": "Person", "where": {"and": []}}, "bad_filter"),
        ({"type": "Person", "where": {"property": "age", "or": []}}, "bad_filter"),
        ({"type": "Person", "where": {"property": "age", "value": None}}, "bad_filter"),
        ({"type": "Person", "orderBy": [{"property": "home"}]}, "bad_sort"),
        ({"type": "Person", "orderBy": [{"property": "age"}] * 6}, "bad_sort"),
        ({"type": "Person", "after": "xyz"}, "bad_cursor"),
        ({"type": "Person", "first": 0}, "bad_limit"),
        ({"type": "Person", "ref": "nowhere"}, "ref_not_found"),
        ({"type": "Person", "asOf": "yesterday"}, "bad_as_of"),
    ],
)
def test_a_question_that_cannot_be_answered_says_why(
    graphql: GraphQLClient, staff: None, variables: dict[str, Any], code: str
) -> None:
    assert code_of(graphql.ask(NAMES, variables)) == code


def test_a_filter_is_nested_only_so_deep(graphql: GraphQLClient, staff: None) -> None:
    deep: dict[str, Any] = {"property": "age", "value": 34}
    for _ in range(9):
        deep = {"not": deep}
    assert listed(graphql, type="Person", where=deep)[1] == 2
    assert code_of(graphql.ask(NAMES, {"type": "Person", "where": {"not": deep}})) == "bad_filter"


def test_operators_and_measures_are_those_of_the_domain() -> None:
    assert tuple(one.value for one in FilterOperator) == OPERATORS
    assert tuple(one.value for one in MeasureFunction) == MEASURES


def test_only_some_values(graphql: GraphQLClient, staff: None) -> None:
    found = graphql.data(
        """{ ontology(name: "people") { objects(type: "Person", first: 1, fields: ["Age"]) {
           nodes { objectId values json } } } }"""
    )["ontology"]["objects"]["nodes"]
    assert found[0]["values"] == {"age": 34}
    assert "name" not in found[0]["json"]


def test_pages_stay_on_one_commit_while_others_write(
    graphql: GraphQLClient, staff: None, commit: Commit
) -> None:
    first = graphql.data(NAMES, {"type": "Person", "first": 2})["ontology"]["objects"]
    assert [node["objectId"] for node in first["nodes"]] == ["Person/ann", "Person/bob"]
    commit(thing("Person", code="bea"), thing("Person", code="ben"), delete("Person/cho"))
    second = graphql.data(
        """query($after: String) { ontology(name: "people") { objects(type: "Person",
           after: $after) { totalCount nodes { objectId deleted links { nodes { object {
           objectId } } } } pageInfo { hasNextPage } } } }""",
        {"after": first["pageInfo"]["endCursor"]},
    )["ontology"]["objects"]
    beyond = [{"object": {"objectId": "Company/bolt"}}]
    assert second["nodes"] == [
        {"objectId": "Person/cho", "deleted": False, "links": {"nodes": beyond}}
    ]
    assert (second["totalCount"], second["pageInfo"]) == (3, {"hasNextPage": False})
    assert listed(graphql, type="Person")[1] == 4


def test_links_in_pages_stay_on_the_commit_of_their_object(
    graphql: GraphQLClient, staff: None, commit: Commit
) -> None:
    query = """query($after: String) { ontology(name: "people") { object(target: "Company/acme") {
      links(first: 1, after: $after) { nodes { object { objectId } }
      pageInfo { hasNextPage endCursor } } } } }"""
    first = graphql.data(query)["ontology"]["object"]["links"]
    assert first["pageInfo"]["hasNextPage"] is True
    commit(
        delete("Person/bob"),
        delete("Person/ann"),
        thing("Person", code="dan"),
        link("worksFor", "Person/dan", "Company/acme"),
    )
    second = graphql.data(query, {"after": first["pageInfo"]["endCursor"]})
    rest = second["ontology"]["object"]["links"]
    assert rest["pageInfo"]["hasNextPage"] is False
    assert sorted(node["object"]["objectId"] for node in first["nodes"] + rest["nodes"]) == [
        "Person/ann",
        "Person/bob",
    ]


def test_an_id_finds_the_object_again_on_its_branch(
    graphql: GraphQLClient, staff: None, commit: Commit
) -> None:
    services.create_branch(ontology=NAME, name="draft")
    commit(update("Person/ann", age=35), branch="draft")
    query = """query($ref: String! = "") { ontology(name: "people") {
      object(target: "Person/ann", ref: $ref) { id } } }"""
    ids = {
        ref: graphql.data(query, {"ref": ref})["ontology"]["object"]["id"]
        for ref in ("", "main", "draft")
    }
    assert ids[""] == ids["main"] != ids["draft"]
    ages = graphql.data(
        """query($ids: [ID!]!) { nodes(ids: $ids) { __typename ... on Object { value(name: "age")
           } } }""",
        {"ids": [ids[""], ids["draft"]]},
    )["nodes"]
    assert ages == [{"__typename": "Object", "value": 34}, {"__typename": "Object", "value": 35}]


NESTED = """query($n: Int) { ontology(name: "people") { objects(type: "Person", first: $n) {
  totalCount nodes { objectId title values createdAt definition { target }
  links(link: "worksFor", first: 2) { nodes { link { values source { title } } object { title
  links(link: "worksFor", direction: INCOMING, first: 3) { totalCount nodes { object { title
  links(first: 1) { nodes { object { title } } } } } } } } } } } } }"""


def test_more_objects_take_no_more_queries(
    graphql: GraphQLClient, staff: None, commit: Commit
) -> None:
    codes = [f"p{number:03}" for number in range(100)]
    commit(
        *(thing("Company", code=f"c{code}", name=code) for code in codes),
        *(thing("Person", code=code, name=code) for code in codes),
        *(link("worksFor", f"Person/{code}", f"Company/c{code}") for code in codes),
    )
    counts = []
    for size in (10, 100):
        graphql.data(NESTED, {"n": size})
        with CaptureQueriesContext(connection) as queries:
            found = graphql.data(NESTED, {"n": size})["ontology"]["objects"]
        assert len(found["nodes"]) == size
        assert found["totalCount"] == 103
        third = found["nodes"][-1]["links"]["nodes"][0]["object"]["links"]["nodes"][0]
        assert found["nodes"][0]["links"]["nodes"][0]["object"]["links"]["totalCount"] == 2
        assert third["object"]["links"]["nodes"][0]["object"]["title"]
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_what_can_be_reached(graphql: GraphQLClient, staff: None) -> None:
    query = """query($depth: Int!, $limit: Int!) { ontology(name: "people") {
      traverse(target: "Person/ann", direction: BOTH, depth: $depth, limit: $limit) {
      truncated links { linkId } objects { depth via parent object { objectId rid } } }
      object(target: "Person/ann") { traverse(direction: BOTH, depth: $depth, limit: $limit) {
      objects { object { objectId } } } } } }"""
    found = graphql.data(query, {"depth": 2, "limit": 10})["ontology"]
    reached = found["traverse"]["objects"]
    assert [(one["object"]["objectId"], one["depth"]) for one in reached] == [
        ("Person/ann", 0),
        ("Company/acme", 1),
        ("Person/bob", 2),
    ]
    assert (reached[0]["via"], reached[0]["parent"]) == (None, None)
    assert reached[2]["parent"] == reached[1]["object"]["rid"]
    assert len(found["traverse"]["links"]) == 2
    assert found["traverse"]["truncated"] is False
    assert [one["object"] for one in found["object"]["traverse"]["objects"]] == [
        {"objectId": one["object"]["objectId"]} for one in reached
    ]
    assert graphql.data(query, {"depth": 2, "limit": 1})["ontology"]["traverse"]["truncated"]
    assert (
        code_of(
            graphql.ask(
                query.replace("object(target", "other: object(target"), {"depth": 11, "limit": 1}
            )
        )
        == "bad_depth"
    )


def test_types_are_counted(graphql: GraphQLClient, staff: None) -> None:
    query = """query($empty: Boolean!) { ontology(name: "people") { countsByType(empty: $empty) {
      kind type isAbstract count withSubtypes } } }"""
    found = graphql.data(query, {"empty": False})["ontology"]["countsByType"]
    counts = {one["type"]: (one["kind"], one["count"], one["withSubtypes"]) for one in found}
    assert counts == {
        "Party": ("ObjectType", 0, 5),
        "Person": ("ObjectType", 3, 3),
        "Company": ("ObjectType", 2, 2),
        "worksFor": ("LinkType", 3, 3),
    }
    every = graphql.data(query, {"empty": True})["ontology"]["countsByType"]
    assert {one["type"] for one in every} == {*counts, "owns", "insures"}
