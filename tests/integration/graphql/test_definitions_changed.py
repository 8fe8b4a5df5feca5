"""Definitions are changed over GraphQL: one by one, or many in one commit; a refusal changes
nothing.
"""

from __future__ import annotations

from typing import Any

import pytest

from oms_project.identity.contract import Role
from ontology import selectors, services
from ontology.contract import Change
from tests.integration.graphql.conftest import GraphQLClient

pytestmark = [pytest.mark.django_db, pytest.mark.data]

CHANGED = """... on DefinitionChange { head warnings commit { message authorUsername }
  definition { target isDeleted ... on ObjectType { icon tags aliases displayName } } }
  ... on Problem { __typename code detail errors }"""


@pytest.fixture
def fleet(as_system: None) -> str:
    services.create_ontology(name="fleet", base_iri="https://example.org/fleet/")
    services.commit_changes(
        ontology="fleet",
        changes=[
            Change(
                op="create",
                kind="ObjectType",
                fields={"apiName": "Vehicle", "icon": "car", "tags": ["moving"]},
            )
        ],
        message="Begin",
    )
    return "fleet"


def head() -> str:
    return selectors.get_branch(ontology="fleet", name="main").head


def changed(graphql: GraphQLClient, field: str, **input: Any) -> dict[str, Any]:
    kind = {
        "createDefinition": "CreateDefinitionInput",
        "updateDefinition": "ChangeDefinitionInput",
        "replaceDefinition": "ChangeDefinitionInput",
        "renameDefinition": "RenameDefinitionInput",
        "deleteDefinition": "DefinitionInput",
        "restoreDefinition": "DefinitionInput",
        "updateHeader": "UpdateHeaderInput",
    }[field]
    found: dict[str, Any] = graphql.data(
        f"mutation($i: {kind}!) {{ {field}(input: $i) {{ {CHANGED} }} }}",
        {"i": {"ontology": "fleet", **input}},
    )[field]
    return found


def test_a_definition_is_made_changed_renamed_deleted_and_restored(
    graphql: GraphQLClient, fleet: str
) -> None:
    made = changed(
        graphql,
        "createDefinition",
        kind="ObjectType",
        fields={"apiName": "Truck", "parents": ["Vehicle"], "icon": "truck", "tags": ["a"]},
    )
    assert made["head"] == head()
    assert made["commit"] == {"message": "Create ObjectType/Truck", "authorUsername": "root"}
    assert made["definition"]["target"] == "ObjectType/Truck"

    updated = changed(
        graphql,
        "updateDefinition",
        target="ObjectType/Truck",
        fields={"icon": None, "displayName": {"en": "Truck"}},
        message="Name it",
    )
    assert updated["commit"]["message"] == "Name it"
    assert updated["definition"] == {
        "target": "ObjectType/Truck",
        "isDeleted": False,
        "icon": None,
        "tags": ["a"],
        "aliases": [],
        "displayName": {"en": "Truck"},
    }

    replaced = changed(
        graphql, "replaceDefinition", target="ObjectType/Truck", fields={"apiName": "Truck"}
    )
    assert replaced["definition"]["tags"] == []

    renamed = changed(graphql, "renameDefinition", target="ObjectType/Truck", apiName="Lorry")
    assert renamed["commit"]["message"] == "Rename ObjectType/Truck to Lorry"
    assert renamed["definition"]["aliases"] == ["Truck"]
    rid = selectors.get_document(ontology="fleet", target="ObjectType/Lorry").rid

    deleted = changed(graphql, "deleteDefinition", target="ObjectType/Lorry")
    assert deleted["definition"]["isDeleted"] is True
    assert selectors.get_documents(ontology="fleet", rids=[rid]) == {}

    restored = changed(graphql, "restoreDefinition", target=rid)
    assert restored["definition"]["isDeleted"] is False
    assert list(selectors.get_documents(ontology="fleet", rids=[rid])) == [rid]


def test_the_header_is_changed(graphql: GraphQLClient, fleet: str) -> None:
    found = changed(graphql, "updateHeader", fields={"displayName": {"en": "Fleet"}})
    assert found["definition"]["target"].startswith("Ontology/")
    assert found["commit"]["message"] == "Update the header"
    body = selectors.get_document(ontology="fleet", target="Ontology").body
    assert body["displayName"] == {"en": "Fleet"}


