"""Threads in which plain functions run for the event loop.

Opening a connection to the database takes longer than most questions: a thread that has one answers
what waits before it lets it go.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeVar

from django.db import close_old_connections

__all__ = ["in_thread"]

T = TypeVar("T")

_THREADS: Final = 8
#: So many are done with one connection.
_AT_ONCE: Final = 50


async def in_thread(function: Callable[..., T], *arguments: Any, pool: str = "live") -> T:
    """Call a plain function in a thread, in this context.

    Args:
        pool: ``live`` for what is short, so that it never waits for what is long.
    """
    loop = asyncio.get_running_loop()
    call = _Call(contextvars.copy_context(), function, arguments, loop, loop.create_future())
    _pool(pool).put(call)
    found: T = await call.future
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Call:
    context: contextvars.Context
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]

    def run(self) -> bool:
        """Whether it went well."""
        if self.future.cancelled():
            return True
        try:
            result = self.context.run(self.function, *self.arguments)
        except BaseException as error:  # noqa: BLE001 - whoever waits gets it
            self._tell(self._failed, error)
            return False
        self._tell(self._done, result)
        return True

    def _tell(self, how: Callable[[Any], None], what: Any) -> None:
        with suppress(RuntimeError):  # the loop has ended, and nobody waits
            self.loop.call_soon_threadsafe(how, what)

    def _done(self, result: Any) -> None:
        if not self.future.done():
            self.future.set_result(result)

    def _failed(self, error: BaseException) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class _Pool:
    def __init__(self, name: str) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix=f"oms-graphql-{name}")
        self._waiting: deque[_Call] = deque()
        self._working = 0
        self._lock = threading.Lock()

    def put(self, call: _Call) -> None:
        with self._lock:
            self._waiting.append(call)
            if self._working >= _THREADS:
                return
            self._working += 1
        self._threads.submit(self._work)

    def _next(self) -> _Call | None:
        """What waits longest; None: nothing, and this thread has ended its work."""
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            self._working -= 1
            return None

    def _work(self) -> None:
        call = self._next()
        while call is not None:
            close_old_connections()
            try:
                for _ in range(_AT_ONCE):
                    well = call.run()
                    if not well:
                        break  # with a connection that may be broken
                    call = self._next()
                    if call is None:
                        return
            finally:
                close_old_connections()
            if not well:
                call = self._next()


@lru_cache(maxsize=8)
def _pool(name: str) -> _Pool:
    return _Pool(name)
