"""The relay of a server process: a thread of its own, woken after each commit."""

from __future__ import annotations

import asyncio
import threading

import structlog
from django.conf import settings

from events.relay.engine import Relay

__all__ = ["RelayThread", "make_relay", "start_relay"]

log = structlog.get_logger("oms.events")


def make_relay(only: tuple[str, ...] = ()) -> Relay:
    """A relay as the settings have it."""
    return Relay(
        interval=settings.OMS_EVENTS_INTERVAL, lease=settings.OMS_EVENTS_LEASE_SECONDS, only=only
    )


class RelayThread:
    """Runs a relay until it is stopped."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        self.relay: Relay | None = None
        self._thread = threading.Thread(target=self._work, name="oms-events", daemon=True)

    def start(self) -> None:
        """Start it."""
        self._thread.start()
        self._ready.wait(5)

    def stop(self, *, timeout: float = 30.0) -> None:
        """Let it finish what it is at."""
        if self.relay is not None:
            self.relay.stop()
        self._thread.join(timeout)

    def _work(self) -> None:
        self.relay = make_relay()
        self._ready.set()
        try:
            asyncio.run(self.relay.run())
        except Exception:
            log.exception("relay ended")


_relay: RelayThread | None = None
_start = threading.Lock()


def start_relay() -> None:
    """Start this process's relay, once, unless ``OMS_EVENTS_RELAY`` is false."""
    global _relay  # noqa: PLW0603 - one per process
    with _start:
        if _relay is None and settings.OMS_EVENTS_RELAY:
            _relay = RelayThread()
            _relay.start()
