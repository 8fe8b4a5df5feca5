"""The line to the data kernel: one channel for a process, with its token, retries and breaker."""

from __future__ import annotations

import os
import random
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import grpc
import structlog
from django.conf import settings
from django.db import connection

from oms_project.core.context import current_request_id
from oms_project.core.errors import OmsError, PermissionDenied, Unauthenticated, Unavailable
from oms_project.core.trace import child_of, current_trace
from oms_project.rpc.errors import LIMIT_KEY, UNREACHED, error_of
from ontology.rpc.v1 import kernel_pb2 as pb
from ontology.rpc.v1 import kernel_pb2_grpc as services
from ontology.store.terminusdb.breaker import Breaker, BreakerOpen

__all__ = ["Line", "Token", "unreached"]

R = TypeVar("R")

_METADATA_BYTES: Final = 1024 * 1024
_FIRST_PAUSE: Final = 0.05
#: A token is renewed when this share of its life is over; renewing it in the last moment would
#: happen in the middle of somebody's transaction.
_RENEW_AFTER: Final = 0.5

log = structlog.get_logger("oms.rpc")


@dataclass(frozen=True, slots=True)
class Token:
    """An access token. ``renew_at``, ``ends_at``: on the clock of `time.monotonic`."""

    text: str
    renew_at: float = float("inf")
    ends_at: float = float("inf")


