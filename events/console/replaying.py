"""Sending a range of events again, to a webhook or down a rule: first how many, then do."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from events.console.forms import range_in
from events.console.frame import show_in
from events.console.labels import problems_of
from events.models import Rule, Webhook
from events.selectors.log import last_sequence
from events.services.deliveries import Replay, replay_events
from oms_project.core.errors import Invalid

__all__ = ["replay_page"]


def replay_page(request: HttpRequest, tab: str, row: Webhook | Rule) -> HttpResponse:
    """The form, what it would do, and its doing."""
    named: dict[str, Any] = {tab.removesuffix("s"): str(row.pk)}
    asked = range_in(request)
    errors: dict[str, str] = {}
    found: Replay | None = None
    back = f"events_console:{tab.removesuffix('s')}"
    if request.method == "POST":
        errors = asked.errors
        is_meant = request.POST.get("step") == "do"
        if not errors:
            try:
                found = replay_events(**named, **asked.asked, dry_run=not is_meant)
            except Invalid as error:
                errors = problems_of(error, fallback="from_sequence")
        if found is not None and is_meant:
            messages.success(
                request,
                ngettext(
                    "%(count)d event is sent again.", "%(count)d events are sent again.",
                    found.queued,
                )
                % {"count": found.queued},
            )  # fmt: skip
            return redirect(back, str(row.pk))
    context: dict[str, Any] = {
        "title": _("Send events to %(name)s again") % {"name": row.name},
        "row": row,
        "back": back,
        "values": asked.values,
        "errors": errors,
        "found": found,
        "end": last_sequence(),
    }
    return show_in(request, tab, "events/replay.html", context, status=422 if errors else 200)
