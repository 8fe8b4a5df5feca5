"""TerminusDB slow, cut off, replaced by a proxy's error page, away: bounded, truthful, nothing twice.

A small HTTP server stands in between and does the harm: before a real TerminusDB when
``TERMINUSDB_ENDPOINT`` is set, else before a few lines that answer as it does.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import pytest
import requests
from django.core.exceptions import ImproperlyConfigured

from oms_project.core.errors import Unavailable
from oms_project.core.services import forget_services
from ontology.store.home import Landing, Part
from ontology.store.terminusdb import client
from ontology.store.terminusdb.breaker import BreakerOpen
from ontology.store.terminusdb.health import check_terminusdb
from ontology.store.terminusdb.home import TerminusHome

pytestmark = pytest.mark.faults

REAL = os.environ.get("TERMINUSDB_ENDPOINT", "").rstrip("/")
#: Seconds that an answer may take here, and that a test waits for what is bounded by it.
TIMEOUT, SLOW = 0.6, 2.0


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Scripted:
    """As much of TerminusDB as a landing asks for."""

    def __init__(self) -> None:
        self.version = "12.0.6"
        self.commits = [""]
        self._lock = threading.Lock()

    def __call__(self, method: str, path: str, body: bytes, headers: Any) -> Answer:
        with self._lock:
            return self._answer(method, path, body)

    def _answer(self, method: str, path: str, body: bytes) -> Answer:
        if path == "/api/info":
            return self._json({"api:info": {"terminusdb": {"version": self.version}}})
        if path.startswith("/api/woql"):
            query = json.loads(body)["query"]
            if query["@type"] == "Triple":
                return self._json({"bindings": [{"commit": {"@value": self.commits[-1]}}]})
            guard, _, new = query["and"][:3]
            first = guard["@type"] == "Not"  # nothing there says which commit it is
            expected = "" if first else guard.get("object", {}).get("data", {}).get("@value")
            if expected != self.commits[-1]:
                return self._json({"bindings": []})
            self.commits.append(new["object"]["data"]["@value"])
            return self._json({"bindings": [{}]})
        return self._json({})

    def _json(self, data: Any) -> Answer:
        version = f"branch:{len(self.commits):031d}"
        kind = {"Content-Type": "application/json", "TerminusDB-Data-Version": version}
        return Answer(200, kind, json.dumps(data).encode())


def forward(method: str, path: str, body: bytes, headers: Any) -> Answer:
    """The real one's answer."""
    kept = {name: headers[name] for name in ("Authorization", "Content-Type") if name in headers}
    got = requests.request(method, REAL + path, data=body, headers=kept, timeout=30)
    kept = {
        name: got.headers[name]
        for name in ("Content-Type", "TerminusDB-Data-Version")
        if name in got.headers
    }
    return Answer(got.status_code, kept, got.content)