class Line:
    """A channel to one address, for all threads of this process.

    After a fork the child has to make one of its own: `Line` belongs to ``pid``.
    """

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.address: str = settings.DATA_KERNEL_ADDRESS
        self._channel = _channel(self.address)
        self._breaker = Breaker(
            settings.TERMINUSDB_BREAKER_FAILURES, settings.TERMINUSDB_BREAKER_SECONDS
        )
        self._lock = threading.Lock()
        #: Held while a token is asked for; never waited for by who holds the database.
        self._issuing = threading.Lock()
        self._token: Token | None = None
        self._renewing = False
        self._trouble: OmsError | None = None
        self.home: Any = services.OntologyHomeStub(self._channel)
        self._tokens: Any = services.TokensStub(self._channel)

    @property
    def channel(self) -> grpc.Channel:
        """For other services at the same address."""
        return self._channel

    def close(self) -> None:
        """Let go of the connection."""
        self._channel.close()

    # --- calls --------------------------------------------------------------------------------
    def call(
        self, method: Any, request: Any, *, timeout: float | None = None, repeat: bool = True
    ) -> Any:
        """Call a method that answers once.

        Args:
            timeout: seconds for all attempts together; None: DATA_KERNEL_TIMEOUT.
            repeat: whether doing it twice does what doing it once does.

        Raises:
            OmsError: what the kernel says; `Unavailable` when nobody says anything.
        """
        seconds = settings.DATA_KERNEL_TIMEOUT if timeout is None else timeout
        return self.attempt(
            lambda left, metadata: method(request, timeout=left, metadata=metadata),
            seconds=seconds,
            repeat=lambda: repeat,
        )

    def attempt(
        self,
        do: Callable[[float, Sequence[tuple[str, str]]], R],
        *,
        seconds: float,
        repeat: Callable[[], bool],
    ) -> R:
        """Do something, again where that is safe and nobody was reached.

        Args:
            do: takes the seconds that are left and the metadata.
            repeat: asked after a failure: whether it may be done again.
        """
        end = time.monotonic() + seconds
        attempts = 0
        renewed = False
        while True:
            self._pass()
            metadata = self._metadata()
            try:
                answer = do(max(end - time.monotonic(), 0.001), metadata)
            except grpc.RpcError as failure:
                error = self._judged(failure)
                if isinstance(error, Unauthenticated) and not renewed and self._forget(metadata):
                    renewed = True
                    if repeat():
                        continue
                attempts += 1
                pause = _FIRST_PAUSE * 2 ** (attempts - 1) * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
                last = (
                    not _is_silence(failure)
                    or attempts > settings.TERMINUSDB_RETRIES
                    or time.monotonic() + pause >= end
                    or not repeat()
                )
                if last:
                    raise self._told(error) from failure
                time.sleep(pause)
            else:
                self._breaker.succeeded()
                return answer

    def stream(self, method: Any, request: Any, *, timeout: float | None = None) -> Iterator[Any]:
        """The messages of a method that answers with a stream; again from the start as long as
        none has come. Each has DATA_KERNEL_TIMEOUT, all have DATA_KERNEL_STREAM_TIMEOUT.
        """
        seconds = settings.DATA_KERNEL_STREAM_TIMEOUT if timeout is None else timeout
        step = settings.DATA_KERNEL_TIMEOUT if timeout is None else timeout

        def first(left: float, metadata: Any) -> tuple[Any, Any, _Patience]:
            running = method(request, timeout=left, metadata=metadata)
            patience = _Patience(step, running)
            try:
                return next(running, None), running, patience
            except BaseException:
                patience.end()
                raise

        message, running, patience = self.attempt(first, seconds=seconds, repeat=lambda: True)
        try:
            while message is not None:
                patience.end()  # whoever takes the messages may take his time
                yield message
                patience.reset()
                message = next(running, None)
        except grpc.RpcError as failure:
            raise self._told(self._judged(failure)) from failure
        finally:
            patience.end()
            running.cancel()

    # --- what went wrong ----------------------------------------------------------------------
    def _pass(self) -> None:
        try:
            self._breaker.check()
        except BreakerOpen as error:
            raise unreached(self.address, "it did not answer a moment ago", error.data) from error

    def _judged(self, failure: grpc.RpcError) -> OmsError:
        """The error of a call that failed; counts it when it speaks against the line."""
        call: Any = failure
        if _is_silence(failure):
            self._breaker.failed()
            return unreached(self.address, f"{call.code().name}: {call.details()}")
        self._breaker.succeeded()
        error = error_of(call.code(), call.details(), call.trailing_metadata())
        return error or unreached(self.address, call.code().name)

    def _told(self, error: OmsError) -> OmsError:
        """An error for whoever asked for something. That OMS itself is not let in is no matter of
        theirs: a 401 or 403 would send them to sign in again.
        """
        if not isinstance(error, Unauthenticated | PermissionDenied):
            return error
        log.error("the data kernel does not let OMS in", reason=error.message)
        return Unavailable(
            f"The data kernel at {self.address} does not let OMS in: {error.message}",
            code="home_unavailable",
            data={"refusal": error.error_code},
        )

    # --- who calls ----------------------------------------------------------------------------
    def sign_in(self) -> Token:
        """The token that calls are made with, a new one when it is time. Not for inside a
        transaction of SQLite, see `_current`.

        Raises:
            OmsError: there is none to be had.
        """
        with self._issuing:
            token = self._token
            if token is None or time.monotonic() >= token.renew_at:
                try:
                    token = self._issue()
                except OmsError as error:
                    self._trouble = error
                    raise
                with self._lock:
                    self._token, self._trouble = token, None
            return token

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        found = [
            ("authorization", f"Bearer {self._current().text}"),
            (LIMIT_KEY, str(_METADATA_BYTES // 2)),
        ]
        if request_id := current_request_id():
            found.append(("x-request-id", request_id))
        if (trace := current_trace()) is not None:
            child = child_of(trace)
            found.append(("traceparent", child.parent))
            if child.state:
                found.append(("tracestate", child.state))
        return tuple(found)

    def _current(self) -> Token:
        if settings.DATA_KERNEL_TOKEN:
            return Token(settings.DATA_KERNEL_TOKEN)
        token, now = self._token, time.monotonic()
        if token is None or now >= token.ends_at:
            if settings.DATA_KERNEL_CLIENT_ID and _holds_the_database():
                # The kernel writes when it opens a session, and the same file has one writer: it
                # would wait for this transaction, and this transaction for it.
                self._renew_soon()
                raise self._not_signed_in()
            return self.sign_in()
        if now >= token.renew_at:
            self._renew_soon()
        return token

    def _not_signed_in(self) -> Unavailable:
        trouble = self._trouble
        if trouble is not None:
            return Unavailable(trouble.message, code="home_unavailable", data=trouble.data)
        return Unavailable(
            "OMS has not signed in to the data kernel yet, and is about to. Try again in a moment.",
            code="home_unavailable",
        )

    def _renew_soon(self) -> None:
        """In a thread of its own: the kernel writes when it opens a session, and whoever calls may
        hold the lock on the database that it would wait for.
        """
        with self._lock:
            if self._renewing:
                return
            self._renewing = True

        def renew() -> None:
            try:
                self.sign_in()
            except OmsError as error:
                log.warning("the data kernel's token cannot be renewed", reason=str(error))
            finally:
                self._renewing = False

        threading.Thread(target=renew, name="oms-kernel-token", daemon=True).start()

    def _issue(self) -> Token:
        if not settings.DATA_KERNEL_CLIENT_ID:
            raise Unavailable(
                "OMS does not know as whom to call the data kernel: set DATA_KERNEL_CLIENT_ID and "
                "DATA_KERNEL_CLIENT_SECRET.",
                code="home_unavailable",
            )
        asked = pb.IssueRequest(
            client_id=settings.DATA_KERNEL_CLIENT_ID,
            client_secret=settings.DATA_KERNEL_CLIENT_SECRET,
        )
        try:
            answer = self._tokens.Issue(asked, timeout=settings.DATA_KERNEL_TIMEOUT)
        except grpc.RpcError as failure:
            raise self._told(self._judged(failure)) from failure
        now = time.monotonic()
        return Token(
            answer.access_token,
            renew_at=now + answer.expires_in * _RENEW_AFTER,
            ends_at=now + answer.expires_in - min(5, answer.expires_in / 10),
        )

    def _forget(self, metadata: Sequence[tuple[str, str]]) -> bool:
        """Drop a token that was refused; whether there may be another one."""
        if settings.DATA_KERNEL_TOKEN:
            return False
        with self._lock:
            if self._token is not None and f"Bearer {self._token.text}" == metadata[0][1]:
                self._token = None
        return True


class _Patience:
    """Breaks a stream off that brings nothing for a while."""

    def __init__(self, seconds: float, running: Any) -> None:
        self._seconds = seconds
        self._running = running
        self._timer: threading.Timer | None = None
        self.reset()

    def reset(self) -> None:
        """Something came."""
        self.end()
        self._timer = threading.Timer(self._seconds, self._running.cancel)
        self._timer.daemon = True
        self._timer.start()

    def end(self) -> None:
        """It is over."""
        if self._timer is not None:
            self._timer.cancel()


def unreached(address: str, why: str, data: Any = None) -> Unavailable:
    """No data kernel, or none that answers."""
    return Unavailable(
        f"The data kernel at {address} does not answer ({why}). What it was asked to write may be "
        "there all the same.",
        code="home_unavailable",
        data=data or {},
    )


def _holds_the_database() -> bool:
    """Whether nobody else can write before this thread's transaction ends."""
    return connection.vendor == "sqlite" and connection.in_atomic_block


def _is_silence(failure: grpc.RpcError) -> bool:
    """Whether nobody said anything: the line is down, or the answer did not come in time."""
    call: Any = failure
    if call.code() not in UNREACHED:
        return False
    return error_of(call.code(), None, call.trailing_metadata()) is None


def _channel(address: str) -> grpc.Channel:
    most = settings.OMS_KERNEL_MAX_MESSAGE_BYTES
    options = (
        ("grpc.max_receive_message_length", most),
        ("grpc.max_send_message_length", most),
        ("grpc.max_metadata_size", _METADATA_BYTES),
        ("grpc.absolute_max_metadata_size", _METADATA_BYTES),
        ("grpc.keepalive_time_ms", 20_000),
        ("grpc.keepalive_timeout_ms", 5_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 2_000),
        ("grpc.enable_retries", 0),  # ours know what may be repeated
        ("grpc.enable_http_proxy", 0),
    )
    if not settings.DATA_KERNEL_TLS:
        return grpc.insecure_channel(address, options)
    return grpc.secure_channel(address, grpc.ssl_channel_credentials(_authorities()), options)


def _authorities() -> bytes | None:
    """The certificates to trust: gRPC brings its own list, and the machine's is meant."""
    named: Path | None = settings.DATA_KERNEL_CA
    if named is not None:
        return named.read_bytes()
    machine = ssl.get_default_verify_paths().cafile
    return Path(machine).read_bytes() if machine else None
