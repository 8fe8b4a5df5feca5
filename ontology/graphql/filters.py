"""Filters, orders and measures, as inputs."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any, Final

import strawberry
from strawberry.scalars import JSON

from oms_project.core.errors import BadRequest
from ontology.domain.query import (
    Filter,
    Measure,
    Sort,
    parse_filter,
    parse_measure,
    parse_sort,
)
from ontology.graphql.instances import LinkDirection

__all__ = [
    "FilterInput",
    "FilterOperator",
    "MeasureFunction",
    "MeasureInput",
    "SortInput",
    "filter_of",
    "filters_as_json",
    "measures_of",
    "sort_of",
]

#: Filters within filters; the parser of filters has the same bound.
_DEEPEST: Final = 10


@strawberry.enum(
    description="How a property and a value compare. `IN` takes a list, `IS_NULL` a boolean; "
    "`CONTAINS` looks into texts and lists."
)
class FilterOperator(Enum):
    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    IN = "in"
    CONTAINS = "contains"
    STARTS_WITH = "startsWith"
    IS_NULL = "isNull"


@strawberry.enum(description="What is worked out of a group.")
class MeasureFunction(Enum):
    COUNT = "count"
    SUM = "sum"
    MIN = "min"
    MAX = "max"
    AVG = "avg"


@strawberry.input(
    description="Which objects or links: one of a condition (`property`, `op`, `value`), `and`, "
    "`or`, `not`, or `link` (with `direction` and `where`: there is such a link, to an object for "
    "which `where` holds)."
)
class FilterInput:
    property: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Its name, or a path: into a struct (`address.city`), or across a link "
        "(`worksFor.name`).",
    )
    op: FilterOperator | None = strawberry.field(
        default=strawberry.UNSET, description="`EQ` if not said."
    )
    value: JSON | None = strawberry.field(
        default=strawberry.UNSET, description="What it is compared with."
    )
    and_: list[FilterInput] | None = strawberry.field(
        name="and", default=strawberry.UNSET, description="All of these hold."
    )
    or_: list[FilterInput] | None = strawberry.field(
        name="or", default=strawberry.UNSET, description="One of these holds, at least."
    )
    not_: FilterInput | None = strawberry.field(
        name="not", default=strawberry.UNSET, description="This does not hold."
    )
    link: str | None = strawberry.field(
        default=strawberry.UNSET, description="Name of a link type, or of one of its ends."
    )
    direction: LinkDirection | None = strawberry.field(
        default=strawberry.UNSET, description="`OUTGOING` if not said."
    )
    where: FilterInput | None = strawberry.field(
        default=strawberry.UNSET, description="What holds for the object at the other end."
    )


@strawberry.input(description="What to sort by; what has no value comes last.")
class SortInput:
    property: str
    descending: bool = False


@strawberry.input(description="A figure of each group.")
class MeasureInput:
    function: MeasureFunction
    property: str = strawberry.field(
        default="", description="Needed for all but `COUNT`, which then counts values."
    )


def filter_of(given: Any, where: FilterInput | None) -> Filter | None:
    """A filter as JSON and one as an input, both of which must hold.

    Raises:
        BadRequest: ``bad_filter``.
    """
    asked = filters_as_json(given, where)
    return None if asked is None else parse_filter(asked)


def filters_as_json(given: Any, where: FilterInput | None) -> Any:
    """`filter_of` before it is read: one filter as JSON; None where nothing is asked.

    Raises:
        BadRequest: ``bad_filter``: the input is nested too deeply.
    """
    if where is None:
        return given
    asked = _as_json(where, 1)
    return asked if given is None else {"and": [given, asked]}


def _as_json(given: FilterInput, depth: int) -> dict[str, Any]:
    if depth > _DEEPEST:
        message = f"A filter is at most {_DEEPEST} deep."
        raise BadRequest(
            message,
            code="bad_filter",
            errors=[{"field": "", "rule": "filter", "message": message}],
        )
    found: dict[str, Any] = {}
    for member in ("property", "op", "value", "and_", "or_", "not_", "link", "direction", "where"):
        value = getattr(given, member)
        # Null says the same as nothing, except that `value: null` is told what is wrong with it.
        if value is strawberry.UNSET or (value is None and member != "value"):
            continue
        if isinstance(value, Enum):
            value = value.value
        elif isinstance(value, FilterInput):
            value = _as_json(value, depth + 1)
        elif member in ("and_", "or_"):
            value = [_as_json(one, depth + 1) for one in value]
        found[member.rstrip("_")] = value
    return found


def sort_of(order: Sequence[SortInput] | None) -> tuple[Sort, ...]:
    """Sorts as the selectors take them. Raises BadRequest."""
    return parse_sort([("-" if one.descending else "") + one.property for one in order or ()])


def measures_of(given: Sequence[MeasureInput] | None) -> list[Measure]:
    """Measures as the selectors take them. Raises BadRequest."""
    found = []
    for one in given or ():
        name = one.function.value
        found.append(parse_measure(f"{name}:{one.property}" if one.property else name))
    return found
