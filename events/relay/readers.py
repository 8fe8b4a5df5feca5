"""What comes in over JetStream: events of other systems, and OMS's own for its consumers.

Durable pull consumers; an inbox row per event makes effects happen once, also when the stream
brings an event again after its own window for duplicates.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

import orjson
import structlog
from django.conf import settings
from django.db import close_old_connections

from events.adapters.jetstream import Incoming, JetStream
from events.adapters.stream_sink import connect
from events.contract import Consumer, registered_consumers
from events.domain.filters import matches_pattern
from events.domain.subjects import stream_of, subject_of
from events.services.consuming import consume, received
from events.services.notices import give_up
from events.services.publishing import take_in
from oms_project.core.errors import OmsError

__all__ = ["INBOUND", "StreamReaders", "inbound_subject"]

log = structlog.get_logger("oms.events")

#: Other systems publish CloudEvents (structured or binary) below ``oms.in:events.``.
INBOUND: Final = stream_of("in:events")
_LOOK_EVERY: Final = 10.0
_DURABLE: Final = "oms-in"


class StreamReaders:
    """Reads from streams while the relay runs; nothing without ``NATS_URL``."""

    def __init__(self) -> None:
        self._stop = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._stream: JetStream | None = None
        self._look: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to read."""
        if not settings.NATS_URL:
            return
        self._stream = connect(name="oms-consumers")
        self._read(INBOUND, _DURABLE, self._take_in)
        self._look = asyncio.create_task(self._find_streams())

    async def stop(self) -> None:
        """End reading; what is under way is finished."""
        self._stop.set()
        if self._look is not None:
            self._look.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._look
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=5)
        if self._stream is not None:
            await self._stream.close()

    async def _find_streams(self) -> None:
        """Read every stream of an ontology, also those that are made later."""
        assert self._stream is not None
        while True:
            consumers = registered_consumers()
            if consumers:
                try:
                    for stream in await self._stream.streams():
                        if ":" in stream.name:  # of rules, or of what comes in
                            continue
                        for one in consumers:
                            self._read(
                                stream.name,
                                _durable(one),
                                partial(self._consume, one),
                                partial(_quarantine, one),
                            )
                except OmsError as error:
                    log.warning("streams cannot be seen", reason=str(error))
            await asyncio.sleep(_LOOK_EVERY)

    def _read(
        self,
        stream: str,
        durable: str,
        handle: Callable[[Incoming], Awaitable[None]],
        on_dead: Callable[[Incoming, str], Awaitable[None]] | None = None,
    ) -> None:
        name = f"{stream}/{durable}"
        running = self._tasks.get(name)
        if (running is not None and not running.done()) or self._stream is None:
            return
        self._tasks[name] = asyncio.create_task(
            self._stream.consume(
                stream=stream,
                durable=durable,
                handle=handle,
                stop=self._stop,
                ack_wait=settings.OMS_EVENTS_LEASE_SECONDS,
                on_dead=on_dead or partial(_given_up, durable),
            )
        )

    async def _consume(self, consumer: Consumer, incoming: Incoming) -> None:
        event = orjson.loads(incoming.payload)
        if not consumer.types or any(matches_pattern(one, event["type"]) for one in consumer.types):
            await asyncio.to_thread(_fresh, consume, consumer, received(event))

    async def _take_in(self, incoming: Incoming) -> None:
        try:
            await asyncio.to_thread(
                _fresh, take_in, headers=incoming.headers, body=incoming.payload
            )
        except OmsError as error:
            if error.retryable:
                raise
            # It never will be one: it stays in the stream, and says why it went no further.
            log.error(  # noqa: TRY400
                "what came in is no event",
                subject=incoming.subject,
                sequence=incoming.sequence,
                reason=str(error),
            )


def inbound_subject(kind: str) -> str:
    """Where another system publishes an event of a type."""
    return subject_of("in:events", kind)


def _durable(consumer: Consumer) -> str:
    return "oms-" + consumer.name.replace(".", "-")


async def _given_up(durable: str, incoming: Incoming, reason: str) -> None:
    log.error(
        "a consumer gave an event up",
        consumer=durable,
        stream=incoming.stream,
        sequence=incoming.sequence,
        reason=reason,
    )


async def _quarantine(consumer: Consumer, incoming: Incoming, reason: str) -> None:
    """So that it can be sent again: a process that died with it may have been at another one."""
    event = orjson.loads(incoming.payload)
    await asyncio.to_thread(
        _fresh, give_up, consumer, event, error=reason, failures=incoming.delivered
    )


def _fresh(step: Callable[..., Any], *args: Any, **options: Any) -> Any:
    close_old_connections()
    try:
        return step(*args, **options)
    finally:
        close_old_connections()
