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
    "Place",
    "Source",
    "acting_as",
    "attempt_scope",
    "current_actor",
    "current_attempt",
    "current_place",
    "current_request_id",
    "current_source",
    "place_scope",
    "request_scope",
    "take_place",
    "try_current_actor",
]


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or service as a plain value.

    Attributes:
        id: stable identifier (the user's primary key as text).
        username: login name at the time of acting.
        display_name: for people to read; empty when unknown.
        kind: ``user``, ``service`` or ``system``.
        on_behalf_of: for whom a service acts (RFC 8693); never itself delegated.
        reason: why it does; empty without ``on_behalf_of``.
        grant: id of the delegation or session that lets the actor act; empty when there is none.
    """

    id: str
    username: str
    display_name: str = ""
    kind: str = "user"
    on_behalf_of: Actor | None = None
    reason: str = ""
    grant: str = ""

    @property
    def label(self) -> str:
        """``username (id)``, the form that stands in commits."""
        return f"{self.username} ({self.id})"


SYSTEM = Actor(id="system", username="system", display_name="OMS", kind="system")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a request comes from.

    Attributes:
        door: ``rest``, ``console``, ``graphql``, ``websocket``, ``grpc``, ``command`` or ``worker``.
        address: the client's network address; for a command, ``account@host``.
        agent: what the client calls itself.
        operation: method and path without the query string, or the command's words.
    """

    door: str = ""
    address: str = ""
    agent: str = ""
    operation: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """What a request says that it is about, before anything is looked up; empty where it does not.

    Attributes:
        ontology: name or id, as the address has it.
        branch: a branch or another ref, as the address or the query has it.
    """

    ontology: str = ""
    branch: str = ""


_NOWHERE = Source()
_NOTHING = Place()

_actor: ContextVar[Actor | None] = ContextVar("oms_actor", default=None)
_request_id: ContextVar[str] = ContextVar("oms_request_id", default="")
_source: ContextVar[Source] = ContextVar("oms_source", default=_NOWHERE)
_attempt: ContextVar[str] = ContextVar("oms_attempt", default="")
_place: ContextVar[Place] = ContextVar("oms_place", default=_NOTHING)


def current_actor() -> Actor:
    """The actor of this context.

    Raises:
        Unauthenticated: nobody acts here (a door forgot ``acting_as``, or nobody signed in).
    """
    actor = _actor.get()
    if actor is None:
        raise Unauthenticated("Nobody is signed in: authenticate first.")
    return actor


def try_current_actor() -> Actor | None:
    """The actor of this context, or None when nobody acts."""
    return _actor.get()


def current_source() -> Source:
    """Where the current request comes from; empty members outside a request."""
    return _source.get()


def current_place() -> Place:
    """What the current request is about; empty members outside a request."""
    return _place.get()


def current_request_id() -> str:
    """The request id of this context, or an empty string outside a request."""
    return _request_id.get()


def current_attempt() -> str:
    """Id of the attempt at a write that is to be done once, or an empty string: the same write may
    be done again. See ``oms_project.idempotency``.
    """
    return _attempt.get()


@contextmanager
def attempt_scope(attempt: str) -> Iterator[None]:
    """Bind ``attempt`` until the block ends."""
    token = _attempt.set(attempt)
    try:
        yield
    finally:
        _attempt.reset(token)


@contextmanager
def acting_as(actor: Actor | None) -> Iterator[None]:
    """Let ``actor`` act (or nobody, for ``None``) until the block ends."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


@contextmanager
def request_scope(request_id: str, source: Source | None = None) -> Iterator[None]:
    """Bind ``request_id``, and ``source`` when it is given, until the block ends."""
    token = _request_id.set(request_id)
    source_token = None if source is None else _source.set(source)
    try:
        yield
    finally:
        if source_token is not None:
            _source.reset(source_token)
        _request_id.reset(token)


@contextmanager
def place_scope() -> Iterator[None]:
    """Bound what `take_place` says inside to the block."""
    token = _place.set(_NOTHING)
    try:
        yield
    finally:
        _place.reset(token)


def take_place(place: Place) -> None:
    """Bind ``place`` until the `place_scope` around it ends: an address is matched in its midst."""
    _place.set(place)
