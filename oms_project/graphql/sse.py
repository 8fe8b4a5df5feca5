"""Subscriptions as server-sent events: the "distinct connections" mode of graphql-sse
(https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md), one operation on each.

Each event carries its resume token as ``id``, so that a client which comes back with
``Last-Event-ID`` goes on where it was.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import ExitStack, aclosing
from typing import Final

import structlog
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from oms_project.api.json import to_json
from oms_project.core.context import (
    Source,
    current_actor,
    current_place,
    current_request_id,
    current_source,
    place_scope,
    request_scope,
    take_place,
)
from oms_project.core.errors import BadRequest, OmsError, TooManyRequests, Unauthenticated
from oms_project.core.trace import current_trace, new_trace, trace_scope
from oms_project.graphql.engine import CompiledSchema, GraphQLRequest
from oms_project.graphql.errors import formatted, graphql_error
from oms_project.graphql.operations import Refused, results
from oms_project.graphql.sessions import (
    LiveSession,
    connection_of,
    session_of_cookie,
    session_of_token,
)
from oms_project.identity.api.authentication import bearer_token

__all__ = ["stream"]

log = structlog.get_logger("oms.graphql")

#: Seconds without an event after which a comment shows that the connection lives.
_KEEP_ALIVE: Final = 12.0
_END: Final = b"event: complete\ndata:\n\n"


def stream(
    request: HttpRequest, asked: GraphQLRequest, source: Callable[[], CompiledSchema]
) -> HttpResponseBase:
    """The answer to a request that accepts ``text/event-stream``."""
    if not isinstance(request, ASGIRequest):
        return _refused(
            BadRequest(
                "Events are streamed by an ASGI server only; this one is synchronous. Ask for "
                "application/json, or serve oms_project.asgi.",
                code="graphql_needs_asgi",
            ),
            status=501,
        )
    try:
        session = _session(request)
    except Unauthenticated as error:
        return _refused(error, status=401)
    response = StreamingHttpResponse(
        _Stream(request, session, asked, source).events(),
        content_type="text/event-stream; charset=utf-8",
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # for gateways that would keep it back
    response.headers["Vary"] = "Accept, Authorization, Cookie"
    return response


def _session(request: HttpRequest) -> LiveSession:
    """Who asks was found out by the middleware; this is how it is asked again."""
    current_actor()
    token = bearer_token(request)
    if token is not None:
        return session_of_token(token)
    return session_of_cookie(request.COOKIES.get(settings.SESSION_COOKIE_NAME, ""))


class _Stream:
    """One operation; it runs in a task of its own, so that its context stays one from beginning to
    end, and hands over one answer at a time.
    """

    def __init__(
        self,
        request: HttpRequest,
        session: LiveSession,
        asked: GraphQLRequest,
        source: Callable[[], CompiledSchema],
    ) -> None:
        self._session = session
        self._asked = asked
        self._source = source
        self._read_only = request.method == "GET"
        self._resume_from = request.headers.get("Last-Event-ID", "")
        # The middleware's scopes end before the first event is sent.
        self._request_id = current_request_id()
        self._came_from: Source = current_source()
        self._place = current_place()
        self._trace = current_trace() or new_trace()

    async def events(self) -> AsyncIterator[bytes]:
        """The stream as bytes."""
        ready: asyncio.Queue[bytes | None] = asyncio.Queue(maxsize=1)
        task = contextvars.Context().run(asyncio.create_task, self._work(ready))
        try:
            yield b":\n\n"  # a client learns at once that it is connected
            while True:
                try:
                    async with asyncio.timeout(_KEEP_ALIVE):
                        part = await ready.get()
                except TimeoutError:
                    if task.done():  # the client did not read in time
                        return
                    yield b":\n\n"
                    continue
                if part is None:
                    return
                yield part
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _work(self, ready: asyncio.Queue[bytes | None]) -> None:
        with (
            request_scope(self._request_id, self._came_from),
            trace_scope(self._trace),
            place_scope(),
        ):
            take_place(self._place)
            async with aclosing(self._parts()) as parts:
                async for part in parts:
                    await self._hand_over(ready, part)
        await self._hand_over(ready, None)

    async def _hand_over(self, ready: asyncio.Queue[bytes | None], part: bytes | None) -> None:
        async with asyncio.timeout(settings.OMS_GRAPHQL_SLOW_SECONDS):
            await ready.put(part)

    async def _parts(self) -> AsyncGenerator[bytes, None]:
        with ExitStack() as held:
            try:
                held.enter_context(connection_of(self._session.actor))
                answers = results(
                    self._asked,
                    self._source,
                    self._session.actor,
                    check=self._session.check,
                    resume_from=self._resume_from,
                    read_only=self._read_only,
                )
                async with aclosing(answers):
                    async for answer in answers:
                        yield _event(answer.body, answer.token)
            except Refused as refused:
                yield _event(to_json({"errors": refused.errors}))
            except (Unauthenticated, TooManyRequests) as error:
                yield _event(_errors(error))
            except Exception:
                log.exception("an event stream failed")
                yield _event(_errors(OmsError("An error that nobody expected: see the log.")))
            yield _END


def _event(body: bytes, token: str = "") -> bytes:
    head = f"id: {token}\n".encode() if token else b""
    # Line breaks in JSON are white space between its parts, and would end the event's data.
    return head + b"event: next\ndata: " + body.replace(b"\n", b" ") + b"\n\n"


def _errors(error: OmsError) -> bytes:
    return to_json({"errors": [formatted(graphql_error(error))]})


def _refused(error: OmsError, *, status: int) -> HttpResponse:
    return HttpResponse(
        _errors(error),
        status=status,
        content_type="application/graphql-response+json; charset=utf-8",
    )
