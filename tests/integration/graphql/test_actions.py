"""Actions over GraphQL: which there are, running them, and taking a run back."""

from __future__ import annotations

from typing import Any

import pytest

from oms_project.identity.contract import Role
from oms_project.identity.models import ActionRule
from tests.integration.actions.conftest import NAME, body_of, head_of, told
from tests.integration.graphql.conftest import GraphQLClient

pytestmark = [pytest.mark.django_db, pytest.mark.data, pytest.mark.usefixtures("desk")]

BOOK = {"flight": "Flight/OZ1", "passenger": "Passenger/1", "code": "B1"}
ACTIONS = """query($every: Boolean! = false, $first: Int, $after: String) {
  ontology(name: "desk") { actions(every: $every, first: $first, after: $after) {
  nodes { name runnable } pageInfo { hasNextPage endCursor } } } }"""
RUN = """mutation($input: RunActionInput!) { runAction(input: $input) { __typename
  ... on ActionRun { head created changed deleted runs dryRun warnings commit { commitId message }
  changes { changes(first: 10) { nodes { target operation } } } }
  ... on Problem { code detail errors data } } }"""
REVERT = """mutation($input: RevertRunInput!) { revertRun(input: $input) { __typename
  ... on Merge { status dryRun commit { commitId message } } ... on Problem { code detail } } }"""


def run(client: GraphQLClient, **input: Any) -> dict[str, Any]:
    given = {"ontology": NAME, "action": "book", **input}
    found: dict[str, Any] = client.data(RUN, {"input": given})["runAction"]
    return found


