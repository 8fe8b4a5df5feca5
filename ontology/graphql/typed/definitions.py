"""The definitions of a commit, read once and held in memory: what a schema is generated from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ontology.domain.documents import Body
from ontology.domain.kinds import DEFINITION_KINDS, Kind
from ontology.domain.names import name_key
from ontology.domain.query import Direction
from ontology.domain.schema import EffectiveProperty, Schema

__all__ = ["Definition", "Definitions", "Way", "text_of"]


@dataclass(frozen=True, slots=True)
class Definition:
    """A definition, as `ontology.domain.state.DocumentLike`."""

    rid: str
    kind: Kind
    body: Body

    @property
    def name(self) -> str:
        """Its ``apiName``."""
        return str(self.body["apiName"])


@dataclass(frozen=True, slots=True)
class Way:
    """A link type, walked in one direction.

    Attributes:
        link: ``rid`` of the link type.
        outgoing: from its sources to its targets; a symmetric one is walked both ways in one.
        near, far: ``rid``s of the types at the end where one stands, and at the other.
        name: what the end is called; empty: the link type does not say.
        single: whether there is at most one.
    """

    link: str
    outgoing: bool
    near: tuple[str, ...]
    far: tuple[str, ...]
    name: str
    single: bool
    symmetric: bool = False

    @property
    def direction(self) -> Direction:
        """As selectors call it."""
        if self.symmetric:
            return "both"
        return "outgoing" if self.outgoing else "incoming"


class Definitions:
    """All definitions of a commit, with what they inherit; reads nothing more.

    Args:
        documents: of `DEFINITION_KINDS`, as ``(rid, kind, body)``.
    """

    def __init__(self, documents: Iterable[tuple[str, Kind, Body]]) -> None:
        self._by_rid = {rid: Definition(rid, kind, body) for rid, kind, body in documents}
        self.schema = Schema(self)  # type: ignore[arg-type]  # it reads definitions alone
        self.schema.load(self._by_rid)
        self._families: dict[str, tuple[str, ...]] = {}
        self._properties: dict[str, dict[str, EffectiveProperty]] = {}

    def get_many(self, rids: Collection[str]) -> Mapping[str, Definition]:
        """As ``State.get_many``."""
        return {rid: self._by_rid[rid] for rid in rids if rid in self._by_rid}

    def get(self, rid: str) -> Definition | None:
        """The definition, or None."""
        return self._by_rid.get(rid)

    @cached_property
    def by_kind(self) -> Mapping[Kind, Sequence[Definition]]:
        """Definitions of each kind, by name."""
        found: dict[Kind, list[Definition]] = {kind: [] for kind in DEFINITION_KINDS}
        for item in self._by_rid.values():
            found[item.kind].append(item)
        for items in found.values():
            items.sort(key=lambda item: (name_key(item.name), item.rid))
        return found

    @cached_property
    def _children(self) -> Mapping[str, Sequence[str]]:
        found: dict[str, list[str]] = {}
        for kind in (Kind.OBJECT_TYPE, Kind.INTERFACE):
            for item in self.by_kind[kind]:
                for field in ("parents", "interfaces", "extends"):
                    for above in item.body.get(field, ()):
                        found.setdefault(above, []).append(item.rid)
        return found

    def family(self, rid: str) -> tuple[str, ...]:
        """The type and all types that inherit from it or implement it, by name."""
        known = self._families.get(rid)
        if known is None:
            found = {rid: None}
            level = [rid]
            while level:
                below = {child: None for one in level for child in self._children.get(one, ())}
                level = [child for child in below if child not in found]
                found.update(dict.fromkeys(level))
            known = self._families[rid] = tuple(found)
        return known

    def has_subtypes(self, rid: str) -> bool:
        """Whether anything inherits from it."""
        return bool(self._children.get(rid))

    def line(self, rid: str) -> tuple[str, ...]:
        """What objects of a type are besides: its ancestors, nearer ones first, and interfaces."""
        definition = self._by_rid[rid]
        interfaces = self.schema.interfaces(rid) if definition.kind == Kind.OBJECT_TYPE else ()
        return (*self.schema.ancestors(rid), *interfaces)

    def properties(self, rid: str) -> dict[str, EffectiveProperty]:
        """Properties of a type, own and inherited, those of its interfaces too, in their order:
        key without case -> property.
        """
        known = self._properties.get(rid)
        if known is None:
            definition = self._by_rid[rid]
            known = dict(self.schema.properties(rid))
            if definition.kind == Kind.OBJECT_TYPE:
                for interface in self.schema.interfaces(rid):
                    for key, part in self.schema.properties(interface).items():
                        known.setdefault(key, part)
            self._properties[rid] = known
        return known

    def primary_key(self, rid: str) -> tuple[str, ...]:
        """``apiName``s of the primary key, of the nearest ancestor that says one."""
        for one in (rid, *self.schema.ancestors(rid)):
            key = self.schema.body(one).get("primaryKey")
            if key:
                return tuple(key)
        return ()

    @cached_property
    def ways(self) -> Sequence[Way]:
        """Every link type in both directions, as far as its ends name types."""
        found: list[Way] = []
        for item in self.by_kind[Kind.LINK_TYPE]:
            body = item.body
            sources, targets = self._known(body, "sources"), self._known(body, "targets")
            symmetric = bool(body.get("symmetric"))
            out, back = body.get("targetCardinality") or {}, body.get("sourceCardinality") or {}
            found.append(
                Way(
                    item.rid,
                    True,
                    sources,
                    targets,
                    str(body.get("targetName") or ""),
                    out.get("max") == 1 and not symmetric,
                    symmetric,
                )
            )
            if not symmetric:
                found.append(
                    Way(
                        item.rid,
                        False,
                        targets,
                        sources,
                        str(body.get("sourceName") or ""),
                        back.get("max") == 1,
                    )
                )
        return found

    def _known(self, body: Body, end: str) -> tuple[str, ...]:
        return tuple(rid for rid in body.get(end, ()) if rid in self._by_rid)

    def is_deprecated(self, body: Body) -> bool:
        """Whether it should no longer be used."""
        return body.get("status") == "deprecated" or "deprecation" in body

    def reason(self, body: Body) -> str | None:
        """Why something should no longer be used; None: it may be."""
        if not self.is_deprecated(body):
            return None
        said = body.get("deprecation") or {}
        parts = [text_of(said.get("reason", {})) or "Deprecated."]
        if said.get("since"):
            parts.append(f"Since {said['since']}.")
        instead = [
            found.name if (found := self.get(rid)) is not None else rid
            for rid in said.get("replacedBy", ())
        ]
        if instead:
            parts.append(f"Use {', '.join(instead)}.")
        return " ".join(parts)


def text_of(texts: Any) -> str:
    """A text in English, else in the first of its languages."""
    if not isinstance(texts, Mapping) or not texts:
        return ""
    for language in ("en", "en-US", "en-GB", "@none"):
        if texts.get(language):
            return str(texts[language])
    return str(texts[min(texts)])
