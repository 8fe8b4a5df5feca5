"""Wakes the workers of this process. The truth is in the table: a lost ring delays, loses nothing.

A broker takes this place when workers run elsewhere; then ``ring`` tells it.
"""

from __future__ import annotations

import threading

__all__ = ["ring", "wait"]

_bell = threading.Semaphore(0)


def ring() -> None:
    """There may be something to do."""
    _bell.release()


def wait(seconds: float) -> bool:
    """Until the next ring, or until ``seconds`` have passed (false)."""
    return _bell.acquire(timeout=seconds)
