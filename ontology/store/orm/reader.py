"""Reads of one commit: documents by id, by name, by what they refer to, and in lists."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Collection, Iterator
from itertools import chain
from typing import Any

from ontology.domain.documents import document_name, instance_name_key, search_text
from ontology.domain.kinds import INSTANCE_KINDS, Kind
from ontology.domain.names import name_key as key_of_name
from ontology.store.orm.placed import KEYS, portions
from ontology.store.orm.searching import InstanceReads
from ontology.store.orm.sql import (
    DOCUMENT_COLUMNS,
    document_from_row,
    in_list,
    keys_table,
    list_parameter,
    rows,
)
from ontology.store.port import DocumentFilter, StoredDocument

__all__ = ["OrmReader", "stored_key", "stored_name_key", "stored_status"]

_SCAN_PAGE = 2000
#: PostgreSQL indexes values of up to 2,700 bytes.
_LONGEST_KEY = 400


class OrmReader(InstanceReads):
    """A ``CommitReader`` of the embedded store; see ``PlacedReads`` for its arguments."""

    # --- keyed reads ----------------------------------------------------------------------------
    def get_many(self, rids: Collection[str]) -> dict[str, StoredDocument]:
        return {
            rid: document
            for rid, document in self.get_with_deleted(rids).items()
            if not document.deleted
        }

    def get_with_deleted(self, rids: Collection[str]) -> dict[str, StoredDocument]:
        if not rids:
            return {}
        nearest, places = self._nearest("k.value")
        sql = (
            f"SELECT {DOCUMENT_COLUMNS} FROM {keys_table('k')} "
            f"JOIN ontology_documentversion v ON v.id = {nearest}"
        )
        return {
            row[0]: document_from_row(row)
            for portion in portions(rids)
            for row in rows(sql, [list_parameter(portion), *places])
        }

    def find_names(self, kind: Kind, keys: Collection[str]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for portion in portions(keys):
            for rank, place in enumerate(self._places):
                shadow, shadow_parameters = self._unshadowed("v", rank)
                matches = self._parts(
                    rank,
                    f"SELECT v.name_key, v.rid FROM ontology_documentversion v "
                    f"WHERE v.line_id = %s AND v.kind = %s AND {in_list('v.name_key')} "
                    f"AND NOT v.deleted AND {{valid}}{shadow}",
                    "v",
                    [place.line, kind.value, list_parameter(portion)],
                    shadow_parameters,
                )
                for name, rid in chain.from_iterable(matches):
                    found.setdefault(name, []).append(rid)
        return found

    def find_entries(self, role: str, keys: Collection[str]) -> dict[str, list[str]]:
        return {
            key: sorted(rid for rid, _ in uses)
            for key, uses in self.referrers(keys, (role,)).items()
        }

    def referrers(
        self, rids: Collection[str], roles: Collection[str] | None = None
    ) -> dict[str, set[tuple[str, str]]]:
        found: dict[str, set[tuple[str, str]]] = {}
        role_sql = f" AND {in_list('i.role')}" if roles else ""
        role_parameters = [list_parameter(roles)] if roles else []
        keys = {stored_key(rid): rid for rid in rids}
        for portion in portions(keys):
            for rank, place in enumerate(self._places):
                shadow, shadow_parameters = self._unshadowed("i", rank)
                uses = self._on_line(
                    rank,
                    f"SELECT i.key, i.rid, i.role FROM ontology_documentindex i "
                    f"WHERE i.line_id = %s AND {in_list('i.key')}{role_sql} AND {{valid}}{shadow}",
                    "i",
                    [place.line, list_parameter(portion), *role_parameters],
                    shadow_parameters,
                )
                for key, rid, role in uses:
                    found.setdefault(keys[key], set()).add((rid, role))
        return found

    # --- lists ----------------------------------------------------------------------------------
    def page(
        self,
        *,
        where: DocumentFilter,
        after: tuple[str, str, str] | None = None,
        limit: int = 100,
    ) -> list[StoredDocument]:
        if where.rids is not None and len(where.rids) <= KEYS:
            return self._list_keyed(where, after, limit)
        if not where.kinds:
            return self._list_all(None, where, after, limit)
        found: list[StoredDocument] = []
        for kind in sorted({kind.value for kind in where.kinds}):
            if after is not None and kind < after[0]:
                continue
            start = after if after is not None and kind == after[0] else None
            found += self._list_all(kind, where, start, limit - len(found))
            if len(found) >= limit:
                break
        return found

    def _list_all(
        self,
        kind: str | None,
        where: DocumentFilter,
        start: tuple[str, str, str] | None,
        limit: int,
    ) -> list[StoredDocument]:
        """Of one kind, or of all."""
        pages = [
            page
            for rank in range(len(self._places))
            for page in self._list_line(rank, kind, where, start, limit)
        ]
        if len(pages) == 1:
            return [document_from_row(row) for row in pages[0]]
        merged = heapq.merge(*pages, key=lambda row: (row[1], row[9], row[0]))
        return [document_from_row(row) for row, _ in zip(merged, range(limit), strict=False)]

    def _list_line(
        self,
        rank: int,
        kind: str | None,
        where: DocumentFilter,
        start: tuple[str, str, str] | None,
        limit: int,
    ) -> list[list[tuple[Any, ...]]]:
        shadow, shadow_parameters = self._unshadowed("v", rank)
        conditions = ["v.line_id = %s"]
        parameters: list[Any] = [self._places[rank].line]
        if kind is not None:
            conditions.append("v.kind = %s")
            parameters.append(kind)
        if not where.include_deleted:
            conditions.append("NOT v.deleted")
        if where.status:
            conditions.append("v.status = %s")
            parameters.append(where.status)
        if where.text:
            conditions.append("v.search LIKE %s ESCAPE '\\'")
            parameters.append(f"%{_escape_like(where.text)}%")
        if where.rids is not None:
            conditions.append(in_list("v.rid"))
            parameters.append(list_parameter(where.rids))
        if start is not None:
            # With one kind, an index finds the place only without the kind in the comparison.
            columns = ("v.kind", "v.name_key", "v.rid")[0 if kind is None else 1 :]
            marks = ", ".join(["%s"] * len(columns))
            conditions.append(f"({', '.join(columns)}) > ({marks})")
            parameters += start[-len(columns) :]
        return self._parts(
            rank,
            f"SELECT {DOCUMENT_COLUMNS} FROM ontology_documentversion v "
            f"WHERE {' AND '.join(conditions)} AND {{valid}}{shadow} "
            "ORDER BY v.kind, v.name_key, v.rid LIMIT %s",
            "v",
            parameters,
            [*shadow_parameters, limit],
        )

    def _list_keyed(
        self, where: DocumentFilter, after: tuple[str, str, str] | None, limit: int
    ) -> list[StoredDocument]:
        assert where.rids is not None
        kinds = set(where.kinds)
        found = [
            (position, document)
            for document in self.get_with_deleted(where.rids).values()
            if (where.include_deleted or not document.deleted)
            and (not kinds or document.kind in kinds)
            and (not where.status or stored_status(document.kind, document.body) == where.status)
            and (not where.text or where.text in _search_text(document))
            and (
                (position := (document.kind.value, document.key, document.rid))
                > (after or ("", "", ""))
            )
        ]
        found.sort(key=lambda item: item[0])
        return [document for _, document in found[:limit]]

    def scan(self, kinds: Collection[Kind] = ()) -> Iterator[StoredDocument]:
        where = DocumentFilter(kinds=tuple(kinds))
        after: tuple[str, str, str] | None = None
        while page := self.page(where=where, after=after, limit=_SCAN_PAGE):
            yield from page
            last = page[-1]
            after = (last.kind.value, last.key, last.rid)

    def count(self) -> dict[Kind, int]:
        counts: dict[Kind, int] = {}
        for rank, place in enumerate(self._places):
            shadow, shadow_parameters = self._unshadowed("v", rank)
            counted = self._parts(
                rank,
                "SELECT v.kind, COUNT(*) FROM ontology_documentversion v "
                f"WHERE v.line_id = %s AND NOT v.deleted AND {{valid}}{shadow} GROUP BY v.kind",
                "v",
                [place.line],
                shadow_parameters,
            )
            for kind, number in chain.from_iterable(counted):
                counts[Kind(kind)] = counts.get(Kind(kind), 0) + number
        return counts

    def hashes(self, kinds: Collection[Kind]) -> dict[str, str]:
        found: dict[str, str] = {}
        for rank, place in enumerate(self._places):
            shadow, shadow_parameters = self._unshadowed("v", rank)
            pairs = self._parts(
                rank,
                "SELECT v.rid, v.body_hash FROM ontology_documentversion v "
                f"WHERE v.line_id = %s AND {in_list('v.kind')} AND NOT v.deleted "
                f"AND {{valid}}{shadow}",
                "v",
                [place.line, list_parameter([kind.value for kind in kinds])],
                shadow_parameters,
            )
            found.update(chain.from_iterable(pairs))
        return found


def _search_text(document: StoredDocument) -> str:
    return search_text(document.kind, document.body)


def _escape_like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def stored_name_key(kind: Kind, body: Any) -> str:
    """What stands in the ``name_key`` column: the name without case, at most 500 characters; of an
    instance its type and its key, see ``instance_name_key``.
    """
    if kind in INSTANCE_KINDS:
        return instance_name_key(kind, body)[:500]
    return key_of_name(document_name(kind, body))[:500]


def stored_status(kind: Kind, body: Any) -> str:
    """What stands in the ``status`` column; instances have none."""
    return "" if kind in INSTANCE_KINDS else str(body.get("status", "active"))


def stored_key(key: str) -> str:
    """What stands in the index for ``key``: itself, or a digest where it is too long to index."""
    if len(key) <= _LONGEST_KEY:
        return key
    return f"{key[:_LONGEST_KEY]}#{hashlib.sha256(key.encode(errors='surrogatepass')).hexdigest()}"
