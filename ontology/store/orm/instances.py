"""Reads of objects and links: lists, counts, figures, full text, links at an object.

A list is read in one of three ways, whichever reads least: the few that an index finds, in the
order of an index, or through the type. Pages go on after the position of their last item, so that a
deep page costs what the first one does.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

from ontology.domain.instances.keys import LONGEST, NULL_KEY, typed_key
from ontology.domain.kinds import INSTANCE_KINDS
from ontology.store.orm.conditions import Conditions, Sql, bound, value_sql
from ontology.store.orm.placed import portions
from ontology.store.orm.relations import RelationReads
from ontology.store.orm.sql import (
    DOCUMENT_COLUMNS,
    document_from_row,
    in_list,
    keys_table,
    list_parameter,
    rows,
)
from ontology.store.port import Found, StoredDocument
from ontology.store.questions import (
    Both,
    InstanceQuery,
    Order,
    Test,
    position_of,
    value_at,
)

__all__ = ["InstanceLists"]

_SCAN_PAGE = 2000
#: So many matches of an indexed condition are looked at one by one; more are met on the way.
_FEW = 2000
_WIDTH = len(DOCUMENT_COLUMNS.split(","))
_RANGES = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
#: The highest key of a number, and of a text: what has no value is beyond both.
_LAST = {"n": "n:", "s": "t", "b": "b:"}
#: Types whose texts do not sort as they are written.
_MADE = frozenset({"decimal", "time", "timestamp"})

_Position = tuple[Any, ...]


class InstanceLists(RelationReads):
    """Lists of objects and links."""

    def find_instances(
        self, query: InstanceQuery, *, after: _Position | None = None, limit: int = 100
    ) -> list[Found]:
        if not query.types or query.rids == frozenset():
            return []
        rids = query.rids if query.rids is not None else self._few(query)
        if rids is not None:
            found = self._among(query, rids, after, limit)
        elif not query.order:
            found = self._through_types(query, after, limit)
        elif len(query.order) == 1 and set(query.types) <= query.order[0].indexes.keys():
            return self._along_index(query, after, limit)
        else:
            found = self._sorted(query, after, limit)
        return [Found(document, position_of(query, document)) for document in found]

    def _few(self, query: InstanceQuery) -> frozenset[str] | None:
        """The few instances that an indexed condition of the query finds; None: none is so rare."""
        if query.include_deleted:
            return None  # a deleted instance has no entries
        found: frozenset[str] | None = None
        for test in _indexed_tests(query):
            matches = self._matches(test, _FEW + 1)
            if len(matches) <= _FEW and (found is None or len(matches) < len(found)):
                found = frozenset(matches)
        return found

    def _matches(self, test: Test, limit: int) -> set[str]:
        """Instances with an entry that answers the test, at most ``limit``."""
        if test.op in ("eq", "in", "contains"):
            condition, parameters = in_list("i.key"), [list_parameter(list(test.keys))]
        else:
            sign, key = _RANGES[test.op], test.keys[0]
            if len(key) > LONGEST:
                # Which of those that begin alike come first, a digest does not say: look at all.
                key = key[:LONGEST] if sign.startswith(">") else f"{key[:LONGEST]}$"
            # Beyond the bound, but among values of the same sort.
            edge = _LAST[key[0]] if sign.startswith(">") else key[0]
            other = "<" if sign.startswith(">") else ">="
            condition, parameters = f"i.key {sign} %s AND i.key {other} %s", [key, edge]
        found: set[str] = set()
        for number in test.indexes:
            for rank, place in enumerate(self._places):
                shadow, shadow_parameters = self._unshadowed("i", rank)
                parts = self._parts(
                    rank,
                    "SELECT i.rid FROM ontology_valueentry i WHERE i.line_id = %s "
                    f"AND i.field = %s AND {condition} AND {{valid}}{shadow} LIMIT %s",
                    "i",
                    [place.line, number, *parameters],
                    [*shadow_parameters, limit],
                )
                found.update(row[0] for part in parts for row in part)
                if len(found) >= limit:
                    return found
        return found

    def _among(
        self,
        query: InstanceQuery,
        rids: Collection[str],
        after: _Position | None,
        limit: int,
    ) -> list[StoredDocument]:
        """Of the instances ``rids``."""
        nearest, places = self._nearest("k.value")
        condition, parameters = self._condition(query)
        order, order_parameters, beyond = _ordering(query, after)
        sql = (
            f"SELECT {DOCUMENT_COLUMNS} FROM {keys_table('k')} "
            f"JOIN ontology_documentversion v ON v.id = {nearest} "
            f"WHERE v.kind = %s AND {in_list('substr(v.name_key, 1, 36)')}{condition}{beyond[0]} "
            f"ORDER BY {order} LIMIT %s"
        )
        rest = [query.kind.value, list_parameter(query.types), *parameters, *beyond[1]]
        rest += [*order_parameters, limit]
        pages = [rows(sql, [list_parameter(some), *places, *rest]) for some in portions(rids)]
        return self._merged(query, pages, limit)

    def _through_types(
        self, query: InstanceQuery, after: _Position | None, limit: int
    ) -> list[StoredDocument]:
        """In the order of the types and, within them, of the keys."""
        condition, parameters = self._condition(query)
        found: list[StoredDocument] = []
        for type_rid in sorted(query.types):
            start, end = f"{type_rid}:", f"{type_rid};"
            if after is not None and after[0] >= end:
                continue
            place_after = after if after is not None and after[0] >= start else None
            beyond = "(v.name_key, v.rid) > (%s, %s)" if place_after else "v.name_key >= %s"
            pages = []
            for rank, place in enumerate(self._places):
                shadow, shadow_parameters = self._unshadowed("v", rank)
                pages += self._parts(
                    rank,
                    f"SELECT {DOCUMENT_COLUMNS} FROM ontology_documentversion v "
                    f"WHERE v.line_id = %s AND v.kind = %s AND {beyond} "
                    f"AND v.name_key < %s AND {{valid}}{shadow}{condition} "
                    "ORDER BY v.name_key, v.rid LIMIT %s",
                    "v",
                    [
                        place.line,
                        query.kind.value,
                        *(place_after or (start,)),
                        end,
                    ],
                    [*shadow_parameters, *parameters, limit - len(found)],
                )
            found += self._merged(query, pages, limit - len(found))
            if len(found) >= limit:
                break
        return found

    def _along_index(
        self, query: InstanceQuery, after: _Position | None, limit: int
    ) -> list[Found]:
        """In the order of an index."""
        order = query.order[0]
        value, rid = (after[0], after[-1]) if after is not None else (None, None)
        found: list[tuple[str, StoredDocument]] = []
        # What has no value comes last: in falling order that is a walk of its own.
        for nulls in (False, True) if order.descending else (None,):
            if after is not None and nulls is False and value is None:
                continue
            start = None
            if after is not None and not (nulls and value is not None):
                start = (typed_key(order.field.type, value), str(rid))
            found += self._walk(query, order, start, limit - len(found), nulls=nulls)
            if len(found) >= limit:
                break
        return [Found(document, position_of(query, document)) for _, document in found]

    def _walk(
        self,
        query: InstanceQuery,
        order: Order,
        start: tuple[str, str] | None,
        limit: int,
        *,
        nulls: bool | None,
    ) -> list[tuple[str, StoredDocument]]:
        nearest, places = self._nearest("i.rid")
        condition, parameters = self._condition(query)
        direction, sign = ("DESC", "<") if order.descending else ("ASC", ">")
        part = {None: "", True: f"i.key = '{NULL_KEY}' AND ", False: f"i.key < '{NULL_KEY}' AND "}
        beyond = f"(i.key, i.rid) {sign} (%s, %s) AND " if start else ""
        pages = []
        for type_rid in query.types:
            for rank, place in enumerate(self._places):
                shadow, shadow_parameters = self._unshadowed("i", rank)
                pages += self._parts(
                    rank,
                    f"SELECT {DOCUMENT_COLUMNS}, i.key FROM ontology_valueentry i "
                    f"JOIN ontology_documentversion v ON v.id = {nearest} "
                    f"WHERE i.line_id = %s AND i.field = %s AND {part[nulls]}{beyond}{{valid}}"
                    f"{shadow}{condition} ORDER BY i.key {direction}, i.rid {direction} "
                    "LIMIT %s",
                    "i",
                    [*places, place.line, order.indexes[type_rid], *(start or ())],
                    [*shadow_parameters, *parameters, limit],
                )
        merged = heapq.merge(
            *pages, key=lambda row: (row[_WIDTH], row[0]), reverse=order.descending
        )
        found: dict[str, tuple[str, StoredDocument]] = {}
        for row in merged:
            found.setdefault(row[0], (row[_WIDTH], document_from_row(row)))
            if len(found) >= limit:
                break
        return list(found.values())

    def _sorted(
        self, query: InstanceQuery, after: _Position | None, limit: int
    ) -> list[StoredDocument]:
        """In an order that no index has: the database looks at all and keeps the first."""
        condition, parameters = self._condition(query)
        order, order_parameters, beyond = _ordering(query, after)
        pages = []
        for rank in range(len(self._places)):
            shadow, shadow_parameters = self._unshadowed("v", rank)
            source, source_parameters = self._of_types(query, rank)
            pages += self._parts(
                rank,
                f"SELECT {DOCUMENT_COLUMNS} FROM ontology_documentversion v "
                f"WHERE {source} AND {{valid}}{shadow}{condition}{beyond[0]} "
                f"ORDER BY {order} LIMIT %s",
                "v",
                source_parameters,
                [*shadow_parameters, *parameters, *beyond[1], *order_parameters, limit],
            )
        return self._merged(query, pages, limit)

    def _of_types(self, query: InstanceQuery, rank: int) -> Sql:
        """Versions of the query's types on one line."""
        ranges = " OR ".join(["(v.name_key >= %s AND v.name_key < %s)"] * len(query.types))
        bounds = [edge for rid in query.types for edge in (f"{rid}:", f"{rid};")]
        line = self._places[rank].line
        return f"v.line_id = %s AND v.kind = %s AND ({ranges})", [line, query.kind.value, *bounds]

    def _merged(
        self, query: InstanceQuery, pages: Sequence[Sequence[Sequence[Any]]], limit: int
    ) -> list[StoredDocument]:
        if len(pages) == 1:
            return [document_from_row(row) for row in pages[0][:limit]]
        listed = [[document_from_row(row) for row in page] for page in pages]
        merged = heapq.merge(*listed, key=lambda document: _sort_key(query, document))
        return list(islice(merged, limit))

    def _condition(self, query: InstanceQuery, alias: str = "v") -> Sql:
        """`` AND ...`` for the query's filter."""
        live = "" if query.include_deleted else f" AND NOT {alias}.deleted"
        if query.where is None:
            return live, []
        sql, parameters = self._conditions.sql(query.where, alias)
        return f"{live} AND {sql}", parameters

    @cached_property
    def _conditions(self) -> Conditions:
        return Conditions(self._nearest, self._entry_holds)

    def _entry_holds(self, alias: str) -> list[Sql]:
        parts: list[Sql] = []
        for rank, place in enumerate(self._places):
            shadow, parameters = self._unshadowed(alias, rank)
            parts.append(
                (
                    f"{alias}.line_id = %s AND {alias}.seq_from <= %s "
                    f"AND ({alias}.seq_to IS NULL OR {alias}.seq_to > %s){shadow}",
                    [place.line, place.seq, place.seq, *parameters],
                )
            )
        return parts

    def instances(self, types: Collection[str]) -> Iterator[StoredDocument]:
        for kind in INSTANCE_KINDS:
            query = InstanceQuery(kind, tuple(types))
            after: _Position | None = None
            while page := self._through_types(query, after, _SCAN_PAGE):
                yield from page
                after = (page[-1].key, page[-1].rid)


