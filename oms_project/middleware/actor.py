"""Authentication into a context: token or session → who acts, for every door behind it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from oms_project.core.clock import utc_now
from oms_project.core.context import Actor, acting_as
from oms_project.core.errors import Unauthenticated
from oms_project.identity.api.authentication import bearer_holder, native_holder
from oms_project.identity.contract import actor_of
from oms_project.observability.metrics import SCRAPER, is_scraper

__all__ = ["ActorMiddleware", "session_is_open"]

SyncNext = Callable[[HttpRequest], HttpResponseBase]
AsyncNext = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

# Members of a console session: when it began, when it was last used, in seconds since 1970.
_STARTED = "oms_started"
_SEEN = "oms_seen"
_NOTED_EVERY = 30


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
    if is_scraper(request):
        request.oms_actor_name = SCRAPER.username  # type: ignore[attr-defined]
        return SCRAPER
    try:
        holder = bearer_holder(request) or native_holder(request)
    except Unauthenticated as failure:
        request.oms_auth_failure = failure  # type: ignore[attr-defined]
        return None
    if holder is not None:
        request.oms_bearer_user = holder.user  # type: ignore[attr-defined]
        request.oms_session_id = holder.session  # type: ignore[attr-defined]
        request.user = holder.user
        actor = holder.actor
    elif request.user.is_authenticated and _still_open(request):
        actor = actor_of(request.user)
    else:
        return None
    request.oms_actor_name = actor.username  # type: ignore[attr-defined]
    return actor


def session_is_open(session: Mapping[str, Any]) -> bool:
    """Whether a console session that was used before is neither too old nor too long unused."""
    now = int(utc_now().timestamp())
    started, seen = session.get(_STARTED), session.get(_SEEN)
    return (
        started is not None
        and seen is not None
        and now - started < settings.OMS_SESSION_HOURS * 3600
        and now - seen < settings.OMS_SESSION_IDLE_MINUTES * 60
    )


def _still_open(request: HttpRequest) -> bool:
    """Whether a console session is neither too old nor too long unused; one that is ends here."""
    now = int(utc_now().timestamp())
    session = request.session
    started, seen = session.get(_STARTED), session.get(_SEEN)
    if started is None or seen is None:
        session[_STARTED] = session[_SEEN] = now
        return True
    if not session_is_open(session):
        logout(request)
        return False
    if now - seen >= _NOTED_EVERY:  # and not with each request: that would be a write each time
        session[_SEEN] = now
    return True
