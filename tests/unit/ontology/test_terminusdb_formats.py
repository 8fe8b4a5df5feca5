"""What TerminusDB is sent: triples as Turtle, and exact texts in bundles."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdflib import RDF, Graph, URIRef
from rdflib import Literal as RdfLiteral

from oms_project.core.errors import Invalid
from ontology.domain.kinds import Kind
from ontology.domain.native.terms import RDF_TYPE, Literal, Node, Triple
from ontology.store.home import HomeDocument
from ontology.store.terminusdb.changes import changes_triples, documents_in, is_bundled
from ontology.store.terminusdb.turtle import turtle

BASE, SCHEMA = "https://example.org/air/data/", "https://example.org/air/schema#"
XSD = "http://www.w3.org/2001/XMLSchema#"
PREFIXES = {"@base": BASE, "@schema": SCHEMA}


def graph_of(*triples: Triple) -> Graph:
    return Graph().parse(data=turtle(triples, PREFIXES), format="turtle")


def test_names_stand_in_base_and_schema() -> None:
    found = graph_of(
        Triple("Airport/1", RDF_TYPE, Node("@schema:Airport")),
        Triple("Airport/1", "near", Node("Airport/2")),
        Triple("Airport/2", RDF_TYPE, Node("@schema:Airport")),
        Triple("Airport/1", "runs a/b", Node("Airport/<2> {x}")),
    )
    one, two = URIRef(f"{BASE}Airport/1"), URIRef(f"{BASE}Airport/2")
    airport = URIRef(f"{SCHEMA}Airport")
    assert (one, RDF.type, airport) in found
    assert (one, URIRef(f"{SCHEMA}near"), two) in found
    assert (two, RDF.type, airport) in found
    assert len(found) == 4
    text = turtle([Triple("A/1", "p", Node("<x> y"))], PREFIXES)
    assert "\\u003Cx\\u003E\\u0020y" in text


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_text_comes_back(text: str) -> None:
    found = graph_of(Triple("A/1", "name", Literal("xsd:string", text)))
    assert [str(one) for one in found.objects()] == [text]


def test_values_keep_their_types() -> None:
    found = graph_of(
        Triple("A/1", "n", Literal("xsd:integer", "5")),
        Triple("A/1", "d", Literal("xsd:decimal", "0.10")),
    )
    assert set(found.objects()) == {
        RdfLiteral("5", datatype=URIRef(f"{XSD}integer")),
        RdfLiteral("0.10", datatype=URIRef(f"{XSD}decimal")),
    }


def test_nothing_is_a_document_too() -> None:
    assert len(graph_of()) == 0


def test_half_a_character_is_refused() -> None:
    with pytest.raises(Invalid) as caught:
        turtle([Triple("A/1", "name", Literal("xsd:string", "\ud800"))], PREFIXES)
    assert caught.value.error_code == "home_refused"


# --- bundles --------------------------------------------------------------------------------------
COMMIT = hashlib.sha256(b"1").hexdigest()


def document(rid: str, text: str = "{}", *, deleted: bool = False) -> HomeDocument:
    return HomeDocument(
        rid=rid,
        kind=Kind.LINK if deleted else Kind.OBJECT,
        text=text,
        hash=hashlib.sha256(text.encode()).hexdigest(),
        commit=COMMIT,
        created='"_created_by":"ann"',
        updated='"_updated_by":"bob"',
        deleted=deleted,
    )


def test_a_bundle_gives_back_what_went_in() -> None:
    documents = [document("a", '{"x":"\\t\\n \u2028 가"}'), document("b", deleted=True)]
    triples = changes_triples(COMMIT, 3, documents)
    assert triples[0] == Triple(f"OmsChanges/{COMMIT}.00003", RDF_TYPE, Node("@schema:OmsChanges"))
    body = {"@id": triples[0].subject, **{one.predicate: one.object for one in triples[1:]}}
    body = {name: getattr(value, "json", value) for name, value in body.items()}
    assert body["count"] == 2
    assert list(documents_in(body)) == documents
    assert changes_triples(COMMIT, 3, []) == ()


@pytest.mark.parametrize("text", ['{"x":"\t"}', '{"x":"\n"}'])
def test_what_is_not_canonical_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        changes_triples(COMMIT, 0, [document("a", text)])
    assert caught.value.error_code == "home_refused"


@pytest.mark.parametrize("text", ["", "a\tObject\th\tc\tu\t2\t{}", "a\tNo\th\tc\tu\t0\t{}"])
def test_a_bundle_that_others_wrote_is_told(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        list(documents_in({"@id": "OmsChanges/x", "commit": COMMIT, "text": text}))
    assert caught.value.error_code == "broken_record"
    assert "Line 1 of OmsChanges/x" in str(caught.value)


def test_definitions_stand_alone() -> None:
    assert is_bundled(document("a"))
    alone = HomeDocument("a", Kind.OBJECT_TYPE, "{}", "", COMMIT, "", "")
    assert not is_bundled(alone)