def _indexed_tests(query: InstanceQuery) -> Iterator[Test]:
    """Conditions that every answer must fulfil and that an index can answer."""
    todo = [query.where] if query.where is not None else []
    while todo:
        where = todo.pop()
        if isinstance(where, Both) and where.every:
            todo += where.parts
        elif (
            isinstance(where, Test)
            and where.keys
            and len(where.indexes) == len(query.types)
            and (
                where.op in ("eq", "in", *_RANGES) or (where.op == "contains" and where.field.array)
            )
        ):
            yield where


class _Falling:
    """Sorts the other way round."""

    __slots__ = ("key",)

    def __init__(self, key: str) -> None:
        self.key = key

    def __lt__(self, other: _Falling) -> bool:
        return self.key > other.key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Falling) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


def _sort_key(query: InstanceQuery, document: StoredDocument) -> tuple[Any, ...]:
    if not query.order:
        return document.key, document.rid
    keys: list[Any] = []
    for order in query.order:
        value = value_at(document.body, order.field.path)
        # As the database compares: a long text is not cut.
        textual = isinstance(value, str) and order.field.type not in _MADE
        key = value if textual else typed_key(order.field.type, value)
        keys.append((value is None, _Falling(key) if order.descending else key))
    last = query.order[-1].descending
    return (*keys, _Falling(document.rid) if last else document.rid)


