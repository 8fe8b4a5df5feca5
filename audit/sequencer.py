"""The thread of a server process that gives events their place."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections, connections

from audit import doorbell
from audit.sequencing import sequence_events
from audit.services.configuration import note_configuration
from oms_project.core.errors import OmsError

__all__ = ["Sequencer", "start_sequencer"]

log = structlog.get_logger("oms.audit")

# The longest pause, in seconds, after something went wrong.
MAX_PAUSE = 60.0


class Sequencer:
    """One daemon thread; every process may have one, and they take turns.

    Args:
        interval: seconds between two looks; events that come in one of them share a signed head.
        at_start: done once before the first look, as soon as the database is there.
    """

    def __init__(self, *, interval: float, at_start: Callable[[], object] | None = None) -> None:
        self._interval = interval
        self._at_start = at_start
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="oms-audit", daemon=True)

    def start(self) -> None:
        """Start it."""
        self._thread.start()

    def stop(self, *, timeout: float = 10.0) -> None:
        """Let it finish what it is at."""
        self._stopping.set()
        doorbell.ring()
        self._thread.join(timeout)

    def _work(self) -> None:
        pause = self._interval
        while not self._stopping.is_set():
            # A ring tells of an event in this process; those of others are found by looking.
            if doorbell.wait(self._interval):
                self._stopping.wait(min(pause, self._interval))
            pause = self._interval if self._step() else min(2 * pause, MAX_PAUSE)
            if pause > self._interval:
                self._stopping.wait(pause)
        connections.close_all()

    def _step(self) -> bool:
        """Whether all went well; a database or a key that is away is no end of the thread."""
        close_old_connections()
        try:
            if self._at_start is not None:
                self._at_start()
                self._at_start = None
            sequence_events(wait=False)
        except (DatabaseError, OmsError) as error:
            log.warning("audit sequencer waits", reason=str(error))
            return False
        except Exception:
            log.exception("audit sequencer stumbled")
            return False
        finally:
            close_old_connections()
        return True


_sequencer: Sequencer | None = None
_start = threading.Lock()


def start_sequencer() -> None:
    """Start this process's sequencer, once, unless ``OMS_AUDIT_SEQUENCER`` is false."""
    global _sequencer  # noqa: PLW0603 - one per process
    with _start:
        if _sequencer is None and settings.OMS_AUDIT_SEQUENCER:
            _sequencer = Sequencer(
                interval=settings.OMS_AUDIT_INTERVAL, at_start=note_configuration
            )
            _sequencer.start()
