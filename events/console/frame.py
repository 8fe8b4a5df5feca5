"""The frame of the pages about events: the tabs, and what comes back from a service."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from events.console.labels import problem_text
from oms_project.console.pages import allowed, allowed_anywhere, show
from oms_project.core.authorization import permissions
from oms_project.core.errors import OmsError

__all__ = ["LIMIT", "asked", "number_in", "refused", "show_in", "turn_pages"]

#: Rows of a page.
LIMIT = 50


def show_in(
    request: HttpRequest, tab: str, template: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """Render ``template`` with the tabs above it, as far as the reader may open them."""
    tabs = []
    if allowed_anywhere(permissions.EVENTS_READ):
        tabs.append(("log", _("Events"), "rss_feed"))
    if allowed_anywhere(permissions.EVENTS_ADMINISTER):
        tabs += [
            ("webhooks", _("Webhooks"), "webhook"),
            ("deliveries", _("Deliveries"), "local_shipping"),
            ("rules", _("Routing"), "alt_route"),
        ]
    if allowed(permissions.EVENTS_ADMINISTER):
        tabs.append(("streams", _("Streams and lag"), "speed"))
    shown = [
        (reverse(f"events_console:{name}"), label, icon, name == tab) for name, label, icon in tabs
    ]
    return show(request, template, {"tabs": shown, **context}, status=status)


def asked(request: HttpRequest, *names: str) -> dict[str, str]:
    """What the address asks for, each cut to what may be stored."""
    return {name: request.GET.get(name, "").replace("\x00", "").strip()[:600] for name in names}


def turn_pages(request: HttpRequest, next_cursor: str | None) -> dict[str, str]:
    """``next_url`` and ``first_url`` of `console/parts/pager.html`."""
    query = request.GET.copy()
    was = query.pop("cursor", None)
    first = f"?{query.urlencode()}" if was else ""
    query["cursor"] = next_cursor or ""
    return {"next_url": f"?{query.urlencode()}" if next_cursor else "", "first_url": first}


def number_in(text: str) -> int | None:
    """A whole number that a person typed in; None for anything else."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def refused(request: HttpRequest, error: OmsError) -> None:
    """Tell on the next page what a service refused."""
    messages.error(request, problem_text(error.message))
