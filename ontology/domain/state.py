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
from ontology.domain.kinds import INSTANCE_KINDS, Kind
from ontology.domain.names import name_key

__all__ = ["DocumentLike", "OverlayState", "State", "link_ends"]


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

    def find_values(
        self, wanted: Collection[tuple[int, str]]
    ) -> Mapping[tuple[int, str], Collection[str]]:
        """``(number of a field, order key)`` -> ``rid``s of the instances with that entry, see
        ``ontology.domain.instances.entries``.
        """
        ...

    def instances(self, types: Collection[str]) -> Iterator[DocumentLike]:
        """Objects and links of exactly these types, without holding them all."""
        ...

    def populated(self, types: Collection[str]) -> Collection[str]:
        """Those of the types (object types and link types) that have instances of their own."""
        ...

    def count_links(
        self, ends: Collection[tuple[str, str, str]], cap: int
    ) -> Mapping[tuple[str, str, str], int]:
        """How many links there are of a type at an object, counted no further than ``cap``.

        Args:
            ends: ``(role, rid of the object, rid of the link type)``; roles ``_source``,
                ``_target``.
        """
        ...

    def links_at(self, rids: Collection[str]) -> Mapping[str, Collection[str]]:
        """``rid`` of an object -> ``rid``s of all links that begin or end there."""
        ...


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

    def find_values(self, wanted: Collection[tuple[int, str]]) -> dict[tuple[int, str], list[str]]:
        """Of what is stored and not changed: which entries a change gives is for those to say who
        know the types as they are after it.
        """
        stored = self._base.find_values(wanted) if wanted else {}
        return {
            entry: kept
            for entry, rids in stored.items()
            if (kept := [rid for rid in rids if rid not in self.changes])
        }

    def instances(self, types: Collection[str]) -> Iterator[DocumentLike]:
        for document in self._base.instances(types):
            if document.rid not in self.changes:
                yield document
        wanted = set(types)
        for change in self.changes.values():
            if (
                change.kind in INSTANCE_KINDS
                and change.after is not None
                and change.after.get("_type") in wanted
            ):
                yield Document(change.rid, change.kind, change.after)

    def populated(self, types: Collection[str]) -> set[str]:
        """Also a type whose last instance goes counts."""
        changed = {
            str((change.after or {}).get("_type"))
            for change in self.changes.values()
            if change.kind in INSTANCE_KINDS
        }
        return {*self._base.populated(types), *(changed & set(types))}

    def count_links(
        self, ends: Collection[tuple[str, str, str]], cap: int
    ) -> dict[tuple[str, str, str], int]:
        counts = dict.fromkeys(ends, 0)
        links = [change for change in self.changes.values() if change.kind == Kind.LINK]
        for end, count in self._base.count_links(ends, cap + len(links)).items():
            counts[end] = count
        for change in links:
            for body, step in ((change.before, -1), (change.after, 1)):
                for end in link_ends(body) if body is not None else ():
                    if end in counts:
                        counts[end] += step
        return counts

    def links_at(self, rids: Collection[str]) -> dict[str, list[str]]:
        found = {
            rid: [link for link in links if link not in self.changes]
            for rid, links in (self._base.links_at(rids) if rids else {}).items()
        }
        wanted = set(rids)
        for change in self.changes.values():
            if change.kind == Kind.LINK and change.after is not None:
                for rid in {change.after["_source"], change.after["_target"]} & wanted:
                    found.setdefault(rid, []).append(change.rid)
        return {rid: links for rid, links in found.items() if links}


def link_ends(body: Body) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
    """``(role, rid of the object, rid of the link type)`` of both ends of a link."""
    type_rid = str(body.get("_type"))
    return ("_source", str(body.get("_source")), type_rid), (
        "_target",
        str(body.get("_target")),
        type_rid,
    )
