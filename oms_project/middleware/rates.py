"""How many requests a client may send: counted per minute, after it is known who asks.

A middleware and no throttle of REST framework: those are asked after authentication, so that a
flood of bad tokens would not count, and other doors would have none. Clients are told with the
fields of draft-ietf-httpapi-ratelimit-headers.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Awaitable, Callable
from typing import cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from oms_project.api.errors import problem_for
from oms_project.core.context import current_source, try_current_actor
from oms_project.core.errors import TooManyRequests

__all__ = ["RateLimitMiddleware", "count_request", "too_many"]

SyncNext = Callable[[HttpRequest], HttpResponseBase]
AsyncNext = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

_WINDOW = 60
#: The data kernel has its own at the root.
_LIMITED = ("/api/", "/graphql", "/terminusdb/", "/query", "/insert", "/update", "/delete")


class RateLimitMiddleware:
    """Refuses with 429 what comes after the limit; probes, pages and assets are free."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: SyncNext | AsyncNext) -> None:
        self.get_response = get_response
        self._async = iscoroutinefunction(get_response)
        if self._async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self._async:
            return self._call_async(request)
        refused = _check(request)
        return refused or cast("SyncNext", self.get_response)(request)

    async def _call_async(self, request: HttpRequest) -> HttpResponseBase:
        refused = await sync_to_async(_check)(request) if _policy(request) else None
        return refused or await cast("AsyncNext", self.get_response)(request)


def _policy(request: HttpRequest) -> tuple[str, int, str] | None:
    """Name of the limit, requests per minute, and who is counted; None: nothing is limited."""
    if not request.path.startswith(_LIMITED):
        return None
    actor = try_current_actor()
    address = current_source().address
    if request.path.startswith("/api/v1/auth/") and actor is None:
        name, limit, client = "auth", settings.OMS_RATE_AUTH, address
    elif actor is None:
        name, limit, client = "anonymous", settings.OMS_RATE_ANONYMOUS, address
    else:
        name, limit, client = "client", settings.OMS_RATE_CLIENT, actor.id
    return (name, limit, client) if limit else None


def _check(request: HttpRequest) -> HttpResponseBase | None:
    policy = _policy(request)
    if policy is None:
        return None
    name, limit, client = policy
    used, reset = count_request(name, client)
    request.oms_rate_headers = {  # type: ignore[attr-defined]
        "RateLimit-Policy": f'"{name}";q={limit};w={_WINDOW}',
        "RateLimit": f'"{name}";r={max(0, limit - used)};t={reset}',
    }
    if used <= limit:
        return None
    response = problem_for(too_many(limit, reset), request)
    response.headers["Retry-After"] = str(reset)
    return response


def count_request(name: str, client: str) -> tuple[int, int]:
    """Count one more request of a client against a limit, whatever door it came in by.

    Returns:
        How many it sent in this minute, and the seconds until the next one.
    """
    now = time.time()
    window = int(now // _WINDOW)
    reset = max(1, math.ceil((window + 1) * _WINDOW - now))
    return _count(f"rate:{name}:{hashlib.sha256(client.encode()).hexdigest()[:32]}:{window}"), reset


def too_many(limit: int, reset: int) -> TooManyRequests:
    """What refuses the request after the last."""
    return TooManyRequests(
        f"More than {limit} requests in a minute. Try again in {reset} seconds.",
        data={"limit": limit, "retry_after": reset},
    )


def _count(key: str) -> int:
    """Count one more. A cache that is away lets everybody through: limits keep order, locks are
    elsewhere.
    """
    cache = caches["rates"]
    try:
        if cache.add(key, 1, timeout=_WINDOW * 2):
            return 1
        return int(cache.incr(key) or 0)
    except ValueError:  # it was dropped between the two
        return 1
