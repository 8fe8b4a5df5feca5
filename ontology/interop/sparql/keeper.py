"""The process that holds one state in memory and answers queries to it.

Run as a script, by `ontology.interop.sparql.process`; it imports pyoxigraph and the standard library
only. It loads N-Triples from stdin, says on its control socket how many there were, and then takes
queries: each comes as two sockets, one for the request and the result, one for how it ended. Each
query runs in a fork of its own, which shares the store and can be killed: the engine cannot be
interrupted from inside, and text that is nested deeply enough ends the process that parses it.

A fork has a timer of the kernel, a bound on memory, and may open no file and no socket. Nothing
that a query says can reach the network.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import selectors
import signal
import socket
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, cast

import pyoxigraph as ox

__all__ = ["RESULT_ENGINES", "RowCounter", "Sink"]

RESULT_ENGINES = {
    "json": ox.QueryResultsFormat.JSON,
    "xml": ox.QueryResultsFormat.XML,
    "csv": ox.QueryResultsFormat.CSV,
    "tsv": ox.QueryResultsFormat.TSV,
}
GRAPH_ENGINES = {
    "turtle": ox.RdfFormat.TURTLE,
    "n-triples": ox.RdfFormat.N_TRIPLES,
    "rdf-xml": ox.RdfFormat.RDF_XML,
    "json-ld": ox.RdfFormat.JSON_LD,
}
_WITH_PREFIXES = ("turtle", "rdf-xml")
_XML = ("xml", "rdf-xml")
_XML_ILLEGAL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
_ESCAPED = re.compile(rb"\\.", re.DOTALL)
_JSON_ROW = re.compile(rb"[\[,]\{")


class StopQuery(Exception):
    """A bound was reached; the argument is its name."""


class RowCounter:
    """Counts the rows in a serialized result as it is written.

    The engine serializes all rows at once; only the bytes tell how many there are. ``rows`` may be
    more than the solutions by the heading of CSV and TSV, which ``total`` takes away.
    """

    def __init__(self, form: str) -> None:
        self._count = getattr(self, f"_count_{form}")
        self._heading = 1 if form in ("csv", "tsv") else 0
        self._tail = b""
        self._quoted = False
        self._found = 0

    @property
    def total(self) -> int:
        """Rows so far."""
        return max(0, self._found - self._heading)

    def add(self, chunk: bytes) -> int:
        """Count what ``chunk`` adds; returns the total."""
        self._found += self._count(chunk)
        return self.total

    def _count_tsv(self, chunk: bytes) -> int:
        return chunk.count(b"\n")  # those in values are escaped

    def _count_csv(self, chunk: bytes) -> int:
        found = 0
        for index, part in enumerate(chunk.split(b'"')):
            if index:
                self._quoted = not self._quoted
            if not self._quoted:
                found += part.count(b"\n")
        return found

    def _count_xml(self, chunk: bytes) -> int:
        data = self._tail + chunk
        mark = b"<result>"  # in values, < is escaped
        self._tail = data[-(len(mark) - 1) :]
        return data.count(mark)

    def _count_json(self, chunk: bytes) -> int:
        """Objects that open in a list; strings are passed over."""
        data = self._tail + chunk
        slashes = len(data) - len(data.rstrip(b"\\"))
        cut = len(data) - slashes % 2  # half an escape waits for its other half
        data, self._tail = data[:cut], data[cut:]
        outside = [b""]
        for index, part in enumerate(_ESCAPED.sub(b"", data).split(b'"')):
            if index:
                self._quoted = not self._quoted
            outside.append(b'"' if self._quoted else part)
        text = b"".join(outside)
        if text[-1:] in (b"[", b",") and not self._tail:
            self._tail = text[-1:]
        return len(_JSON_ROW.findall(text))


class Sink:
    """Where the engine writes: to a socket, within the bounds.

    Attributes:
        stopped: name of the bound that was reached, as the engine hides the exception.
    """

    def __init__(
        self, out: IO[bytes], *, form: str, is_graph: bool, max_rows: int, max_bytes: int
    ) -> None:
        self._out = out
        self._rows = None if is_graph else RowCounter(form)
        self._max_rows, self._left = max_rows, max_bytes
        self._is_xml = form in _XML
        self._tail = b""
        self.triples = 0
        self.stopped = ""

    @property
    def rows(self) -> int:
        """Rows or triples so far."""
        return self.triples if self._rows is None else self._rows.total

    def write(self, chunk: bytes) -> int:
        """Write; raises StopQuery beyond a bound."""
        self._left -= len(chunk)
        if self._left < 0:
            self._stop("bytes")
        if self._rows is not None and self._rows.add(chunk) > self._max_rows:
            self._stop("rows")
        if self._is_xml:
            if _XML_ILLEGAL.search(self._tail + chunk):
                self._stop("xml")
            self._tail = chunk[-2:]
        try:
            self._out.write(chunk)
        except OSError:
            self._stop("gone")
        return len(chunk)

    def flush(self) -> None:
        """Nothing is kept back."""

    def bounded(self, triples: Iterable[Any]) -> Iterator[Any]:
        """``triples``, as many as there may be."""
        for triple in triples:
            self.triples += 1
            if self.triples > self._max_rows:
                self._stop("rows")
            yield triple

    def _stop(self, why: str) -> None:
        self.stopped = why
        raise StopQuery(why)


def answer(store: ox.Store, request: dict[str, Any], out: IO[bytes]) -> dict[str, Any]:
    """Write the result of one query to ``out``; returns how it ended.

    ``{"kind", "format", "rows"}`` when it went well, and else ``{"error", "message"}``, where the
    error is ``syntax``, ``evaluation``, ``format``, ``memory``, or a bound: ``rows``, ``bytes``,
    ``xml`` (a character that XML cannot hold), ``json-ld`` (a term that it cannot hold).
    """
    kind, form = "solutions", ""
    sink: Sink | None = None
    try:
        results = store.query(
            request["query"], base_iri=request["base"] or None, prefixes=request["prefixes"]
        )
        kind = "graph" if isinstance(results, ox.QueryTriples) else "solutions"
        form = request["formats"][kind]
        if not form:
            return {"error": "format", "kind": kind, "message": ""}
        sink = Sink(
            out,
            form=form,
            is_graph=kind == "graph",
            max_rows=request["max_rows"],
            max_bytes=request["max_bytes"],
        )
        target = cast("IO[bytes]", sink)
        if isinstance(results, ox.QueryTriples):
            prefixes = request["prefixes"] if form in _WITH_PREFIXES else None
            ox.serialize(sink.bounded(results), target, GRAPH_ENGINES[form], prefixes=prefixes)
        else:
            results.serialize(target, RESULT_ENGINES[form])
    except SyntaxError as error:
        return {"error": "syntax", "message": str(error)}
    except MemoryError:
        return {"error": "memory", "message": ""}
    except (StopQuery, RuntimeError, OSError, ValueError) as error:
        why = sink.stopped if sink is not None else ""
        if not why:
            why = "json-ld" if form == "json-ld" and "RDF 1.2" in str(error) else "evaluation"
        return {"error": why, "kind": kind, "message": str(error)}
    return {"kind": kind, "format": form, "rows": sink.rows}


def _confine(memory: int) -> None:
    """Bound this process: so much more memory than it has, no new file or socket, no dump."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError, ValueError):  # where the system does not tell, or allow
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        bound = pages * resource.getpagesize() + memory
        resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))


