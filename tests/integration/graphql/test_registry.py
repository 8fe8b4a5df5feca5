"""Ontologies, branches, tags and commits over GraphQL."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oms_project.identity.contract import Role
from ontology import selectors, services
from tests.integration.graphql.conftest import GraphQLClient

pytestmark = [pytest.mark.django_db, pytest.mark.data]

BRANCHES = """query($n: Int) { ontology(name: "fleet") {
  branches(first: $n) { nodes { name head { commitId message } } pageInfo { hasNextPage endCursor } }
} }"""


@pytest.fixture
def fleet(as_system: None) -> str:
    services.create_ontology(name="fleet", base_iri="https://example.org/fleet/")
    return "fleet"


def test_an_ontology_is_made_and_read(graphql: GraphQLClient) -> None:
    made = graphql.data(
        """mutation { createOntology(input: {name: "fleet", baseIri: "https://example.org/fleet/"})
           { __typename ... on Ontology { id name defaultBranch } } }"""
    )["createOntology"]
    assert made["__typename"] == "Ontology"
    assert (made["name"], made["defaultBranch"]) == ("fleet", "main")
    again = graphql.data(
        "query($id: ID!) { node(id: $id) { ... on Ontology { name } } }", {"id": made["id"]}
    )
    assert again == {"node": {"name": "fleet"}}


def test_what_is_refused_is_a_problem_and_changes_nothing(
    graphql_as: Any, fleet: str, acting: Any
) -> None:
    viewer = graphql_as(Role.VIEWER)
    answer = viewer.data(
        """mutation { createBranch(ontology: "fleet", name: "mine")
           { __typename ... on PermissionDeniedProblem { code detail data } } }"""
    )["createBranch"]
    assert answer["__typename"] == "PermissionDeniedProblem"
    assert answer["code"] == "permission_denied"
    assert answer["data"]["permission"] == "ontology.branch"
    with acting(viewer.user):
        assert [one.name for one in selectors.list_branches(ontology="fleet").items] == ["main"]


def test_pages_go_on_where_they_ended(graphql: GraphQLClient, fleet: str) -> None:
    for number in range(5):
        services.create_branch(ontology="fleet", name=f"work-{number}")
    seen: list[str] = []
    after = None
    while True:
        page = graphql.data(
            """query($after: String) { ontology(name: "fleet") { branches(first: 2, after: $after) {
               edges { cursor node { name } } pageInfo { hasNextPage endCursor } } } }""",
            {"after": after},
        )["ontology"]["branches"]
        seen += [edge["node"]["name"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == ["main", *(f"work-{number}" for number in range(5))]


def test_any_edge_can_be_gone_on_from(graphql: GraphQLClient, fleet: str) -> None:
    for number in range(5):
        services.create_branch(ontology="fleet", name=f"work-{number}")
    query = """query($after: String) { ontology(name: "fleet") { branches(first: 4, after: $after) {
               edges { cursor node { name } } } } }"""
    first = graphql.data(query)["ontology"]["branches"]["edges"]
    second = graphql.data(query, {"after": first[1]["cursor"]})["ontology"]["branches"]["edges"]
    assert [edge["node"]["name"] for edge in second] == ["work-1", "work-2", "work-3", "work-4"]


def test_a_cursor_of_another_list_is_refused(graphql: GraphQLClient, fleet: str) -> None:
    answer = graphql.ask(
        '{ ontology(name: "fleet") { branches(after: "xyz") { nodes { name } } } }'
    )
    assert answer["errors"][0]["extensions"]["code"] == "bad_cursor"


def test_more_rows_take_no_more_queries(graphql: GraphQLClient, fleet: str) -> None:
    for number in range(60):
        services.create_branch(ontology="fleet", name=f"work-{number:02}")
    counts = []
    for size in (5, 50):
        graphql.data(BRANCHES, {"n": size})
        with CaptureQueriesContext(
            connection,
        ) as queries:
            found = graphql.data(BRANCHES, {"n": size})
        assert len(found["ontology"]["branches"]["nodes"]) == size
        counts.append(len(queries))
    assert counts[0] == counts[1]
