"""The timeline, an event, and how the trail stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from audit import services
from audit.console.labels import ACTION_LABELS, KIND_LABELS, OUTCOME_LABELS, action_label
from audit.domain.export import FORMATS
from audit.selectors import EventFilter, EventInfo
from audit.verification import Kind
from oms_project.console.pages import moment_in, page, show
from oms_project.core import canonical_json
from oms_project.core.authorization import permissions
from oms_project.core.routes import requires

__all__ = ["event", "state", "timeline", "verify"]

PAGE = 50
_FIELDS = (
    "actor", "action", "outcome", "ontology", "branch", "commit", "subject", "door", "address",
    "request_id", "text",
)  # fmt: skip


@page
@requires(permissions.AUDIT_READ)
@require_safe
def timeline(request: HttpRequest) -> HttpResponse:
    """Events, newest first, by day, with filters."""
    asked = {name: request.GET.get(name, "").replace("\x00", "")[:500] for name in _FIELDS}
    since, until = request.GET.get("since", ""), request.GET.get("until", "")
    where = EventFilter(**asked, since=moment_in(since), until=moment_in(until))
    found = services.search(where=where, limit=PAGE, cursor=request.GET.get("cursor") or None)
    query = request.GET.copy()
    query.pop("cursor", None)
    query_first = query.urlencode()
    query["cursor"] = found.next_cursor or ""
    actions = sorted(ACTION_LABELS)
    groups = sorted({action.partition(".")[0] + "." for action in actions})
    context = {
        "title": _("Audit trail"),
        "days": _by_day([_row(one) for one in found.items]),
        "asked": {**asked, "since": since, "until": until},
        "is_filtered": bool(where.members()),
        "choices": [
            (group, [(name, action_label(name)) for name in actions if name.startswith(group)])
            for group in groups
        ],
        "outcomes": OUTCOME_LABELS.items(),
        "next_query": query.urlencode() if found.next_cursor else "",
        "first_query": query_first if request.GET.get("cursor") else None,
        "export_query": query_first,
        "formats": list(FORMATS),
    }
    return show(request, "audit/timeline.html", context)


def _row(one: EventInfo) -> dict[str, Any]:
    members = one.members
    return {
        "id": one.id,
        "index": one.index,
        "label": action_label(members["action"]),
        "outcome_label": OUTCOME_LABELS.get(members["outcome"], members["outcome"]),
        "about": members["subject"].get("name") or members["subject"].get("id", ""),
        "moment": datetime.fromisoformat(members["time"]),
        **members,
    }


def _by_day(rows: list[dict[str, Any]]) -> list[tuple[Any, list[dict[str, Any]]]]:
    days: dict[Any, list[dict[str, Any]]] = {}
    for row in rows:
        days.setdefault(row["moment"].date(), []).append(row)
    return list(days.items())


@page
@requires(permissions.AUDIT_READ)
@require_safe
def event(request: HttpRequest, event_id: str) -> HttpResponse:
    """An event: what changed, and the proof that it is in the trail."""
    proof = services.prove_event(event_id=event_id)
    found = services.get_event(event_id=event_id)
    members = found.members
    changes = [
        (name, _shown(pair[0]), _shown(pair[1]))
        for name, pair in members.get("changes", {}).items()
    ]
    context = {
        "title": action_label(members["action"]),
        "event": _row(found),
        "changes": changes,
        "data": [(name, _shown(value)) for name, value in members.get("data", {}).items()],
        "proof": proof,
        "root": proof.root.hex(),
        "leaf": proof.leaf.hex(),
        "hashes": [step.hex() for step in proof.hashes],
    }
    return show(request, "audit/event.html", context)


def _shown(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else canonical_json.dumps_text(value)


@page
@requires(permissions.AUDIT_READ)
@require_safe
def state(request: HttpRequest) -> HttpResponse:
    """Whether the trail is whole, as far as the last verification knows."""
    found = services.state()
    last = found.verification
    report: Mapping[str, Any] | None = None if last is None else last.members["data"]
    context = {
        "title": _("State of the audit trail"),
        "state": found,
        "root": "" if found.head is None else found.head.checkpoint.root.hex(),
        "lag": int(found.lag.total_seconds()),
        "report": report,
        "verified_at": None if last is None else datetime.fromisoformat(last.members["time"]),
        "verified_by": "" if last is None else last.members.get("actor", {}).get("username", ""),
        "problems": [
            {**problem, "label": KIND_LABELS[Kind(problem["kind"])]}
            for problem in (report or {}).get("problems", ())
        ],
    }
    return show(request, "audit/state.html", context)


@page
@requires(permissions.AUDIT_READ)
@require_POST
def verify(request: HttpRequest) -> HttpResponse:
    """Verify now, against a checkpoint when one is given."""
    note = request.POST.get("checkpoint", "").replace("\r\n", "\n")
    if note.strip():
        note = note.strip("\n") + "\n"
    report = services.verify(checkpoint=note if note.strip() else None)
    if report.is_intact:
        messages.success(request, _("Nothing was changed."))
    else:
        messages.error(
            request,
            _("The audit trail was changed: %(count)d findings.") % {"count": report.found},
        )
    return redirect(reverse("audit_console:state"))
