"""HTTP requests to addresses that strangers entered.

The name of a host is resolved here, every address is judged, and the connection goes to an address
that was judged: between the look and the connection there is nothing that could change its answer.
TLS verifies the name of the URL all the same. Neither redirects nor proxies of the environment are
followed, cookies are not kept, and a deadline holds for everything together, so that a receiver that
answers one byte at a time holds nobody up.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, Final

import httpcore
import httpx

from events.domain.addresses import Network, refusal, url_problem
from oms_project.core.clock import utc_now

__all__ = ["Answer", "Resolve", "WebhookClient"]

#: From a host and a port to numeric addresses, the best one first. Raises OSError for none.
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

_READ_BODY: Final = 64 * 1024
_KEEP_BODY: Final = 4 * 1024
_MAX_HEADERS: Final = 50
_MAX_HEADER: Final = 500
#: How many of a host's addresses are tried.
_MAX_ADDRESSES: Final = 4
#: Idle connections are closed before most servers do so.
_KEEP_ALIVE_SECONDS: Final = 20.0
#: What frames the request is the client's, whatever the receiver's owner has configured.
_OWN_HEADERS: Final = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
#: Where an attempt stands, by the events that httpcore reports.
_PHASES: Final = {
    "connection.connect_tcp.started": "connecting",
    "connection.start_tls.started": "agreeing on TLS",
    "http11.send_request_headers.started": "sending the request",
    "http11.receive_response_headers.started": "waiting for the answer",
    "http11.receive_response_body.started": "reading the answer's body",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a request.

    Attributes:
        status: None: there was no complete answer.
        headers: lower-case names; at most 50, of 500 characters each.
        body: at most 4 KiB of it, bytes that are no text replaced.
        error: empty, or one of ``refused_address``, ``bad_url``, ``dns``, ``connect``, ``tls``,
            ``timeout``, ``reset``, ``protocol``, ``redirect`` (which has a status), ``too_large``
            (the headers were).
        detail: one sentence for people; empty without an error.
        milliseconds: from the call to the answer's end.
        retry_after: in seconds, at least 0, if the receiver asked for it.
    """

    status: int | None
    headers: Mapping[str, str]
    body: str
    error: str
    detail: str
    milliseconds: float
    retry_after: float | None


class _Failed(Exception):
    """An attempt came to nothing, for a reason that `Answer.error` names."""

    def __init__(self, error: str, detail: str) -> None:
        super().__init__(detail)
        self.error = error
        self.detail = detail


