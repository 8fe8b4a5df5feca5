"""The outbox as a log: events as whoever may see them reads them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final

import orjson
from django.db.models import Max, Q

from events.domain.filters import EVERYTHING, EventFilter
from events.domain.sequence import sequence_text
from events.domain.types import EVENT_TYPES
from events.horizon import horizon
from events.models import Event
from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import Actor, current_actor
from oms_project.core.errors import NotFound, PermissionDenied
from oms_project.core.pagination import Page, checked_limit, decode_cursor, encode_cursor

__all__ = [
    "EventQuery",
    "EventView",
    "events_after",
    "events_page",
    "get_event",
    "get_events",
    "last_sequence",
    "list_events",
    "settled",
    "visible_query",
]

#: How many events are looked at for one page when a filter looks inside of them.
_LOOKED_AT: Final = 5000
_CHUNK: Final = 500


@dataclass(frozen=True)
class EventView:
    """An event as readers see it.

    Attributes:
        sequence: its place in the outbox: what comes later is higher.
        text: the CloudEvent as structured JSON, without the sequence.
    """

    sequence: int
    text: str = field(repr=False)

    @cached_property
    def event(self) -> Mapping[str, Any]:
        """The CloudEvent as a JSON object, with its sequence."""
        parsed: dict[str, Any] = orjson.loads(self.text)
        data = parsed.pop("data", None)
        parsed["sequence"] = sequence_text(self.sequence)
        if data is not None:
            parsed["data"] = data
        return parsed


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events; empty members do not filter.

    Attributes:
        wanted: as of a webhook.
        without: types that are left out.
        since, until: when they were written; the second is not included.
        text: stands somewhere in the event.
    """

    wanted: EventFilter = EVERYTHING
    key: str = ""
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""
    without: tuple[str, ...] = ()


def list_events(
    *, where: EventQuery | None = None, limit: int | None = None, cursor: str | None = None
) -> Page[EventView]:
    """Events that the actor may see, newest first.

    With a filter that looks inside of events, a page may be short although more follow.

    Raises:
        PermissionDenied: without ``events.read``. BadRequest: a bad limit or cursor.
    """
    where = where or EventQuery()
    before = decode_cursor("events", cursor, types=(int,))
    count = checked_limit(limit)
    rows = Event.objects.filter(visible_query(current_actor()), _asked(where)).order_by("-seq")
    if before is not None:
        rows = rows.filter(seq__lt=before[0])
    found: list[EventView] = []
    looked_at = 0
    last: int | None = None
    more = True
    while more and len(found) <= count and looked_at < _LOOKED_AT:
        chunk_rows = rows if last is None else rows.filter(seq__lt=last)
        size = _CHUNK if where.wanted.needs_data or where.wanted.types else count + 1
        chunk = list(chunk_rows.values_list("seq", "type", "ontology", "branch", "body")[:size])
        more = len(chunk) == size
        for seq, kind, ontology, branch, body in chunk:
            last = seq
            looked_at += 1
            if _matches(where.wanted, kind, ontology, branch, body):
                found.append(EventView(seq, body))
                if len(found) > count:
                    break
    page = found[:count]
    following = None
    if len(found) > count:
        following = encode_cursor("events", (page[-1].sequence,))
    elif more and last is not None:
        following = encode_cursor("events", (last,))
    return Page(items=tuple(page), next_cursor=following)


def events_after(
    sequence: int,
    *,
    where: EventQuery | None = None,
    limit: int = 500,
    actor: Actor | None = None,
) -> tuple[list[EventView], int]:
    """Events after ``sequence``, oldest first: how a subscriber goes on where it was.

    On PostgreSQL an event is left out while a transaction is open that may still bring one with a
    lower number, so that nobody who goes on after the last number misses one.

    Args:
        actor: who reads; None: the current one.

    Returns:
        Events, and the sequence to go on after (also past those that were not wanted).
    """
    found, last, _more = events_page(sequence, where=where, limit=limit, actor=actor)
    return found, last