class Between:
    """A server that harms answers: ``harm`` has what happens to the next ones, in order.

    ``slow``: nothing is sent, ``drip``: it never ends, ``cut``: half of it, ``html``: a proxy's
    error instead (the request arrived), ``gone``: the connection closes.
    """

    def __init__(self, behind: Any) -> None:
        self.harm: list[str] = []
        self.asked: list[str] = []
        between = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_args: Any) -> None:
                """Nothing."""

            def _do(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                between.asked.append(f"{self.command} {self.path}")
                answer = behind(self.command, self.path, body, self.headers)
                self._send(answer, between.harm.pop(0) if between.harm else "")

            do_GET = do_POST = do_PUT = do_DELETE = _do  # noqa: N815 - http.server's names

            def _send(self, answer: Answer, harm: str) -> None:
                if harm == "slow":
                    time.sleep(TIMEOUT * 2)
                if harm == "gone":
                    self.close_connection = True
                    return
                status, headers, content = answer
                if harm == "html":
                    status, content = 502, b"<html>Bad Gateway</html>"
                    headers = {"Content-Type": "text/html"}
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content) + 1000 * (harm == "drip")))
                self.end_headers()
                if harm == "cut":
                    self.wfile.write(content[: len(content) // 2])
                    self.close_connection = True
                    return
                self.wfile.write(content)
                if harm == "drip":
                    for _ in range(100):
                        time.sleep(TIMEOUT / 5)
                        self.wfile.write(b" ")
                        self.wfile.flush()

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_args: Any) -> None:
                """A client that has gone away is what these tests are about."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def behind() -> Any:
    """What answers in truth."""
    return forward if REAL else Scripted()


@pytest.fixture
def between(behind: Any, settings: Any) -> Iterator[Between]:
    made = Between(behind)
    settings.TERMINUSDB_ENDPOINT = made.url
    settings.TERMINUSDB_KEY = os.environ.get("TERMINUSDB_KEY", "root")
    settings.TERMINUSDB_DB_PREFIX = "oft_"
    settings.TERMINUSDB_TIMEOUT = TIMEOUT if not REAL else TIMEOUT * 2
    settings.TERMINUSDB_CONNECT_TIMEOUT = 0.5
    settings.TERMINUSDB_RETRIES = 2
    settings.TERMINUSDB_BREAKER_FAILURES = 4
    settings.TERMINUSDB_BREAKER_SECONDS = 0.5
    yield made
    made.close()


@pytest.fixture
def home(between: Between) -> TerminusHome:
    return TerminusHome()


@pytest.fixture
def database(home: TerminusHome, between: Between) -> Iterator[str]:
    name = f"oft_{uuid.uuid4().hex[:12]}"
    home.create(name, label="faults", base_iri="")
    between.asked.clear()
    yield name
    between.harm.clear()
    time.sleep(0.6)  # the breaker
    home.drop(name)


def commit(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def land(home: TerminusHome, database: str, number: int) -> str:
    expected = commit(number - 1) if number > 1 else ""
    landing = Landing(
        commit=commit(number),
        record="{}",
        author="ann",
        message="why",
        intent="i",
        parts=(Part(()),),
    )
    [identifier] = home.land(database, "main", [landing], expected=expected)
    return identifier


@pytest.mark.parametrize("harm", ["cut", "gone", "html", "slow", "drip"])
def test_a_landing_whose_answer_is_lost_is_there_once(
    home: TerminusHome, database: str, between: Between, harm: str
) -> None:
    first = land(home, database, 1)
    between.harm = [harm]
    second = land(home, database, 2)
    main = home.branch(database, "main")
    assert main is not None
    assert (main.identifier, main.commit) == (second, commit(2))
    assert second != first
    if REAL:
        assert [one.commit for one in home.log(database, second)] == [commit(2), commit(1)]


@pytest.mark.parametrize("harm", ["cut", "gone", "html", "slow", "drip"])
def test_a_read_is_repeated_and_bounded(
    home: TerminusHome, database: str, between: Between, harm: str
) -> None:
    land(home, database, 1)
    between.harm = [harm]
    main = home.branch(database, "main")
    assert main is not None
    assert main.commit == commit(1)
    time.sleep(0.1)
    between.harm = [harm] * 3
    started = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        home.branch(database, "main")
    assert time.monotonic() - started < 3 * TIMEOUT * 2 + SLOW
    assert caught.value.error_code == "home_unavailable"


def test_the_breaker_spares_a_server_that_is_not_well(
    home: TerminusHome, database: str, between: Between
) -> None:
    between.harm = ["html"] * 4
    for _ in range(2):
        with pytest.raises(Unavailable):
            home.branch(database, "main")
    asked = len(between.asked)
    assert asked == 4
    with pytest.raises(BreakerOpen):
        home.branch(database, "main")
    assert len(between.asked) == asked
    time.sleep(0.6)
    assert home.branch(database, "main") is not None
    # Somebody else may answer there now.
    assert between.asked[asked] == "GET /api/info"


def test_refused_connections(between: Between, settings: Any) -> None:
    settings.TERMINUSDB_ENDPOINT = "http://127.0.0.1:9"
    started = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        TerminusHome().branch("oft_x", "main")
    assert caught.value.error_code == "home_unavailable"
    assert time.monotonic() - started < SLOW


def test_no_more_connections_than_allowed(
    between: Between, settings: Any, home: TerminusHome, database: str
) -> None:
    settings.TERMINUSDB_POOL_SIZE = 1
    settings.TERMINUSDB_CONNECT_TIMEOUT = 0.05
    settings.TERMINUSDB_RETRIES = 0
    narrow = TerminusHome()
    narrow.branch(database, "main")
    between.harm = ["slow"]

    def wait() -> None:
        with contextlib.suppress(Unavailable):
            narrow.branch(database, "main")

    slow = threading.Thread(target=wait)
    slow.start()
    time.sleep(0.1)
    with pytest.raises(Unavailable, match="TERMINUSDB_POOL_SIZE"):
        narrow.branch(database, "main")
    slow.join()


@pytest.mark.parametrize("version", ["12.0.5", "11.1.0", "13.0.0", "what", ""])
def test_other_versions_are_refused_by_name(between: Between, settings: Any, version: str) -> None:
    def other(method: str, path: str, body: bytes, headers: Any) -> Answer:
        script = Scripted()
        script.version = version
        return script(method, path, body, headers)

    strange = Between(other)
    try:
        settings.TERMINUSDB_ENDPOINT = strange.url
        home = TerminusHome()
        assert home.info().version == version
        with pytest.raises(Unavailable) as caught:
            home.branch("oft_x", "main")
        assert caught.value.error_code == "home_unsupported"
        assert re.search(r"12\.0\.6 or later", caught.value.message)
        assert len(strange.asked) == 2
        assert version in caught.value.message
    finally:
        strange.close()


def test_without_the_client_a_sentence_says_what_to_install(
    between: Between, monkeypatch: pytest.MonkeyPatch
) -> None:
    client._client_class.cache_clear()
    monkeypatch.setitem(sys.modules, "terminusdb_client", None)
    monkeypatch.delitem(sys.modules, "ontology.store.terminusdb.official", raising=False)
    with pytest.raises(ImproperlyConfigured, match=r"requirements/terminusdb\.txt"):
        TerminusHome().info()


def test_without_a_key_nobody_is_asked(between: Between, settings: Any) -> None:
    settings.TERMINUSDB_KEY = ""
    with pytest.raises(Unavailable, match="TERMINUSDB_KEY"):
        TerminusHome().info()
    assert between.asked == []


def test_health_says_whether_it_answers(between: Between, settings: Any) -> None:
    settings.OMS_SERVICES = {
        **settings.OMS_SERVICES,
        "ontology_home": "ontology.store.terminusdb.home.TerminusHome",
    }
    forget_services()
    try:
        assert check_terminusdb()["product"] == "TerminusDB"
        between.harm = ["html"]
        with pytest.raises(Unavailable):
            check_terminusdb()
    finally:
        forget_services()
