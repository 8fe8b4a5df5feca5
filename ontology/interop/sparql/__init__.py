"""SPARQL 1.1 queries over a state.

``check_query`` refuses what does not only read; ``QueryableState`` holds a state in a process of
its own and answers; ``StoreCache`` keeps several within bounds. docs/adr/0015 says why.
"""

from __future__ import annotations

from ontology.interop.sparql.cache import Gate, StoreCache
from ontology.interop.sparql.formats import RESULT_FORMATS, Kind, ResultFormat, formats_of
from ontology.interop.sparql.guard import MAX_LENGTH, check_query, syntax_error
from ontology.interop.sparql.process import Ended, KeptStore, Request
from ontology.interop.sparql.state import COMMON_PREFIXES, QueryableState

__all__ = [
    "COMMON_PREFIXES",
    "MAX_LENGTH",
    "RESULT_FORMATS",
    "Ended",
    "Gate",
    "KeptStore",
    "Kind",
    "QueryableState",
    "Request",
    "ResultFormat",
    "StoreCache",
    "check_query",
    "formats_of",
    "syntax_error",
]
