"""A client of ``graphql-transport-ws`` for tests, in the same process: no server, no network."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from channels.testing import WebsocketCommunicator

from oms_project.graphql.routing import sockets
from oms_project.graphql.threads import in_thread
from oms_project.identity.models import User
from tests.conftest import tokens_of

T = TypeVar("T")
PROTOCOL = "graphql-transport-ws"
TIMEOUT = 60.0


def run(scenario: Coroutine[Any, Any, T]) -> T:
    """Run a scenario; what it leaves behind (a task) fails it."""

    async def checked() -> T:
        before = asyncio.all_tasks()
        result = await asyncio.wait_for(scenario, 120)
        for _ in range(200):
            left = asyncio.all_tasks() - before
            if not left:
                break
            await asyncio.sleep(0.02)
        assert not left, left
        return result

    return asyncio.run(checked())


async def thread(function: Callable[..., T], *arguments: Any, **named: Any) -> T:
    """Call what uses the database."""
    return await in_thread(lambda: function(*arguments, **named), pool="tests")


class Socket:
    """One connection."""

    def __init__(
        self,
        path: str = "/graphql",
        *,
        headers: dict[str, str] | None = None,
        protocols: tuple[str, ...] = (PROTOCOL,),
    ) -> None:
        sent = {"host": "testserver", **(headers or {})}
        self.communicator = WebsocketCommunicator(
            sockets,
            path,
            headers=[(name.encode(), value.encode()) for name, value in sent.items()],
            subprotocols=list(protocols),
        )
        self.waiting: dict[str, list[dict[str, Any]]] = {}

    async def open(self) -> tuple[bool, Any]:
        opened, protocol = await self.communicator.connect(timeout=TIMEOUT)
        return bool(opened), protocol

    async def send(self, **message: Any) -> None:
        await self.communicator.send_to(text_data=json.dumps(message))

    async def receive(self, seconds: float = TIMEOUT) -> dict[str, Any]:
        """The next message; ``{"close": code}`` when it is closed."""
        output = await self.communicator.receive_output(seconds)
        if output["type"] == "websocket.close":
            return {"close": output["code"], "reason": output.get("reason", "")}
        found: dict[str, Any] = json.loads(output["text"])
        return found

    async def init(self, **payload: Any) -> dict[str, Any]:
        await self.send(type="connection_init", payload=payload)
        return await self.receive()

    async def subscribe(self, key: str, query: str, **payload: Any) -> None:
        await self.send(id=key, type="subscribe", payload={"query": query, **payload})

    async def next(self, seconds: float = TIMEOUT) -> Any:
        """The data of the next answer."""
        message = await self.receive(seconds)
        assert message.get("type") == "next", message
        assert "errors" not in message["payload"], message["payload"]
        return message["payload"]["data"]

    async def silent(self, seconds: float = 0.3) -> bool:
        return bool(await self.communicator.receive_nothing(timeout=seconds, interval=0.05))

    async def end(self) -> None:
        await self.communicator.disconnect(timeout=TIMEOUT)


async def signed_in(user: User, path: str = "/graphql", **options: Any) -> Socket:
    """A connection that is open and acknowledged."""
    socket = Socket(path, **options)
    opened, protocol = await socket.open()
    assert (opened, protocol) == (True, PROTOCOL)
    token = (await thread(tokens_of, user)).access
    assert await socket.init(Authorization=f"Bearer {token}") == {"type": "connection_ack"}
    return socket
