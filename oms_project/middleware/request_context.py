"""A request id for every request, echoed in the answer; its trace; where it comes from; one access
log line; how long it took, in the metrics.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from typing import cast

import structlog
from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from oms_project.core.context import request_scope
from oms_project.core.ids import new_id
from oms_project.core.trace import Trace, new_trace, read_trace, trace_scope
from oms_project.middleware.source import source_of
from oms_project.observability.metrics import note_request

__all__ = ["RequestContextMiddleware"]

HEADER = "X-Request-ID"
# What may stand in a log line and in a header without being escaped.
_SANE = re.compile(r"^[A-Za-z0-9._:+/=-]{8,128}$")
_QUIET = frozenset({"/health/live", "/health/ready"})

log = structlog.get_logger("oms.access")

SyncNext = Callable[[HttpRequest], HttpResponseBase]
AsyncNext = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


class RequestContextMiddleware:
    """Takes ``X-Request-ID`` and ``traceparent`` from the client when they are sane, else makes them."""

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
        request_id = _request_id(request)
        started = time.perf_counter()
        with request_scope(request_id, source_of(request)), trace_scope(_trace(request)):
            response = cast("SyncNext", self.get_response)(request)
            return _finish(request, response, request_id, started)

    async def _call_async(self, request: HttpRequest) -> HttpResponseBase:
        request_id = _request_id(request)
        started = time.perf_counter()
        with request_scope(request_id, source_of(request)), trace_scope(_trace(request)):
            response = await cast("AsyncNext", self.get_response)(request)
            return _finish(request, response, request_id, started)


def _request_id(request: HttpRequest) -> str:
    offered = request.headers.get(HEADER, "")
    return offered if _SANE.match(offered) else new_id()


def _trace(request: HttpRequest) -> Trace:
    offered = read_trace(
        request.headers.get("traceparent", ""), request.headers.get("tracestate", "")
    )
    return offered or new_trace()


def _finish(
    request: HttpRequest, response: HttpResponseBase, request_id: str, started: float
) -> HttpResponseBase:
    seconds = time.perf_counter() - started
    note_request(request, response, seconds)
    response.headers[HEADER] = request_id
    if request.path not in _QUIET or response.status_code >= 500:
        log.info(
            "request",
            method=request.method,
            path=request.path,  # without the query string: it may hold what is private
            status=response.status_code,
            milliseconds=round(seconds * 1000, 1),
            actor=getattr(request, "oms_actor_name", None),
        )
    return response
