"""Rows of a query: what stands in them, and what is done with all rows of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from oms_project.core.errors import Invalid
from ontology.domain.native.terms import Literal, Node, Term
from ontology.domain.woql import ast
from ontology.domain.woql.order import NUMBERS, sort_key
from ontology.interop.woql.paths import Edge
from ontology.interop.woql.patterns import Basic

__all__ = [
    "Document",
    "Found",
    "Row",
    "Wanted",
    "Way",
    "all_basic",
    "collected_rows",
    "comparable",
    "filled_document",
    "first_rows",
    "groups",
    "name_of",
    "ordered_rows",
    "plain_value",
    "same_value",
]


@dataclass(frozen=True)
class Document:
    """A document that was read, as JSON."""

    value: Mapping[str, Any]


@dataclass(frozen=True)
class Way:
    """How a path went."""

    edges: tuple[Edge, ...]


@dataclass(frozen=True)
class Wanted:
    """A write that a row asks for; stands for the ``@id`` that it makes."""

    write: ast.WriteDocument | ast.DeleteDocument
    value: Mapping[str, Any] | str


Value = Term | Document | Way | Wanted | list[Any] | None
Row = Mapping[str, Any]
Found = list[tuple[int, Row]]


def groups(parts: Sequence[ast.Query]) -> Iterator[Sequence[ast.Query]]:
    """Triples and classes that stand next to each other, and every other part by itself."""
    group: list[ast.Query] = []
    for part in parts:
        if isinstance(part, (ast.Triple, ast.IsA)):
            group.append(part)
            continue
        if group:
            yield group
            group = []
        yield [part]
    if group:
        yield group


def all_basic(query: ast.Query) -> list[Basic]:
    """The parts of a query that is nothing but triples and classes; else none."""
    if isinstance(query, (ast.Triple, ast.IsA)):
        return [query]
    if isinstance(query, ast.And):
        basic = [part for part in query.parts if isinstance(part, (ast.Triple, ast.IsA))]
        return basic if len(basic) == len(query.parts) else []
    return []


def _key(row: Row, names: Iterable[str]) -> tuple[Any, ...]:
    return tuple(_hashable(row.get(name)) for name in names)


def _hashable(value: Any) -> Any:
    return value if isinstance(value, (Node, Literal)) or value is None else repr(value)


def first_rows(rows: Sequence[Row], names: Sequence[str]) -> list[Row]:
    """The first row of each combination of values."""
    seen: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        seen.setdefault(_key(row, names), row)
    return list(seen.values())


def ordered_rows(rows: Sequence[Row], ordering: Sequence[tuple[str, bool]]) -> list[Row]:
    """Rows in order; equal ones stay as they were."""
    made = list(rows)
    for name, falls in reversed(ordering):
        made.sort(key=_sorter(name), reverse=falls)
    return made


def _sorter(name: str) -> Callable[[Row], Any]:
    return lambda row: sort_key(row.get(name))


def collected_rows(query: ast.GroupBy, rows: Sequence[Row], outer: Row) -> list[Row]:
    """A row for each group, with what the template is in its rows."""
    # A variable of the template has no value outside, so that nothing is grouped by it.
    by = [name for name in query.by if name not in query.template]
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(_key(row, by), []).append(row)
    made: list[Row] = []
    for group in sorted(
        groups.values(), key=lambda found: [sort_key(found[0].get(name)) for name in by]
    ):
        items: list[Any] = [[row.get(name) for name in query.template] for row in group]
        if len(query.template) == 1:
            items = [item[0] for item in items]
        values_of = {name: group[0].get(name) for name in by}
        made.append({**outer, **values_of, query.grouped.name: items})
    return made


def comparable(left: Any, right: Any) -> None:
    """Refuse to compare exact numbers with others. Raises Invalid."""
    if not (isinstance(left, Literal) and isinstance(right, Literal)):
        return
    first, second = NUMBERS.get(left.type), NUMBERS.get(right.type)
    if first and second and first != second:
        raise Invalid(
            f"{left.text} ({left.type}) and {right.text} ({right.type}) cannot be compared: one is "
            "an exact number and the other is not. Give the literal the type of the property.",
            code="woql_incomparable",
        )


def same_value(left: Any, right: Any) -> bool:
    """Whether two values are one, numbers by their value. Raises Invalid."""
    comparable(left, right)
    if (
        isinstance(left, Literal)
        and isinstance(right, Literal)
        and left.type in NUMBERS
        and right.type in NUMBERS
    ):
        return Decimal(left.text) == Decimal(right.text)
    return bool(left == right)


def name_of(term: ast.Term) -> str:
    """Name of a variable; empty for anything else."""
    return term.name if isinstance(term, ast.Variable) else ""


def plain_value(term: Term) -> Any:
    """A term as it stands in a document."""
    return term.name if isinstance(term, Node) else term.json


def filled_document(value: Any, row: Row) -> Any:
    """A document with the values that its variables have in a row."""
    if isinstance(value, ast.Variable):
        found = row.get(value.name)
        if found is None:
            raise Invalid(
                f"The variable '{value.name}' of the document has no value. Put the write behind "
                "what gives it one.",
                code="woql_invalid",
            )
        return _json(found)
    if isinstance(value, Mapping):
        return {name: filled_document(item, row) for name, item in value.items()}
    if isinstance(value, list):
        return [filled_document(item, row) for item in value]
    return value


def _json(value: Any) -> Any:
    if isinstance(value, (Node, Literal)):
        return plain_value(value)
    if isinstance(value, Document):
        return value.value
    if isinstance(value, list):
        return [_json(item) for item in value]
    return value
