"""Values that somebody may not see are in no field of GraphQL, and cannot be asked about."""

from __future__ import annotations

import json
from typing import Any

import pytest

from audit.models import Event
from oms_project.identity.contract import Role
from ontology import selectors, services
from ontology.contract import Change
from tests.integration.graphql.conftest import GraphQLClient
from tests.integration.instances.conftest import NAME, Commit, delete, update

pytestmark = [pytest.mark.django_db, pytest.mark.data]

#: What Ann's masked values were, and are.
SECRETS = ("5200.5", "6300.25", "ann@example.org", "lee@example.org", "2020-01-01", "2022-02-02")


@pytest.fixture
def rids(staff: None, commit: Commit) -> dict[str, str]:
    """Salaries and addresses become secret, and so does since when one works somewhere."""
    services.create_tag(ontology=NAME, name="start")
    person = selectors.get_document(ontology=NAME, target="ObjectType/Person").body
    works_for = selectors.get_document(ontology=NAME, target="LinkType/worksFor").body
    commit(
        Change(
            op="update",
            target="ObjectType/Person",
            fields={
                "properties": [
                    {**item, "sensitivity": "secret", "searchable": item["apiName"] == "email"}
                    if item["apiName"] in ("salary", "email")
                    else item
                    for item in person["properties"]
                ]
            },
        ),
        Change(
            op="update",
            target="LinkType/worksFor",
            fields={
                "properties": [
                    {**item, "sensitivity": "secret"} for item in works_for["properties"]
                ]
            },
        ),
    )
    found = selectors.linked_objects(ontology=NAME, target="Person/ann").items[0]
    commit(
        update("Person/ann", salary="6300.25", email="lee@example.org", age=35),
        update(found.link.rid, since="2022-02-02"),
    )
    return {
        "link": found.link.rid,
        "ann": selectors.get_document(ontology=NAME, target="Person/ann").rid,
    }


@pytest.fixture
def viewer(graphql_as: Any, rids: dict[str, str]) -> GraphQLClient:
    made: GraphQLClient = graphql_as(Role.VIEWER, NAME)
    return made


ALL = """fragment instance on Instance { rid values json masked iri
    salary: value(name: "salary") email: value(name: "email") since: value(name: "since")
    masks: value(name: "_masked")
    history { nodes { json operation state { values json masked } } }
    blame { document names entries { path label value } }
    compare(fromRef: "start") { before after changes { path before after }
      beforeState { values json } afterState { values json } } }"""

READS = {
    "object": """{ ontology(name: "people") { object(target: "Person/ann") { ...instance
        objectId title links { nodes { link { ...instance sourceId } object { ...instance } } } } }
        }""",
    "objects": """{ ontology(name: "people") { objects(type: "Person") { nodes { ...instance
        } } } }""",
    "some values": """{ ontology(name: "people") { objects(type: "Person",
        fields: ["salary", "email", "age"]) { nodes { ...instance } } } }""",
    "far objects": """{ ontology(name: "people") { object(target: "Company/acme") {
        links(first: 5) { nodes { link { ...instance source { ...instance } } object { ...instance } } } } }
        }""",
    "links": """{ ontology(name: "people") { links(type: "worksFor") { nodes { ...instance
        source { ...instance } } } } }""",
    "traverse": """{ ontology(name: "people") { traverse(target: "Company/acme", direction: BOTH,
        depth: 2, limit: 5) { objects { object { ...instance } } links { ...instance } } } }""",
    "search": """{ ontology(name: "people") { search(text: "ann") { nodes { object { ...instance
        } } } } }""",
    "blame": """{ ontology(name: "people") { instance(target: "Person/ann") { ...instance }
        blame(target: "Person/ann") { document entries { path value } } } }""",
    "compare": """{ ontology(name: "people") { instance(target: "Person/ann") { ...instance }
        compare(target: "Person/ann", fromRef: "start") { before after changes { path before after
        } beforeState { ...instance } afterState { ...instance } } } }""",
    "documents": """{ ontology(name: "people") { instance(target: "Person/ann") { ...instance }
        document(target: "Person/ann") { json } } }""",
}


@pytest.mark.parametrize("name", READS)
def test_masked_values_are_in_no_field(
    graphql: GraphQLClient, viewer: GraphQLClient, name: str, rids: dict[str, str]
) -> None:
    text = READS[name] + ALL
    seen = json.dumps(viewer.data(text))
    assert "35" in seen
    assert [secret for secret in SECRETS if secret in seen] == []
    assert '"masked": ["email", "salary"]' in seen
    # The same question has them for who may see them, so it is the mask that hides them.
    everything = json.dumps(graphql.data(text))
    assert "6300.25" in everything or "2022-02-02" in everything


