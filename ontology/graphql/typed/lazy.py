"""Schemas of which only what is asked for is built.

An ontology may have a thousand types with a hundred properties each, with filters, inputs and
aggregates for all of them; a document mentions five. Names are known from the start, and what they
name is made when it is first looked at. Whoever looks at everything (introspection, the SDL) has
everything made.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from graphql import (
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    is_union_type,
)
from graphql.type.schema import InterfaceImplementations

__all__ = ["LazyMap", "LazySchema", "with_fields"]

V = TypeVar("V")
T = TypeVar("T")


class LazyMap(dict[str, V]):
    """A mapping whose keys are known and whose values are made when they are asked for."""

    def __init__(self, makers: Mapping[str, Callable[[], V]]) -> None:
        super().__init__()
        self._makers = dict(makers)
        self._lock = threading.RLock()

    def __missing__(self, key: str) -> V:
        make = self._makers.get(key)
        if make is None:
            raise KeyError(key)
        with self._lock:  # one object for one name, whoever asks at the same time
            if not super().__contains__(key):
                super().__setitem__(key, make())
            return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        """As of any mapping."""
        try:
            return self[key]
        except KeyError:
            return default

    def __contains__(self, key: object) -> bool:
        return key in self._makers

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)

    def keys(self) -> Any:
        """All of them, made or not."""
        return self._makers.keys()

    def values(self) -> Any:
        """All of them; this makes them."""
        return [self[key] for key in self._makers]

    def items(self) -> Any:
        """All of them; this makes them."""
        return [(key, self[key]) for key in self._makers]


def with_fields(kind: T, fields: Mapping[str, Any]) -> T:
    """A type whose ``fields`` are these very ones: graphql-core would copy them, and make all."""
    kind.__dict__["fields"] = fields
    return kind


class LazySchema(GraphQLSchema):
    """A schema over a `LazyMap` of its types. It is made by code, so it counts as valid; a test
    has graphql-core validate what it makes.

    Attributes:
        place: what is read: see `ontology.graphql.typed.places.Place`; of a `placed` copy only.
    """

    place: Any = None

    def __init__(
        self,
        makers: Mapping[str, Callable[[], GraphQLNamedType]],
        *,
        query: str,
        mutation: str | None,
        subscription: str | None,
        implementations: Callable[[str], tuple[Iterable[str], Iterable[str]]],
        description: str,
    ) -> None:
        super().__init__(assume_valid=True, description=description)
        # What introspection and the directives need, which graphql-core has found by itself.
        known: dict[str, Callable[[], GraphQLNamedType]] = {
            name: (lambda kind=kind: kind)  # type: ignore[misc]
            for name, kind in self.type_map.items()
        }
        self.type_map = LazyMap({**known, **makers})
        self._members = implementations
        self._found: dict[str, InterfaceImplementations] = {}
        self._names: dict[str, frozenset[str]] = {}
        self.query_type = self._root(query)
        self.mutation_type = self._root(mutation)
        self.subscription_type = self._root(subscription)

    def _root(self, name: str | None) -> GraphQLObjectType | None:
        found = None if name is None else self.type_map[name]
        assert found is None or isinstance(found, GraphQLObjectType)
        return found

    def placed(self, place: Any) -> LazySchema:
        """This schema, for one place: all that was made of it is shared."""
        made = object.__new__(type(self))
        made.__dict__.update(self.__dict__, place=place)
        return made

    def get_implementations(self, interface_type: GraphQLInterfaceType) -> InterfaceImplementations:
        """As graphql-core, from the hierarchy of the ontology."""
        found = self._found.get(interface_type.name)
        if found is None:
            objects, interfaces = self._members(interface_type.name)
            found = self._found[interface_type.name] = InterfaceImplementations(
                objects=[self.type_map[name] for name in objects],  # type: ignore[misc]
                interfaces=[self.type_map[name] for name in interfaces],  # type: ignore[misc]
            )
        return found

    def is_sub_type(self, abstract_type: Any, maybe_sub_type: GraphQLNamedType) -> bool:
        """As graphql-core, by names: nothing is made for it."""
        if is_union_type(abstract_type):
            return maybe_sub_type in abstract_type.types
        names = self._names.get(abstract_type.name)
        if names is None:
            objects, interfaces = self._members(abstract_type.name)
            names = self._names[abstract_type.name] = frozenset((*objects, *interfaces))
        return maybe_sub_type.name in names
