"""What every gRPC call passes through, as requests pass through the middleware.

Request id and trace, deadline, who acts, how often, what the method needs, the work, denials on
record, one access log line, metrics; and the database connections of the thread are closed.
"""

from __future__ import annotations

import contextvars
import re
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from typing import Any, Final, cast
from urllib.parse import unquote

import grpc
import structlog
from django.conf import settings
from django.db import connections

from audit.denials import record_denial
from oms_project.api.errors import as_oms_error
from oms_project.core.authorization import authorizer
from oms_project.core.context import (
    Actor,
    Source,
    acting_as,
    current_request_id,
    current_source,
    place_scope,
    request_scope,
)
from oms_project.core.errors import PermissionDenied, Unauthenticated
from oms_project.core.ids import new_id
from oms_project.core.metrics import counter, histogram
from oms_project.core.problem import problem_members
from oms_project.core.routes import Public
from oms_project.core.trace import new_trace, read_trace, trace_scope
from oms_project.identity.api.authentication import token_holder
from oms_project.middleware.rates import count_request, too_many
from oms_project.middleware.source import address_behind
from oms_project.rpc.calls import Call, call_scope
from oms_project.rpc.errors import ERROR_KEY, LIMIT_KEY, error_bytes, status_of
from oms_project.rpc.needs import HealthProbe, MethodNeed, ServiceOnly, need_of_method

__all__ = ["CallChain"]

REQUEST_ID: Final = "x-request-id"
_SANE: Final = re.compile(r"^[A-Za-z0-9._:+/=-]{8,128}$")
_MAX_AGENT: Final = 300
_MAX_TOKEN: Final = 8192
# A deadline that is further away is none: gRPC says "never" as a large number.
_NEVER: Final = 10 * 365 * 24 * 3600.0
# After its time a call that does not look at the clock is broken off.
_GRACE: Final = 1.0
_END: Final = object()

log = structlog.get_logger("oms.access")
_trouble = structlog.get_logger("oms.rpc")

_calls = counter("oms_grpc_calls_total", "Calls over gRPC by how they ended.", ("method", "code"))
_seconds = histogram(
    "oms_grpc_call_seconds", "Time from a call's first to its last message.", ("method",)
)

_Handler = Any  # grpc.RpcMethodHandler is generic in its stubs only
_Context = grpc.ServicerContext


class CallChain(grpc.ServerInterceptor):
    """The chain, around every method but the probes of health."""

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], _Handler | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> _Handler | None:
        """The server calls it when a call comes in; what it gives serves the call."""
        handler = continuation(handler_call_details)
        method = handler_call_details.method
        need = need_of_method(method)
        if handler is None or isinstance(need, HealthProbe):
            return handler
        return _wrapped(handler, method, need)


def _wrapped(handler: Any, method: str, need: MethodNeed | None) -> _Handler:
    streams = bool(handler.response_streaming)
    behaviour = (
        handler.stream_stream or handler.unary_stream
        if streams
        else handler.stream_unary or handler.unary_unary
    )
    make = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }[bool(handler.request_streaming), streams]

    def unary(request: Any, context: _Context) -> Any:
        served = _Served(method, need, context)
        return contextvars.copy_context().run(served.answer, behaviour, request)

    def stream(request: Any, context: _Context) -> Iterator[Any]:
        # A context of its own: what the stream binds is there for each of its steps, whichever
        # thread takes them, and for nobody else.
        own = contextvars.copy_context()
        served = _Served(method, need, context)
        steps = served.stream(behaviour, request)
        try:
            while (message := own.run(next, steps, _END)) is not _END:
                yield message
        finally:
            own.run(steps.close)

    made: _Handler = make(
        stream if streams else unary,
        request_deserializer=handler.request_deserializer,
        response_serializer=handler.response_serializer,
    )
    return made