@pytest.mark.parametrize(
    "place",
    [
        'objects(type: "Person", where: {property: "salary", op: GT, value: 1}) { totalCount }',
        'objects(type: "Person", filter: {property: "email", op: "isNull"}) { nodes { rid } }',
        'objects(type: "Person", orderBy: [{property: "salary"}]) { nodes { rid } }',
        'objects(type: "Company", where: {link: "worksFor", direction: INCOMING, where: '
        '{property: "salary", op: GT, value: 1}}) { nodes { rid } }',
        'links(type: "worksFor", where: {property: "since", op: IS_NULL}) { nodes { rid } }',
        'aggregateObjects(type: "Person", by: ["email"]) { rows { group } }',
        'aggregateObjects(type: "Person", measures: [{function: SUM, property: "salary"}]) '
        "{ rows { figures } }",
        'aggregateObjects(type: "Person", where: {property: "salary", op: GT, value: 1}) '
        "{ rows { figures } }",
        'aggregateLinks(type: "worksFor", by: ["since"]) { rows { group } }',
        'unload(type: "Person", where: {property: "salary", op: GT, value: 1}) { url }',
    ],
)
def test_masked_values_cannot_be_asked_about(
    graphql: GraphQLClient, viewer: GraphQLClient, place: str
) -> None:
    text = f'{{ ontology(name: "people") {{ {place} }} }}'
    answer = viewer.ask(text)
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"masked_property"}
    graphql.data(text)


def test_words_in_masked_values_are_not_found(
    graphql: GraphQLClient, viewer: GraphQLClient
) -> None:
    text = '{ ontology(name: "people") { search(text: "lee@example") { nodes { score } } } }'
    assert viewer.data(text)["ontology"]["search"]["nodes"] == []
    assert len(graphql.data(text)["ontology"]["search"]["nodes"]) == 1


def test_what_was_deleted_stays_masked(
    viewer: GraphQLClient, commit: Commit, rids: dict[str, str]
) -> None:
    commit(delete("Person/ann"))
    seen = json.dumps(
        viewer.data(
            """query($rid: String!, $link: String!) { ontology(name: "people") {
               object(target: $rid, includeDeleted: true) { ...instance }
               link(target: $link, includeDeleted: true) { ...instance source { rid } } } }"""
            + ALL,
            {"rid": rids["ann"], "link": rids["link"]},
        )
    )
    assert [secret for secret in SECRETS if secret in seen] == []


def test_a_masked_view_is_not_written_back(
    graphql_as: Any, rids: dict[str, str], commit: Commit
) -> None:
    editor = graphql_as(Role.EDITOR, NAME)
    read = 'query { ontology(name: "people") { object(target: "Person/ann") { json masked } } }'
    found = editor.data(read)["ontology"]["object"]
    assert found["masked"] == ["email", "salary"]
    before = selectors.get_branch(ontology=NAME).head
    refused = editor.data(
        """mutation($values: JSON!) { replaceObject(input: {ontology: "people",
           target: "Person/ann", values: $values}) { __typename ... on Problem { code errors } } }""",
        {"values": found["json"]},
    )["replaceObject"]
    assert refused["__typename"] == "InvalidProblem"
    assert [one["rule"] for one in refused["errors"]] == ["masked"]
    assert selectors.get_branch(ontology=NAME).head == before


def test_what_a_change_answers_is_masked_too(graphql_as: Any, rids: dict[str, str]) -> None:
    editor = graphql_as(Role.EDITOR, NAME)
    seen = json.dumps(
        editor.data(
            """mutation { updateObject(input: {ontology: "people", target: "Person/ann",
               values: {age: 36}}) { ... on ObjectChange { object { ...instance } } } }"""
            + ALL
        )
    )
    assert "36" in seen
    assert [secret for secret in SECRETS if secret in seen] == []


def test_reading_secret_values_leaves_a_trace(graphql: GraphQLClient, rids: dict[str, str]) -> None:
    before = Event.objects.filter(action="ontology.restricted_read").count()
    graphql.data('{ ontology(name: "people") { object(target: "Person/ann") { values } } }')
    assert Event.objects.filter(action="ontology.restricted_read").count() == before + 1
