"""SPARQL over REST: the protocol, its formats, its bounds, and the same answers as rdflib's."""

from __future__ import annotations

import io
import json
import threading
import time
from typing import Any
from urllib.parse import urlencode

import pytest
import rdflib
from asgiref.sync import async_to_sync
from django.test import AsyncClient
from rdflib.compare import isomorphic
from rdflib.query import Result
from rest_framework.test import APIClient

from ontology.selectors import SPARQL_FORMATS
from tests.integration.api.conftest import head_of, problem

pytestmark = [pytest.mark.data, pytest.mark.django_db]

FLEET = "https://example.org/fleet/"
TURTLE = b"""
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix f: <https://example.org/fleet/> .
f:Airport a owl:Class ; rdfs:label "Airport"@en , "\xea\xb3\xb5\xed\x95\xad"@ko .
f:Helipad a owl:Class ; rdfs:subClassOf f:Airport ; rdfs:comment "Round, \\"small\\"\\n<flat>"@en .
f:runways a owl:DatatypeProperty ; rdfs:domain f:Airport ; rdfs:range xsd:integer .
f:icn a f:Airport ; f:runways 4 .
f:gmp a f:Airport ; f:runways 2 .
f:h1 a f:Helipad ; f:runways 0 .
"""
ROWS = [
    "SELECT * { ?s ?p ?o }",
    "SELECT ?c ?label { ?c a owl:Class ; rdfs:label ?label } ORDER BY ?label",
    "SELECT ?c { ?c a owl:Class FILTER NOT EXISTS { ?c rdfs:subClassOf ?d } }",
    "SELECT ?s { ?s a/rdfs:subClassOf* f:Airport }",
    "SELECT ?c (COUNT(?s) AS ?n) { ?s a ?c } GROUP BY ?c HAVING (COUNT(?s) > 1)",
    "SELECT (SUM(?n) AS ?all) (MAX(?n) AS ?most) { ?s f:runways ?n }",
    "SELECT ?s ?n { ?s f:runways ?n FILTER (?n > 1) } ORDER BY DESC(?n)",
    "SELECT DISTINCT ?p { ?s ?p ?o } ORDER BY ?p LIMIT 3 OFFSET 1",
    "SELECT ?s ?label { ?s a owl:Class OPTIONAL { ?s rdfs:label ?label FILTER (LANG(?label) = 'ko') } }",
    "SELECT ?s { { ?s a f:Helipad } UNION { ?s f:runways 2 } }",
    "SELECT ?s ?t { ?s a f:Airport BIND(CONCAT('x', STRAFTER(STR(?s), 'fleet/')) AS ?t) }",
    "SELECT ?s ?v { VALUES ?v { 2 4 } ?s f:runways ?v }",
    "SELECT ?s { ?s rdfs:comment ?c FILTER REGEX(?c, '^round', 'i') }",
    "SELECT ?s { { SELECT ?s (MIN(?n) AS ?m) { ?s f:runways ?n } GROUP BY ?s } FILTER (?m = 0) }",
    "ASK { f:icn f:runways 4 }",
    "ASK { f:icn f:runways 5 }",
]
GRAPHS = [
    "CONSTRUCT { ?c rdfs:label ?label } WHERE { ?c a owl:Class ; rdfs:label ?label }",
    "CONSTRUCT WHERE { ?s f:runways ?n }",
    "CONSTRUCT { ?s f:big true } WHERE { ?s f:runways ?n FILTER (?n >= 4) }",
]
CROSS = "{ ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n ?o }"


def media(name: str) -> str:
    return SPARQL_FORMATS[name].media_types[0]


def ask(api: APIClient, address: str, query: str, *, accept: str = "", **fields: str) -> Any:
    headers = {"Accept": accept} if accept else {}
    return api.get(f"{address}/sparql", {"query": query, **fields}, headers=headers)


def body(answer: Any) -> bytes:
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content)


def bindings(answer: Any) -> list[dict[str, str]]:
    rows = json.loads(body(answer))["results"]["bindings"]
    return [{name: term["value"] for name, term in row.items()} for row in rows]


