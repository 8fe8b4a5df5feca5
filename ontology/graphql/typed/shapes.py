"""How the values of a property appear in GraphQL: out, in, and in filters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from graphql import (
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
)

from oms_project.core.ids import is_rid
from oms_project.graphql.executor import Row, plain_field
from ontology.domain.instances.values import base_type
from ontology.domain.kinds import Kind
from ontology.domain.schema import EffectiveProperty
from ontology.graphql.typed.definitions import Definition, text_of
from ontology.graphql.typed.lazy import LazyMap, with_fields
from ontology.graphql.typed.names import Names, legal_name
from ontology.graphql.typed.scalars import JSON, Leaf, leaf_of

if TYPE_CHECKING:
    from ontology.graphql.typed.builder import Builder

__all__ = ["Shape", "Shapes", "described"]


@dataclass(frozen=True, slots=True)
class Shape:
    """A property's values.

    Attributes:
        kind: the named type that they are of when they are read.
        input: the named type in which they are given.
        leaf: how the primitive type is written by which they are compared; None: they are not.
        enum: its members, where they are of one enum.
        struct: ``rid``, where they are of one struct.
        array: whether there may be several.
    """

    kind: Any
    input: Any
    convert: Callable[[Any], Any] | None
    leaf: Leaf | None
    enum: GraphQLEnumType | None = None
    struct: str = ""
    array: bool = False
    plain: bool = True

    def wrapped(self, kind: Any) -> Any:
        """``kind``, or a list of it where there may be several."""
        return GraphQLList(GraphQLNonNull(kind)) if self.array else kind


def described(body: Mapping[str, Any], *, name: str = "", original: str = "") -> str | None:
    """What a definition says of itself, and its own name where GraphQL calls it another."""
    label = text_of(body.get("displayName"))
    parts = [text_of(body.get("description")) or label]
    if body.get("unit"):
        parts.append(f"In {body['unit']}.")
    if original and name != original:
        parts.append(f"Original name: `{original}`.")
    return " ".join(part for part in parts if part) or None


class Shapes:
    """The shapes of one schema's properties, and the enums and structs that they are of."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._known: dict[tuple[tuple[str, ...], bool], Shape] = {}
        definitions = builder.definitions
        for item in definitions.by_kind[Kind.ENUM_TYPE]:
            builder.add(builder.names.types[item.rid], self._enum_maker(item))
        for item in definitions.by_kind[Kind.STRUCT_TYPE]:
            builder.add(builder.names.types[item.rid], self._struct_maker(item))
            builder.derive(item.rid, "Input", self._struct_input_maker(item))

    def of(self, part: EffectiveProperty) -> Shape:
        """Of a property."""
        return self.of_types(part.data_types, array=part.array is not None)

    def of_types(self, data_types: tuple[str, ...], *, array: bool) -> Shape:
        """Of values of any of some data types."""
        key = (data_types, array)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._find(data_types, array)
        return known

    def _find(self, data_types: tuple[str, ...], array: bool) -> Shape:
        schema = self._builder.definitions.schema
        base = base_type(schema, data_types)
        leaf = leaf_of(base.name) if base is not None else None
        only = self._builder.definitions.get(data_types[0]) if len(data_types) == 1 else None
        if only is not None and only.kind == Kind.ENUM_TYPE and only.body.get("members"):
            return self._of_enum(only, leaf, array)
        if only is not None and only.kind == Kind.STRUCT_TYPE and only.body.get("fields"):
            kind = self._builder.type(self._builder.names.types[only.rid])
            given = self._builder.type(self._builder.derived(only.rid, "Input"))
            return Shape(kind, given, None, None, None, only.rid, array, plain=False)
        if leaf is None or (only is None and any(is_rid(text) for text in data_types)):
            # Several data types, any literal, or what is not there: whatever JSON can say.
            return Shape(JSON, JSON, None, leaf, array=array)
        if base is not None and base.name == "vector":
            return Shape(leaf.scalar, leaf.scalar, None, None, array=array)
        return Shape(leaf.scalar, leaf.scalar, _each(leaf.convert, array), leaf, array=array)

    def _of_enum(self, item: Definition, leaf: Leaf | None, array: bool) -> Shape:
        kind = self._builder.type(self._builder.names.types[item.rid])
        assert isinstance(kind, GraphQLEnumType)
        codes = Names.of_codes(member["code"] for member in item.body["members"])
        if any(code != name for code, name in codes.items()):
            return Shape(kind, kind, None, leaf, kind, array=array, plain=False)
        known = frozenset(codes)

        def checked(code: Any) -> Any:
            if code not in known:
                raise ValueError(f"{code!r:.60} is no member of {item.name}.")
            return code

        return Shape(kind, kind, _each(checked, array), leaf, kind, array=array)

    # --- fields -----------------------------------------------------------------------------------
    def field(self, part: EffectiveProperty, *, words: bool = True) -> GraphQLField:
        """The field that reads a property. It may always be null: also where a value is required
        it can be one that the reader may not see.

        Args:
            words: whether it is described; once is enough for what stands in many types.
        """
        shape = self.of(part)
        options: dict[str, Any] = {
            "description": self.description(part) if words else None,
            "deprecation_reason": self.reason(part),
        }
        kind = shape.wrapped(shape.kind)
        if shape.plain:
            return plain_field(kind, part.api_name, convert=shape.convert, **options)
        key = part.api_name
        if not shape.struct:
            return GraphQLField(kind, resolve=lambda row, _: row.get(key), **options)

        def struct(row: Any, _: Any) -> Any:
            value = row.get(key)
            if isinstance(value, list):
                return [Row(item) for item in value if isinstance(item, dict)]
            return Row(value) if isinstance(value, dict) else None

        return GraphQLField(kind, resolve=struct, extensions={"cost": 0}, **options)

    def description(self, part: EffectiveProperty) -> str | None:
        """Of a property: its own words, else those of its shared property."""
        name = Names.of_property(part.api_name)
        shared = self._builder.definitions.schema.body(part.shared) if part.shared else {}
        body = {**shared, **{key: value for key, value in part.declaration.items() if value}}
        return described(body, name=name, original=part.api_name)

    def reason(self, part: EffectiveProperty) -> str | None:
        """Why a property should not be used any more, by itself or by its shared property."""
        definitions = self._builder.definitions
        shared = definitions.schema.body(part.shared) if part.shared else {}
        return definitions.reason(part.declaration) or definitions.reason(shared)

    # --- enums and structs ------------------------------------------------------------------------
    def _enum_maker(self, item: Definition) -> Callable[[], Any]:
        def make() -> GraphQLEnumType:
            members = item.body.get("members") or [{"code": "NONE"}]
            names = Names.of_codes(member["code"] for member in members)
            return GraphQLEnumType(
                self._builder.names.types[item.rid],
                {
                    names[member["code"]]: GraphQLEnumValue(
                        member["code"],
                        description=described(
                            {"displayName": member.get("label"), **member},
                            name=names[member["code"]],
                            original=member["code"],
                        ),
                        deprecation_reason=self._builder.definitions.reason(member),
                    )
                    for member in members
                },
                description=self._builder.described(item),
            )

        return make

    def _struct_maker(self, item: Definition) -> Callable[[], Any]:
        def make() -> GraphQLObjectType:
            parts = self._builder.definitions.schema.own_properties(item.rid)
            makers: dict[str, Callable[[], GraphQLField]] = {
                Names.of_property(part.api_name): partial(self.field, part) for part in parts
            }
            return with_fields(
                GraphQLObjectType(
                    self._builder.names.types[item.rid],
                    {},
                    description=self._builder.described(item),
                ),
                LazyMap(makers or {"_empty": lambda: GraphQLField(JSON)}),
            )

        return make

    def _struct_input_maker(self, item: Definition) -> Callable[[], Any]:
        def make() -> GraphQLInputObjectType:
            parts = self._builder.definitions.schema.own_properties(item.rid)
            return GraphQLInputObjectType(
                self._builder.derived(item.rid, "Input"),
                lambda: (
                    self.inputs(parts, required=True)
                    or {"_empty": GraphQLInputField(JSON, description="It has no fields.")}
                ),
                description=self._builder.described(item),
            )

        return make

    def inputs(
        self, parts: Any, *, required: bool, defaults: bool = True
    ) -> dict[str, GraphQLInputField]:
        """Fields of an input with values of properties.

        Args:
            required: whether what every object has must be given here.
            defaults: whether a property with a default may be left out.
        """
        found: dict[str, GraphQLInputField] = {}
        for part in parts:
            shape = self.of(part)
            kind = shape.wrapped(shape.input)
            if required and part.required and not (defaults and part.default is not None):
                kind = GraphQLNonNull(kind)
            reason = None if isinstance(kind, GraphQLNonNull) else self.reason(part)
            found[Names.of_property(part.api_name)] = GraphQLInputField(
                kind,
                description=self.description(part) if required else None,
                deprecation_reason=reason,
                out_name=part.api_name,
            )
        return found


def _each(convert: Callable[[Any], Any] | None, array: bool) -> Callable[[Any], Any] | None:
    if convert is None or not array:
        return convert
    return lambda values: [convert(value) for value in values]


def parameter_name(name: str) -> str:
    """Of a parameter of an action."""
    return Names.of_property(legal_name(name))
