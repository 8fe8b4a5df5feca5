"""Objects in time over GraphQL: as of a moment, history, blame, comparison."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oms_project.core.clock import frozen_at
from ontology import selectors, services
from tests.integration.graphql.conftest import GraphQLClient
from tests.integration.instances.conftest import (
    NAME,
    Commit,
    definition,
    delete,
    link,
    thing,
    update,
)

pytestmark = [pytest.mark.django_db, pytest.mark.data]

NOON = dt.datetime(2030, 1, 1, 12, tzinfo=dt.UTC)
HISTORY = """query($first: Int, $after: String) { ontology(name: "people") {
  object(target: "Person/ann", includeDeleted: true) { history(first: $first, after: $after) {
  nodes { operation json commit { message } state { deleted value(name: "age")
  ... on Object { objectId } } } pageInfo { hasNextPage endCursor } } } } }"""


@pytest.fixture
def aged(staff: None, commit: Commit) -> dict[str, str]:
    """Ann gets a year older each day at noon, and is deleted on the third; heads by age."""
    heads = {"34": selectors.get_branch(ontology=NAME).head}
    for day in (0, 1):
        with frozen_at(NOON + dt.timedelta(days=day)):
            heads[str(35 + day)] = commit(update("Person/ann", age=35 + day)).head
    with frozen_at(NOON + dt.timedelta(days=2)):
        heads["gone"] = commit(delete("Person/ann")).head
    return heads


def test_a_branch_is_read_as_it_was(graphql: GraphQLClient, aged: dict[str, str]) -> None:
    query = """query($asOf: String!, $ref: String! = "") { ontology(name: "people") {
      objects(type: "Person", asOf: $asOf, ref: $ref, where: {property: "code", value: "ann"}) {
      nodes { value(name: "age") commitId links { nodes { object { objectId } } } }
      totalCount } } }"""
    for moment, age in (
        ("2030-01-01T11:59:59Z", "34"),
        ("2030-01-01T21:30:00+09:00", "35"),
        ("2030-01-02", "36"),
    ):
        found = graphql.data(query, {"asOf": moment})["ontology"]["objects"]
        assert found["totalCount"] == 1
        assert found["nodes"][0]["value"] == int(age)
        assert found["nodes"][0]["commitId"] == aged[age]
        assert found["nodes"][0]["links"]["nodes"] == [{"object": {"objectId": "Company/acme"}}]
    gone = graphql.data(query, {"asOf": "2030-01-03", "ref": "main"})["ontology"]["objects"]
    assert (gone["nodes"], gone["totalCount"]) == ([], 0)
    for variables in ({"asOf": "soon"}, {"asOf": "2030-01-01", "ref": aged["35"]}):
        answer = graphql.ask(query, variables)
        assert answer["errors"][0]["extensions"]["code"] == "bad_as_of"


def test_an_id_of_the_past_stays_in_the_past(graphql: GraphQLClient, aged: dict[str, str]) -> None:
    key = graphql.data(
        """{ ontology(name: "people") { object(target: "Person/ann", asOf: "2030-01-01") { id } } }"""
    )["ontology"]["object"]["id"]
    found = graphql.data(
        'query($id: ID!) { node(id: $id) { ... on Object { value(name: "age") } } }', {"id": key}
    )
    assert found == {"node": {"value": 35}}


def test_a_history_has_what_each_commit_left(graphql: GraphQLClient, aged: dict[str, str]) -> None:
    first = graphql.data(HISTORY, {"first": 3})["ontology"]["object"]["history"]
    assert [(one["operation"], one["state"]["value"]) for one in first["nodes"]] == [
        ("delete", 36),
        ("update", 36),
        ("update", 35),
    ]
    assert [one["state"]["deleted"] for one in first["nodes"]] == [True, False, False]
    assert first["nodes"][1]["json"]["age"] == 36
    rest = graphql.data(HISTORY, {"after": first["pageInfo"]["endCursor"]})
    (made,) = rest["ontology"]["object"]["history"]["nodes"]
    assert (made["operation"], made["state"]["objectId"]) == ("create", "Person/ann")
    assert made["commit"]["message"] == "Change"


def test_each_value_is_blamed_on_its_commit(graphql: GraphQLClient, aged: dict[str, str]) -> None:
    query = """query($ref: String!) { ontology(name: "people") {
      object(target: "Person/ann", ref: $ref) { blame { commitId entries { path value commitId
      commit { commitId } } commits { commitId } } }
      blame(target: "Person/ann", ref: $ref) { document entries { label } } } }"""
    found = graphql.data(query, {"ref": aged["36"]})["ontology"]
    by_path = {one["path"]: one for one in found["object"]["blame"]["entries"]}
    assert by_path["/age"] == {
        "path": "/age",
        "value": 36,
        "commitId": aged["36"],
        "commit": {"commitId": aged["36"]},
    }
    assert by_path["/name"]["commitId"] == aged["34"]
    assert found["object"]["blame"]["commits"] == [
        {"commitId": aged["36"]},
        {"commitId": aged["34"]},
    ]
    assert found["blame"]["document"]["@id"] == "Person/ann"
    assert len(found["blame"]["entries"]) == len(by_path)


def test_a_definition_is_blamed_and_compared_too(
    graphql: GraphQLClient, people: None, commit: Commit
) -> None:
    services.create_tag(ontology=NAME, name="v1")
    commit(definition("EnumType", {"apiName": "Colour", "members": [{"code": "RED"}]}))
    found = graphql.data(
        """{ ontology(name: "people") { blame(target: "EnumType/Colour") { entries { label } }
           compare(target: "EnumType/Colour", fromRef: "v1") { operation differs before after
           beforeState { rid } afterState { rid } } } }"""
    )["ontology"]
    assert "/apiName" in {one["label"] for one in found["blame"]["entries"]}
    compared = found["compare"]
    assert (compared["operation"], compared["differs"]) == ("create", True)
    assert (compared["before"], compared["after"]["apiName"]) == (None, "Colour")
    assert (compared["beforeState"], compared["afterState"]) == (None, None)


def test_two_states_are_compared(graphql: GraphQLClient, aged: dict[str, str]) -> None:
    query = """query($from: String!, $to: String!) { ontology(name: "people") {
      object(target: "Person/ann", ref: $to) { compare(fromRef: $from) { ...all } }
      compare(target: "Person/ann", fromRef: $from, toRef: $to) { ...all } } }
      fragment all on Comparison { differs operation fromCommitId toCommitId
      changes { path operation before after }
      beforeState { value(name: "age") } afterState { value(name: "age") } }"""
    found = graphql.data(query, {"from": aged["34"], "to": aged["36"]})["ontology"]
    assert found["compare"] == found["object"]["compare"]
    assert found["compare"] == {
        "differs": True,
        "operation": "update",
        "fromCommitId": aged["34"],
        "toCommitId": aged["36"],
        "changes": [{"path": "/age", "operation": "change", "before": 34, "after": 36}],
        "beforeState": {"value": 34},
        "afterState": {"value": 36},
    }
    same = graphql.data(query, {"from": aged["35"], "to": aged["35"]})["ontology"]["compare"]
    assert (same["differs"], same["operation"], same["changes"]) == (False, None, [])


def test_two_moments_are_compared(graphql: GraphQLClient, aged: dict[str, str]) -> None:
    found = graphql.data(
        """{ ontology(name: "people") { compare(target: "Person/ann", fromAsOf: "2030-01-01",
           toAsOf: "2030-01-03") { operation fromCommitId toCommitId after } } }"""
    )["ontology"]["compare"]
    assert found == {
        "operation": "delete",
        "fromCommitId": aged["35"],
        "toCommitId": aged["gone"],
        "after": None,
    }


def test_a_link_has_a_history_too(graphql: GraphQLClient, staff: None, commit: Commit) -> None:
    commit(thing("Company", code="cone"))
    made = commit(link("owns", "Company/acme", "Company/cone")).documents[0]
    commit(delete(made.rid))
    query = """query($rid: String!, $deleted: Boolean!) { ontology(name: "people") {
      link(target: $rid, includeDeleted: $deleted) { deleted source { rid }
      history { nodes { operation } } } } }"""
    found: Any = graphql.data(query, {"rid": made.rid, "deleted": True})["ontology"]["link"]
    assert found["deleted"] is True
    assert [one["operation"] for one in found["history"]["nodes"]] == ["delete", "create"]
    gone = graphql.ask(query, {"rid": made.rid, "deleted": False})
    assert gone["errors"][0]["extensions"]["code"] == "document_not_found"


def test_more_objects_take_no_more_queries_in_time(
    graphql: GraphQLClient, staff: None, commit: Commit
) -> None:
    services.create_tag(ontology=NAME, name="v1")
    commit(*(thing("Person", code=f"p{number:03}") for number in range(100)))
    commit(*(update(f"Person/p{number:03}", age=number) for number in range(100)))
    query = """query($n: Int!) { ontology(name: "people") { objects(type: "Person", first: $n,
      where: {property: "code", op: STARTS_WITH, value: "p"}) { nodes {
      history(first: 1) { nodes { operation json state { rid } } pageInfo { hasNextPage } }
      compare(fromRef: "v1") { operation after }
      blame { entries { path commitId } } } } } }"""
    counts = []
    for size in (10, 100):
        graphql.data(query, {"n": size})
        with CaptureQueriesContext(connection) as queries:
            found = graphql.data(query, {"n": size})["ontology"]["objects"]["nodes"]
        assert len(found) == size
        assert found[-1]["history"]["nodes"][0]["json"]["age"] == size - 1
        assert found[-1]["history"]["pageInfo"]["hasNextPage"] is True
        assert found[-1]["compare"]["after"]["age"] == size - 1
        assert len({one["commitId"] for one in found[-1]["blame"]["entries"]}) == 2
        counts.append(len(queries))
    assert counts[0] == counts[1]
