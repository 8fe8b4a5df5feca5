"""Values that GraphQL has no word for, the same on every endpoint."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final, NewType

import strawberry
from graphql import GraphQLError

from oms_project.core.clock import isoformat
from oms_project.core.errors import BadRequest

__all__ = ["DATE_TIME", "LONG", "SCALARS", "Long", "mapping_of", "parse_long", "parse_moment"]

_RFC3339: Final = "https://datatracker.ietf.org/doc/html/rfc3339"


def parse_moment(value: Any) -> dt.datetime:
    """A moment from RFC 3339 text; one without an offset is UTC.

    Raises:
        GraphQLError: it is none.
    """
    try:
        moment = dt.datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise GraphQLError(
            f"'{str(value)[:50]}' is no moment: write it as 2026-11-23T09:30:00Z."
        ) from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)


DATE_TIME: Final = strawberry.scalar(
    name="DateTime",
    description="A moment: `2026-11-23T09:30:00.000000Z`. In, with any offset; out, in UTC.",
    serialize=isoformat,
    parse_value=parse_moment,
    specified_by_url=_RFC3339,
)

#: A whole number that may have more than 32 bits: a sequence, a size in bytes.
Long = NewType("Long", int)
_BOUND: Final = 2**63


def parse_long(value: Any) -> int:
    """A whole number of 64 bits, also where it comes as text.

    Raises:
        GraphQLError: it is none.
    """
    text = isinstance(value, str) and value.removeprefix("-").isdecimal() and len(value) <= 20
    number = int(value) if text else value
    if not isinstance(number, int) or isinstance(number, bool) or not -_BOUND <= number < _BOUND:
        raise GraphQLError(f"'{str(value)[:50]}' is no whole number of 64 bits.")
    return number


LONG: Final = strawberry.scalar(
    name="Long",
    description="A whole number of 64 bits, as a JSON number; in, also as text.",
    serialize=int,
    parse_value=parse_long,
)

#: Python types -> how they are written.
SCALARS: Final[dict[object, Any]] = {dt.datetime: DATE_TIME, Long: LONG}


def mapping_of(value: Any, name: str) -> dict[str, Any] | None:
    """A JSON argument that is an object, or null.

    Raises:
        BadRequest: ``bad_json``: it is neither.
    """
    if value is None or isinstance(value, dict):
        return value
    raise BadRequest(
        f"`{name}` is a JSON object.",
        code="bad_json",
        errors=[{"field": name, "message": "object"}],
    )
