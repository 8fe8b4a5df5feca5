"""Reads of objects and links by key: unique values, types that are used, links at an object."""

from __future__ import annotations

import heapq
from collections.abc import Collection
from itertools import chain, islice
from typing import Any

from ontology.domain.kinds import INSTANCE_KINDS
from ontology.store.orm.placed import PlacedReads, portions
from ontology.store.orm.sql import in_list, joined_texts, keys_table, list_parameter

__all__ = ["RelationReads"]


class RelationReads(PlacedReads):
    """What validation and walks along links ask a reader of the embedded store."""

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
                    for row in chain.from_iterable(
                        self._parts(
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
                    for key, rid in chain.from_iterable(
                        self._parts(
                            rank,
                            "SELECT i.key, i.rid FROM ontology_valueentry i WHERE i.line_id = %s "
                            f"AND i.field = %s AND {in_list('i.key')} AND {{valid}}{shadow}",
                            "i",
                            [place.line, number, list_parameter(portion)],
                            shadow_parameters,
                        )
                    ):
                        found.setdefault((number, key), []).append(rid)
        return found

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

    def link_pages(
        self,
        *,
        rids: Collection[str],
        role: str,
        link_type: str = "",
        after: tuple[str, str] | None = None,
        limit: int = 100,
    ) -> dict[str, list[tuple[str, str]]]:
        if link_type:
            span, bounds = "i.key = k.value || ':' || %s", [link_type]
        else:
            span, bounds = "i.key >= k.value || ':' AND i.key < k.value || ';'", []
        if after is not None:
            span += " AND (i.key, i.rid) > (k.value || ':' || %s, %s)"
            bounds += after
        texts = joined_texts("c.key || ' ' || c.rid")
        found: dict[str, list[tuple[str, str]]] = {}
        for portion in portions(dict.fromkeys(rids)):
            for rank, place in enumerate(self._places):
                shadow, shadow_parameters = self._unshadowed("i", rank)
                # The links of one object as one text: neither database lets a row of a list ask
                # for the first few of its own in a way that the other understands.
                for rid, listed in self._on_line(
                    rank,
                    f"SELECT k.value, (SELECT {texts} "
                    "FROM (SELECT i.key, i.rid FROM ontology_documentindex i "
                    f"WHERE i.line_id = %s AND i.role = %s AND {span} AND {{valid}}{shadow} "
                    f"ORDER BY i.key, i.rid LIMIT %s) c) FROM {keys_table('k')}",
                    "i",
                    [place.line, role, *bounds],
                    [*shadow_parameters, limit, list_parameter(portion)],
                ):
                    for item in listed.split(",") if listed else ():
                        key, _, link = item.partition(" ")
                        found.setdefault(rid, []).append((key.partition(":")[2], link))
        return {rid: sorted(listed)[:limit] for rid, listed in found.items()}
