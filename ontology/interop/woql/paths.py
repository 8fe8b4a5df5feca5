"""Paths: every way from one node to another, as TerminusDB walks them.

A way is told once for each way to go it, so that an object may come several times. From one node
the same predicate is followed once in a way: that is what ends ways in circles.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from ontology.domain.native.terms import Node, Term
from ontology.domain.woql import ast
from ontology.domain.woql.order import sort_key
from ontology.interop.woql.engine import Engine, node, values
from ontology.interop.woql.state import SCHEMA

__all__ = ["Edge", "PathQuery"]


class Edge(NamedTuple):
    """A hop as it was walked: against the arrow for an inverse step."""

    subject: Term
    predicate: str
    object: Term


class _Way(NamedTuple):
    end: Term | None
    edges: tuple[Edge, ...]
    start: Term | None


_CHUNK = 2000
_Walk = Callable[[Term | None, Term | None, tuple[Edge, ...]], Iterator[_Way]]


def _steps(pattern: ast.Pattern) -> Iterator[ast.PatternStep]:
    match pattern:
        case ast.PatternStep():
            yield pattern
        case ast.PatternSequence(parts) | ast.PatternOr(parts):
            for part in parts:
                yield from _steps(part)
        case ast.PatternRepeat(part, _, _):
            yield from _steps(part)


def _inverted(pattern: ast.Pattern) -> ast.Pattern:
    match pattern:
        case ast.PatternStep(predicate, inverse):
            return ast.PatternStep(predicate, not inverse)
        case ast.PatternSequence(parts):
            return ast.PatternSequence(tuple(_inverted(part) for part in reversed(parts)))
        case ast.PatternOr(parts):
            return ast.PatternOr(tuple(_inverted(part) for part in reversed(parts)))
        case ast.PatternRepeat(part, least, most):
            return ast.PatternRepeat(_inverted(part), least, most)


class PathQuery:
    """A pattern, walked in memory along the edges that can be reached."""

    def __init__(self, pattern: ast.Pattern, engine: Engine) -> None:
        self._engine = engine
        self._pattern = pattern
        self._forward: dict[tuple[Term, str | None], list[Edge]] = defaultdict(list)
        self._backward: dict[tuple[Term, str | None], list[Edge]] = defaultdict(list)
        self._all: dict[str | None, list[Edge]] = defaultdict(list)
        self._walked = 0

    def run(self, pairs: Sequence[tuple[Term | None, Term | None]]) -> Iterator[tuple[int, _Way]]:
        """For each pair of ends, None where one is not known, the ways between them."""
        if (None, None) in pairs:
            self._load_all()
        self._load(self._pattern, [start for start, _ in pairs if start is not None])
        ends = [end for start, end in pairs if start is None and end is not None]
        self._load(_inverted(self._pattern), ends)
        for index, (start, end) in enumerate(pairs):
            if start is None and end is not None:
                for way in self._ways(_inverted(self._pattern), end, None, ()):
                    yield index, _Way(end, way.edges, way.end)
            else:
                for way in self._ways(self._pattern, start, end, ()):
                    yield index, way

    # --- what can be reached --------------------------------------------------------------------
    def _name(self, step: ast.PatternStep) -> str | None:
        if step.predicate is None:
            return None
        names = self._engine.state.names
        return names.of(step.predicate.text, default=SCHEMA, pointer=step.predicate.pointer)

    def _load_all(self) -> None:
        """Every edge of the predicates."""
        known = {self._name(step) for step in _steps(self._pattern)}
        given = [(Node(name),) for name in known if name is not None]
        wanted = "" if None in known else values(("?p",), given)
        self._keep(f"SELECT ?s ?p ?o WHERE {{ {wanted} ?s ?p ?o }}")

    def _load(self, pattern: ast.Pattern, starts: Sequence[Term]) -> None:
        """The edges that a walk along a pattern can come to."""
        steps = {(self._name(step), step.inverse) for step in _steps(pattern)}
        arrows, hops = [], []
        for name, inverse in sorted(steps, key=str):
            arrow = "(<x:>|!<x:>)" if name is None else node(name)
            arrows.append(f"^{arrow}" if inverse else arrow)
            only = "" if name is None else values(("?p",), [(Node(name),)])
            there = "?s ?p ?n BIND(?n AS ?o)" if inverse else "?n ?p ?o BIND(?n AS ?s)"
            hops.append(f"{{ {only} {there} }}")
        for first in range(0, len(starts), _CHUNK):
            rows = [(item,) for item in dict.fromkeys(starts[first : first + _CHUNK])]
            reached = f"{values(('?x',), rows)} ?x ({'|'.join(arrows)})* ?n"
            self._keep(
                f"SELECT DISTINCT ?s ?p ?o WHERE {{ {{ SELECT DISTINCT ?n WHERE {{ {reached} }} }} "
                f"{' UNION '.join(hops)} }}"
            )

    def _keep(self, query: str) -> None:
        found = self._engine.select(query)
        edges = {
            Edge(row["s"], row["p"].name, row["o"]) for row in found if isinstance(row["p"], Node)
        }
        for edge in sorted(edges, key=lambda item: (item[1], *map(sort_key, (item[0], item[2])))):
            for name in (edge.predicate, None):
                if edge in self._forward[edge.subject, name]:
                    continue
                self._forward[edge.subject, name].append(edge)
                self._backward[edge.object, name].append(edge)
                self._all[name].append(edge)

    # --- walking --------------------------------------------------------------------------------
    def _ways(
        self, pattern: ast.Pattern, start: Term | None, end: Term | None, edges: tuple[Edge, ...]
    ) -> Iterator[_Way]:
        match pattern:
            case ast.PatternStep():
                yield from self._hop(pattern, start, end, edges)
            case ast.PatternSequence(parts):
                yield from self._sequence(parts, start, end, edges)
            case ast.PatternOr(parts):
                for part in parts:
                    yield from self._ways(part, start, end, edges)
            case ast.PatternRepeat(part, least, most):
                yield from self._repeat(part, least, most, start, end, edges)

    def _hop(
        self,
        step: ast.PatternStep,
        start: Term | None,
        end: Term | None,
        edges: tuple[Edge, ...],
    ) -> Iterator[_Way]:
        name = self._name(step)
        if any(
            (start is None or edge.subject == start)
            and (name is None or edge.predicate == name)
            and (end is None or edge.object == end)
            for edge in edges
        ):
            return
        if start is None:
            found = self._all[name]
        else:
            found = (self._backward if step.inverse else self._forward).get((start, name), [])
        for edge in found:
            near, far = (edge.object, edge.subject) if step.inverse else (edge.subject, edge.object)
            if end is not None and far != end:
                continue
            self._walked += 1
            if self._walked % 1000 == 0:
                self._engine.check(len(edges))
            yield _Way(far, (*edges, Edge(near, edge.predicate, far)), near)

    def _sequence(
        self,
        parts: Sequence[ast.Pattern],
        start: Term | None,
        end: Term | None,
        edges: tuple[Edge, ...],
    ) -> Iterator[_Way]:
        if len(parts) == 1:
            yield from self._ways(parts[0], start, end, edges)
            return
        for way in self._ways(parts[0], start, None, edges):
            for rest in self._sequence(parts[1:], way.end, end, way.edges):
                yield _Way(rest.end, rest.edges, rest.start if way.start is None else way.start)

    def _repeat(
        self,
        part: ast.Pattern,
        least: int,
        most: int | None,
        start: Term | None,
        end: Term | None,
        edges: tuple[Edge, ...],
    ) -> Iterator[_Way]:
        if least == 0 and (start is None or end is None or start == end):
            known = end if start is None else start
            yield _Way(known, edges, known)
        if most is not None and most == 0:
            return
        if least <= 1:
            yield from self._ways(part, start, end, edges)
        if most is not None and most <= 1:
            return
        for way in self._ways(part, start, None, edges):
            if way.end is None or len(way.edges) == len(edges):
                continue  # nowhere: it would go on for ever
            fewer = None if most is None else most - 1
            following = self._repeat(part, max(1, least - 1), fewer, way.end, end, way.edges)
            for rest in following:
                yield _Way(rest.end, rest.edges, rest.start if way.start is None else way.start)
