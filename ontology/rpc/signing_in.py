"""Signing in to the data kernel before there is a transaction that would wait for it.

The kernel writes when it opens a session. Where it shares a file of SQLite with this process there
is one writer, so a token cannot be asked for inside a transaction; and it is there that a home is
called (``docs/adr/0023``). Before a process's first transaction, whatever process it is, there is
its first connection: that is when it signs in. On PostgreSQL nobody waits, and the first call does.
"""

from __future__ import annotations

import threading
import time
from typing import Any, Final

import structlog
from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper

from oms_project.core.errors import OmsError
from ontology.rpc.client import is_kernel_used, the_line

__all__ = ["SigningIn", "connected"]

log = structlog.get_logger("oms.rpc")

#: Seconds that a connection waits for the first token; a kernel that is away stops nobody.
_PATIENCE: Final = 5.0
#: The shortest and the longest pause, in seconds, after a kernel did not give one.
_MIN_PAUSE: Final = 0.5
_MAX_PAUSE: Final = 30.0
#: The failure that is told, once: neither what is over in a moment, nor the same again and again.
_NOTEWORTHY: Final = 3


class SigningIn:
    """One daemon thread that gets the process's token, and the next one long before it ends."""

    def __init__(self) -> None:
        self._tried = threading.Event()
        self._thread = threading.Thread(target=self._work, name="oms-kernel-sign-in", daemon=True)

    @property
    def is_alive(self) -> bool:
        """Whether it is at work; in a child that was forked it is not."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start it, and give back when the kernel has answered the first time, or is slow to."""
        self._thread.start()
        self._tried.wait(_PATIENCE)

    def _work(self) -> None:
        failures = 0
        # A data kernel's own process finds out that it is one after it has begun.
        while is_kernel_used():
            try:
                token = the_line().sign_in()
            except Exception as error:  # whatever it is, the next attempt may go well
                failures += 1
                pause = min(_MIN_PAUSE * 2 ** min(failures, 10), _MAX_PAUSE)
                if not isinstance(error, OmsError):
                    log.exception("signing in to the data kernel stumbled")
                elif failures == _NOTEWORTHY:
                    log.warning("OMS cannot sign in to the data kernel", reason=str(error))
            else:
                failures = 0
                pause = max(token.renew_at - time.monotonic(), _MIN_PAUSE)
            self._tried.set()
            time.sleep(pause)
        self._tried.set()


_signing_in: SigningIn | None = None
_start = threading.Lock()


def connected(connection: BaseDatabaseWrapper, **_named: Any) -> None:
    """Sign this process in, once, where a call inside a transaction could not do it; a receiver of
    Django's ``connection_created``. A child that was forked connects anew, and signs in anew.
    """
    global _signing_in  # noqa: PLW0603 - one per process
    if connection.vendor != "sqlite" or not _is_wanted():
        return
    with _start:  # whoever else connects meanwhile may be about to begin a transaction too
        if _signing_in is None or not _signing_in.is_alive:
            _signing_in = SigningIn()
            _signing_in.start()


def _is_wanted() -> bool:
    signs_in = settings.DATA_KERNEL_CLIENT_ID and not settings.DATA_KERNEL_TOKEN
    return bool(signs_in and is_kernel_used())
