"""GraphQL over WebSockets: ``graphql-transport-ws``
(https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md).

Nothing is parsed or run before the first message has said who is there. GraphQL itself is loaded
with the first operation: the server starts without it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack, aclosing, suppress
from enum import IntEnum
from typing import Any, ClassVar, Final

import structlog
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

from oms_project.core import canonical_json
from oms_project.core.context import Place, place_scope, request_scope, take_place
from oms_project.core.errors import OmsError, TooManyRequests, Unauthenticated
from oms_project.core.ids import new_id
from oms_project.core.routes import PUBLIC, Declaration
from oms_project.core.trace import new_trace, trace_scope
from oms_project.graphql.handshake import Caller, MessageRate, caller_of

__all__ = ["PROTOCOL", "Close", "GraphQLSocket"]

log = structlog.get_logger("oms.graphql")

PROTOCOL: Final = "graphql-transport-ws"
_MAX_ID: Final = 200


class Close(IntEnum):
    """Codes with which the server closes a socket."""

    DONE = 1000
    BAD_MESSAGE = 4400
    UNAUTHENTICATED = 4401  # no credentials, or such that will not hold another time either
    FORBIDDEN = 4403  # the token has expired: connect again with a new one
    BAD_PROTOCOL = 4406
    NO_INIT = 4408
    DUPLICATE = 4409
    TOO_MANY = 4429
    SLOW = 4499  # the client does not read
    UNAVAILABLE = 4503


class _Closing(Exception):
    """The socket has to be closed.

    Attributes:
        code: see `Close`.
        reason: for people.
    """

    def __init__(self, code: Close, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(reason)


class _Gone(Exception):
    """There is nobody to talk to any more."""


class GraphQLSocket(AsyncWebsocketConsumer):  # type: ignore[misc]
    """One connection. Messages are handled one after the other; operations run beside each other,
    each in a task of its own.
    """

    required_permissions: ClassVar[Declaration] = {
        "CONNECT": PUBLIC("the first message says who is there; nothing is done before")
    }
    #: None is wanted: followers hear of events through one watcher for all of them.
    channel_layer_alias = ""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._caller: Caller | None = None
        self._session: Any = None
        self._begun = False
        self._closed = False
        self._rate = MessageRate(settings.OMS_GRAPHQL_MESSAGES_PER_SECOND)
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._guards: set[asyncio.Task[None]] = set()
        self._held = ExitStack()  # what is given back when the socket ends

    # -- the connection ---------------------------------------------------------------------------

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """As any consumer; whatever ends it (a server that stops), nothing is left behind."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._closed = True
            await self._end_tasks()

    async def connect(self) -> None:
        """Take who speaks our protocol, from our own pages or from no page at all."""
        self._caller = caller_of(self.scope)
        if not self._caller.welcome:
            await super().close()  # before it is accepted: an answer with status 403
            return
        if PROTOCOL not in self.scope.get("subprotocols", ()):
            await self.accept()
            await self._close(Close.BAD_PROTOCOL, f"Only {PROTOCOL} is spoken here.")
            return
        await self.accept(PROTOCOL)
        self._guard(self._init_in_time())

    async def disconnect(self, code: int) -> None:
        """Leave nothing behind."""
        self._closed = True
        await self._end_tasks()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """One message."""
        if self._closed:
            return
        try:
            await self._handle(text_data, bytes_data)
        except _Closing as closing:
            await self._close(closing.code, closing.reason)
        except _Gone:
            pass  # what it was about has no use any more

    async def _handle(self, text: str | None, raw: bytes | None) -> None:
        if not self._rate.take():
            raise _Closing(Close.TOO_MANY, "Too many messages.")
        if text is None or raw is not None:
            raise _Closing(Close.BAD_MESSAGE, "Messages are JSON, sent as text.")
        if len(text) > settings.OMS_GRAPHQL_MAX_MESSAGE_BYTES:
            raise _Closing(Close.BAD_MESSAGE, "The message is too large.")
        try:
            message = canonical_json.loads(text)
        except (ValueError, RecursionError) as error:
            raise _Closing(Close.BAD_MESSAGE, "The message is not JSON.") from error
        kind = message.get("type") if isinstance(message, dict) else None
        handle = self._handlers.get(kind) if isinstance(kind, str) else None
        if handle is None:
            raise _Closing(Close.BAD_MESSAGE, "The message has no type of the protocol.")
        payload = message.get("payload")
        if payload is not None and not isinstance(payload, dict):
            raise _Closing(Close.BAD_MESSAGE, "A payload is a JSON object.")
        await handle(self, message)

    # -- messages ---------------------------------------------------------------------------------

    async def _init(self, message: Mapping[str, Any]) -> None:
        if self._begun:
            raise _Closing(Close.TOO_MANY, "Too many initialisation requests.")
        self._begun = True
        assert self._caller is not None
        from oms_project.graphql.sessions import connection_of
        from oms_project.graphql.threads import in_thread

        try:
            session = await in_thread(self._caller.session, message.get("payload") or {})
            self._held.enter_context(connection_of(session.actor))
        except Unauthenticated as error:
            raise _Closing(Close.UNAUTHENTICATED, error.message) from error
        except TooManyRequests as error:
            raise _Closing(Close.TOO_MANY, error.message) from error
        except Exception as error:
            log.warning("a socket could not be opened", reason=repr(error)[:300])
            raise _Closing(Close.UNAVAILABLE, "Try again later.") from error
        self._session = session
        self._guard(self._end_with_session())
        log.info("socket opened", actor=session.actor.username, path=self.scope["path"])
        await self._say({"type": "connection_ack"})

    async def _ping(self, message: Mapping[str, Any]) -> None:
        payload = message.get("payload")
        await self._say({"type": "pong"} | ({} if payload is None else {"payload": payload}))

    async def _pong(self, _message: Mapping[str, Any]) -> None:
        """It lives."""

    async def _subscribe(self, message: Mapping[str, Any]) -> None:
        if self._session is None:
            raise _Closing(Close.UNAUTHENTICATED, "Say who you are first: connection_init.")
        key = self._id_of(message)
        payload = message.get("payload")
        if not isinstance(payload, dict):
            raise _Closing(Close.BAD_MESSAGE, "`subscribe` has a payload with `query`.")
        if key in self._operations:
            raise _Closing(Close.DUPLICATE, f"Subscriber for {key} already exists.")
        most = settings.OMS_GRAPHQL_MAX_SUBSCRIPTIONS
        if len(self._operations) >= most:
            await self._refuse(
                key,
                TooManyRequests(
                    f"This connection runs {most} operations already; complete one first.",
                    code="too_many_subscriptions",
                    data={"max": most},
                ),
            )
            return
        task = asyncio.create_task(self._run(key, payload))
        self._operations[key] = task
        task.add_done_callback(lambda done: self._forget(key, done))

    async def _complete(self, message: Mapping[str, Any]) -> None:
        task = self._operations.pop(self._id_of(message), None)
        if task is not None:
            task.cancel()

    def _id_of(self, message: Mapping[str, Any]) -> str:
        key = message.get("id")
        if not isinstance(key, str) or not 0 < len(key) <= _MAX_ID:
            raise _Closing(Close.BAD_MESSAGE, f"`id` is a text of 1 to {_MAX_ID} characters.")
        return key

    _handlers: ClassVar[
        Mapping[str, Callable[[GraphQLSocket, Mapping[str, Any]], Awaitable[None]]]
    ] = {
        "connection_init": _init,
        "ping": _ping,
        "pong": _pong,
        "subscribe": _subscribe,
        "complete": _complete,
    }

    # -- operations -------------------------------------------------------------------------------

    async def _run(self, key: str, payload: Mapping[str, Any]) -> None:
        """One operation, from its first answer to its last."""
        with suppress(_Gone):
            await self._answers(key, payload)

    async def _answers(self, key: str, payload: Mapping[str, Any]) -> None:
        from oms_project.graphql.http import request_of
        from oms_project.graphql.operations import Refused, results
        from oms_project.graphql.sources import schema_source

        assert self._caller is not None
        path: Mapping[str, Any] = self.scope.get("url_route", {}).get("kwargs", {})
        ontology, ref = str(path.get("ontology", "")), self._caller.ref
        with (
            request_scope(new_id(), self._caller.source),
            trace_scope(new_trace()),
            place_scope(),
        ):
            take_place(Place(ontology=ontology, branch=ref))
            try:
                request = request_of(payload)
                answers = results(
                    request,
                    schema_source(ontology, ref),
                    self._session.actor,
                    check=self._session.check,
                )
                async with aclosing(answers):
                    async for answer in answers:
                        await self._next(key, answer.body)
                await self._say({"id": key, "type": "complete"})
            except Refused as refused:
                await self._say({"id": key, "type": "error", "payload": refused.errors})
            except Unauthenticated as error:
                await self._close(*_ending(error))
            except OmsError as error:
                await self._refuse(key, error)
            except _Gone:
                raise
            except Exception:
                log.exception("an operation over a socket failed")
                await self._refuse(key, OmsError("An error that nobody expected: see the log."))

    def _forget(self, key: str, task: asyncio.Task[None]) -> None:
        if self._operations.get(key) is task:
            del self._operations[key]

    async def _refuse(self, key: str, error: OmsError) -> None:
        from oms_project.graphql.errors import formatted, graphql_error

        await self._say({"id": key, "type": "error", "payload": [formatted(graphql_error(error))]})

    # -- sending ----------------------------------------------------------------------------------

    async def _say(self, message: Mapping[str, Any]) -> None:
        await self._send(canonical_json.dumps_text(message))

    async def _next(self, key: str, body: bytes) -> None:
        head = canonical_json.dumps_text({"id": key, "type": "next"})
        await self._send(f'{head[:-1]},"payload":{body.decode()}}}')

    async def _send(self, text: str) -> None:
        """Send, and wait until it has gone out; a client that does not read is let go."""
        if self._closed:
            raise _Gone
        try:
            async with asyncio.timeout(settings.OMS_GRAPHQL_SLOW_SECONDS):
                await self.send(text_data=text)
        except TimeoutError:
            log.warning("a socket's client does not read", actor=self._who())
            await self._close(Close.SLOW, "The client does not read.")
            raise _Gone from None

    async def _close(self, code: Close, reason: str) -> None:
        if self._closed:
            return
        self._closed = True
        log.info("socket closed", actor=self._who(), code=int(code), reason=reason)
        try:
            await super().close(code=int(code), reason=reason[:120])
        finally:
            await self._end_tasks()

    def _who(self) -> str:
        return "" if self._session is None else str(self._session.actor.username)

    # -- guards -----------------------------------------------------------------------------------

    def _guard(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._guards.add(task)
        task.add_done_callback(self._guards.discard)

    async def _init_in_time(self) -> None:
        await asyncio.sleep(settings.OMS_GRAPHQL_INIT_SECONDS)
        if not self._begun:
            await self._close(Close.NO_INIT, "Connection initialisation timeout.")

    async def _end_with_session(self) -> None:
        """Close the socket when its session ends, also while nothing happens."""
        from oms_project.graphql.threads import in_thread

        while True:
            await asyncio.sleep(self._session.pause(settings.OMS_GRAPHQL_CHECK_SECONDS))
            try:
                await in_thread(self._session.check)
            except Unauthenticated as error:
                await self._close(*_ending(error))
                return
            except Exception as error:  # noqa: BLE001 - a database that is away comes back
                log.warning("a socket's session was not checked", reason=repr(error)[:300])

    async def _end_tasks(self) -> None:
        own = asyncio.current_task()
        tasks = [task for task in (*self._operations.values(), *self._guards) if task is not own]
        self._operations.clear()
        self._held.close()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.gather(*tasks, return_exceptions=True)


def _ending(error: Unauthenticated) -> tuple[Close, str]:
    expired = error.error_code == "token_expired"
    return Close.FORBIDDEN if expired else Close.UNAUTHENTICATED, error.message
