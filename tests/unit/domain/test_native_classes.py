"""Definitions as native classes: what TerminusDB would refuse does not come out."""

from __future__ import annotations

from typing import Any

import pytest

from ontology.domain.documents import Body, Document
from ontology.domain.kinds import Kind
from ontology.domain.memory import MemoryState
from ontology.domain.native.classes import (
    Classes,
    Member,
    NativeClass,
    class_json,
    class_triples,
)
from ontology.domain.native.documents import document_json, link_triples, object_triples
from ontology.domain.native.names import (
    class_name,
    member_name,
    object_id,
    prefixes,
    relation_name,
    rid_of,
)
from ontology.domain.native.terms import Node, Triple

TEXT = Member("Optional", "xsd:string")
NUMBER = Member("Optional", "xsd:integer")
RELATION = Member("Set", "OmsObject")


def rid(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012}"


def part(name: str, *types: str, **fields: Any) -> Body:
    return {"rid": name, "apiName": name, "dataTypes": list(types), **fields}


def classes(*documents: tuple[int, Kind, Body]) -> Classes:
    return Classes(MemoryState(Document(rid(n), kind, body) for n, kind, body in documents))


def of(found: Classes, number: int) -> NativeClass:
    native = found.native(rid(number))
    assert native is not None
    return native


def test_data_types_have_native_types() -> None:
    found = classes(
        (1, Kind.VALUE_TYPE, {"apiName": "Price", "baseType": "decimal(12,2)"}),
        (2, Kind.ENUM_TYPE, {"apiName": "Color", "members": [{"code": "RED"}]}),
        (3, Kind.STRUCT_TYPE, {"apiName": "Size", "fields": []}),
        (4, Kind.SHARED_PROPERTY, {"apiName": "at", "dataTypes": ["timestamp"], "array": {}}),
        (
            5,
            Kind.OBJECT_TYPE,
            {
                "apiName": "Thing",
                "properties": [
                    part("price", rid(1)),
                    part("color", rid(2)),
                    part("size", rid(3)),
                    {"rid": "at", "apiName": "at", "sharedProperty": rid(4)},
                    part("mixed", "string", "integer"),
                    part("whole", "integer", "long"),
                    part("place", "geopoint"),
                    part("numbers", "double", array={}),
                    part("nothing", rid(99)),
                ],
            },
        ),
    )
    assert of(found, 5).members == {
        "price": Member("Optional", "xsd:decimal"),
        "color": TEXT,
        "size": TEXT,
        "at": Member("Set", "xsd:dateTime"),
        "mixed": TEXT,
        "whole": NUMBER,
        "place": TEXT,
        "numbers": Member("Set", "xsd:double"),
        "nothing": TEXT,
    }


def test_a_member_is_declared_where_it_is_declared_first() -> None:
    found = classes(
        (1, Kind.INTERFACE, {"apiName": "Named", "properties": [part("name")]}),
        (2, Kind.OBJECT_TYPE, {"apiName": "Top", "properties": [part("n", "decimal")]}),
        (
            3,
            Kind.OBJECT_TYPE,
            {
                "apiName": "Low",
                "parents": [rid(2)],
                "interfaces": [rid(1)],
                "properties": [part("n", "integer"), part("name", "integer"), part("own", "long")],
            },
        ),
    )
    assert of(found, 1) == NativeClass("Named", True, ("OmsObject",), {"name": TEXT})
    assert of(found, 3) == NativeClass("Low", False, ("Top", "Named"), {"own": NUMBER})
    form = found.form(rid(3))
    assert form is not None
    assert {one.api_name: one.member.target for one in form.fields} == {
        "n": "xsd:decimal",
        "name": "xsd:string",
        "own": "xsd:integer",
    }


def test_a_parent_that_contradicts_the_others_is_left_out() -> None:
    found = classes(
        (1, Kind.OBJECT_TYPE, {"apiName": "One", "properties": [part("x", "string")]}),
        (
            2,
            Kind.OBJECT_TYPE,
            {"apiName": "Two", "properties": [part("x", "integer"), part("y", "string")]},
        ),
        (3, Kind.OBJECT_TYPE, {"apiName": "Both", "parents": [rid(1), rid(2)]}),
    )
    assert of(found, 3) == NativeClass("Both", False, ("One",), {"y": TEXT})


