"""W3C trace context: which trace a request belongs to, for what it causes elsewhere.

https://www.w3.org/TR/trace-context/
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

__all__ = ["Trace", "child_of", "current_trace", "new_trace", "read_trace", "trace_scope"]

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_MAX_STATE = 512


@dataclass(frozen=True, slots=True)
class Trace:
    """A position in a trace.

    Attributes:
        parent: the header ``traceparent``.
        state: the header ``tracestate``; may be empty.
    """

    parent: str
    state: str = ""


_trace: ContextVar[Trace | None] = ContextVar("oms_trace", default=None)


def read_trace(parent: str, state: str = "") -> Trace | None:
    """The trace that a caller names; None when the header is missing or not one."""
    found = _TRACEPARENT.fullmatch(parent.strip())
    if found is None or found[1] == "ff" or (found[1] == "00" and found[5]):
        return None
    if not int(found[2], 16) or not int(found[3], 16):
        return None
    state = state.strip()
    usable = len(state) <= _MAX_STATE and state.isascii() and state.isprintable()
    return Trace(f"00-{found[2]}-{found[3]}-{found[4]}", state if usable else "")


def new_trace() -> Trace:
    """The start of a trace; not sampled, as nobody asked for it."""
    return Trace(f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00")


def child_of(trace: Trace) -> Trace:
    """The same trace, one step on: what is sent elsewhere because of ``trace``."""
    version, trace_id, _, flags = trace.parent.split("-")
    return Trace(f"{version}-{trace_id}-{secrets.token_hex(8)}-{flags}", trace.state)


def current_trace() -> Trace | None:
    """The trace of the current request; None outside one."""
    return _trace.get()


@contextmanager
def trace_scope(trace: Trace | None) -> Iterator[None]:
    """Bind ``trace`` until the block ends."""
    token = _trace.set(trace)
    try:
        yield
    finally:
        _trace.reset(token)
