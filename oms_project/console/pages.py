"""What every page shares: staff only, the admin's frame, and errors as pages, never as a 500."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _

from oms_project.core.authorization import authorizer
from oms_project.core.context import current_actor
from oms_project.core.errors import (
    Conflict,
    Invalid,
    NotFound,
    OmsError,
    PermissionDenied,
    PreconditionFailed,
    TooLarge,
    Unauthenticated,
    Unavailable,
)

__all__ = [
    "View",
    "allowed",
    "allowed_anywhere",
    "error_page",
    "moment_in",
    "page",
    "page_number",
    "show",
    "status_of",
]

View = Callable[..., HttpResponseBase]

_STATUS: tuple[tuple[type[OmsError], int], ...] = (
    (NotFound, 404),
    (TooLarge, 413),
    (Invalid, 422),
    (Conflict, 409),
    (PreconditionFailed, 412),
    (Unauthenticated, 401),
    (PermissionDenied, 403),
    (Unavailable, 503),
)


def page(view: View) -> View:
    """Turn ``view`` into a page of the console.

    Only staff may open it, and whatever a service refuses becomes a page that says why and where
    to go from here.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except OmsError as error:
            return error_page(request, error, str(kwargs.get("ontology", "")))

    return admin.site.admin_view(guarded)


def show(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    *,
    status: int = 200,
) -> HttpResponse:
    """Render ``template`` inside the admin's frame."""
    frame = admin.site.each_context(request)
    # The template's pages stretch over the whole window: ontologies are wide.
    frame.update({"is_fullwidth": "1", **context})
    return render(request, template, frame, status=status)


def allowed(permission: str, *, ontology: str | None = None, branch: str | None = None) -> bool:
    """Whether the person at the screen holds ``permission``, to show or hide a button.

    The services decide again; this only keeps people from filling in a form in vain.
    """
    return authorizer.decide(current_actor(), permission, ontology=ontology, branch=branch).allowed


def allowed_anywhere(permission: str) -> bool:
    """Whether the person at the screen holds ``permission`` for anything at all."""
    return authorizer.anywhere(current_actor(), permission).allowed


def moment_in(text: str) -> datetime | None:
    """What a date box holds, in UTC when it names no zone; nothing when it cannot be read."""
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


def page_number(text: str) -> int:
    """A page's number out of an address; 1 for anything that is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 1


def status_of(error: OmsError) -> int:
    """The HTTP status that tells ``error``."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 400)


def error_page(request: HttpRequest, error: OmsError, ontology: str = "") -> HttpResponse:
    """What a service refused, as a page that says why and where to go from here."""
    if isinstance(error, PermissionDenied):
        request.oms_denial = error  # type: ignore[attr-defined] # the audit records it
    status = status_of(error)
    titles = {
        401: _("Please sign in"),
        403: _("You may not do this"),
        404: _("Not found"),
        409: _("This contradicts the current state"),
        412: _("Somebody was faster"),
        413: _("Too large"),
        422: _("This cannot be done"),
        503: _("Not available at the moment"),
    }
    # Back to where the person came from, unless that is the page that failed.
    back = request.META.get("HTTP_REFERER", "")
    context = {
        "title": titles.get(status, _("This cannot be done")),
        "error": error,
        "ontology_name": ontology,
        "back": back if back != request.build_absolute_uri() else "",
        "status": status,
    }
    return show(request, "console/error.html", context, status=status)
