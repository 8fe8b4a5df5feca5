"""``kill -9`` of the server in the middle of commits: what was acknowledged is there, whole."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from tests import services
from tests.faults.servers import log_of, restart, serving, verify

pytestmark = pytest.mark.faults

ONTOLOGY = "crash"
URL = f"/api/v1/ontologies/{ONTOLOGY}"
WRITERS = 4
#: Documents that each commit changes together; a torn commit would change some of them.
PARTS = ("A", "B", "C")
#: How long a restart may take, in seconds (asserted in full length, on a machine of its own).
READY_WITHIN = 5.0


@dataclass
class Writer(threading.Thread):
    """Commits 1, 2, 3, … to its own documents, and keeps what was acknowledged.

    Attributes:
        number: names its documents.
        target: how many acknowledged commits it makes.
        acknowledged: number -> commit id, of the commits that the server confirmed.
        attempted: the last number that was sent.
        refused: answers other than 201; there must be none.
    """

    number: int
    target: int
    server: services.OmsServer
    client: httpx.Client
    acknowledged: dict[int, str] = field(default_factory=dict)
    attempted: int = 0
    refused: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self.stopped = threading.Event()

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        while len(self.acknowledged) < self.target and not self.stopped.is_set():
            self.attempted += 1
            try:
                answer = self.client.post(
                    f"{URL}/changesets?branch=main",
                    json={
                        "message": f"{self.number}:{self.attempted}",
                        "changes": [
                            {
                                "op": "update",
                                "target": f"ObjectType/{self.name_of(part)}",
                                "fields": {"owner": str(self.attempted)},
                            }
                            for part in PARTS
                        ],
                    },
                )
            except httpx.TransportError:
                time.sleep(0.05)  # killed under us: whether it was committed nobody said
                continue
            if answer.status_code == 201:
                self.acknowledged[self.attempted] = answer.json()["commit"]["id"]
            else:
                self.refused.append(answer.text)

    def name_of(self, part: str) -> str:
        return f"Writer{self.number}{part}"


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_no_acknowledged_commit_is_lost_or_torn(
    database_url: str | None, full: bool, tmp_path: Path
) -> None:
    kills, commits = (50, 10_000) if full else (2, 40)
    chance = random.Random(20)
    seconds: list[float] = []
    with serving(database_url=database_url, folder=tmp_path) as server:
        writers = start_writers(server, commits // WRITERS)
        try:
            for kill in range(1, kills + 1):
                wait_for(writers, server, commits * kill // (kills + 1))
                time.sleep(chance.uniform(0, 0.05))  # anywhere in a commit
                server.kill()
                seconds.append(restart(server))
                check_last(server, writers)
            wait_for(writers, server, commits)
        finally:
            for writer in writers:
                writer.stopped.set()
        for writer in writers:
            writer.join(60)
            assert writer.refused == []
        check_all(server, writers, kills)
        verify(server, ONTOLOGY)
    print(
        f"ready again after {max(seconds):.1f} s at most, {sorted(seconds)[kills // 2]:.1f} s median"
    )
    if full:
        assert max(seconds) <= READY_WITHIN


def start_writers(server: services.OmsServer, target: int) -> list[Writer]:
    client = server.client()
    made = client.post(
        "/api/v1/ontologies", json={"name": ONTOLOGY, "baseIri": "https://c.example/"}
    )
    made.raise_for_status()
    writers = [Writer(number, target, server, server.client()) for number in range(WRITERS)]
    creations = [
        {"op": "create", "kind": "ObjectType", "fields": {"apiName": name, "owner": "0"}}
        for writer in writers
        for name in map(writer.name_of, PARTS)
    ]
    made = client.post(
        f"{URL}/changesets?branch=main", json={"message": "documents", "changes": creations}
    )
    made.raise_for_status()
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


def check_last(server: services.OmsServer, writers: list[Writer]) -> None:
    """What was acknowledged right before the kill is there right after it."""
    client = server.client()
    for writer in writers:
        if writer.acknowledged:
            last = max(writer.acknowledged)
            answer = client.get(f"{URL}/commits/{writer.acknowledged[last]}")
            assert answer.status_code == 200
            assert answer.json()["commit"]["message"] == f"{writer.number}:{last}"


def check_all(server: services.OmsServer, writers: list[Writer], kills: int) -> None:
    client = server.client()
    history = log_of(client, ONTOLOGY)
    # One straight run: nobody overwrote anybody.
    for commit, parent in pairwise(history):
        assert commit["parents"] == [parent["id"]]
    by_message = {commit["message"]: commit for commit in history[:-2]}
    assert len(by_message) == len(history) - 2
    confirmed = {
        f"{writer.number}:{number}": commit
        for writer in writers
        for number, commit in writer.acknowledged.items()
    }
    assert {message: by_message.get(message, {}).get("id") for message in confirmed} == confirmed
    # Beside those only what was under way when a kill came.
    assert len(by_message) - len(confirmed) <= kills * WRITERS
    assert {commit["changeCount"] for commit in by_message.values()} == {len(PARTS)}
    for writer in writers:
        last = max(
            int(number)
            for owner, _, number in (message.partition(":") for message in by_message)
            if int(owner) == writer.number
        )
        assert max(writer.acknowledged) <= last <= writer.attempted
        for part in PARTS:
            document = client.get(f"{URL}/documents/ObjectType/{writer.name_of(part)}?ref=main")
            assert document.json()["owner"] == str(last)
    unconfirmed = [by_message[message] for message in by_message.keys() - confirmed.keys()]
    for commit in unconfirmed:
        owner, _, number = commit["message"].partition(":")
        for part in PARTS:
            name = writers[int(owner)].name_of(part)
            document = client.get(f"{URL}/documents/ObjectType/{name}?ref={commit['id']}")
            assert document.json()["owner"] == number