class _Served:
    """One call on its way through the chain."""

    def __init__(self, method: str, need: MethodNeed | None, context: _Context) -> None:
        self._method = method
        self._need = need
        self._context = context
        self._metadata = {
            key: value if isinstance(value, str) else value.decode("latin1")
            for key, value in context.invocation_metadata()
        }
        self._actor: Actor | None = None
        self._code = grpc.StatusCode.OK
        self._error: Exception | None = None

    def answer(self, behaviour: Callable[[Any, _Context], Any], request: Any) -> Any:
        """Serve a method that answers once."""
        with ExitStack() as stack:
            self._enter(stack)
            try:
                self._admit(stack)
                return behaviour(request, self._context)
            except Exception as error:  # noqa: BLE001 - whatever it is, the caller is told
                self._failed(error)
        self._abort()
        return None

    def stream(
        self, behaviour: Callable[[Any, _Context], Iterator[Any]], request: Any
    ) -> Generator[Any, None, None]:
        """Serve a method that answers with a stream."""
        with ExitStack() as stack:
            self._enter(stack)
            try:
                self._admit(stack)
                yield from behaviour(request, self._context)
            except GeneratorExit:
                self._code = grpc.StatusCode.CANCELLED
                raise
            except Exception as error:  # noqa: BLE001 - as above
                self._failed(error)
            else:
                return
        self._abort()

    # --- on the way in ----------------------------------------------------------------------
    def _enter(self, stack: ExitStack) -> None:
        """What lasts as long as the call; undone in turn, connections last."""
        started = time.perf_counter()
        stack.callback(_close_connections)
        offered = self._metadata.get(REQUEST_ID, "")
        request_id = offered if _SANE.match(offered) else new_id()
        stack.enter_context(request_scope(request_id, self._source()))
        trace = read_trace(
            self._metadata.get("traceparent", ""), self._metadata.get("tracestate", "")
        )
        stack.enter_context(trace_scope(trace or new_trace()))
        stack.enter_context(place_scope())
        stack.callback(self._finish, started)
        self._context.send_initial_metadata(((REQUEST_ID, request_id),))
        stack.enter_context(call_scope(self._limited(stack)))

    def _source(self) -> Source:
        agent = "".join(
            letter if letter.isprintable() else "�"
            for letter in self._metadata.get("user-agent", "")
        )
        # Metadata are the headers of HTTP/2, so gateways say the same in them. Of several of this
        # name gRPC keeps the last, which is the one that the innermost gateway wrote.
        forwarded = self._metadata.get("x-forwarded-for", "")
        address = address_behind(_address(self._context.peer()), forwarded)
        return Source("grpc", address, agent[:_MAX_AGENT], self._method)

    def _limited(self, stack: ExitStack) -> Call:
        """The call's time: what the caller gives it, or ours. One that takes longer and does not
        look at the clock is broken off.
        """
        given = cast("float | None", self._context.time_remaining())
        if given is None or given > _NEVER:
            given = float(settings.DATA_KERNEL_TIMEOUT)
            watch = threading.Timer(given + _GRACE, self._context.cancel)
            watch.daemon = True
            watch.start()
            stack.callback(watch.cancel)
        left = min(given, float(settings.DATA_KERNEL_STREAM_TIMEOUT))
        return Call(time.monotonic() + left, self._context.is_active)

    def _admit(self, stack: ExitStack) -> None:
        """Who acts, how often they may, and whether they may this.

        Raises:
            Unauthenticated, TooManyRequests, PermissionDenied.
        """
        failure: Unauthenticated | None = None
        try:
            self._actor = self._authenticate()
        except Unauthenticated as error:
            failure = error
        stack.enter_context(acting_as(self._actor))
        _spend(self._actor, self._need)
        if isinstance(self._need, Public):
            return
        if failure is not None:
            raise failure
        _want(self._need, self._actor)

    def _authenticate(self) -> Actor | None:
        scheme, _, token = self._metadata.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        if not 0 < len(token.strip()) <= _MAX_TOKEN:
            raise Unauthenticated("The access token is not valid or has expired: sign in again.")
        return token_holder(token.strip()).actor

    # --- on the way out ---------------------------------------------------------------------
    def _failed(self, error: Exception) -> None:
        ours = as_oms_error(error)
        if isinstance(error, grpc.RpcError) and not self._context.is_active():
            self._code = grpc.StatusCode.CANCELLED  # the caller went while its messages were read
            self._error = error
            return
        if isinstance(ours, PermissionDenied):
            record_denial(ours)
        self._code = _code_of(ours)
        self._error = ours
        if self._code is grpc.StatusCode.INTERNAL:
            _trouble.error("unexpected error", method=self._method, exc_info=error)
        elif self._code is grpc.StatusCode.UNAVAILABLE:
            _trouble.warning("unavailable", method=self._method, reason=str(error))

    def _finish(self, started: float) -> None:
        took = time.perf_counter() - started
        _calls.labels(method=self._method, code=self._code.name).inc()
        _seconds.labels(method=self._method).observe(took)
        log.info(
            "call",
            method=self._method,
            code=self._code.name,
            milliseconds=round(took * 1000, 1),
            actor=None if self._actor is None else self._actor.username,
            request_id=current_request_id(),
        )

    def _abort(self) -> None:
        error = self._error or RuntimeError("A call ended without saying why.")
        self._error = None  # its traceback leads back here, and to all that the call held
        raw = error_bytes(error, self._metadata.get(LIMIT_KEY, ""))
        self._context.set_trailing_metadata(((ERROR_KEY, raw),))
        self._context.abort(self._code, _sentence(error))


