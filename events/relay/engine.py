"""The relay: takes events out of lanes and gives them to sinks.

One event loop; database work happens in a few threads beside it, so that a receiver that hangs
holds up no thread. Several relays run side by side: `events.services.lanes` keeps them apart.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, TypeVar

import structlog
from django.conf import settings
from django.db import DatabaseError, close_old_connections, connections
from django.utils.module_loading import import_string

from events import doorbell
from events.domain.lanes import ROUTE
from events.relay import live
from events.relay.delivering import ROUNDS, KeyRun
from events.relay.readers import StreamReaders
from events.services import lanes, notices, receivers, upkeep
from events.services.lanes import OpenKey
from events.services.routing import Routed, route
from events.sinks import Sink
from oms_project.core.errors import OmsError

__all__ = ["Relay"]

log = structlog.get_logger("oms.events")

T = TypeVar("T")

_THREADS: Final = 3
#: Keys of one lane that are worked through side by side, unless the lane says otherwise.
_KEYS: Final = 8
#: Events that are routed in one transaction.
_ROUTED: Final = 500


class Relay:
    """Drains the outbox until it is stopped.

    Args:
        interval: seconds between two looks for what other processes have written.
        lease: seconds after which another relay takes over from one that died.
        only: lanes to drain, by their first word; empty: all.
    """

    def __init__(
        self, *, interval: float, lease: float, only: Sequence[str] = (), upkeep_every: float = 600
    ) -> None:
        self.owner = f"{_HOST}:{os.getpid()}:{uuid.uuid4().hex[:12]}"
        self._interval = interval
        self.lease = lease
        self._only = frozenset(only)
        self._upkeep_every = upkeep_every
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="oms-events-db")
        self._sinks: dict[str, Sink] = {}
        self._busy: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._after: dict[str, str] = {}
        self._bell = asyncio.Event()
        self._stopping = False
        self._ending = False
        self._loop: asyncio.AbstractEventLoop | None = None
        #: Events that were settled, for whoever watches.
        self.passed_on = 0

    # --- life -----------------------------------------------------------------------------------
    async def run(self, *, until_empty: bool = False) -> None:
        """Drain until `stop` is called, or until nothing is left that could go out now."""
        self._ending = until_empty
        self._loop = asyncio.get_running_loop()
        self._bell = asyncio.Event()
        wake = partial(_wake, self._loop, self._bell)
        doorbell.listen(wake)
        reader = StreamReaders()
        _living.add(self.owner)
        try:
            await self._quietly(lanes.free_abandoned, _is_dead)
            if not until_empty:
                await reader.start()
            await self._drain(until_empty=until_empty)
        finally:
            doorbell.unlisten(wake)
            await reader.stop()
            await self._finish()
            _living.discard(self.owner)

    @property
    def stopping(self) -> bool:
        """Whether it is about to end."""
        return self._stopping

    def stop(self) -> None:
        """End soon, from any thread: what is under way is finished and settled."""
        self._stopping = True
        if self._loop is not None:
            _wake(self._loop, self._bell)

    async def _drain(self, *, until_empty: bool) -> None:
        pause = self._interval
        last_upkeep = 0.0
        while not self._stopping:
            self._bell.clear()
            idle = not self._busy
            try:
                if not until_empty and time.monotonic() - last_upkeep > self._upkeep_every:
                    last_upkeep = time.monotonic()
                    await self.database(upkeep.clean_up)
                began = await self._look()
                pause = self._interval
            except (DatabaseError, OmsError) as error:
                log.warning("relay waits", reason=str(error))
                began, pause = 0, min(2 * pause, 30.0)
            except Exception:
                log.exception("relay stumbled")
                began, pause = 0, min(2 * pause, 30.0)
            # What ended during the look may have left something that the look did not see.
            if until_empty and idle and not began and not self._busy:
                return
            await _sleep(self._bell, pause)

    async def _finish(self) -> None:
        if self._busy:
            # Leases are kept until then: what is cut off here is done again by another relay.
            _, late = await asyncio.wait(self._busy.values(), timeout=20)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        for sink in self._sinks.values():
            await sink.close()
        # A connection belongs to its thread, so every thread lets go of its own: a step that waits
        # for all the others is done once in each.
        together = threading.Barrier(_THREADS)
        loop = asyncio.get_running_loop()
        await asyncio.gather(
            *(loop.run_in_executor(self._pool, _let_go, together) for _ in range(_THREADS))
        )
        self._pool.shutdown(wait=True)

    # --- what there is to do --------------------------------------------------------------------
    async def _look(self) -> int:
        """Begin with every key that is open, as far as lanes have room; how many were begun."""
        begun = 0
        await self.database(upkeep.tell_audit)
        for lane, room, limit, after in await self.database(self._lanes_with_room):
            found = await self.database(lanes.open_keys, lane, after=after, limit=limit)
            if not found and after:
                self._after.pop(lane, None)
                found = await self.database(lanes.open_keys, lane, limit=limit)
            fresh = [one for one in found if (one.lane, one.key) not in self._busy]
            for one in fresh[:room]:
                self._begin(one)
                begun += 1
            if len(fresh) > room:
                self._after[lane] = fresh[room - 1].key
            elif found:
                # The next look goes on behind, so that no key waits for ever behind busy ones.
                self._after[lane] = found[-1].key if len(found) == limit else ""
        return begun

    def _lanes_with_room(self) -> list[tuple[str, int, int, str]]:
        found = []
        for lane in lanes.open_lanes():
            if self._only and lane.partition(":")[0] not in self._only:
                continue
            if not receivers.receives(lane):
                continue
            busy = sum(1 for one, _ in tuple(self._busy) if one == lane)
            room = receivers.concurrency(lane, _KEYS) - busy
            if room > 0:
                # Those that are busy are not open, but may be found until their lease is written.
                found.append((lane, room, room + busy, self._after.get(lane, "")))
        return found

    def _begin(self, one: OpenKey) -> None:
        work = self._route(one.key) if one.lane == ROUTE else self._deliver(one.lane, one.key)
        task = asyncio.create_task(self._guarded(one, work))
        self._busy[one.lane, one.key] = task

    async def _guarded(self, one: OpenKey, work: Any) -> None:
        again = False
        try:
            again = await work
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log.exception("relay stumbled", lane=one.lane, key=one.key)
            await self._quietly(
                lanes.release, one.lane, one.key, owner=self.owner, error=repr(error)[:900]
            )
        finally:
            self._busy.pop((one.lane, one.key), None)
            if again or self._ending:
                self._bell.set()

    # --- routing --------------------------------------------------------------------------------
    async def _route(self, key: str) -> bool:
        """Whether somebody should look again soon."""
        moved = False
        limit = _ROUTED
        for _ in range(ROUNDS):
            try:
                routed = await self.database(route, key, limit=limit)
            except DatabaseError:
                raise
            except Exception as error:
                if limit > 1:  # find the one that it is
                    limit = 1
                    continue
                log.exception("an event cannot be routed", key=key)
                if not await self.database(notices.cannot_route, key, error=repr(error)):
                    break  # perhaps it passes later
                limit = _ROUTED
                continue
            if not routed:
                break
            moved = True
            self.passed_on += len(routed)
            await self._told(routed)
            if len(routed) < limit:
                break
        return moved

    async def _told(self, routed: Sequence[Routed]) -> None:
        await live.tell(routed)
        if any(one.lanes for one in routed):
            self._bell.set()

    # --- delivering -----------------------------------------------------------------------------
    async def _deliver(self, lane: str, key: str) -> bool:
        """Whether somebody should look again soon."""
        setting = await self.database(receivers.setting_of, lane)
        if setting is None:
            return False
        return await KeyRun(self, self.sink(lane.partition(":")[0]), lane, key, setting).work()

    def later(self, moment: float) -> None:
        """Look again at a time, in seconds since 1970."""
        if self._loop is not None:
            self._loop.call_later(max(0.0, moment - time.time()) + 0.01, self._bell.set)

    # --- parts ----------------------------------------------------------------------------------
    def sink(self, first: str) -> Sink:
        """The sink of lanes that begin with a word, made when it is needed first."""
        if first not in self._sinks:
            self._sinks[first] = import_string(settings.OMS_EVENT_SINKS[first])()
        return self._sinks[first]

    async def database(self, step: Callable[..., T], *args: Any, **options: Any) -> T:
        """Do ``step`` in one of the relay's threads, with a connection that works."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, partial(_fresh, step, *args, **options))

    async def _quietly(self, step: Callable[..., Any], *args: Any, **options: Any) -> None:
        try:
            await self.database(step, *args, **options)
        except (DatabaseError, OmsError) as error:
            log.warning("relay waits", reason=str(error))


_HOST: Final = socket.gethostname()[:100].replace(":", "_")
#: Relays of this process.
_living: set[str] = set()


def _is_dead(owner: str) -> bool:
    """Whether a relay of this machine has ended without letting go of what it was at."""
    host, _, rest = owner.partition(":")
    pid = rest.partition(":")[0]
    if host != _HOST or not pid.isdigit():
        return False
    if int(pid) == os.getpid():
        return owner not in _living
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _fresh(step: Callable[..., T], *args: Any, **options: Any) -> T:
    close_old_connections()
    return step(*args, **options)


def _let_go(together: threading.Barrier) -> None:
    connections.close_all()
    with contextlib.suppress(threading.BrokenBarrierError):
        together.wait(5)


def _wake(loop: asyncio.AbstractEventLoop, bell: asyncio.Event) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(bell.set)


async def _sleep(bell: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await bell.wait()
    except TimeoutError:
        return