class WebhookClient:
    """Sends requests, at most ``max_connections`` at once; more of them wait, within their time.

    A client belongs to one event loop. It keeps connections open and uses them again. Nothing is
    ever sent twice: a connection that the server closes while a request is under way is a ``reset``.

    Args:
        allowed: networks that may be reached although they are not public.
        allow_http: whether ``http:`` may be used.
        timeout: for a request with everything, in seconds.
        connect_timeout: for resolving and connecting, and again for TLS, in seconds.
        resolve: instead of the operating system. Numeric hosts are never resolved.
        tls: other certificates to trust than those of certifi; it must verify certificates and
            names.
    """

    def __init__(
        self,
        *,
        allowed: Iterable[Network] = (),
        allow_http: bool = False,
        timeout: float = 15.0,
        connect_timeout: float = 5.0,
        max_connections: int = 100,
        user_agent: str = "OMS-Webhooks/1",
        resolve: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        if tls is not None and not (tls.check_hostname and tls.verify_mode == ssl.CERT_REQUIRED):
            raise ValueError("Webhooks verify certificates and the names in them.")
        self._allow_http = allow_http
        self._timeout = timeout
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls or httpx.create_ssl_context(trust_env=False),
            max_connections=max_connections,
            max_keepalive_connections=max_connections,
            keepalive_expiry=_KEEP_ALIVE_SECONDS,
            network_backend=_Network(tuple(allowed), resolve or _resolve),
        )
        # The deadline is set around everything; this one is for connections alone.
        self._timeouts = {"connect": connect_timeout}
        # A compressed body could unfold to any size.
        self._headers = [
            (b"accept", b"*/*"),
            (b"accept-encoding", b"identity"),
            (b"user-agent", user_agent.encode("ascii")),
        ]

    async def send(
        self,
        url: str,
        *,
        method: str = "POST",
        headers: Mapping[str, str],
        body: bytes,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> Answer:
        """Send a request. Whatever the network or the receiver does is an answer, never an error.

        Args:
            headers: names in any case; those that frame a request (``Host``, ``Content-Length``,
                …) are left out.
            timeout: for everything, in seconds; None: the client's.
        """
        began = time.perf_counter()
        progress = _Progress()
        seconds = self._timeout if timeout is None else timeout
        try:
            async with asyncio.timeout(seconds):
                status, found, raw = await self._exchange(url, method, headers, body, progress)
        except Exception as error:  # noqa: BLE001
            failed = _failure(error, progress, seconds)
            return Answer(None, {}, "", failed.error, failed.detail, _since(began), None)
        redirected = 300 <= status < 400
        return Answer(
            status=status,
            headers=_bounded(found),
            body=raw[:_KEEP_BODY].decode("utf-8", "replace").replace("\0", "\ufffd"),
            error="redirect" if redirected else "",
            detail=f"It answered {status}; redirects are not followed." if redirected else "",
            milliseconds=_since(began),
            retry_after=_retry_after(found.get("retry-after", "")),
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()

    async def _exchange(
        self, url: str, method: str, headers: Mapping[str, str], body: bytes, progress: _Progress
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and the first 64 KiB of the body."""
        if problem := url_problem(url, allow_http=self._allow_http):
            raise _Failed("bad_url", problem)
        target, host = _target(url)
        sent = [(b"host", host), *self._headers]
        sent += [
            (name.encode("ascii"), value.encode("ascii"))
            for name, value in headers.items()
            if name.lower() not in _OWN_HEADERS
        ]
        if body or method == "POST":
            sent.append((b"content-length", str(len(body)).encode("ascii")))
        request = httpcore.Request(
            method,
            target,
            headers=sent,
            content=body,
            extensions={
                "trace": progress.note,
                "timeout": self._timeouts,
                # A certificate is for a name without the dot that ends it.
                "sni_hostname": target.host.decode("ascii").rstrip("."),
            },
        )
        response = await self._pool.handle_async_request(request)
        try:
            if response.status == 101:
                raise _Failed("protocol", "It answered with another protocol than HTTP.")
            raw = bytearray()
            async for part in response.aiter_stream():
                raw += part
                if len(raw) >= _READ_BODY:
                    break
            return response.status, _received(response.headers), bytes(raw)
        finally:
            # Of an answer that was not read to its end, this closes the connection.
            await response.aclose()


@lru_cache(maxsize=1000)
def _target(url: str) -> tuple[httpcore.URL, bytes]:
    """An URL as httpcore wants it, and the header ``Host``."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise _Failed("bad_url", f"The URL cannot be used: {error}.") from error
    target = httpcore.URL(
        scheme=parsed.raw_scheme, host=parsed.raw_host, port=parsed.port, target=parsed.raw_path
    )
    return target, parsed.netloc


def _received(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by name in lower case; of several of one name their values in a list, as HTTP says."""
    found: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), _printable(raw_value.decode("latin-1"))
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


class _Progress:
    """How far an attempt has come."""

    def __init__(self) -> None:
        self.phase = "waiting for a free connection"

    async def note(self, event: str, info: Mapping[str, Any]) -> None:
        """Called by httpcore."""
        self.phase = _PHASES.get(event, self.phase)


class _Network(httpcore.AsyncNetworkBackend):
    """Connects to addresses that it has judged."""

    def __init__(self, allowed: tuple[Network, ...], resolve: Resolve) -> None:
        self._allowed = allowed
        self._resolve = resolve
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve, judge every address, connect to the first that answers.

        One address that is refused refuses the host: an honest name has none, and whoever mixes
        them is trying out which one is taken.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + (60.0 if timeout is None else timeout)
        addresses = await self._addresses(host, port, until)
        for address in addresses:
            if why := refusal(address, self._allowed):
                raise _Failed("refused_address", f"{host} must not be reached: {why}")
        last: Exception = httpcore.ConnectError("it has no address")
        tried = list(dict.fromkeys(addresses))[:_MAX_ADDRESSES]
        for index, address in enumerate(tried):
            # An address that swallows everything leaves the others their share of the time.
            share = max(0.01, (until - loop.time()) / (len(tried) - index))
            try:
                stream = await self._inner.connect_tcp(
                    address, port, timeout=share, socket_options=socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
            else:
                return _Stream(stream)
        if isinstance(last, httpcore.ConnectTimeout):
            raise last
        # Here, because the pool takes the cause away from what passes it.
        raise _Failed("connect", f"No connection could be made: {_reason(last)}.") from last

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Never."""
        raise _Failed("refused_address", "Sockets of this machine must not be reached.")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _addresses(self, host: str, port: int, until: float) -> Sequence[str]:
        try:
            return [str(ip_address(host))]
        except ValueError:
            pass
        try:
            async with asyncio.timeout_at(until):
                found = await self._resolve(host, port)
        except TimeoutError as error:
            raise _Failed("dns", f"{host} was not resolved in time.") from error
        except (OSError, UnicodeError) as error:
            raise _Failed("dns", f"{host} cannot be resolved: {error}.") from error
        if not found:
            raise _Failed("dns", f"{host} has no address.")
        return found


class _Stream(httpcore.AsyncNetworkStream):
    """A connection that tells failures of TLS from those of the network, as httpcore does not."""

    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        return await self._inner.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        try:
            return _Stream(await self._inner.start_tls(ssl_context, server_hostname, timeout))
        except httpcore.ConnectError as error:
            cause = error.__cause__
            why = (
                cause.verify_message
                if isinstance(cause, ssl.SSLCertVerificationError)
                else str(error) or "the connection was closed"
            )
            raise _Failed("tls", f"TLS was not agreed on: {why}.") from error

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


async def _resolve(host: str, port: int) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(
        host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
    )
    addresses = []
    for _, _, _, _, place in found:
        # Of IPv6, the fourth part is the interface that an address is bound to, 0 for none.
        scope = place[3] if len(place) == 4 else 0
        scoped = scope and "%" not in str(place[0])
        addresses.append(f"{place[0]}%{scope}" if scoped else str(place[0]))
    return addresses


def _failure(error: Exception, progress: _Progress, seconds: float) -> _Failed:
    """What `Answer` says of an exception of the libraries below."""
    text = (str(error) or type(error).__name__)[:300].rstrip(".")
    match error:
        case _Failed():
            return error
        case httpcore.UnsupportedProtocol():
            return _Failed("bad_url", f"The URL cannot be used: {text}.")
        case TimeoutError() | httpcore.TimeoutException():
            late = f"{seconds:g} s" if isinstance(error, TimeoutError) else "its time"
            return _Failed("timeout", f"It took longer than {late}, while {progress.phase}.")
        case httpcore.ConnectError():
            return _Failed("connect", f"No connection could be made: {text}.")
        case ssl.SSLError():
            return _Failed("tls", f"TLS failed: {text}.")
        case httpcore.NetworkError() | OSError():
            return _Failed("reset", f"The connection broke while {progress.phase}.")
        case httpcore.RemoteProtocolError() if "disconnected" in text or "closed" in text:
            return _Failed("reset", f"It closed the connection while {progress.phase}.")
        case httpcore.RemoteProtocolError() if "too long" in text:
            return _Failed("too_large", "The answer's headers are too large.")
        case httpcore.ProtocolError():
            return _Failed("protocol", f"This is not HTTP as it should be: {text}.")
        case UnicodeError() | ValueError():
            return _Failed("protocol", f"The request cannot be sent: {text}.")
    raise error


def _reason(error: BaseException) -> str:
    """The system's words, which libraries wrap several times."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno:
            return os.strerror(cause.errno)
        cause = cause.__cause__
    return (str(error) or type(error).__name__)[:200]


def _bounded(headers: Mapping[str, str]) -> dict[str, str]:
    pairs = list(headers.items())[:_MAX_HEADERS]
    return {name[:_MAX_HEADER]: value[:_MAX_HEADER] for name, value in pairs}


def _printable(text: str) -> str:
    """A database takes every character but this one."""
    return text.replace("\0", "\ufffd")


def _retry_after(text: str) -> float | None:
    """RFC 9110 §10.2.3: seconds, or the date of HTTP; None: neither."""
    if re.fullmatch("[0-9]+", text):
        return float(text[:12]) if len(text) <= 12 else 1e12
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - utc_now()).total_seconds())


def _since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 3)
