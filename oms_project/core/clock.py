"""The time, in one place, so that a test can stop it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

__all__ = ["frozen_at", "isoformat", "utc_now"]


def _system_now() -> datetime:
    return datetime.now(UTC)


_now: ContextVar[Callable[[], datetime]] = ContextVar("oms_now", default=_system_now)


def utc_now() -> datetime:
    """The current time, with microseconds, in UTC."""
    return _now.get()()


def isoformat(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds and ``Z``: one spelling, sortable as text.

    Raises:
        ValueError: ``moment`` has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone.")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@contextmanager
def frozen_at(moment: datetime) -> Iterator[None]:
    """Let ``utc_now`` answer ``moment`` until the block ends (this thread or task only)."""
    token = _now.set(lambda: moment)
    try:
        yield
    finally:
        _now.reset(token)
