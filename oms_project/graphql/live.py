"""What happens, as it happens: the source of subscriptions.

The log (`oms_project.core.event_log`) is the truth. A follower reads it in its order, page by page,
when the client has taken what was before; so nothing is lost or told twice, and memory is bounded.
What tells that there is something new is a doorbell only: this process's own, and the channel layer
for the others. One watcher for each event loop hears it, looks at the log once, and wakes those
followers that the news may concern. When every bell is lost, it looks every few seconds all the
same.

A follower's place is its *resume token*: with it a client goes on where it was, after a lost
connection or a restart.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextvars
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Hashable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

import structlog
from django.conf import settings

from oms_project.core.clock import utc_now
from oms_project.core.context import Actor, acting_as
from oms_project.core.errors import BadRequest, Invalid
from oms_project.core.event_log import LoggedEvent, LogPage, Place, Wanted, event_log
from oms_project.graphql.context import Context
from oms_project.graphql.threads import in_thread

__all__ = ["ask", "following", "live_events", "token_of"]

log = structlog.get_logger("oms.graphql")

T = TypeVar("T")

#: The group of the channel layer that hears of every event (`events.relay.live`).
_GROUP: Final = "oms.events"
_PAGE: Final = 20
#: Seconds after which what was read is read again instead of told: rights may have changed.
_FRESH: Final = 1.0
#: A channel layer forgets who does not renew.
_RENEW: Final = 600.0


# -- resume tokens --------------------------------------------------------------------------------


def token_of(event: LoggedEvent) -> str:
    """The resume token of an event: what comes after it."""
    at = min(event.time, utc_now())  # outside events say any time
    raw = f"1.{event.sequence}.{int(at.timestamp())}".encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _place_of(token: str) -> tuple[int, datetime]:
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        version, sequence, seconds = raw.decode("ascii").split(".")
        if version != "1" or not 0 <= int(sequence) < 2**63:
            raise ValueError(version)
        return int(sequence), datetime.fromtimestamp(int(seconds), UTC)
    except (binascii.Error, ValueError, OverflowError, OSError) as error:
        raise BadRequest(
            "This resume token was not made here: subscribe without `resumeFrom`.",
            code="bad_resume_token",
        ) from error


def _checked_place(token: str) -> int:
    sequence, at = _place_of(token)
    if not event_log.reaches(sequence, at=at):
        raise BadRequest(
            "Events after this resume token were deleted, because they are older than "
            f"{settings.OMS_EVENTS_RETENTION_DAYS} days: read the present state, and subscribe "
            "without `resumeFrom`.",
            code="resume_token_expired",
            data={"days": settings.OMS_EVENTS_RETENTION_DAYS},
        )
    return sequence


# -- followers ------------------------------------------------------------------------------------


async def live_events(
    context: Context,
    wanted: Wanted,
    make: Callable[[LoggedEvent], T | None],
    *,
    resume_from: str | None = None,
    allowed: Callable[[], object] | None = None,
) -> AsyncGenerator[T, None]:
    """What ``make`` makes of events, for the resolver of a subscription.

    Args:
        context: of the operation; its actor reads, with the rights of that moment.
        make: called in a thread, for a page at once; None: it is not wanted after all.
        resume_from: a token: also what happened since.
        allowed: asks whether the actor may see this at all; called before the first event, before
            each page of events, and every few seconds; raises when not.

    Raises:
        BadRequest: ``bad_resume_token``, ``resume_token_expired``. Invalid: ``invalid_filter``.
        Whatever ``allowed`` raises, and `Context.check`.
    """
    check = partial(_check, context, allowed)

    def begin() -> int:
        check()
        problems = event_log.problems(wanted)
        if problems:
            raise Invalid(
                f"{problems[0]['field']}: {problems[0]['message']}",
                code="invalid_filter",
                errors=problems,
            )
        return _checked_place(token) if token else event_log.end()

    def told(events: Sequence[LoggedEvent]) -> list[tuple[LoggedEvent, T | None]]:
        check()  # after they were read: what was taken away meanwhile counts
        return [(event, make(event)) for event in events]

    token = resume_from or context.resume_from
    async with following(wanted) as follower:
        place = await ask(context, begin)
        follower.stands()
        more = True
        while True:
            if not more and not await follower.rung(settings.OMS_GRAPHQL_CHECK_SECONDS):
                await ask(context, check)
                continue
            page = await follower.read(place, context.actor)
            more = page.more
            if not page.events:
                place = page.sequence
                continue
            found = await ask(context, partial(told, page.events))
            read_at = time.monotonic()
            for event, made in found:
                if time.monotonic() - read_at > _FRESH:
                    more = True
                    break
                place = event.sequence
                if made is not None:
                    yield made
            else:
                place = page.sequence


def _check(context: Context, allowed: Callable[[], object] | None) -> None:
    if context.check is not None:
        context.check()
    if allowed is not None:
        allowed()


async def ask(context: Context, function: Callable[[], T]) -> T:
    """Call a plain function in a thread, as the actor of an operation."""
    return await in_thread(_as(context.actor, function))


def _as(actor: Actor, function: Callable[[], T]) -> Callable[[], T]:
    def act() -> T:
        with acting_as(actor):
            return function()

    return act


class Follower:
    """One subscription, as the watcher knows it."""

    __slots__ = ("_bell", "_watcher", "wanted")

    def __init__(self, watcher: _Watcher, wanted: Wanted) -> None:
        self.wanted = wanted
        self._watcher = watcher
        self._bell = asyncio.Event()

    def ring(self) -> None:
        """There may be something for it."""
        self._bell.set()

    def stands(self) -> None:
        """It has found its place: what happens from now on is told."""
        self._watcher.begun += 1

    async def rung(self, seconds: float) -> bool:
        """Wait until there may be something; false when that took longer."""
        try:
            async with asyncio.timeout(seconds):
                await self._bell.wait()
        except TimeoutError:
            return False
        self._bell.clear()
        return True

    async def read(self, place: int, actor: Actor) -> LogPage:
        """A page; followers that want the same at the same moment share it."""
        return await self._watcher.read(place, self.wanted, actor)


@asynccontextmanager
async def following(wanted: Wanted) -> AsyncIterator[Follower]:
    """A follower of the log, until the block ends."""
    loop = asyncio.get_running_loop()
    watcher = _watchers.get(loop)
    if watcher is None:
        watcher = _watchers[loop] = _Watcher(loop)
    follower = Follower(watcher, wanted)
    watcher.add(follower)
    try:
        yield follower
    finally:
        watcher.remove(follower)


# -- the watcher ----------------------------------------------------------------------------------


class _Watcher:
    """Looks at the log for all followers of an event loop, as long as there are any.

    Attributes:
        begun: how many subscriptions have found their place so far.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.begun = 0
        self._loop = loop
        self._followers: set[Follower] = set()
        self._task: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._reads: dict[Hashable, asyncio.Task[LogPage]] = {}

    def add(self, follower: Follower) -> None:
        self._followers.add(follower)
        if self._task is None or self._task.done():
            # In a context of its own: it outlives the operation that it begins with.
            self._task = contextvars.Context().run(self._loop.create_task, self._watch())

    def remove(self, follower: Follower) -> None:
        self._followers.discard(follower)
        if not self._followers and self._task is not None:
            self._task.cancel()
            self._task = None

    async def read(self, place: int, wanted: Wanted, actor: Actor) -> LogPage:
        key = (place, wanted, actor)
        task = self._reads.get(key)
        if task is None:

            def page() -> LogPage:
                return event_log.after(place, wanted=wanted, actor=actor, limit=_PAGE)

            task = self._reads[key] = self._loop.create_task(in_thread(page))
            task.add_done_callback(lambda _done: self._reads.pop(key, None))
        return await asyncio.shield(task)

    async def _watch(self) -> None:
        unlisten = event_log.listen(self._heard)
        ears = self._loop.create_task(self._hear_others())
        try:
            end = -1
            while True:
                try:
                    end = await self._look(end)
                except Exception as error:  # noqa: BLE001 - a database that is away comes back
                    log.warning("followers of events wait", reason=repr(error)[:300])
                    await asyncio.sleep(1)
                    continue
                with suppress(TimeoutError):
                    async with asyncio.timeout(settings.OMS_GRAPHQL_LOOK_SECONDS):
                        await self._news.wait()
                self._news.clear()
        finally:
            unlisten()
            ears.cancel()

    async def _look(self, end: int) -> int:
        """Look at what was added, and wake whom it concerns."""
        if end < 0:  # who came before the first look has missed nothing that it knows of
            end = await in_thread(event_log.end)
            self._wake(None)
            return end
        news = await in_thread(event_log.news, end)
        self._wake(news.places)
        return news.end

    def _wake(self, places: Collection[Place] | None) -> None:
        if places is not None and not places:
            return
        concerned: dict[Wanted, bool] = {}
        for follower in self._followers:
            wanted = follower.wanted
            if places is not None and wanted not in concerned:
                concerned[wanted] = event_log.concerns(wanted, places)
            if places is None or concerned[wanted]:
                follower.ring()

    def _heard(self) -> None:
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._news.set)

    async def _hear_others(self) -> None:
        """Listen to what other processes tell through the channel layer. One that is in memory has
        nothing to tell that `EventLog.listen` did not.
        """
        layer: Any = import_module("channels.layers").get_channel_layer()
        if layer is None or type(layer).__name__ == "InMemoryChannelLayer":
            return
        while True:
            try:
                channel = await layer.new_channel()
                try:
                    await self._hear(layer, channel)
                finally:
                    with suppress(Exception):
                        async with asyncio.timeout(2):
                            await layer.group_discard(_GROUP, channel)
            except Exception as error:  # noqa: BLE001 - whatever it is: it only delays
                log.warning("channel layer is not heard", reason=repr(error)[:300])
                await asyncio.sleep(settings.OMS_GRAPHQL_LOOK_SECONDS)

    async def _hear(self, layer: Any, channel: str) -> None:
        until = 0.0
        while True:
            if time.monotonic() >= until:
                await layer.group_add(_GROUP, channel)
                until = time.monotonic() + _RENEW
                self._news.set()  # what was told while nobody listened
            with suppress(TimeoutError):
                async with asyncio.timeout(_RENEW):
                    await layer.receive(channel)
                    self._news.set()


_watchers: WeakKeyDictionary[asyncio.AbstractEventLoop, _Watcher] = WeakKeyDictionary()
