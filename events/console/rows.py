"""Events and figures as the templates show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from events.console.labels import STATE_CLASSES, lane_label, type_label
from events.models import Delivery
from events.selectors.lag import LaneLag, lane_names
from events.selectors.log import EventView
from events.selectors.receivers import HourFigures
from oms_project.core.clock import utc_now

__all__ = [
    "Chart",
    "EventRow",
    "Link",
    "chart_of",
    "delivery_rows",
    "event_row",
    "lane_rows",
    "links_of",
    "receivers_of",
    "span",
    "state_class",
]

_HOURS: Final = 24
_HEIGHT: Final = 40
_WIDTH: Final = 10
_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86400


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event in the list."""

    sequence: int
    id: str
    type: str
    label: str
    time: datetime | None
    ontology: str
    branch: str
    who: str
    about: str


@dataclass(frozen=True, slots=True)
class Link:
    """Where the page of an event leads to."""

    url: str
    label: str


@dataclass(frozen=True, slots=True)
class Bar:
    """An hour: where its bars stand in the picture."""

    x: int
    succeeded: float
    failed: float
    top: float
    middle: float
    figures: HourFigures


@dataclass(frozen=True, slots=True)
class Chart:
    """Requests of the last 24 hours, hour by hour; the sum stands for it in words."""

    bars: tuple[Bar, ...]
    succeeded: int
    failed: int
    width: int = _HOURS * _WIDTH
    height: int = _HEIGHT


def event_row(view: EventView) -> EventRow:
    """An event as a row."""
    event = view.event
    found = event.get("data")
    data: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
    actor = data.get("actor")
    who = actor.get("username", "") if isinstance(actor, Mapping) else actor
    return EventRow(
        sequence=view.sequence,
        id=str(event["id"]),
        type=str(event["type"]),
        label=type_label(str(event["type"])),
        time=_moment(str(event.get("time", ""))),
        ontology=str(event.get("ontology", "")),
        branch=str(event.get("branch", "")),
        who=str(who or data.get("author") or ""),
        about=_about(event, data),
    )


