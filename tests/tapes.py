"""Requests to TerminusDB on tape, and tests that send the same ones each time.

With the fixture ``terminusdb`` a test's ``TerminusHome`` talks to

- the tape ``tests/tapes/<module>/<test>.json.gz``: plain ``pytest``;
- a real server: ``TERMINUSDB_ENDPOINT=http://127.0.0.1:6363 pytest …`` (and ``TERMINUSDB_KEY``);
- a real server, onto the tape: the same with ``TERMINUSDB_RECORD=1``.

A tape has answers and, of requests, a fingerprint: method, path, query and body. Equal requests get
their answers in the order recorded, the last one for ever; any other fails the test. So that there
are no others, chance, the clock and the keys that sign are the same in each run of a test.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import gzip
import hashlib
import io
import itertools
import json
import os
import random
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ed25519
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse

from oms_project.core import clock, keys
from oms_project.core.services import forget_services
from ontology.store.terminusdb import client

__all__ = ["Tape", "steady", "terminusdb"]

_FOLDER = Path(__file__).parent / "tapes"
_NOWHERE = "http://terminusdb.test"
_KEPT = ("Content-Type", "TerminusDB-Data-Version")
_START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
_AGAIN = "Record it again: TERMINUSDB_RECORD=1 TERMINUSDB_ENDPOINT=http://… pytest "

Mode = Literal["play", "record", "live"]


def _mode() -> Mode:
    if not os.environ.get("TERMINUSDB_ENDPOINT"):
        return "play"
    return "record" if os.environ.get("TERMINUSDB_RECORD") else "live"


# --- the tape -------------------------------------------------------------------------------------
class Tape:
    """The requests of one test.

    Attributes:
        prefix: first letters of the names of the test's databases, and of nobody else's.
    """

    def __init__(self, nodeid: str, mode: Mode) -> None:
        self.mode = mode
        self.prefix = f"ot{hashlib.sha256(nodeid.encode()).hexdigest()[:10]}_"
        self.path = _path_of(nodeid)
        self.strangers: list[str] = []
        self._nodeid = nodeid
        self._lock = threading.Lock()
        self._answers: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._played: dict[str, int] = defaultdict(int)
        if mode == "play":
            if not self.path.exists():
                pytest.fail(f"There is no tape of this test. {_AGAIN}'{nodeid}'", pytrace=False)
            self._answers.update(json.loads(gzip.decompress(self.path.read_bytes())))

    def answer(self, request: requests.PreparedRequest) -> dict[str, Any]:
        """What was recorded.

        Raises:
            AssertionError: nothing was.
        """
        key = _fingerprint(request)
        with self._lock:
            answers = self._answers.get(key)
            turn = self._played[key]
            self._played[key] += 1
        if answers:
            return answers[min(turn, len(answers) - 1)]
        if "/api/optimize/" in str(request.url):  # from a thread, whenever it gets to it
            return {"status": 200, "headers": {"Content-Type": "application/json"}, "body": "{}"}
        said = f"{request.method} {request.path_url} {_text(request.body)[:1500]}"
        self.strangers.append(said)
        raise AssertionError(f"This request is not on the tape: {said}\n{_AGAIN}'{self._nodeid}'")

    def keep(self, request: requests.PreparedRequest, answer: dict[str, Any]) -> None:
        """Record an answer; one that is the same as the last says nothing new."""
        with self._lock:
            self._answers[_fingerprint(request)].append(answer)

    def save(self) -> None:
        """Write what was recorded; equal recordings are equal bytes."""
        shortened: dict[str, list[dict[str, Any]]] = {}
        for key, answers in self._answers.items():
            while len(answers) > 1 and answers[-1] == answers[-2]:
                answers.pop()
            shortened[key] = answers
        self.path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(shortened, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
        self.path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


class _Transport(BaseAdapter):
    """Carries requests from or onto a tape."""

    def __init__(self, tape: Tape) -> None:
        super().__init__()
        self._tape = tape
        self._wire = HTTPAdapter()

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        if self._tape.mode == "play":
            return _response(request, self._tape.answer(request))
        response = self._wire.send(request, **options)
        if self._tape.mode == "live":
            return response
        answer = {
            "status": response.status_code,
            "headers": {name: response.headers[name] for name in _KEPT if name in response.headers},
            "body": response.content.decode(),
        }
        self._tape.keep(request, answer)
        return _response(request, answer)

    def close(self) -> None:
        self._wire.close()


def _response(request: requests.PreparedRequest, answer: dict[str, Any]) -> requests.Response:
    response = requests.Response()
    response.status_code = answer["status"]
    response.headers = CaseInsensitiveDict(answer["headers"])
    response.encoding = "utf-8"
    response.request = request
    response.url = str(request.url)
    response.raw = HTTPResponse(
        io.BytesIO(answer["body"].encode()),
        headers=answer["headers"],
        status=answer["status"],
        preload_content=False,
    )
    return response


def _fingerprint(request: requests.PreparedRequest) -> str:
    path, _, query = request.path_url.partition("?")
    body = _text(request.body)
    with contextlib.suppress(ValueError):  # documents in lines, or nothing
        body = json.dumps(json.loads(body), sort_keys=True)
    what = [str(request.method), path, *sorted(query.split("&")), body]
    return hashlib.sha256("\0".join(what).encode()).hexdigest()[:24]


def _text(body: Any) -> str:
    return body.decode(errors="replace") if isinstance(body, bytes) else str(body or "")


def _path_of(nodeid: str) -> Path:
    file, _, name = nodeid.partition("::")
    module = file.removeprefix("tests/").removesuffix(".py").replace("/", ".")
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if len(slug) > 80:
        slug = f"{slug[:70]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return _FOLDER / module / f"{slug}.json.gz"


# --- the same in each run -------------------------------------------------------------------------
@pytest.fixture
def steady(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    tmp_path: Path,
) -> Iterator[None]:
    """Chance, the clock and the keys that sign are the same in each run of this test, in every
    thread. The clock ticks: a millisecond whenever it is asked.
    """
    chance = random.Random(request.node.nodeid)
    lock = threading.Lock()

    def urandom(size: int) -> bytes:
        with lock:
            return chance.randbytes(size)

    # Ids, tokens and salts are all made of it.
    monkeypatch.setattr(os, "urandom", urandom)
    monkeypatch.setattr(random, "_urandom", urandom)

    ticks = itertools.count()

    class Ticking(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:  # type: ignore[override]
            return (_START + dt.timedelta(milliseconds=next(ticks))).astimezone(tz)

    monkeypatch.setattr(clock, "datetime", Ticking)

    settings.OMS_KEYS_DIR = tmp_path / "keys"
    ring = keys.FileKeyring()
    for purpose in keys.PURPOSES:
        private = ed25519.Ed25519PrivateKey.from_private_bytes(
            hashlib.sha256(purpose.encode()).digest()
        )
        public = private.public_key()
        ring._write(
            keys.PublicKey(
                keys._thumbprint(public),
                purpose,
                "EdDSA",
                dt.datetime(2000, 1, 1, tzinfo=dt.UTC),
                public,
            ),
            private,
        )
    forget_services()
    yield
    monkeypatch.undo()
    forget_services()


@pytest.fixture
def terminusdb(
    request: pytest.FixtureRequest,
    steady: None,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
) -> Iterator[Tape]:
    """New ontologies live in TerminusDB: on tape, or a real one. Their databases are gone after the
    test.
    """
    tape = Tape(request.node.nodeid, _mode())
    failed = request.session.testsfailed
    settings.TERMINUSDB_ENDPOINT = os.environ.get("TERMINUSDB_ENDPOINT", _NOWHERE).rstrip("/")
    settings.TERMINUSDB_USER = os.environ.get("TERMINUSDB_USER", "admin")
    settings.TERMINUSDB_KEY = os.environ.get("TERMINUSDB_KEY", "root")
    settings.TERMINUSDB_TEAM = os.environ.get("TERMINUSDB_TEAM", "admin")
    settings.TERMINUSDB_DB_PREFIX = tape.prefix
    settings.OMS_DEFAULT_HOME = "terminusdb"
    settings.OMS_SERVICES = {
        **settings.OMS_SERVICES,
        "ontology_home": "ontology.store.terminusdb.home.TerminusHome",
    }
    forget_services()
    if tape.mode != "play":
        _drop_all()
    monkeypatch.setattr(client, "new_transport", _factory(tape))
    yield tape
    monkeypatch.undo()
    forget_services()
    if tape.mode != "play":
        _drop_all()
    if tape.mode == "record" and request.session.testsfailed == failed:
        tape.save()
    if tape.strangers:
        # It may have been met in a thread, or where an error was expected.
        pytest.fail(f"Not on the tape: {tape.strangers[0]}\n{_AGAIN}", pytrace=False)


def _factory(tape: Tape) -> Callable[[], BaseAdapter]:
    return lambda: _Transport(tape)


def _drop_all() -> None:
    """What this test has made, or left over when it was killed; not on the tape."""
    from ontology.store.terminusdb.home import TerminusHome  # the client is heavy

    home = TerminusHome()
    for database in home.databases():
        home.drop(database)