@pytest.fixture
def airports(api: APIClient, fleet: str) -> str:
    """An ontology with a hierarchy, labels and instances."""
    sent = api.generic("POST", f"{fleet}/imports", TURTLE, content_type="text/turtle")
    assert sent.status_code == 201, sent.content
    return fleet


def exported(api: APIClient, address: str, ref: str = "main") -> rdflib.Graph:
    text = body(api.get(f"{address}/export", {"format": "turtle", "ref": ref}))
    return rdflib.Graph().parse(text, format="turtle")


def rows_of(result: Result) -> list[tuple[str, ...]]:
    names = sorted(str(name) for name in result.vars or [])
    return sorted(
        tuple(_text(row.get(rdflib.Variable(name))) for name in names) for row in result.bindings
    )


def _text(term: Any) -> str:
    if isinstance(term, rdflib.BNode):
        return "_:"
    if isinstance(term, rdflib.Literal) and term.value is not None and not term.language:
        return f"{term.value}"
    return "" if term is None else term.n3()


def test_rows_are_those_that_rdflib_finds_in_the_export(api: APIClient, airports: str) -> None:
    graph = exported(api, airports)
    for query in ROWS:
        theirs = graph.query(query)
        ours = Result.parse(io.BytesIO(body(ask(api, airports, query))), format="json")
        assert ours.type == theirs.type, query
        if theirs.type == "ASK":
            assert ours.askAnswer == theirs.askAnswer, query
        else:
            assert rows_of(ours) == rows_of(theirs), query
            assert rows_of(theirs), query


def test_triples_are_those_that_rdflib_finds_in_the_export(api: APIClient, airports: str) -> None:
    graph = exported(api, airports)
    for query in GRAPHS:
        theirs = graph.query(query).graph
        assert theirs is not None
        for name in ("turtle", "n-triples", "rdf-xml", "json-ld"):
            answer = ask(api, airports, query, format=name)
            assert answer["Content-Type"].partition(";")[0] == media(name)
            ours = rdflib.Graph().parse(body(answer), format=media(name))
            assert set(ours) == set(theirs), (query, name)
            assert len(ours)
    described = rdflib.Graph().parse(body(ask(api, airports, f"DESCRIBE <{FLEET}icn>")))
    assert (rdflib.URIRef(f"{FLEET}icn"), rdflib.URIRef(f"{FLEET}runways"), rdflib.Literal(4)) in (
        described
    )


def test_the_store_holds_what_the_export_holds(api: APIClient, airports: str) -> None:
    whole = rdflib.Graph().parse(body(ask(api, airports, "CONSTRUCT WHERE { ?s ?p ?o }")))
    assert isomorphic(whole, exported(api, airports))


@pytest.mark.parametrize("name", ["json", "xml", "csv", "tsv"])
def test_every_format_of_rows_can_be_read(api: APIClient, airports: str, name: str) -> None:
    query = "SELECT ?s ?label ?none { ?s rdfs:label ?label OPTIONAL { ?s f:nothing ?none } }"
    expected = body(ask(api, airports, query))
    by_name = ask(api, airports, query, format=name)
    by_type = ask(api, airports, query, accept=media(name))

    assert by_name["Content-Type"].partition(";")[0] == media(name)
    text = body(by_name)
    assert body(by_type) == text
    found = Result.parse(io.BytesIO(text), format=name)
    reference = Result.parse(io.BytesIO(expected), format="json")
    assert len(found.bindings) == len(reference.bindings) > 1
    assert {str(row[rdflib.Variable("label")]) for row in found.bindings} == {
        str(row[rdflib.Variable("label")]) for row in reference.bindings
    }


def test_the_query_may_come_in_three_ways(api: APIClient, airports: str) -> None:
    query = "SELECT ?n { f:icn f:runways ?n }"
    for answer in (
        ask(api, airports, query),
        api.generic("POST", f"{airports}/sparql", query, content_type="application/sparql-query"),
        api.generic(
            "POST",
            f"{airports}/sparql?ref=main",
            urlencode({"query": query, "format": "json"}),
            content_type="application/x-www-form-urlencoded; charset=UTF-8",
        ),
    ):
        assert bindings(answer) == [{"n": "4"}]
        assert answer["X-OMS-Commit"] == head_of(api, airports)


