"""What the domain reads: the live documents of one commit, and such a state with changes on top."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Protocol

from ontology.domain.documents import (
    Body,
    Document,
    DocumentChange,
    index_entries,
)
from ontology.domain.kinds import Kind
from ontology.domain.names import name_key

__all__ = ["DocumentLike", "MemoryState", "OverlayState", "State"]


class DocumentLike(Protocol):
    """Anything with a document's identity and body."""

    @property
    def rid(self) -> str: ...
    @property
    def kind(self) -> Kind: ...
    @property
    def body(self) -> Body: ...


class State(Protocol):
    """The live documents of one commit. Every method takes many keys: one call, one query."""

    def get_many(self, rids: Collection[str]) -> Mapping[str, DocumentLike]:
        """``rid`` -> document, for those that exist."""
        ...

    def find_names(self, kind: Kind, keys: Collection[str]) -> Mapping[str, list[str]]:
        """``name_key`` -> ``rid``s of the documents of ``kind`` with that name."""
        ...

    def referrers(
        self, rids: Collection[str], roles: Collection[str] | None = None
    ) -> Mapping[str, set[tuple[str, str]]]:
        """``rid`` -> ``(referring rid, role)``s; roles are those of ``IndexEntry``."""
        ...


class MemoryState:
    """A state held in memory: for whole-ontology checks and for tests."""

    def __init__(self, documents: Iterable[DocumentLike]) -> None:
        self._documents: dict[str, DocumentLike] = {}
        self._names: dict[tuple[Kind, str], list[str]] = defaultdict(list)
        self._entries: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for document in documents:
            self._documents[document.rid] = document
            name = document.body.get("apiName")
            if name:
                self._names[document.kind, name_key(name)].append(document.rid)
            for entry in index_entries(document.kind, document.body):
                self._entries[entry.key].add((document.rid, entry.role))

    def __iter__(self) -> Iterator[DocumentLike]:
        return iter(self._documents.values())

    def get_many(self, rids: Collection[str]) -> dict[str, DocumentLike]:
        return {rid: self._documents[rid] for rid in rids if rid in self._documents}

    def find_names(self, kind: Kind, keys: Collection[str]) -> dict[str, list[str]]:
        found = {key: self._names.get((kind, key), []) for key in keys}
        return {key: rids for key, rids in found.items() if rids}

    def referrers(
        self, rids: Collection[str], roles: Collection[str] | None = None
    ) -> dict[str, set[tuple[str, str]]]:
        return {
            rid: {
                (source, role) for source, role in self._entries[rid] if not roles or role in roles
            }
            for rid in rids
            if rid in self._entries
        }


class OverlayState:
    """``base`` with ``changes`` applied; remembers what it has read from ``base``."""

    def __init__(self, base: State, changes: Iterable[DocumentChange]) -> None:
        self._base = base
        self._read: dict[str, DocumentLike | None] = {}
        self.changes: dict[str, DocumentChange] = {}
        self._names: dict[tuple[Kind, str], list[str]] = defaultdict(list)
        self._iris: dict[str, list[str]] = defaultdict(list)
        for change in changes:
            self.changes[change.rid] = change
            after = change.after
            if after is None:
                self._read[change.rid] = None
                continue
            self._read[change.rid] = Document(change.rid, change.kind, after)
            name = after.get("apiName")
            if name:
                self._names[change.kind, name_key(name)].append(change.rid)
            iri = after.get("iri")
            if iri:
                self._iris[iri].append(change.rid)

    @cached_property
    def _referrers(self) -> dict[str, set[tuple[str, str]]]:
        """Made when it is first asked for: a large import never asks."""
        found: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for change in self.changes.values():
            if change.after is not None:
                for role, key in index_entries(change.kind, change.after):
                    found[key].add((change.rid, role))
        return found

    def find_iris(self, iris: Collection[str]) -> dict[str, set[str]]:
        """IRI -> ``rid``s of the documents that have it."""
        found: dict[str, set[str]] = {}
        stored = self._base.referrers(iris, ("iri",)) if iris else {}
        for iri in iris:
            found[iri] = set(self._iris.get(iri, ()))
            if iri in stored:
                found[iri].update(rid for rid, _ in stored[iri] if rid not in self.changes)
        return found

    def get_many(self, rids: Collection[str]) -> dict[str, DocumentLike]:
        missing = [rid for rid in rids if rid not in self._read]
        if missing:
            found = self._base.get_many(missing)
            for rid in missing:
                self._read[rid] = found.get(rid)
        return {rid: document for rid in rids if (document := self._read[rid]) is not None}

    def find_names(self, kind: Kind, keys: Collection[str]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        stored = self._base.find_names(kind, keys)
        for key in keys:
            rids = [rid for rid in stored.get(key, ()) if rid not in self.changes]
            rids += self._names.get((kind, key), [])
            if rids:
                found[key] = rids
        return found

    def referrers(
        self, rids: Collection[str], roles: Collection[str] | None = None
    ) -> dict[str, set[tuple[str, str]]]:
        stored = self._base.referrers(rids, roles) if rids else {}
        found: dict[str, set[tuple[str, str]]] = {}
        for rid in rids:
            uses = {use for use in stored.get(rid, ()) if use[0] not in self.changes}
            uses |= {use for use in self._referrers.get(rid, ()) if not roles or use[1] in roles}
            if uses:
                found[rid] = uses
        return found
