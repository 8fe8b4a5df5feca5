"""WOQL as TerminusDB reads it."""

from __future__ import annotations

import pytest

from ontology.domain.native.terms import Literal, Node, Triple
from ontology.store.terminusdb import woql


def test_values_of_a_document_are_text() -> None:
    said = woql.insert(
        {"@type": "A", "ok": True, "no": False, "names": ["x", "y"], "in": {"a": "b"}}
    )
    assert said["@type"] == "InsertDocument"
    fields = {pair["field"]: pair["value"] for pair in said["document"]["dictionary"]["data"]}
    assert fields["@type"] == woql.text("A")
    assert fields["ok"] == woql.text("true")
    assert fields["no"] == woql.text("false")
    assert fields["names"] == {"@type": "Value", "list": [woql.text("x"), woql.text("y")]}
    assert fields["in"]["dictionary"]["data"] == [
        {"@type": "FieldValuePair", "field": "a", "value": woql.text("b")}
    ]


def test_a_document_of_oms_holds_no_numbers() -> None:
    with pytest.raises(TypeError):
        woql.update({"@type": "A", "n": 1})


def test_native_triples_keep_their_data_types() -> None:
    comes = woql.comes(Triple("Airport/1", "runways", Literal("xsd:integer", "3")))
    assert comes == {
        "@type": "AddTriple",
        "subject": {"@type": "NodeValue", "node": "Airport/1"},
        "predicate": {"@type": "NodeValue", "node": "runways"},
        "object": {"@type": "Value", "data": {"@type": "xsd:integer", "@value": "3"}},
        "graph": "instance",
    }
    goes = woql.goes(Triple("@schema:A", "rdf:type", Node("sys:Class")), woql.SCHEMA)
    assert (goes["@type"], goes["graph"]) == ("DeleteTriple", "schema")
    assert goes["object"] == {"@type": "Value", "node": "sys:Class"}
