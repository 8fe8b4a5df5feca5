"""Rows: a query run as TerminusDB runs it, part after part, each for all rows at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from oms_project.core.errors import Invalid
from ontology.domain.native.terms import RDF_TYPE, Literal, Node, Term
from ontology.domain.woql import ast
from ontology.domain.woql.order import sort_key
from ontology.interop.woql.engine import Engine, values
from ontology.interop.woql.paths import PathQuery
from ontology.interop.woql.patterns import Basic, BasicQuery, as_term
from ontology.interop.woql.rows import (
    Document,
    Found,
    Row,
    Wanted,
    Way,
    all_basic,
    collected_rows,
    comparable,
    filled_document,
    first_rows,
    groups,
    name_of,
    ordered_rows,
    plain_value,
    same_value,
)
from ontology.interop.woql.state import SCHEMA

__all__ = ["Document", "Evaluation", "Row", "Wanted", "Way"]


_CHUNK = 2000


class Evaluation:
    """One run of a query.

    Attributes:
        writes: what rows want to be written, in their order.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._names = engine.state.names
        self.writes: list[Wanted] = []

    def rows(self, query: ast.Query) -> list[Row]:
        """The rows of a query. Raises Invalid, Unavailable."""
        return [row for _, row in self._eval(query, [{}])]

    def _eval(self, query: ast.Query, rows: Sequence[Row]) -> Found:
        """For each row, in order, the rows that come of it, with the position of the first."""
        found = self._found(query, rows)
        self._engine.check(len(found))
        return found

    def _found(  # noqa: C901, PLR0912 - one case for each operator
        self, query: ast.Query, rows: Sequence[Row]
    ) -> Found:
        match query:
            case ast.True_():
                return list(enumerate(rows))
            case ast.And(parts):
                return self._and(parts, rows)
            case ast.Or(parts):
                return self._or(parts, rows)
            case ast.Triple() | ast.IsA():
                return self._basic([query], rows)
            case ast.Not(inner):
                present = {index for index, _ in self._eval(inner, rows)}
                return [(index, row) for index, row in enumerate(rows) if index not in present]
            case ast.Optional(inner):
                return self._optional(inner, rows)
            case ast.Select(variables, inner):
                return [
                    (index, {**rows[index], **{n: row[n] for n in variables if n in row}})
                    for index, row in self._eval(inner, rows)
                ]
            case ast.Distinct() | ast.OrderBy() | ast.GroupBy():
                return self._by_row(query, rows)
            case ast.Limit() | ast.Start():
                return self._page(query, rows)
            case ast.Count(count, inner):
                return self._count(count, inner, rows)
            case ast.Equals(left, right):
                return self._equals(left, right, rows)
            case ast.Compare():
                return [(i, row) for i, row in enumerate(rows) if self._holds(query, row)]
            case ast.Subsumption(parent, child):
                return self._subsumption(parent, child, rows)
            case ast.Path():
                return self._path(query, rows)
            case ast.ReadDocument(identifier, document):
                return self._read(identifier, document, rows)
            case ast.WriteDocument() | ast.DeleteDocument():
                return self._write(query, rows)

    # --- what is put together -------------------------------------------------------------------
    def _and(self, parts: Sequence[ast.Query], rows: Sequence[Row]) -> Found:
        found: Found = list(enumerate(rows))
        for group in groups(parts):
            if not found:
                break
            given = [row for _, row in found]
            basic = [part for part in group if isinstance(part, (ast.Triple, ast.IsA))]
            came = self._basic(basic, given) if basic else self._eval(group[0], given)
            found = [(found[index][0], row) for index, row in came]
            self._engine.check(len(found))
        return found

    def _or(self, parts: Sequence[ast.Query], rows: Sequence[Row]) -> Found:
        by_row: dict[int, list[Row]] = defaultdict(list)
        for part in parts:
            for index, row in self._eval(part, rows):
                by_row[index].append(row)
        return [(index, row) for index in sorted(by_row) for row in by_row[index]]

    def _basic(self, parts: Sequence[Basic], rows: Sequence[Row]) -> Found:
        query = BasicQuery(parts, self._engine)
        return [(index, {**rows[index], **new}) for index, new in query.run(rows)]

    def _optional(self, inner: ast.Query, rows: Sequence[Row]) -> Found:
        by_row = self._grouped(inner, rows)
        return [
            (index, made) for index, row in enumerate(rows) for made in by_row.get(index) or [row]
        ]

    def _grouped(self, inner: ast.Query, rows: Sequence[Row]) -> dict[int, list[Row]]:
        by_row: dict[int, list[Row]] = defaultdict(list)
        for index, row in self._eval(inner, rows):
            by_row[index].append(row)
        return by_row

    # --- the rows of each row -------------------------------------------------------------------
    def _by_row(
        self, query: ast.Distinct | ast.OrderBy | ast.GroupBy, rows: Sequence[Row]
    ) -> Found:
        made: Found = []
        for index, group in sorted(self._grouped(query.query, rows).items()):
            match query:
                case ast.Distinct(variables, _):
                    kept = first_rows(group, variables)
                case ast.OrderBy(ordering, _):
                    kept = ordered_rows(group, ordering)
                case ast.GroupBy():
                    kept = collected_rows(query, group, rows[index])
            made += [(index, row) for row in kept]
        return made

    def _page(self, query: ast.Limit | ast.Start, rows: Sequence[Row]) -> Found:
        start, limit, inner = 0, None, cast("ast.Query", query)
        if isinstance(inner, ast.Limit):
            limit, inner = inner.count, inner.query
        if isinstance(inner, ast.Start):
            start, inner = inner.count, inner.query
        basic = all_basic(inner)
        if basic and limit is not None and list(rows) == [{}]:
            found = BasicQuery(basic, self._engine).page(start, limit)
            return [(0, row) for row in found]
        stop = None if limit is None else start + limit
        return [
            (index, row)
            for index, group in sorted(self._grouped(inner, rows).items())
            for row in group[start:stop]
        ]

    def _count(self, count: ast.Term, inner: ast.Query, rows: Sequence[Row]) -> Found:
        basic = all_basic(inner)
        if basic and list(rows) == [{}]:
            numbers = {0: BasicQuery(basic, self._engine).count()}
        else:
            by_row = self._grouped(inner, rows)
            numbers = {index: len(by_row.get(index, ())) for index in range(len(rows))}
        made: Found = []
        for index, row in enumerate(rows):
            number = Literal("xsd:decimal", str(numbers[index]))
            made += [(index, new) for new in self._unified(count, number, row)]
        return made

    # --- values ---------------------------------------------------------------------------------
    def _value(self, term: ast.Term, row: Row, default: str = "") -> Any:
        if isinstance(term, ast.Variable):
            return row.get(term.name)
        return as_term(term, self._names, default)

    def _unified(self, term: ast.Term, value: Any, row: Row) -> Iterator[Row]:
        """The row in which ``term`` is ``value``, if there can be one."""
        known = self._value(term, row)
        if known is None and isinstance(term, ast.Variable):
            yield {**row, term.name: value}
        elif same_value(known, value):
            yield row

    def _equals(self, left: ast.Term, right: ast.Term, rows: Sequence[Row]) -> Found:
        made: Found = []
        for index, row in enumerate(rows):
            value = self._value(left, row)
            if value is None:
                value, left, right = self._value(right, row), right, left
            if value is None:
                raise Invalid(
                    "Neither side of Equals has a value there. Put it behind what gives one.",
                    code="woql_invalid",
                )
            made += [(index, new) for new in self._unified(right, value, row)]
        return made

    def _holds(self, query: ast.Compare, row: Row) -> bool:
        left, right = self._value(query.left, row), self._value(query.right, row)
        if left is None or right is None:
            return False
        comparable(left, right)
        first, second = sort_key(left)[:2], sort_key(right)[:2]
        match query.operator:
            case "Less":
                return first < second
            case "Greater":
                return first > second
            case "Lte":
                return first <= second
            case "Gte":
                return first >= second

    # --- classes and paths ----------------------------------------------------------------------
    def _subsumption(self, parent: ast.Term, child: ast.Term, rows: Sequence[Row]) -> Found:
        state = self._engine.state
        above: dict[str, list[str]] = {
            name: list(dict.fromkeys(state.ancestors(name))) for name in state.classes
        }
        made: Found = []
        for index, row in enumerate(rows):
            low, high = self._value(child, row), self._value(parent, row)
            if low is not None:
                name = low.name if isinstance(low, Node) else ""
                for item in above.get(name, [name]):
                    made += [(index, new) for new in self._unified(parent, Node(item), row)]
                continue
            if high is not None:
                name = high.name if isinstance(high, Node) else ""
                below = [name, *(item for item in above if name in above[item][1:])]
                for item in below:
                    made += [(index, new) for new in self._unified(child, Node(item), row)]
                continue
            made.append((index, row))  # a class is its own subclass, whichever it is
            for item, names in above.items():
                for name in names[1:]:
                    pair = {name_of(child): Node(item), name_of(parent): Node(name)}
                    made.append((index, {**row, **pair}))
        return made

    def _path(self, query: ast.Path, rows: Sequence[Row]) -> Found:
        pairs = [(self._value(query.subject, row), self._value(query.object, row)) for row in rows]
        made: Found = []
        for index, way in PathQuery(query.pattern, self._engine).run(pairs):
            row = dict(rows[index])
            if way.start is not None and isinstance(query.subject, ast.Variable):
                row[query.subject.name] = way.start
            if way.end is not None and isinstance(query.object, ast.Variable):
                if row.get(query.object.name, way.end) != way.end:
                    continue  # both ends are one variable
                row[query.object.name] = way.end
            if query.path is not None:
                row[query.path.name] = Way(way.edges)
            made.append((index, row))
            self._engine.check(len(made))
        return made

    # --- documents ------------------------------------------------------------------------------
    def _read(self, identifier: ast.Term, document: ast.Variable, rows: Sequence[Row]) -> Found:
        wanted = [self._value(identifier, row) for row in rows]
        if None in wanted:
            raise Invalid(
                "ReadDocument does not know yet what to read. Put it behind what gives its "
                "identifier a value.",
                code="woql_invalid",
            )
        found = self.documents(
            dict.fromkeys(item.name for item in wanted if isinstance(item, Node))
        )
        return [
            (index, {**rows[index], document.name: Document(found[item.name])})
            for index, item in enumerate(wanted)
            if isinstance(item, Node) and item.name in found
        ]

    def documents(self, names: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        """Documents as JSON by name; those that do not exist are left out."""
        wanted, state = list(names), self._engine.state
        members: dict[str, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
        for start in range(0, len(wanted), _CHUNK):
            given = [(Node(name),) for name in wanted[start : start + _CHUNK]]
            query = f"SELECT ?s ?p ?o WHERE {{ {values(('?s',), given)} ?s ?p ?o }}"
            for row in self._engine.select(query):
                subject, predicate = cast("Node", row["s"]), cast("Node", row["p"])
                members[subject.name][predicate.name].append(row["o"])
        made: dict[str, Mapping[str, Any]] = {}
        for name in wanted:
            if RDF_TYPE not in members.get(name, {}):
                continue
            class_name = cast("Node", members[name].pop(RDF_TYPE)[0]).name
            body: dict[str, Any] = {"@id": name, "@type": class_name.removeprefix(SCHEMA)}
            for member, items in sorted(members[name].items()):
                plain = [plain_value(item) for item in sorted(items, key=sort_key)]
                many = state.is_set(class_name, member)
                body[member.removeprefix(SCHEMA)] = plain if many else plain[0]
            made[name] = body
        return made

    def _write(self, query: ast.WriteDocument | ast.DeleteDocument, rows: Sequence[Row]) -> Found:
        made: Found = []
        for index, row in enumerate(rows):
            if isinstance(query, ast.DeleteDocument):
                node = self._value(query.identifier, row)
                if not isinstance(node, Node):
                    raise Invalid(
                        "DeleteDocument has nothing to delete there. Put it behind what gives its "
                        "identifier a value.",
                        code="woql_invalid",
                        errors=[{"field": query.pointer, "rule": "woql"}],
                    )
                self.writes.append(Wanted(query, node.name))
                made.append((index, row))
                continue
            given = filled_document(query.document, row)
            wanted = Wanted(query, given if isinstance(given, Mapping) else {})
            self.writes.append(wanted)
            name = query.identifier.name if query.identifier else ""
            made.append((index, {**row, name: wanted} if name else row))
        return made
