"""Reading from JetStream: figures, pulling messages, replays."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from nats.aio.msg import Msg

from events.adapters.jetstream_streams import STREAM_NOT_FOUND
from events.adapters.nats_connection import ApiError, Connection
from events.domain.subjects import STREAM_PREFIX
from oms_project.core.errors import OmsError

__all__ = [
    "ConsumerInfo",
    "Incoming",
    "Open",
    "Puller",
    "StreamInfo",
    "incoming_of",
    "replay_stream",
    "status_of",
    "stream_figures",
]

_SECOND: Final = 1_000_000_000
#: Seconds after which the server forgets a replay that nobody goes on with.
_FORGOTTEN: Final = 300

Open = Callable[[], Awaitable[Connection]]


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message as a stream keeps it.

    Attributes:
        sequence: its number in the stream.
        time: when it was stored.
        headers: all of them, that of the message's id included.
        message_id: as the publisher set it; empty without one.
        delivered: how often it came, this time included.
    """

    stream: str
    subject: str
    sequence: int
    time: datetime
    payload: bytes
    headers: Mapping[str, str]
    message_id: str
    delivered: int = 1


@dataclass(frozen=True, slots=True)
class ConsumerInfo:
    """How a reader fares.

    Attributes:
        lag: messages that were not handed out yet.
        unacknowledged: handed out and not confirmed.
        redelivered: of these, handed out more than once.
        waiting: requests for messages that wait for one; 0: nobody reads.
        durable: it stays when nobody reads.
    """

    name: str
    lag: int
    unacknowledged: int
    redelivered: int
    waiting: int
    durable: bool


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """What a stream holds; the times are None when it is empty."""

    name: str
    subjects: tuple[str, ...]
    messages: int
    bytes: int
    first_sequence: int
    last_sequence: int
    first_time: datetime | None
    last_time: datetime | None
    consumers: tuple[ConsumerInfo, ...]


# -- figures ---------------------------------------------------------------------------------------


async def stream_figures(connection: Connection) -> list[StreamInfo]:
    """See `JetStream.streams`."""
    found = []
    for stream in await _pages(connection, "STREAM.LIST", "streams"):
        name, state = str(stream["config"]["name"]), stream["state"]
        if not name.startswith(STREAM_PREFIX):
            continue
        consumers = []
        if state["consumer_count"]:
            try:
                consumers = await _pages(connection, f"CONSUMER.LIST.{name}", "consumers")
            except ApiError as error:
                if error.number != STREAM_NOT_FOUND:
                    raise
        found.append(
            StreamInfo(
                name,
                tuple(stream["config"].get("subjects") or ()),
                state["messages"],
                state["bytes"],
                state["first_seq"],
                state["last_seq"],
                _time(state.get("first_ts")) if state["messages"] else None,
                _time(state.get("last_ts")) if state["messages"] else None,
                tuple(sorted(map(_consumer, consumers), key=lambda one: one.name)),
            )
        )
    return sorted(found, key=lambda stream: stream.name)


def _consumer(consumer: Mapping[str, Any]) -> ConsumerInfo:
    return ConsumerInfo(
        str(consumer["name"]),
        int(consumer.get("num_pending", 0)),
        int(consumer.get("num_ack_pending", 0)),
        int(consumer.get("num_redelivered", 0)),
        int(consumer.get("num_waiting", 0)),
        bool(consumer["config"].get("durable_name")),
    )


async def _pages(connection: Connection, subject: str, key: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        page = await connection.api(subject, {"offset": len(found)})
        rows = page.get(key) or []
        found += rows
        if not rows or len(found) >= page["total"]:
            return found


def _time(text: str | None) -> datetime | None:
    # Nine digits behind the dot; what Python reads has six, and more are cut off.
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


# -- pulling ---------------------------------------------------------------------------------------


class Puller:
    """Messages of one consumer, as they come in answer to requests.

    Attributes:
        arrived: what came, what the server itself says included.
        held: where to answer each message that came; who answers it takes it out.
    """

    def __init__(self, connection: Connection, stream: str, consumer: str) -> None:
        self.connection = connection
        self.arrived: asyncio.Queue[Msg] = asyncio.Queue()
        self.held: dict[str, None] = {}
        self._next = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"
        self._inbox = ""

    async def start(self) -> None:
        """Listen for them."""
        self._inbox = self.connection.client.new_inbox()
        # As many bytes as the server sends: what was asked for is bounded in messages.
        await self.connection.client.subscribe(
            self._inbox, cb=self._on_message, pending_bytes_limit=0
        )

    async def _on_message(self, message: Msg) -> None:
        if not status_of(message):
            self.held[message.reply] = None
        self.arrived.put_nowait(message)

    async def ask(self, **request: object) -> None:
        """Ask for messages; the members are those of NATS's request."""
        payload = json.dumps(request).encode()
        await self.connection.client.publish(self._next, payload, reply=self._inbox)


def status_of(message: Msg) -> str:
    """Of a message that the server itself says: ``404``, ``408``, …; else empty."""
    if message.headers and not message.data and not message.reply.startswith("$JS.ACK."):
        return str(message.headers.get("Status", ""))
    return ""


def incoming_of(message: Msg, stream: str) -> Incoming:
    """A message with what its address for answers tells of it."""
    headers = dict(message.headers or {})
    tokens = message.reply.split(".")
    # $JS.ACK.<stream>.<consumer>.<delivered>.<sequence>.<of consumer>.<time>.<pending>, and behind
    # ACK a domain and an account on servers that have them.
    delivered, sequence, _, stored, _ = tokens[4:9] if len(tokens) == 9 else tokens[6:11]
    return Incoming(
        stream,
        message.subject,
        int(sequence),
        # In whole microseconds: a float of today's nanoseconds is off by some hundred of them.
        _from_nanoseconds(int(stored)),
        message.data,
        headers,
        headers.get("Nats-Msg-Id", ""),
        int(delivered),
    )


def _from_nanoseconds(stamp: int) -> datetime:
    seconds, rest = divmod(stamp, _SECOND)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)


