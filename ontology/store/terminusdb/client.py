"""The official client, made fit for a server process.

``terminusdb_client`` opens a session per client and sets no timeouts; its objects change as they
are used, its ``query`` knows no metadata and forgets the version that a write made. So each
operation gets a client object of its own over one shared session, which bounds connections and
waiting and turns every answer but 200 into an error of OMS (``errors``); WOQL goes through that
session with the client's own addresses.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import orjson
import requests
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from requests.adapters import BaseAdapter, HTTPAdapter

from oms_project.core.canonical_json import loads
from oms_project.core.errors import Invalid, NotFound
from ontology.store.home import ServerInfo
from ontology.store.terminusdb import woql
from ontology.store.terminusdb.breaker import Breaker
from ontology.store.terminusdb.errors import (
    Broken,
    Denied,
    HomeUnavailable,
    NoAnswer,
    Unsupported,
)
from ontology.store.terminusdb.session import BoundedSession
from ontology.store.terminusdb.turtle import turtle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ontology.domain.native.terms import Triple
    from ontology.store.terminusdb.official import OfficialClient

__all__ = [
    "COMMITS",
    "STATE",
    "Answer",
    "Server",
    "branch_place",
    "commit_place",
    "encoded",
    "new_transport",
]

T = TypeVar("T")

#: Place of the graph of commits and branches.
COMMITS = "_commits"
#: The document that says which OMS commit a branch is at.
STATE = "OmsState/head"
_SUPPORTED = (12, 0, 6)
_IDENTIFIER = re.compile(r"[0-9a-z]{1,64}")
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")
#: What a document among many may take, on a machine that has other work too.
_SECONDS_PER_DOCUMENT = 0.01
#: How often triples are sent that get lost.
_ATTEMPTS = 8
#: Databases whose prefixes are remembered.
_PREFIXES_KEPT = 1000
#: What is not WOQL answers 40 ms late on a connection that is kept.
_SLOW_IF_KEPT = {"Connection": "close"}

_sleep: Callable[[float], None] = time.sleep


def new_transport() -> BaseAdapter:
    """What carries requests; tests put a recorder or a player in its place."""
    return HTTPAdapter(pool_connections=2, pool_maxsize=settings.TERMINUSDB_POOL_SIZE)


def encoded(branch: str) -> str:
    """A branch's name as TerminusDB is told it: it refuses ``/`` and more."""
    return quote(branch, safe="")


def branch_place(branch: str) -> str:
    """Where a branch is, for ``Server.woql``."""
    return f"branch/{encoded(branch)}"


def commit_place(identifier: str) -> str:
    """Where a commit is, for ``Server.woql``.

    Raises:
        NotFound: what cannot be an identifier names no commit.
    """
    if _IDENTIFIER.fullmatch(identifier) is None:
        raise NotFound(
            f"TerminusDB has no commit {identifier[:80]!r}.", code="home_commit_not_found"
        )
    return f"commit/{identifier}"


@dataclass(frozen=True, slots=True)
class Answer:
    """Of a WOQL query. ``version``: identifier of the commit that was read, or made."""

    data: Mapping[str, Any]
    version: str

    @property
    def bindings(self) -> list[dict[str, Any]]:
        """What the variables were found to be."""
        found = self.data.get("bindings")
        return found if isinstance(found, list) else []


