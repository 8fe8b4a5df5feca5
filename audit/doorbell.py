"""Wakes the sequencer of this process. The truth is in the table: a lost ring delays, loses
nothing.
"""

from __future__ import annotations

import threading

__all__ = ["ring", "wait"]

_bell = threading.Event()


def ring() -> None:
    """There are new events."""
    _bell.set()


def wait(seconds: float) -> bool:
    """Until somebody rings, or until ``seconds`` have passed (false)."""
    rung = _bell.wait(seconds)
    _bell.clear()
    return rung
