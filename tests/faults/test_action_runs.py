"""Many run one action at once: a criterion that only so many may pass is passed by so many."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import services
from tests.faults.servers import another, serving, verify

pytestmark = pytest.mark.faults

URL = "/api/v1/ontologies/seats"
SEATS = 5


@pytest.fixture
def two_servers(
    database_url: str | None, tmp_path: Path
) -> Iterator[tuple[services.OmsServer, services.OmsServer]]:
    with serving(database_url=database_url, folder=tmp_path) as one, another(one) as two:
        yield one, two


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_no_seat_is_sold_twice(
    two_servers: tuple[services.OmsServer, services.OmsServer], full: bool
) -> None:
    buyers = 64 if full else 12
    server = two_servers[0]
    clients = [side.client() for side, _ in zip(cycle(two_servers), range(buyers), strict=False)]
    set_up(clients[0])
    answers: list[tuple[int, Any]] = []

    def buy(client: httpx.Client, number: int) -> None:
        parameters = {"flight": "Flight/1", "code": f"T{number}"}
        answer = client.post(f"{URL}/actions/sell/runs", json={"parameters": parameters})
        answers.append((answer.status_code, answer.json()))

    threads = [
        threading.Thread(target=buy, args=(client, number)) for number, client in enumerate(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    sold = [body for status, body in answers if status == 201]
    refused = [body for status, body in answers if status == 422]
    assert len(sold) == SEATS, [status for status, _ in answers]
    assert len(refused) == buyers - SEATS, [status for status, _ in answers]
    assert {error["criterion"] for body in refused for error in body["errors"]} == {"hasSeats"}
    flight = clients[0].get(f"{URL}/documents/Flight/1").json()
    assert flight["seats"] == 0
    made = {body["commit"]["id"] for body in sold}
    assert len(made) == SEATS
    log = clients[0].get(f"{URL}/commits?ref=main&limit=1000").json()["items"]
    assert {commit["id"] for commit in log[:SEATS]} == made
    verify(server, "seats")


def set_up(client: httpx.Client) -> None:
    client.post(
        "/api/v1/ontologies", json={"name": "seats", "baseIri": "https://seats.example/"}
    ).raise_for_status()
    types = [
        {
            "op": "create",
            "kind": "ObjectType",
            "fields": {
                "apiName": name,
                "primaryKey": [key],
                "properties": [{"apiName": key, "dataTypes": ["string"], "required": True}, *more],
            },
        }
        for name, key, more in (
            ("Flight", "number", [{"apiName": "seats", "dataTypes": ["integer"]}]),
            ("Ticket", "code", []),
        )
    ]
    action = {
        "apiName": "sell",
        "parameters": [
            {"apiName": "flight", "objectType": "ObjectType/Flight"},
            {"apiName": "code", "dataTypes": ["string"]},
        ],
        "submissionCriteria": [{"name": "hasSeats", "expression": "flight.seats > 0"}],
        "rules": [
            {
                "name": "ticket",
                "op": "create",
                "objectType": "ObjectType/Ticket",
                "values": {"code": {"parameter": "code"}},
            },
            {
                "name": "take",
                "op": "modify",
                "target": "flight",
                "values": {"seats": {"expression": "flight.seats - 1"}},
            },
        ],
    }
    flight = {"op": "create", "type": "Flight", "fields": {"number": "1", "seats": SEATS}}
    for changes in (
        types,
        [{"op": "create", "kind": "ActionType", "fields": action}],
        [flight],
    ):
        client.post(
            f"{URL}/changesets?branch=main", json={"message": "set up", "changes": changes}
        ).raise_for_status()
