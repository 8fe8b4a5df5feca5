"""One connection to a NATS server that never mends itself, and everything that has a time limit.

A client that reconnects sends again what it had buffered, behind what was sent since; the order of
messages is lost then. Here a connection that is lost stays lost, and who holds it makes a new one.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import unquote, urlsplit

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError, StaleConnectionError

from oms_project.core.errors import Unavailable

__all__ = ["ApiError", "Connection", "Servers"]

T = TypeVar("T")

#: Seconds that a connection gets to end in an orderly way.
_FAREWELL: Final = 0.5


class ApiError(Unavailable):
    """JetStream refused a request.

    Attributes:
        number: NATS's ``err_code``; 0 when it gave none.
    """

    code = "broker_refused"
    title = "Stream server refused"

    def __init__(self, message: str, *, number: int = 0) -> None:
        super().__init__(message, data={"err_code": number})
        self.number = number


@dataclass(frozen=True, slots=True)
class _Server:
    address: str
    secure: bool
    user: str
    password: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Servers:
    """The servers of one URL; never shows a password.

    Attributes:
        every: in the order in which they are tried.
    """

    every: tuple[_Server, ...]

    @classmethod
    def parse(cls, url: str) -> Servers:
        """Read ``nats://user:password@host:4222,tls://token@other``.

        Raises:
            ValueError: it is no such URL. The text does not repeat it: it may hold a password.
        """
        found = []
        for part in url.split(","):
            text = part.strip()
            split = urlsplit(text if "://" in text else f"nats://{text}")
            try:
                host, port = split.hostname, split.port or 4222
            except ValueError:
                host, port = None, 0
            if split.scheme not in {"nats", "tls"} or not host:
                raise ValueError(
                    "The address of NATS is nats://host:port or tls://host:port, "
                    "several of them separated by commas."
                )
            named = f"[{host}]" if ":" in host else host
            password = None if split.password is None else unquote(split.password)
            found.append(
                _Server(
                    f"{split.scheme}://{named}:{port}",
                    split.scheme == "tls",
                    unquote(split.username or ""),
                    password,
                )
            )
        return cls(tuple(found))

    def plain(self, error: BaseException | str) -> str:
        """What an error says, without passwords and tokens."""
        if isinstance(error, TimeoutError) and not str(error):
            return "it did not answer in time"
        text = str(error).removeprefix("nats: ").strip() or type(error).__name__
        for server in self.every:
            secret = server.user if server.password is None else server.password
            if secret:
                text = text.replace(secret, "***")
        return text


class Connection:
    """A connection; made by `open`.

    Attributes:
        lost: done as soon as it is lost or closed; its result says why.
    """

    def __init__(self, servers: Servers, *, patience: float) -> None:
        self._servers = servers
        self._patience = patience
        self._client = Client()
        self._said = ""
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    @classmethod
    async def open(cls, servers: Servers, *, name: str, patience: float) -> Connection:
        """Connect to the first server that answers.

        Args:
            name: what the server's monitoring shows.
            patience: seconds, for all servers together; also the limit of each request later.

        Raises:
            Unavailable: ``broker_unavailable``; none answers, or it lets us not in.
        """
        problem = ""
        for server in servers.every:
            made = cls(servers, patience=patience)
            try:
                async with asyncio.timeout(patience / len(servers.every)):
                    await made._connect(server, name)
                return made
            except (OSError, NatsError, ValueError) as error:
                problem = f"{server.address}: {servers.plain(error)}"
                await made.close()
            except BaseException:
                made._abort()
                raise
        raise Unavailable(f"NATS cannot be reached. {problem}", code="broker_unavailable")

    @property
    def client(self) -> Client:
        """NATS's own client."""
        return self._client

    @property
    def version(self) -> str:
        """The server's version, e.g. ``2.11.4``."""
        version = self._client.connected_server_version
        return f"{version.major}.{version.minor}.{version.patch}"

    @property
    def said(self) -> str:
        """The last thing that the server complained about without closing the connection."""
        return self._said

    async def api(self, subject: str, request: object = None) -> dict[str, Any]:
        """Ask JetStream; ``subject`` is without ``$JS.API.``.

        Raises:
            ApiError: it says no.
            Unavailable: the connection is lost, or no answer came in time.
        """
        payload = b"" if request is None else json.dumps(request).encode()
        asking = self._client.request("$JS.API." + subject, payload, timeout=self._patience)
        try:
            message = await self.unless_lost(asking)
        except NoRespondersError:
            raise ApiError("The NATS server has JetStream switched off.") from None
        except (NatsError, TimeoutError) as error:
            raise self.unavailable(error) from None
        answer: dict[str, Any] = json.loads(message.data)
        refusal = answer.get("error")
        if refusal:
            text = self._servers.plain(str(refusal.get("description", "no reason given")))
            raise ApiError(f"JetStream: {text}.", number=int(refusal.get("err_code", 0)))
        return answer

    async def unless_lost(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for ``work`` no longer than the connection lives.

        Raises:
            Unavailable: it is lost.
        """
        task = asyncio.ensure_future(work)
        try:
            either: set[asyncio.Future[Any]] = {task, self.lost}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
        finally:
            if not task.done():
                task.cancel()
                # It may notice the loss by itself before it hears that it is cancelled.
                task.add_done_callback(_seen)
        raise self.unavailable(self.lost.result())

    def unavailable(self, reason: BaseException | str) -> Unavailable:
        """The error for something that went wrong with the connection."""
        return Unavailable(f"NATS: {self._servers.plain(reason)}.", code="broker_unavailable")

    async def close(self) -> None:
        """End it: what was sent is still written if the server takes it at once, else dropped."""
        self._lose("it is closed")
        if self._client.is_connected:
            with suppress(TimeoutError, OSError, NatsError):
                await asyncio.wait_for(self._client.close(), _FAREWELL)
        self._abort()

    def abandon(self) -> None:
        """End it at once; what the server has not taken yet never reaches it."""
        self._lose("it is closed")
        self._abort()

    # -- the library ------------------------------------------------------------------------------

    async def _connect(self, server: _Server, name: str) -> None:
        def secret(value: str) -> Callable[[], str]:
            def tell() -> str:
                # Called after the handshake: a server, or somebody who claims to be it, that was
                # asked for TLS and offers none gets no password.
                self._check_secure(server)
                return value

            return tell

        credentials: dict[str, Any] = {}
        if server.password is not None:
            credentials = {"user": secret(server.user), "password": secret(server.password)}
        elif server.user:
            credentials = {"token": secret(server.user)}
        if server.secure:
            credentials["tls"] = ssl.create_default_context()
        await self._client.connect(
            server.address,
            name=name,
            allow_reconnect=False,
            max_reconnect_attempts=1,
            reconnect_time_wait=0,
            connect_timeout=self._patience,  # type: ignore[arg-type]  # passed on to wait_for
            ping_interval=max(1, round(self._patience)),
            max_outstanding_pings=2,
            # Nothing is held back for a server that is away, and publishing never waits in the
            # library: how much is under way is bounded here.
            pending_size=0,
            error_cb=self._on_error,
            closed_cb=self._on_closed,
            **credentials,
        )
        self._check_secure(server)
        # It may end with the error that ended the connection, which `lost` tells already.
        flusher = self._client._flusher_task  # noqa: SLF001 - no other way
        if flusher is not None:
            flusher.add_done_callback(_retrieved)

    def _check_secure(self, server: _Server) -> None:
        if server.secure and not self._client._server_info.get("tls_required"):  # noqa: SLF001 - the library has no other way to ask
            raise ConnectionError("the address asks for TLS and the server offers none")

    async def _on_error(self, error: Exception) -> None:
        self._said = self._servers.plain(error)
        gone = isinstance(error, OSError | StaleConnectionError)
        if gone or not self._client.is_connected:
            self._lose("the connection is lost")

    async def _on_closed(self) -> None:
        last = self._client.last_error
        self._lose(self._servers.plain(last) if last else "the connection is lost")

    def _lose(self, why: str) -> None:
        if not self.lost.done():
            self.lost.set_result(why)

    def _abort(self) -> None:
        # An orderly close waits until a server that hangs has read everything, and would let it
        # read messages later that were reported as not sent.
        client: Any = self._client
        for subscription in list(client._subs.values()):  # noqa: SLF001 - no other way
            subscription._stop_processing()  # noqa: SLF001
        writer = getattr(client._transport, "_io_writer", None)  # noqa: SLF001
        if writer is not None:
            writer.transport.abort()


def _retrieved(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        task.exception()


def _seen(task: asyncio.Future[Any]) -> None:
    """Look at how a task ended, so that nobody is told that nobody did."""
    if not task.cancelled():
        task.exception()