def test_a_change_goes_to_the_branch_that_is_named(graphql: GraphQLClient, fleet: str) -> None:
    services.create_branch(ontology="fleet", name="work")
    before = head()
    changed(
        graphql,
        "updateDefinition",
        target="ObjectType/Vehicle",
        fields={"icon": "x"},
        branch="work",
    )
    assert head() == before
    there = selectors.get_document(ontology="fleet", target="ObjectType/Vehicle", ref="work")
    assert there.body["icon"] == "x"


@pytest.mark.parametrize(
    ("field", "input", "kind", "code"),
    [
        ("createDefinition", {"kind": "Object", "fields": {}}, "BadRequest", "unknown_kind"),
        ("createDefinition", {"kind": "Odd", "fields": {}}, "BadRequest", "unknown_kind"),
        ("createDefinition", {"kind": "ObjectType", "fields": 7}, "BadRequest", "bad_json"),
        (
            "createDefinition",
            {"kind": "ObjectType", "fields": {"apiName": "Vehicle"}},
            "Conflict",
            "already_exists",
        ),
        (
            "createDefinition",
            {"kind": "ObjectType", "fields": {"apiName": "X", "odd": 1}},
            "Invalid",
            "invalid",
        ),
        (
            "createDefinition",
            {"kind": "ObjectType", "fields": {"apiName": "X"}, "branch": "nope"},
            "NotFound",
            "branch_not_found",
        ),
        (
            "updateDefinition",
            {"target": "ObjectType/Nope", "fields": {}},
            "NotFound",
            "document_not_found",
        ),
        (
            "updateDefinition",
            {"target": "ObjectType/Vehicle", "fields": {"icon": "x"}, "ifMatch": "old"},
            "PreconditionFailed",
            "precondition_failed",
        ),
        (
            "updateDefinition",
            {"target": "ObjectType/Vehicle", "fields": {"icon": "x"}, "expectedHead": "0" * 64},
            "Conflict",
            "stale_head",
        ),
        (
            "updateDefinition",
            {"target": "ObjectType/Vehicle", "fields": {}, "expectedHead": "odd"},
            "Invalid",
            "bad_body",
        ),
        (
            "renameDefinition",
            {"target": "ObjectType/Vehicle", "apiName": "no name"},
            "Invalid",
            "invalid_state",
        ),
    ],
)
def test_what_is_refused_changes_nothing(
    graphql: GraphQLClient, fleet: str, field: str, input: dict[str, Any], kind: str, code: str
) -> None:
    before = head()
    problem = changed(graphql, field, **input)
    assert (problem["__typename"], problem["code"]) == (f"{kind}Problem", code)
    assert head() == before


def test_the_etag_that_was_read_guards_a_write(graphql: GraphQLClient, fleet: str) -> None:
    etag = graphql.data(
        '{ ontology(name: "fleet") { definition(target: "ObjectType/Vehicle") { etag } } }'
    )["ontology"]["definition"]["etag"]
    arguments = {"target": "ObjectType/Vehicle", "fields": {"icon": "x"}, "ifMatch": etag}
    assert changed(graphql, "updateDefinition", **arguments)["definition"]["icon"] == "x"
    arguments["fields"] = {"icon": "y"}
    assert changed(graphql, "updateDefinition", **arguments)["code"] == "precondition_failed"


def test_a_viewer_changes_nothing(graphql_as: Any, fleet: str) -> None:
    before = head()
    viewer = graphql_as(Role.VIEWER, "fleet")
    problems = [
        changed(viewer, "createDefinition", kind="ObjectType", fields={"apiName": "X"}),
        changed(viewer, "updateDefinition", target="ObjectType/Vehicle", fields={"icon": "x"}),
        changed(viewer, "replaceDefinition", target="ObjectType/Vehicle", fields={}),
        changed(viewer, "renameDefinition", target="ObjectType/Vehicle", apiName="X"),
        changed(viewer, "deleteDefinition", target="ObjectType/Vehicle"),
        changed(viewer, "restoreDefinition", target="ObjectType/Vehicle"),
        changed(viewer, "updateHeader", fields={}),
    ]
    assert {one["__typename"] for one in problems} == {"PermissionDeniedProblem"}
    assert head() == before


