"""Lanes and how far each is behind, streams, what is in quarantine, publishing again."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from events.access import check_administers
from events.adapters.streams import StreamFigures, list_streams
from events.console.frame import number_in, refused, show_in
from events.console.rows import chart_of, lane_rows, receivers_of
from events.models import Event
from events.selectors.lag import list_lanes
from events.selectors.log import last_sequence
from events.selectors.receivers import attempt_hours, list_quarantined
from events.services.deliveries import release_quarantined, replay_stream
from oms_project.console.pages import page
from oms_project.core.authorization import permissions
from oms_project.core.errors import Conflict, Unavailable
from oms_project.core.routes import requires

__all__ = ["publish", "release", "streams"]


@page
@requires(permissions.EVENTS_ADMINISTER)
@require_safe
def streams(request: HttpRequest) -> HttpResponse:
    """How far everything is behind, and what cannot go on."""
    check_administers(())
    return _page(request, {"from": "", "to": ""}, {})


def _page(request: HttpRequest, values: dict[str, str], errors: dict[str, str]) -> HttpResponse:
    found: list[StreamFigures] = []
    away = ""
    try:
        found = list_streams()
    except Unavailable as error:
        away = error.message
    behind = list_lanes()
    quarantined = list_quarantined()
    labels = {lane: label for lane, label, _url in receivers_of({one.lane for one in quarantined})}
    seqs = [one.seq for one in quarantined]
    types = dict(Event.objects.filter(seq__in=seqs).values_list("seq", "type"))
    context: dict[str, Any] = {
        "title": _("Streams and lag"),
        "lanes": lane_rows(behind),
        "waiting": sum(one.waiting for one in behind),
        "chart": chart_of(attempt_hours()),
        "streams": found,
        "away": away,
        "quarantined": [
            {"entry": one, "label": labels[one.lane], "type": types.get(one.seq, "")}
            for one in quarantined
        ],
        "values": values,
        "errors": errors,
        "end": last_sequence(),
        "has_streams": bool(settings.NATS_URL),
    }
    return show_in(
        request, "streams", "events/streams.html", context, status=422 if errors else 200
    )


@page
@requires(permissions.EVENTS_ADMINISTER)
@require_POST
def publish(request: HttpRequest) -> HttpResponse:
    """Publish a range of events to the streams again."""
    check_administers(())
    values = {name: request.POST.get(name, "").strip()[:40] for name in ("from", "to")}
    first, last = number_in(values["from"]), number_in(values["to"])
    errors = {}
    if first is None:
        errors["from"] = _("A whole number.")
    if values["to"] and (last is None or (first is not None and last < first)):
        errors["to"] = _("A whole number, and not before the first.")
    if first is None or errors:
        return _page(request, values, errors)
    try:
        done = replay_stream(from_sequence=first, to_sequence=last)
    except Conflict as error:
        refused(request, error)
        return redirect("events_console:streams")
    messages.success(
        request,
        ngettext(
            "%(count)d event is published again.", "%(count)d events are published again.",
            done.queued,
        )
        % {"count": done.queued},
    )  # fmt: skip
    return redirect("events_console:streams")


@page
@requires(permissions.EVENTS_ADMINISTER)
@require_POST
def release(request: HttpRequest, entry: int) -> HttpResponse:
    """Send what is in quarantine again, or drop it."""
    is_dropped = request.POST.get("act") == "drop"
    if is_dropped or request.POST.get("act") == "release":
        release_quarantined(entry=entry, drop=is_dropped)
        messages.success(
            request,
            _("The event was dropped.") if is_dropped else _("The event goes its way again."),
        )
    return redirect("events_console:streams")
