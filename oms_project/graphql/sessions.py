"""Who is at the other end of a connection that stays open, and whether they still are."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from oms_project.core.clock import utc_now
from oms_project.core.context import Actor
from oms_project.core.errors import TooManyRequests, Unauthenticated
from oms_project.identity.api.authentication import token_holder
from oms_project.identity.contract import actor_of
from oms_project.identity.tokens import read_token
from oms_project.middleware.actor import session_is_open

__all__ = ["LiveSession", "connection_of", "session_of_cookie", "session_of_token"]

_ENDED: Final = "The session has ended, or who opened it may not sign in any more: sign in again."
_EXPIRED: Final = "The access token has expired: connect again with a new one."


@dataclass(slots=True)
class LiveSession:
    """Who opened a connection.

    Attributes:
        actor: who acts in it.
        expires_at: when it ends in any case; None: nobody knows.
    """

    actor: Actor
    expires_at: datetime | None
    _verify: Callable[[], Actor] = field(repr=False)
    _checked: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def expired(self) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and utc_now() >= self.expires_at

    def pause(self, most: float) -> float:
        """Seconds until it should be asked again: ``most``, or until it expires."""
        if self.expires_at is None:
            return most
        left = (self.expires_at - utc_now()).total_seconds()
        return min(most, max(0.0, left) + 0.01)

    def check(self) -> None:
        """Return while who opened it may still act: the token holds, the session has not ended,
        the user is active, the delegation lasts. Asks the database, in a thread.

        Raises:
            Unauthenticated: ``token_expired``, ``session_ended``.
        """
        if self.expired():
            raise Unauthenticated(_EXPIRED, code="token_expired")
        asked = time.monotonic()
        with self._lock:  # many subscriptions of one connection ask at the same moment
            if self._checked >= asked:
                return
            asked = time.monotonic()
            try:
                actor = self._verify()
            except Unauthenticated as error:
                code = "token_expired" if self.expired() else "session_ended"
                raise Unauthenticated(_ENDED, code=code) from error
            if actor.id != self.actor.id or actor.grant != self.actor.grant:
                raise Unauthenticated(_ENDED, code="session_ended")
            self._checked = asked


def session_of_token(text: str) -> LiveSession:
    """The session of an access token.

    Raises:
        BadToken: it does not hold.
    """
    expires_at = read_token(text).expires_at
    holder = token_holder(text)
    return LiveSession(holder.actor, expires_at, lambda: token_holder(text).actor)


def session_of_cookie(key: str) -> LiveSession:
    """The session of a console's cookie.

    Raises:
        Unauthenticated: it has ended, or never was.
    """
    return LiveSession(_user_of(key), None, lambda: _user_of(key))


def _user_of(key: str) -> Actor:
    request = HttpRequest()
    store: Any = import_module(settings.SESSION_ENGINE).SessionStore
    request.session = store(key)
    user: Any = get_user(request)
    if not user.is_authenticated or not session_is_open(request.session):
        raise Unauthenticated(_ENDED, code="session_ended")
    return actor_of(user)


_open: Counter[str] = Counter()


@contextmanager
def connection_of(actor: Actor) -> Iterator[None]:
    """Count a connection of this process while the block lasts; call it in the event loop.

    Raises:
        TooManyRequests: ``too_many_connections``.
    """
    if _open[actor.id] >= settings.OMS_GRAPHQL_MAX_CONNECTIONS:
        raise TooManyRequests(
            f"You hold {_open[actor.id]} connections already; close one first.",
            code="too_many_connections",
            data={"max": settings.OMS_GRAPHQL_MAX_CONNECTIONS},
        )
    _open[actor.id] += 1
    try:
        yield
    finally:
        _open[actor.id] -= 1
        if not _open[actor.id]:
            del _open[actor.id]
