"""What experiments with events share: relays that are killed, receivers, and what arrived where."""

from __future__ import annotations

import asyncio
import json
import select
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from events.adapters.jetstream import JetStream
from tests import services

__all__ = [
    "EVENTS",
    "Arrival",
    "Hand",
    "Receiver",
    "RelayProcess",
    "Reply",
    "first_occurrences",
    "hand",
    "of_streams",
    "receiver",
    "until",
]

#: Settings under which receivers of this machine can be reached, and takeovers are quick.
EVENTS = {
    "OMS_EVENTS_RELAY": "false",
    "OMS_EVENTS_LEASE_SECONDS": "5",
    "OMS_EVENTS_INTERVAL": "0.1",
    "OMS_WEBHOOK_ALLOW_HTTP": "true",
    "OMS_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
    "OMS_WEBHOOK_RETRY_SECONDS": "0.2",
}
#: Seconds that anything may take at most; nothing measures it.
PATIENCE = 120.0


def until(
    reached: Callable[[], Any], what: str | Callable[[], str] = "", *, seconds: float = PATIENCE
) -> None:
    """Wait for something."""
    deadline = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > deadline:
            raise AssertionError(f"It did not happen: {what() if callable(what) else what}")
        time.sleep(0.02)


# -- OMS -------------------------------------------------------------------------------------------


class Hand:
    """Does something in OMS, in a process of its own; see `tests.faults.hand`."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.hand"],
                cwd=services.ROOT, env=dict(environment), text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=output,
            )  # fmt: skip
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._in, self._out = self.process.stdin, self.process.stdout

    def begin(self, code: str) -> None:
        """Let it begin; `result` waits for it."""
        self._in.write(json.dumps(code) + "\n")
        self._in.flush()

    def result(self) -> Any:
        ready, _, _ = select.select([self._out], [], [], 300)
        assert ready, "no answer"
        answer = json.loads(self._out.readline() or '{"error": "the process ended"}')
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def run(self, code: str) -> Any:
        """Run the body of a function; what it returns."""
        self.begin(code)
        return self.result()

    # -- what tests ask often
    def webhook(self, name: str, url: str, *, ontology: str, **more: Any) -> str:
        """Register a webhook for one ontology; its secret."""
        fields = json.dumps({"name": name, "url": url, **more})
        made: str = self.run(
            "import json\n"
            "from events.domain.filters import EventFilter\n"
            "from events.services.webhooks import NewWebhook, create_webhook\n"
            f"fields = json.loads({fields!r})\n"
            f"wanted = EventFilter(ontologies=({ontology!r},))\n"
            "made = create_webhook(asked=NewWebhook(wanted=wanted, **fields))\n"
            "assert made.webhook.state == 'active', made.webhook.notice\n"
            "return made.secret"
        )
        return made

    def append(self, ontology: str, *keys: str) -> list[str]:
        """One event per key, each in a transaction of its own; their ids."""
        ids: list[str] = self.run(
            "from events.models import Event\n"
            "from oms_project.core.outbox import NewEvent, outbox\n"
            "from django.db.models import Max\n"
            "before = Event.objects.aggregate(last=Max('seq'))['last'] or 0\n"
            f"for key in {list(keys)!r}:\n"
            "    outbox.append(NewEvent('io.oms.ontology.commit.created.v1', {'key': key},\n"
            f"        ontology={ontology!r}, branch=key))\n"
            f"found = Event.objects.filter(seq__gt=before, ontology={ontology!r},\n"
            "    type='io.oms.ontology.commit.created.v1').order_by('seq')\n"
            "return list(found.values_list('id', flat=True))"
        )
        assert len(ids) == len(keys)
        return ids

    def outbox(self) -> list[dict[str, Any]]:
        """Every committed event, in order."""
        found: list[dict[str, Any]] = self.run(
            "from events.models import Event\n"
            "return list(Event.objects.order_by('seq').values('seq', 'id', 'key', 'type',"
            " 'ontology', 'body'))"
        )
        return found

    def count(self, model: str, **where: Any) -> int:
        """Rows of a model of events."""
        number: int = self.run(
            "import json\nfrom events import models\n"
            f"where = json.loads({json.dumps(where)!r})\n"
            f"return models.{model}.objects.filter(**where).count()"
        )
        return number

    def of_webhook(self, name: str) -> dict[str, Any]:
        """A webhook's row and the states of its deliveries."""
        found: dict[str, Any] = self.run(
            "from django.forms.models import model_to_dict\n"
            "from django.db.models import Count\n"
            "from events.models import Delivery, Webhook\n"
            f"hook = Webhook.objects.get(name={name!r})\n"
            "states = Delivery.objects.filter(lane=hook.lane).values_list('state')\n"
            "counts = dict(states.annotate(Count('id')).order_by('state'))\n"
            "return {**model_to_dict(hook), 'lane': hook.lane, 'deliveries': counts}"
        )
        return found


@contextmanager
def hand(environment: Mapping[str, str], log: Path) -> Iterator[Hand]:
    """A `Hand` that is let go of at the end."""
    made = Hand(environment, log)
    try:
        yield made
    finally:
        made.process.kill()
        made.process.wait(10)


