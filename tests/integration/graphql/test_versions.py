"""Versions over GraphQL: the log, differences, merges and their conflicts, reverts, verification."""

from __future__ import annotations

from typing import Any

import pytest

from oms_project.identity.contract import Role
from ontology import selectors, services
from ontology.contract import Change
from scheduling.contract import JobState, job_service
from tests.integration.graphql.conftest import GraphQLClient

pytestmark = [pytest.mark.django_db, pytest.mark.data]

MERGED = """__typename
  ... on Merge { status base ours theirs resolved dryRun commit { message parents }
    changes { stats } }
  ... on MergeConflicts { code retryable errors data resolved
    conflicts { conflictId document path label type base ours theirs } }
  ... on Problem { code detail }"""
MERGE = f"mutation($i: MergeInput!) {{ merge(input: $i) {{ {MERGED} }} }}"
REVERT = f"mutation($i: RevertInput!) {{ revert(input: $i) {{ {MERGED} }} }}"


def commit(*changes: Change, branch: str = "", message: str = "Work") -> str:
    return services.commit_changes(
        ontology="fleet", branch=branch, changes=list(changes), message=message
    ).head


def create(name: str, **fields: Any) -> Change:
    return Change(op="create", kind="ObjectType", fields={"apiName": name, **fields})


def icon(name: str) -> Change:
    return Change(op="update", target="ObjectType/Vehicle", fields={"icon": name})


def head(branch: str = "main") -> str:
    return selectors.get_branch(ontology="fleet", name=branch).head


@pytest.fixture
def fleet(as_system: None) -> str:
    services.create_ontology(name="fleet", base_iri="https://example.org/fleet/")
    commit(create("Vehicle", icon="car"), message="Begin")
    services.create_branch(ontology="fleet", name="work")
    return "fleet"


@pytest.fixture
def parted(fleet: str) -> str:
    """Both sides gave the vehicle another icon."""
    commit(icon("main"), message="Ours")
    commit(icon("work"), create("Truck"), branch="work", message="Theirs")
    return fleet


def test_refs_are_resolved_and_the_log_read(graphql: GraphQLClient, fleet: str) -> None:
    commit(icon("x"), message="Second")
    found = graphql.data(
        """{ ontology(name: "fleet") { commit(ref: "work") { message }
             commits(first: 2) { nodes { message changeCount } pageInfo { hasNextPage } } } }"""
    )["ontology"]
    assert found["commit"] == {"message": "Begin"}
    assert found["commits"] == {
        "nodes": [
            {"message": "Second", "changeCount": 1},
            {"message": "Begin", "changeCount": 1},
        ],
        "pageInfo": {"hasNextPage": True},
    }


def test_a_commit_tells_what_it_changed(graphql: GraphQLClient, fleet: str) -> None:
    before = head()
    made = commit(icon("x"), message="Second")
    found = graphql.data(
        """{ ontology(name: "fleet") { commitDetail(ref: "main") { commit { commitId message }
             changes { fromCommit toCommit stats names changes { totalCount nodes {
               kind target previousTarget operation before after
               fields { path label operation before after } } } } } } }"""
    )["ontology"]["commitDetail"]
    rid = selectors.get_document(ontology="fleet", target="ObjectType/Vehicle").rid
    assert found["commit"] == {"commitId": made, "message": "Second"}
    [document] = found["changes"].pop("changes")["nodes"]
    assert found["changes"] == {
        "fromCommit": before,
        "toCommit": made,
        "stats": {"ObjectType": {"update": 1}},
        "names": {rid: "ObjectType/Vehicle"},
    }
    assert (document.pop("before")["icon"], document.pop("after")["icon"]) == ("car", "x")
    assert document == {
        "kind": "ObjectType",
        "target": "ObjectType/Vehicle",
        "previousTarget": None,
        "operation": "update",
        "fields": [
            {
                "path": "/icon",
                "label": document["fields"][0]["label"],
                "operation": "change",
                "before": "car",
                "after": "x",
            }
        ],
    }


