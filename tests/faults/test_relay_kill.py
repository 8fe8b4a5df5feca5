"""``kill -9`` of relays at any moment: every committed event arrives, in order, with one effect."""

from __future__ import annotations

import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests import services
from tests.faults.eventing import (
    EVENTS,
    Hand,
    Receiver,
    RelayProcess,
    first_occurrences,
    hand,
    of_streams,
    receiver,
    until,
)

pytestmark = pytest.mark.faults

ONTOLOGY = "crash"
TOLD = "io.oms.ontology.commit.created.v1"

#: Several keys, transactions of several events, and every third of them rolled back on purpose.
WRITER = """
import random, time
from pathlib import Path
from django.db import transaction
from oms_project.core.outbox import NewEvent, outbox
dice = random.Random({seed})
committed = rolled_back = number = 0
class Unwanted(Exception): ...
while not Path({stop!r}).exists():
    number += 1
    bad = dice.random() < 0.33
    try:
        with transaction.atomic():
            for part in range(dice.randint(1, 4)):
                outbox.append(NewEvent({kind!r}, {{"number": number, "part": part, "bad": bad}},
                    ontology={ontology!r}, branch=f"b{{dice.randrange(5)}}"))
            if bad:
                raise Unwanted
        committed += 1
    except Unwanted:
        rolled_back += 1
    time.sleep({pause})
return [committed, rolled_back]
"""


@contextmanager
def world(database_url: str | None, folder: Path) -> Iterator[tuple[dict[str, str], Hand]]:
    """OMS that is set up, with NATS, and somebody who does things in it."""
    with services.nats() as server:
        extra = {**EVENTS, "NATS_URL": server.url, "OMS_NATS_DUPLICATE_SECONDS": "2"}
        environment = services.oms_environment(folder, database_url=database_url, extra=extra)
        services.set_up(environment)
        with hand(environment, folder / "hand.log") as one:
            yield environment, one


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_what_is_committed_arrives_and_nothing_else(
    database_url: str | None, full: bool, tmp_path: Path
) -> None:
    kills = 50 if full else 6
    with ExitStack() as stack:
        environment, one = stack.enter_context(world(database_url, tmp_path))
        writer = stack.enter_context(hand(environment, tmp_path / "writer.log"))
        got = stack.enter_context(receiver())
        secret = one.webhook("all", got.url, ontology=ONTOLOGY, concurrency=3)
        relays = [RelayProcess(environment, tmp_path / f"relay-{name}.log") for name in "ab"]
        for relay in relays:
            stack.callback(relay.kill)
        writer.begin(
            WRITER.format(
                seed=7, stop=str(tmp_path / "stop"), kind=TOLD, ontology=ONTOLOGY, pause=0.05
            )
        )
        kill_and_start(relays, kills)
        (tmp_path / "stop").touch()
        committed, rolled_back = writer.result()
        assert committed
        assert rolled_back
        outbox = settled(one)
        check(outbox, got, secret, of_streams(environment["NATS_URL"]))
        until(lambda: has_effects(one, outbox), lambda: missing_effects(one, outbox))
        # Leases of relays that died hold nothing any more.
        until(lambda: one.count("Lease", until__gt=time.time()) == 0, lambda: str(leases(one)))
        assert one.count("Lease", retry_at__gt=time.time()) == 0
        assert one.count("Quarantined") == 0
        assert one.count("Delivery", state="pending") == 0
        repeated = len(got.arrivals) - len(set(got.ids()))
        print(
            f"{kills} kills, {len(outbox)} events, {rolled_back} rolled back; {repeated} repeated"
        )


def kill_and_start(relays: list[RelayProcess], kills: int) -> None:
    """First one relay alone, then two side by side."""
    dice = random.Random(50)
    relays[0].start()
    for kill in range(kills):
        if kill == kills // 3:
            relays[1].start()
        victim = relays[0] if kill < kills // 3 else dice.choice(relays)
        victim.wait()
        time.sleep(dice.uniform(0, 1.0))  # anywhere
        victim.kill()
        victim.start()


def settled(one: Hand) -> list[dict[str, Any]]:
    """The outbox, when nothing waits any more."""
    until(lambda: one.count("Pending") == 0, lambda: str(waiting(one)))
    return one.outbox()


def check(
    outbox: list[dict[str, Any]], got: Receiver, secret: str, stream: list[tuple[str, Any]]
) -> None:
    """All of it, nothing else, in the order of each key, and what comes twice is the same."""
    expected: dict[str, list[str]] = defaultdict(list)
    for row in outbox:
        expected[row["key"]].append(row["id"])
    about = {f"{ONTOLOGY}/b{number}": expected[f"{ONTOLOGY}/b{number}"] for number in range(5)}
    assert all(about.values())
    # In the streams: everything that OMS tells.
    assert first_occurrences(event for _, event in stream) == expected
    same(((event["id"], payload) for payload, event in stream))
    assert not any(event["data"].get("bad") for _, event in stream)
    # At the receiver: what it asked for.
    arrived = [arrival.event for arrival in got.arrivals]
    assert first_occurrences(arrived) == about
    same((arrival.id, arrival.body.decode()) for arrival in got.arrivals)
    stored = {row["id"]: json.loads(row["body"]) for row in outbox}
    for arrival, event in zip(got.arrivals, arrived, strict=True):
        assert arrival.id == event["id"]
        assert {**event, "sequence": ""} == {**stored[event["id"]], "sequence": ""}
        Webhook(secret).verify(arrival.body, dict(arrival.headers))


def same(found: Any) -> None:
    bodies: dict[str, str] = {}
    for identity, body in found:
        assert bodies.setdefault(identity, body) == body


def effects(one: Hand) -> Counter[str]:
    rows = one.run(
        "from events.models import Position\n"
        "found = Position.objects.filter(name__startswith='effect ')\n"
        "return [[row.name[7:], row.value] for row in found]"
    )
    return Counter(dict(rows))


def has_effects(one: Hand, outbox: list[dict[str, Any]]) -> bool:
    found = effects(one)
    assert set(found.values()) <= {1}, "an effect happened twice"
    return set(found) == {row["id"] for row in outbox if row["type"] == TOLD}


def missing_effects(one: Hand, outbox: list[dict[str, Any]]) -> str:
    missing = {row["id"] for row in outbox if row["type"] == TOLD} - set(effects(one))
    return f"{len(missing)} events had no effect"


def waiting(one: Hand) -> Any:
    return one.run(
        "from events.models import Lease, Pending\n"
        "from django.db.models import Count\n"
        "return [list(Pending.objects.values('lane', 'key').annotate(n=Count('seq'))),"
        " list(Lease.objects.values())]"
    )


def leases(one: Hand) -> Any:
    return one.run("from events.models import Lease\nreturn list(Lease.objects.values())")
