"""Durable readers of a stream: every message at least once, over restarts of the server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import structlog
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from events.adapters.jetstream_reading import Incoming, Open, Puller, incoming_of, status_of
from events.adapters.jetstream_streams import StreamLimits, ensure_stream
from events.adapters.nats_connection import Connection
from events.domain.subjects import STREAM_PREFIX
from oms_project.core.errors import OmsError

__all__ = ["consume_stream"]

log = structlog.get_logger("oms.events")

_SECOND: Final = 1_000_000_000
#: Seconds that a request for messages stays open when there are none.
_PULL: Final = 20.0
#: The longest pause, in seconds, before a new connection is tried.
_MAX_PAUSE: Final = 5.0
#: The longest delay, in seconds, of a message that could not be handled.
_MAX_DELAY: Final = 60.0
#: Seconds that a handler gets when the reader is stopped.
_GRACE: Final = 0.5


async def consume_stream(
    open_connection: Open,
    limits: StreamLimits,
    *,
    stream: str,
    durable: str,
    subjects: Sequence[str],
    handle: Callable[[Incoming], Awaitable[None]],
    stop: asyncio.Event,
    batch: int,
    ack_wait: float,
    max_deliver: int,
    retry_delay: float,
    on_dead: Callable[[Incoming, str], Awaitable[None]] | None,
    patience: float,
) -> None:
    """See `JetStream.consume`."""
    reader = _Reader(
        stream, durable, subjects, handle, stop, batch, ack_wait, max_deliver, retry_delay,
        on_dead, patience,
    )  # fmt: skip
    stopped = asyncio.ensure_future(stop.wait())
    pause = 0.25
    try:
        while not stop.is_set():
            began, read = asyncio.get_running_loop().time(), reader.handled
            reading = asyncio.ensure_future(reader.read(open_connection, limits))
            try:
                await asyncio.wait({reading, stopped}, return_when=asyncio.FIRST_COMPLETED)
                if not reading.done():
                    # It ends by itself between two messages; one that is being handled has a while.
                    await asyncio.wait({reading}, timeout=_GRACE)
            finally:
                await _cancelled(reading)
            error = None if reading.cancelled() else reading.exception()
            if stop.is_set():
                return
            if error is not None and not isinstance(error, OmsError | NatsError | OSError):
                raise error
            # A connection that was of use is not one more failure.
            if reader.handled > read or asyncio.get_running_loop().time() - began > _MAX_PAUSE:
                pause = 0.25
            log.warning(
                "consumer waits", stream=stream, durable=durable, reason=str(error), seconds=pause
            )
            await asyncio.wait({stopped}, timeout=pause)
            pause = min(2 * pause, _MAX_PAUSE)
    finally:
        stopped.cancel()


async def _cancelled(task: asyncio.Future[None]) -> None:
    if not task.done():
        task.cancel()
        await asyncio.wait({task})


@dataclass(slots=True)
class _Reader:
    stream: str
    durable: str
    subjects: Sequence[str]
    handle: Callable[[Incoming], Awaitable[None]]
    stop: asyncio.Event
    batch: int
    ack_wait: float
    max_deliver: int
    retry_delay: float
    on_dead: Callable[[Incoming, str], Awaitable[None]] | None
    patience: float
    handled: int = 0

    async def read(self, open_connection: Open, limits: StreamLimits) -> None:
        """Read on one connection until `stop` or until it is lost."""
        connection = await open_connection()
        try:
            await self._make(connection, limits)
            puller = Puller(connection, self.stream, self.durable)
            await puller.start()
            keeping = asyncio.ensure_future(self._keep(puller))
            try:
                await connection.unless_lost(self._pull(puller))
            finally:
                keeping.cancel()
                await self._give_back(puller)
        finally:
            await connection.close()

    async def _make(self, connection: Connection, limits: StreamLimits) -> None:
        if self.stream.startswith(STREAM_PREFIX):
            await ensure_stream(connection, limits, self.stream)
        config: dict[str, Any] = {
            "durable_name": self.durable,
            "name": self.durable,
            "deliver_policy": "all",
            "replay_policy": "instant",
            "ack_policy": "explicit",
            "ack_wait": int(self.ack_wait * _SECOND),
            # Counted here: the server would drop a message without telling anybody.
            "max_deliver": -1,
            "max_ack_pending": max(1000, 2 * self.batch),
            "filter_subjects": list(self.subjects),
        }
        await connection.api(
            f"CONSUMER.CREATE.{self.stream}.{self.durable}",
            {"stream_name": self.stream, "config": config},
        )

    async def _pull(self, puller: Puller) -> None:
        heartbeat = self.patience
        left = 0
        while not self.stop.is_set():
            if left <= 0:
                left = self.batch
                await puller.ask(
                    batch=left,
                    expires=int(max(_PULL, 3 * heartbeat) * _SECOND),
                    idle_heartbeat=int(heartbeat * _SECOND),
                )
            try:
                message = await asyncio.wait_for(puller.arrived.get(), 2 * heartbeat + 1)
            except TimeoutError:
                raise puller.connection.unavailable("the server is silent") from None
            status = status_of(message)
            if not status:
                left -= 1
                await self._handle(puller.connection, message)
                self.handled += 1
                puller.held.pop(message.reply, None)
            elif status != "100":
                text = str((message.headers or {}).get("Description", ""))
                if status not in {"404", "408"} and "exceeded" not in text.lower():
                    raise puller.connection.unavailable(f"the consumer ended: {status} {text}")
                left = 0

    async def _handle(self, connection: Connection, message: Msg) -> None:
        incoming = incoming_of(message, self.stream)
        problem = ""
        if incoming.delivered > self.max_deliver:
            # It never came back: a process may have died of it.
            problem = f"it was delivered {incoming.delivered - 1} times and never answered"
        else:
            try:
                await self.handle(incoming)
            except Exception as error:  # noqa: BLE001 - whatever the handler raises
                problem = f"{type(error).__name__}: {error}"
        if not problem:
            await connection.client.publish(message.reply, b"+ACK")
        elif incoming.delivered < self.max_deliver or not await self._dead(incoming, problem):
            log.warning(
                "message not handled",
                stream=self.stream,
                durable=self.durable,
                sequence=incoming.sequence,
                delivered=incoming.delivered,
                reason=problem,
            )
            delay = min(self.retry_delay * 2 ** min(incoming.delivered - 1, 30), _MAX_DELAY)
            await connection.client.publish(message.reply, _nak(delay))
        else:
            await connection.client.publish(message.reply, b"+TERM")

    async def _dead(self, incoming: Incoming, problem: str) -> bool:
        """Whether the message can be given up: somebody took note."""
        log.error(
            "message given up",
            stream=self.stream,
            durable=self.durable,
            sequence=incoming.sequence,
            delivered=incoming.delivered,
            reason=problem,
        )
        if self.on_dead is not None:
            try:
                await self.on_dead(incoming, problem)
            except Exception:
                log.exception("message cannot be given up", sequence=incoming.sequence)
                return False
        return True

    async def _keep(self, puller: Puller) -> None:
        """Tell the server that what was fetched is being worked at."""
        while True:
            await asyncio.sleep(self.ack_wait / 3)
            with suppress(NatsError):
                for reply in list(puller.held):
                    await puller.connection.client.publish(reply, b"+WPI")

    async def _give_back(self, puller: Puller) -> None:
        """What was fetched and not handled goes to whoever asks next, at once."""
        with suppress(NatsError):
            for reply in puller.held:
                await puller.connection.client.publish(reply, b"-NAK")


def _nak(delay: float) -> bytes:
    return b"-NAK " + json.dumps({"delay": max(1, int(delay * _SECOND))}).encode()
