"""The rules of the types of one state, worked out when they are first asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple
from urllib.parse import quote

from ontology.domain.documents import Body
from ontology.domain.instances.keys import KEY, key_text
from ontology.domain.instances.layout import End, Layout, LinkLayout, layout_of
from ontology.domain.kinds import Kind
from ontology.domain.schema import Schema
from ontology.domain.state import State

__all__ = ["Demand", "Rules", "instance_id"]


class Demand(NamedTuple):
    """How many links of a type an object must or may have at one of its sides.

    Attributes:
        link: ``rid`` of the link type.
        role: ``_source`` or ``_target``: which end the object is.
        end: the bounds.
        interface: ``rid`` of the interface that demands it; None: the link type itself.
    """

    link: str
    role: str
    end: End
    interface: str | None = None


class Rules:
    """Layouts of object types and link types, and what links objects must have.

    Args:
        state: the state whose types these are.
        schema: its schema, when there is one at hand.
    """

    def __init__(self, state: State, schema: Schema | None = None) -> None:
        self.state = state
        self.schema = schema or Schema(state)
        self._layouts: dict[str, Layout | None] = {}
        self._demands: dict[str, tuple[Demand, ...]] = {}
        self._families: dict[str, tuple[str, ...]] = {}

    def load(self, types: Collection[str]) -> None:
        """Read what is not known yet of ``types``, all at once."""
        missing = [rid for rid in types if rid not in self._layouts]
        if missing:
            self.schema.load_closure(missing)
            for rid in missing:
                self._layouts[rid] = layout_of(self.schema, rid)

    def layout(self, rid: str) -> Layout | None:
        """Of an object type or link type; None where there is none."""
        if rid not in self._layouts:
            self.load((rid,))
        return self._layouts[rid]

    def object_layout(self, rid: object) -> Layout | None:
        """The layout of an object type."""
        layout = self.layout(rid) if isinstance(rid, str) else None
        return layout if layout is not None and layout.kind == Kind.OBJECT_TYPE else None

    def link_layout(self, rid: object) -> LinkLayout | None:
        """The layout of a link type."""
        layout = self.layout(rid) if isinstance(rid, str) else None
        return layout if isinstance(layout, LinkLayout) else None

    def family(self, rid: str) -> tuple[str, ...]:
        """``rid`` and the types that inherit from it or implement it, at any depth."""
        known = self._families.get(rid)
        if known is not None:
            return known
        found = {rid: None}
        level: Iterable[str] = [rid]
        while level:
            uses = self.state.referrers(list(level), ("parents", "interfaces", "extends"))
            following = {user for users in uses.values() for user, _ in users}
            level = [user for user in sorted(following) if user not in found]
            found.update(dict.fromkeys(level))
        self._families[rid] = tuple(found)
        return self._families[rid]

    def demands(self, object_type: str) -> tuple[Demand, ...]:
        """What links an object of a type must have, or may have no more of.

        A link type that names no types at an end demands nothing of the objects there.
        """
        known = self._demands.get(object_type)
        if known is None:
            known = self._demands[object_type] = tuple(self._find_demands(object_type))
        return known

    def _find_demands(self, object_type: str) -> Iterable[Demand]:
        layout = self.object_layout(object_type)
        if layout is None:
            return
        uses = self.state.referrers(sorted(layout.line), ("sources", "targets"))
        ends = sorted({use for found in uses.values() for use in found})
        self.load([rid for rid, _ in ends])
        for rid, role in ends:
            link = self.link_layout(rid)
            if link is not None:
                end = link.outgoing if role == "sources" else link.incoming
                if end.low or end.high is not None:
                    yield Demand(rid, "_source" if role == "sources" else "_target", end)
        for interface in sorted(layout.line):
            body = self.schema.body(interface)
            for constraint in body.get("linkConstraints", ()):
                outgoing = constraint.get("direction", "outgoing") == "outgoing"
                yield Demand(
                    constraint["linkType"],
                    "_source" if outgoing else "_target",
                    End(constraint.get("min", 0), constraint.get("max")),
                    interface,
                )


def instance_id(rules: Rules, kind: Kind, rid: str, body: Body) -> str:
    """``@id`` of an object or link: its type's name and its key, IRI or ``rid``."""
    type_rid = body.get("_type")
    layout = rules.layout(type_rid) if isinstance(type_rid, str) else None
    name = layout.name if layout is not None else kind.value
    key = body.get(KEY)
    if key and (text := key_text(key)):  # a key of one empty text names nothing
        return f"{name}/{text}"
    iri = body.get("_iri")
    return f"{name}/{quote(str(iri), safe='') if iri else rid}"