def test_a_body_is_read_again_whatever_the_key(api: APIClient, airports: str) -> None:
    for _ in range(2):
        sent = api.generic(
            "POST",
            f"{airports}/sparql",
            "ASK {}",
            content_type="application/sparql-query",
            headers={"Idempotency-Key": "same"},
        )
        assert json.loads(body(sent))["boolean"] is True


def test_a_form_and_the_address_do_not_say_two_things(api: APIClient, airports: str) -> None:
    sent = api.generic(
        "POST",
        f"{airports}/sparql?ref=main",
        urlencode({"query": "ASK {}", "ref": "other"}),
        content_type="application/x-www-form-urlencoded",
    )
    problem(sent, 400, "bad_query")


def test_old_states_can_be_asked(api: APIClient, airports: str) -> None:
    before = head_of(api, airports)
    api.post(f"{airports}/tags", {"name": "v1.0"})
    api.post(f"{airports}/branches", {"name": "feature/gate"})
    api.post(f"{airports}/object-types?branch=feature/gate", {"apiName": "Gate"})
    api.post(f"{airports}/object-types", {"apiName": "Hangar"})
    query = "SELECT ?t { ?t a owl:Class VALUES ?t { f:Gate f:Hangar } }"

    def found(ref: str) -> list[str]:
        return [
            row["t"].removeprefix(FLEET) for row in bindings(ask(api, airports, query, ref=ref))
        ]

    assert found("main") == ["Hangar"]
    assert found("feature/gate") == ["Gate"]
    assert found("v1.0") == found(before) == found(before[:12]) == []
    problem(ask(api, airports, query, ref="nowhere"), 404, "ref_not_found")


def test_prefixes_are_those_of_the_header_unless_the_query_has_its_own(
    api: APIClient, airports: str
) -> None:
    own = f"PREFIX f: <http://other/> PREFIX owl: <{FLEET}> SELECT ?n {{ owl:icn owl:runways ?n }}"
    assert bindings(ask(api, airports, own)) == [{"n": "4"}]
    assert bindings(ask(api, airports, "SELECT ?n { <icn> <runways> ?n }")) == [{"n": "4"}]
    refused = problem(ask(api, airports, "SELECT * {\n nope:x ?p ?o }"), 400, "sparql_syntax")
    assert refused["errors"][0]["line"] == 2


@pytest.mark.parametrize(
    ("accept", "rows", "triples"),
    [
        ("", "json", "turtle"),
        ("*/*", "json", "turtle"),
        ("application/json", "json", "json-ld"),
        ("text/csv;q=0.5, application/sparql-results+xml", "xml", None),
        ("text/*", "csv", "turtle"),
        ("application/n-triples, text/tab-separated-values;q=0.1", "tsv", "n-triples"),
        ("image/png", None, None),
        ("text/csv;q=0", None, None),
    ],
)
def test_accept_is_honoured(
    api: APIClient, airports: str, accept: str, rows: str | None, triples: str | None
) -> None:
    for query, name in (("SELECT * { ?s ?p 4 }", rows), ("CONSTRUCT WHERE { ?s ?p 4 }", triples)):
        answer = ask(api, airports, query, accept=accept)
        if name is None:
            told = problem(answer, 406, "not_acceptable")
            assert "ask for one of" in told["detail"]
        else:
            assert answer["Content-Type"].partition(";")[0] == media(name)
            assert "Accept" in answer["Vary"]
            body(answer)


def test_a_format_must_exist_and_fit(api: APIClient, airports: str) -> None:
    assert (
        "json, xml"
        in problem(ask(api, airports, "ASK {}", format="pdf"), 400, "sparql_format")["detail"]
    )
    problem(ask(api, airports, "ASK {}", format="turtle"), 406, "not_acceptable")


