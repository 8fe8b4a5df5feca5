"""Reads of the audit trail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db.models import Q, QuerySet

from audit.models import Event, Leaf, Pending, Seal
from audit.tree import Head, latest_head, leaf_count
from oms_project.core.clock import isoformat, utc_now
from oms_project.core.errors import NotFound
from oms_project.core.ids import first_id_at, time_of_id
from oms_project.core.pagination import Page, checked_limit, decode_cursor, encode_cursor

__all__ = [
    "EventFilter",
    "EventInfo",
    "EventNotFound",
    "SealInfo",
    "TrailState",
    "get_event",
    "iterate_events",
    "list_events",
    "list_seals",
    "trail_health",
    "trail_state",
]

_LISTING = "audit:newest"
_CHUNK = 1000


class EventNotFound(NotFound):
    """No event has this id, or it was moved to a sealed file."""

    code = "audit_event_not_found"
    title = "Audit event not found"


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events; what is empty is not asked about.

    Attributes:
        actor: user name or id of who did it, or user name of whom it was done for.
        action: an action (``ontology.committed``) or the beginning of several (``ontology.``).
        subject: id of what it is about, or ``type`` or ``type:id``.
        since, until: from when (included) to when (not included).
        text: what stands anywhere in the event, without regard to case.
    """

    actor: str = ""
    action: str = ""
    outcome: str = ""
    ontology: str = ""
    branch: str = ""
    commit: str = ""
    subject: str = ""
    door: str = ""
    address: str = ""
    request_id: str = ""
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""

    def members(self) -> dict[str, str]:
        """What is asked about, as JSON."""
        asked = {part.name: getattr(self, part.name) for part in fields(self)}
        return {
            name: isoformat(value) if isinstance(value, datetime) else value
            for name, value in asked.items()
            if value
        }

    def query(self) -> Q:
        """The same for the database."""
        query = Q()
        for name in ("outcome", "ontology", "branch", "commit", "door", "address", "request_id"):
            if value := getattr(self, name):
                query &= Q(**{name: value})
        if self.actor:
            query &= (
                Q(actor_username=self.actor) | Q(actor_id=self.actor) | Q(on_behalf_of=self.actor)
            )
        if self.action.endswith("."):
            query &= Q(action__gte=self.action, action__lt=self.action[:-1] + "/")
        elif self.action:
            query &= Q(action=self.action)
        if self.subject:
            kind, _, name = self.subject.partition(":")
            both = Q(subject_type=kind, subject_id=name) if name else Q(subject_type=self.subject)
            query &= Q(subject_id=self.subject) | both
        if self.since is not None:
            query &= Q(id__gte=first_id_at(self.since))
        if self.until is not None:
            query &= Q(id__lt=first_id_at(self.until))
        if self.text:
            query &= Q(body__icontains=self.text)
        return query

    def matches(self, members: Mapping[str, Any]) -> bool:
        """Whether an event of a sealed file is one of them."""
        actor, subject, source = (members.get(name, {}) for name in ("actor", "subject", "source"))
        names = {actor.get("id"), actor.get("username")}
        names.add(members.get("onBehalfOf", {}).get("username"))
        kind, ident = subject.get("type", ""), subject.get("id", "")
        time, action = members["time"], members["action"]
        plain = {
            "outcome": members.get("outcome"),
            "ontology": members.get("ontology"),
            "branch": members.get("branch"),
            "commit": members.get("commit"),
            "door": source.get("door"),
            "address": source.get("address"),
            "request_id": members.get("requestId"),
        }
        return (
            all(getattr(self, name) in {"", value} for name, value in plain.items())
            and (not self.actor or self.actor in names)
            and (
                action.startswith(self.action)
                if self.action.endswith(".")
                else self.action in {"", action}
            )
            and self.subject in {"", kind, ident, f"{kind}:{ident}"}
            and (self.since is None or time >= isoformat(self.since))
            and (self.until is None or time < isoformat(self.until))
            and self.text.lower() in orjson.dumps(members).decode().lower()
        )


