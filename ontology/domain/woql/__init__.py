"""WOQL, TerminusDB's query language: what of it is understood here, as a tree."""

from __future__ import annotations

from ontology.domain.woql.parse import parse, writes
from ontology.domain.woql.reading import (
    check_reading,
    has_writes,
    meets_records,
    reads_documents,
)
from ontology.domain.woql.refusals import SUPPORTED, malformed, unsupported
from ontology.domain.woql.scope import names
from ontology.domain.woql.values import XSD, canonical

__all__ = [
    "SUPPORTED",
    "XSD",
    "canonical",
    "check_reading",
    "has_writes",
    "malformed",
    "meets_records",
    "names",
    "parse",
    "reads_documents",
    "unsupported",
    "writes",
]
