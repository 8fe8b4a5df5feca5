"""Figures and full text over GraphQL."""

from __future__ import annotations

from typing import Any

import pytest

from ontology import services
from tests.integration.graphql.conftest import GraphQLClient
from tests.integration.instances.conftest import NAME, Commit, delete, thing

pytestmark = [pytest.mark.django_db, pytest.mark.data]

FIGURES = """query($by: [String!], $measures: [MeasureInput!], $where: FilterInput, $limit: Int! = 9,
  $type: String! = "Person") { ontology(name: "people") { aggregateObjects(type: $type, by: $by,
  measures: $measures, where: $where, limit: $limit) { truncated commitId
  rows { group figures oldest: figure(function: MAX, property: "age") } } } }"""
SEARCH = """query($text: String!, $type: String! = "", $first: Int, $after: String, $asOf: String! = "") {
  ontology(name: "people") { search(text: $text, type: $type, first: $first, after: $after,
  asOf: $asOf) { nodes { score object { objectId links { nodes { object { title } } } } }
  pageInfo { hasNextPage endCursor } } } }"""


def figures(graphql: GraphQLClient, **variables: Any) -> dict[str, Any]:
    found: dict[str, Any] = graphql.data(FIGURES, variables)["ontology"]["aggregateObjects"]
    return found


def found_by(graphql: GraphQLClient, **variables: Any) -> list[str]:
    hits = graphql.data(SEARCH, variables)["ontology"]["search"]["nodes"]
    return [hit["object"]["objectId"] for hit in hits]


def test_all_in_one_group(graphql: GraphQLClient, staff: None) -> None:
    found = figures(
        graphql,
        measures=[
            {"function": "COUNT"},
            {"function": "COUNT", "property": "salary"},
            {"function": "SUM", "property": "salary"},
            {"function": "MAX", "property": "age"},
            {"function": "MIN", "property": "name"},
        ],
    )
    assert found["truncated"] is False
    assert found["rows"] == [
        {
            "group": {},
            "figures": {
                "count": 3,
                "count(salary)": 2,
                "sum(salary)": 9300.5,
                "max(age)": 51,
                "min(name)": "Ann Lee",
            },
            "oldest": 51,
        }
    ]


def test_by_group_the_biggest_first(graphql: GraphQLClient, staff: None, commit: Commit) -> None:
    commit(thing("Person", code="dan", grade="A"))
    found = figures(graphql, by=["grade"])
    assert [(row["group"]["grade"], row["figures"]["count"]) for row in found["rows"]] == [
        ("A", 2),
        ("B", 1),
        (None, 1),
    ]
    assert found["rows"][0]["oldest"] is None
    cut = figures(graphql, by=["grade"], limit=1)
    assert (len(cut["rows"]), cut["truncated"]) == (1, True)
    some = figures(graphql, by=["grade"], where={"property": "age", "op": "GT", "value": 40})
    assert [row["group"]["grade"] for row in some["rows"]] == ["B"]


def test_links_have_figures_too(graphql: GraphQLClient, staff: None) -> None:
    found = graphql.data(
        """{ ontology(name: "people") { aggregateLinks(type: "worksFor", filter: {property: "since",
           op: "isNull"}) { rows { figures } } } }"""
    )["ontology"]["aggregateLinks"]
    assert found["rows"] == [{"figures": {"count": 2}}]


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"by": ["home"]}, "bad_group"),
        ({"measures": [{"function": "SUM", "property": "name"}]}, "bad_measure"),
        ({"measures": [{"function": "AVG"}]}, "bad_measure"),
        ({"limit": 0}, "bad_limit"),
        ({"limit": 10_001}, "bad_limit"),
        ({"type": "worksFor"}, "type_not_found"),
    ],
)
def test_figures_that_cannot_be_had(
    graphql: GraphQLClient, staff: None, variables: dict[str, Any], code: str
) -> None:
    answer = graphql.ask(FIGURES, variables)
    assert answer["errors"][0]["extensions"]["code"] == code


def test_words_are_found_by_their_beginnings(graphql: GraphQLClient, staff: None) -> None:
    assert found_by(graphql, text="an le") == ["Person/ann"]
    assert found_by(graphql, text="acme", type="Person") == []
    hits = graphql.data(SEARCH, {"text": "bolt"})["ontology"]["search"]["nodes"]
    assert hits[0]["object"] == {
        "objectId": "Company/bolt",
        "links": {"nodes": [{"object": {"title": "Cho Min-ji"}}]},
    }
    assert hits[0]["score"] > 0


def test_pages_of_a_search_stay_on_one_commit(
    graphql: GraphQLClient, staff: None, commit: Commit
) -> None:
    commit(*(thing("Person", code=f"kim{number}", name="Kim") for number in range(3)))
    first = graphql.data(SEARCH, {"text": "kim", "first": 2})["ontology"]["search"]
    commit(*(delete(f"Person/kim{number}") for number in range(3)))
    more = graphql.data(SEARCH, {"text": "kim", "after": first["pageInfo"]["endCursor"]})
    rest = more["ontology"]["search"]
    seen = {hit["object"]["objectId"] for hit in (*first["nodes"], *rest["nodes"])}
    assert seen == {"Person/kim0", "Person/kim1", "Person/kim2"}
    assert found_by(graphql, text="kim") == []


def test_a_search_for_nothing_is_refused(graphql: GraphQLClient, staff: None) -> None:
    for text in ("", "--", "x" * 501):
        answer = graphql.ask(SEARCH, {"text": text})
        assert answer["errors"][0]["extensions"]["code"] in ("bad_search", "bad_filter")


def test_questions_are_asked_at_a_tag_too(
    graphql: GraphQLClient, staff: None, commit: Commit
) -> None:
    services.create_tag(ontology=NAME, name="v1")
    commit(delete("Person/ann"))
    found = graphql.data(
        """{ ontology(name: "people") {
           then: aggregateObjects(type: "Person", ref: "v1") { rows { figures } }
           now: aggregateObjects(type: "Person") { rows { figures } }
           search(text: "ann", ref: "v1") { nodes { object { objectId } } } } }"""
    )["ontology"]
    assert found["then"]["rows"] == [{"figures": {"count": 3}}]
    assert found["now"]["rows"] == [{"figures": {"count": 2}}]
    assert found["search"]["nodes"] == [{"object": {"objectId": "Person/ann"}}]