def _spend(actor: Actor | None, need: MethodNeed | None) -> None:
    """Count the call against the limits of REST; other processes of OMS are not counted."""
    if actor is not None and isinstance(need, ServiceOnly):
        return
    if isinstance(need, Public):
        name, limit = "auth", settings.OMS_RATE_AUTH
    elif actor is None:
        name, limit = "anonymous", settings.OMS_RATE_ANONYMOUS
    else:
        name, limit = "client", settings.OMS_RATE_CLIENT
    if not limit:
        return
    used, reset = count_request(name, actor.id if actor else current_source().address)
    if used > limit:
        raise too_many(limit, reset)


def _want(need: MethodNeed | None, actor: Actor | None) -> None:
    if need is None:
        raise PermissionDenied("This method does not say who may use it.")
    if actor is None:
        raise Unauthenticated("Sign in first: no credentials were given.")
    if isinstance(need, ServiceOnly):
        if actor.kind != "service" or actor.on_behalf_of is not None:
            raise PermissionDenied(
                "Not allowed: this is for other processes of OMS, which call as a service "
                "account that acts for itself.",
                data={"permission": need.permission},
            )
        # For everything, not for some ontology: it sees and writes all of them.
        authorizer.check(actor, need.permission)
        return
    if isinstance(need, str):
        decision = authorizer.anywhere(actor, need)
        if not decision.allowed:
            raise PermissionDenied(f"Not allowed: {decision.reason}.", data={"permission": need})


def _code_of(error: Exception) -> grpc.StatusCode:
    if getattr(error, "error_code", "") == "deadline_exceeded":
        return grpc.StatusCode.DEADLINE_EXCEEDED
    return status_of(error)


def _sentence(error: Exception) -> str:
    # A status line of HTTP/2: what is too long for it stands in the metadata.
    return str(problem_members(error)["detail"])[:1000]


def _address(peer: str) -> str:
    """The network address in what gRPC calls a peer: ``ipv4:1.2.3.4:567``, ``ipv6:%5B::1%5D:567``."""
    kind, _, rest = unquote(peer).partition(":")
    if kind not in ("ipv4", "ipv6"):
        return peer[:100]
    return rest.rpartition(":")[0].strip("[]")[:100]


def _close_connections() -> None:
    for connection in connections.all(initialized_only=True):
        connection.close()
