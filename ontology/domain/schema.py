"""The compiled schema of a commit: inheritance, interfaces and shared properties resolved.

A ``Schema`` is lazy: it loads and resolves what is asked for, level by level, and remembers it.
So it serves for one definition of a hundred thousand as well as for all of them.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator
from typing import Any, NamedTuple

from ontology.domain.documents import Body
from ontology.domain.kinds import Kind
from ontology.domain.names import name_key
from ontology.domain.state import DocumentLike, State

__all__ = ["EffectiveProperty", "Schema"]

#: Field of each kind through which properties are inherited.
PARENT_FIELDS: dict[Kind, str] = {
    Kind.OBJECT_TYPE: "parents",
    Kind.INTERFACE: "extends",
    Kind.LINK_TYPE: "parents",
    Kind.SHARED_PROPERTY: "parents",
}


class EffectiveProperty(NamedTuple):
    """A property as a type has it, own or inherited, with its shared property's fields filled in.

    Attributes:
        owner: ``rid`` of the definition that declares it.
        rid: of the property within its owner.
        shared: ``rid`` of its SharedProperty, or None.
        data_types: data types and ``rid``s; empty means any literal.
        declaration: the property as it stands in its owner's body.
    """

    owner: str
    rid: str
    api_name: str
    shared: str | None
    data_types: tuple[str, ...]
    required: bool
    array: Body | None
    default: Any
    sensitivity: str
    indexed: bool
    searchable: bool
    unique: bool
    declaration: Body


class Schema:
    """Resolved definitions of one state.

    Args:
        state: where definitions are read; may be an ``OverlayState``.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._documents: dict[str, DocumentLike | None] = {}
        self._own: dict[str, list[EffectiveProperty]] = {}
        self._effective: dict[str, dict[str, EffectiveProperty]] = {}
        self._ancestors: dict[str, tuple[str, ...]] = {}
        self._parents: dict[str, tuple[str, ...]] = {}
        self._acyclic: set[str] = set()
        self._interfaces: dict[str, tuple[str, ...]] = {}

    # --- documents ------------------------------------------------------------------------------
    def load(self, rids: Collection[str]) -> None:
        """Read the documents of ``rids`` that are not known yet, in one go."""
        known = self._documents
        missing = {rid for rid in rids if rid not in known}
        if missing:
            found = self._state.get_many(missing)
            for rid in missing:
                self._documents[rid] = found.get(rid)

    def get(self, rid: str) -> DocumentLike | None:
        """The live document, or None."""
        if rid not in self._documents:
            self.load((rid,))
        return self._documents[rid]

    def body(self, rid: str) -> Body:
        """The live document's body; empty when there is none."""
        document = self.get(rid)
        return {} if document is None else document.body

    def load_closure(self, rids: Iterable[str]) -> None:
        """Read ``rids`` with all their ancestors and everything their properties refer to: a few
        reads, one for each level of the hierarchy.
        """
        level = set(rids)
        seen: set[str] = set()
        while level:
            self.load(level)
            seen |= level
            following: set[str] = set()
            for rid in level:
                document = self._documents[rid]
                if document is not None:
                    following.update(_direct_references(document))
            level = following - seen

    # --- inheritance ----------------------------------------------------------------------------
    def parents(self, rid: str) -> tuple[str, ...]:
        """Direct parents that exist and are of the same kind."""
        known = self._parents.get(rid)
        if known is None:
            known = self._parents[rid] = self._find_parents(rid)
        return known

    def _find_parents(self, rid: str) -> tuple[str, ...]:
        document = self.get(rid)
        if document is None:
            return ()
        field = PARENT_FIELDS.get(document.kind)
        listed: list[str] = document.body.get(field, []) if field else []
        if not listed:
            return ()
        self.load(listed)
        return tuple(
            parent
            for parent in listed
            if (found := self._documents[parent]) is not None and found.kind == document.kind
        )

    def ancestors(self, rid: str) -> tuple[str, ...]:
        """All ancestors, nearer ones first; safe on cycles."""
        known = self._ancestors.get(rid)
        if known is not None:
            return known
        found: dict[str, None] = {}
        level = self.parents(rid)
        while level:
            following: dict[str, None] = {}
            for parent in level:
                if parent not in found and parent != rid:
                    found[parent] = None
                    following.update(dict.fromkeys(self.parents(parent)))
            level = tuple(following)
        self._ancestors[rid] = tuple(found)
        return self._ancestors[rid]

    def _parents_first(self, rid: str, known: Container[str]) -> Iterator[str]:
        """``rid`` and its ancestors that are not ``known``, parents before children; the caller
        makes each known. Without recursion, as a hierarchy may be deep. A cycle ends where it
        closes.
        """
        path = {rid: None}
        while path:
            current = next(reversed(path))
            above = (
                parent
                for parent in self.parents(current)
                if parent not in known and parent not in path
            )
            parent = next(above, None)
            if parent is not None:
                path[parent] = None
                continue
            del path[current]
            yield current

    def is_acyclic(self, rid: str) -> bool:
        """Whether neither the definition nor any of its ancestors is its own ancestor."""
        path = {rid: None}
        while path:
            current = next(reversed(path))
            above = [parent for parent in self.parents(current) if parent not in self._acyclic]
            if any(parent in path for parent in above):
                return False
            if above:
                path[above[0]] = None
                continue
            del path[current]
            self._acyclic.add(current)
        return True

    def interfaces(self, rid: str) -> tuple[str, ...]:
        """Interfaces that an object type implements: its own, its ancestors', and what those
        extend.
        """
        known = self._interfaces
        if rid not in known:
            for owner in self._parents_first(rid, known):
                found: dict[str, None] = {}
                for interface in self.body(owner).get("interfaces", ()):
                    found[interface] = None
                    found.update(dict.fromkeys(self.ancestors(interface)))
                for parent in self.parents(owner):
                    found.update(dict.fromkeys(known.get(parent, ())))
                known[owner] = tuple(found)
        return known[rid]

    def is_a(self, rid: str, other: str) -> bool:
        """Whether objects of ``rid`` are objects of ``other`` (a type or an interface)."""
        return rid == other or other in self.ancestors(rid) or other in self.interfaces(rid)

    # --- properties -----------------------------------------------------------------------------
    def own_properties(self, rid: str) -> list[EffectiveProperty]:
        """Properties that the definition itself declares, resolved, in their order."""
        known = self._own.get(rid)
        if known is None:
            known = self._own[rid] = self._find_own(rid)
        return known

    def _find_own(self, rid: str) -> list[EffectiveProperty]:
        document = self.get(rid)
        if document is None:
            return []
        field = "fields" if document.kind == Kind.STRUCT_TYPE else "properties"
        items = document.body.get(field, ())
        if not items:
            return []
        self.load([item["sharedProperty"] for item in items if item.get("sharedProperty")])
        return [self._resolve(rid, item) for item in items]

    def properties(self, rid: str) -> dict[str, EffectiveProperty]:
        """All properties of a type, own and inherited: ``name_key`` -> property.

        An own property wins over an inherited one; among parents the first wins (where they
        disagree, validation says so).
        """
        known = self._effective
        if rid not in known:
            for owner in self._parents_first(rid, known):
                known[owner] = self._combined(owner)
        return known[rid]

    def _combined(self, rid: str) -> dict[str, EffectiveProperty]:
        inherited = [
            known for parent in self.parents(rid) if (known := self._effective.get(parent))
        ]
        own = self.own_properties(rid)
        if len(inherited) == 1 and not own:
            return inherited[0]
        found: dict[str, EffectiveProperty] = {}
        for properties in reversed(inherited):
            found.update(properties)
        found.update((name_key(part.api_name), part) for part in own)
        return found

    def _resolve(self, owner: str, item: Body) -> EffectiveProperty:
        shared_rid = item.get("sharedProperty")
        shared = self.body(shared_rid) if shared_rid else {}
        return EffectiveProperty(
            owner=owner,
            rid=item["rid"],
            api_name=item["apiName"],
            shared=shared_rid,
            data_types=tuple(item.get("dataTypes") or shared.get("dataTypes", ())),
            required=item.get("required", False),
            array=item.get("array", shared.get("array")),
            default=item.get("default", shared.get("default")),
            sensitivity=item.get("sensitivity") or shared.get("sensitivity") or "internal",
            indexed=item.get("indexed", shared.get("indexed", False)),
            searchable=item.get("searchable", shared.get("searchable", False)),
            unique=item.get("unique", False),
            declaration=item,
        )


def _direct_references(document: DocumentLike) -> list[str]:
    """What must be read to resolve a definition: parents, interfaces, shared properties, and the
    types of its values.
    """
    body = document.body
    field = PARENT_FIELDS.get(document.kind)
    found: list[str] = list(body.get(field, ())) if field else []
    if document.kind == Kind.OBJECT_TYPE:
        found += body.get("interfaces", ())
    for name in ("properties", "fields"):
        for item in body.get(name, ()) if isinstance(body.get(name), list) else ():
            if isinstance(item, dict) and item.get("sharedProperty"):
                found.append(item["sharedProperty"])
    return found