def _ordering(query: InstanceQuery, after: _Position | None) -> tuple[str, list[Any], Sql]:
    """``ORDER BY`` with its parameters, and the condition for what comes after a position."""
    if not query.order:
        beyond: Sql = ("", [])
        if after is not None:
            beyond = " AND (v.name_key, v.rid) > (%s, %s)", list(after)
        return "v.name_key, v.rid", [], beyond
    parts: list[str] = []
    parameters: list[Any] = []
    for order in query.order:
        value, path = value_sql(order.field, "v")
        direction = " DESC" if order.descending else ""
        parts.append(f"({value} IS NULL), {value}{direction}")
        parameters += [*path, *path]
    last = query.order[-1].descending
    parts.append(f"v.rid{' DESC' if last else ''}")
    if after is None:
        return ", ".join(parts), parameters, ("", [])
    sql, given = _beyond(query.order, after)
    return ", ".join(parts), parameters, (f" AND {sql}", given)


def _beyond(orders: Sequence[Order], after: _Position) -> Sql:
    """What comes after ``after``: further in the first order, or as far in it and further in the
    rest; what has no value comes last.
    """
    order, given = orders[0], after[0]
    value, path = value_sql(order.field, "v")
    if len(orders) > 1:
        rest, rest_parameters = _beyond(orders[1:], after[1:])
    else:
        rest, rest_parameters = f"v.rid {'<' if order.descending else '>'} %s", [after[-1]]
    if given is None:
        return f"({value} IS NULL AND {rest})", [*path, *rest_parameters]
    sign = "<" if order.descending else ">"
    parameter = bound(order.field, given)
    return (
        f"({value} {sign} %s OR {value} IS NULL OR ({value} = %s AND {rest}))",
        [*path, parameter, *path, *path, parameter, *rest_parameters],
    )
