"""A circuit breaker: a server that is away is not asked by everybody at once, again and again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ontology.store.terminusdb.errors import HomeUnavailable

__all__ = ["Breaker", "BreakerOpen"]


class BreakerOpen(HomeUnavailable):
    """The server was not asked. ``data["retry_after"]``: seconds until it is."""


class Breaker:
    """Closed: everything passes. After ``failures`` in a row it is open: nothing passes for
    ``seconds``. Then one request passes, as a probe: it closes the breaker, or opens it again.

    One per process and server, shared by all threads.
    """

    def __init__(
        self, failures: int, seconds: float, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = failures
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._failed = 0
        self._open_until: float | None = None
        self._probing_until = 0.0
        #: How often it opened: who remembers something of the server asks it again after that.
        self.openings = 0

    @property
    def state(self) -> str:
        """``closed``, ``open`` or ``half-open``."""
        with self._lock:
            if self._open_until is None:
                return "closed"
            return "open" if self._clock() < self._open_until else "half-open"

    def check(self) -> None:
        """Let a request pass, or not.

        Raises:
            BreakerOpen: not now.
        """
        with self._lock:
            if self._open_until is None:
                return
            now = self._clock()
            wait = max(self._open_until, self._probing_until) - now
            if wait <= 0:
                # A probe that never says how it ended (its thread died) holds up nobody for long.
                self._probing_until = now + self._seconds
                return
        raise BreakerOpen(
            "TerminusDB did not answer a moment ago and is not asked again for "
            f"{max(wait, 0.1):.1f} s.",
            data={"retry_after": round(max(wait, 0.1), 1)},
        )

    def succeeded(self) -> None:
        """A request was answered."""
        if not self._failed and self._open_until is None:
            return
        with self._lock:
            self._failed = 0
            self._open_until = None
            self._probing_until = 0.0

    def failed(self) -> None:
        """A request was not answered, or not by a server that is well."""
        with self._lock:
            self._failed += 1
            if self._failed >= self._limit or self._open_until is not None:
                if self._open_until is None:
                    self.openings += 1
                self._open_until = self._clock() + self._seconds
                self._probing_until = 0.0