def _work(store: ox.Store, data: socket.socket, status: socket.socket) -> None:
    """One query, in its own process; ends it."""
    signal.alarm(60)  # until the request has come
    with data.makefile("rb") as stream:
        request = json.loads(stream.read())
    signal.setitimer(signal.ITIMER_REAL, request["timeout"])  # SIGALRM ends this process
    _confine(request["memory"])
    with data.makefile("wb") as out:
        ended = answer(store, request, out)
        if ended.get("error") != "gone":
            out.flush()
    status.sendall(json.dumps(ended).encode() + b"\n")


class Keeper:
    """Takes queries until nobody holds the other end of ``control``."""

    def __init__(self, store: ox.Store, control: socket.socket) -> None:
        self._store, self._control = store, control
        self._events = selectors.DefaultSelector()
        self._running: dict[int, tuple[socket.socket, int]] = {}

    def run(self) -> None:
        """Serve; all that still runs is killed at the end."""
        self._events.register(self._control, selectors.EVENT_READ)
        while True:
            for event, _mask in self._events.select():
                if event.fileobj is self._control:
                    if not self._take():
                        for pid in self._running:
                            os.kill(pid, signal.SIGKILL)
                        return
                elif event.data in self._running:
                    self._end(event.data)

    def _take(self) -> bool:
        message, descriptors, _flags, _address = socket.recv_fds(self._control, 1, 2)
        if not message:
            return False
        data, status = (socket.socket(fileno=descriptor) for descriptor in descriptors)
        alive, held = os.pipe()  # closed when the fork has ended
        pid = os.fork()
        if not pid:
            code = 1
            try:
                self._control.close()
                os.close(alive)
                _work(self._store, data, status)
                code = 0
            finally:
                os._exit(code)
        os.close(held)
        data.close()
        self._running[pid] = (status, alive)
        self._events.register(status, selectors.EVENT_READ, pid)
        self._events.register(alive, selectors.EVENT_READ, pid)
        return True

    def _end(self, pid: int) -> None:
        """It ended, or nobody waits for it any more: both end here."""
        status, alive = self._running.pop(pid)
        self._events.unregister(status)
        self._events.unregister(alive)
        if not _is_readable(alive):
            os.kill(pid, signal.SIGKILL)
        _pid, state = os.waitpid(pid, 0)
        code = os.waitstatus_to_exitcode(state)
        if code:
            with contextlib.suppress(OSError):
                status.sendall(json.dumps({"died": code}).encode() + b"\n")
        status.close()
        os.close(alive)


def _is_readable(descriptor: int) -> bool:
    """Whether there is something to read, or the end."""
    with selectors.DefaultSelector() as events:
        events.register(descriptor, selectors.EVENT_READ)
        return bool(events.select(0))


def main() -> None:
    """Load, tell, serve."""
    control = socket.socket(fileno=int(sys.argv[1]))
    store = ox.Store()
    store.bulk_load(sys.stdin.buffer, ox.RdfFormat.N_TRIPLES)
    control.sendall(json.dumps({"triples": len(store)}).encode() + b"\n")
    Keeper(store, control).run()


if __name__ == "__main__":
    main()
