"""The RDF syntaxes that are read and written, and how one is recognised."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePath

import pyoxigraph as ox

from oms_project.core.errors import Invalid

__all__ = ["FORMATS", "Format", "find_format", "format_of_name", "is_rdf_file", "sniff"]


@dataclass(frozen=True, slots=True)
class Format:
    """One syntax.

    Attributes:
        name: what it is called in commands and queries.
        title: what people call it.
        extensions, media_types: what it is recognised by; the first is the usual one.
        engine: pyoxigraph's name for it.
    """

    name: str
    title: str
    extensions: tuple[str, ...]
    media_types: tuple[str, ...]
    engine: ox.RdfFormat


FORMATS: tuple[Format, ...] = (
    Format(
        "turtle",
        "Turtle",
        ("ttl", "turtle"),
        ("text/turtle", "application/x-turtle"),
        ox.RdfFormat.TURTLE,
    ),
    Format(
        "rdf-xml",
        "RDF/XML",
        ("rdf", "owl", "xml", "rdfs"),
        ("application/rdf+xml", "application/xml", "text/xml"),
        ox.RdfFormat.RDF_XML,
    ),
    Format(
        "n-triples",
        "N-Triples",
        ("nt", "ntriples"),
        ("application/n-triples",),
        ox.RdfFormat.N_TRIPLES,
    ),
    Format(
        "n-quads",
        "N-Quads",
        ("nq", "nquads"),
        ("application/n-quads", "text/x-nquads"),
        ox.RdfFormat.N_QUADS,
    ),
    Format(
        "trig", "TriG", ("trig",), ("application/trig", "application/x-trig"), ox.RdfFormat.TRIG
    ),
    Format(
        "json-ld",
        "JSON-LD",
        ("jsonld", "json-ld", "json"),
        ("application/ld+json", "application/json"),
        ox.RdfFormat.JSON_LD,
    ),
)
_BY_NAME = {
    name: item
    for item in FORMATS
    for name in (item.name, item.name.replace("-", ""), *item.extensions, *item.media_types)
}
#: What tells RDF from other content with the same extension, within the first ``_HEAD`` bytes.
_MARKS = {
    ".xml": (b"http://www.w3.org/1999/02/22-rdf-syntax-ns#",),
    ".json": (b'"@context"', b'"@graph"', b'"@id"'),
}
_HEAD = 64 * 1024
_BY_EXTENSION = {extension: item for item in FORMATS for extension in item.extensions}


def find_format(text: str) -> Format:
    """The format called ``text``: a name, a media type or a file extension.

    Raises:
        Invalid: no such format; the message lists the possible ones.
    """
    wanted = text.partition(";")[0].strip().lower().lstrip(".")
    found = _BY_NAME.get(wanted) or _BY_NAME.get(wanted.replace("_", "-").replace("/", "-"))
    if found is None:
        raise Invalid(
            f"'{text}' is not an RDF format that OMS knows. {_possible()}", code="rdf_format"
        )
    return found


def format_of_name(name: str) -> Format | None:
    """The format that a file called ``name`` has by its extension, or None."""
    return _BY_EXTENSION.get(PurePath(name).suffix.lower().lstrip("."))


def is_rdf_file(path: Path) -> bool:
    """Whether a file of a folder is RDF, by its extension and, where many things have that
    extension (``.xml``, ``.json``), by how it begins. Vocabularies come with catalogs beside them.
    """
    if format_of_name(path.name) is None:
        return False
    marks = _MARKS.get(path.suffix.lower())
    if marks is None:
        return True
    with path.open("rb") as file:
        head = file.read(_HEAD)
    return any(mark in head for mark in marks)


def sniff(found: Format, data: bytes) -> Format:
    """``found``, unless it is RDF/XML only by its extension and the content is plainly Turtle.

    Ontology editors save Turtle as ``.owl`` as well.
    """
    head = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if found.name == "rdf-xml" and head.startswith((b"@prefix", b"prefix ", b"@base", b"#")):
        return FORMATS[0]
    return found


def unknown_format(name: str) -> Invalid:
    """The error for an input whose format nothing tells."""
    return Invalid(
        f"{name}: nothing says which RDF format this is. {_possible()}", code="rdf_format"
    )


def _possible() -> str:
    items = (f"{item.name} (.{', .'.join(item.extensions)})" for item in FORMATS)
    return f"Possible: {'; '.join(items)}."
