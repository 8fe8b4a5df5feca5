"""Publishing many messages to JetStream in order, with a bounded number on their way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from events.adapters.jetstream_streams import STREAM_NOT_FOUND, StreamLimits, ensure_stream
from events.adapters.nats_connection import ApiError, Connection
from oms_project.core.errors import Unavailable

__all__ = ["Outgoing", "Published", "Publisher"]

_MESSAGE_ID: Final = "Nats-Msg-Id"
_AFTER: Final = "Nats-Expected-Last-Msg-Id"

#: Bytes on their way without an answer: what is not on the wire yet is kept in memory.
_WINDOW_BYTES: Final = 32 * 1024 * 1024
#: Messages written before the connection gets a turn: the server works while more is prepared.
_TURN: Final = 32

# NATS's numbers. The first set says no to the message itself, however often it comes.
_REFUSALS: Final = frozenset({10054, 10097})
_OTHER_PREDECESSOR: Final = 10070


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to be stored.

    Attributes:
        stream: which stream keeps it, as `events.domain.subjects.stream_of` names it.
        subject: a subject of that stream.
        message_id: what makes it the same message when it comes again.
    """

    stream: str
    subject: str
    payload: bytes
    headers: Mapping[str, str]
    message_id: str


@dataclass(frozen=True, slots=True)
class Published:
    """What became of a batch.

    Attributes:
        acknowledged: so many, from its start, are stored.
        error: empty when all are; else a sentence.
        refused: the first that is not was refused for what it is; trying again cannot help.
    """

    acknowledged: int
    error: str
    refused: bool


@dataclass(frozen=True, slots=True)
class _Failure:
    error: str
    refused: bool = False
    number: int = 0


