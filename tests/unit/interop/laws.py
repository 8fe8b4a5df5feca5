"""What the tests of RDF share: importing, exporting, and when two graphs are the same."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import brickschema
import pyoxigraph as ox

from ontology.domain.documents import Document
from ontology.interop.rdf import (
    FORMATS,
    MappedOntology,
    Mode,
    Source,
    export_quads,
    map_quads,
    read_quads,
    write,
)

NAMESPACE = "5f8c4f0e-6f43-5d2a-9c0b-8a52a8f1e0aa"
ONTOLOGY_RID = "0e8a2a9c-7c6f-4f43-8a52-5d2a9c0b8a52"
BASE = "http://example.org/family#"
FORMAT_NAMES = [item.name for item in FORMATS]
#: Formats that hold all prefixes, so that the whole header comes back.
WITH_PREFIXES = ("turtle", "trig")

FIXTURES = Path(__file__).parent / "fixtures"
_BRICK = Path(brickschema.__file__).parent / "ontologies"
_SCHEMA = Path(__file__).parents[4] / "shared" / "data" / "schemaorg"
#: Real vocabularies, as far as they are on this machine; Brick always is.
VOCABULARIES: dict[str, Path] = {
    **{f"brick-{path.parent.name}": path for path in sorted(_BRICK.glob("1.[34]/Brick.ttl"))},
    **{path.stem: path for path in sorted(_SCHEMA.glob("*.ttl"))},
}


def run(
    source: Source | Sequence[Source],
    *,
    syntax: str | None = None,
    base: str = BASE,
    existing: Iterable[Document] = (),
    header: Mapping[str, Any] | None = None,
    mode: Mode = "replace",
    base_iri: str | None = "http://example.org/shop",
) -> MappedOntology:
    """Import into an ontology with ``existing`` documents (fresh without)."""
    return map_quads(
        read_quads(source, syntax, base_iri=base_iri),
        existing=existing,
        rid_namespace=NAMESPACE,
        ontology_rid=ONTOLOGY_RID,
        header=header or {"baseIri": base},
        mode=mode,
    )


def turtle(text: str, **options: Any) -> MappedOntology:
    """Import Turtle with the usual prefixes."""
    return run(f"{PREFIXES}\n{text}".encode(), syntax="turtle", **options)


PREFIXES = "\n".join(
    f"@prefix {name}: <{iri}> ."
    for name, iri in {
        "": BASE,
        "owl": "http://www.w3.org/2002/07/owl#",
        "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
        "skos": "http://www.w3.org/2004/02/skos/core#",
        "schema": "https://schema.org/",
        "o": "http://example.org/other#",
        "oms": "urn:oms:vocab:",
    }.items()
)


def exported(documents: Iterable[Document], header: Mapping[str, Any], syntax: str) -> bytes:
    """A state as the text of a format."""
    out = io.BytesIO()
    write(documents, header, syntax, out, rid_namespace=NAMESPACE)
    return out.getvalue()


def triples_of(mapped: MappedOntology) -> list[ox.Triple]:
    """What an export of ``mapped`` says."""
    return list(export_quads(mapped.documents, mapped.header, rid_namespace=NAMESPACE))


def canonical(quads: Iterable[ox.Quad | ox.Triple]) -> set[str]:
    """Triples with canonical names for blank nodes: equal sets are isomorphic graphs."""
    dataset = ox.Dataset(ox.Quad(item.subject, item.predicate, item.object) for item in quads)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return {str(quad) for quad in dataset}


def by_rid(documents: Iterable[Document]) -> dict[str, Document]:
    """Documents by id."""
    return {document.rid: document for document in documents}


def named(mapped: MappedOntology, label: str) -> dict[str, Any]:
    """The body of the document with a label such as ``ObjectType/Person``."""
    (found,) = (item for item in mapped.documents if item.label == label)
    return dict(found.body)


def labels(mapped: MappedOntology) -> list[str]:
    """Labels of all documents, sorted."""
    return sorted(item.label for item in mapped.documents)