HOSTILE = [
    ("SELECT * { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }", 400, "sparql_service"),
    (
        "SELECT * { { SELECT * { SERVICE SILENT <http://127.0.0.1:9/> {} } } }",
        400,
        "sparql_service",
    ),
    ("LOAD <http://127.0.0.1:9/>", 400, "sparql_update"),
    ("INSERT DATA { <urn:a> <urn:b> 1 }", 400, "sparql_update"),
    ("DELETE WHERE { ?s ?p ?o }", 400, "sparql_update"),
    ("SELECT * FROM <http://127.0.0.1:9/> { ?s ?p ?o }", 400, "sparql_dataset"),
    ("SELECT * FROM NAMED <file:///etc/passwd> { GRAPH ?g { ?s ?p ?o } }", 400, "sparql_dataset"),
    ("SELECT * " + "{" * 1000 + "}" * 1000, 400, "sparql_too_complex"),
    ("SELECT * { ?s ?p " + "!" * 60_000 + " }", 400, "sparql_syntax"),
    ("SELECT * { ?s ?p ?o", 400, "sparql_syntax"),
    ("nonsense", 400, "sparql_syntax"),
    ("SELECT * { \x00 }", 400, "sparql_syntax"),
    ("SELECT (<http://x/f>(1) AS ?x) {}", 422, "sparql_evaluation"),
    ("SELECT * { FILTER(" + "1+" * 60_000 + "1 = 1) }", 422, "sparql_too_complex"),
    ("SELECT * { FILTER(" + "!" * 100_000 + "true) }", 422, "sparql_too_complex"),
]


@pytest.mark.parametrize(("query", "status", "code"), HOSTILE)
def test_hostile_queries_are_refused_in_words(
    api: APIClient, fleet: str, query: str, status: int, code: str
) -> None:
    address = f"{fleet}/sparql"
    problem(
        api.generic("POST", address, query, content_type="application/sparql-query"), status, code
    )
    assert body(ask(api, fleet, "ASK {}")) == b'{"head":{},"boolean":true}'


def test_a_megabyte_of_query_is_too_large(api: APIClient, fleet: str) -> None:
    address, kind = f"{fleet}/sparql", "application/sparql-query"
    for size in (1_000_000, 5_000_000):
        sent = api.generic("POST", address, "ASK {} #" + "x" * size, content_type=kind)
        assert sent.status_code == 413
        assert sent["Content-Type"] == "application/problem+json"
    fine = api.generic("POST", address, "ASK {} #" + "x" * 200_000, content_type=kind)
    assert fine.status_code == 200


def test_what_the_protocol_has_and_this_endpoint_not(api: APIClient, fleet: str) -> None:
    for name in ("default-graph-uri", "named-graph-uri"):
        refused = problem(ask(api, fleet, "ASK {}", **{name: "http://x/"}), 400, "sparql_dataset")
        assert refused["errors"][0]["parameter"] == name
    problem(api.get(f"{fleet}/sparql", {"update": "CLEAR ALL"}), 400, "sparql_update")
    sent = api.generic("POST", f"{fleet}/sparql", "x", content_type="application/sparql-update")
    problem(sent, 400, "sparql_update")
    form = urlencode({"query": "ASK {}", "default-graph-uri": "http://x/"})
    sent = api.generic(
        "POST", f"{fleet}/sparql", form, content_type="application/x-www-form-urlencoded"
    )
    problem(sent, 400, "sparql_dataset")
    sent = api.generic("POST", f"{fleet}/sparql", "{}", content_type="application/json")
    problem(sent, 415, "unsupported_media_type")
    problem(api.get(f"{fleet}/sparql"), 400, "bad_query")
    problem(api.get(f"{fleet}/sparql", {"query": "ASK {}", "reff": "main"}), 400, "bad_query")


def test_time_is_bounded(api: APIClient, airports: str, settings: Any) -> None:
    settings.OMS_SPARQL_TIMEOUT = 1
    body(ask(api, airports, "ASK {}"))
    start = time.monotonic()
    told = problem(
        ask(api, airports, f"SELECT (COUNT(*) AS ?count) {CROSS}"), 422, "sparql_timeout"
    )
    assert time.monotonic() - start < 4
    assert told["data"] == {"seconds": 1}
    assert told["retryable"] is False


