"""Events on NATS JetStream: publish in order, see how streams and their readers fare.

Everything that is needed comes as an argument; nothing here knows a setting or a model.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Final

from events.adapters.jetstream_consuming import consume_stream
from events.adapters.jetstream_publishing import Outgoing, Published, Publisher
from events.adapters.jetstream_reading import (
    ConsumerInfo,
    Incoming,
    StreamInfo,
    replay_stream,
    stream_figures,
)
from events.adapters.jetstream_streams import StreamLimits
from events.adapters.nats_connection import Connection, Servers
from oms_project.core.errors import OmsError, Unavailable

__all__ = [
    "ConsumerInfo",
    "Incoming",
    "JetStream",
    "Outgoing",
    "Published",
    "StreamInfo",
]

_DAY: Final = 86_400.0


class JetStream:
    """JetStream at one URL. Used in one event loop; connects when it is first needed.

    Args:
        url: ``nats://user:password@host:4222`` or ``tls://…``, several separated by commas; a user
            without a password is a token.
        duplicate_window: seconds for which a message of the same id is stored once.
        max_age: seconds that a stream keeps a message; 0: as long as there is room.
        max_bytes: the size of a stream, from which on it drops its oldest; -1: no limit. The server
            sets so much aside for each; when it has not so much, the stream is made without a limit.
        replicas: servers of a cluster that keep each stream.
        window: messages that may be on their way without an answer.
        timeout: seconds within which a server has to answer or to go on answering.
        name: what the server's monitoring shows.

    Raises:
        ValueError: ``url`` is none.
    """

    def __init__(
        self,
        url: str,
        *,
        duplicate_window: float = 120,
        max_age: float = 30 * _DAY,
        max_bytes: int = 1024**3,
        replicas: int = 1,
        window: int = 256,
        timeout: float = 5.0,
        name: str = "oms",
    ) -> None:
        self._servers = Servers.parse(url)
        self._limits = StreamLimits(duplicate_window, max_age, max_bytes, replicas)
        self._window = window
        self._timeout = timeout
        self._name = name
        self._connection: Connection | None = None
        self._publisher: Publisher | None = None
        self._connecting = asyncio.Lock()
        self._publishing = asyncio.Lock()

    async def publish(self, batch: Sequence[Outgoing]) -> Published:
        """Store messages in their order, without waiting for each.

        Within a stream no message is stored of which one before it in ``batch`` was not: each
        names the one before it, and the server refuses it if that is not the last it has. So a
        stream has one publisher at a time; a second one costs both of them speed, not order. A
        batch of several streams keeps the order within each; what follows the first that failed may
        be stored in another stream. ``acknowledged`` counts the unbroken start of the batch only:
        more may be stored, and what is published again within the duplicate window is stored once.

        A lost connection fails the rest at once. A server that answers nothing for ``timeout``
        seconds fails it too, and that connection is never used again.
        """
        if not batch:
            return Published(0, "", refused=False)
        async with self._publishing:
            try:
                connection = await self._connected()
            except OmsError as error:
                return Published(0, str(error), refused=False)
            if self._publisher is None or self._publisher.connection is not connection:
                self._publisher = Publisher(
                    connection, self._limits, window=self._window, timeout=self._timeout
                )
            return await self._publisher.publish(batch)

    async def streams(self) -> list[StreamInfo]:
        """All streams of OMS with their consumers, by name.

        Raises:
            Unavailable: the server does not answer.
        """
        return await stream_figures(await self._connected())

    async def consume(
        self,
        *,
        stream: str,
        durable: str,
        handle: Callable[[Incoming], Awaitable[None]],
        stop: asyncio.Event,
        subjects: Sequence[str] = (),
        batch: int = 100,
        ack_wait: float = 30.0,
        max_deliver: int = 20,
        retry_delay: float = 1.0,
        on_dead: Callable[[Incoming, str], Awaitable[None]] | None = None,
    ) -> None:
        """Hand every message to ``handle``, one after the other, at least once, until ``stop``.

        A message counts as read when ``handle`` returned. When it raises, the message comes again,
        behind others, later each time; so does what was fetched when a connection broke. Nothing
        else changes the order. A server that is away is waited for. ``handle`` sets its own
        time limit: while it runs, the message is kept from other readers. When ``stop`` is set, it
        has half a second before it is cancelled.

        Args:
            durable: the reader's name; several processes of one name share the messages.
            subjects: only these; empty: all.
            batch: messages that are fetched ahead.
            ack_wait: seconds after which a message of a process that died goes to another one.
            max_deliver: after so many deliveries a message is given up.
            retry_delay: seconds until the second delivery; doubles each time, up to a minute.
            on_dead: told of a message that is given up and why; while it raises, it is not.
        """
        await consume_stream(
            self._open,
            self._limits,
            stream=stream,
            durable=durable,
            subjects=subjects,
            handle=handle,
            stop=stop,
            batch=batch,
            ack_wait=ack_wait,
            max_deliver=max_deliver,
            retry_delay=retry_delay,
            on_dead=on_dead,
            patience=self._timeout,
        )

    async def replay(
        self,
        *,
        stream: str,
        subject: str = "",
        from_sequence: int | None = None,
        from_time: datetime | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[Incoming]:
        """What a stream keeps, in order, up to what was its end when this began.

        Args:
            subject: only this one; may hold wildcards.
            from_sequence: the first number to read; what is gone by now is passed over.
            from_time: read what was stored then or later; not together with ``from_sequence``.
            limit: no more than so many.

        Raises:
            ApiError: there is no such stream.
            Unavailable: the server went away; go on after the last sequence that came.
            ValueError: both starts, or a time without a zone.
        """
        found = replay_stream(
            self._open,
            stream=stream,
            subject=subject,
            from_sequence=from_sequence,
            from_time=from_time,
            limit=limit,
            patience=self._timeout,
        )
        try:
            async for message in found:
                yield message
        finally:
            await found.aclose()

    async def ping(self) -> dict[str, Any]:
        """Whether it works: ``ok``, ``error``, and when ok ``milliseconds``, ``server``,
        ``version``, ``streams``, ``bytes``. Never raises.
        """
        began = time.perf_counter()
        try:
            connection = await self._connected()
            account = await connection.api("INFO")
        except Unavailable as error:
            return {"ok": False, "error": str(error)}
        url = connection.client.connected_url
        return {
            "ok": True,
            "error": "",
            "milliseconds": round((time.perf_counter() - began) * 1000, 1),
            "server": f"{url.hostname}:{url.port}" if url else "",
            "version": connection.version,
            "streams": int(account.get("streams", 0)),
            "bytes": int(account.get("storage", 0)),
        }

    async def close(self) -> None:
        """End the connection; the next call makes a new one."""
        connection, self._connection, self._publisher = self._connection, None, None
        if connection is not None:
            await connection.close()

    async def _connected(self) -> Connection:
        async with self._connecting:
            if self._connection is None or self._connection.lost.done():
                if self._connection is not None:
                    self._connection.abandon()
                self._connection = None
                self._connection = await self._open()
            return self._connection

    async def _open(self) -> Connection:
        return await Connection.open(self._servers, name=self._name, patience=self._timeout)