class Server:
    """The TerminusDB that the settings name, as one process sees it."""

    def __init__(self) -> None:
        self.team: str = settings.TERMINUSDB_TEAM
        self.breaker = Breaker(
            settings.TERMINUSDB_BREAKER_FAILURES, settings.TERMINUSDB_BREAKER_SECONDS
        )
        self._session = BoundedSession(self.breaker, new_transport())
        self._checked = -1
        self._prefixes: dict[str, Mapping[str, str]] = {}

    # --- requests -------------------------------------------------------------------------------
    def client(self, database: str = "", *, place: str = "branch/main") -> OfficialClient:
        """A client of the official package for one operation.

        Its methods raise OMS's errors. It is only good for the thread that asked for it.
        """
        if not settings.TERMINUSDB_KEY:
            raise Denied("TERMINUSDB_KEY is empty: OMS cannot sign in to TerminusDB.")
        kind, _, name = place.partition("/")
        client: OfficialClient = _client_class()(settings.TERMINUSDB_ENDPOINT, user_agent="oms")
        client.open(
            self._session,
            team=self.team,
            user=settings.TERMINUSDB_USER,
            key=settings.TERMINUSDB_KEY,
            database=database,
            branch=COMMITS if kind == COMMITS else name if kind == "branch" else "main",
            ref=name if kind == "commit" else "",
        )
        return client

    def woql(
        self,
        database: str,
        place: str,
        query: Mapping[str, Any],
        *,
        commit_info: Mapping[str, Any] | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Run a query; without ``commit_info`` the server lets it write nothing.

        Args:
            place: ``branch_place``, ``commit_place`` or ``COMMITS``.
            timeout: seconds, instead of ``TERMINUSDB_TIMEOUT``.
        """
        client = self.client(database, place=place)
        body: dict[str, Any] = {"query": query}
        if commit_info is not None:
            body["commit_info"] = commit_info
        response = client.request(
            "POST",
            client.query_url,
            body=_json(body),
            timeout=None if timeout is None else (settings.TERMINUSDB_CONNECT_TIMEOUT, timeout),
        )
        return Answer(self._parsed(response), _version_of(response))

    def replace_documents(
        self,
        database: str,
        branch: str,
        documents: Sequence[Mapping[str, Any]],
        *,
        author: str,
        message: str,
    ) -> None:
        """Write many documents of the instance graph anew, as a commit without metadata."""
        client = self.client(database, place=branch_place(branch))
        lines = [_json(document) for document in documents]
        response = client.request(
            "PUT",
            client.documents_url,
            params={
                "graph_type": "instance",
                "author": author,
                "message": message,
                "create": "true",
            },
            body=b"\n".join(lines),
            headers=_SLOW_IF_KEPT,
            timeout=_many(len(lines)),
        )
        written = self._parsed(response, list)
        if len(written) != len(lines):  # it answers 200 to what it cannot read
            raise Invalid(
                f"TerminusDB took {len(written)} of {len(lines)} documents.",
                code="home_refused",
                data={"answer": f"{len(written)} of {len(lines)} documents"},
            )

    def add_triples(
        self, database: str, branch: str, triples: Sequence[Triple], *, author: str, message: str
    ) -> None:
        """Add triples to the instance graph, as a commit without metadata; may be repeated.

        When something else in the database is committed meanwhile (its own upkeep is enough), the
        server begins anew, has read the text to its end already, writes nothing and answers 200. So
        this looks whether they are there.
        """
        client = self.client(database, place=branch_place(branch))
        body = _json(
            {
                "commit_info": {"author": author, "message": message},
                "turtle": turtle(triples, self._prefixes_of(database)),
            }
        )
        last = triples[-1]
        subject, predicate, term = woql.node(last.subject), last.predicate, woql.term(last.object)
        for _ in range(_ATTEMPTS):
            response = client.request(
                "PUT",
                client.triples_url,
                body=body,
                headers=_SLOW_IF_KEPT,
                timeout=_many(len(triples) // 4),
            )
            self._parsed(response)
            written = self.woql(
                database, branch_place(branch), woql.triple(subject, predicate, term)
            )
            if written.bindings:
                return
        raise NoAnswer(
            f"TerminusDB has lost {len(triples)} triples {_ATTEMPTS} times over.",
            data={"database": database},
        )

    def _prefixes_of(self, database: str) -> Mapping[str, str]:
        """``@base`` and ``@schema`` of a database, which never get others."""
        found = self._prefixes.get(database)
        if found is None:
            found = self.get(f"prefixes/{self.team}/{database}")
            self._prefixes[database] = found
            while len(self._prefixes) > _PREFIXES_KEPT:
                self._prefixes.pop(next(iter(self._prefixes)), None)
        return found

    def read_documents(
        self, database: str, place: str, names: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Documents of the instance graph: four times as quick as WOQL."""
        client = self.client(database, place=place)
        response = client.request(
            "POST",
            client.documents_url,
            body=_json({"ids": names, "as_list": True}),
            headers={"X-HTTP-Method-Override": "GET", **_SLOW_IF_KEPT},
        )
        found: list[dict[str, Any]] = self._parsed(response, list)
        return found

    def get(self, path: str) -> Any:
        """``GET /api/<path>``, parsed."""
        client = self.client()
        response = client.request("GET", client.url(path), headers=_SLOW_IF_KEPT)
        return self._parsed(response, (dict, list))

    def _parsed(self, response: requests.Response, kind: Any = dict) -> Any:
        try:
            data = loads(response.content)
        except ValueError:
            data = None
        if not isinstance(data, kind):
            self.breaker.failed()
            raise NoAnswer(
                "The answer to a request is not TerminusDB's: something else stands at "
                "TERMINUSDB_ENDPOINT, or in between.",
                data={"answer": response.text[:500]},
            )
        return data

    # --- whether it is one that OMS works with --------------------------------------------------
    def info(self) -> ServerInfo:
        """Who answers."""
        said = self.get("info")
        info = said.get("api:info") if isinstance(said, dict) else None
        server = info.get("terminusdb") if isinstance(info, dict) else None
        version = str(server.get("version", "")) if isinstance(server, dict) else ""
        return ServerInfo("TerminusDB" if server else "", version, _problem(server, version))

    def ready(self) -> None:
        """Look once who answers, and again after it was away.

        Raises:
            Unsupported: a server that OMS does not work with.
        """
        openings = self.breaker.openings
        if self._checked == openings:
            return
        found = self.info()
        if found.problem:
            raise Unsupported(
                found.problem, data={"product": found.product, "version": found.version}
            )
        self._checked = openings

    def repeated(self, work: Callable[[], T]) -> T:
        """Do what is safe to repeat, up to ``TERMINUSDB_RETRIES`` times more."""
        retries = settings.TERMINUSDB_RETRIES
        attempt = 0
        while True:
            try:
                self.ready()
                return work()
            except HomeUnavailable as error:
                if not error.repeat or attempt >= retries:
                    raise
                if isinstance(error, Broken) and attempt >= 1:
                    raise
            _sleep(random.uniform(0.5, 1.0) * min(0.05 * 2**attempt, 2.0))  # noqa: S311
            attempt += 1


def _many(documents: int) -> tuple[float, float]:
    """Time for a request that writes many documents."""
    seconds = settings.TERMINUSDB_TIMEOUT + documents * _SECONDS_PER_DOCUMENT
    return settings.TERMINUSDB_CONNECT_TIMEOUT, seconds


def _version_of(response: requests.Response) -> str:
    return response.headers.get("TerminusDB-Data-Version", "").partition(":")[2]


def _problem(server: Any, version: str) -> str:
    supported = "OMS works with TerminusDB 12.0.6 or later, below 13."
    numbers = _VERSION.match(version)
    if not server or numbers is None:
        what = f"says that it is version {version!r}" if version else "does not say what it is"
        return f"What answers at TERMINUSDB_ENDPOINT {what}. {supported}"
    found = tuple(int(number) for number in numbers.groups())
    if found < _SUPPORTED or found[0] != _SUPPORTED[0]:
        return f"TERMINUSDB_ENDPOINT is TerminusDB {version}. {supported}"
    return ""


def _json(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # integers beyond 64 bits, decimals; or text that is no Unicode
        try:
            return json.dumps(value, ensure_ascii=False).encode()
        except (TypeError, ValueError) as error:
            raise Invalid(
                f"This cannot be sent to TerminusDB: {error}.",
                code="home_refused",
                data={"answer": str(error)},
            ) from error


@cache
def _client_class() -> type[OfficialClient]:
    try:
        from ontology.store.terminusdb.official import OfficialClient
    except ImportError as error:
        raise ImproperlyConfigured(
            "TERMINUSDB_ENDPOINT needs the TerminusDB client: "
            "pip install -r requirements/terminusdb.txt"
        ) from error
    return OfficialClient
