"""Imports in mode merge: the input is added to what exists."""

from __future__ import annotations

from typing import Any

from ontology.domain.documents import Document, normalise
from ontology.domain.kinds import Kind
from ontology.interop.rdf import MappedOntology, combine
from tests.unit.interop.laws import BASE, by_rid, canonical, named, triples_of, turtle


def _merged(first: MappedOntology, second: MappedOntology) -> MappedOntology:
    """``first`` after ``second`` was merged into it."""
    state = by_rid(first.documents)
    for document in second.documents:
        body = combine(state.get(document.rid), document)
        state[document.rid] = Document(document.rid, document.kind, body)
    return MappedOntology(list(state.values()), second.header, second.report, {})


def _add(first: MappedOntology, text: str) -> MappedOntology:
    second = turtle(text, existing=first.documents, header=dict(first.header), mode="merge")
    return _merged(first, second)


_PARTS = [
    """:A a owl:Class ; rdfs:label "a"@en ; rdfs:subClassOf :B . :B a owl:Class .
       :p a owl:DatatypeProperty ; rdfs:domain :A ; rdfs:range xsd:string .""",
    """:A a rdfs:Class ; rdfs:label "ein A"@de ; rdfs:subClassOf :C, owl:Thing .
       :C a owl:Class . :q a owl:DatatypeProperty ; rdfs:domain :A, :C .
       :x a :A ; rdfs:label "x" .""",
    """:A skos:exactMatch o:A ; rdfs:seeAlso o:more .
       :l a owl:ObjectProperty ; rdfs:domain :A ; rdfs:range :C . :x :l :y .""",
]


def test_a_merge_is_the_union_of_graphs() -> None:
    merged = _add(_add(turtle(_PARTS[0]), _PARTS[1]), _PARTS[2])
    at_once = turtle("\n".join(_PARTS))
    assert canonical(triples_of(merged)) == canonical(triples_of(at_once))
    assert by_rid(merged.documents) == by_rid(at_once.documents)
    for document in merged.documents:
        assert normalise(document.kind, document.body) == document.body


def test_merging_the_same_twice_changes_nothing() -> None:
    first = turtle("\n".join(_PARTS))
    assert by_rid(_add(first, "\n".join(_PARTS)).documents) == by_rid(first.documents)


def test_what_exists_may_be_referred_to_and_described_further() -> None:
    first = turtle(":A a owl:Class .")
    second = turtle(
        ':A rdfs:comment "more" . :B a owl:Class ; rdfs:subClassOf :A . '
        ":p a owl:DatatypeProperty ; rdfs:domain :A .",
        existing=first.documents,
        mode="merge",
    )
    (a,) = first.documents
    assert named(second, "ObjectType/B")["parents"] == [a.rid]
    merged = _merged(first, second)
    body = named(merged, "ObjectType/A")
    assert body["description"] == {"@none": "more"}
    assert [item["apiName"] for item in body["properties"]] == ["p"]
    assert "annotations" not in body


def test_in_mode_replace_only_the_input_can_be_referred_to() -> None:
    first = turtle(":A a owl:Class .")
    second = turtle(
        ":B a owl:Class ; rdfs:subClassOf :A .", existing=first.documents, mode="replace"
    )
    assert "parents" not in named(second, "ObjectType/B")


def test_names_of_what_exists_are_taken_in_a_merge_only() -> None:
    first = turtle("o:A a owl:Class .")
    for mode, name in (("merge", "A_family"), ("replace", "A")):
        second = turtle(":A a owl:Class .", existing=first.documents, mode=mode)
        assert [item.body["apiName"] for item in second.documents] == [name]


def test_a_merge_closes_no_cycle() -> None:
    first = turtle(":A a owl:Class ; rdfs:subClassOf :B . :B a owl:Class .")
    merged = _add(first, ":B a owl:Class ; rdfs:subClassOf :A .")
    assert "parents" in named(merged, "ObjectType/A")
    assert "parents" not in named(merged, "ObjectType/B")
    at_once = turtle(":A a owl:Class ; rdfs:subClassOf :B . :B a owl:Class ; rdfs:subClassOf :A .")
    assert canonical(triples_of(at_once)) < canonical(triples_of(merged))


def _document(**body: Any) -> Document:
    return Document("0", Kind.OBJECT_TYPE, {"apiName": "A", **body})


def test_lists_and_maps_unite_and_scalars_of_the_import_win() -> None:
    note = {"predicate": BASE + "p", "value": {"value": "1"}}
    old = _document(
        displayName={"en": "old", "ko": "가"},
        tags=["a", "b"],
        icon="old",
        isAbstract=True,
        primaryKey=["id"],
        annotations=[note],
        properties=[{"rid": "1", "apiName": "p", "required": True, "displayName": {"en": "p"}}],
    )
    new = _document(
        displayName={"en": "new"},
        tags=["b", "c"],
        icon="new",
        annotations=[{**note, "value": {"value": "0"}}, note],
        properties=[
            {"rid": "1", "apiName": "p", "displayName": {"de": "P"}},
            {"rid": "2", "apiName": "a"},
        ],
    )
    assert combine(old, new) == {
        "apiName": "A",
        "displayName": {"en": "new", "ko": "가"},
        "tags": ["a", "b", "c"],
        "icon": "new",
        "isAbstract": True,
        "primaryKey": ["id"],
        "annotations": [{**note, "value": {"value": "0"}}, note],
        "properties": [
            {"rid": "2", "apiName": "a"},
            {
                "rid": "1",
                "apiName": "p",
                "required": True,
                "displayName": {"en": "p", "de": "P"},
            },
        ],
    }


def test_combining_with_nothing_or_itself_is_itself() -> None:
    document = _document(tags=["a"])
    assert combine(None, document) is document.body
    assert combine(document, _document(tags=["a"])) is document.body
