"""A state held in memory."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property

from ontology.domain.documents import index_entries, instance_name_key
from ontology.domain.instances.entries import entries_of
from ontology.domain.instances.rules import Rules
from ontology.domain.kinds import INSTANCE_KINDS, Kind
from ontology.domain.names import name_key
from ontology.domain.state import DocumentLike, link_ends

__all__ = ["MemoryState"]


class MemoryState:
    """A state held in memory: for whole-ontology checks and for tests."""

    def __init__(self, documents: Iterable[DocumentLike]) -> None:
        self._documents: dict[str, DocumentLike] = {}
        self._names: dict[tuple[Kind, str], list[str]] = defaultdict(list)
        self._entries: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for document in documents:
            self._documents[document.rid] = document
            if document.kind in INSTANCE_KINDS:
                key = instance_name_key(document.kind, document.body)
                self._names[document.kind, key].append(document.rid)
            elif name := document.body.get("apiName"):
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

    @cached_property
    def _values(self) -> dict[tuple[int, str], list[str]]:
        rules = Rules(self)
        found: dict[tuple[int, str], list[str]] = defaultdict(list)
        for document in self:
            if document.kind in INSTANCE_KINDS:
                layout = rules.layout(str(document.body.get("_type")))
                if layout is not None:
                    for entry in entries_of(layout, document.body).values:
                        found[entry].append(document.rid)
        return found

    def find_values(self, wanted: Collection[tuple[int, str]]) -> dict[tuple[int, str], list[str]]:
        return {entry: self._values[entry] for entry in wanted if entry in self._values}

    def instances(self, types: Collection[str]) -> Iterator[DocumentLike]:
        wanted = set(types)
        for document in self:
            if document.kind in INSTANCE_KINDS and document.body.get("_type") in wanted:
                yield document

    def populated(self, types: Collection[str]) -> set[str]:
        wanted = set(types)
        return {
            type_rid
            for document in self
            if document.kind in INSTANCE_KINDS
            and (type_rid := str(document.body.get("_type"))) in wanted
        }

    @cached_property
    def _links(self) -> list[DocumentLike]:
        return [document for document in self if document.kind == Kind.LINK]

    def count_links(
        self, ends: Collection[tuple[str, str, str]], cap: int
    ) -> dict[tuple[str, str, str], int]:
        del cap
        counts = Counter(end for link in self._links for end in link_ends(link.body))
        return {end: counts[end] for end in ends}

    def links_at(self, rids: Collection[str]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        wanted = set(rids)
        for link in self._links:
            for rid in {link.body["_source"], link.body["_target"]} & wanted:
                found[rid].append(link.rid)
        return dict(found)
