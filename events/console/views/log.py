"""The log of events: its newest end, live; and one event."""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from events.console.frame import LIMIT, asked, number_in, show_in, turn_pages
from events.console.labels import grouped_types, type_label
from events.console.rows import delivery_rows, event_row, links_of, receivers_of
from events.domain.filters import EventFilter
from events.domain.types import event_type
from events.selectors.log import EventQuery, events_after, get_event, last_sequence, list_events
from events.selectors.receivers import DeliveryQuery, list_deliveries, who_wants
from oms_project.console.pages import allowed, moment_in, page
from oms_project.core.authorization import permissions
from oms_project.core.routes import requires

__all__ = ["event", "listing", "tail"]

_FILTERS: Final = ("type", "ontology", "branch", "text")
#: How far a look for new events goes back: one that was written earlier may be committed later.
_BACK: Final = 50
_FRESH: Final = 200
_TRAIL: Final = "io.oms.audit.recorded.v1"
_EVERYTHING: Final = "*"


@page
@requires(permissions.EVENTS_READ)
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Events, newest first; on the first page new ones come in by themselves."""
    boxes = asked(request, *_FILTERS, "since", "until", "cursor")
    end = last_sequence()
    where = _query(boxes)
    found = list_events(where=where, limit=LIMIT, cursor=boxes["cursor"] or None)
    is_live = not boxes["cursor"] and not boxes["until"]
    groups = grouped_types()
    names = {name for group, _label, rows in groups for name in (group, *(n for n, _ in rows))}
    context: dict[str, Any] = {
        "title": _("Events"),
        "rows": [event_row(one) for one in found.items],
        "asked": boxes,
        "is_filtered": any(boxes[name] for name in (*_FILTERS, "since", "until")),
        "groups": groups,
        "other_type": "" if boxes["type"] in {*names, _EVERYTHING} else boxes["type"],
        "is_live": is_live,
        **turn_pages(request, found.next_cursor),
    }
    if is_live:
        end = max(end, *(one.sequence for one in found.items), 0)
        context["poll"] = _poll(boxes, end, _seen(where, end))
    return show_in(request, "log", "events/log.html", context)


@page
@requires(permissions.EVENTS_READ)
@require_safe
def tail(request: HttpRequest) -> HttpResponse:
    """What is new after a sequence, as rows to be put on top, and where to go on."""
    boxes = asked(request, *_FILTERS, "since")
    seen = {int(one) for one in request.GET.get("seen", "").split(",") if one.isdecimal()}
    asked_after = number_in(request.GET.get("after", ""))
    after = last_sequence() if asked_after is None else asked_after
    where = _query(boxes)
    start = after
    if asked_after is not None and "seen" in request.GET:
        start = max(0, after - _BACK)
    found, end = events_after(start, where=where, limit=_FRESH)
    fresh = [one for one in found if one.sequence not in seen]
    end = max(after, end)
    context = {
        "rows": [event_row(one) for one in reversed(fresh)],
        "poll": _poll(boxes, end, seen | {one.sequence for one in fresh}),
    }
    return render(request, "events/parts/tail.html", context)


def _query(boxes: dict[str, str]) -> EventQuery:
    return EventQuery(
        wanted=EventFilter(
            types=(boxes["type"],) if boxes["type"] else (),
            ontologies=(boxes["ontology"],) if boxes["ontology"] else (),
            branches=(boxes["branch"],) if boxes["branch"] else (),
        ),
        since=moment_in(boxes["since"]),
        until=moment_in(boxes.get("until", "")),
        text=boxes["text"],
        # Nearly everything has an entry in the trail, too: shown when it is asked for.
        without=() if boxes["type"] else (_TRAIL,),
    )


def _seen(where: EventQuery, end: int) -> set[int]:
    """What is shown, or was not wanted, at the end of the log: it is not new."""
    found, _end = events_after(max(0, end - _BACK), where=where, limit=_FRESH)
    return {one.sequence for one in found if one.sequence <= end}


def _poll(boxes: dict[str, str], end: int, seen: set[int]) -> str:
    """The address that tells what is new."""
    kept = {name: boxes[name] for name in (*_FILTERS, "since") if boxes[name]}
    near = sorted(one for one in seen if end - _BACK < one <= end)
    return urlencode({**kept, "after": end, "seen": ",".join(map(str, near))})


@page
@requires(permissions.EVENTS_READ)
@require_safe
def event(request: HttpRequest, event: str) -> HttpResponse:
    """One event: what it means, what it says, what it is about; for operators, who gets it."""
    found = get_event(event=event)
    row = event_row(found)
    known = event_type(row.type)
    context: dict[str, Any] = {
        "title": type_label(row.type),
        "row": row,
        "is_known": known is not None,
        "members": [(n, v) for n, v in found.event.items() if n != "data"],
        "text": json.dumps(found.event, ensure_ascii=False, indent=2),
        "links": links_of(found),
    }
    if allowed(permissions.EVENTS_ADMINISTER):
        deliveries = list_deliveries(where=DeliveryQuery(event=found.sequence), limit=LIMIT)
        context |= {
            "is_operator": True,
            "wanted_by": receivers_of(who_wants(event=found)),
            "deliveries": delivery_rows(deliveries.items),
        }
    return show_in(request, "log", "events/event.html", context)