def test_a_diamond_is_none() -> None:
    found = classes(
        (1, Kind.OBJECT_TYPE, {"apiName": "Top", "properties": [part("x", "string")]}),
        (2, Kind.OBJECT_TYPE, {"apiName": "Left", "parents": [rid(1)]}),
        (3, Kind.OBJECT_TYPE, {"apiName": "Right", "parents": [rid(1)]}),
        (4, Kind.OBJECT_TYPE, {"apiName": "Low", "parents": [rid(2), rid(3)]}),
    )
    assert of(found, 4) == NativeClass("Low", False, ("Left", "Right"), {})


def test_a_cycle_ends_where_it_closes() -> None:
    found = classes(
        (1, Kind.OBJECT_TYPE, {"apiName": "One", "parents": [rid(2)]}),
        (2, Kind.OBJECT_TYPE, {"apiName": "Two", "parents": [rid(1)]}),
        (3, Kind.OBJECT_TYPE, {"apiName": "Own", "parents": [rid(3)]}),
    )
    parents = {of(found, number).name: of(found, number).parents for number in (1, 2, 3)}
    assert parents == {"One": ("Two",), "Two": ("OmsObject",), "Own": ("OmsObject",)}


def test_a_deep_line_needs_no_recursion() -> None:
    count = 3000
    found = classes(
        *(
            (
                number,
                Kind.OBJECT_TYPE,
                {"apiName": f"T{number}", "parents": [rid(number - 1)] if number else []},
            )
            for number in range(count)
        )
    )
    assert of(found, count - 1).parents == (f"T{count - 2}",)


def test_names_of_kinds_do_not_clash() -> None:
    found = classes(
        (1, Kind.OBJECT_TYPE, {"apiName": "Order"}),
        (2, Kind.INTERFACE, {"apiName": "order"}),
        (3, Kind.LINK_TYPE, {"apiName": "order", "properties": [part("n", "long")]}),
        (4, Kind.OBJECT_TYPE, {"apiName": "OmsObject"}),
        (5, Kind.OBJECT_TYPE, {"apiName": "ORDERED"}),
        (6, Kind.OBJECT_TYPE, {"apiName": "Ordered"}),
    )
    names = [of(found, number).name for number in range(1, 7)]
    assert names == ["Order", "order_interface", "order_link", "OmsObject_", "ORDERED", "Ordered"]


def test_a_relation_is_a_member_of_its_sources() -> None:
    found = classes(
        (1, Kind.OBJECT_TYPE, {"apiName": "Top"}),
        (2, Kind.OBJECT_TYPE, {"apiName": "Low", "parents": [rid(1)]}),
        (3, Kind.OBJECT_TYPE, {"apiName": "Other", "properties": [part("owns", "string")]}),
        (4, Kind.LINK_TYPE, {"apiName": "has", "sources": [rid(1), rid(2), rid(3)]}),
        (5, Kind.LINK_TYPE, {"apiName": "owns", "sources": [rid(3)]}),
        (6, Kind.LINK_TYPE, {"apiName": "knows"}),
    )
    assert of(found, 1).members == {"has": RELATION}
    assert of(found, 2).members == {}
    assert of(found, 3).members == {"has": RELATION, "owns_link": RELATION, "owns": TEXT}
    assert found.native(rid(4)) is None
    assert found.any_object(rid(6)) == {"knows": RELATION}
    assert found.any_object(rid(4)) == {}


def test_a_property_named_as_a_relation_above_is_left_out() -> None:
    found = classes(
        (1, Kind.OBJECT_TYPE, {"apiName": "Top"}),
        (
            2,
            Kind.OBJECT_TYPE,
            {"apiName": "Low", "parents": [rid(1)], "properties": [part("has", "string")]},
        ),
        (3, Kind.LINK_TYPE, {"apiName": "has", "sources": [rid(1)]}),
    )
    assert of(found, 1).members == {"has": RELATION}
    assert of(found, 2).members == {}
    form = found.form(rid(2))
    assert form is not None
    assert form.fields == ()


