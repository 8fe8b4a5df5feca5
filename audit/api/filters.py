"""Query parameters that say which events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from drf_spectacular.utils import OpenApiParameter

from audit.contract import Outcome
from audit.selectors import EventFilter
from oms_project.core.errors import BadRequest

__all__ = ["FILTER_PARAMETERS", "event_filter"]

_TEXTS = {
    "actor": "User name or id of who did it, or user name of whom it was done for.",
    "action": "An action (`ontology.committed`), or the beginning of several (`ontology.`).",
    "outcome": "How it ended.",
    "ontology": "Name of the ontology.",
    "branch": "Name of the branch.",
    "commit": "Id of the commit.",
    "subject": "What it is about: a type, an id, or `type:id`.",
    "door": "Where it came in: `rest`, `console`, `command`, …",
    "address": "The client's network address.",
    "request_id": "Id of the request.",
    "text": "What stands anywhere in the event, without regard to case.",
}
_TIMES = {"since": "From then on.", "until": "Before then."}
_MAX = 500

FILTER_PARAMETERS = [
    *(
        OpenApiParameter(
            name,
            str,
            description=told,
            enum=[outcome.value for outcome in Outcome] if name == "outcome" else None,
        )
        for name, told in _TEXTS.items()
    ),
    *(OpenApiParameter(name, datetime, description=told) for name, told in _TIMES.items()),
]


def event_filter(query: Mapping[str, str]) -> EventFilter:
    """The filter that the parameters say.

    Raises:
        BadRequest: ``bad_filter``; a value cannot be one.
    """
    texts = {name: query.get(name, "").replace("\x00", "") for name in _TEXTS}
    for name, value in texts.items():
        if len(value) > _MAX:
            raise _bad(name, f"{name} is longer than {_MAX} characters.")
    if texts["outcome"] not in {"", *Outcome}:
        raise _bad("outcome", f"outcome must be one of {', '.join(Outcome)}.")
    return EventFilter(
        **texts, since=_time("since", query.get("since")), until=_time("until", query.get("until"))
    )


def _time(name: str, raw: str | None) -> datetime | None:
    if not raw:
        return None
    try:
        # A plus sign that nobody escaped has become a space.
        moment = datetime.fromisoformat(raw.replace(" ", "+"))
    except ValueError as error:
        raise _bad(name, f"{name} must be a date or a time (2026-01-31T12:00:00Z).") from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _bad(name: str, message: str) -> BadRequest:
    return BadRequest(message, code="bad_filter", errors=[{"field": name, "message": message}])
