"""What a type says of its objects or links, worked out once for all of them.

An object type's properties are its own, its ancestors' and (where it declares nothing nearer) those
of the interfaces it implements. What identifies (primary key, unique constraints) is inherited from
the nearest ancestor that says it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from oms_project.core.authorization import SENSITIVITIES
from oms_project.core.ids import is_rid
from ontology.domain.datatypes import DataType
from ontology.domain.documents import Body
from ontology.domain.instances.keys import typed_key
from ontology.domain.instances.values import Checker, base_type, checker_of
from ontology.domain.kinds import Kind
from ontology.domain.names import name_key
from ontology.domain.schema import EffectiveProperty, Schema

__all__ = ["End", "Layout", "LinkLayout", "PropertyLayout", "Unique", "field_number", "layout_of"]


def field_number(*parts: str) -> int:
    """The number under which values of something are indexed: 64 bits of a digest of its name."""
    digest = hashlib.sha1("\x1f".join(parts).encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


@dataclass(frozen=True)
class PropertyLayout:
    """A property as the objects of one type have it.

    Attributes:
        name: its ``apiName``.
        check: see ``ontology.domain.instances.values``.
        base: primitive type by which values are compared; None: they are not.
        number: under which its values are indexed, for this type.
        level: position of its sensitivity in ``SENSITIVITIES``.
        deprecated: whether its use deserves a warning.
        old_codes: members of its enums that are deprecated.
    """

    part: EffectiveProperty
    name: str
    check: Checker
    base: DataType | None
    number: int
    level: int
    deprecated: bool
    old_codes: frozenset[str] = frozenset()

    @property
    def array(self) -> bool:
        """Whether it holds a list."""
        return self.part.array is not None

    @cached_property
    def indexed(self) -> bool:
        """Whether its values have index entries."""
        return bool(self.part.indexed or self.part.unique) and self.base is not None

    def key(self, value: Any) -> str:
        """``order_key`` of one normal value (of one item, for a list)."""
        return typed_key(self.base.name if self.base is not None else "", value)


@dataclass(frozen=True, slots=True)
class Unique:
    """Properties whose values together belong to one object at most.

    Attributes:
        name: of the constraint; of the property, for a property that is unique by itself.
        owner: ``rid`` of the type that demands it: it holds among all objects of that type.
        number: under which the values are indexed, the same for every subtype of ``owner``.
    """

    name: str
    owner: str
    properties: tuple[str, ...]
    number: int


@dataclass(frozen=True)
class Layout:
    """What an object type or link type says of its instances.

    Attributes:
        kind: ``ObjectType`` or ``LinkType``.
        properties: ``apiName`` -> property.
        key: ``apiName``s of the primary key, in key order; empty without one.
        key_owner: ``rid`` of the type that declares the key: it is unique among its objects.
        line: ``rid``s of the type, its ancestors and its interfaces.
    """

    rid: str
    kind: Kind
    name: str
    body: Body
    properties: Mapping[str, PropertyLayout]
    key: tuple[str, ...]
    key_owner: str
    title: str | None
    uniques: tuple[Unique, ...]
    line: frozenset[str]
    deprecated: bool

    @property
    def abstract(self) -> bool:
        """Whether it has no instances of its own."""
        return bool(self.body.get("isAbstract"))

    @cached_property
    def required(self) -> tuple[str, ...]:
        """``apiName``s of what every instance has."""
        return tuple(name for name, item in self.properties.items() if item.part.required)

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """``apiName`` -> value of those that have a default."""
        return {
            name: item.part.default
            for name, item in self.properties.items()
            if item.part.default is not None
        }

    @cached_property
    def indexed(self) -> tuple[PropertyLayout, ...]:
        """Properties whose values have index entries."""
        return tuple(item for item in self.properties.values() if item.indexed)

    @cached_property
    def searchable(self) -> tuple[PropertyLayout, ...]:
        """Properties that the full text search looks in."""
        return tuple(item for item in self.properties.values() if item.part.searchable)

    @cached_property
    def indexing(self) -> tuple[Any, ...]:
        """What decides which index entries an instance has: equal for two layouts whose entries
        are the same.
        """
        return (
            tuple(sorted((item.name, item.number, str(item.base)) for item in self.indexed)),
            tuple(sorted((item.number, item.properties) for item in self.uniques)),
            tuple(sorted((item.name, item.level) for item in self.searchable)),
        )

    def property(self, name: str) -> PropertyLayout | None:
        """The property of that name, which may be spelled with other capitals."""
        return self.properties.get(name) or self._by_key.get(name_key(name))

    @cached_property
    def _by_key(self) -> dict[str, PropertyLayout]:
        return {name_key(name): item for name, item in self.properties.items()}


@dataclass(frozen=True, slots=True)
class End:
    """How many links of a type may meet at one of its ends.

    Attributes:
        low, high: bounds of how many links one object has; ``high`` None: no bound.
    """

    low: int
    high: int | None


@dataclass(frozen=True)
class LinkLayout(Layout):
    """What a link type says besides.

    Attributes:
        sources, targets: ``rid``s of types and interfaces; empty: any.
        outgoing: bounds on the links of one source (``targetCardinality``).
        incoming: bounds on the links of one target (``sourceCardinality``).
    """

    sources: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    outgoing: End = End(0, None)
    incoming: End = End(0, None)
    on_delete: str = "detach"
    symmetric: bool = False


def layout_of(schema: Schema, rid: str) -> Layout | None:
    """The layout of the object type or link type ``rid``; None where there is no such type."""
    document = schema.get(rid)
    if document is None or document.kind not in (Kind.OBJECT_TYPE, Kind.LINK_TYPE):
        return None
    schema.load_closure((rid,))
    body = document.body
    parts = dict(schema.properties(rid))
    interfaces = schema.interfaces(rid) if document.kind == Kind.OBJECT_TYPE else ()
    for interface in interfaces:
        for key, part in schema.properties(interface).items():
            parts.setdefault(key, part)
    line = (rid, *schema.ancestors(rid))
    properties = {part.api_name: _property(schema, rid, part) for part in parts.values()}
    known: dict[str, Any] = {
        "rid": rid,
        "kind": document.kind,
        "name": str(body.get("apiName", rid)),
        "body": body,
        "properties": properties,
        "uniques": _uniques(schema, line, properties),
        "line": frozenset((*line, *interfaces)),
        "deprecated": body.get("status") == "deprecated" or "deprecation" in body,
        "title": _nearest(schema, line, "titleProperty"),
    }
    if document.kind == Kind.OBJECT_TYPE:
        owner = next((item for item in line if schema.body(item).get("primaryKey")), "")
        known["key"] = tuple(schema.body(owner)["primaryKey"]) if owner else ()
        known["key_owner"] = owner
        return Layout(**known)
    return LinkLayout(
        **known,
        key=(),
        key_owner="",
        sources=tuple(body.get("sources", ())),
        targets=tuple(body.get("targets", ())),
        outgoing=_end(body.get("targetCardinality")),
        incoming=_end(body.get("sourceCardinality")),
        on_delete=body.get("onDelete", "detach"),
        symmetric=body.get("symmetric", False),
    )


def _end(cardinality: Body | None) -> End:
    return End((cardinality or {}).get("min", 0), (cardinality or {}).get("max"))


def _nearest(schema: Schema, line: tuple[str, ...], field: str) -> Any:
    return next((found for item in line if (found := schema.body(item).get(field))), None)


def _property(schema: Schema, rid: str, part: EffectiveProperty) -> PropertyLayout:
    schema.load([text for text in part.data_types if is_rid(text)])
    shared = schema.body(part.shared) if part.shared else {}
    deprecated = any(
        body.get("status") == "deprecated" or "deprecation" in body
        for body in (part.declaration, shared)
    )
    return PropertyLayout(
        part=part,
        name=part.api_name,
        check=checker_of(schema, part),
        base=base_type(schema, part.data_types),
        number=field_number(rid, part.rid),
        level=SENSITIVITIES.index(part.sensitivity),
        deprecated=deprecated,
        old_codes=frozenset(
            member["code"]
            for text in part.data_types
            if is_rid(text) and (enum := schema.get(text)) is not None
            for member in (enum.body.get("members", ()) if enum.kind == Kind.ENUM_TYPE else ())
            if member.get("status") == "deprecated"
        ),
    )


def _uniques(
    schema: Schema, line: tuple[str, ...], properties: Mapping[str, PropertyLayout]
) -> tuple[Unique, ...]:
    found: dict[tuple[str, str], Unique] = {}
    for item in properties.values():
        if item.part.unique and not item.array:
            owner = item.part.owner if item.part.owner in line else line[0]
            name = item.name
            found[owner, name] = Unique(
                name, owner, (name,), field_number(owner, "unique", item.part.rid)
            )
    for owner in line:
        for constraint in schema.body(owner).get("uniqueConstraints", ()):
            name = constraint["name"]
            if all(part in properties for part in constraint["properties"]):
                found.setdefault(
                    (owner, f"constraint {name}"),
                    Unique(
                        name,
                        owner,
                        tuple(constraint["properties"]),
                        field_number(owner, "constraint", name, *constraint["properties"]),
                    ),
                )
    return tuple(found.values())
