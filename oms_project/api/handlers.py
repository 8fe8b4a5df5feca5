"""Django's own error pages: a problem under ``/api/`` and ``/health``, a page elsewhere."""

from __future__ import annotations

import sys

from django.conf import settings
from django.core.exceptions import BadRequest
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.views import defaults

from oms_project.api.errors import problem_for
from oms_project.core.errors import PermissionDenied

__all__ = ["bad_request", "for_machines", "not_found", "permission_denied", "server_error"]


def for_machines(request: HttpRequest) -> bool:
    """Whether a problem is the answer to what fails, and not a page: everywhere in a data kernel."""
    if settings.ROOT_URLCONF == settings.OMS_KERNEL_URLCONF:
        return True
    if request.path.startswith("/graphql"):
        return "text/html" not in request.headers.get("Accept", "")
    return (
        request.path.startswith(("/api/", "/health", "/metrics", "/terminusdb/"))
        or request.path == "/api"
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400."""
    if for_machines(request):
        return problem_for(BadRequest(), request)
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    request.oms_denial = PermissionDenied(  # type: ignore[attr-defined]
        str(exception) or "You are not allowed to do this."
    )
    if for_machines(request):
        return problem_for(DjangoPermissionDenied(*exception.args), request)
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    if for_machines(request):
        return problem_for(Http404(), request)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """500; Django has logged the exception."""
    if for_machines(request):
        error = sys.exc_info()[1]
        return problem_for(error if isinstance(error, Exception) else RuntimeError(), request)
    return defaults.server_error(request)
