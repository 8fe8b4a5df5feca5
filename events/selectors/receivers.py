"""Webhooks, rules and deliveries, for those who run them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from django.db.models import Count, F, Max, Min, Q, QuerySet, Window
from django.db.models.functions import RowNumber, TruncHour

from events.access import administers, check_administers, checked_filter, lane_ontologies
from events.domain.filters import EventFilter
from events.models import (
    Attempt,
    Delivery,
    Event,
    Filtered,
    Lease,
    Pending,
    Quarantined,
    Rule,
    Webhook,
)
from events.selectors.log import EventView, visible_query
from events.targets import targets, wanting
from oms_project.core.authorization import authorizer, permissions
from oms_project.core.clock import utc_now
from oms_project.core.context import current_actor
from oms_project.core.errors import NotFound, PermissionDenied
from oms_project.core.pagination import Page, checked_limit, decode_cursor, encode_cursor

__all__ = [
    "DeliveryQuery",
    "Figures",
    "HourFigures",
    "Match",
    "attempt_hours",
    "attempt_hours_of",
    "attempts_of",
    "attempts_of_each",
    "figures",
    "figures_of",
    "get_delivery",
    "last_delivery",
    "list_deliveries",
    "list_quarantined",
    "list_rules",
    "list_webhooks",
    "preview",
    "webhooks_of",
    "who_wants",
]

_PREVIEWED: Final = 2000
#: Requests of a delivery that are shown.
_ATTEMPTS: Final = 100
R = TypeVar("R", bound=Filtered)


@dataclass(frozen=True, slots=True)
class DeliveryQuery:
    """Which deliveries; empty members do not filter.

    Attributes:
        lane: ``webhook:<id>``; what a webhook or rule calls ``lane``.
        event: a sequence.
    """

    lane: str = ""
    state: str = ""
    type: str = ""
    origin: str = ""
    event: int | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class HourFigures:
    """What was tried in one hour."""

    hour: datetime
    succeeded: int
    failed: int


@dataclass(frozen=True, slots=True)
class Figures:
    """How a receiver does.

    Attributes:
        waiting: events that still have to go out.
        lag: age of the oldest of them, in seconds; 0 when nothing waits.
        retry_at: when a key that fails is tried again; the soonest.
        error: of such a key.
        hours: requests of the last 24 hours, oldest first; hours without any are left out.
    """

    waiting: int
    lag: float
    delivered: int
    dead: int
    retry_at: datetime | None
    error: str
    hours: tuple[HourFigures, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """An event of the past, and who would get it."""

    event: EventView
    lanes: tuple[str, ...] = ()


def list_webhooks(*, state: str = "") -> list[Webhook]:
    """Webhooks that the actor runs, by name. Raises PermissionDenied."""
    rows = Webhook.objects.all()
    return _administered(rows.filter(state=state) if state else rows)


def list_rules() -> list[Rule]:
    """Rules that the actor runs, by name. Raises PermissionDenied."""
    return _administered(Rule.objects.all())


def list_deliveries(
    *, where: DeliveryQuery, limit: int | None = None, cursor: str | None = None
) -> Page[Delivery]:
    """Deliveries, newest first.

    Raises:
        PermissionDenied: the actor does not run the lane that is asked about (everything, when
            none is).
        BadRequest: a bad limit or cursor.
    """
    check_administers(lane_ontologies(where.lane) if where.lane else ())
    before = decode_cursor("deliveries", cursor, types=(int,))
    count = checked_limit(limit)
    rows = Delivery.objects.order_by("-id")
    for name in ("lane", "state", "type", "origin"):
        if value := getattr(where, name):
            rows = rows.filter(**{name: value})
    if where.event is not None:
        rows = rows.filter(seq=where.event)
    if where.since is not None:
        rows = rows.filter(created_at__gte=where.since)
    if where.until is not None:
        rows = rows.filter(created_at__lt=where.until)
    if before is not None:
        rows = rows.filter(id__lt=before[0])
    found = list(rows[: count + 1])
    more = len(found) > count
    page = found[:count]
    return Page(
        items=tuple(page),
        next_cursor=encode_cursor("deliveries", (page[-1].pk,)) if more else None,
    )


def get_delivery(*, delivery: int) -> Delivery:
    """One delivery. Raises NotFound, PermissionDenied."""
    found = Delivery.objects.filter(pk=delivery).first()
    if found is None:
        raise NotFound(f"There is no delivery {delivery}.", code="delivery_not_found")
    check_administers(lane_ontologies(found.lane))
    return found


def attempts_of(delivery: Delivery) -> list[Attempt]:
    """The requests of a delivery and their answers, newest first."""
    return list(Attempt.objects.filter(delivery=delivery).order_by("-id")[:_ATTEMPTS])


def attempts_of_each(deliveries: Sequence[Delivery]) -> dict[int, list[Attempt]]:
    """Id of a delivery -> its last 100 requests and their answers, newest first; one query."""
    found: dict[int, list[Attempt]] = {row.pk: [] for row in deliveries}
    place = Window(RowNumber(), partition_by=F("delivery_id"), order_by=F("id").desc())
    rows = Attempt.objects.filter(delivery_id__in=list(found)).annotate(place=place)
    for attempt in rows.filter(place__lte=_ATTEMPTS).order_by("-id"):
        found[attempt.delivery_id].append(attempt)
    return found


def webhooks_of(lanes: Collection[str]) -> dict[str, Webhook]:
    """Lane -> its webhook, of those that the actor runs. Raises PermissionDenied."""
    ids = {lane.partition(":")[2] for lane in lanes if lane.startswith("webhook:")}
    return {hook.lane: hook for hook in _administered(Webhook.objects.filter(pk__in=ids))}


def list_quarantined(*, limit: int = 200) -> list[Quarantined]:
    """What is in quarantine, newest first. Raises PermissionDenied."""
    check_administers(())
    return list(Quarantined.objects.order_by("-id")[:limit])


def figures(lane: str, *, hours: bool = True) -> Figures:
    """How the receiver of a lane does; whoever asks has checked that the actor may know."""
    waiting = Pending.objects.filter(lane=lane)
    oldest = waiting.aggregate(seq=Min("seq"))["seq"]
    added = Event.objects.filter(seq=oldest).values_list("added", flat=True).first()
    states = dict(
        Delivery.objects.filter(lane=lane).values_list("state").annotate(count=Count("id"))
    )
    failing = Lease.objects.filter(lane=lane, retry_at__gt=0).order_by("retry_at").first()
    return Figures(
        waiting=waiting.count(),
        lag=0.0 if added is None else max(0.0, (utc_now() - added).total_seconds()),
        delivered=states.get("delivered", 0),
        dead=states.get("dead", 0),
        retry_at=None if failing is None else datetime.fromtimestamp(failing.retry_at, tz=_utc()),
        error="" if failing is None else failing.error,
        hours=attempt_hours(lane) if hours else (),
    )


def figures_of(lanes: Collection[str]) -> dict[str, Figures]:
    """Lane -> how its receiver does, without the hours; as many queries as for one lane."""
    pending = {
        row["lane"]: (row["count"], row["oldest"])
        for row in Pending.objects.filter(lane__in=lanes)
        .values("lane")
        .annotate(count=Count("seq"), oldest=Min("seq"))
    }
    oldest = [seq for _, seq in pending.values()]
    added = dict(Event.objects.filter(seq__in=oldest).values_list("seq", "added"))
    states = {
        (row["lane"], row["state"]): row["count"]
        for row in Delivery.objects.filter(lane__in=lanes, state__in=("delivered", "dead"))
        .values("lane", "state")
        .annotate(count=Count("id"))
    }
    failing: dict[str, Lease] = {}
    for lease in Lease.objects.filter(lane__in=lanes, retry_at__gt=0).order_by("retry_at"):
        failing.setdefault(lease.lane, lease)
    now = utc_now()
    found = {}
    for lane in lanes:
        waiting, first = pending.get(lane, (0, None))
        since = None if first is None else added.get(first)
        held_up = failing.get(lane)
        found[lane] = Figures(
            waiting=waiting,
            lag=0.0 if since is None else max(0.0, (now - since).total_seconds()),
            delivered=states.get((lane, "delivered"), 0),
            dead=states.get((lane, "dead"), 0),
            retry_at=None
            if held_up is None
            else datetime.fromtimestamp(held_up.retry_at, tz=_utc()),
            error="" if held_up is None else held_up.error,
        )
    return found


def _utc() -> Any:
    return utc_now().tzinfo


def attempt_hours(lane: str = "") -> tuple[HourFigures, ...]:
    """Requests of the last 24 hours, of one lane or of all; whoever asks has checked who may."""
    succeeded = Q(status__gte=200, status__lt=300, error="")
    of_lane = Q(delivery__lane=lane) if lane else Q()
    rows = (
        Attempt.objects.filter(of_lane, at__gte=utc_now() - timedelta(hours=24))
        .annotate(hour=TruncHour("at"))
        .values("hour")
        .annotate(succeeded=Count("id", filter=succeeded), failed=Count("id", filter=~succeeded))
        .order_by("hour")
    )
    return tuple(HourFigures(row["hour"], row["succeeded"], row["failed"]) for row in rows)


def attempt_hours_of(lanes: Collection[str]) -> dict[str, tuple[HourFigures, ...]]:
    """Lane -> `attempt_hours` of it; one query, whoever asks has checked who may."""
    succeeded = Q(status__gte=200, status__lt=300, error="")
    rows = (
        Attempt.objects.filter(delivery__lane__in=lanes, at__gte=utc_now() - timedelta(hours=24))
        .annotate(hour=TruncHour("at"), lane=F("delivery__lane"))
        .values("lane", "hour")
        .annotate(succeeded=Count("id", filter=succeeded), failed=Count("id", filter=~succeeded))
        .order_by("lane", "hour")
    )
    found: dict[str, list[HourFigures]] = {lane: [] for lane in lanes}
    for row in rows:
        found[row["lane"]].append(HourFigures(row["hour"], row["succeeded"], row["failed"]))
    return {lane: tuple(hours) for lane, hours in found.items()}


def preview(*, wanted: EventFilter, limit: int = 50) -> tuple[list[Match], int]:
    """A dry run: which of the last events a filter would have matched, newest first.

    Returns:
        Matches that the actor may see, and how many events were looked at.

    Raises:
        Invalid: the filter. PermissionDenied: without ``events.read``.
    """
    checked_filter(wanted)
    rows = Event.objects.filter(visible_query(current_actor())).order_by("-seq")[:_PREVIEWED]
    matches: list[Match] = []
    looked_at = 0
    for row in rows:
        looked_at += 1
        if not wanted.matches_place(row.type, row.ontology, row.branch):
            continue
        view = EventView(row.seq, row.body)
        if wanted.matches_content(view.event):
            matches.append(Match(view))
            if len(matches) >= limit:
                break
    return matches, looked_at


def who_wants(*, event: EventView) -> list[str]:
    """Lanes down which an event would go if it happened now.

    Raises:
        PermissionDenied: the actor does not run events.
    """
    check_administers(())
    members = event.event
    return [
        one.lane
        for one in wanting(
            targets(),
            kind=members["type"],
            ontology=members.get("ontology", ""),
            branch=members.get("branch", ""),
            body=event.text,
        )
    ]


def last_delivery(lane: str) -> datetime | None:
    """When something was delivered last."""
    found: datetime | None = Delivery.objects.filter(lane=lane, state="delivered").aggregate(
        last=Max("finished_at")
    )["last"]
    return found


def _administered(rows: QuerySet[R]) -> list[R]:
    actor = current_actor()
    decision = authorizer.anywhere(actor, permissions.EVENTS_ADMINISTER)
    if not decision.allowed:
        raise PermissionDenied(
            f"Not allowed: {decision.reason}.", data={"permission": permissions.EVENTS_ADMINISTER}
        )
    found: Sequence[R] = list(rows.order_by("name"))
    return [row for row in found if administers(actor, row.ontologies)]