def test_an_object_is_no_definition_to_change(graphql: GraphQLClient, fleet: str) -> None:
    services.commit_changes(
        ontology="fleet",
        changes=[
            Change(
                op="update",
                target="ObjectType/Vehicle",
                fields={
                    "primaryKey": ["plate"],
                    "properties": [{"apiName": "plate", "dataTypes": ["string"], "required": True}],
                },
            ),
            Change(op="create", type="Vehicle", fields={"plate": "A1"}),
        ],
        message="One",
    )
    before = head()
    problem = changed(graphql, "deleteDefinition", target="Vehicle/A1")
    assert problem["code"] == "document_not_found"
    assert head() == before


COMMIT = """mutation($i: CommitChangesInput!) { commitChanges(input: $i) {
  ... on Committed { head dryRun warnings commit { message changeCount }
    changes { fromCommit toCommit stats changes { nodes { target operation } } }
    documents { totalCount nodes { target definition { apiName } } } }
  ... on Problem { __typename code errors } } }"""


def test_many_changes_make_one_commit(graphql: GraphQLClient, fleet: str) -> None:
    before = head()
    found = graphql.data(
        COMMIT,
        {
            "i": {
                "ontology": "fleet",
                "expectedHead": before,
                "changes": [
                    {"op": "create", "kind": "ObjectType", "fields": {"apiName": "Person"}},
                    {
                        "op": "create",
                        "kind": "LinkType",
                        "fields": {"apiName": "drives", "sources": ["Person"]},
                    },
                    {"op": "rename", "target": "ObjectType/Vehicle", "apiName": "Car"},
                ],
            }
        },
    )["commitChanges"]
    assert found == {
        "head": head(),
        "dryRun": False,
        "warnings": [],
        "commit": {"message": "Change 3 documents", "changeCount": 3},
        "changes": {
            "fromCommit": before,
            "toCommit": head(),
            "stats": {"ObjectType": {"create": 1, "rename": 1}, "LinkType": {"create": 1}},
            "changes": {
                "nodes": [
                    {"target": "ObjectType/Car", "operation": "rename"},
                    {"target": "ObjectType/Person", "operation": "create"},
                    {"target": "LinkType/drives", "operation": "create"},
                ]
            },
        },
        "documents": {
            "totalCount": 3,
            "nodes": [
                {"target": "ObjectType/Person", "definition": {"apiName": "Person"}},
                {"target": "LinkType/drives", "definition": {"apiName": "drives"}},
                {"target": "ObjectType/Car", "definition": {"apiName": "Car"}},
            ],
        },
    }


def test_a_dry_run_writes_nothing(graphql: GraphQLClient, fleet: str) -> None:
    before = head()
    found = graphql.data(
        COMMIT,
        {
            "i": {
                "ontology": "fleet",
                "dryRun": True,
                "changes": [{"op": "delete", "target": "ObjectType/Vehicle"}],
            }
        },
    )["commitChanges"]
    assert (found["dryRun"], found["commit"], found["head"]) == (True, None, before)
    assert found["changes"]["stats"] == {"ObjectType": {"delete": 1}}
    assert head() == before


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ([], "bad_body"),
        ([{"op": "explode"}], "bad_body"),
        ([{"op": "update", "target": "ObjectType/Vehicle", "fields": [1]}], "bad_json"),
        (
            [
                {"op": "create", "kind": "ObjectType", "fields": {"apiName": "X"}},
                {"op": "delete", "target": "ObjectType/Nope"},
            ],
            "document_not_found",
        ),
    ],
)
def test_all_changes_or_none(
    graphql: GraphQLClient, fleet: str, changes: list[Any], code: str
) -> None:
    before = head()
    found = graphql.data(COMMIT, {"i": {"ontology": "fleet", "changes": changes}})["commitChanges"]
    assert found["code"] == code
    assert head() == before
