"""Reads of objects and links: lists, counts, figures, full text, links at an object.

A list is read in one of three ways, whichever reads least: the few that an index finds, in the
order of an index, or through the type. Pages go on after the position of their last item, so that a
deep page costs what the first one does.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

from ontology.domain.instances.keys import NULL_KEY, typed_key
from ontology.domain.kinds import INSTANCE_KINDS
from ontology.store.orm.conditions import Conditions, Sql, bound, value_sql
from ontology.store.orm.fulltext import match_of
from ontology.store.orm.placed import PlacedReads, portions
from ontology.store.orm.sql import (
    DOCUMENT_COLUMNS,
    document_from_row,
    in_list,
    is_postgresql,
    keys_table,
    list_parameter,
    rows,
)
from ontology.store.port import Found, StoredDocument
from ontology.store.questions import (
    Both,
    Field,
    Figure,
    InstanceQuery,
    Order,
    Test,
    position_of,
    value_at,
)

__all__ = ["InstanceReads"]

_SCAN_PAGE = 2000
#: So many matches of an indexed condition are looked at one by one; more are met on the way.
_FEW = 2000
_WIDTH = len(DOCUMENT_COLUMNS.split(","))
_RANGES = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
#: The highest key of a number, and of a text: what has no value is beyond both.
_LAST = {"n": "n:", "s": "t", "b": "b:"}

_Position = tuple[Any, ...]


class InstanceReads(PlacedReads):
    """What a reader of the embedded store answers about objects and links."""

    # --- lists ----------------------------------------------------------------------------------
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
            # Beyond the bound, but among values of the same sort.
            edge = _LAST[key[0]] if sign.startswith(">") else key[0]
            other = "<" if sign.startswith(">") else ">="
            condition, parameters = f"i.key {sign} %s AND i.key {other} %s", [key, edge]
        found: set[str] = set()
        for number in test.indexes:
            for rank, place in enumerate(self._places):
                shadow, shadow_parameters = self._unshadowed("i", rank)
                found.update(
                    row[0]
                    for row in self._on_entries(
                        rank,
                        "SELECT i.rid FROM ontology_valueentry i WHERE i.line_id = %s "
                        f"AND i.field = %s AND {condition} AND {{valid}}{shadow} LIMIT %s",
                        [place.line, number, *parameters],
                        [*shadow_parameters, limit],
                    )
                )
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
                pages.append(
                    self._on_line(
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
                pages.append(
                    self._on_entries(
                        rank,
                        f"SELECT {DOCUMENT_COLUMNS}, i.key FROM ontology_valueentry i "
                        f"JOIN ontology_documentversion v ON v.id = {nearest} "
                        f"WHERE i.line_id = %s AND i.field = %s AND {part[nulls]}{beyond}{{valid}}"
                        f"{shadow}{condition} ORDER BY i.key {direction}, i.rid {direction} "
                        "LIMIT %s",
                        [*places, place.line, order.indexes[type_rid], *(start or ())],
                        [*shadow_parameters, *parameters, limit],
                        order=lambda row: (row[_WIDTH], row[0]),
                        descending=order.descending,
                    )
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
            pages.append(
                self._on_line(
                    rank,
                    f"SELECT {DOCUMENT_COLUMNS} FROM ontology_documentversion v "
                    f"WHERE {source} AND {{valid}}{shadow}{condition}{beyond[0]} "
                    f"ORDER BY {order} LIMIT %s",
                    "v",
                    source_parameters,
                    [*shadow_parameters, *parameters, *beyond[1], *order_parameters, limit],
                )
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

    def _on_entries(
        self,
        rank: int,
        sql: str,
        before: Sequence[Any],
        after: Sequence[Any],
        *,
        alias: str = "i",
        order: Callable[[Any], Any] | None = None,
        descending: bool = False,
    ) -> list[tuple[Any, ...]]:
        """As ``_on_line`` for tables that have one index for what holds at the end of a line and
        one for what does not any more: both are asked apart, or neither would be used.
        """
        place = self._places[rank]
        if rank == 0 and self._head:
            found = rows(sql.replace("{valid}", f"{alias}.seq_to IS NULL"), [*before, *after])
            if self._holds_still():
                return found
        live = f"{alias}.seq_to IS NULL AND +{alias}.seq_from <= %s"
        past = f"{alias}.seq_to IS NOT NULL AND +{alias}.seq_to > %s AND +{alias}.seq_from <= %s"
        one = rows(sql.replace("{valid}", live), [*before, place.seq, *after])
        other = rows(sql.replace("{valid}", past), [*before, place.seq, place.seq, *after])
        if order is None:
            return [*one, *other]
        return list(heapq.merge(one, other, key=order, reverse=descending))

    # --- for validation -------------------------------------------------------------------------
    def instances(self, types: Collection[str]) -> Iterator[StoredDocument]:
        for kind in INSTANCE_KINDS:
            query = InstanceQuery(kind, tuple(types))
            after: _Position | None = None
            while page := self._through_types(query, after, _SCAN_PAGE):
                yield from page
                after = (page[-1].key, page[-1].rid)

    def populated(self, types: Collection[str]) -> set[str]:
        found: set[str] = set()
        for kind in INSTANCE_KINDS:
            for rank, place in enumerate(self._places):
                missing = [rid for rid in types if rid not in found]
                if not missing:
                    return found
                shadow, shadow_parameters = self._unshadowed("v", rank)
                found.update(
                    row[0]
                    for row in self._on_line(
                        rank,
                        f"SELECT k.value FROM {keys_table('k')} WHERE EXISTS ("
                        "SELECT 1 FROM ontology_documentversion v WHERE v.line_id = %s "
                        "AND v.kind = %s AND v.name_key >= k.value || ':' "
                        f"AND v.name_key < k.value || ';' AND NOT v.deleted AND {{valid}}{shadow})",
                        "v",
                        [list_parameter(missing), place.line, kind.value],
                        shadow_parameters,
                    )
                )
        return found

    def find_values(self, wanted: Collection[tuple[int, str]]) -> dict[tuple[int, str], list[str]]:
        by_field: dict[int, list[str]] = {}
        for number, key in wanted:
            by_field.setdefault(number, []).append(key)
        found: dict[tuple[int, str], list[str]] = {}
        for number, keys in by_field.items():
            for portion in portions(keys):
                for rank, place in enumerate(self._places):
                    shadow, shadow_parameters = self._unshadowed("i", rank)
                    for key, rid in self._on_entries(
                        rank,
                        "SELECT i.key, i.rid FROM ontology_valueentry i WHERE i.line_id = %s "
                        f"AND i.field = %s AND {in_list('i.key')} AND {{valid}}{shadow}",
                        [place.line, number, list_parameter(portion)],
                        shadow_parameters,
                    ):
                        found.setdefault((number, key), []).append(rid)
        return found

    # --- links ----------------------------------------------------------------------------------
    def links_at(self, rids: Collection[str]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for portion in portions(rids):
            for rank, place in enumerate(self._places):
                shadow, shadow_parameters = self._unshadowed("i", rank)
                for rid, link in self._on_line(
                    rank,
                    f"SELECT k.value, i.rid FROM {keys_table('k')} "
                    "JOIN ontology_documentindex i ON i.key >= k.value || ':' "
                    "AND i.key < k.value || ';' WHERE i.line_id = %s "
                    f"AND i.role IN ('_source', '_target') AND {{valid}}{shadow}",
                    "i",
                    [list_parameter(portion), place.line],
                    shadow_parameters,
                ):
                    found.setdefault(rid, set()).add(link)
        return found

    def count_links(
        self, ends: Collection[tuple[str, str, str]], cap: int
    ) -> dict[tuple[str, str, str], int]:
        counts = dict.fromkeys(ends, 0)
        for role in ("_source", "_target"):
            keys = {f"{end[1]}:{end[2]}": end for end in ends if end[0] == role}
            for portion in portions(keys):
                for rank, place in enumerate(self._places):
                    shadow, shadow_parameters = self._unshadowed("i", rank)
                    for key, number in self._on_line(
                        rank,
                        "SELECT k.value, (SELECT COUNT(*) FROM (SELECT 1 "
                        "FROM ontology_documentindex i WHERE i.line_id = %s AND i.key = k.value "
                        f"AND i.role = %s AND {{valid}}{shadow} LIMIT %s) c) "
                        f"FROM {keys_table('k')}",
                        "i",
                        [place.line, role],
                        [*shadow_parameters, cap, list_parameter(portion)],
                    ):
                        counts[keys[key]] += number
        return counts

    def link_page(
        self,
        *,
        rid: str,
        role: str,
        link_type: str = "",
        after: tuple[str, str] | None = None,
        limit: int = 100,
    ) -> list[tuple[str, str]]:
        start, end = (
            (f"{rid}:{link_type}", f"{rid}:{link_type}") if link_type else (f"{rid}:", f"{rid};")
        )
        span = "i.key >= %s AND i.key <= %s"
        beyond: list[Any] = []
        if after is not None:
            span += " AND (i.key, i.rid) > (%s, %s)"
            beyond = [f"{rid}:{after[0]}", after[1]]
        pages = []
        for rank, place in enumerate(self._places):
            shadow, shadow_parameters = self._unshadowed("i", rank)
            pages.append(
                self._on_line(
                    rank,
                    f"SELECT i.key, i.rid FROM ontology_documentindex i WHERE i.line_id = %s "
                    f"AND i.role = %s AND {span} AND {{valid}}{shadow} "
                    "ORDER BY i.key, i.rid LIMIT %s",
                    "i",
                    [place.line, role, start, end, *beyond],
                    [*shadow_parameters, limit],
                )
            )
        merged = islice(heapq.merge(*pages), limit)
        return [(key.partition(":")[2], link) for key, link in merged]

    # --- counts and figures ---------------------------------------------------------------------
    def count_instances(self, query: InstanceQuery) -> int:
        total = 0
        for _, figures in self.aggregate(query, figures=[Figure("count")], groups=()):
            total += figures[0]
        return total

    def aggregate(
        self, query: InstanceQuery, *, figures: Sequence[Figure], groups: Sequence[Field]
    ) -> list[tuple[tuple[Any, ...], tuple[Any, ...]]]:
        if not query.types or query.rids == frozenset():
            return []
        columns = [value_sql(field, "v") for field in groups]
        for figure in figures:
            columns += _figure_sql(figure)
        selected = ", ".join(sql for sql, _ in columns)
        parameters = [parameter for _, given in columns for parameter in given]
        grouped = (
            f" GROUP BY {', '.join(str(position + 1) for position in range(len(groups)))}"
            if groups
            else ""
        )
        condition, condition_parameters = self._condition(query)
        found: list[tuple[Any, ...]] = []
        rids = query.rids if query.rids is not None else self._few(query)
        if rids is not None:
            nearest, places = self._nearest("k.value")
            for portion in portions(rids):
                found += rows(
                    f"SELECT {selected} FROM {keys_table('k')} "
                    f"JOIN ontology_documentversion v ON v.id = {nearest} WHERE v.kind = %s "
                    f"AND {in_list('substr(v.name_key, 1, 36)')}{condition}{grouped}",
                    [
                        *parameters,
                        list_parameter(portion),
                        *places,
                        query.kind.value,
                        list_parameter(query.types),
                        *condition_parameters,
                    ],
                )
        else:
            for rank in range(len(self._places)):
                shadow, shadow_parameters = self._unshadowed("v", rank)
                source, source_parameters = self._of_types(query, rank)
                found += self._on_line(
                    rank,
                    f"SELECT {selected} FROM ontology_documentversion v "
                    f"WHERE {source} AND {{valid}}{shadow}{condition}{grouped}",
                    "v",
                    [*parameters, *source_parameters],
                    [*shadow_parameters, *condition_parameters],
                )
        return _added_up(found, figures, len(groups))

    # --- full text ------------------------------------------------------------------------------
    def search(
        self, text: str, *, level: int, types: Collection[str] = (), limit: int = 100
    ) -> list[tuple[str, float]]:
        match = match_of(text, postgresql=is_postgresql())
        if not match:
            return []
        nearest, places = self._nearest("t.rid")
        of_type = f" AND {in_list('substr(v.name_key, 1, 36)')}" if types else ""
        type_parameters = [list_parameter(list(types))] if types else []
        best: dict[str, float] = {}
        for rank, place in enumerate(self._places):
            shadow, shadow_parameters = self._unshadowed("t", rank)
            tables = ["live"] if rank == 0 and self._head else ["live", "past"]
            while True:
                found: list[tuple[Any, ...]] = []
                for table in tables:
                    source, matched, score = _text_sql(table)
                    holds = "t.seq_from <= %s AND (t.seq_to IS NULL OR t.seq_to > %s)"
                    found += rows(
                        f"SELECT t.rid, {score} AS score FROM {source} "
                        f"JOIN ontology_documentversion v ON v.id = {nearest} "
                        f"WHERE {matched} AND t.line_id = %s AND t.level <= %s "
                        f"AND NOT v.deleted{of_type} AND {holds}{shadow} "
                        "ORDER BY score DESC LIMIT %s",
                        [
                            *([match] if is_postgresql() else []),
                            *places,
                            match,
                            place.line,
                            level,
                            *type_parameters,
                            place.seq,
                            place.seq,
                            *shadow_parameters,
                            limit,
                        ],
                    )
                if len(tables) == 2 or self._holds_still():
                    break
                tables = ["live", "past"]
            for rid, score in found:
                best[rid] = max(best.get(rid, float("-inf")), float(score))
        ranked = sorted(best.items(), key=lambda item: (-item[1], item[0]))
        return ranked[:limit]


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


def _text_sql(table: str) -> tuple[str, str, str]:
    """Source, condition and score of a full text search."""
    if is_postgresql():
        holds = "IS NULL" if table == "live" else "IS NOT NULL"
        vector = "to_tsvector('simple', t.text)"
        return (
            "ontology_textentry t",
            f"{vector} @@ to_tsquery('simple', %s) AND t.seq_to {holds}",
            f"ts_rank({vector}, to_tsquery('simple', %s))",
        )
    name = f"ontology_text_{table}"
    return (
        f"{name} JOIN ontology_textentry t ON t.id = {name}.rowid",
        f"{name} MATCH %s",
        f"-bm25({name})",
    )


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
        key = typed_key(order.field.type, value)
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


def _figure_sql(figure: Figure) -> list[Sql]:
    """The columns from which a figure is put together over several lines."""
    if figure.field is None:
        return [("COUNT(*)", [])]
    value, path = value_sql(figure.field, "v")
    if figure.function == "count":
        return [(f"COUNT({value})", path)]
    if figure.function == "avg":
        return [(f"SUM({value})", path), (f"COUNT({value})", path)]
    return [(f"{figure.function.upper()}({value})", path)]


def _added_up(
    found: Sequence[Sequence[Any]], figures: Sequence[Figure], groups: int
) -> list[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    """Figures of the groups, each of which may come from several lines."""
    totals: dict[tuple[Any, ...], list[Any]] = {}
    functions = [
        name
        for figure in figures
        for name in (("sum", "count") if figure.function == "avg" else (figure.function,))
    ]
    for row in found:
        known = totals.setdefault(tuple(row[:groups]), [None] * len(functions))
        for position, name in enumerate(functions):
            known[position] = _combined(name, known[position], row[groups + position])
    added: list[tuple[tuple[Any, ...], tuple[Any, ...]]] = []
    for group, values in totals.items():
        column = iter(values)
        result: list[Any] = []
        for figure in figures:
            value = next(column)
            if figure.function == "avg":
                number = next(column)
                value = value / number if number else None
            result.append(value)
        added.append((group, tuple(result)))
    return added


def _combined(function: str, one: Any, other: Any) -> Any:
    if one is None or other is None:
        return other if one is None else one
    if function == "min":
        return min(one, other)
    return max(one, other) if function == "max" else one + other
