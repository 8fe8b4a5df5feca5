"""Webhooks: the list, one of them, its form, its secret, sending again, its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from events.console.forms import (
    changes_of_webhook,
    filter_boxes,
    filter_in,
    new_webhook,
    values_in,
    values_of,
)
from events.console.frame import number_in, refused, show_in
from events.console.labels import problem_text, problems_of
from events.console.replaying import replay_page
from events.console.rows import chart_of, delivery_rows, event_row, span, state_class
from events.domain.handshake import Verification
from events.models import Webhook
from events.selectors.receivers import (
    DeliveryQuery,
    Figures,
    figures,
    last_delivery,
    list_deliveries,
    list_webhooks,
    preview,
)
from events.services import webhooks as services
from events.services.deliveries import redeliver_dead
from events.services.vault import seal, unseal
from oms_project.console.pages import page, page_number
from oms_project.core.authorization import permissions
from oms_project.core.errors import Conflict, Invalid
from oms_project.core.routes import requires

__all__ = ["act", "create", "delete", "edit", "listing", "replay", "rotate", "webhook"]

#: Webhooks of a page; each is counted.
_SHOWN: Final = 25
_SECRETS: Final = "oms_webhook_secrets"
_LATEST: Final = 10
_LONGEST_OVERLAP: Final = 720


@page
@requires(permissions.EVENTS_ADMINISTER)
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Webhooks, how each does, and on top those that were disabled."""
    every = list_webhooks()
    number = page_number(request.GET.get("page", ""))
    first = (number - 1) * _SHOWN
    context = {
        "title": _("Webhooks"),
        "rows": [_row(hook) for hook in every[first : first + _SHOWN]],
        "disabled": [hook for hook in every if hook.state == Webhook.State.DISABLED],
        "next_url": f"?page={number + 1}" if len(every) > first + _SHOWN else "",
        "first_url": "?" if number > 1 else "",
    }
    return show_in(request, "webhooks", "events/webhooks.html", context)


def _row(hook: Webhook) -> dict[str, Any]:
    found: Figures = figures(hook.lane)
    return {
        "hook": hook,
        "state_class": state_class(hook.state),
        "figures": found,
        "lag": span(found.lag),
        "chart": chart_of(found.hours),
    }


@page
@requires(permissions.EVENTS_ADMINISTER)
@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """Register a webhook."""
    values, errors = {**values_of(Webhook()), "secret": ""}, {}
    if request.method == "POST":
        values = values_in(request)
        if "preview" in request.POST:
            return _form(request, None, values, {})
        try:
            made = services.create_webhook(asked=new_webhook(values))
        except (Invalid, Conflict) as error:
            errors = _problems(error)
        else:
            _keep_secret(request, str(made.webhook.pk), made.secret)
            messages.success(
                request, _("The webhook %(name)s is registered.") % {"name": made.webhook.name}
            )
            if made.verification is not None:
                _tell_verification(request, made.verification)
            return redirect("events_console:webhook", str(made.webhook.pk))
    return _form(request, None, values, errors)


@page
@requires(permissions.EVENTS_ADMINISTER)
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, webhook: str) -> HttpResponse:
    """Change a webhook."""
    hook = services.get_webhook(webhook=webhook)
    values, errors = values_of(hook), {}
    if request.method == "POST":
        values = values_in(request)
        if "preview" in request.POST:
            return _form(request, hook, values, {})
        try:
            changed = services.update_webhook(
                webhook=str(hook.pk),
                changes=changes_of_webhook(values),
                wanted=filter_in(values),
            )
        except (Invalid, Conflict) as error:
            errors = _problems(error)
        else:
            messages.success(request, _("The changes are saved."))
            if changed.state == Webhook.State.UNVERIFIED:
                messages.warning(
                    request, _("With this URL it has to be verified before events go out.")
                )
            return redirect("events_console:webhook", str(hook.pk))
    return _form(request, services.get_webhook(webhook=webhook), values, errors)


def _problems(error: Invalid | Conflict) -> dict[str, str]:
    return problems_of(error, fallback="name" if isinstance(error, Conflict) else "")


def _form(
    request: HttpRequest, hook: Webhook | None, values: Mapping[str, str], errors: dict[str, str]
) -> HttpResponse:
    context: dict[str, Any] = {
        "title": _("New webhook") if hook is None else _("Edit %(name)s") % {"name": hook.name},
        "hook": hook,
        "formats": Webhook.Format.choices,
        "orders": Webhook.Order.choices,
        **previewed(request, values, errors),
    }
    return show_in(
        request, "webhooks", "events/webhook_edit.html", context, status=422 if errors else 200
    )


def previewed(
    request: HttpRequest, values: Mapping[str, str], errors: dict[str, str]
) -> dict[str, Any]:
    """What the forms of webhooks and rules share; with a preview when one is asked for."""
    context: dict[str, Any] = {}
    if "preview" in request.POST:
        try:
            matches, looked_at = preview(wanted=filter_in(values))
        except Invalid as error:
            errors.update(problems_of(error))
        else:
            context["preview"] = [event_row(one.event) for one in matches]
            context["looked_at"] = looked_at
    return {**context, "values": values, "errors": errors, "boxes": filter_boxes()}


# -- one webhook -----------------------------------------------------------------------------------


