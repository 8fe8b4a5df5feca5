"""Objects and links are created, changed, deleted and restored over GraphQL."""

from __future__ import annotations

from typing import Any

import pytest

from oms_project.identity.contract import Role
from ontology import selectors, services
from tests.integration.graphql.conftest import GraphQLClient
from tests.integration.instances.conftest import NAME, Commit, link

pytestmark = [pytest.mark.django_db, pytest.mark.data]

OBJECT = "object { objectId type deleted values etag commitId } head warnings commit { commitId message }"
LINK = "link { linkId sourceId targetId values deleted etag } head warnings commit { message }"
PROBLEM = "... on Problem { code detail retryable errors data }"


def sent(client: GraphQLClient, field: str, kind: str, /, **input: Any) -> dict[str, Any]:
    """What a mutation of an object or a link answers."""
    name, _, what = field.partition(" ")
    members = OBJECT if kind == "Object" else LINK
    found: dict[str, Any] = client.data(
        f"mutation($input: {what}!) {{ {name}(input: $input) {{ __typename "
        f"... on {kind}Change {{ {members} }} {PROBLEM} }} }}",
        {"input": {"ontology": NAME, **input}},
    )[name]
    return found


def create(client: GraphQLClient, **input: Any) -> dict[str, Any]:
    return sent(client, "createObject CreateObjectInput", "Object", **input)


def change(client: GraphQLClient, verb: str, **input: Any) -> dict[str, Any]:
    kind = "InstanceInput" if verb in ("delete", "restore") else "ChangeInstanceInput"
    return sent(client, f"{verb}Object {kind}", "Object", **input)


def change_link(client: GraphQLClient, verb: str, **input: Any) -> dict[str, Any]:
    kind = {
        "create": "CreateLinkInput",
        "delete": "InstanceInput",
        "restore": "InstanceInput",
    }.get(verb, "ChangeInstanceInput")
    return sent(client, f"{verb}Link {kind}", "Link", **input)


def head() -> str:
    return selectors.get_branch(ontology=NAME).head


def values(target: str, ref: str = "") -> dict[str, Any]:
    body = selectors.get_document(ontology=NAME, target=target, ref=ref).body
    return {name: value for name, value in body.items() if name[0] != "_"}


def test_an_object_is_created(graphql: GraphQLClient, staff: None) -> None:
    made = create(
        graphql,
        type="Person",
        values={"code": "dan", "age": 40, "salary": 12345678.12, "fax": "1"},
        iri="https://example.org/people/dan",
    )
    assert made["__typename"] == "ObjectChange"
    assert made["object"]["objectId"] == "Person/dan"
    assert made["object"]["values"] == {
        "code": "dan",
        "age": 40,
        "fax": "1",
        "salary": "12345678.12",
    }
    assert made["commit"]["message"] == "Create Person"
    assert made["head"] == made["commit"]["commitId"] == made["object"]["commitId"] == head()
    assert [one["rule"] for one in made["warnings"]] == ["deprecated"]
    body = selectors.get_document(ontology=NAME, target="https://example.org/people/dan").body
    assert body["code"] == "dan"


def test_an_object_is_changed_replaced_deleted_and_restored(
    graphql: GraphQLClient, staff: None
) -> None:
    changed = change(
        graphql,
        "update",
        target="Person/ann",
        values={"age": 35, "email": None, "home": {"zip": "04524"}},
        message="Ann moved",
    )
    assert changed["object"]["values"]["home"] == {"city": "Seoul", "zip": "04524"}
    assert "email" not in changed["object"]["values"]
    assert changed["commit"]["message"] == "Ann moved"
    replaced = change(
        graphql, "replace", target="Person/ann", values={"code": "ann", "name": "Ann"}
    )
    assert replaced["object"]["values"] == {"code": "ann", "name": "Ann"}
    deleted = change(graphql, "delete", target="Person/ann")
    assert deleted["object"]["deleted"] is True
    assert deleted["commit"]["message"] == "Delete Person/ann"
    assert selectors.count_objects(ontology=NAME, type="Person") == 2
    assert selectors.count_objects(ontology=NAME, type="worksFor") == 2
    restored = change(graphql, "restore", target="Person/ann")
    assert restored["object"]["deleted"] is False
    assert values("Person/ann") == {"code": "ann", "name": "Ann"}


def test_a_change_on_a_branch_leaves_the_others(graphql: GraphQLClient, staff: None) -> None:
    services.create_branch(ontology=NAME, name="draft")
    before = head()
    changed = change(graphql, "update", target="Person/bob", values={"age": 52}, branch="draft")
    assert changed["head"] == selectors.get_branch(ontology=NAME, name="draft").head
    assert head() == before
    assert values("Person/bob")["age"] == 51
    assert values("Person/bob", "draft")["age"] == 52


def test_nothing_to_change_makes_no_commit(graphql: GraphQLClient, staff: None) -> None:
    before = head()
    same = change(graphql, "update", target="Person/bob", values={"age": 51})
    assert same["commit"] is None
    assert same["head"] == before == head()


