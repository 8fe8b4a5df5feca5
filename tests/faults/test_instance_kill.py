"""``kill -9`` of the server while objects and links are committed: all of a commit, or none of it."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import services
from tests.faults.servers import log_of, restart, serving, verify

pytestmark = pytest.mark.faults

ONTOLOGY = "stock"
URL = f"/api/v1/ontologies/{ONTOLOGY}"
WRITERS = 4
#: Objects that each commit changes together.
SIZE = 3
DEFINITIONS: list[dict[str, Any]] = [
    {
        "op": "create",
        "kind": "ObjectType",
        "fields": {
            "apiName": "Item",
            "primaryKey": ["code"],
            "properties": [
                {"apiName": "code", "dataTypes": ["string"], "required": True},
                {"apiName": "round", "dataTypes": ["integer"], "indexed": True},
                {"apiName": "label", "dataTypes": ["string"], "searchable": True, "unique": True},
            ],
        },
    },
    {
        "op": "create",
        "kind": "LinkType",
        "fields": {
            "apiName": "follows",
            "sources": ["Item"],
            "targets": ["Item"],
            "targetCardinality": {"max": 1},
        },
    },
]


@dataclass
class Writer(threading.Thread):
    """Rounds 1, 2, 3, …: the first makes its objects and links, odd ones make them anew (what was
    there is deleted, with its links), even ones change them.

    Attributes:
        acknowledged: round -> commit id, of what the server confirmed.
        attempted: the last round that was sent.
        refused: answers other than 201; there must be none.
    """

    number: int
    target: int
    client: httpx.Client
    acknowledged: dict[int, str] = field(default_factory=dict)
    attempted: int = 0
    refused: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self.stopped = threading.Event()

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        there = 0  # the round that stands, as far as the writer knows
        while len(self.acknowledged) < self.target and not self.stopped.is_set():
            self.attempted += 1
            try:
                answer = self.client.post(
                    f"{URL}/changesets?branch=main",
                    json={
                        "message": f"{self.number}:{self.attempted}",
                        "changes": self.changes(self.attempted, there),
                    },
                )
            except httpx.TransportError:
                there = self.ask(there)
                continue
            if answer.status_code == 201:
                self.acknowledged[self.attempted] = answer.json()["commit"]["id"]
                there = self.attempted
            else:
                self.refused.append(answer.text)
                return

    def ask(self, there: int) -> int:
        """Whether what was under way came through: nobody said."""
        while not self.stopped.is_set():
            try:
                answer = self.client.get(f"{URL}/documents/{self.name_of(there, 0)}?ref=main")
                standing = there if answer.status_code == 200 else self.attempted
                answer = self.client.get(f"{URL}/documents/{self.name_of(standing, 0)}?ref=main")
                return int(answer.json()["round"]) if answer.status_code == 200 else 0
            except httpx.TransportError:
                time.sleep(0.05)
        return there

    def generation(self, round_: int) -> int:
        """The round in which the objects were made that stand after ``round_``."""
        return round_ if round_ % 2 else round_ - 1

    def name_of(self, round_: int, part: int) -> str:
        return f"Item/{self.code(round_, part)}"

    def code(self, round_: int, part: int) -> str:
        return f"{self.number}-{self.generation(round_)}-{part}"

    def label(self, round_: int, part: int) -> str:
        return f"word{round_} of{self.number} part{part}"

    def changes(self, round_: int, there: int) -> list[dict[str, Any]]:
        """Delete and make anew where the generation changes, else update."""
        if there and self.generation(there) == self.generation(round_):
            return [
                {
                    "op": "update",
                    "target": self.name_of(round_, part),
                    "fields": {"round": round_, "label": self.label(round_, part)},
                }
                for part in range(SIZE)
            ]
        made: list[dict[str, Any]] = [
            {"op": "delete", "target": self.name_of(there, part)} for part in range(SIZE) if there
        ]
        made += [
            {
                "op": "create",
                "kind": "Object",
                "type": "Item",
                "fields": {
                    "code": self.code(round_, part),
                    "round": round_,
                    "label": self.label(round_, part),
                },
            }
            for part in range(SIZE)
        ]
        return made + [
            {
                "op": "create",
                "kind": "Link",
                "type": "follows",
                "source": self.name_of(round_, one),
                "target": self.name_of(round_, other),
            }
            for one, other in pairwise(range(SIZE))
        ]


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_no_acknowledged_object_is_lost_and_no_commit_is_torn(
    database_url: str | None, full: bool, tmp_path: Path
) -> None:
    kills, commits = (50, 5_000) if full else (2, 40)
    chance = random.Random(4)
    with serving(database_url=database_url, folder=tmp_path) as server:
        writers = start_writers(server, commits // WRITERS)
        try:
            for kill in range(1, kills + 1):
                wait_for(writers, server, commits * kill // (kills + 1))
                time.sleep(chance.uniform(0, 0.05))  # anywhere in a commit
                server.kill()
                restart(server)
                check_heads(server, writers)
            wait_for(writers, server, commits)
        finally:
            for writer in writers:
                writer.stopped.set()
        for writer in writers:
            writer.join(60)
            assert writer.refused == []
        check_history(server, writers, kills)
        check_standing(server, writers)
        verify(server, ONTOLOGY)


def start_writers(server: services.OmsServer, target: int) -> list[Writer]:
    client = server.client()
    made = client.post(
        "/api/v1/ontologies", json={"name": ONTOLOGY, "baseIri": "https://c.example/"}
    )
    made.raise_for_status()
    made = client.post(
        f"{URL}/changesets?branch=main", json={"message": "types", "changes": DEFINITIONS}
    )
    made.raise_for_status()
    writers = [Writer(number, target, server.client()) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    return writers


def wait_for(writers: list[Writer], server: services.OmsServer, commits: int) -> None:
    """Until that many commits were acknowledged."""
    deadline = time.monotonic() + 600
    while sum(len(writer.acknowledged) for writer in writers) < commits:
        assert server.process.poll() is None, "the server ended by itself"
        assert any(writer.is_alive() for writer in writers), [writer.refused for writer in writers]
        assert time.monotonic() < deadline, "the writers make no progress"
        time.sleep(0.005)


def check_heads(server: services.OmsServer, writers: list[Writer]) -> None:
    """What was acknowledged right before the kill is whole right after it."""
    client = server.client()
    for writer in writers:
        known = dict(writer.acknowledged)
        if known:
            last = max(known)
            check_commit(client, writer, last, known[last])


def check_commit(client: httpx.Client, writer: Writer, round_: int, commit: str) -> None:
    """All of a round, and nothing of the one before, by body, by index, by word, by link."""
    for part in range(SIZE):
        answer = client.get(f"{URL}/documents/{writer.name_of(round_, part)}?ref={commit}")
        assert answer.status_code == 200
        assert (answer.json()["round"], answer.json()["label"]) == (
            round_,
            writer.label(round_, part),
        )
    expected = [writer.name_of(round_, part) for part in range(SIZE)]
    for where in (f"label:eq:{writer.label(round_, 0)}", f"label:contains:of{writer.number} "):
        listed = client.get(
            f"{URL}/objects/Item", params={"ref": commit, "where": where, "limit": 100}
        )
        assert listed.status_code == 200, listed.text
        names = [item["@id"] for item in listed.json()["items"]]
        assert names == (expected[:1] if ":eq:" in where else expected)
    found = client.get(
        f"{URL}/search", params={"ref": commit, "q": f"word{round_} of{writer.number}"}
    )
    hits = {hit["document"]["@id"] for hit in found.json()["items"]}
    assert hits == set(expected)
    ends = client.get(f"{URL}/objects/{expected[0]}/links", params={"ref": commit})
    assert [item["object"]["@id"] for item in ends.json()["items"]] == expected[1:2]


def check_history(server: services.OmsServer, writers: list[Writer], kills: int) -> None:
    history = log_of(server.client(), ONTOLOGY)
    for commit, parent in pairwise(history):
        assert commit["parents"] == [parent["id"]]
    by_message = {commit["message"]: commit["id"] for commit in history[:-2]}
    assert len(by_message) == len(history) - 2
    confirmed = {
        f"{writer.number}:{round_}": commit
        for writer in writers
        for round_, commit in writer.acknowledged.items()
    }
    assert {message: by_message.get(message) for message in confirmed} == confirmed
    assert len(by_message) - len(confirmed) <= kills * WRITERS


def check_standing(server: services.OmsServer, writers: list[Writer]) -> None:
    """Each writer's last round stands, and nothing of any other."""
    client = server.client()
    history = log_of(client, ONTOLOGY)
    for writer in writers:
        mine = [
            int(number)
            for owner, _, number in (commit["message"].partition(":") for commit in history[:-2])
            if int(owner) == writer.number
        ]
        assert max(writer.acknowledged) <= max(mine) <= writer.attempted
        check_commit(client, writer, max(mine), history[0]["id"])
    listed = client.get(f"{URL}/objects/Item?ref=main&limit=1000")
    assert len(listed.json()["items"]) == WRITERS * SIZE
