"""Which variables are seen where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ontology.domain.woql import ast

__all__ = ["names"]


def names(query: ast.Query) -> tuple[str, ...]:
    """The variables that a query gives, each once: those of its operators first, as TerminusDB
    names them.
    """
    return tuple(dict.fromkeys(_names(query)))


def _names(query: ast.Query) -> Iterator[str]:
    match query:
        case ast.And(parts):
            for part in parts:
                yield from _names(part)
        case ast.Or(parts):
            yield from (name for part in parts for name in _names(part))
        case ast.Select(variables, inner):
            given = set(_names(inner))
            yield from (name for name in variables if name in given)
        case ast.Distinct(variables, inner):
            given = set(_names(inner))
            yield from (name for name in variables if name in given)
            yield from _names(inner)
        case ast.OrderBy(ordering, inner):
            yield from (name for name, _ in ordering)
            yield from _names(inner)
        case ast.GroupBy(by, template, grouped, inner):
            yield from by
            yield from template
            yield from _names(inner)
            yield grouped.name
        case ast.Count(count, _):
            yield from _of([count])
        case ast.Not(inner) | ast.Optional(inner) | ast.Limit(_, inner) | ast.Start(_, inner):
            yield from _names(inner)
        case _:
            yield from _of(_terms(query))


def _of(terms: Iterable[ast.Term | None]) -> Iterator[str]:
    return (item.name for item in terms if isinstance(item, ast.Variable))


def _terms(query: ast.Query) -> tuple[ast.Term | None, ...]:
    match query:
        case ast.Triple(subject, predicate, item):
            return (subject, predicate, item)
        case ast.IsA(element, kind):
            return (element, kind)
        case ast.Subsumption(parent, child):
            return (parent, child)
        case ast.Path(subject, _, item, path):
            return (subject, item, path)
        case ast.Equals(left, right) | ast.Compare(_, left, right):
            return (left, right)
        case ast.ReadDocument(identifier, document):
            return (identifier, document)
        case ast.WriteDocument(_, _, identifier, _):
            return (identifier,)
        case ast.DeleteDocument(identifier, _):
            return (identifier,)
    return ()
