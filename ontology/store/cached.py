"""Reads of a commit through the cache: what was read once is not asked of the store again.

Two reads of the same commit never differ, but for erasures, and their number is in every key. The
cache lies below masking: it holds what is stored, and who may see it is asked each time.

Only requests that change nothing read through it (`oms_project.core.memory`), and never inside a
transaction: what a write is made of comes from the store. A cached document has no locator, so a
store could not take it for one that it has read under its lock. Documents are handed out anew each
time; nobody shares a parsed body.

What is read in bulk (``scan``, many documents, large pages) goes past it: to put that in costs more
than it saves, and would push out what is asked for often.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from django.db import connection

from oms_project.core.cache import Scope, Shape, TieredCache, product_cache
from oms_project.core.memory import is_remembering
from ontology.contract import CommitInfo
from ontology.domain.kinds import Kind
from ontology.store.cached_values import (
    COUNTS,
    DOCUMENT,
    INSTANCES,
    NUMBER,
    PAGE,
    PAIRS,
    RIDS,
    Pairs,
    asked,
    fresh,
    kept,
    key_of,
)
from ontology.store.port import CommitReader, DocumentFilter, Found, StoredDocument
from ontology.store.questions import Field, Figure, InstanceQuery, position_of

__all__ = ["CachedReader", "forget_erased", "may_cache"]

#: Documents of one read, up to which they are looked for one by one.
MANY: Final = 300
#: Documents of a page, up to which it is kept.
LONGEST: Final = 200


def may_cache() -> bool:
    """Whether a read here and now may come from the cache."""
    return is_remembering() and product_cache().enabled and not _in_transaction()


def forget_erased(ontology_id: str, erasures: int) -> None:
    """Values were erased: nothing that was read before is found again, or kept.

    Args:
        erasures: of the ontology now.
    """
    product_cache().retire(ontology_id, erasures)


def _in_transaction() -> bool:
    # A test case's own outer transaction is not the code's.
    return connection.in_atomic_block and any(
        not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks
    )


def _few(rids: frozenset[str] | None) -> bool:
    return rids is None or len(rids) <= MANY


class CachedReader:
    """A ``CommitReader``.

    Args:
        erasures: of the ontology.
        make: the store's own reader, made when it is needed.
    """

    def __init__(
        self,
        ontology_id: str,
        commit: CommitInfo,
        *,
        erasures: int,
        make: Callable[[], CommitReader],
        cache: TieredCache | None = None,
    ) -> None:
        self.commit = commit
        self._scope = Scope(ontology_id, erasures, commit.id)
        self._make = make
        self._cache = cache or product_cache()

    @cached_property
    def _store(self) -> CommitReader:
        return self._make()

    # --- one by one -----------------------------------------------------------------------------
    def get_many(self, rids: Collection[str]) -> Mapping[str, StoredDocument]:
        if len(rids) > MANY or not rids:
            return self._store.get_many(rids)
        return {
            rid: fresh(document)
            for rid, document in self._documents(rids).items()
            if not document.deleted
        }

    def get_with_deleted(self, rids: Collection[str]) -> Mapping[str, StoredDocument]:
        if len(rids) > MANY or not rids:
            return self._store.get_with_deleted(rids)
        return {rid: fresh(document) for rid, document in self._documents(rids).items()}

    def _documents(self, rids: Collection[str]) -> Mapping[str, StoredDocument]:
        def load(missing: Sequence[str]) -> dict[str, StoredDocument]:
            found = self._store.get_with_deleted(missing)
            return {rid: kept(document) for rid, document in found.items()}

        return self._cache.get_many(self._scope, DOCUMENT, rids, load)

    def find_names(self, kind: Kind, keys: Collection[str]) -> Mapping[str, list[str]]:
        return self._lists(
            asked("names", kind), keys, lambda missing: self._store.find_names(kind, missing)
        )

    def find_entries(self, role: str, keys: Collection[str]) -> Mapping[str, list[str]]:
        return self._lists(
            asked("entries", role), keys, lambda missing: self._store.find_entries(role, missing)
        )

    def _lists(
        self,
        what: str | None,
        keys: Collection[str],
        find: Callable[[Sequence[str]], Mapping[str, list[str]]],
    ) -> dict[str, list[str]]:
        if what is None or len(keys) > MANY:
            return dict(find(list(keys)))
        start = len(what)

        def load(missing: Sequence[str]) -> dict[str, tuple[str, ...]]:
            found = find([key[start:] for key in missing])
            return {what + key: tuple(rids) for key, rids in found.items()}

        found = self._cache.get_many(self._scope, RIDS, [what + key for key in keys], load)
        return {key[start:]: list(rids) for key, rids in found.items()}

    def referrers(
        self, rids: Collection[str], roles: Collection[str] | None = None
    ) -> Mapping[str, set[tuple[str, str]]]:
        what = asked("referrers", sorted(roles) if roles else None)
        if what is None or len(rids) > MANY:
            return self._store.referrers(rids, roles)
        start = len(what)

        def load(missing: Sequence[str]) -> dict[str, Pairs]:
            found = self._store.referrers([key[start:] for key in missing], roles)
            return {what + rid: tuple(sorted(uses)) for rid, uses in found.items()}

        found = self._cache.get_many(self._scope, PAIRS, [what + rid for rid in rids], load)
        return {key[start:]: set(uses) for key, uses in found.items()}

    def link_page(
        self,
        *,
        rid: str,
        role: str,
        link_type: str = "",
        after: tuple[str, str] | None = None,
        limit: int = 100,
    ) -> Sequence[tuple[str, str]]:
        def load() -> Pairs | None:
            page = self._store.link_page(
                rid=rid, role=role, link_type=link_type, after=after, limit=limit
            )
            return tuple((one, other) for one, other in page) or None

        what = asked("links", role, link_type, after, limit)
        if what is None:
            return load() or ()
        page = self._cache.get(self._scope, PAIRS, what + rid, load)
        return list(page or ())

    def link_pages(
        self,
        *,
        rids: Collection[str],
        role: str,
        link_type: str = "",
        after: tuple[str, str] | None = None,
        limit: int = 100,
    ) -> Mapping[str, Sequence[tuple[str, str]]]:
        def find(some: Collection[str]) -> Mapping[str, Sequence[tuple[str, str]]]:
            return self._store.link_pages(
                rids=some, role=role, link_type=link_type, after=after, limit=limit
            )

        what = asked("links", role, link_type, after, limit)
        if what is None or len(rids) > MANY:
            return find(rids)
        start = len(what)

        def load(missing: Sequence[str]) -> dict[str, Pairs]:
            found = find([key[start:] for key in missing])
            return {
                what + rid: tuple((one, other) for one, other in page)
                for rid, page in found.items()
                if page
            }

        found = self._cache.get_many(self._scope, PAIRS, [what + rid for rid in rids], load)
        return {key[start:]: list(page) for key, page in found.items()}

    # --- pages and numbers ----------------------------------------------------------------------
    def page(
        self,
        *,
        where: DocumentFilter,
        after: tuple[str, str, str] | None = None,
        limit: int = 100,
    ) -> Sequence[StoredDocument]:
        def ask() -> Sequence[StoredDocument]:
            return self._store.page(where=where, after=after, limit=limit)

        key = key_of(where, after, limit) if limit <= LONGEST and _few(where.rids) else None
        return ask() if key is None else self._page(PAGE, key, ask)

    def count(self) -> Mapping[Kind, int]:
        counts = self._cache.get(
            self._scope, COUNTS, "all", lambda: tuple(self._store.count().items())
        )
        return dict(counts or ())

    def find_instances(
        self, query: InstanceQuery, *, after: tuple[Any, ...] | None = None, limit: int = 100
    ) -> Sequence[Found]:
        key = key_of(query, after, limit) if limit <= LONGEST and _few(query.rids) else None
        if key is None:
            return self._store.find_instances(query, after=after, limit=limit)
        page = self._page(
            INSTANCES,
            key,
            lambda: [
                found.document
                for found in self._store.find_instances(query, after=after, limit=limit)
            ],
        )
        return [Found(document, position_of(query, document)) for document in page]

    def _page(
        self,
        shape: Shape[tuple[StoredDocument, ...]],
        key: str,
        ask: Callable[[], Iterable[StoredDocument]],
    ) -> list[StoredDocument]:
        page = self._cache.get(
            self._scope, shape, key, lambda: tuple(kept(document) for document in ask())
        )
        return [fresh(document) for document in page or ()]

    def count_instances(self, query: InstanceQuery) -> int:
        key = key_of(query) if _few(query.rids) else None
        if key is None:
            return self._store.count_instances(query)
        number = self._cache.get(
            self._scope, NUMBER, key, lambda: self._store.count_instances(query)
        )
        assert number is not None
        return number

    # --- past the cache -------------------------------------------------------------------------
    def scan(self, kinds: Collection[Kind] = ()) -> Iterator[StoredDocument]:
        return self._store.scan(kinds)

    def hashes(self, kinds: Collection[Kind]) -> Mapping[str, str]:
        return self._store.hashes(kinds)

    def find_values(
        self, wanted: Collection[tuple[int, str]]
    ) -> Mapping[tuple[int, str], Collection[str]]:
        return self._store.find_values(wanted)

    def instances(self, types: Collection[str]) -> Iterator[StoredDocument]:
        return self._store.instances(types)

    def populated(self, types: Collection[str]) -> Collection[str]:
        return self._store.populated(types)

    def count_links(
        self, ends: Collection[tuple[str, str, str]], cap: int
    ) -> Mapping[tuple[str, str, str], int]:
        return self._store.count_links(ends, cap)

    def links_at(self, rids: Collection[str]) -> Mapping[str, Collection[str]]:
        return self._store.links_at(rids)

    def aggregate(
        self, query: InstanceQuery, *, figures: Sequence[Figure], groups: Sequence[Field]
    ) -> Sequence[tuple[tuple[Any, ...], tuple[Any, ...]]]:
        return self._store.aggregate(query, figures=figures, groups=groups)

    def search(
        self, text: str, *, level: int, types: Collection[str] = (), limit: int = 100
    ) -> Sequence[tuple[str, float]]:
        return self._store.search(text, level=level, types=types, limit=limit)
