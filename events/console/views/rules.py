"""Routing rules: the list, one of them, its form, sending again, its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from events.console.forms import changes_of_rule, filter_in, new_rule, values_in, values_of
from events.console.frame import show_in
from events.console.labels import problems_of
from events.console.replaying import replay_page
from events.console.rows import delivery_rows, span
from events.console.views.webhooks import previewed
from events.models import Rule
from events.selectors.receivers import (
    DeliveryQuery,
    figures,
    list_deliveries,
    list_rules,
    list_webhooks,
)
from events.services import rules as services
from oms_project.console.pages import page, page_number
from oms_project.core.authorization import permissions
from oms_project.core.errors import Conflict, Invalid
from oms_project.core.routes import requires

__all__ = ["act", "create", "delete", "edit", "listing", "replay", "rule"]

_SHOWN: Final = 50
_LATEST: Final = 10


@page
@requires(permissions.EVENTS_ADMINISTER)
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Every rule that the reader runs."""
    every = list_rules()
    number = page_number(request.GET.get("page", ""))
    first = (number - 1) * _SHOWN
    context = {
        "title": _("Routing"),
        "rows": every[first : first + _SHOWN],
        "next_url": f"?page={number + 1}" if len(every) > first + _SHOWN else "",
        "first_url": "?" if number > 1 else "",
    }
    return show_in(request, "rules", "events/rules.html", context)


@page
@requires(permissions.EVENTS_ADMINISTER)
@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """Make a rule."""
    values, errors = values_of(Rule()), {}
    if request.method == "POST":
        values = values_in(request)
        if "preview" in request.POST:
            return _form(request, None, values, {})
        try:
            made = services.create_rule(asked=new_rule(values))
        except (Invalid, Conflict) as error:
            errors = _problems(error)
        else:
            messages.success(
                request,
                _("The rule %(name)s holds for what happens from now on.") % {"name": made.name},
            )
            return redirect("events_console:rule", str(made.pk))
    return _form(request, None, values, errors)


@page
@requires(permissions.EVENTS_ADMINISTER)
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, rule: str) -> HttpResponse:
    """Change a rule."""
    found = services.get_rule(rule=rule)
    values, errors = values_of(found), {}
    if request.method == "POST":
        # The sink of a rule stays as it is: its box is not sent.
        values = {**values_in(request), "sink": found.sink}
        if "preview" in request.POST:
            return _form(request, found, values, {})
        try:
            services.update_rule(
                rule=str(found.pk), changes=changes_of_rule(values), wanted=filter_in(values)
            )
        except (Invalid, Conflict) as error:
            errors = _problems(error)
        else:
            messages.success(request, _("The changes are saved."))
            return redirect("events_console:rule", str(found.pk))
    return _form(request, services.get_rule(rule=rule), values, errors)


def _problems(error: Invalid | Conflict) -> dict[str, str]:
    return problems_of(error, fallback="name" if isinstance(error, Conflict) else "")


def _form(
    request: HttpRequest, rule: Rule | None, values: Mapping[str, str], errors: dict[str, str]
) -> HttpResponse:
    context: dict[str, Any] = {
        "title": _("New rule") if rule is None else _("Edit %(name)s") % {"name": rule.name},
        "rule": rule,
        "sinks": Rule.Sink.choices,
        "webhooks": [hook.name for hook in list_webhooks()],
        **previewed(request, values, errors),
    }
    return show_in(
        request, "rules", "events/rule_edit.html", context, status=422 if errors else 200
    )


@page
@requires(permissions.EVENTS_ADMINISTER)
@require_safe
def rule(request: HttpRequest, rule: str) -> HttpResponse:
    """One rule: what it says, and how it does."""
    found = services.get_rule(rule=rule)
    done = figures(found.lane, hours=False)
    latest = list_deliveries(where=DeliveryQuery(lane=found.lane), limit=_LATEST)
    context = {
        "title": found.name,
        "rule": found,
        "figures": done,
        "lag": span(done.lag),
        "deliveries": delivery_rows(latest.items),
    }
    return show_in(request, "rules", "events/rule.html", context)


@page
@requires(permissions.EVENTS_ADMINISTER)
@require_POST
def act(request: HttpRequest, rule: str) -> HttpResponse:
    """Enable or disable."""
    found = services.get_rule(rule=rule)
    match request.POST.get("act"):
        case "enable":
            services.update_rule(rule=str(found.pk), changes={"enabled": True})
            messages.success(request, _("The rule is enabled."))
        case "disable":
            services.update_rule(rule=str(found.pk), changes={"enabled": False})
            messages.success(request, _("The rule is disabled."))
    return redirect("events_console:rule", str(found.pk))


@page
@requires(permissions.EVENTS_ADMINISTER)
@require_http_methods(["GET", "POST"])
def replay(request: HttpRequest, rule: str) -> HttpResponse:
    """Send a range of events down a rule: first how many, then do."""
    found = services.get_rule(rule=rule)
    return replay_page(request, "rules", found)


@page
@requires(permissions.EVENTS_ADMINISTER)
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, rule: str) -> HttpResponse:
    """Forget a rule, after a question."""
    found = services.get_rule(rule=rule)
    if request.method == "POST":
        services.delete_rule(rule=str(found.pk))
        messages.success(request, _("%(name)s was deleted.") % {"name": found.name})
        return redirect("events_console:rules")
    context = {
        "title": _("Delete %(name)s") % {"name": found.name},
        "row": found,
        "kind": "rule",
        "waiting": figures(found.lane, hours=False).waiting,
    }
    return show_in(request, "rules", "events/delete.html", context)
