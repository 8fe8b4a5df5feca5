"""Sixteen writers on one branch: what was acknowledged is the history, and nobody is overwritten."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import cycle, pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import services
from tests.faults.servers import another, log_of, serving, verify

pytestmark = pytest.mark.faults

URL = "/api/v1/ontologies/{}"
WRITERS = 16


@dataclass
class Tally:
    """What the writers were told.

    Attributes:
        acknowledged: ids of the commits that were confirmed.
        lost: codes of the answers to those who came second.
        failed: any other answer; there must be none.
    """

    acknowledged: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Way:
    """How a writer makes sure that it does not overwrite.

    Attributes:
        guard: what it adds to its request and to its change, from what it has read.
        loses_with: status and code of the answer when it comes second.
    """

    guard: Callable[[httpx.Response], tuple[dict[str, Any], dict[str, Any]]]
    loses_with: tuple[int, str]


WAYS = {
    "expected head": Way(
        lambda read: ({"expectedHead": read.headers["X-OMS-Commit"]}, {}), (409, "stale_head")
    ),
    "etag of the document": Way(
        lambda read: ({}, {"ifMatch": read.json()["_etag"]}), (412, "precondition_failed")
    ),
}


@pytest.fixture
def two_servers(
    database_url: str | None, tmp_path: Path
) -> Iterator[tuple[services.OmsServer, services.OmsServer]]:
    with (
        serving(database_url=database_url, folder=tmp_path) as one,
        another(one) as two,
    ):
        yield one, two


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_acknowledged_commits_are_the_history(
    two_servers: tuple[services.OmsServer, services.OmsServer], full: bool
) -> None:
    rounds = 50 if full else 1
    server = two_servers[0]
    client = server.client()
    clients = [side.client() for side, _ in zip(cycle(two_servers), range(WRITERS), strict=False)]
    for number, way in enumerate(WAYS.values()):
        ontology = f"counter-{number}"
        create(client, ontology, ["Counter"])
        tally = run(
            clients, lambda each, found, o=ontology, w=way: count(each, o, w, rounds, found)
        )
        assert tally.failed == []
        assert len(tally.acknowledged) == WRITERS * rounds
        assert tally.lost, "nobody came second: this was no race"
        # Each confirmed commit added one to what it had read, so none was overwritten.
        read = client.get(f"{URL.format(ontology)}/documents/ObjectType/Counter?ref=main")
        assert read.json()["owner"] == str(WRITERS * rounds)
        check_history(client, ontology, tally)
        verify(server, ontology)

    # Without a guard those who touch different documents do not stand in each other's way.
    ontology = "everybody"
    names = {each: f"Own{number}" for number, each in enumerate(clients)}
    create(client, ontology, list(names.values()))
    tally = run(clients, lambda each, found: touch(each, ontology, names[each], rounds, found))
    assert tally.failed == []
    assert tally.lost == []
    assert len(tally.acknowledged) == WRITERS * rounds
    for name in names.values():
        read = client.get(f"{URL.format(ontology)}/documents/ObjectType/{name}?ref=main")
        assert read.json()["owner"] == str(rounds)
    check_history(client, ontology, tally)
    verify(server, ontology)


def create(client: httpx.Client, ontology: str, names: list[str]) -> None:
    made = client.post(
        "/api/v1/ontologies", json={"name": ontology, "baseIri": f"https://{ontology}.example/"}
    )
    made.raise_for_status()
    changes = [
        {"op": "create", "kind": "ObjectType", "fields": {"apiName": name, "owner": "0"}}
        for name in names
    ]
    made = client.post(
        f"{URL.format(ontology)}/changesets?branch=main",
        json={"message": "documents", "changes": changes},
    )
    made.raise_for_status()


def run(clients: list[httpx.Client], work: Callable[[httpx.Client, Tally], None]) -> Tally:
    """Let all work at once."""
    tally = Tally()
    threads = [threading.Thread(target=work, args=(client, tally)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tally


def count(client: httpx.Client, ontology: str, way: Way, rounds: int, tally: Tally) -> None:
    """Add one to the counter, ``rounds`` times."""
    done = 0
    while done < rounds and not tally.failed:
        read = client.get(f"{URL.format(ontology)}/documents/ObjectType/Counter?ref=main")
        more, guard = way.guard(read)
        fields = {"owner": str(int(read.json()["owner"]) + 1)}
        change = {"op": "update", "target": "ObjectType/Counter", "fields": fields, **guard}
        done += commit(client, ontology, {"changes": [change], **more}, way.loses_with, tally)


def touch(client: httpx.Client, ontology: str, name: str, rounds: int, tally: Tally) -> None:
    """Change a document of one's own, ``rounds`` times."""
    for number in range(1, rounds + 1):
        fields = {"owner": str(number)}
        change = {"op": "update", "target": f"ObjectType/{name}", "fields": fields}
        commit(client, ontology, {"changes": [change]}, None, tally)


def commit(
    client: httpx.Client,
    ontology: str,
    body: dict[str, Any],
    loses_with: tuple[int, str] | None,
    tally: Tally,
) -> bool:
    answer = client.post(
        f"{URL.format(ontology)}/changesets?branch=main", json={"message": "count", **body}
    )
    if answer.status_code == 201:
        tally.acknowledged.append(answer.json()["commit"]["id"])
        return True
    code = answer.json().get("code")
    if (answer.status_code, code) == loses_with:
        tally.lost.append(code)
    else:
        tally.failed.append(answer.text)
    return False


def check_history(client: httpx.Client, ontology: str, tally: Tally) -> None:
    history = log_of(client, ontology)
    for commit, parent in pairwise(history):
        assert commit["parents"] == [parent["id"]]
    assert {commit["id"] for commit in history[:-2]} == set(tally.acknowledged)
    assert len(history) - 2 == len(tally.acknowledged)
