"""Working through one key of one lane: take, pass on, settle, as long as there is something."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol

import structlog
from django.db import DatabaseError

from events.services import lanes, notices, receivers
from events.services.lanes import Settled
from events.services.routing import withdraw
from events.sinks import Item, Outcome, Result, Sink, Work

__all__ = ["ROUNDS", "Host", "KeyRun"]

log = structlog.get_logger("oms.events")

#: Batches after which a key lets others of its lane go first.
ROUNDS: Final = 20


class Host(Protocol):
    """What a run needs of its relay."""

    owner: str
    lease: float
    passed_on: int

    @property
    def stopping(self) -> bool:
        """Whether it is about to end."""
        ...

    def database(self, step: Callable[..., Any], *args: Any, **options: Any) -> Awaitable[Any]:
        """Do ``step`` in a thread that may talk to the database."""
        ...

    def later(self, moment: float) -> None:
        """Look again at a time, in seconds since 1970."""
        ...


@dataclass(slots=True)
class KeyRun:
    """One run through a key that a relay holds the lease of.

    Attributes:
        rest: what stands behind the lane's first word.
        logged: whether the lane keeps deliveries.
        ordered: whether nothing may overtake an event that has to wait.
        limit: events of one batch.
    """

    host: Host
    sink: Sink
    lane: str
    key: str
    setting: receivers.LaneSetting
    rest: str = ""
    logged: bool = False
    ordered: bool = True
    limit: int = 0

    def __post_init__(self) -> None:
        self.rest = self.lane.partition(":")[2]
        self.logged = bool(self.rest)
        self.ordered = not self.key.startswith("~")
        self.limit = self.sink.batch
        if self.setting.batch:
            self.limit = min(self.limit, self.setting.batch)

    async def work(self) -> bool:
        """Work until nothing is left, something has to wait, or others should have their turn.

        Returns:
            Whether somebody should look again soon.
        """
        items = await self._take()
        rounds = 0
        while items:
            rounds += 1
            some = await self._fit(items)
            if some is None:
                return True
            if not some:
                items = await self._take()
                continue
            results = await self._pass_on(some)
            if results is None:
                return self._taken_over()
            settled: Settled = await self._settle(
                results, go_on=rounds < ROUNDS and not self.host.stopping
            )
            if settled.lost:
                return self._taken_over()
            self.host.passed_on += sum(1 for one in results if one.outcome is not Outcome.RETRY)
            if await self.host.database(notices.after, self.lane, results, settled):
                return True
            if settled.retry_at:
                self.host.later(settled.retry_at)
                return False
            items = settled.items
        return rounds >= ROUNDS

    async def _fit(self, items: list[Item]) -> list[Item] | None:
        """What of a batch is left to go out the usual way; None: nothing may go down the lane."""
        if not self.logged:
            return await self._ahead(items)
        # With the lease in hand: it may have been paused, disabled or changed since.
        setting = await self.host.database(receivers.setting_of, self.lane)
        if setting is None:
            await self.host.database(lanes.release, self.lane, self.key, owner=self.host.owner)
            return None
        self.setting = setting
        allowed: list[Item] = await self.host.database(
            withdraw, self.lane, self.key, items, self.setting.owners
        )
        return allowed

    async def _ahead(self, items: list[Item]) -> list[Item] | None:
        """Pass on batch after batch, while the one before is settled and the next one is read, as
        long as all goes well and there is more.

        Returns:
            The batch that failed; empty: all went well; None: another relay took over.
        """
        settling: asyncio.Task[Settled] | None = None
        for _ in range(ROUNDS):
            reading = asyncio.ensure_future(
                self.host.database(
                    lanes.peek, self.lane, self.key, after=items[-1].seq, limit=self.limit
                )
            )
            results = await self._pass_on(items)
            following = await reading
            if (settling is not None and (await settling).lost) or results is None:
                self._taken_over()
                return None
            done = [one for one in results if one.outcome is Outcome.DONE]
            settling = asyncio.create_task(self._settle(done, go_on=False, keep=True))
            self.host.passed_on += len(done)
            if len(done) < len(items):
                items = items[len(done) :]
                break
            items = following
            if not items or self.host.stopping:
                break
        if settling is not None and (await settling).lost:
            self._taken_over()
            return None
        return items

    async def _take(self) -> list[Item]:
        """The lease with the first batch; without one, the lease ends."""
        found = await self.host.database(
            lanes.take, self.lane, self.key,
            owner=self.host.owner, seconds=self.host.lease, limit=self.limit, logged=self.logged,
        )  # fmt: skip
        return found or []

    async def _settle(
        self, results: Sequence[Result], *, go_on: bool, keep: bool = False
    ) -> Settled:
        settled: Settled = await self.host.database(
            lanes.settle, self.lane, self.key, results,
            owner=self.host.owner, seconds=self.host.lease, limit=self.limit, logged=self.logged,
            ordered=self.ordered, go_on=go_on, keep=keep,
        )  # fmt: skip
        return settled

    async def _pass_on(self, items: Sequence[Item]) -> Sequence[Result] | None:
        """Pass on, and keep the lease however long that takes; None: another relay has it."""
        renew = partial(
            self.host.database, lanes.renew, self.lane, self.key,
            owner=self.host.owner, seconds=self.host.lease,
        )  # fmt: skip
        work = Work(
            lane=self.lane,
            rest=self.rest,
            key=self.key,
            items=items,
            ordered=self.ordered,
            settings=self.setting.value,
        )
        passing = asyncio.ensure_future(self.sink.deliver(work))
        try:
            while True:
                await asyncio.wait({passing}, timeout=self.host.lease / 3)
                if passing.done():
                    return passing.result()
                with contextlib.suppress(DatabaseError):
                    if not await renew():
                        return None
        finally:
            if not passing.done():
                passing.cancel()
                await asyncio.wait({passing})

    def _taken_over(self) -> bool:
        log.warning("another relay took over", lane=self.lane, key=self.key)
        return False