def test_results_and_memory_are_bounded(api: APIClient, airports: str, settings: Any) -> None:
    settings.OMS_SPARQL_MAX_RESULTS = 10
    for query in ("SELECT * { ?s ?p ?o }", "CONSTRUCT WHERE { ?s ?p ?o }"):
        told = problem(ask(api, airports, query), 422, "sparql_result_too_large")
        assert told["data"] == {"limit": 10, "unit": "rows"}
    assert len(bindings(ask(api, airports, "SELECT * { ?s ?p ?o } LIMIT 10"))) == 10
    settings.OMS_SPARQL_MAX_RESULTS = 10**9
    settings.OMS_SPARQL_MAX_BYTES = 100_000
    told = problem(ask(api, airports, f"SELECT * {CROSS}"), 422, "sparql_result_too_large")
    assert told["data"] == {"limit": 100_000, "unit": "bytes"}
    settings.OMS_SPARQL_MEMORY_BYTES = 64 * 1024 * 1024
    problem(ask(api, airports, f"SELECT * {CROSS} ORDER BY ?o ?l"), 422, "sparql_too_complex")


def test_a_state_may_be_too_large(api: APIClient, airports: str, settings: Any) -> None:
    settings.OMS_SPARQL_MAX_TRIPLES = 10
    problem(ask(api, airports, "ASK {}"), 422, "sparql_too_many_triples")


def test_queries_at_once_are_bounded(
    api: APIClient, airports: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ontology.selectors import states

    monkeypatch.setattr(states, "_PATIENCE", 0.1)
    settings.OMS_SPARQL_CONCURRENCY = 1
    entered, leave = threading.Event(), threading.Event()

    def occupy() -> None:
        with states._gate.passed(1, wait=5):
            entered.set()
            leave.wait(20)

    other = threading.Thread(target=occupy)
    other.start()
    try:
        entered.wait(5)
        answer = ask(api, airports, "ASK {}")
        assert problem(answer, 503, "sparql_busy")["retryable"] is True
        assert int(answer["Retry-After"]) > 0
    finally:
        leave.set()
        other.join()
    body(ask(api, airports, "ASK {}"))


def test_who_may_not_read_may_not_ask(
    api: APIClient, airports: str, viewer: APIClient, client_of: Any, person: Any
) -> None:
    assert body(ask(viewer, airports, "ASK {}"))
    nobody = client_of(person("nora"))
    problem(ask(nobody, airports, "ASK {}"), 403, "permission_denied")
    sent = nobody.generic(
        "POST", f"{airports}/sparql", "ASK {}", content_type="application/sparql-query"
    )
    problem(sent, 403, "permission_denied")
    problem(ask(APIClient(), airports, "ASK {}"), 401, "unauthenticated")


def test_an_etag_names_query_commit_and_format(api: APIClient, airports: str) -> None:
    query = "SELECT ?n { f:icn f:runways ?n }"
    first = ask(api, airports, query)
    body(first)
    again = api.get(
        f"{airports}/sparql", {"query": query}, headers={"If-None-Match": first["ETag"]}
    )
    assert again.status_code == 304
    others = [ask(api, airports, query, format="csv"), ask(api, airports, query + " LIMIT 1"),
              ask(api, airports, query, accept="text/csv")]  # fmt: skip
    assert len({first["ETag"], *(answer["ETag"] for answer in others)}) == 4
    api.post(f"{airports}/object-types", {"apiName": "Hangar"})
    assert ask(api, airports, query)["ETag"] != first["ETag"]
    assert "immutable" in ask(api, airports, query, ref=head_of(api, airports))["Cache-Control"]


def test_it_streams_where_django_is_asynchronous(api: APIClient, airports: str) -> None:
    headers = {"Authorization": api._credentials["HTTP_AUTHORIZATION"]}

    async def fetch() -> bytes:
        answer = await AsyncClient().get(f"{airports}/sparql", {"query": "ASK {}"}, headers=headers)
        return b"".join([chunk async for chunk in answer.streaming_content])

    assert json.loads(async_to_sync(fetch)())["boolean"] is True