def test_a_link_is_created_changed_deleted_and_restored(
    graphql: GraphQLClient, staff: None
) -> None:
    made = change_link(
        graphql,
        "create",
        type="owns",
        source="Company/acme",
        target="Company/bolt",
    )
    assert made["commit"]["message"] == "Create owns from Company/acme to Company/bolt"
    assert (made["link"]["sourceId"], made["link"]["targetId"]) == ("Company/acme", "Company/bolt")
    (one,) = (
        item.link
        for item in selectors.linked_objects(ontology=NAME, target="Person/bob").items
        if item.link.type == "worksFor"
    )
    changed = change_link(graphql, "update", target=one.rid, values={"since": "2021-02-03"})
    assert changed["link"]["values"] == {"since": "2021-02-03"}
    replaced = change_link(graphql, "replace", target=one.id, values={})
    assert replaced["link"]["values"] == {}
    assert change_link(graphql, "delete", target=one.rid)["link"]["deleted"] is True
    assert not selectors.linked_objects(ontology=NAME, target="Person/bob").items
    restored = change_link(graphql, "restore", target=one.rid)
    assert restored["link"]["sourceId"] == "Person/bob"
    assert len(selectors.linked_objects(ontology=NAME, target="Person/bob").items) == 1


def test_a_state_that_was_not_seen_is_not_changed(graphql: GraphQLClient, staff: None) -> None:
    seen = selectors.get_document(ontology=NAME, target="Person/ann").etag
    change(graphql, "update", target="Person/ann", values={"age": 35}, ifMatch=seen)
    before = head()
    for verb, more in (("update", {"values": {"age": 99}}), ("delete", {})):
        refused = change(graphql, verb, target="Person/ann", ifMatch=seen, **more)
        assert refused["__typename"] == "PreconditionFailedProblem"
    assert head() == before
    assert values("Person/ann")["age"] == 35


@pytest.mark.parametrize(
    ("verb", "more", "kind", "code"),
    [
        ("update", {"values": {"height": 1}}, "InvalidProblem", "invalid_state"),
        ("update", {"values": [1]}, "BadRequestProblem", "bad_json"),
        ("update", {"values": None}, None, None),
        ("update", {"target": "Person/no", "values": {}}, "NotFoundProblem", "document_not_found"),
        (
            "delete",
            {"target": "ObjectType/Person"},
            "NotFoundProblem",
            "document_not_found",
        ),
        ("delete", {"branch": "nowhere"}, "NotFoundProblem", "branch_not_found"),
        ("delete", {"ontology": "nowhere"}, "NotFoundProblem", "ontology_not_found"),
        ("delete", {"message": "\0"}, "BadRequestProblem", "bad_parameter"),
        ("restore", {"target": "Person/no"}, "NotFoundProblem", "document_not_found"),
    ],
)
def test_what_cannot_be_done_changes_nothing(
    graphql: GraphQLClient, staff: None, verb: str, more: dict[str, Any], kind: str, code: str
) -> None:
    before = head()
    if more.get("values", {}) is None:  # the input itself does not allow it
        answer = graphql.ask(
            'mutation($v: JSON!) { updateObject(input: {ontology: "people", '
            'target: "Person/ann", values: $v}) { __typename } }',
            {"v": None},
        )
        assert answer["errors"][0]["extensions"]["code"] == "graphql_invalid"
    else:
        refused = change(graphql, verb, **{"target": "Person/ann", **more})
        assert (refused["__typename"], refused["code"]) == (kind, code)
    assert head() == before


def test_what_a_link_type_forbids_is_not_deleted(
    graphql: GraphQLClient, staff: None, commit: Commit
) -> None:
    commit(link("insures", "Company/acme", "Person/ann"))
    before = head()
    refused = change(graphql, "delete", target="Company/acme")
    assert (refused["__typename"], refused["code"]) == ("InvalidProblem", "invalid_state")
    assert head() == before
    assert values("Company/acme")["name"] == "Acme Ltd"


def test_who_may_only_read_changes_nothing(graphql_as: Any, staff: None) -> None:
    viewer = graphql_as(Role.VIEWER, NAME)
    before = head()
    answers = [
        create(viewer, type="Person", values={"code": "eve"}),
        change(viewer, "update", target="Person/ann", values={"age": 1}),
        change(viewer, "replace", target="Person/ann", values={"code": "ann"}),
        change(viewer, "delete", target="Person/ann"),
        change(viewer, "restore", target="Person/ann"),
        # He does not learn either what is there.
        change(viewer, "delete", target="Person/nobody"),
        change_link(viewer, "create", type="owns", source="Company/acme", target="Company/bolt"),
    ]
    assert {(one["__typename"], one["code"]) for one in answers} == {
        ("PermissionDeniedProblem", "permission_denied")
    }
    assert head() == before


def test_who_works_elsewhere_does_not_learn_what_is_here(graphql_as: Any, staff: None) -> None:
    services.create_ontology(name="elsewhere", base_iri="https://example.org/elsewhere/")
    editor = graphql_as(Role.EDITOR, "elsewhere")
    before = head()
    answers = [
        change(editor, "update", target=target, values={"age": 1})
        for target in ("Person/ann", "Person/nobody")
    ]
    assert {one["code"] for one in answers} == {"permission_denied"}
    assert answers[0]["detail"] == answers[1]["detail"]
    read = editor.ask('{ ontology(name: "people") { object(target: "Person/ann") { rid } } }')
    assert read["errors"][0]["extensions"]["code"] == "permission_denied"
    assert head() == before