@page
@requires(permissions.EVENTS_ADMINISTER)
@require_safe
def webhook(request: HttpRequest, webhook: str) -> HttpResponse:
    """One webhook: how it is set and how it does; a new secret, this once."""
    hook = services.get_webhook(webhook=webhook)
    latest = list_deliveries(where=DeliveryQuery(lane=hook.lane), limit=_LATEST)
    context = {
        "title": hook.name,
        **_row(hook),
        "secret": _take_secret(request, str(hook.pk)),
        "old_secrets": hook.secrets.exclude(expires_at=None),
        "last_delivery": last_delivery(hook.lane),
        "deliveries": delivery_rows(latest.items),
        "may_replay_missed": hook.state == Webhook.State.DISABLED and hook.disabled_seq is not None,
    }
    return show_in(request, "webhooks", "events/webhook.html", context)


def _keep_secret(request: HttpRequest, pk: str, secret: str) -> None:
    """Keep a secret, encrypted, until its page is shown."""
    request.session[_SECRETS] = {**request.session.get(_SECRETS, {}), pk: seal(secret)}


def _take_secret(request: HttpRequest, pk: str) -> str:
    kept = dict(request.session.get(_SECRETS, {}))
    sealed = kept.pop(pk, "")
    if sealed:
        request.session[_SECRETS] = kept
    return unseal(sealed) if sealed else ""


@page
@requires(permissions.EVENTS_ADMINISTER)
@require_POST
def act(request: HttpRequest, webhook: str) -> HttpResponse:
    """What the buttons do."""
    hook = services.get_webhook(webhook=webhook)
    acts: dict[str, Callable[[HttpRequest, str], None]] = {
        "verify": _verify,
        "test": _test,
        "pause": _pause,
        "enable": _enable,
        "enable_replay": _enable_replay,
        "redeliver": _redeliver,
    }
    chosen = acts.get(request.POST.get("act", ""))
    if chosen is not None:
        try:
            chosen(request, str(hook.pk))
        except (Conflict, Invalid) as error:
            refused(request, error)
    return redirect("events_console:webhook", str(hook.pk))


def _verify(request: HttpRequest, pk: str) -> None:
    _tell_verification(request, services.verify_webhook(webhook=pk))


def _tell_verification(request: HttpRequest, found: Verification) -> None:
    if found.ok:
        messages.success(request, _("The receiver proved that it wants these events."))
    else:
        messages.warning(
            request,
            _("The receiver did not prove that it wants these events: %(why)s")
            % {"why": problem_text(found.detail)},
        )


def _test(request: HttpRequest, pk: str) -> None:
    delivery = services.test_webhook(webhook=pk)
    messages.success(
        request, _("A test event is on its way: delivery %(id)d.") % {"id": delivery.pk}
    )


def _pause(request: HttpRequest, pk: str) -> None:
    services.pause_webhook(webhook=pk)
    messages.success(request, _("The webhook is paused. What happens meanwhile waits."))


def _enable(request: HttpRequest, pk: str) -> None:
    services.enable_webhook(webhook=pk)
    messages.success(request, _("The webhook is enabled."))


def _enable_replay(request: HttpRequest, pk: str) -> None:
    services.enable_webhook(webhook=pk, replay=True)
    messages.success(request, _("The webhook is enabled, and gets what it missed."))


def _redeliver(request: HttpRequest, pk: str) -> None:
    count = redeliver_dead(webhook=pk)
    messages.success(
        request,
        ngettext(
            "%(count)d dead letter is sent again.", "%(count)d dead letters are sent again.", count
        )
        % {"count": count},
    )


@page
@requires(permissions.EVENTS_ADMINISTER)
@require_http_methods(["GET", "POST"])
def rotate(request: HttpRequest, webhook: str) -> HttpResponse:
    """Make a new secret; the old one still signs for a while."""
    hook = services.get_webhook(webhook=webhook)
    values = {"overlap": "24", "secret": ""}
    errors: dict[str, str] = {}
    if request.method == "POST":
        values = {name: request.POST.get(name, "").strip()[:200] for name in values}
        hours = number_in(values["overlap"])
        if hours is None or hours > _LONGEST_OVERLAP:
            errors = {"overlap": _("0 to 720 whole hours.")}
        elif (made := _rotated(hook, values["secret"], hours, errors)) is not None:
            _keep_secret(request, str(hook.pk), made.secret)
            messages.success(request, _("The webhook has a new secret."))
            return redirect("events_console:webhook", str(hook.pk))
    context = {
        "title": _("New secret for %(name)s") % {"name": hook.name},
        "hook": hook,
        "values": values,
        "errors": errors,
    }
    return show_in(
        request, "webhooks", "events/webhook_secret.html", context, status=422 if errors else 200
    )


def _rotated(
    hook: Webhook, secret: str, hours: int, errors: dict[str, str]
) -> services.RegisteredWebhook | None:
    try:
        return services.rotate_secret(
            webhook=str(hook.pk), secret=secret, overlap=timedelta(hours=hours)
        )
    except Invalid as error:
        errors |= problems_of(error, fallback="secret")
        return None


@page
@requires(permissions.EVENTS_ADMINISTER)
@require_http_methods(["GET", "POST"])
def replay(request: HttpRequest, webhook: str) -> HttpResponse:
    """Send a range of events again: first how many, then do."""
    hook = services.get_webhook(webhook=webhook)
    return replay_page(request, "webhooks", hook)


@page
@requires(permissions.EVENTS_ADMINISTER)
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, webhook: str) -> HttpResponse:
    """Forget a webhook, after a question."""
    hook = services.get_webhook(webhook=webhook)
    if request.method == "POST":
        services.delete_webhook(webhook=str(hook.pk))
        messages.success(request, _("%(name)s was deleted.") % {"name": hook.name})
        return redirect("events_console:webhooks")
    context = {
        "title": _("Delete %(name)s") % {"name": hook.name},
        "row": hook,
        "kind": "webhook",
        "waiting": figures(hook.lane, hours=False).waiting,
    }
    return show_in(request, "webhooks", "events/delete.html", context)