def test_a_link_with_properties_is_a_document() -> None:
    found = classes(
        (
            1,
            Kind.OBJECT_TYPE,
            {"apiName": "Person", "properties": [part("tags", "string", array={})]},
        ),
        (
            2,
            Kind.LINK_TYPE,
            {"apiName": "knows", "properties": [part("source", "string"), part("since", "date")]},
        ),
    )
    assert of(found, 2).members == {
        "source": Member("Optional", "OmsObject"),
        "target": Member("Optional", "OmsObject"),
        "source_": TEXT,
        "since": Member("Optional", "xsd:date"),
    }
    form, person = found.form(rid(2)), found.form(rid(1))
    assert form is not None
    assert person is not None
    body = {"_type": rid(2), "source": "a book", "since": "2026-01-02"}
    triples = list(link_triples(form, "k", body, "Person/a", "Person/b"))
    assert triples[0] == Triple("Person/a", "knows", Node("Person/b"))
    assert document_json(form, triples[1:]) == {
        "@id": "knows/k",
        "@type": "knows",
        "oms_rid": "k",
        "source_": "a book",
        "since": "2026-01-02",
        "source": "Person/a",
        "target": "Person/b",
    }
    one = object_triples(person, "a", {"tags": ["x", "y", "x"]})
    assert document_json(person, [*one, triples[0]]) == {
        "@id": "Person/a",
        "@type": "Person",
        "oms_rid": "a",
        "tags": ["x", "y"],
        "knows": ["Person/b"],
    }


def test_how_terminusdb_says_it() -> None:
    native = NativeClass("A", True, ("OmsObject",), {"x": TEXT, "r": RELATION})
    assert class_json(native) == {
        "@type": "Class",
        "@id": "A",
        "@abstract": [],
        "@inherits": ["OmsObject"],
        "x": {"@type": "Optional", "@class": "xsd:string"},
        "r": {"@type": "Set", "@class": "OmsObject"},
    }
    assert list(class_triples(native)) == [
        Triple("@schema:A", "rdf:type", Node("sys:Class")),
        Triple("@schema:A", "sys:abstract", Node("rdf:nil")),
        Triple("@schema:A", "sys:inherits", Node("@schema:OmsObject")),
        Triple("@schema:A", "@schema:x", Node("@schema:A/x/Optional+xsd%3Astring")),
        Triple("@schema:A/x/Optional+xsd%3Astring", "rdf:type", Node("sys:Optional")),
        Triple("@schema:A/x/Optional+xsd%3Astring", "sys:class", Node("xsd:string")),
        Triple("@schema:A", "@schema:r", Node("@schema:A/r/Set+OmsObject")),
        Triple("@schema:A/r/Set+OmsObject", "rdf:type", Node("sys:Set")),
        Triple("@schema:A/r/Set+OmsObject", "sys:class", Node("@schema:OmsObject")),
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("sys", "sys_"), ("sys_", "sys__"), ("OmsState", "OmsState_"), ("System", "System")],
)
def test_reserved_names_get_an_underscore(name: str, expected: str) -> None:
    assert class_name(Kind.OBJECT_TYPE, name) == expected


def test_names_of_members_and_documents() -> None:
    assert member_name("oms_rid") == "oms_rid_"
    assert member_name("source") == "source"
    assert relation_name("owns", taken=True) == "owns_link"
    assert object_id("Airport", rid(1)) == f"Airport/{rid(1)}"
    assert rid_of(f"Airport/{rid(1)}") == rid(1)


@pytest.mark.parametrize(
    ("base", "root"),
    [
        ("https://example.org/air#", "https://example.org/air/"),
        ("https://example.org/air/", "https://example.org/air/"),
        ("https://example.org/air", "https://example.org/air/"),
        ("https://example.org/가", "https://example.org/가/"),
        ("https://example.org/a b", "terminus:///db/"),
        ("", "terminus:///db/"),
        ("urn:air", "terminus:///db/"),
        ("air", "terminus:///db/"),
        ("urn:", "terminus:///db/"),
    ],
)
def test_prefixes(base: str, root: str) -> None:
    assert prefixes(base, "db") == (f"{root}data/", f"{root}schema#")
