"""What the pages of the trail share: the admin's frame, and errors as pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _

from oms_project.core.errors import (
    BadRequest,
    Invalid,
    NotFound,
    OmsError,
    PermissionDenied,
    Unavailable,
)

__all__ = ["page", "show"]

View = Callable[..., HttpResponseBase]
_STATUS: dict[type[OmsError], HTTPStatus] = {
    NotFound: HTTPStatus.NOT_FOUND,
    BadRequest: HTTPStatus.BAD_REQUEST,
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    PermissionDenied: HTTPStatus.FORBIDDEN,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}


def page(view: View) -> View:
    """A page of the console: staff only, and what is refused is a page that says why."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except OmsError as error:
            if isinstance(error, PermissionDenied):
                request.oms_denial = error  # type: ignore[attr-defined] # the audit records it
            status = next(
                (code for kind, code in _STATUS.items() if isinstance(error, kind)),
                HTTPStatus.BAD_REQUEST,
            )
            context = {"title": _("This cannot be done"), "error": error, "status": int(status)}
            return show(request, "console/error.html", context, status=status)

    return admin.site.admin_view(guarded)


def show(
    request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """Render ``template`` inside the admin's frame."""
    frame = admin.site.each_context(request)
    frame.update({"is_fullwidth": "1", **context})
    return render(request, template, frame, status=status)
