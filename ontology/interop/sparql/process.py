"""A state in a process of its own, asked from here."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, cast

import pyoxigraph as ox

from oms_project.core.errors import Unavailable

__all__ = ["Ended", "KeptStore", "Request"]

_SCRIPT = Path(__file__).with_name("keeper.py")
_CHUNK = 256 * 1024
#: A result beyond this is kept in a temporary file until it is read.
_IN_MEMORY = 1024 * 1024
#: Seconds that a process may be late in saying how a query ended.
_GRACE = 10.0


@dataclass(frozen=True, slots=True)
class Request:
    """One query.

    Attributes:
        formats: name of the result's format by what the query gives (``solutions``, ``graph``);
            empty: none that was asked for.
        timeout: seconds.
        max_rows: rows or triples.
        memory: bytes beyond those of the store.
    """

    query: str
    base: str
    prefixes: Mapping[str, str]
    formats: Mapping[str, str]
    timeout: float
    max_rows: int
    max_bytes: int
    memory: int


@dataclass(frozen=True, slots=True)
class Ended:
    """How a query ended.

    Attributes:
        kind: ``solutions`` or ``graph``.
        error: empty, or ``syntax``, ``evaluation``, ``format``, ``memory``, ``rows``, ``bytes``,
            ``xml``, ``json-ld``, ``timeout``, ``died``.
        message: what the engine says of the error.
        file: the result, at its beginning; whoever gets it closes it.
    """

    kind: str = "solutions"
    format: str = ""
    rows: int = 0
    error: str = ""
    message: str = ""
    file: IO[bytes] | None = field(default=None, compare=False)


class KeptStore:
    """Triples in a process that answers queries; safe for several threads.

    Attributes:
        triples: how many there are.
    """

    def __init__(self, triples: Iterable[ox.Triple]) -> None:
        """Start the process and load it.

        Raises:
            Unavailable: the process does not start, or ended before it was loaded.
        """
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own script
                [sys.executable, "-I", str(_SCRIPT), str(theirs.fileno())],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        try:
            self.triples = self._load(triples)
        except BaseException:
            self._process.kill()
            self.close()
            raise

    def _load(self, triples: Iterable[ox.Triple]) -> int:
        pipe = cast("IO[bytes]", self._process.stdin)
        try:
            with pipe:
                ox.serialize(triples, pipe, ox.RdfFormat.N_TRIPLES)
            told = _line(self._control)
        except OSError as error:
            raise _lost() from error
        if not told:
            raise _lost()
        return int(told["triples"])

    @property
    def is_alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def ask(self, request: Request) -> Ended:
        """Run one query to its end, or until its time is over; the process that ran it is gone then.

        Raises:
            Unavailable: the process that holds the store is gone.
        """
        data, their_data = socket.socketpair()
        status, their_status = socket.socketpair()
        with data, status:
            try:
                with their_data, their_status, self._lock:
                    pair = [their_data.fileno(), their_status.fileno()]
                    socket.send_fds(self._control, [b"?"], pair)
                return _drawn(data, status, request)
            except (BrokenPipeError, ConnectionResetError) as error:
                raise _lost() from error

    def close(self) -> None:
        """Let the process end, with everything that it still runs."""
        self._control.close()
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _drawn(data: socket.socket, status: socket.socket, request: Request) -> Ended:
    file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - given away
    try:
        data.settimeout(request.timeout + _GRACE)
        status.settimeout(_GRACE)
        try:
            data.sendall(json.dumps(asdict(request)).encode())
            data.shutdown(socket.SHUT_WR)
            while chunk := data.recv(_CHUNK):
                file.write(chunk)
            told = _line(status)
        except TimeoutError:  # closing the sockets has it killed
            told = {"died": -signal.SIGALRM}
        if "died" not in told and "error" not in told and told:
            file.seek(0)
            return Ended(**told, file=cast("IO[bytes]", file))
    except BaseException:
        file.close()
        raise
    file.close()
    if told.get("died") == -signal.SIGALRM:
        return Ended(error="timeout")
    if "error" in told:
        return Ended(**told)
    return Ended(error="died")


def _line(stream: socket.socket) -> dict[str, Any]:
    """One line of JSON; empty when the other end is gone."""
    text = b""
    with contextlib.suppress(ConnectionResetError):
        while not text.endswith(b"\n") and (chunk := stream.recv(_CHUNK)):
            text += chunk
    return dict(json.loads(text)) if text.endswith(b"\n") else {}


def _lost() -> Unavailable:
    return Unavailable(
        "The process that answers SPARQL queries is gone: try again.", code="sparql_unavailable"
    )
