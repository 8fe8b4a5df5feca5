"""What was looked up, kept while one request that changes nothing is served.

A role that is taken away must be gone at once: outside such a request nothing is kept, so a change
in the same request, job or command is seen by the next question.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar, cast

__all__ = ["forget", "is_remembering", "remembered", "remembering", "unremembered"]

T = TypeVar("T")

_memory: ContextVar[dict[Hashable, Any] | None] = ContextVar("oms_memory", default=None)


@contextmanager
def remembering() -> Iterator[None]:
    """Ask once for what is asked again until the block ends; in a block that remembers already,
    together with it.
    """
    known = _memory.get()
    token = _memory.set({} if known is None else known)
    try:
        yield
    finally:
        _memory.reset(token)


@contextmanager
def unremembered() -> Iterator[None]:
    """A change within a block that remembers: it asks for everything anew, and so does what comes
    after it.
    """
    token = _memory.set(None)
    try:
        yield
    finally:
        _memory.reset(token)
        forget()


def remembered(key: Hashable, find: Callable[[], T]) -> T:
    """What ``find`` gives, or gave before in this block."""
    memory = _memory.get()
    if memory is None:
        return find()
    if key not in memory:
        memory[key] = find()
    return cast("T", memory[key])


def is_remembering() -> bool:
    """Whether this is a request that changes nothing, see above."""
    return _memory.get() is not None


def forget() -> None:
    """Ask again from here on; whoever changes users, roles or rules calls it."""
    memory = _memory.get()
    if memory is not None:
        memory.clear()
