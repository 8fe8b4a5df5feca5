"""Authentication into a context: token or session → who acts, for every door behind it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from oms_project.core.context import Actor, acting_as
from oms_project.core.errors import Unauthenticated
from oms_project.identity.api.authentication import bearer_user
from oms_project.identity.contract import actor_of

__all__ = ["ActorMiddleware"]

SyncNext = Callable[[HttpRequest], HttpResponseBase]
AsyncNext = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


class ActorMiddleware:
    """Binds the actor while the request is served.

    A bearer token comes before a session. A token that does not hold is remembered on the request
    (``oms_auth_failure``) and refused by the door, which knows how to say it; nobody acts then. A
    request without credentials costs no query.
    """

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
        with acting_as(_actor(request)):
            return cast("SyncNext", self.get_response)(request)

    async def _call_async(self, request: HttpRequest) -> HttpResponseBase:
        actor = await sync_to_async(_actor)(request) if _has_credentials(request) else None
        with acting_as(actor):
            return await cast("AsyncNext", self.get_response)(request)


def _has_credentials(request: HttpRequest) -> bool:
    if request.path in settings.OMS_UNAUTHENTICATED_PATHS:
        return False  # probes must not depend on the database
    return "Authorization" in request.headers or settings.SESSION_COOKIE_NAME in request.COOKIES


def _actor(request: HttpRequest) -> Actor | None:
    if not _has_credentials(request):
        return None
    try:
        user = bearer_user(request)
    except Unauthenticated as failure:
        request.oms_auth_failure = failure  # type: ignore[attr-defined]
        return None
    if user is not None:
        request.oms_bearer_user = user  # type: ignore[attr-defined]
        request.user = user
    elif not request.user.is_authenticated:
        return None
    actor = actor_of(request.user)
    request.oms_actor_name = actor.username  # type: ignore[attr-defined]
    return actor
