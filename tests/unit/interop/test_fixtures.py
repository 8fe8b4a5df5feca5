"""Small vocabularies with everything that is hard, in several syntaxes."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest
import rdflib
from hypothesis import HealthCheck, given, settings
from rdflib.compare import isomorphic

from oms_project.core.errors import Invalid
from ontology.domain.documents import Document, DocumentChange, normalise, references
from ontology.domain.kinds import Kind
from ontology.domain.memory import MemoryState
from ontology.domain.validation import validate_changes
from ontology.interop.rdf import MappedOntology, read_quads
from tests.unit.interop.graphs import graphs
from tests.unit.interop.laws import (
    FIXTURES,
    FORMAT_NAMES,
    ONTOLOGY_RID,
    WITH_PREFIXES,
    by_rid,
    canonical,
    exported,
    run,
    triples_of,
)

_NAMES = sorted(path.name for path in FIXTURES.iterdir())
_BASE_IRI = "http://example.org/shop"


@pytest.mark.parametrize("name", _NAMES)
def test_an_export_says_exactly_what_was_imported(name: str) -> None:
    mapped = run(FIXTURES / name)
    said = canonical(read_quads(FIXTURES / name, base_iri=_BASE_IRI))
    assert canonical(triples_of(mapped)) == said
    assert mapped.report.triples == len(said)


@pytest.mark.parametrize("name", ["family.ttl", "shop.rdf"])
def test_another_library_agrees(name: str) -> None:
    mapped = run(FIXTURES / name)
    ours = rdflib.Graph().parse(data=exported(mapped.documents, mapped.header, "n-triples"))
    theirs = rdflib.Graph().parse(FIXTURES / name, publicID=_BASE_IRI)
    lowered = rdflib.Graph()
    for subject, predicate, value in theirs:
        if isinstance(value, rdflib.Literal) and value.language:
            value = rdflib.Literal(str(value), lang=value.language.lower())  # noqa: PLW2901
        lowered.add((subject, predicate, value))
    for graph in (ours, lowered):
        # rdflib rewrites the text of XML literals; their place is what counts here.
        for triple in list(graph):
            if isinstance(triple[2], rdflib.Literal) and "XMLLiteral" in str(triple[2].datatype):
                graph.remove(triple)
    assert isomorphic(ours, lowered)


@pytest.mark.parametrize("name", _NAMES)
@pytest.mark.parametrize("syntax", FORMAT_NAMES)
def test_an_export_imports_as_the_same_state(name: str, syntax: str) -> None:
    first = run(FIXTURES / name)
    if name == "rdf12.ttl" and syntax == "json-ld":
        with pytest.raises(Invalid, match="JSON-LD cannot say") as caught:
            exported(first.documents, first.header, syntax)
        assert caught.value.error_code == "rdf_not_json_ld"
        return
    again = run(exported(first.documents, first.header, syntax), syntax=syntax)
    assert by_rid(again.documents) == by_rid(first.documents)
    if syntax in WITH_PREFIXES:
        assert again.header == first.header


@pytest.mark.parametrize("name", _NAMES)
def test_everything_is_counted_valid_and_in_normal_form(name: str) -> None:
    _check(run(FIXTURES / name))


def _check(mapped: MappedOntology) -> None:
    report = mapped.report
    assert report.mapped_triples + report.unplaced_triples == report.triples
    assert all(count > 0 for count in report.mapped.values() if count)
    rids = by_rid(mapped.documents)
    assert len(rids) == len(mapped.documents)
    for document in mapped.documents:
        assert normalise(document.kind, document.body) == document.body
        assert {ref.target for ref in references(document.kind, document.body)} <= rids.keys()
    assert _problems(mapped.documents, mapped) == []


def _problems(documents: list[Document], mapped: MappedOntology) -> list[object]:
    changes = [DocumentChange(item.rid, item.kind, None, item.body) for item in documents]
    changes.append(DocumentChange(ONTOLOGY_RID, Kind.ONTOLOGY, None, mapped.header))
    return list(validate_changes(MemoryState(()), changes))


@given(quads=graphs())
@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_any_graph_survives(quads: list[ox.Quad]) -> None:
    """Whatever the terms that mean something are put together to."""
    text = ox.serialize([quad.triple for quad in quads], format=ox.RdfFormat.N_TRIPLES)
    assert text is not None
    mapped = run(text, syntax="n-triples")
    assert canonical(triples_of(mapped)) == canonical(quads)
    _check(mapped)
    again = run(exported(mapped.documents, mapped.header, "turtle"), syntax="turtle")
    assert by_rid(again.documents) == by_rid(mapped.documents)


def test_named_graphs_are_one_graph_and_counted() -> None:
    mapped = run(FIXTURES / "graphs.trig")
    assert mapped.report.triples == 6
    assert {
        name.partition("#")[2] or "blank": n for name, n in mapped.report.named_graphs.items()
    } == {"g1>": 4, "g2>": 1, "blank": 1}


def test_files_of_a_folder_share_names_but_not_blank_nodes(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    prefix = "@prefix : <http://e/> . @prefix owl: <http://www.w3.org/2002/07/owl#> .\n"
    (tmp_path / "a.ttl").write_text(f"{prefix}:A a owl:Class . :a :p _:b . :c :p _:b . _:b :q 1 .")
    (tmp_path / "sub" / "b.nt").write_text("_:b <http://e/q> <http://e/A> .\n")
    (tmp_path / "notes.txt").write_text("not RDF")
    (tmp_path / "broken.ttl.bak").write_text("@@@")
    quads = read_quads(tmp_path)
    assert quads.names == ["a.ttl", "sub/b.nt"]
    mapped = run(tmp_path)
    assert mapped.report.triples == 5
    assert canonical(triples_of(mapped)) == canonical(read_quads(tmp_path))
    assert len([item for item in mapped.documents if item.kind == Kind.RESOURCE]) == 4
