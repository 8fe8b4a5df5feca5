"""Who acts, in which request: ContextVars, set and reset in one place.

Doors enter ``acting_as`` (middleware, commands, workers); services read ``current_actor``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from oms_project.core.errors import Unauthenticated

__all__ = [
    "SYSTEM",
    "Actor",
    "acting_as",
    "current_actor",
    "current_request_id",
    "request_scope",
]


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or service as a plain value.

    Attributes:
        id: stable identifier (the user's primary key as text).
        username: login name at the time of acting.
        display_name: for people to read; empty when unknown.
        kind: ``user``, ``service`` or ``system``.
    """

    id: str
    username: str
    display_name: str = ""
    kind: str = "user"

    @property
    def label(self) -> str:
        """``username (id)``, the form that stands in commits."""
        return f"{self.username} ({self.id})"


SYSTEM = Actor(id="system", username="system", display_name="OMS", kind="system")

_actor: ContextVar[Actor | None] = ContextVar("oms_actor", default=None)
_request_id: ContextVar[str] = ContextVar("oms_request_id", default="")


def current_actor() -> Actor:
    """The actor of this context.

    Raises:
        Unauthenticated: nobody acts here (a door forgot ``acting_as``, or nobody signed in).
    """
    actor = _actor.get()
    if actor is None:
        raise Unauthenticated("Nobody is signed in: authenticate first.")
    return actor


def current_request_id() -> str:
    """The request id of this context, or an empty string outside a request."""
    return _request_id.get()


@contextmanager
def acting_as(actor: Actor | None) -> Iterator[None]:
    """Let ``actor`` act (or nobody, for ``None``) until the block ends."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


@contextmanager
def request_scope(request_id: str) -> Iterator[None]:
    """Bind ``request_id`` until the block ends."""
    token = _request_id.set(request_id)
    try:
        yield
    finally:
        _request_id.reset(token)
