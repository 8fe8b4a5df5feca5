"""Which events: as arguments say it, and as webhooks and rules keep it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, Final

import strawberry

from events.domain.filters import EVERYTHING, EventFilter
from events.selectors.log import EventQuery
from oms_project.core.errors import BadRequest, NotFound
from oms_project.graphql.inputs import filter_text, given

__all__ = ["EventFilterInput", "EventQueryInput", "event_query", "number", "wanted_of"]

MEMBERS: Final = ("types", "ontologies", "branches", "object_types", "expression")
_TYPES: Final = "Types of events; `*` stands for any text."
_BRANCHES: Final = "Names of branches; `*` stands for any text."
_EXPRESSION: Final = "CEL over `event` (the attributes) and `data`; true wants the event."


@strawberry.input(description="Which events; what is not said, or empty, wants all.")
class EventFilterInput:
    types: list[str] | None = strawberry.field(default=strawberry.UNSET, description=_TYPES)
    ontologies: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="Names of ontologies."
    )
    branches: list[str] | None = strawberry.field(default=strawberry.UNSET, description=_BRANCHES)
    object_types: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="Names of types that the event is about."
    )
    expression: str | None = strawberry.field(default=strawberry.UNSET, description=_EXPRESSION)


@strawberry.input(description="Which events of the log; what is not said, or empty, wants all.")
class EventQueryInput(EventFilterInput):
    key: str | None = strawberry.field(
        default=None, description="The key within which events keep their order."
    )
    text: str | None = strawberry.field(
        default=None, description="What stands anywhere in the event."
    )
    since: dt.datetime | None = strawberry.field(default=None, description="Written from then on.")
    until: dt.datetime | None = strawberry.field(default=None, description="Written before then.")


def wanted_of(source: Any, present: EventFilter = EVERYTHING) -> EventFilter | None:
    """The filter that an input says; None when it says nothing of one.

    Args:
        present: what holds for members that are not said.
    """
    said = given(source, *MEMBERS)
    if not said:
        return None
    members = {name: said.get(name, getattr(present, name)) for name in MEMBERS}
    return EventFilter(
        **{name: tuple(members[name]) for name in MEMBERS if name != "expression"},
        expression=members["expression"],
    )


def event_query(asked: EventQueryInput | None) -> EventQuery:
    """Which events an input asks for.

    Raises:
        BadRequest: ``bad_filter``; ``errors`` names each member that cannot be used.
    """
    if asked is None:
        return EventQuery()
    wanted = wanted_of(asked) or EVERYTHING
    for name in MEMBERS:
        _usable(name, getattr(wanted, name))
    if problems := wanted.problems():
        first = problems[0]
        raise BadRequest(
            f"{first['field']}: {first['message']}", code="bad_filter", errors=problems
        )
    return EventQuery(
        wanted=wanted,
        key=filter_text(asked.key, "key"),
        since=_in_utc("since", asked.since),
        until=_in_utc("until", asked.until),
        text=filter_text(asked.text, "text"),
    )


def number(value: str, missing: NotFound) -> int:
    """An id that is a number; whatever else it is names nothing, so ``missing`` is raised."""
    if not (value.isascii() and value.isdigit() and len(value) <= 18):
        raise missing
    return int(value)


def _usable(name: str, value: str | Iterable[str]) -> None:
    for text in (value,) if isinstance(value, str) else value:
        filter_text(text, name)


def _in_utc(name: str, moment: dt.datetime | None) -> dt.datetime | None:
    """What is beyond the years of UTC cannot be compared."""
    try:
        return None if moment is None else moment.astimezone(dt.UTC)
    except OverflowError as error:
        message = f"{name} must be a time that UTC has a year for."
        raise BadRequest(
            message, code="bad_filter", errors=[{"field": name, "message": message}]
        ) from error
