"""A world with an ontology, relays that run to their end, and receivers on real sockets."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import pytest

from events.models import Event
from events.relay.engine import Relay
from oms_project.core.context import SYSTEM, acting_as
from oms_project.core.outbox import NewEvent
from ontology import services

NAME = "world"


@pytest.fixture
def world(db: None) -> Iterator[str]:
    """An ontology, and the system at work."""
    with acting_as(SYSTEM):
        services.create_ontology(name=NAME, base_iri="https://example.org/world/")
        yield NAME


@pytest.fixture
def drain(transactional_db: None) -> Callable[..., int]:
    """Run a relay until nothing is left that could go out; how many it passed on."""

    def run(*only: str) -> int:
        relay = Relay(interval=0.2, lease=30, only=only)
        asyncio.run(relay.run(until_empty=True))
        return relay.passed_on

    return run


def job_event(number: int = 0, *, key: str = "jobs") -> NewEvent:
    """An event that is about nothing that has to exist."""
    return NewEvent(
        "io.oms.job.submitted.v1",
        {"job": str(number), "task": "t", "actor": {"id": "1", "username": "a", "kind": "user"}},
        key=key,
    )


def told(*types: str) -> list[dict[str, Any]]:
    """Events of these types (by what they begin with), oldest first."""
    rows = Event.objects.order_by("seq")
    return [
        orjson.loads(row.body)
        for row in rows
        if not types or row.type.removeprefix("io.oms.").startswith(types)
    ]


@dataclass
class Receiver:
    """A receiver of webhooks: keeps what comes, and answers what it is told to."""

    url: str
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    #: (status, headers) of the next answers; then 200.
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    allowed_origin: str = "*"

    @property
    def events(self) -> list[Any]:
        """The bodies as JSON."""
        return [json.loads(body) for _, body in self.got]


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    """A receiver that agrees to get events; settings let webhooks reach it."""
    settings.OMS_WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.OMS_WEBHOOK_ALLOW_HTTP = True

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_OPTIONS(self) -> None:
            self._answer(200, {"WebHook-Allowed-Origin": found.allowed_origin})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found.got.append(({name.lower(): text for name, text in self.headers.items()}, body))
            self._answer(*(found.answers.pop(0) if found.answers else (200, {})))

        def _answer(self, status: int, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, text in {**headers, "content-length": "0"}.items():
                if text:
                    self.send_header(name, text)
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Receiver(f"http://127.0.0.1:{server.server_port}/hook")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join(5)
