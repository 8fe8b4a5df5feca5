"""``/health``, ``/health/live``, ``/health/ready``, ``/health/detailed``."""

from __future__ import annotations

import platform
from typing import Any

import django
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from oms_project import __version__
from oms_project.api.errors import problem_for
from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import current_actor
from oms_project.core.errors import OmsError
from oms_project.core.health import health_checks
from oms_project.core.routes import PUBLIC, requires
from oms_project.observability.checks import CheckResult, run_checks

__all__ = ["urlpatterns"]


@requires(PUBLIC("a probe asks whether the process answers"))
@never_cache
@require_safe
def live(_request: HttpRequest) -> HttpResponse:
    """The process answers. Touches nothing else: a restart would not mend what is elsewhere."""
    return JsonResponse({"status": "ok"})


@requires(PUBLIC("a probe asks whether to send requests here"))
@never_cache
@require_safe
def ready(_request: HttpRequest) -> HttpResponse:
    """Whether requests can be served: 503 and the names of what fails when they cannot."""
    results = run_checks(health_checks(readiness=True))
    return _answer(results, {"checks": {result.name: _short(result) for result in results}})


@requires(PUBLIC("it tells no more than a probe learns"))
@never_cache
@require_safe
def overview(_request: HttpRequest) -> HttpResponse:
    """Ready or not, with the version."""
    results = run_checks(health_checks(readiness=True))
    return _answer(results, {"service": "main", "version": __version__})


@requires(permissions.SYSTEM_READ)
@never_cache
@require_safe
def detailed(request: HttpRequest) -> HttpResponse:
    """Every check with its details, and versions; for those who may read the system's state."""
    try:
        failure: OmsError | None = getattr(request, "oms_auth_failure", None)
        if failure is not None:
            raise failure
        authorizer.check(current_actor(), permissions.SYSTEM_READ)
    except OmsError as error:
        return problem_for(error, request)
    results = run_checks(health_checks())
    return _answer(
        results,
        {
            "service": "main",
            "version": __version__,
            "python": platform.python_version(),
            "django": django.get_version(),
            "checks": {
                result.name: {
                    **_short(result),
                    "milliseconds": round(result.milliseconds, 3),
                    "needed": result.needed,
                    **result.details,
                }
                for result in results
            },
        },
    )


def _short(result: CheckResult) -> dict[str, Any]:
    return {"status": "ok"} if result.ok else {"status": "failed", "error": result.error}


def _answer(results: list[CheckResult], body: dict[str, Any]) -> JsonResponse:
    failed = [result.name for result in results if result.needed and not result.ok]
    degraded = [result.name for result in results if not result.needed and not result.ok]
    status = "unavailable" if failed else "degraded" if degraded else "ok"
    answer: dict[str, Any] = {"status": status, **body}
    if failed:
        answer["failed"] = failed
    if degraded:
        answer["degraded"] = degraded
    return JsonResponse(answer, status=503 if failed else 200)


urlpatterns = [
    path("health", overview, name="health"),
    path("health/live", live, name="health-live"),
    path("health/ready", ready, name="health-ready"),
    path("health/detailed", detailed, name="health-detailed"),
]