def test_two_refs_are_compared_in_pages(graphql: GraphQLClient, fleet: str) -> None:
    commit(*(create(f"Type{number}") for number in range(5)), branch="work")
    query = """query($a: String!, $b: String!, $after: String, $kinds: [String!]) {
      ontology(name: "fleet") { diff(fromRef: $a, toRef: $b, kinds: $kinds) { fromCommit toCommit
        changes(first: 2, after: $after) { totalCount nodes { target operation }
          pageInfo { endCursor hasNextPage } } } } }"""
    asked: dict[str, Any] = {"a": "main", "b": "work"}
    seen: list[str] = []
    while True:
        found = graphql.data(query, asked)["ontology"]["diff"]
        page = found["changes"]
        assert page["totalCount"] == 5
        seen += [one["target"] for one in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        asked["after"] = page["pageInfo"]["endCursor"]
    assert seen == [f"ObjectType/Type{number}" for number in range(5)]
    commit(create("Late"), branch="work")
    moved = graphql.ask(query, asked)
    assert moved["errors"][0]["extensions"]["code"] == "bad_cursor"
    fixed = {**asked, "a": found["fromCommit"], "b": found["toCommit"]}
    assert [
        one["target"] for one in graphql.data(query, fixed)["ontology"]["diff"]["changes"]["nodes"]
    ] == ["ObjectType/Type4"]
    other = graphql.data(query, {"a": "main", "b": "work", "kinds": ["LinkType"]})
    assert other["ontology"]["diff"]["changes"]["nodes"] == []


def test_what_was_done_since_two_refs_parted(graphql: GraphQLClient, parted: str) -> None:
    query = """query($base: Boolean!) { ontology(name: "fleet") {
      diff(fromRef: "main", toRef: "work", mergeBase: $base) {
        changes { nodes { target fields { before after } } } } } }"""
    since = graphql.data(query, {"base": True})["ontology"]["diff"]["changes"]["nodes"]
    assert since[-1] == {
        "target": "ObjectType/Vehicle",
        "fields": [{"before": "car", "after": "work"}],
    }
    plain = graphql.data(query, {"base": False})["ontology"]["diff"]["changes"]["nodes"]
    assert plain[-1]["fields"] == [{"before": "main", "after": "work"}]


def test_a_branch_moves_forward_or_is_merged(graphql: GraphQLClient, fleet: str) -> None:
    ours, theirs = head(), commit(create("Truck"), branch="work")
    arguments = {"ontology": "fleet", "source": "work", "into": "main"}
    dry = graphql.data(MERGE, {"i": {**arguments, "dryRun": True}})["merge"]
    assert (dry["status"], dry["dryRun"], dry["changes"]) == (
        "fast_forward",
        True,
        {"stats": {"ObjectType": {"create": 1}}},
    )
    assert head() == ours
    made = graphql.data(MERGE, {"i": {**arguments, "noFastForward": True, "message": "Take it"}})
    assert made["merge"]["status"] == "merged"
    assert made["merge"]["commit"] == {"message": "Take it", "parents": [ours, theirs]}
    again = graphql.data(MERGE, {"i": arguments})["merge"]
    assert (again["__typename"], again["status"]) == ("Merge", "up_to_date")


def test_conflicts_are_told_with_both_sides_and_settled(
    graphql: GraphQLClient, parted: str
) -> None:
    before = head()
    arguments = {"ontology": "fleet", "source": "work", "into": "main"}
    found = graphql.data(MERGE, {"i": arguments})["merge"]
    [conflict] = found["conflicts"]
    assert (found["__typename"], found["code"], found["retryable"]) == (
        "MergeConflicts",
        "merge_conflicts",
        False,
    )
    assert found["errors"] == [
        {
            "document": "ObjectType/Vehicle",
            "field": "/icon",
            "message": found["errors"][0]["message"],
        }
    ]
    assert conflict == {
        "conflictId": "ObjectType/Vehicle#/icon",
        "document": "ObjectType/Vehicle",
        "path": "/icon",
        "label": conflict["label"],
        "type": "edit/edit",
        "base": "car",
        "ours": "main",
        "theirs": "work",
    }
    assert head() == before
    settled = graphql.data(
        MERGE,
        {
            "i": {
                **arguments,
                "expectedHead": before,
                "resolutions": [
                    {
                        "choice": "value",
                        "document": "ObjectType/Vehicle",
                        "path": "/icon",
                        "value": "both",
                    }
                ],
            }
        },
    )["merge"]
    assert (settled["status"], settled["resolved"]) == ("merged", 1)
    body = selectors.get_document(ontology="fleet", target="ObjectType/Vehicle").body
    assert body["icon"] == "both"


def test_a_merge_that_breaks_rules_is_refused(graphql: GraphQLClient, fleet: str) -> None:
    commit(create("Boat", parents=["Vehicle"]), branch="work")
    commit(Change(op="delete", target="ObjectType/Vehicle"))
    before = head()
    found = graphql.data(MERGE, {"i": {"ontology": "fleet", "source": "work"}})["merge"]
    assert (found["__typename"], found["code"]) == ("InvalidProblem", "merge_invalid")
    assert head() == before


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"source": "nope"}, "ref_not_found"),
        ({"into": "nope"}, "branch_not_found"),
        ({"expectedHead": "0" * 64}, "stale_head"),
        ({"resolutions": [{"choice": "odd"}]}, "bad_body"),
        ({"message": "\0"}, "bad_parameter"),
    ],
)
def test_a_merge_that_is_asked_wrongly_changes_nothing(
    graphql: GraphQLClient, parted: str, more: dict[str, Any], code: str
) -> None:
    before = head()
    asked = {"ontology": "fleet", "source": "work", "into": "main", **more}
    assert graphql.data(MERGE, {"i": asked})["merge"]["code"] == code
    assert head() == before