def events_page(
    sequence: int,
    *,
    where: EventQuery | None = None,
    limit: int = 500,
    actor: Actor | None = None,
) -> tuple[list[EventView], int, bool]:
    """As `events_after`, and whether there may be more already."""
    where = where or EventQuery()
    rows = (
        Event.objects.filter(
            visible_query(actor or current_actor()), _asked(where), settled(), seq__gt=sequence
        )
        .order_by("seq")
        .values_list("seq", "type", "ontology", "branch", "body")[:limit]
    )
    found = []
    looked_at = 0
    for seq, kind, ontology, branch, body in rows:
        sequence = seq
        looked_at += 1
        if _matches(where.wanted, kind, ontology, branch, body):
            found.append(EventView(seq, body))
    return found, sequence, looked_at == limit


def get_event(*, event: str) -> EventView:
    """One event by its sequence or id (of OMS's own; of outside events any source's first).

    Raises:
        NotFound: ``event_not_found``; also when the actor may not see it.
    """
    wanted = Q(id=event)
    if event.isdecimal() and len(event) <= 20:
        wanted |= Q(seq=min(int(event), 2**63 - 1))
    visible = Event.objects.filter(visible_query(current_actor()))
    row = visible.filter(wanted).order_by("seq").first()
    if row is None:
        raise NotFound(
            f"There is no event '{event}' here.", code="event_not_found", data={"event": event}
        )
    return EventView(row.seq, row.body)


def get_events(*, sequences: Collection[int]) -> dict[int, EventView]:
    """Sequence -> event, of those that are kept and that the actor may see; one query.

    Raises:
        PermissionDenied: without ``events.read``.
    """
    visible = Event.objects.filter(visible_query(current_actor()), seq__in=sequences)
    return {seq: EventView(seq, body) for seq, body in visible.values_list("seq", "body")}


def last_sequence() -> int:
    """The outbox's end; 0 when nothing ever happened."""
    return int(Event.objects.aggregate(last=Max("seq"))["last"] or 0)


def visible_query(actor: Actor) -> Q:
    """Rows that ``actor`` may see: one question per permission, none per event.

    Raises:
        PermissionDenied: without ``events.read`` for anything.
    """
    decision = authorizer.anywhere(actor, permissions.EVENTS_READ)
    if not decision.allowed:
        raise PermissionDenied(
            f"Not allowed: {decision.reason}.", data={"permission": permissions.EVENTS_READ}
        )
    query = Q()
    by_need: dict[str, list[str]] = {}
    for kind in EVENT_TYPES.values():
        by_need.setdefault(kind.needs, []).append(kind.name)
    open_types: list[str] = []
    for need, names in by_need.items():
        held = authorizer.ontologies(actor, need)
        if held is None:
            open_types += names
        else:
            query |= Q(type__in=names, ontology__in=sorted(held))
    if len(open_types) == len(EVENT_TYPES):
        return Q()
    outside = ~Q(type__in=list(EVENT_TYPES))
    readable = authorizer.ontologies(actor, permissions.EVENTS_READ)
    if readable is not None:
        outside &= Q(ontology="") | Q(ontology__in=sorted(readable))
    return query | Q(type__in=open_types) | outside


def settled() -> Q:
    """Rows before which nothing will be added any more; ask before the statement that reads them."""
    end = horizon()
    return Q() if end is None else Q(seq__lte=end)


def _asked(where: EventQuery) -> Q:
    query = Q()
    exact = [one for one in where.wanted.types if "*" not in one]
    if where.wanted.types and len(exact) == len(where.wanted.types):
        query &= Q(type__in=exact)
    if where.wanted.ontologies:
        query &= Q(ontology__in=list(where.wanted.ontologies))
    if where.without:
        query &= ~Q(type__in=where.without)
    if where.key:
        query &= Q(key=where.key)
    if where.since is not None:
        query &= Q(added__gte=where.since)
    if where.until is not None:
        query &= Q(added__lt=where.until)
    if where.text:
        query &= Q(body__icontains=where.text)
    return query


def _matches(wanted: EventFilter, kind: str, ontology: str, branch: str, body: str) -> bool:
    if not wanted.matches_place(kind, ontology, branch):
        return False
    return not wanted.needs_data or wanted.matches_content(orjson.loads(body))