def _about(event: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    for name in ("message", "tag", "name", "task", "error"):
        if isinstance(value := data.get(name), str) and value:
            return value.strip().partition("\n")[0]
    if isinstance(action := data.get("action"), str) and action:
        return action
    changes = data.get("changes")
    if isinstance(changes, list):
        named = [
            str(one.get("id") or one.get("type") or "")
            for one in changes[:3]
            if isinstance(one, Mapping)
        ]
        more = f" +{len(changes) - 3}" if len(changes) > 3 else ""
        return ", ".join(name for name in named if name) + more
    return str(event.get("subject", ""))


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def links_of(view: EventView) -> list[Link]:
    """The commit, the branch, the ontology, the job, the webhook that an event is about."""
    event = view.event
    if not str(event["type"]).startswith("io.oms."):
        return []
    found = event.get("data")
    data: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
    links: list[Link] = []
    ontology, branch = str(event.get("ontology", "")), str(event.get("branch", ""))
    if ontology:
        for name, label in (("commit", _("Commit")), ("run", _("Run that was taken back"))):
            if isinstance(commit := data.get(name), str) and commit:
                url = reverse("console:commit", args=(ontology, commit))
                links.append(Link(url, f"{label} {commit[:10]}"))
        home = reverse("console:explorer", args=(ontology,))
        if branch:
            links.append(Link(f"{home}?{urlencode({'ref': branch})}", _("Branch") + f" {branch}"))
        links.append(Link(home, _("Ontology") + f" {ontology}"))
    if isinstance(job := data.get("job"), str) and job:
        links.append(Link(reverse("job", args=(job,)), _("Job") + f" {job}"))
    if isinstance(webhook := data.get("webhook"), str) and webhook:
        url = reverse("events_console:webhook", args=(webhook,))
        links.append(Link(url, _("Webhook") + f" {data.get('name', webhook)}"))
    if event["type"] == "io.oms.audit.recorded.v1" and isinstance(data.get("event"), str):
        url = reverse("audit_console:event", args=(data["event"],))
        links.append(Link(url, _("Audit trail")))
    if event["type"] == "io.oms.event.quarantined.v1" and data.get("sequence"):
        url = reverse("events_console:event", args=(str(data["sequence"]),))
        links.append(Link(url, _("Event") + f" {data['sequence']}"))
    return links


def receivers_of(lanes: Iterable[str]) -> list[tuple[str, str, str]]:
    """(lane, what it is called, its page or nothing) of each."""
    lanes = list(lanes)
    names = lane_names(lanes)
    return [(lane, lane_label(lane, names), _lane_url(lane, names)) for lane in lanes]


def _lane_url(lane: str, names: Mapping[str, str]) -> str:
    sink, _colon, rest = lane.partition(":")
    if lane not in names:
        return ""
    return reverse(f"events_console:{'webhook' if sink == 'webhook' else 'rule'}", args=(rest,))


def delivery_rows(deliveries: Sequence[Delivery]) -> list[dict[str, Any]]:
    """Deliveries with what their types and receivers are called."""
    lanes = sorted({one.lane for one in deliveries})
    receivers = {lane: (label, url) for lane, label, url in receivers_of(lanes)}
    return [
        {
            "delivery": one,
            "label": type_label(one.type),
            "receiver": receivers[one.lane][0],
            "receiver_url": receivers[one.lane][1],
            "state_class": state_class(one.state),
        }
        for one in deliveries
    ]


def state_class(state: str) -> str:
    """The class of a state's badge."""
    return STATE_CLASSES.get(state, "")


def chart_of(hours: Sequence[HourFigures]) -> Chart:
    """The last 24 hours, also those in which nothing was sent."""
    by_hour = {one.hour.replace(minute=0, second=0, microsecond=0): one for one in hours}
    now = utc_now().replace(minute=0, second=0, microsecond=0)
    every = []
    for back in range(_HOURS - 1, -1, -1):
        hour = now - timedelta(hours=back)
        every.append(by_hour.get(hour, HourFigures(hour, 0, 0)))
    most = max((one.succeeded + one.failed for one in every), default=0) or 1
    bars = []
    for place, one in enumerate(every):
        good = round(one.succeeded / most * _HEIGHT, 1)
        bad = round(one.failed / most * _HEIGHT, 1)
        bars.append(
            Bar(
                x=place * _WIDTH + 1,
                succeeded=good,
                failed=bad,
                top=round(_HEIGHT - good - bad, 1),
                middle=round(_HEIGHT - good, 1),
                figures=one,
            )
        )
    return Chart(tuple(bars), sum(one.succeeded for one in every), sum(one.failed for one in every))


def lane_rows(lanes: Sequence[LaneLag]) -> list[dict[str, Any]]:
    """Lanes with the lengths of their bars, in hundredths."""
    longest = max((one.lag for one in lanes), default=0) or 1
    failing = max((one.failing for one in lanes), default=0) or 1
    labels = {lane: (label, url) for lane, label, url in receivers_of([one.lane for one in lanes])}
    return [
        {
            "lane": one,
            "label": labels[one.lane][0],
            "url": labels[one.lane][1],
            "lag": span(one.lag),
            "lag_bar": round(one.lag / longest * 100),
            "failing_bar": round(one.failing / failing * 100),
        }
        for one in lanes
    ]


def span(seconds: float) -> str:
    """A span of time in one word: ``0 s``, ``12 s``, ``3 min``, ``5 h``, ``2 d``."""
    if seconds < _MINUTE:
        return _("%(n)d s") % {"n": seconds}
    if seconds < _HOUR:
        return _("%(n)d min") % {"n": seconds // _MINUTE}
    if seconds < _DAY:
        return _("%(n)d h") % {"n": seconds // _HOUR}
    return _("%(n)d d") % {"n": seconds // _DAY}
