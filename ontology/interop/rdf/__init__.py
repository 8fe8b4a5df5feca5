"""RDF in and out.

``read_quads`` parses files, folders and uploads; ``map_quads`` turns quads into documents and a
loss report; ``combine`` joins a document with what an import says of it; ``write`` and
``export_quads`` turn documents into RDF again; ``data_triples`` says objects in the ontology's own
terms.
docs/reference/rdf-mapping.md says what becomes what.
"""

from __future__ import annotations

from ontology.interop.rdf.combine import combine
from ontology.interop.rdf.data import data_triples
from ontology.interop.rdf.export import export_quads, write
from ontology.interop.rdf.formats import FORMATS, Format, find_format
from ontology.interop.rdf.mapping import MappedOntology, Mode, map_quads
from ontology.interop.rdf.parse import Limits, Quads, Source, read_quads
from ontology.interop.rdf.report import LossReport, Unplaced

__all__ = [
    "FORMATS",
    "Format",
    "Limits",
    "LossReport",
    "MappedOntology",
    "Mode",
    "Quads",
    "Source",
    "Unplaced",
    "combine",
    "data_triples",
    "export_quads",
    "find_format",
    "map_quads",
    "read_quads",
    "write",
]
