"""The loss report, as people and machines read it."""

from __future__ import annotations

import pytest

from tests.unit.interop.laws import turtle

_TEXT = """:A a owl:Class ; rdfs:label "a"@en ; rdfs:subClassOf owl:Thing, [ a owl:Restriction ] .
           <http://example.org/family#B-C> a owl:Class .
           :thing :p "x" ."""


def test_the_report_as_a_dictionary() -> None:
    assert turtle(_TEXT).report.as_dict() == {
        "triples": 7,
        "mappedTriples": 3,
        "unplacedTriples": 4,
        "documents": {"ObjectType": 2, "Resource": 1},
        "mapped": [
            {
                "term": "http://www.w3.org/1999/02/22-rdf-syntax-ns#type "
                "http://www.w3.org/2002/07/owl#Class",
                "triples": 2,
            },
            {"term": "http://www.w3.org/2000/01/rdf-schema#label", "triples": 1},
        ],
        "unplaced": [
            {
                "term": "http://www.w3.org/2000/01/rdf-schema#subClassOf",
                "triples": 2,
                "why": "an expression, not a name",
                "kept": "annotation of the definition",
            },
            {
                "term": "http://example.org/family#p",
                "triples": 1,
                "why": "describes neither a definition nor an individual of a known class",
                "kept": "resource document",
            },
            {
                "term": "http://www.w3.org/2000/01/rdf-schema#subClassOf",
                "triples": 1,
                "why": "refers to something that is not defined here",
                "kept": "annotation of the definition",
            },
        ],
        "namedGraphs": {},
        "renamed": {"http://example.org/family#B-C": "B_C"},
    }


def test_the_report_as_text() -> None:
    assert turtle(_TEXT).report.as_text(limit=1).splitlines() == [
        "7 triples: 3 mapped, 4 without a place in the model",
        "documents: 2 ObjectType, 1 Resource",
        "",
        "   mapped  term",
        "        2  rdf:type owl:Class",
        "           and 1 more",
        "",
        " unplaced  term: why (kept as)",
        "        2  rdfs:subClassOf: an expression, not a name (annotation of the definition)",
        "           and 2 more",
        "",
        "renamed to be legal and unique:",
        "           http://example.org/family#B-C -> B_C",
    ]


@pytest.mark.parametrize("term", ["icon", "properties"])
def test_oms_terms_that_refer_to_nothing_are_reported_as_lost(term: str) -> None:
    literal = r'"{\"@ref\":\"ObjectType http://gone\"}"^^rdf:JSON'
    report = turtle(f":A a owl:Class ; oms:{term} {literal} .").report
    assert report.mapped_triples + report.unplaced_triples == report.triples == 2
    (lost,) = report.unplaced
    assert (lost.term, lost.kept) == (f"urn:oms:vocab:{term}", "nowhere")
