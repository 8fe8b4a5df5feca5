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
from events.relay.readers import StreamReaders
from events.services import lanes, notices, receivers, upkeep
from events.services.lanes import OpenKey, Settled
from events.services.routing import Routed, route, withdraw
from events.sinks import Item, Outcome, Result, Sink, Work
from oms_project.core.errors import OmsError

__all__ = ["Relay"]

log = structlog.get_logger("oms.events")

T = TypeVar("T")

_THREADS: Final = 3
#: Keys of one lane that are worked through side by side, unless the lane says otherwise.
_KEYS: Final = 8
#: Events that are routed in one transaction.
_ROUTED: Final = 500
#: Batches after which a key lets others of its lane go first.
_ROUNDS: Final = 20


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
        self.owner = f"{socket.gethostname()[:100]}:{os.getpid()}:{uuid.uuid4().hex[:12]}"
        self._interval = interval
        self._lease = lease
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
        try:
            if not until_empty:
                await reader.start()
            await self._drain(until_empty=until_empty)
        finally:
            doorbell.unlisten(wake)
            await reader.stop()
            await self._finish()

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
                    await self._database(upkeep.clean_up)
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
        await self._database(upkeep.tell_audit)
        for lane, room, limit, after in await self._database(self._lanes_with_room):
            found = await self._database(lanes.open_keys, lane, after=after, limit=limit)
            if not found and after:
                self._after.pop(lane, None)
                found = await self._database(lanes.open_keys, lane, limit=limit)
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
        for _ in range(_ROUNDS):
            try:
                routed = await self._database(route, key, limit=limit)
            except DatabaseError:
                raise
            except Exception as error:
                if limit > 1:  # find the one that it is
                    limit = 1
                    continue
                log.exception("an event cannot be routed", key=key)
                if not await self._database(notices.cannot_route, key, error=repr(error)):
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
        setting: receivers.LaneSetting | None = await self._database(receivers.setting_of, lane)
        if setting is None:
            return False
        first, _, rest = lane.partition(":")
        sink = self.sink(first)
        logged = bool(rest)
        ordered = not key.startswith("~")
        limit = min(sink.batch, setting.batch) if setting.batch else sink.batch
        lease: dict[str, Any] = {
            "owner": self.owner, "seconds": self._lease, "limit": limit, "logged": logged,
        }  # fmt: skip
        items = await self._database(lanes.take, lane, key, **lease)
        rounds = 0
        while items:
            rounds += 1
            if not logged and rounds <= _ROUNDS:
                items, lost = await self._ahead(sink, lane, key, items, setting, limit)
                if lost:
                    return False
            if logged:
                if rounds > 1:
                    setting = await self._still_open(lane, key)
                if setting is None:
                    return True
                items = await self._database(withdraw, lane, key, items, setting.owners)
            if not items:  # perhaps some came meanwhile; if not, this ends the lease
                items = await self._database(lanes.take, lane, key, **lease) or []
                continue
            settled, results = await self._batch(
                sink, lane, rest, key, items, setting, limit,
                logged=logged, ordered=ordered, rounds=rounds,
            )  # fmt: skip
            if settled.lost:
                log.warning("another relay took over", lane=lane, key=key)
                return False
            self.passed_on += sum(1 for one in results if one.outcome is not Outcome.RETRY)
            if await self._database(notices.after, lane, results, settled):
                return True
            if settled.retry_at:
                self._later(settled.retry_at)
                return False
            items = settled.items
        return rounds >= _ROUNDS

    async def _still_open(self, lane: str, key: str) -> receivers.LaneSetting | None:
        """The setting as it is now: a lane may be paused or changed while it is drained."""
        setting: receivers.LaneSetting | None = await self._database(receivers.setting_of, lane)
        if setting is None:
            await self._database(lanes.release, lane, key, owner=self.owner)
        return setting

    async def _batch(
        self,
        sink: Sink,
        lane: str,
        rest: str,
        key: str,
        items: Sequence[Item],
        setting: receivers.LaneSetting,
        limit: int,
        *,
        logged: bool,
        ordered: bool,
        rounds: int,
    ) -> tuple[Settled, Sequence[Result]]:
        work = self._work(lane, rest, key, items, setting, ordered=ordered)
        results = await self._kept(sink, work)
        if results is None:
            return Settled(lost=True), ()
        settled = await self._database(
            lanes.settle, lane, key, results,
            owner=self.owner, seconds=self._lease, limit=limit, logged=logged, ordered=ordered,
            go_on=rounds < _ROUNDS and not self._stopping,
        )  # fmt: skip
        return settled, results

    async def _kept(self, sink: Sink, work: Work) -> Sequence[Result] | None:
        """Pass on, and keep the lease however long that takes; None: another relay has it."""
        passing = asyncio.ensure_future(sink.deliver(work))
        try:
            while True:
                await asyncio.wait({passing}, timeout=self._lease / 3)
                if passing.done():
                    return passing.result()
                with contextlib.suppress(DatabaseError):
                    if not await work.renew():
                        return None
        finally:
            if not passing.done():
                passing.cancel()
                await asyncio.wait({passing})

    def _work(
        self,
        lane: str,
        rest: str,
        key: str,
        items: Sequence[Item],
        setting: receivers.LaneSetting,
        *,
        ordered: bool,
    ) -> Work:
        return Work(
            lane=lane,
            rest=rest,
            key=key,
            items=items,
            renew=partial(
                self._database, lanes.renew, lane, key, owner=self.owner, seconds=self._lease
            ),
            ordered=ordered,
            settings=setting.value,
        )

    async def _ahead(
        self,
        sink: Sink,
        lane: str,
        key: str,
        items: list[Item],
        setting: receivers.LaneSetting,
        limit: int,
    ) -> tuple[list[Item], bool]:
        """Pass on batch after batch, while the one before is settled and the next one is read, as
        long as all goes well and there is more.

        Returns:
            The batch that is left to the usual way, as it failed or is the last; whether another
            relay took over.
        """
        settling: asyncio.Task[Settled] | None = None
        for _ in range(_ROUNDS):
            reading = asyncio.create_task(
                self._database(lanes.peek, lane, key, after=items[-1].seq, limit=limit)
            )
            results = await self._kept(
                sink, self._work(lane, "", key, items, setting, ordered=True)
            )
            following = await reading
            if (settling is not None and (await settling).lost) or results is None:
                return [], True
            done = [one for one in results if one.outcome is Outcome.DONE]
            settling = asyncio.create_task(self._settle_done(lane, key, done))
            self.passed_on += len(done)
            if len(done) < len(items):
                items = items[len(done) :]
                break
            items = following
            if not items or self._stopping:
                break
        return items, settling is not None and (await settling).lost

    async def _settle_done(self, lane: str, key: str, done: Sequence[Result]) -> Settled:
        return await self._database(
            lanes.settle, lane, key, done,
            owner=self.owner, seconds=self._lease, limit=0, logged=False, ordered=True,
            go_on=False, keep=True,
        )  # fmt: skip

    def _later(self, moment: float) -> None:
        """Look again when a key may be tried again."""
        if self._loop is not None:
            self._loop.call_later(max(0.0, moment - time.time()) + 0.01, self._bell.set)

    # --- parts ----------------------------------------------------------------------------------
    def sink(self, first: str) -> Sink:
        """The sink of lanes that begin with a word, made when it is needed first."""
        if first not in self._sinks:
            self._sinks[first] = import_string(settings.OMS_EVENT_SINKS[first])()
        return self._sinks[first]

    async def _database(self, step: Callable[..., T], *args: Any, **options: Any) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, partial(_fresh, step, *args, **options))

    async def _quietly(self, step: Callable[..., Any], *args: Any, **options: Any) -> None:
        try:
            await self._database(step, *args, **options)
        except (DatabaseError, OmsError) as error:
            log.warning("relay waits", reason=str(error))


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
