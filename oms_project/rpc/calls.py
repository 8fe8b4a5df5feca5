"""The call that is served now: how long it may take, and whether anybody still waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeVar

from oms_project.core.errors import Cancelled, Unavailable

__all__ = ["Call", "call_scope", "current_call"]

T = TypeVar("T")


@dataclass(slots=True)
class Call:
    """One call.

    Attributes:
        deadline: on the clock of `time.monotonic`.
        is_active: whether the caller still waits.
    """

    deadline: float = float("inf")
    is_active: Callable[[], bool] = field(default=lambda: True, repr=False)

    def remaining(self) -> float:
        """Seconds that are left, not below zero."""
        return max(0.0, self.deadline - time.monotonic())

    def check(self) -> None:
        """Return while it makes sense to go on.

        Raises:
            Cancelled: ``call_cancelled``; the caller has gone.
            Unavailable: ``deadline_exceeded``.
        """
        if time.monotonic() >= self.deadline:
            raise Unavailable("The call took longer than it may.", code="deadline_exceeded")
        if not self.is_active():
            raise Cancelled("The caller does not wait any more.", code="call_cancelled")

    def watched(self, items: Iterable[T]) -> Iterator[T]:
        """``items``, as long as it makes sense to go on."""
        iterator = iter(items)
        try:
            for item in iterator:
                self.check()
                yield item
        finally:  # now, and not when the error that it ends with is forgotten
            if isinstance(iterator, Generator):
                iterator.close()


_call: ContextVar[Call | None] = ContextVar("oms_call", default=None)


def current_call() -> Call:
    """The call that is served in this context; outside of one, a call that never ends."""
    return _call.get() or Call()


@contextmanager
def call_scope(call: Call) -> Iterator[Call]:
    """Let ``call`` be the current one until the block ends."""
    token = _call.set(call)
    try:
        yield call
    finally:
        _call.reset(token)
