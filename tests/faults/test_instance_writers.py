"""Sixteen writers at objects: the same key, the same unique value, the same object, each their own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle, pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import services
from tests.faults.servers import another, log_of, serving, verify

pytestmark = pytest.mark.faults

URL = "/api/v1/ontologies/race"
WRITERS = 16
DEFINITIONS: list[dict[str, Any]] = [
    {
        "op": "create",
        "kind": "ObjectType",
        "fields": {
            "apiName": "Seat",
            "primaryKey": ["row", "number"],
            "properties": [
                {"apiName": "row", "dataTypes": ["string"], "required": True},
                {"apiName": "number", "dataTypes": ["integer"], "required": True},
                {"apiName": "taken", "dataTypes": ["integer"], "indexed": True},
                {"apiName": "guest", "dataTypes": ["string"], "unique": True},
            ],
        },
    },
    {
        "op": "create",
        "kind": "LinkType",
        "fields": {
            "apiName": "beside",
            "sources": ["Seat"],
            "targets": ["Seat"],
            "sourceCardinality": {"max": 1},
        },
    },
]

Answers = list[httpx.Response]


@pytest.fixture
def two_servers(
    database_url: str | None, tmp_path: Path
) -> Iterator[tuple[services.OmsServer, services.OmsServer]]:
    with serving(database_url=database_url, folder=tmp_path) as one, another(one) as two:
        yield one, two


def seat(number: int, **fields: Any) -> dict[str, Any]:
    fields = {"row": "A", "number": number, **fields}
    return {"op": "create", "kind": "Object", "type": "Seat", "fields": fields}


def beside(source: int, target: int) -> dict[str, Any]:
    return {
        "op": "create",
        "kind": "Link",
        "type": "beside",
        "source": f"Seat/A+{source}",
        "target": f"Seat/A+{target}",
    }


def post(client: httpx.Client, *changes: dict[str, Any], branch: str = "main") -> httpx.Response:
    return client.post(
        f"{URL}/changesets?branch={branch}", json={"message": "seats", "changes": list(changes)}
    )


def race(clients: list[httpx.Client], work: Callable[[httpx.Client, int], Answers]) -> Answers:
    """What all were answered who set out at once."""
    answers: Answers = []
    start = threading.Barrier(len(clients))

    def run(client: httpx.Client, number: int) -> None:
        start.wait()
        answers.extend(work(client, number))

    threads = [
        threading.Thread(target=run, args=(client, number)) for number, client in enumerate(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def listed(client: httpx.Client, where: str, ref: str = "main") -> list[str]:
    answer = client.get(f"{URL}/objects/Seat", params={"where": where, "ref": ref, "limit": 1000})
    assert answer.status_code == 200, answer.text
    return [item["@id"] for item in answer.json()["items"]]


def take_seat(first: int, each: httpx.Client, number: int) -> Answers:
    """All the same seat."""
    return [post(each, seat(first, taken=number))]


def be_guest(first: int, each: httpx.Client, number: int) -> Answers:
    """Each a seat of its own, all the same guest."""
    return [post(each, seat(first + 1 + number, guest=f"guest {first}"))]


def sit_beside(first: int, target: int, each: httpx.Client, number: int) -> Answers:
    """All beside one seat, at which one link may end."""
    return [post(each, beside(first + 100 + number, target))]


def delete_or_link(first: int, each: httpx.Client, number: int) -> Answers:
    """One deletes a seat that the others link from."""
    if number == 0:
        return [post(each, {"op": "delete", "target": f"Seat/A+{first}"})]
    return [post(each, beside(first, first + 100 + number))]


def refuse(answer: httpx.Response, rule: str) -> None:
    """A merge is refused for a rule that only breaks together."""
    assert (answer.status_code, answer.json()["code"]) == (422, "merge_invalid")
    assert {error["rule"] for error in answer.json()["errors"]} == {rule}


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_exactly_one_wins(
    two_servers: tuple[services.OmsServer, services.OmsServer], full: bool
) -> None:
    rounds = 25 if full else 1
    server = two_servers[0]
    client = server.client()
    clients = [side.client() for side, _ in zip(cycle(two_servers), range(WRITERS), strict=False)]
    client.post(
        "/api/v1/ontologies", json={"name": "race", "baseIri": "https://race.example/"}
    ).raise_for_status()
    post(client, *DEFINITIONS).raise_for_status()
    commits = 2
    for turn in range(rounds):
        first = turn * 1000
        races = {"primary-key": partial(take_seat, first), "unique": partial(be_guest, first)}
        for rule, work in races.items():
            answers = race(clients, work)
            assert sorted(answer.status_code for answer in answers) == [201] + [422] * 15
            for answer in answers:
                if answer.status_code == 422:
                    assert {error["rule"] for error in answer.json()["errors"]} == {rule}
            commits += 1
        (winner,) = listed(client, f"guest:eq:guest {first}")
        # One link may end at the winner's seat: sixteen want to be beside it.
        post(client, *[seat(first + 100 + number) for number in range(WRITERS)]).raise_for_status()
        target = int(winner.partition("+")[2])
        answers = race(clients, partial(sit_beside, first, target))
        assert sorted(answer.status_code for answer in answers) == [201] + [422] * 15
        commits += 2
        # While one deletes the seat, others want to link to it: none is left without an end.
        answers = race(clients, partial(delete_or_link, first))
        assert {answer.status_code for answer in answers} <= {201, 404, 422}
        commits += sum(answer.status_code == 201 for answer in answers)
        links = client.get(f"{URL}/links/beside?limit=1000").json()["items"]
        assert all(f"Seat/A+{first}" != item["@source"] for item in links)
        verify(server, "race")
    history = log_of(client, "race")
    for commit, parent in pairwise(history):
        assert commit["parents"] == [parent["id"]]
    assert len(history) == commits


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_writers_of_objects_of_their_own_all_get_through(
    two_servers: tuple[services.OmsServer, services.OmsServer], full: bool
) -> None:
    rounds = 40 if full else 2
    server = two_servers[0]
    client = server.client()
    clients = [side.client() for side, _ in zip(cycle(two_servers), range(WRITERS), strict=False)]
    client.post(
        "/api/v1/ontologies", json={"name": "race", "baseIri": "https://race.example/"}
    ).raise_for_status()
    post(client, *DEFINITIONS).raise_for_status()

    def work(each: httpx.Client, number: int) -> Answers:
        answers = [post(each, seat(number), seat(number + 100), beside(number, number + 100))]
        for turn in range(1, rounds):
            fields = {"taken": turn, "guest": f"{number}"}
            answers.append(
                post(each, {"op": "update", "target": f"Seat/A+{number}", "fields": fields})
            )
        answers.append(post(each, {"op": "delete", "target": f"Seat/A+{number + 100}"}))
        return answers

    answers = race(clients, work)
    assert {answer.status_code for answer in answers} == {201}
    history = log_of(client, "race")
    acknowledged = {answer.json()["commit"]["id"] for answer in answers}
    assert len(acknowledged) == WRITERS * (rounds + 1)
    assert acknowledged <= {commit["id"] for commit in history}
    assert listed(client, f"taken:eq:{rounds - 1}") == listed(client, "taken:isNull:false")
    assert len(listed(client, "row:eq:A")) == WRITERS
    assert client.get(f"{URL}/links/beside").json()["items"] == []
    verify(server, "race")

    # The same key and the same guest on two branches: each is right by itself, together they break.
    for branch in ("left", "right"):
        client.post(f"{URL}/branches", json={"name": branch}).raise_for_status()
    post(client, seat(900, guest="queen"), branch="left").raise_for_status()
    post(client, seat(901, guest="queen"), branch="right").raise_for_status()
    merge = {"source": "right", "into": "left", "message": "together"}
    refuse(client.post(f"{URL}/merges", json=merge), "unique")
    update = {"op": "update", "target": "Seat/A+901", "fields": {"number": 900, "guest": None}}
    post(client, update, branch="right").raise_for_status()
    refuse(client.post(f"{URL}/merges", json=merge), "primary-key")
    assert listed(client, "guest:eq:queen", "left") == ["Seat/A+900"]
    verify(server, "race")
