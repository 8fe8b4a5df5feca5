"""What results of queries are written in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["RESULT_FORMATS", "Kind", "ResultFormat", "formats_of"]

#: What a query gives: rows or a yes or no (SELECT, ASK), or triples (CONSTRUCT, DESCRIBE).
Kind = Literal["solutions", "graph"]


@dataclass(frozen=True, slots=True)
class ResultFormat:
    """One format.

    Attributes:
        media_types: the first is how it is sent; the others ask for it too.
    """

    name: str
    kind: Kind
    media_types: tuple[str, ...]
    extension: str


#: By name; the first of a kind is what is sent to who does not mind.
RESULT_FORMATS: Mapping[str, ResultFormat] = {
    item.name: item
    for item in (
        ResultFormat(
            "json", "solutions", ("application/sparql-results+json", "application/json"), "srj"
        ),
        ResultFormat(
            "xml",
            "solutions",
            ("application/sparql-results+xml", "application/xml", "text/xml"),
            "srx",
        ),
        ResultFormat("csv", "solutions", ("text/csv",), "csv"),
        ResultFormat("tsv", "solutions", ("text/tab-separated-values",), "tsv"),
        ResultFormat("turtle", "graph", ("text/turtle", "application/x-turtle"), "ttl"),
        ResultFormat("n-triples", "graph", ("application/n-triples",), "nt"),
        ResultFormat(
            "rdf-xml", "graph", ("application/rdf+xml", "application/xml", "text/xml"), "rdf"
        ),
        ResultFormat("json-ld", "graph", ("application/ld+json", "application/json"), "jsonld"),
    )
}


def formats_of(kind: Kind) -> tuple[ResultFormat, ...]:
    """The formats that a result of this kind has."""
    return tuple(item for item in RESULT_FORMATS.values() if item.kind == kind)
