"""From the definitions of a commit to a schema."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterable
from functools import cached_property, partial
from typing import Any

from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
)

from ontology.domain.documents import Body
from ontology.domain.instances.values import base_type
from ontology.domain.kinds import Kind
from ontology.domain.schema import EffectiveProperty
from ontology.graphql.typed import figures, filters, links, problems, queries, runs, system, writes
from ontology.graphql.typed.definitions import Definition, Definitions, Way
from ontology.graphql.typed.lazy import LazyMap, LazySchema, with_fields
from ontology.graphql.typed.names import Names
from ontology.graphql.typed.places import TYPE
from ontology.graphql.typed.scalars import SCALARS
from ontology.graphql.typed.shapes import Shapes, described

__all__ = ["Builder"]

Maker = Callable[[], Any]

_ROOTS = ("Query", "Mutation", "Subscription")


class Builder:
    """Makes one schema. Its parts are given the builder, and ask it for types by name.

    Attributes:
        definitions: what it is made from.
        names: what everything is called.
        shapes: how values of properties appear.
    """

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions
        self._makers: dict[str, Maker] = {}
        self._derived: dict[tuple[str, str], str] = {}
        self._bases: dict[tuple[str, ...], str] = {}
        #: rid of an action -> name of the type of its parameters.
        self.actions: dict[str, str] = {}
        for name, scalar in SCALARS.items():
            self.add(name, lambda scalar=scalar: scalar)  # type: ignore[misc]
        for part in (system, filters, problems):
            part.register(self)
        self.names = Names(definitions, (*self._makers, *_ROOTS))
        self.shapes = Shapes(self)
        for kind in (Kind.INTERFACE, Kind.OBJECT_TYPE):
            for item in definitions.by_kind[kind]:
                self._add_type(item)
        for part in (filters, links, figures, queries, writes, runs):
            part.derive(self)
        roots = {
            "Query": queries.fields(self),
            "Mutation": writes.fields(self, runs.fields(self)),
            "Subscription": self._subscriptions(),
        }
        for name, fields in roots.items():
            if fields:
                self.add(name, lambda name=name, fields=fields: self.object(name, fields))  # type: ignore[misc]
        self.schema = LazySchema(
            self._makers,
            query="Query",
            mutation="Mutation" if roots["Mutation"] else None,
            subscription="Subscription" if roots["Subscription"] else None,
            implementations=self._implementations,
            description="Generated from an ontology. Names, filters and links: see the guide.",
        )

    def _subscriptions(self) -> Any:
        """Fields of the subscription type, by a part of its own."""
        if importlib.util.find_spec("ontology.graphql.typed.subscriptions") is None:
            return {}
        part = importlib.import_module("ontology.graphql.typed.subscriptions")
        return part.subscription_fields(self)

    # --- names ------------------------------------------------------------------------------------
    def add(self, name: str, make: Maker) -> None:
        """A type of that name, made when it is asked for."""
        self._makers[name] = make

    def derive(self, rid: str, suffix: str, make: Maker) -> str:
        """A type that goes with a definition, called after it; gives the name."""
        name = self.names.claim(f"{self.names.own(rid)}{suffix}")
        self._derived[rid, suffix] = name
        self.add(name, make)
        return name

    def derived(self, rid: str, suffix: str) -> str:
        """The name of what `derive` added."""
        return self._derived[rid, suffix]

    def has(self, rid: str, suffix: str) -> bool:
        """Whether `derive` added it."""
        return (rid, suffix) in self._derived

    def type(self, name: str) -> Any:
        """The type of a name."""
        return self.schema.type_map[name]

    def base(self, part: EffectiveProperty) -> str:
        """The primitive type by which a property's values are compared; empty: they are not."""
        known = self._bases.get(part.data_types)
        if known is None:
            found = base_type(self.definitions.schema, part.data_types)
            known = self._bases[part.data_types] = "" if found is None else found.name
        return known

    def described(self, item: Definition) -> str | None:
        """What a definition says of itself."""
        name = self.names.own(item.rid)
        text = described(item.body, name=name, original=item.name)
        reason = self.definitions.reason(item.body)  # GraphQL has no deprecated types
        return f"{text or ''} Deprecated: {reason}".strip() if reason else text

    def object(self, name: str, fields: dict[str, Maker], **options: Any) -> GraphQLObjectType:
        """An object type whose fields are made when they are asked for."""
        return with_fields(GraphQLObjectType(name, {}, **options), LazyMap(fields))

    # --- object types and interfaces --------------------------------------------------------------
    @property
    def queried(self) -> list[Definition]:
        """What there are lists of: interfaces and object types, by name."""
        kinds = self.definitions.by_kind
        return [*kinds[Kind.INTERFACE], *kinds[Kind.OBJECT_TYPE]]

    def body(self, rid: str) -> Body:
        """Of a definition."""
        return self.definitions.schema.body(rid)

    def _add_type(self, item: Definition) -> None:
        own, family = self.names.types.get(item.rid), self.names.families.get(item.rid)
        if own is not None:
            self.add(own, lambda: self._object_of(item, own))
        if family is not None:
            self.add(family, lambda: self._interface_of(item, family))

    def _object_of(self, item: Definition, name: str) -> GraphQLObjectType:
        return self.object(
            name,
            {**system.object_fields(), **self.properties_of(item.rid), **links.of(self, item.rid)},
            interfaces=lambda: [self.type(one) for one in self.interfaces_of(item.rid, own=True)],
            description=self.described(item),
        )

    def _interface_of(self, item: Definition, name: str) -> GraphQLInterfaceType:
        fields = {
            **system.object_fields(),
            **self.properties_of(item.rid, shared=True),
            **links.of(self, item.rid),
        }
        kind = GraphQLInterfaceType(
            name,
            {},
            interfaces=lambda: [self.type(one) for one in self.interfaces_of(item.rid)],
            resolve_type=self.resolve_type,
            description=self.described(item),
        )
        return with_fields(kind, LazyMap(fields))

    def properties_of(self, rid: str, *, shared: bool = False) -> dict[str, Maker]:
        """Fields of a type's properties.

        Args:
            shared: only those that every type of the family has in the same form.
        """
        parts = self.definitions.properties(rid)
        if shared:
            members = [self.definitions.properties(one) for one in self.definitions.family(rid)]
            parts = {
                key: part
                for key, part in parts.items()
                if all(
                    (other := member.get(key)) is part or (other is not None and _like(other, part))
                    for member in members
                )
            }
        return {
            Names.of_property(part.api_name): partial(self.shapes.field, part)
            for part in parts.values()
        }

    def interfaces_of(self, rid: str, *, own: bool = False) -> list[str]:
        """Names of the interfaces of a type; with ``own`` also the one for its own family."""
        families = self.names.families
        found = [families[one] for one in self.definitions.line(rid) if one in families]
        first = [families[rid]] if own and rid in families else []
        return [system.NODE, system.OBJECT, *first, *dict.fromkeys(found)]

    def _implementations(self, name: str) -> tuple[Iterable[str], Iterable[str]]:
        """Names of the object types and of the interfaces that implement an interface."""
        types, families = self.names.types, self.names.families
        if name in (problems.PROBLEM, system.LINK):
            kinds = self.definitions.by_kind[Kind.LINK_TYPE]
            links_ = [types[item.rid] for item in kinds]
            return (problems.NAMES if name == problems.PROBLEM else links_), ()
        if name in (system.OBJECT, system.NODE):
            rids: Iterable[str] = [item.rid for item in self.queried]
            objects = [types[rid] for rid in rids if rid in types]
            interfaces = [families[rid] for rid in rids if rid in families]
            if name == system.OBJECT:
                return objects, interfaces
            kinds = self.definitions.by_kind[Kind.LINK_TYPE]
            objects += [types[item.rid] for item in kinds]
            return objects, [system.OBJECT, system.LINK, *interfaces]
        rid = self._rid_of_family[name]
        members = self.definitions.family(rid)
        return (
            [types[one] for one in members if one in types],
            [families[one] for one in members if one in families and one != rid],
        )

    @cached_property
    def _rid_of_family(self) -> dict[str, str]:
        return {name: rid for rid, name in self.names.families.items()}

    def resolve_type(self, row: Any, info: Any, kind: Any) -> str:
        """The object type of a row."""
        del info, kind
        rid = str(row.get("_type"))
        name = self.names.types.get(rid)
        if name is None:
            raise TypeError(f"There are no objects of the type {row.get(TYPE)}.")
        return name

    # --- links ------------------------------------------------------------------------------------
    @cached_property
    def _ways_at(self) -> dict[str, list[Way]]:
        found: dict[str, list[Way]] = {}
        for way in self.definitions.ways:
            for rid in way.near:
                found.setdefault(rid, []).append(way)
        return found

    def ways(self, rid: str) -> list[Way]:
        """The links that objects of a type may have, its own and inherited."""
        found: dict[tuple[str, bool], Way] = {}
        for one in (rid, *self.definitions.line(rid)):
            for way in self._ways_at.get(one, ()):
                found[way.link, way.outgoing] = way
        return list(found.values())

    def far_rid(self, way: Way) -> str | None:
        """The type that everything at the far end is of; None: it is any object."""
        if not way.far:
            return None
        first, *rest = way.far
        for one in (first, *self.definitions.line(first)):
            family = set(self.definitions.family(one))
            if all(other in family for other in rest):
                return one
        return None

    def far_name(self, way: Way) -> str:
        """The name of the type of what is at the far end."""
        rid = self.far_rid(way)
        return system.OBJECT if rid is None else self.names.of_type(rid)


def _like(one: Any, other: Any) -> bool:
    return bool(
        one.api_name == other.api_name
        and one.data_types == other.data_types
        and (one.array is None) == (other.array is None)
    )
