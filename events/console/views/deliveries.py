"""Deliveries: the list, and one with its requests and answers."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from events.console.frame import LIMIT, asked, number_in, refused, show_in, turn_pages
from events.console.labels import grouped_types
from events.console.rows import delivery_rows
from events.models import Delivery, Rule
from events.selectors.receivers import (
    DeliveryQuery,
    attempts_of,
    get_delivery,
    list_deliveries,
    list_rules,
    list_webhooks,
)
from events.services.deliveries import cancel_delivery, redeliver
from oms_project.console.pages import allowed, moment_in, page
from oms_project.core.authorization import permissions
from oms_project.core.errors import Conflict, NotFound
from oms_project.core.pagination import Page
from oms_project.core.routes import requires

__all__ = ["act", "delivery", "listing"]

_BOXES: Final = ("lane", "state", "type", "origin", "event", "since", "until", "cursor")


@page
@requires(permissions.EVENTS_ADMINISTER)
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Deliveries, newest first, with filters."""
    boxes = asked(request, *_BOXES)
    receivers = [(one.lane, one.name) for one in list_webhooks()]
    receivers += [(one.lane, one.name) for one in list_rules() if one.sink != Rule.Sink.WEBHOOK]
    # Those of every receiver are for those who run them all.
    must_choose = not boxes["lane"] and not allowed(permissions.EVENTS_ADMINISTER)
    found: Page[Delivery] = Page(())
    if not must_choose:
        where = DeliveryQuery(
            **{name: boxes[name] for name in ("lane", "state", "type", "origin")},
            event=number_in(boxes["event"]),
            since=moment_in(boxes["since"]),
            until=moment_in(boxes["until"]),
        )
        found = list_deliveries(where=where, limit=LIMIT, cursor=boxes["cursor"] or None)
    context: dict[str, Any] = {
        "title": _("Deliveries"),
        "rows": delivery_rows(found.items),
        "asked": boxes,
        "is_filtered": any(boxes[name] for name in _BOXES[:-1]),
        "must_choose": must_choose,
        "receivers": receivers,
        "groups": grouped_types(),
        "states": Delivery.State.choices,
        "origins": Delivery.Origin.choices,
        **turn_pages(request, found.next_cursor),
    }
    return show_in(request, "deliveries", "events/deliveries.html", context)


@page
@requires(permissions.EVENTS_ADMINISTER)
@require_safe
def delivery(request: HttpRequest, delivery: int) -> HttpResponse:
    """One delivery, with its attempts."""
    found = get_delivery(delivery=delivery)
    [row] = delivery_rows([found])
    context = {
        "title": _("Delivery %(id)d") % {"id": found.pk},
        **row,
        "attempts": attempts_of(found),
        "is_pending": found.state == Delivery.State.PENDING,
    }
    return show_in(request, "deliveries", "events/delivery.html", context)


@page
@requires(permissions.EVENTS_ADMINISTER)
@require_POST
def act(request: HttpRequest, delivery: int) -> HttpResponse:
    """Send it again, or give it up."""
    found = get_delivery(delivery=delivery)
    try:
        match request.POST.get("act"):
            case "redeliver":
                redeliver(delivery=found.pk)
                messages.success(request, _("The delivery is sent again."))
            case "cancel":
                cancel_delivery(delivery=found.pk)
                messages.success(
                    request, _("The delivery was given up. What is behind it goes on.")
                )
    except (Conflict, NotFound) as error:
        refused(request, error)
    return redirect("events_console:delivery", found.pk)
