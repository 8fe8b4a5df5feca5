"""What Daphne does not do by itself, and every other ASGI server does.

Sending waits until a client has read: without that, what a slow client does not take piles up in
memory. Messages that come in are bounded, in size and in number, before any of them is looked at.
And the reason of a closed WebSocket reaches the client.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from django.conf import settings

__all__ = ["teach_daphne"]

_GATE: Final = "_oms_gate"
_PATIENCE: Final = "_oms_patience"
#: Seconds after which a download is given up whose client takes nothing.
_DOWNLOAD_SECONDS: Final = 120.0
#: What may wait for the application on one WebSocket: messages, and bytes.
_WAITING: Final = 1000
_WAITING_BYTES: Final = 8 * 1024 * 1024
_FEW: Final = 16
_TOO_MANY: Final = 4429


class _Gate:
    """A push producer for Twisted's transports, which close it while their buffer is full."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()

    def pauseProducing(self) -> None:  # noqa: N802 - Twisted's name
        self._open.clear()

    def resumeProducing(self) -> None:  # noqa: N802
        self._open.set()

    def stopProducing(self) -> None:  # noqa: N802 - the connection is gone
        self._open.set()

    async def passed(self) -> None:
        """Wait until there is room."""
        await self._open.wait()


def teach_daphne() -> None:
    """Improve Daphne, once, when it is Daphne that serves this process."""
    if "daphne.server" not in sys.modules:
        return
    from daphne.server import Server  # type: ignore[import-untyped]
    from daphne.ws_protocol import (  # type: ignore[import-untyped]
        WebSocketFactory,
        WebSocketProtocol,
    )

    if getattr(Server, _GATE, None) is not None:
        return
    setattr(Server, _GATE, True)
    reply, begin = Server.handle_reply, WebSocketFactory.__init__
    answer, message = WebSocketProtocol.handle_reply, WebSocketProtocol.onMessage

    async def handle_reply(self: Any, protocol: Any, told: Mapping[str, Any]) -> None:
        await _told(partial(reply, self), protocol, told)

    def made(self: Any, *arguments: Any, **named: Any) -> None:
        begin(self, *arguments, **named)
        most = settings.OMS_GRAPHQL_MAX_MESSAGE_BYTES * 2  # characters may be several bytes
        self.setProtocolOptions(maxFramePayloadSize=most, maxMessagePayloadSize=most)

    def answered(self: Any, told: Mapping[str, Any]) -> None:
        if told.get("type") == "websocket.close" and self.state == self.STATE_OPEN:
            self.sendClose(code=told.get("code") or 1000, reason=told.get("reason") or None)
            return
        answer(self, told)

    def heard(self: Any, payload: bytes, is_binary: bool) -> None:
        if self.state != self.STATE_OPEN:
            return
        if _too_much(self.application_queue):
            self.sendClose(code=_TOO_MANY, reason="Too many messages.")
            return
        message(self, payload, is_binary)

    Server.handle_reply = handle_reply
    WebSocketFactory.__init__ = made
    WebSocketProtocol.handle_reply = answered
    WebSocketProtocol.onMessage = heard


async def _told(reply: Any, protocol: Any, told: Mapping[str, Any]) -> None:
    kind = told.get("type")
    if kind == "websocket.send" or told.get("more_body"):
        gate = _gate(protocol)
        await reply(protocol, told)
        await _passed(gate, protocol)
        return
    if kind == "http.response.start" and _is_event_stream(told):
        setattr(protocol, _PATIENCE, settings.OMS_GRAPHQL_SLOW_SECONDS)
    if kind == "http.response.body" and hasattr(protocol, _GATE):
        _let_go(protocol)
    await reply(protocol, told)


async def _passed(gate: _Gate, protocol: Any) -> None:
    """Wait for the client; one that takes nothing at all loses its answer. A WebSocket ends itself,
    with a code.
    """
    if hasattr(protocol, "sendMessage"):
        await gate.passed()
        return
    try:
        async with asyncio.timeout(getattr(protocol, _PATIENCE, _DOWNLOAD_SECONDS)):
            await gate.passed()
    except TimeoutError:
        if protocol.channel is not None:
            protocol.channel.transport.abortConnection()


def _is_event_stream(told: Mapping[str, Any]) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(b"text/event-stream")
        for name, value in told.get("headers", ())
    )


def _gate(protocol: Any) -> _Gate:
    found: _Gate | None = getattr(protocol, _GATE, None)
    if found is None:
        found = _Gate()
        setattr(protocol, _GATE, found)
        if hasattr(protocol, "sendMessage"):  # a WebSocket: the HTTP channel is still registered
            protocol.unregisterProducer()
        protocol.registerProducer(found, True)
    return found


def _let_go(protocol: Any) -> None:
    if not protocol.finished:
        protocol.unregisterProducer()
    delattr(protocol, _GATE)


def _too_much(waiting: asyncio.Queue[Mapping[str, Any]]) -> bool:
    size = waiting.qsize()
    if size <= _FEW:
        return False
    if size > _WAITING:
        return True
    kept: Any = waiting._queue  # type: ignore[attr-defined]  # noqa: SLF001 - a look, no more
    return sum(len(one.get("text") or one.get("bytes") or b"") for one in kept) > _WAITING_BYTES
