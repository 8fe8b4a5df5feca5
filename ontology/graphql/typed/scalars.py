"""The values of properties: scalars that say what they hold, and refuse what they do not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from graphql import (
    GraphQLBoolean,
    GraphQLError,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLScalarType,
    GraphQLString,
)

from ontology.domain.datatypes import DataType, value_problem

__all__ = ["DATE_TIME", "JSON", "LONG", "SCALARS", "Leaf", "leaf_of"]

_INT: Final = 2**31


def _checked(data_type: str) -> Callable[[Any], Any]:
    """Refuses what is no value of the data type; the value itself stays as it was written."""
    kind = DataType(data_type)

    def parse(value: Any) -> Any:
        problem = value_problem(kind, value)
        if problem is not None:
            raise GraphQLError(f"{problem[:1].upper()}{problem[1:]}.")
        return value

    return parse


def _decimal(value: Any) -> str:
    parsed = _checked("decimal")(str(value) if isinstance(value, int | float) else value)
    return str(parsed)


def _written_decimal(value: Any) -> str:
    return value if isinstance(value, str) else str(Decimal(repr(value)))


def _int(value: Any) -> int:
    if type(value) is int and -_INT <= value < _INT:
        return value
    raise GraphQLError(
        f"{value!r:.40} does not fit into an Int of 32 bits; `_json` has it as it is."
    )


def _scalar(
    name: str,
    description: str,
    *,
    data_type: str = "",
    parse: Callable[[Any], Any] | None = None,
    url: str | None = None,
) -> GraphQLScalarType:
    def same(value: Any) -> Any:
        return value

    return GraphQLScalarType(
        name,
        coerce_output_value=same,
        coerce_input_value=parse or (_checked(data_type) if data_type else same),
        description=description,
        specified_by_url=url,
    )


LONG: Final = _scalar("Long", "A whole number of up to 64 bits.", data_type="long")
DATE_TIME: Final = _scalar(
    "DateTime",
    "A moment: `2026-11-23T09:30:00Z`. In, with any offset; out, in UTC.",
    data_type="timestamp",
    url="https://datatracker.ietf.org/doc/html/rfc3339",
)
JSON: Final = _scalar(
    "JSON",
    "Any JSON value: of properties that take several data types, of `json`, and where an interface "
    "leaves it open.",
    url="https://www.rfc-editor.org/rfc/rfc8259",
)
DECIMAL: Final = GraphQLScalarType(
    "Decimal",
    coerce_output_value=_written_decimal,
    coerce_input_value=_decimal,
    description='An exact decimal number, as text: `"12.50"`. In, a number is taken too.',
)


@dataclass(frozen=True, slots=True)
class Leaf:
    """How values of a primitive data type are written.

    Attributes:
        scalar: of GraphQL.
        convert: what is stored -> what is written; None: the same.
        orders, texts: whether filters ask before and after, and for parts of it.
        numeric: whether it is added up.
    """

    scalar: GraphQLScalarType
    convert: Callable[[Any], Any] | None = None
    orders: bool = False
    texts: bool = False
    numeric: bool = False


_LEAVES: Final[dict[str, Leaf]] = {
    "boolean": Leaf(GraphQLBoolean),
    "integer": Leaf(GraphQLInt, _int, orders=True, numeric=True),
    "long": Leaf(LONG, orders=True, numeric=True),
    "decimal": Leaf(DECIMAL, _written_decimal, orders=True, numeric=True),
    "double": Leaf(GraphQLFloat, orders=True, numeric=True),
    "string": Leaf(GraphQLString, orders=True, texts=True),
    "langString": Leaf(
        _scalar(
            "LangString",
            'A text in several languages: `{en: "Busan", ko: "부산"}`; the key `@none` is a text '
            "without a language.",
            data_type="langString",
        ),
        texts=True,
    ),
    "date": Leaf(
        _scalar("Date", "A day: `2026-11-23`.", data_type="date"), orders=True, texts=True
    ),
    "timestamp": Leaf(DATE_TIME, orders=True, texts=True),
    "time": Leaf(
        _scalar("Time", "A time of day: `09:30:00`.", data_type="time"), orders=True, texts=True
    ),
    "duration": Leaf(
        _scalar("Duration", "A duration of ISO 8601: `P1DT2H`.", data_type="duration")
    ),
    "uri": Leaf(_scalar("Uri", "An absolute IRI.", data_type="uri"), orders=True, texts=True),
    "uuid": Leaf(_scalar("Uuid", "A UUID.", data_type="uuid"), orders=True, texts=True),
    "binary": Leaf(_scalar("Base64", "Bytes, as base64 text.", data_type="binary"), texts=True),
    "json": Leaf(JSON),
    "geopoint": Leaf(
        _scalar(
            "GeoPoint",
            "A place on Earth in degrees (WGS 84): `{latitude: 35.1, longitude: 129.0}`.",
            data_type="geopoint",
        )
    ),
    "geoshape": Leaf(
        _scalar(
            "GeoShape",
            "A geometry in GeoJSON.",
            data_type="geoshape",
            url="https://www.rfc-editor.org/rfc/rfc7946",
        )
    ),
    "vector": Leaf(_scalar("Vector", "A list of numbers of a fixed length.")),
}

#: Scalars by name, those of GraphQL too.
SCALARS: Final[dict[str, GraphQLScalarType]] = {
    scalar.name: scalar
    for scalar in (
        GraphQLID,
        GraphQLInt,
        GraphQLFloat,
        GraphQLString,
        GraphQLBoolean,
        *(leaf.scalar for leaf in _LEAVES.values()),
    )
}


def leaf_of(data_type: str) -> Leaf:
    """How values of the primitive ``data_type`` (its name, without parameters) are written."""
    return _LEAVES[data_type]