def test_a_commit_is_taken_back(graphql: GraphQLClient, fleet: str) -> None:
    made = commit(icon("x"), message="Second")
    found = graphql.data(REVERT, {"i": {"ontology": "fleet", "commit": made}})["revert"]
    assert (found["status"], found["changes"]) == (
        "merged",
        {"stats": {"ObjectType": {"update": 1}}},
    )
    body = selectors.get_document(ontology="fleet", target="ObjectType/Vehicle").body
    assert body["icon"] == "car"


def test_a_revert_of_what_was_changed_since_conflicts(graphql: GraphQLClient, fleet: str) -> None:
    made = commit(icon("x"))
    now = commit(icon("y"))
    found = graphql.data(REVERT, {"i": {"ontology": "fleet", "commit": made}})["revert"]
    assert found["__typename"] == "MergeConflicts"
    assert (found["conflicts"][0]["ours"], found["conflicts"][0]["theirs"]) == ("y", "car")
    assert head() == now
    first = selectors.log(ontology="fleet").items[-1].id
    refused = graphql.data(REVERT, {"i": {"ontology": "fleet", "commit": first}})["revert"]
    assert refused["code"] == "cannot_revert"


def test_a_viewer_merges_and_reverts_nothing(graphql_as: Any, parted: str) -> None:
    before = head()
    viewer = graphql_as(Role.VIEWER, "fleet")
    asked = {"ontology": "fleet", "source": "work"}
    assert viewer.data(MERGE, {"i": asked})["merge"]["__typename"] == "PermissionDeniedProblem"
    asked = {"ontology": "fleet", "commit": "main"}
    assert viewer.data(REVERT, {"i": asked})["revert"]["__typename"] == "PermissionDeniedProblem"
    assert head() == before


def test_history_is_verified_at_once_or_as_a_job(graphql: GraphQLClient, fleet: str) -> None:
    found = graphql.data(
        '{ verifyOntology(ontology: "fleet") { ok commits documents problems { where } } }'
    )["verifyOntology"]
    assert found == {"ok": True, "commits": 2, "documents": 2, "problems": []}
    started = graphql.data(
        'mutation { startVerification(ontology: "fleet") { ... on Job { jobId task } } }'
    )["startVerification"]
    assert started["task"] == "ontology.verify"
    job = job_service.get(job_id=started["jobId"])
    assert (job.state, job.arguments) == (JobState.QUEUED, {"ontology": "fleet"})
