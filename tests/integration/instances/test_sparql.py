"""Objects and links in SPARQL."""

from __future__ import annotations

import json

from ontology import selectors
from tests.integration.instances.conftest import NAME, Commit, update

_PREFIX = "PREFIX : <https://example.org/people/> "


def rows(query: str, ref: str = "") -> list[tuple[str, ...]]:
    with selectors.run_sparql(ontology=NAME, query=_PREFIX + query, ref=ref).file as file:
        found = json.load(file)
    names = found["head"]["vars"]
    return [
        tuple(row[name]["value"] for name in names if name in row)
        for row in found["results"]["bindings"]
    ]


def test_values_and_links_are_triples(commit: Commit, staff: None) -> None:
    first = selectors.resolve_ref(ontology=NAME, ref="main").id
    query = """SELECT ?name ?employer {
        ?p a :Person ; :name ?name ; :age ?age ; :worksFor/:name ?employer FILTER(?age > 30)
    } ORDER BY ?name"""
    assert rows(query) == [("Ann Lee", "Acme Ltd"), ("Bob Stone", "Acme Ltd")]
    commit(update("Person/ann", age=20))
    assert rows(query) == [("Bob Stone", "Acme Ltd")]
    assert len(rows(query, first)) == 2


def test_each_kind_of_value(staff: None) -> None:
    assert rows('SELECT ?n { ?p :code "ann" ; :nicknames ?n } ORDER BY ?n') == [("al",), ("annie",)]
    assert rows('SELECT ?c { ?p :code "ann" ; :home/:city ?c }') == [("Seoul",)]
    assert rows(
        'SELECT ?s ?t { ?p :code "ann" ; :salary ?s ; :born ?b BIND(datatype(?b) AS ?t) }'
    ) == [("5200.5", "http://www.w3.org/2001/XMLSchema#dateTime")]


def test_an_export_gives_the_same_data_back(commit: Commit, staff: None) -> None:
    from io import BytesIO

    from ontology import services

    text = b"".join(selectors.export_rdf(ontology=NAME, format="turtle"))
    result = services.import_rdf(
        ontology=NAME, sources=[BytesIO(text)], format="turtle", mode="replace"
    )
    assert result.commit is None
