"""Real vocabularies: nothing is lost, what is defined is found again, diffs show what changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import brickschema
import pyoxigraph as ox
import pytest

from ontology.domain.documents import Document, DocumentChange, normalise, references
from ontology.domain.kinds import Kind
from ontology.domain.memory import MemoryState
from ontology.domain.validation import validate_changes
from ontology.interop.rdf import MappedOntology, read_quads
from tests.unit.interop.laws import (
    FORMAT_NAMES,
    ONTOLOGY_RID,
    VOCABULARIES,
    by_rid,
    canonical,
    exported,
    run,
    triples_of,
)

pytestmark = pytest.mark.slow

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_CLASSES = {"http://www.w3.org/2000/01/rdf-schema#Class", "http://www.w3.org/2002/07/owl#Class"}
_PROPERTIES = {
    _RDF + "Property",
    "http://www.w3.org/2002/07/owl#ObjectProperty",
    "http://www.w3.org/2002/07/owl#DatatypeProperty",
}
_OF_CLASSES = (Kind.OBJECT_TYPE, Kind.VALUE_TYPE, Kind.ENUM_TYPE)
_OF_PROPERTIES = (Kind.SHARED_PROPERTY, Kind.LINK_TYPE)
_SCHEMA_ORG = [name for name in VOCABULARIES if name.startswith("schemaorg")]
_mapped: dict[str, MappedOntology] = {}


def mapped(name: str) -> MappedOntology:
    """A vocabulary, imported once."""
    if name not in _mapped:
        _mapped[name] = run(VOCABULARIES[name])
    return _mapped[name]


def _typed(name: str, types: set[str]) -> set[str]:
    return {
        quad.subject.value
        for quad in read_quads(VOCABULARIES[name])
        if quad.predicate.value == _RDF + "type"
        and isinstance(quad.subject, ox.NamedNode)
        and isinstance(quad.object, ox.NamedNode)
        and quad.object.value in types
    }


def _iris(documents: list[Document], kinds: tuple[Kind, ...]) -> set[Any]:
    return {document.body.get("iri") for document in documents if document.kind in kinds}


@pytest.mark.parametrize("name", VOCABULARIES)
def test_an_export_says_exactly_what_was_imported(name: str) -> None:
    said = canonical(read_quads(VOCABULARIES[name]))
    assert canonical(triples_of(mapped(name))) == said
    assert mapped(name).report.triples == len(said)


@pytest.mark.parametrize("name", VOCABULARIES)
def test_the_report_accounts_for_every_triple(name: str) -> None:
    report = mapped(name).report
    assert report.mapped_triples + report.unplaced_triples == report.triples
    assert not [item for item in report.unplaced if item.kept == "nowhere"]


@pytest.mark.parametrize("name", VOCABULARIES)
def test_every_class_and_property_is_found_again(name: str) -> None:
    documents = mapped(name).documents
    assert _typed(name, _CLASSES) <= _iris(documents, _OF_CLASSES)
    assert _typed(name, _PROPERTIES) <= _iris(documents, _OF_PROPERTIES)


@pytest.mark.parametrize("name", VOCABULARIES)
def test_documents_are_in_normal_form_and_valid(name: str) -> None:
    documents = mapped(name).documents
    rids = by_rid(documents)
    assert len(rids) == len(documents)
    for document in documents:
        assert normalise(document.kind, document.body) == document.body
        assert {ref.target for ref in references(document.kind, document.body)} <= rids.keys()
    changes = [DocumentChange(item.rid, item.kind, None, item.body) for item in documents]
    changes.append(DocumentChange(ONTOLOGY_RID, Kind.ONTOLOGY, None, mapped(name).header))
    assert list(validate_changes(MemoryState(()), changes)) == []


@pytest.mark.parametrize("name", VOCABULARIES)
@pytest.mark.parametrize("syntax", FORMAT_NAMES)
def test_an_export_imports_as_the_same_state(name: str, syntax: str) -> None:
    first = mapped(name)
    again = run(exported(first.documents, first.header, syntax), syntax=syntax)
    assert by_rid(again.documents) == by_rid(first.documents)


@pytest.mark.parametrize("name", VOCABULARIES)
def test_importing_the_same_again_changes_nothing(name: str) -> None:
    first = mapped(name)
    for mode in ("merge", "replace"):
        again = run(
            VOCABULARIES[name],
            existing=first.documents,
            header=dict(first.header),
            mode=mode,  # type: ignore[arg-type]
        )
        assert by_rid(again.documents) == by_rid(first.documents)
        assert again.header == first.header


@pytest.mark.skipif("schemaorg-28.1" not in VOCABULARIES, reason="schema.org is not here")
def test_schema_org_is_counted() -> None:
    documents = mapped("schemaorg-28.1").documents
    classes, properties = (_typed("schemaorg-28.1", types) for types in (_CLASSES, _PROPERTIES))
    assert (len(classes), len(properties)) == (910, 1480)
    counts = {kind: sum(item.kind == kind for item in documents) for kind in Kind}
    assert {kind.value: count for kind, count in counts.items() if count} == {
        "LinkType": 898,
        "Object": 495,
        "ObjectType": 898,
        "Resource": 2,
        "SharedProperty": 807,
        "ValueType": 12,
    }


@pytest.mark.skipif(
    not {"schemaorg-28.1", "schemaorg-30.0"} <= VOCABULARIES.keys(),
    reason="schema.org is not here",
)
def test_the_diff_of_two_releases_shows_what_really_changed() -> None:
    """A document changes only when a triple of its own does, or one of what it refers to: a
    property that got another domain or range, a class that became a data type."""
    old = mapped("schemaorg-28.1")
    new = run(VOCABULARIES["schemaorg-30.0"], existing=old.documents, header=dict(old.header))
    before, after = by_rid(old.documents), by_rid(new.documents)
    subjects = [_by_subject(VOCABULARIES[f"schemaorg-{release}"]) for release in ("28.1", "30.0")]
    same = {iri for iri, said in subjects[0].items() if subjects[1].get(iri) == said}
    kinds = _kinds(old.documents), _kinds(new.documents)
    reclassified = {
        f"<{value}>"
        for value in {*kinds[0], *kinds[1]}
        if kinds[0].get(value) != kinds[1].get(value)
    }
    for rid in before.keys() & after.keys():
        document = before[rid]
        if document.body == after[rid].body or document.kind == Kind.OBJECT:
            continue
        iri = document.body["iri"]
        if iri in same:
            fields = {
                field
                for field in {*document.body, *after[rid].body}
                if document.body.get(field) != after[rid].body.get(field)
            }
            referred = {value for _, value in subjects[0][iri]}
            assert fields == {"properties"} or referred & reclassified
    changed = {iri for iri in subjects[0] if iri in subjects[1] and iri not in same}
    shown = {
        document.body.get("iri") or document.body.get("_iri")
        for rid, document in before.items()
        if rid not in after or document.body != after[rid].body
    }
    # The domain of a shared property stands in the types that use it.
    for rid in before.keys() & after.keys():
        uses = [
            {entry["sharedProperty"] for entry in state[rid].body.get("properties", ())}
            for state in (before, after)
        ]
        shown |= {(before | after)[shared].body["iri"] for shared in uses[0] ^ uses[1]}
    created = {
        document.body.get("iri") or document.body.get("_iri")
        for rid, document in after.items()
        if rid not in before
    }
    assert changed <= shown | created
    assert subjects[1].keys() - subjects[0].keys() <= created


def _by_subject(path: Path) -> dict[str, set[tuple[str, str]]]:
    found: dict[str, set[tuple[str, str]]] = {}
    for quad in read_quads(path):
        found.setdefault(quad.subject.value, set()).add((quad.predicate.value, str(quad.object)))
    return found


def _kinds(documents: list[Document]) -> dict[Any, set[Kind]]:
    found: dict[Any, set[Kind]] = {}
    for document in documents:
        iri = document.body.get("iri") or document.body.get("_iri")
        found.setdefault(iri, set()).add(document.kind)
    return found


def test_a_folder_is_one_vocabulary() -> None:
    folder = Path(brickschema.__file__).parent / "ontologies" / "1.4"
    whole = run(folder)
    report = whole.report
    assert report.mapped_triples + report.unplaced_triples == report.triples
    assert report.triples == len(set(map(str, triples_of(whole))))
    again = run(exported(whole.documents, whole.header, "turtle"), syntax="turtle")
    assert by_rid(again.documents) == by_rid(whole.documents)
