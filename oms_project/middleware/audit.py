"""Denials by services are written down: the fourth link, right around the handler.

What a handler refuses passes through the one place that maps errors for its door, which leaves it
on the request (`oms_denial`); it is recorded here, when the handler's transaction has ended.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from audit.denials import record_denial
from oms_project.core.errors import PermissionDenied

__all__ = ["AuditMiddleware"]

SyncNext = Callable[[HttpRequest], HttpResponseBase]
AsyncNext = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


class AuditMiddleware:
    """Records the denial that a handler ended with, once."""

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
        response = cast("SyncNext", self.get_response)(request)
        if (denial := _denial(request)) is not None:
            record_denial(denial)
        return response

    async def _call_async(self, request: HttpRequest) -> HttpResponseBase:
        response = await cast("AsyncNext", self.get_response)(request)
        if (denial := _denial(request)) is not None:
            await sync_to_async(record_denial)(denial)
        return response


def _denial(request: HttpRequest) -> PermissionDenied | None:
    return getattr(request, "oms_denial", None)
