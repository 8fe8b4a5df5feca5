"""SPARQL queries over a state, as the current actor may see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from django.conf import settings

from oms_project.core.errors import Invalid, OmsError
from ontology.access import readable
from ontology.contract import CommitInfo, OntologyInfo
from ontology.domain.documents import Document
from ontology.domain.kinds import INSTANCE_KINDS, Kind
from ontology.interop.sparql import (
    RESULT_FORMATS,
    Ended,
    QueryableState,
    check_query,
    formats_of,
    syntax_error,
)
from ontology.interop.sparql import (
    Kind as ResultKind,
)
from ontology.selectors.masking import kept_bodies
from ontology.selectors.states import forget_states, held, passage
from ontology.store import store

__all__ = [
    "SPARQL_FORMATS",
    "SparqlFormatUnsuitable",
    "SparqlResult",
    "forget_states",
    "run_sparql",
]

#: Names of the formats of results -> ``ResultFormat``; the first of a kind is the usual one.
SPARQL_FORMATS = RESULT_FORMATS


class SparqlFormatUnsuitable(Invalid):
    """The result of the query has other formats than those that were asked for."""

    code = "sparql_format"
    title = "Format unsuitable"


@dataclass(frozen=True, slots=True)
class SparqlResult:
    """The result of a query.

    Attributes:
        commit: what was read.
        format: a key of ``SPARQL_FORMATS``.
        rows: rows of a SELECT, triples of a CONSTRUCT or DESCRIBE.
        file: the whole result, at its beginning; whoever gets it closes it.
    """

    commit: CommitInfo
    format: str
    rows: int
    file: IO[bytes]


def run_sparql(
    *, ontology: str, query: str, ref: str = "", solutions: str = "json", graph: str = "turtle"
) -> SparqlResult:
    """The result of a SPARQL 1.1 query over the state at a ref, complete.

    The triples are those of an export, without values that the actor may not see.

    Args:
        solutions: format of rows and booleans; empty: none suits who asks.
        graph: format of triples; empty: none suits who asks.

    Raises:
        NotFound: the ontology or the ref. PermissionDenied.
        BadRequest: ``sparql_syntax``, ``sparql_update``, ``sparql_service``, ``sparql_dataset``,
            ``sparql_too_complex``.
        TooLarge: ``sparql_query_too_long``.
        Invalid: the query takes too long (``sparql_timeout``) or too much memory
            (``sparql_too_complex``), its result is beyond the bounds (``sparql_result_too_large``)
            or cannot be written in the format, it calls what there is not
            (``sparql_evaluation``), or the state is too large (``sparql_too_many_triples``).
        SparqlFormatUnsuitable: none of the formats suits the query.
        Unavailable: ``sparql_busy``, too many queries at once.
    """
    info = readable(ontology)
    commit = store.resolve(info.id, ref or info.default_branch)
    check_query(query)
    with passage(), held(info, commit, "rdf", lambda: _built(info, commit)) as state:
        ended = state.ask(
            query,
            formats={"solutions": solutions, "graph": graph},
            timeout=settings.OMS_SPARQL_TIMEOUT,
            max_rows=settings.OMS_SPARQL_MAX_RESULTS,
            max_bytes=settings.OMS_SPARQL_MAX_BYTES,
            memory=settings.OMS_SPARQL_MEMORY_BYTES,
        )
    if ended.file is None:
        raise _error(query, ended)
    return SparqlResult(commit, ended.format, ended.rows, ended.file)


def _built(
    info: OntologyInfo, commit: CommitInfo
) -> tuple[QueryableState, Callable[[], None], bool]:
    reader = store.reader(info.id, commit)
    bodies, record = kept_bodies(info, reader, reader.scan())
    documents = [Document(item.rid, item.kind, body) for item, body in bodies]
    header = next(item.body for item in documents if item.kind == Kind.ONTOLOGY)
    state = QueryableState(
        documents,
        header,
        rid_namespace=store.rid_namespace(info.id),
        max_triples=settings.OMS_SPARQL_MAX_TRIPLES,
    )
    judged = any(item.kind in INSTANCE_KINDS for item in documents)
    return state, record, judged


def _error(query: str, ended: Ended) -> OmsError:
    """The error for a query that gave no result."""
    match ended.error:
        case "syntax":
            return syntax_error(query, ended.message)
        case "format":
            kind: ResultKind = "graph" if ended.kind == "graph" else "solutions"
            names = [item.name for item in formats_of(kind)]
            given = "triples" if kind == "graph" else "rows, or a yes or no"
            return SparqlFormatUnsuitable(
                f"This query gives {given}: ask for one of {', '.join(names)}.",
                data={"formats": names},
            )
        case "timeout":
            limit = settings.OMS_SPARQL_TIMEOUT
            return Invalid(
                f"The query did not end within {limit} seconds and was stopped. Narrow it down.",
                code="sparql_timeout",
                data={"seconds": limit},
            )
        case "rows" | "bytes":
            limit = (
                settings.OMS_SPARQL_MAX_RESULTS
                if ended.error == "rows"
                else settings.OMS_SPARQL_MAX_BYTES
            )
            what = "rows or triples" if ended.error == "rows" else "bytes"
            return Invalid(
                f"The result has more than {limit:,} {what}. Use LIMIT and OFFSET, or narrow it "
                "down.",
                code="sparql_result_too_large",
                data={"limit": limit, "unit": ended.error},
            )
        case "xml":
            return Invalid(
                "The result has a control character, which XML cannot hold. Ask for another "
                "format.",
                code="sparql_not_xml",
            )
        case "json-ld":
            return Invalid(
                "The result has a triple term or a text with a direction (RDF 1.2), which JSON-LD "
                "cannot say. Ask for another format, such as turtle.",
                code="rdf_not_json_ld",
            )
        case "evaluation":
            return Invalid(
                f"The query cannot be evaluated: {ended.message}.", code="sparql_evaluation"
            )
        case _:  # out of memory, or of stack: the engine ends the process
            return Invalid(
                "The query needs more memory than it may use, or is nested too deeply. Narrow it "
                "down.",
                code="sparql_too_complex",
            )