@dataclass
class RelayProcess:
    """``manage.py events relay``, with a consumer that counts."""

    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    _from: int = 0

    def start(self) -> None:
        with self.log.open("ab") as output:
            self._from = output.tell()
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.relay_process"],
                cwd=services.ROOT, env=dict(self.environment),
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def wait(self) -> None:
        """Until it passes events on."""
        until(self.is_up, lambda: f"the relay did not start: {self.text()[-3000:]}")

    def is_up(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"the relay ended: {self.text()[-3000:]}"
        with self.log.open("rb") as found:
            found.seek(self._from)
            return b"Passing events on" in found.read()

    def kill(self) -> None:
        """``kill -9``."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)

    def end(self) -> int:
        """Let it end in an orderly way; its exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(60)

    def text(self) -> str:
        return self.log.read_text(errors="replace")


# -- receivers -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Arrival:
    """A request that a receiver got.

    Attributes:
        at: seconds of a monotonic clock.
        number: from 1, of this receiver.
    """

    at: float
    number: int
    id: str
    headers: Mapping[str, str]
    body: bytes
    status: list[int] = field(default_factory=list)

    @property
    def events(self) -> list[dict[str, Any]]:
        found = json.loads(self.body)
        return found if isinstance(found, list) else [found]

    @property
    def event(self) -> dict[str, Any]:
        return self.events[0]


@dataclass(frozen=True)
class Reply:
    """How a receiver answers.

    Attributes:
        act: ``answer``, ``hang`` (until it is closed), ``reset``, ``drip`` (a byte at a time).
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    act: str = "answer"
    after: float = 0.0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_OPTIONS(self) -> None:
        self.send_response(200)
        self.send_header("WebHook-Allowed-Origin", "*")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(length)
        if len(body) < length:  # its sender was killed
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        with self.server.outer._lock:
            self.server.outer._now += 1
            self.server.outer.most_at_once = max(
                self.server.outer.most_at_once, self.server.outer._now
            )
            arrival = Arrival(
                time.monotonic(), len(self.server.outer.arrivals) + 1,
                headers.get("webhook-id", ""), headers, body,
            )  # fmt: skip
            reply = self.server.outer.behave(arrival)
            arrival.status.append(reply.status if reply.act == "answer" else 0)
            self.server.outer.arrivals.append(arrival)
        try:
            if reply.after:
                self.server.outer.closed.wait(reply.after)
        finally:
            if reply.act in {"answer", "reset"}:
                with self.server.outer._lock:
                    self.server.outer._now -= 1
        if reply.act == "answer":
            self._answer(reply)
            return
        self.close_connection = True
        if reply.act == "reset":
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
            return
        try:
            self._keep(reply)
        finally:
            with self.server.outer._lock:
                self.server.outer._now -= 1

    def _answer(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _keep(self, reply: Reply) -> None:
        """Until the other side has had enough."""
        with suppress(OSError):
            if reply.act == "drip":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while not self.server.outer.closed.wait(0.05):
                if reply.act == "drip":
                    self.wfile.write(b"x")
                elif select.select([self.connection], [], [], 0)[0]:
                    return

    def log_message(self, *_: object) -> None: ...


class _Server(ThreadingHTTPServer):
    outer: Receiver
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_: object) -> None: ...


class Receiver:
    """A web server that keeps what it got; ``behave`` says how it answers."""

    def __init__(self, behave: Callable[[Arrival], Reply] | None = None) -> None:
        self.behave = behave or (lambda _: Reply())
        self.arrivals: list[Arrival] = []
        self.most_at_once = 0
        self._now = 0
        self._lock = threading.Lock()
        self.closed = threading.Event()
        self._server = _Server((services.HOST, 0), _Handler)
        self._server.outer = self
        self.url = f"http://{services.HOST}:{self._server.server_address[1]}/hook"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self.closed.set()
        self._server.shutdown()
        self._server.server_close()

    # -- what arrived
    def ids(self, *, taken: bool = False) -> list[str]:
        """Ids of the events that arrived, in order; ``taken``: only those answered with 2xx."""
        return [
            event["id"]
            for arrival in tuple(self.arrivals)
            if not taken or arrival.status[0] // 100 == 2
            for event in arrival.events
        ]

    def has_taken(self, ids: Iterable[str]) -> bool:
        return set(ids) <= set(self.ids(taken=True))


@contextmanager
def receiver(behave: Callable[[Arrival], Reply] | None = None) -> Iterator[Receiver]:
    """A `Receiver` that is closed at the end."""
    made = Receiver(behave)
    try:
        yield made
    finally:
        made.close()


# -- what arrived ----------------------------------------------------------------------------------


def first_occurrences(events: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Partition key -> ids in the order in which they came first."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for event in events:
        found[event["partitionkey"]].setdefault(event["id"])
    return {key: list(ids) for key, ids in found.items()}


def of_streams(url: str) -> list[tuple[str, dict[str, Any]]]:
    """All that the streams keep, in order: payload and event."""

    async def read() -> list[tuple[str, dict[str, Any]]]:
        stream = JetStream(url, duplicate_window=2, max_age=0, max_bytes=-1, replicas=1)
        found = []
        try:
            for one in await stream.streams():
                found += [
                    message.payload.decode() async for message in stream.replay(stream=one.name)
                ]
        finally:
            await stream.close()
        return [(payload, json.loads(payload)) for payload in found]

    return asyncio.run(read())
