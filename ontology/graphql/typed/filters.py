"""Filters and orders as typed inputs: what comes out of them are the domain's own questions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLString,
)

from ontology.domain.kinds import Kind
from ontology.domain.query import Filter, Sort, parse_filter
from ontology.domain.schema import EffectiveProperty
from ontology.graphql.typed.definitions import Way
from ontology.graphql.typed.lazy import LazyMap, with_fields
from ontology.graphql.typed.names import Names
from ontology.graphql.typed.scalars import SCALARS, leaf_of
from ontology.graphql.typed.shapes import Shape

if TYPE_CHECKING:
    from ontology.graphql.typed.builder import Builder

__all__ = ["derive", "filter_of", "groupable", "orderable", "register"]

_PRESENCE: Final = "PresenceFilter"
_ANY_OBJECT: Final = "AnyObjectFilter"
#: What a filter on a value comes to, before it is known of which property: of a path, conditions in
#: the JSON form of ``ontology.domain.query``, whose parser has the bounds of what may be asked.
_Test = Callable[[str], list[dict[str, Any]]]
#: Data types that a filter can ask for by value.
_BASES: Final = (
    "boolean",
    "integer",
    "long",
    "decimal",
    "double",
    "string",
    "langString",
    "date",
    "timestamp",
    "time",
    "duration",
    "uri",
    "uuid",
    "binary",
)


def register(builder: Builder) -> None:
    """Filters of the scalars, which every schema has."""
    for base in _BASES:
        name = leaf_of(base).scalar.name
        builder.add(f"{name}Filter", _scalar_filter(f"{name}Filter", base, array=False))
        builder.add(f"{name}ListFilter", _scalar_filter(f"{name}ListFilter", base, array=True))
    builder.add(_PRESENCE, lambda: _value_filter(_PRESENCE, {}, "Values that are not compared."))
    builder.add(_ANY_OBJECT, _any_object_filter)


def derive(builder: Builder) -> None:
    """Filters and orders of every type, and filters of enums and structs."""
    kinds = builder.definitions.by_kind
    for item in kinds[Kind.ENUM_TYPE]:
        for suffix, array in (("Filter", False), ("ListFilter", True)):
            builder.derive(item.rid, suffix, _enum_filter(builder, item.rid, suffix, array=array))
    for item in kinds[Kind.STRUCT_TYPE]:
        builder.derive(item.rid, "Filter", _struct_filter(builder, item.rid))
    for item in (*builder.queried, *kinds[Kind.LINK_TYPE]):
        builder.derive(item.rid, "Filter", _type_filter(builder, item.rid))
        if orderable(builder, item.rid):
            builder.derive(item.rid, "OrderBy", _order(builder, item.rid))


def filter_of(given: Any) -> Filter | None:
    """The filter that an argument is.

    Raises:
        BadRequest: ``bad_filter``; it has too many parts, or a part that says nothing.
    """
    value = given.value if isinstance(given, _Made) else None
    return None if value is None else parse_filter(value)


class _Made:
    """What an input object came to. No mapping: graphql-core does not look into it again."""

    __slots__ = ("value",)

    def __init__(self, value: dict[str, Any] | None) -> None:
        self.value = value


# --- of values ------------------------------------------------------------------------------------
def _value_filter(
    name: str, operators: Mapping[str, Any], description: str
) -> GraphQLInputObjectType:
    fields = {op: GraphQLInputField(kind, description=_WORDS[op]) for op, kind in operators.items()}
    fields["isNull"] = GraphQLInputField(GraphQLBoolean, description=_WORDS["isNull"])

    def out(given: dict[str, Any]) -> Any:
        return _Tested(
            lambda path: [
                {"property": path, "op": op, "value": value} for op, value in given.items()
            ]
        )

    return GraphQLInputObjectType(name, fields, description=description, out_type=out)


class _Tested:
    """A test of a value whose property is not known yet."""

    __slots__ = ("of",)

    def __init__(self, of: _Test) -> None:
        self.of = of


_WORDS: Final = {
    "eq": "Is this value.",
    "ne": "Is another value.",
    "lt": "Is before or below.",
    "lte": "Is before or below, or the same.",
    "gt": "Is after or above.",
    "gte": "Is after or above, or the same.",
    "in": "Is one of these.",
    "contains": "Has this in it.",
    "startsWith": "Begins with this.",
    "isNull": "Has no value (`true`), or has one (`false`).",
}


def _operators(kind: Any, *, orders: bool, texts: bool, array: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"eq": kind, "ne": kind}
    if orders:
        found |= {"lt": kind, "lte": kind, "gt": kind, "gte": kind}
    found["in"] = GraphQLList(GraphQLNonNull(kind))
    if array:
        found["contains"] = kind
    elif texts:
        found |= {"contains": GraphQLString, "startsWith": GraphQLString}
    return found


def _scalar_filter(name: str, base: str, *, array: bool) -> Callable[[], Any]:
    leaf = leaf_of(base)
    kind = GraphQLString if base == "langString" else leaf.scalar
    orders = leaf.orders and base != "boolean"
    words = "One of the values of a list" if array else "A value"
    if base == "langString":
        words = "A text in any of its languages"
    return lambda: _value_filter(
        name,
        _operators(kind, orders=orders, texts=leaf.texts, array=array),
        f"{words}; all that is said must hold.",
    )


def _enum_filter(builder: Builder, rid: str, suffix: str, *, array: bool) -> Callable[[], Any]:
    def make() -> GraphQLInputObjectType:
        kind = builder.type(builder.names.types[rid])
        return _value_filter(
            builder.derived(rid, suffix),
            _operators(kind, orders=False, texts=False, array=array),
            f"Members of {kind.name}; all that is said must hold.",
        )

    return make


def _struct_filter(builder: Builder, rid: str) -> Callable[[], Any]:
    def make() -> GraphQLInputObjectType:
        parts = builder.definitions.schema.own_properties(rid)
        makers = {
            Names.of_property(part.api_name): _property_filter(builder, part) for part in parts
        }
        makers["_isNull"] = lambda: GraphQLInputField(GraphQLBoolean, description=_WORDS["isNull"])

        def out(given: dict[str, Any]) -> Any:
            def test(path: str) -> list[dict[str, Any]]:
                found: list[dict[str, Any]] = []
                for key, value in given.items():
                    if key == "_isNull":
                        found.append({"property": path, "op": "isNull", "value": value})
                    elif value is not None:
                        found += value.of(f"{path}.{key}")
                return found

            return _Tested(test)

        kind = GraphQLInputObjectType(
            builder.derived(rid, "Filter"),
            {},
            description="What holds of the fields of a struct; all that is said must hold.",
            out_type=out,
        )
        return with_fields(kind, LazyMap(makers))

    return make


def _property_filter(builder: Builder, part: EffectiveProperty) -> Callable[[], GraphQLInputField]:
    def make() -> GraphQLInputField:
        shape = builder.shapes.of(part)
        return GraphQLInputField(
            builder.type(_filter_name(builder, shape, part)),
            deprecation_reason=builder.shapes.reason(part),
            out_name=part.api_name,
        )

    return make


def _filter_name(builder: Builder, shape: Shape, part: EffectiveProperty) -> str:
    suffix = "ListFilter" if shape.array else "Filter"
    if shape.struct:
        return _PRESENCE if shape.array else builder.derived(shape.struct, "Filter")
    if shape.enum is not None:
        return builder.derived(part.data_types[0], suffix)
    name = shape.leaf.scalar.name if shape.leaf is not None else ""
    if name not in SCALARS or f"{name}Filter" not in builder.schema.type_map:
        return _PRESENCE
    return f"{name}{suffix}"


# --- of objects and links -------------------------------------------------------------------------
def _type_filter(builder: Builder, rid: str) -> Callable[[], Any]:
    def make() -> GraphQLInputObjectType:
        name = builder.derived(rid, "Filter")
        makers: dict[str, Callable[[], GraphQLInputField]] = {}
        keys: dict[str, Way] = {}
        for part in builder.definitions.properties(rid).values():
            makers[Names.of_property(part.api_name)] = _property_filter(builder, part)
        for way in builder.ways(rid):
            field = builder.names.ways[way.link, way.outgoing]
            keys[field] = way
            far = builder.far_rid(way)
            kind = _ANY_OBJECT if far is None else builder.derived(far, "Filter")
            makers[field] = partial(_link_filter, builder, kind)
        makers["_and"] = lambda: GraphQLInputField(
            GraphQLList(GraphQLNonNull(builder.type(name))), description="All of these hold."
        )
        makers["_or"] = lambda: GraphQLInputField(
            GraphQLList(GraphQLNonNull(builder.type(name))), description="One of these holds."
        )
        makers["_not"] = lambda: GraphQLInputField(
            builder.type(name), description="This does not hold."
        )

        def out(given: dict[str, Any]) -> Any:
            return _Made(_combined(given, keys))

        made = GraphQLInputObjectType(
            name,
            {},
            description="What must hold, all that is said; by the name of a link: of an object that "
            "it leads to.",
            out_type=out,
        )
        return with_fields(made, LazyMap(makers))

    return make


def _link_filter(builder: Builder, kind: str) -> GraphQLInputField:
    return GraphQLInputField(builder.type(kind))


def _combined(given: Mapping[str, Any], ways: Mapping[str, Way]) -> dict[str, Any] | None:
    found: list[dict[str, Any]] = []
    for key, value in given.items():
        if value is None:
            continue
        if key == "_and":
            found += [one.value for one in value if one.value is not None]
        elif key == "_or":
            parts = [one.value for one in value]
            # An empty filter holds of everything, and so does what it is one of.
            if not parts or None not in parts:
                found.append({"or": parts})
        elif key == "_not":
            found.append({"not": value.value or {}})
        elif key in ways:
            linked: dict[str, Any] = {"link": ways[key].link, "direction": ways[key].direction}
            if value.value is not None:
                linked["where"] = value.value
            found.append({"not": linked} if value is _NONE else linked)
        else:
            found += value.of(key)
    return found[0] if len(found) == 1 else {"and": found} if found else None


_NONE: Final = _Made(None)


def _any_object_filter() -> GraphQLInputObjectType:
    return GraphQLInputObjectType(
        _ANY_OBJECT,
        {
            "_exists": GraphQLInputField(
                GraphQLBoolean, default_value=True, description="Whether there is one."
            )
        },
        description="Linked objects of any type.",
        out_type=lambda given: _NONE if given.get("_exists") is False else _Made(None),
    )


# --- orders and groups ----------------------------------------------------------------------------
def orderable(builder: Builder, rid: str) -> list[EffectiveProperty]:
    """Properties to sort by."""
    return groupable(builder, rid)


def groupable(builder: Builder, rid: str) -> list[EffectiveProperty]:
    """Properties to group by: single values of one primitive type that has an order."""
    return [
        part
        for part in builder.definitions.properties(rid).values()
        if part.array is None and builder.base(part) in _ORDERED
    ]


_ORDERED: Final = frozenset(
    {
        "boolean",
        "integer",
        "long",
        "decimal",
        "double",
        "string",
        "date",
        "timestamp",
        "time",
        "uri",
        "uuid",
    }
)


def _order(builder: Builder, rid: str) -> Callable[[], Any]:
    def make() -> GraphQLEnumType:
        values: dict[str, GraphQLEnumValue] = {}
        for part in orderable(builder, rid):
            name = Names.of_property(part.api_name)
            values[f"{name}_ASC"] = GraphQLEnumValue(Sort(part.api_name))
            values[f"{name}_DESC"] = GraphQLEnumValue(Sort(part.api_name, descending=True))
        return GraphQLEnumType(
            builder.derived(rid, "OrderBy"),
            values,
            description="What to sort by, rising or falling; what has no value comes last.",
        )

    return make
