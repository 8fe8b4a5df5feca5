"""WOQL over a state that is held in memory: its native triples asked with SPARQL.

``NativeState`` holds the triples in a process of its own, as for SPARQL; ``answer`` runs a query
and gives bindings as TerminusDB 12 writes them.
"""

from __future__ import annotations

from ontology.interop.woql.answer import Answer, answer, documents, rendered
from ontology.interop.woql.engine import Bounds
from ontology.interop.woql.evaluate import Wanted
from ontology.interop.woql.state import Names, NativeState

__all__ = [
    "Answer",
    "Bounds",
    "Names",
    "NativeState",
    "Wanted",
    "answer",
    "documents",
    "rendered",
]
