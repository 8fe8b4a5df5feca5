"""``/metrics``: the product's numbers, for Prometheus and for who may read the system's state."""

from __future__ import annotations

import hmac
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from oms_project.api.errors import problem_for
from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import Actor, current_actor
from oms_project.core.errors import OmsError
from oms_project.core.metrics import histogram, metrics
from oms_project.core.routes import requires

__all__ = ["SCRAPER", "is_scraper", "note_request", "urlpatterns"]

#: Who acts when a scraper shows its token: nothing but this address takes it.
SCRAPER: Final = Actor(id="system", username="scraper", display_name="Scraper", kind="system")
_PATH: Final = "/metrics"
_METHODS: Final = frozenset(
    {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "TRACE"}
)

_requests = histogram(
    "oms_http_request_seconds",
    "Seconds from a request's arrival until its answer begins, by route and status.",
    ("method", "route", "status"),
    bounds=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)


def note_request(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    """Count a request. What no route matched has none: addresses that people try are many."""
    match = request.resolver_match
    _requests.labels(
        request.method if request.method in _METHODS else "other",
        "none" if match is None else f"/{match.route}",
        str(response.status_code),
    ).observe(seconds)


def is_scraper(request: HttpRequest) -> bool:
    """Whether the request reads ``/metrics`` with the token of ``OMS_METRICS_TOKEN``."""
    wanted: str = settings.OMS_METRICS_TOKEN
    if not wanted or request.path != _PATH or request.method not in {"GET", "HEAD"}:
        return False
    scheme, _space, given = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(
        given.strip(" ").encode(errors="surrogateescape"), wanted.encode()
    )


@requires(permissions.SYSTEM_READ)
@never_cache
@require_safe
def exposition(request: HttpRequest) -> HttpResponse:
    """Prometheus's text, or OpenMetrics when it is asked for."""
    try:
        authorizer.check(current_actor(), permissions.SYSTEM_READ)
    except OmsError as error:
        return problem_for(error, request)
    content, content_type = metrics.exposition(
        request.headers.get("Accept", ""), folder=settings.PROMETHEUS_MULTIPROC_DIR
    )
    return HttpResponse(content, content_type=content_type)


urlpatterns = [path("metrics", exposition, name="metrics")]
