"""The answer to a query, in the form that TerminusDB gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ontology.domain.native.terms import Literal, Node
from ontology.domain.woql import ast, names
from ontology.interop.woql.engine import Bounds, Engine
from ontology.interop.woql.evaluate import Document, Evaluation, Row, Wanted, Way
from ontology.interop.woql.state import NativeState

__all__ = ["Answer", "answer", "documents", "rendered"]


@dataclass(frozen=True)
class Answer:
    """Rows of a query, and what they want to be written.

    Attributes:
        variables: in the order of the query.
    """

    variables: Sequence[str]
    rows: Sequence[Row]
    writes: Sequence[Wanted]


def answer(state: NativeState, query: ast.Query, bounds: Bounds) -> Answer:
    """Run a query to its end.

    Raises:
        Invalid: ``woql_invalid``, ``woql_incomparable``, ``woql_timeout``, ``woql_too_complex``,
            ``woql_result_too_large``.
        Unavailable: the process that holds the state is gone.
    """
    evaluation = Evaluation(Engine(state, bounds))
    rows = evaluation.rows(query)
    return Answer(names(query), rows, evaluation.writes)


def documents(
    state: NativeState, wanted: Iterable[str], bounds: Bounds
) -> Mapping[str, Mapping[str, Any]]:
    """Native documents by ``@id``; those that do not exist are left out."""
    return Evaluation(Engine(state, bounds)).documents(wanted)


def rendered(found: Answer, ids: Mapping[int, str] | None = None) -> Iterator[dict[str, Any]]:
    """The rows as bindings.

    Args:
        ids: ``id()`` of what rows want to be written -> the ``@id`` that it got.
    """
    given = ids or {}
    for row in found.rows:
        yield {name: _value(row.get(name), given) for name in sorted(found.variables)}


def _value(value: Any, ids: Mapping[int, str]) -> Any:
    if value is None:
        return None
    if isinstance(value, Node):
        return value.name
    if isinstance(value, Literal):
        return {"@type": value.type, "@value": value.json}
    if isinstance(value, Document):
        return value.value
    if isinstance(value, Wanted):
        return ids.get(id(value))
    if isinstance(value, Way):
        return [
            {
                "@type": "woql:Edge",
                "woql:object": _value(edge.object, ids),
                "woql:predicate": edge.predicate,
                "woql:subject": _value(edge.subject, ids),
            }
            for edge in value.edges
        ]
    return [_value(item, ids) for item in value]