class Publisher:
    """Publishes on one connection.

    Args:
        window: messages that may be without an answer.
        timeout: seconds without any answer after which the connection is given up.
    """

    def __init__(
        self, connection: Connection, limits: StreamLimits, *, window: int, timeout: float
    ) -> None:
        self.connection = connection
        self._limits = limits
        self._window = window
        self._timeout = timeout
        self._inbox = ""
        self._ensured: set[str] = set()
        # The number of the first message of this round; older answers are nobody's any more.
        self._base = 0
        self._count = 0
        self._answers: list[_Failure | bool | None] = []
        self._streams: list[str] = []
        self._answered = 0
        self._failed = False
        self._wake: asyncio.Future[None] | None = None

    async def publish(self, batch: Sequence[Outgoing]) -> Published:
        """See `JetStream.publish`."""
        done = 0
        remade = -1
        while True:
            try:
                stored, failure = await self._round(batch[done:])
            except Unavailable as error:
                return Published(done + self._prefix(), str(error), refused=False)
            except BaseException:
                # Cancelled in the middle: what is still to be written must not follow later.
                self.connection.abandon()
                raise
            done += stored
            if failure is None:
                return Published(done, "", refused=False)
            # Another publisher came between, or the batch begins with what was stored long ago:
            # the first message of a round expects nothing, so each round gets further.
            again = failure.number == _OTHER_PREDECESSOR and stored > 0
            if failure.number == STREAM_NOT_FOUND and remade != done:
                remade = done
                again = True
                self._ensured.clear()
            if not again:
                return Published(done, failure.error, refused=failure.refused)

    async def _round(self, batch: Sequence[Outgoing]) -> tuple[int, _Failure | None]:
        """Send until the first failure; then so many are stored."""
        await self._begin(batch)
        failure: _Failure | None = None
        before: dict[str, str] = {}
        under_way: list[int] = []
        weight = freed = 0
        for number, message in enumerate(batch):
            if message.stream not in self._ensured:
                # What makes a stream may fail or take its time: nothing else is on its way then.
                await self._settle(number)
                failure = None if self._failed else await self._ensure(message.stream)
            headers = {**message.headers, _MESSAGE_ID: message.message_id}
            previous = before.get(message.stream)
            if previous is not None:
                headers[_AFTER] = previous
            size = len(message.payload) + _header_size(headers)
            if failure is None and size > self.connection.client.max_payload:
                failure = _Failure(
                    f"The message {message.message_id} has {size} bytes and the NATS server takes "
                    f"{self.connection.client.max_payload}.",
                    refused=True,
                )
            while (
                not (self._failed or failure)
                and number > self._answered
                and (number - self._answered >= self._window or weight + size > _WINDOW_BYTES)
            ):
                await self._answer()
                while freed < min(self._answered, number):
                    weight -= under_way[freed]
                    freed += 1
            if self._failed or failure:
                break
            failure = await self._send(number, message, headers)
            if failure:
                break
            under_way.append(size)
            weight += size
            before[message.stream] = message.message_id
            self._count = number + 1
            if number % _TURN == _TURN - 1:
                await asyncio.sleep(0)
        await self._settle(self._count)
        stored = self._prefix()
        if stored < self._count:
            answer = self._answers[stored]
            return stored, answer if isinstance(answer, _Failure) else failure
        return stored, failure

    async def _begin(self, batch: Sequence[Outgoing]) -> None:
        self._base += self._count
        self._count = self._answered = 0
        self._answers = [None] * len(batch)
        self._streams = [message.stream for message in batch]
        self._failed = False
        if self.connection.lost.done():
            raise self.connection.unavailable(self.connection.lost.result())
        if not self._inbox:
            inbox = self.connection.client.new_inbox()
            try:
                await self.connection.client.subscribe(inbox + ".*", cb=self._on_answer)
            except NatsError as error:
                raise self.connection.unavailable(error) from None
            self._inbox = inbox + "."

    async def _ensure(self, stream: str) -> _Failure | None:
        try:
            await ensure_stream(self.connection, self._limits, stream)
        except ApiError as error:
            return _Failure(str(error))
        except ValueError as error:
            return _Failure(str(error), refused=True)
        self._ensured.add(stream)
        return None

    async def _send(
        self, number: int, message: Outgoing, headers: dict[str, str]
    ) -> _Failure | None:
        try:
            await self.connection.client.publish(
                message.subject,
                message.payload,
                reply=f"{self._inbox}{self._base + number}",
                headers=headers,
            )
        except (NatsError, ValueError) as error:
            if self.connection.lost.done() or not self.connection.client.is_connected:
                raise self.connection.unavailable("the connection is lost") from None
            return _Failure(
                f"The message {message.message_id} cannot be sent: "
                f"{type(error).__name__} {error}".rstrip(),
                refused=True,
            )
        return None

    async def _on_answer(self, message: Msg) -> None:
        number = int(message.subject[len(self._inbox) :]) - self._base
        if not 0 <= number < len(self._answers) or self._answers[number] is not None:
            return
        self._answers[number] = answer = self._read(number, message)
        if answer is not True:
            self._failed = True
        # Servers of a cluster answer in the order of a stream, not over streams.
        self._answered += 1
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def _read(self, number: int, message: Msg) -> _Failure | bool:
        if message.headers and message.headers.get("Status") == "503":
            return _Failure(
                f"The stream {self._streams[number]} does not answer.", number=STREAM_NOT_FOUND
            )
        answer: dict[str, Any] = json.loads(message.data)
        error = answer.get("error")
        if error:
            code = int(error.get("err_code", 0))
            text = f"JetStream: {error.get('description', 'no reason given')}."
            return _Failure(text, refused=code in _REFUSALS, number=code)
        if answer.get("stream") != self._streams[number]:
            return _Failure(
                f"The stream {answer.get('stream')} took a message that was for "
                f"{self._streams[number]}.",
                refused=True,
            )
        return True

    def _prefix(self) -> int:
        """How many of this round are stored without a gap."""
        for number in range(self._count):
            if self._answers[number] is not True:
                return number
        return self._count

    async def _settle(self, sent: int) -> None:
        """Wait until all that was sent is answered."""
        while self._answered < sent:
            await self._answer()

    async def _answer(self) -> None:
        """Wait for one answer more.

        Raises:
            Unavailable: none came in time, or the connection is lost. It is given up then, so that
                nothing of this round is stored behind what is sent next.
        """
        self._wake = asyncio.get_running_loop().create_future()
        lost = self.connection.lost
        either: set[asyncio.Future[Any]] = {self._wake, lost}
        await asyncio.wait(either, timeout=self._timeout, return_when=asyncio.FIRST_COMPLETED)
        if self._wake.done():
            return
        if lost.done():
            raise self.connection.unavailable(lost.result())
        self.connection.abandon()
        said = f" It said: {self.connection.said}" if self.connection.said else ""
        raise self.connection.unavailable(
            f"no answer within {self._timeout:g} seconds to what was published{said}"
        )


def _header_size(headers: Mapping[str, str]) -> int:
    # "NATS/1.0", a line per header, an empty line.
    return 12 + sum(len(key) + len(value.encode()) + 4 for key, value in headers.items())
