"""Wakes the relay of this process. The truth is in the table: a lost ring delays, loses nothing."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["listen", "ring", "unlisten"]

_listeners: list[Callable[[], None]] = []


def listen(wake: Callable[[], None]) -> None:
    """Call ``wake`` at every ring, from whichever thread rings."""
    _listeners.append(wake)


def unlisten(wake: Callable[[], None]) -> None:
    """No more."""
    if wake in _listeners:
        _listeners.remove(wake)


def ring() -> None:
    """There is something to pass on."""
    for wake in tuple(_listeners):
        wake()