def _pending(message: Msg) -> int:
    tokens = message.reply.split(".")
    return int(tokens[8] if len(tokens) == 9 else tokens[10])


# -- replays ---------------------------------------------------------------------------------------


async def replay_stream(
    open_connection: Open,
    *,
    stream: str,
    subject: str,
    from_sequence: int | None,
    from_time: datetime | None,
    limit: int | None,
    patience: float,
    batch: int = 256,
) -> AsyncGenerator[Incoming, None]:
    """See `JetStream.replay`."""
    if from_sequence is not None and from_time is not None:
        raise ValueError("A replay starts at a sequence or at a time, not at both.")
    config: dict[str, Any] = {
        "deliver_policy": "all",
        "ack_policy": "none",
        "replay_policy": "instant",
        "mem_storage": True,
        "num_replicas": 1,
        "inactive_threshold": _FORGOTTEN * _SECOND,
    }
    if subject:
        config["filter_subject"] = subject
    if from_sequence is not None:
        config |= {"deliver_policy": "by_start_sequence", "opt_start_seq": max(1, from_sequence)}
    if from_time is not None:
        if from_time.tzinfo is None:
            raise ValueError("The time of a replay needs a zone.")
        start = from_time.astimezone(UTC).isoformat()
        config |= {"deliver_policy": "by_start_time", "opt_start_time": start}
    if limit is not None and limit <= 0:
        return
    connection = await open_connection()
    name = "replay-" + secrets.token_hex(8)
    try:
        info = await connection.api(f"STREAM.INFO.{stream}")
        end = int(info["state"]["last_seq"])
        path = f"CONSUMER.CREATE.{stream}.{name}" + (f".{subject}" if subject else "")
        made = await connection.api(
            path, {"stream_name": stream, "config": {**config, "name": name}}
        )
        if not made.get("num_pending"):
            return
        puller = Puller(connection, stream, name)
        await puller.start()
        given = 0
        async for message, pending in _all_messages(puller, batch=batch, patience=patience):
            incoming = incoming_of(message, stream)
            if incoming.sequence > end:
                return
            yield incoming
            given += 1
            if given == limit or incoming.sequence == end or not pending:
                return
    finally:
        with suppress(OmsError):
            # Asked for, not waited for: the server forgets it by itself otherwise.
            if not connection.lost.done():
                await connection.client.publish(f"$JS.API.CONSUMER.DELETE.{stream}.{name}")
        await connection.close()


async def _all_messages(
    puller: Puller, *, batch: int, patience: float
) -> AsyncGenerator[tuple[Msg, int], None]:
    """Messages and how many are behind each, until there is none."""
    left = expected = 0
    while True:
        if left == 0:
            await puller.ask(batch=batch, no_wait=True)
            left = batch
        getting = asyncio.wait_for(puller.arrived.get(), patience)
        try:
            message = await puller.connection.unless_lost(getting)
        except TimeoutError as error:
            raise puller.connection.unavailable(error) from None
        status = status_of(message)
        if status in {"404", "408"}:
            if left == batch:
                return
            # Fewer than asked for: the rest is asked for anew, unless there was none behind.
            left = 0
            continue
        if status == "100":
            continue
        if status:
            text = str((message.headers or {}).get("Description", ""))
            raise puller.connection.unavailable(f"the replay ended: {status} {text}")
        # Numbers of a reader have no gap; one means that the connection lost a message.
        expected += 1
        if _consumer_sequence(message) != expected:
            raise puller.connection.unavailable("a message of the replay is missing")
        left -= 1
        # Nothing of a replay is confirmed.
        puller.held.clear()
        yield message, _pending(message)


def _consumer_sequence(message: Msg) -> int:
    tokens = message.reply.split(".")
    return int(tokens[6] if len(tokens) == 9 else tokens[8])
