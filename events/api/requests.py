"""What requests say: bodies without unknown members, and query parameters of the right kind."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.serializers import Serializer

from events.api.serializers import EmptySerializer
from events.domain.filters import EventFilter
from events.selectors.log import EventQuery
from oms_project.core.errors import BadRequest, NotFound

__all__ = [
    "EVENT_PARAMETERS",
    "body_of",
    "choice",
    "event_query",
    "filter_in",
    "known",
    "moment",
    "named",
    "nothing",
    "number",
    "text",
]

#: The highest number that the database has for an event.
MOST: Final = 2**63 - 1
_LONGEST: Final = 10_000
_MEMBERS: Final = ("types", "ontologies", "branches", "object_types", "expression")
_LISTS: Final = {
    "type": "A type of event; `*` stands for any text. May be given several times.",
    "ontology": "Name of the ontology. May be given several times.",
    "branch": "Name of the branch; `*` stands for any text. May be given several times.",
    "object_type": "Name of a type that the event is about. May be given several times.",
}
_TEXTS: Final = {
    "expression": "CEL over `event` (the attributes) and `data`; true wants the event.",
    "key": "The key within which events keep their order: `partitionkey`.",
    "text": "What stands anywhere in the event.",
}
_TIMES: Final = {"since": "Written from then on.", "until": "Written before then."}
_NAMES: Final = (*_LISTS, *_TEXTS, *_TIMES)

EVENT_PARAMETERS: Final = [
    *(
        OpenApiParameter(
            name,
            {"type": "array", "items": {"type": "string"}},
            description=told,
            explode=True,
            style="form",
        )
        for name, told in _LISTS.items()
    ),
    *(OpenApiParameter(name, str, description=told) for name, told in _TEXTS.items()),
    *(OpenApiParameter(name, datetime, description=told) for name, told in _TIMES.items()),
]


def body_of(request: Request, shape: type[Serializer[Any]]) -> dict[str, Any]:
    """The members of the body; those that were not named and have no default are left out."""
    body = shape(data=request.data)
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


def nothing(request: Request) -> None:
    """Refuse a body with members, where none is wanted."""
    body_of(request, EmptySerializer)


def known(request: Request, *names: str) -> None:
    """Refuse parameters that there are not: a misspelt filter would answer another question."""
    unknown = sorted(set(request.query_params) - set(names))
    if unknown:
        there = f"there are {', '.join(names)}" if names else "there are none"
        raise BadRequest(
            f"There is no parameter {unknown[0][:100]!r}; {there}.",
            errors=[{"parameter": name[:100], "message": "Not known."} for name in unknown[:20]],
        )


def named(name: str) -> str:
    """A name out of an address."""
    if "\x00" in name:  # PostgreSQL stores no such text
        raise NotFound("There is nothing of this name.")
    return name


def text(request: Request, name: str) -> str:
    """A parameter as text; empty when it is not there."""
    return _usable(name, request.query_params.get(name, ""))


def choice(request: Request, name: str, choices: Collection[str]) -> str:
    """A parameter that is one of ``choices``; empty when it is not there."""
    value = text(request, name)
    if value and value not in choices:
        raise _bad(name, f"{name} must be one of {', '.join(choices)}.")
    return value


def number(request: Request, name: str) -> int | None:
    """A parameter that is a number from 0 on; None when it is not there."""
    raw = text(request, name)
    if not raw:
        return None
    if not (raw.isascii() and raw.isdigit() and len(raw) <= 20 and int(raw) <= MOST):
        raise _bad(name, f"{name} must be a number from 0 to {MOST}.")
    return int(raw)


def moment(request: Request, name: str) -> datetime | None:
    """A parameter that is a time, in UTC unless it says otherwise; None when it is not there."""
    raw = text(request, name)
    if not raw:
        return None
    try:
        # A plus sign that nobody escaped has become a space.
        found = datetime.fromisoformat(raw.replace(" ", "+"))
        # What is beyond the years of UTC cannot be compared.
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _bad(name, f"{name} must be a date or a time (2026-01-31T12:00:00Z).") from error


def event_query(request: Request, *others: str) -> EventQuery:
    """Which events the parameters ask for.

    Args:
        others: parameters that there are beside these.

    Raises:
        BadRequest: a parameter that there is not (``bad_request``), or cannot be used
            (``bad_filter``).
    """
    known(request, *others, *_NAMES)
    lists = {
        name: tuple(_usable(name, one) for one in request.query_params.getlist(name) if one)
        for name in _LISTS
    }
    wanted = EventFilter(
        types=lists["type"],
        ontologies=lists["ontology"],
        branches=lists["branch"],
        object_types=lists["object_type"],
        expression=text(request, "expression"),
    )
    if problems := wanted.problems():
        parameters = dict(zip(_MEMBERS, (*_LISTS, "expression"), strict=True))
        errors = [
            {"field": parameters[one["field"]], "message": one["message"]} for one in problems
        ]
        raise BadRequest(
            f"{errors[0]['field']}: {errors[0]['message']}", code="bad_filter", errors=errors
        )
    return EventQuery(
        wanted=wanted,
        key=text(request, "key"),
        since=moment(request, "since"),
        until=moment(request, "until"),
        text=text(request, "text"),
    )


def filter_in(body: dict[str, Any], present: EventFilter) -> EventFilter | None:
    """Take the members of a filter out of a body; None when it has none.

    Args:
        body: is changed.
        present: what holds for members that are not named.
    """
    given: Mapping[str, Any] = {name: body.pop(name) for name in _MEMBERS if name in body}
    if not given:
        return None
    members = {name: given.get(name, getattr(present, name)) for name in _MEMBERS}
    return EventFilter(
        types=tuple(members["types"]),
        ontologies=tuple(members["ontologies"]),
        branches=tuple(members["branches"]),
        object_types=tuple(members["object_types"]),
        expression=members["expression"],
    )


def _usable(name: str, value: str) -> str:
    if "\x00" in value or len(value) > _LONGEST:
        raise _bad(name, f"{name} is no text of at most {_LONGEST} characters.")
    return value


def _bad(name: str, message: str) -> BadRequest:
    return BadRequest(message, code="bad_filter", errors=[{"field": name, "message": message}])