@dataclass(frozen=True, slots=True)
class EventInfo:
    """An event as a value.

    Attributes:
        index: its place in the tree; None while it waits for one.
        body: the text that is hashed.
        members: what stands in it.
    """

    id: str
    index: int | None
    body: str
    members: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class SealInfo:
    """A range of events in a file."""

    first: int
    last: int
    file: str
    sha256: str
    time: str
    sealed_by: str


@dataclass(frozen=True, slots=True)
class TrailState:
    """How the trail stands.

    Attributes:
        size: events that have their place.
        pending: events that wait for one.
        lag: how long the oldest of them waits.
        head: the newest signed head.
        verification: the newest ``audit.verified`` event; its data is the report.
    """

    size: int
    pending: int
    lag: timedelta
    head: Head | None
    seals: tuple[SealInfo, ...]
    verification: EventInfo | None


def list_events(
    *, where: EventFilter, limit: int | None = None, cursor: str | None = None
) -> Page[EventInfo]:
    """Events, newest first.

    Raises:
        BadRequest: a bad limit or cursor.
    """
    size = checked_limit(limit)
    rows = Event.objects.filter(where.query()).order_by("-id")
    if (key := decode_cursor(_LISTING, cursor, types=(str,))) is not None:
        rows = rows.filter(id__lt=str(key[0]).replace("\x00", ""))
    found = list(_pairs(rows)[: size + 1])
    page = found[:size]
    following = encode_cursor(_LISTING, (page[-1][0],)) if len(found) > size else None
    return Page(items=tuple(_infos(page)), next_cursor=following)


def iterate_events(*, where: EventFilter, before_id: str) -> Iterator[EventInfo]:
    """Events older than ``before_id``, oldest first, in bounded memory."""
    after = ""
    rows = Event.objects.filter(where.query(), id__lt=before_id).order_by("id")
    while True:
        chunk = list(_pairs(rows.filter(id__gt=after))[:_CHUNK])
        yield from _infos(chunk)
        if len(chunk) < _CHUNK:
            return
        after = chunk[-1][0]


def get_event(*, event_id: str) -> EventInfo:
    """One event.

    Raises:
        EventNotFound: there is none with this id.
    """
    found = list(_pairs(Event.objects.filter(id=event_id.replace("\x00", ""))))
    if not found:
        raise EventNotFound(
            f"There is no audit event {event_id!r} here. Events before a seal are in its file.",
            data={"event": event_id},
        )
    return next(iter(_infos(found)))


def _pairs(rows: QuerySet[Event]) -> QuerySet[Event, tuple[str, str]]:
    return rows.values_list("id", "body")


def _infos(rows: list[tuple[str, str]]) -> Iterator[EventInfo]:
    ids = [event_id for event_id, _ in rows]
    places = dict(Leaf.objects.filter(event_id__in=ids).values_list("event_id", "idx"))
    for event_id, body in rows:
        yield EventInfo(
            id=event_id, index=places.get(event_id), body=body, members=orjson.loads(body)
        )


def list_seals() -> tuple[SealInfo, ...]:
    """Every seal, first range first."""
    rows = Seal.objects.order_by("first")
    return tuple(
        SealInfo(row.first, row.last, row.file, row.sha256, row.time, row.sealed_by) for row in rows
    )


def trail_state() -> TrailState:
    """How the trail stands now.

    Raises:
        NotGenuine: the newest head is no signed note.
    """
    verified = Event.objects.filter(action="audit.verified").order_by("-id")[:1]
    return TrailState(
        size=leaf_count(),
        pending=Pending.objects.count(),
        lag=_lag(),
        head=latest_head(),
        seals=list_seals(),
        verification=next(iter(_infos(list(_pairs(verified)))), None),
    )


def _lag() -> timedelta:
    oldest = Pending.objects.order_by("event_id").values_list("event_id", flat=True).first()
    if oldest is None:
        return timedelta(0)
    try:
        return max(utc_now() - time_of_id(oldest), timedelta(0))
    except ValueError:
        return timedelta.max


def trail_health() -> dict[str, Any]:
    """Size of the trail, and how far the sequencer is behind; a health check."""
    return {
        "size": leaf_count(),
        "pending": Pending.objects.count(),
        "lag_seconds": round(_lag().total_seconds(), 1),
    }