def revert(client: GraphQLClient, **input: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.data(REVERT, {"input": {"ontology": NAME, **input}})["revertRun"]
    return found


def test_actions_are_listed_in_pages(graphql: GraphQLClient) -> None:
    first = graphql.data(ACTIONS, {"first": 3})["ontology"]["actions"]
    assert [one["name"] for one in first["nodes"]] == ["annotate", "book", "cancel"]
    rest = graphql.data(ACTIONS, {"after": first["pageInfo"]["endCursor"]})["ontology"]["actions"]
    assert [one["name"] for one in rest["nodes"]] == ["disclose"]
    assert rest["pageInfo"]["hasNextPage"] is False


def test_an_action_says_what_it_asks_for(graphql: GraphQLClient) -> None:
    found = graphql.data(
        """{ ontology(name: "desk") { action(name: "book") { id name label(language: "ko")
           displayName batchLimit revertible runnable reason status
           parameters { name objectType dataTypes required default } }
           other: action(name: "annotate") { parameters { array members { code } } } } }"""
    )["ontology"]
    book = found["action"]
    assert (book["name"], book["label"], book["batchLimit"]) == ("book", "좌석 예약", 5)
    assert book["displayName"] == {"en": "Book a seat", "ko": "좌석 예약"}
    assert (book["revertible"], book["runnable"], book["status"]) == (True, True, "active")
    assert book["reason"]
    assert book["parameters"] == [
        {"name": "flight", "objectType": "ObjectType/Flight", "dataTypes": [], "required": True,
         "default": None},
        {"name": "passenger", "objectType": "ObjectType/Passenger", "dataTypes": [],
         "required": True, "default": None},
        {"name": "code", "objectType": None, "dataTypes": ["string"], "required": True,
         "default": None},
        {"name": "discount", "objectType": None, "dataTypes": ["double"], "required": True,
         "default": 0},
    ]  # fmt: skip
    parameters = found["other"]["parameters"]
    assert parameters[0]["array"] == {"minItems": 1}
    assert parameters[2]["members"] == [{"code": "OPEN"}, {"code": "CLOSED"}]
    again = graphql.data(
        "query($id: ID!) { node(id: $id) { ... on Action { name } } }", {"id": book["id"]}
    )
    assert again == {"node": {"name": "book"}}


def test_who_may_run_which(graphql_as: Any) -> None:
    viewer = graphql_as(Role.VIEWER, NAME)
    assert viewer.data(ACTIONS)["ontology"]["actions"]["nodes"] == []
    every = viewer.data(ACTIONS, {"every": True})["ontology"]["actions"]["nodes"]
    assert [one["runnable"] for one in every] == [False] * 4
    ActionRule.objects.create(user=viewer.user, action="book")
    assert viewer.data(ACTIONS)["ontology"]["actions"]["nodes"] == [
        {"name": "book", "runnable": True}
    ]
    before = head_of()
    assert run(viewer, action="annotate", parameters={})["code"] == "permission_denied"
    assert head_of() == before
    made = run(viewer, parameters=BOOK)
    assert made["__typename"] == "ActionRun"
    assert made["head"] == head_of() != before


def test_a_run_makes_a_commit(graphql: GraphQLClient) -> None:
    before = head_of()
    dry = run(graphql, parameters=BOOK, dryRun=True)
    assert (dry["commit"], dry["dryRun"], dry["head"]) == (None, True, before)
    assert (dry["changed"], head_of()) == (["Flight/OZ1"], before)
    made = run(graphql, parameters=BOOK, message="First", branch="main", expectedHead=before)
    assert made["commit"]["message"].startswith("First\n")
    assert made["commit"]["commitId"] == made["head"] == head_of()
    assert (made["runs"], made["changed"], made["deleted"]) == (1, ["Flight/OZ1"], [])
    assert "Booking/B1" in made["created"]
    nodes = made["changes"]["changes"]["nodes"]
    assert {"target": "Booking/B1", "operation": "create"} in nodes
    assert body_of("Flight/OZ1")["seats"] == 1


def test_a_batch_is_all_or_nothing(graphql: GraphQLClient) -> None:
    before = head_of()
    refused = run(graphql, batch=[BOOK, {**BOOK, "passenger": "Passenger/2", "code": "B2"}])
    assert (refused["__typename"], refused["code"]) == ("InvalidProblem", "action_refused")
    assert [(one["index"], one["criterion"]) for one in refused["errors"]] == [(1, "canPay")]
    assert head_of() == before
    made = run(graphql, batch=[BOOK, {**BOOK, "code": "B2"}])
    assert made["runs"] == 2
    assert body_of("Flight/OZ1")["seats"] == 0


@pytest.mark.parametrize(
    ("input", "code"),
    [
        ({"action": "fly"}, "action_not_found"),
        ({"parameters": BOOK, "batch": [BOOK]}, "action_parameters"),
        ({"parameters": [1]}, "bad_json"),
        ({"batch": [1]}, "bad_json"),
        ({"batch": []}, "bad_body"),
        ({"batch": [BOOK] * 6}, "batch_too_large"),
        ({"parameters": BOOK, "expectedHead": "0" * 64}, "stale_head"),
        ({"parameters": BOOK, "expectedHead": "xyz"}, "bad_body"),
        ({"parameters": BOOK, "message": "\0"}, "bad_parameter"),
        ({"parameters": {**BOOK, "flight": "Flight/none"}}, "action_refused"),
        ({"parameters": BOOK, "branch": "nowhere"}, "branch_not_found"),
    ],
)
def test_a_run_that_is_refused_changes_nothing(
    graphql: GraphQLClient, input: dict[str, Any], code: str
) -> None:
    before = head_of()
    refused = run(graphql, **input)
    assert refused["__typename"].endswith("Problem")
    assert refused["code"] == code
    assert head_of() == before


def test_what_is_wrong_with_parameters_is_listed(graphql: GraphQLClient) -> None:
    refused = run(graphql, parameters={"flight": "Flight/OZ1", "code": 7})
    assert told(refused["errors"]) == [
        ("/parameters/passenger", "required"),
        ("/parameters/code", "data-type"),
    ]


def test_a_run_is_taken_back(graphql: GraphQLClient, graphql_as: Any) -> None:
    commit = run(graphql, parameters=BOOK)["commit"]["commitId"]
    viewer = graphql_as(Role.VIEWER, NAME)
    assert revert(viewer, commit=commit)["__typename"] == "PermissionDeniedProblem"
    assert body_of("Flight/OZ1")["seats"] == 1
    dry = revert(graphql, commit=commit, dryRun=True)
    assert (dry["status"], dry["dryRun"]) == ("merged", True)
    assert body_of("Flight/OZ1")["seats"] == 1
    back = revert(graphql, commit=commit, message="Not wanted")
    assert (back["__typename"], back["status"]) == ("Merge", "merged")
    assert back["commit"]["message"].startswith("Not wanted")
    assert body_of("Flight/OZ1")["seats"] == 2


def test_a_run_that_was_built_on_is_not_taken_back(graphql: GraphQLClient) -> None:
    first = run(graphql, parameters=BOOK)["commit"]["commitId"]
    run(graphql, parameters={**BOOK, "code": "B2"})
    before = head_of()
    refused = revert(graphql, commit=first)
    assert (refused["__typename"], refused["code"]) == ("MergeConflicts", "merge_conflicts")
    assert revert(graphql, commit=before, expectedHead=first)["code"] == "stale_head"
    assert head_of() == before
    assert body_of("Flight/OZ1")["seats"] == 0


def test_what_is_no_run_is_not_taken_back(graphql: GraphQLClient) -> None:
    before = head_of()
    assert revert(graphql, commit=before)["code"] == "not_a_run"
    assert head_of() == before
