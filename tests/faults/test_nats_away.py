"""NATS that is stopped, killed or paused: everything arrives later, once in effect, and webhooks
are not held up."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

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
from tests.integration.events.nats_servers import Restartable, restartable_nats

pytestmark = pytest.mark.faults

ONTOLOGY = "crash"
TOLD = "io.oms.ontology.commit.created.v1"

WRITER = f"""
import random, time
from pathlib import Path
from oms_project.core.outbox import NewEvent, outbox
dice, number = random.Random(9), 0
while not Path({{stop!r}}).exists():
    number += 1
    outbox.append(*[NewEvent({TOLD!r}, {{{{"number": number, "part": part}}}},
        ontology={ONTOLOGY!r}, branch=f"b{{{{dice.randrange(4)}}}}") for part in range(3)])
    time.sleep({{pause}})
return number
"""


def test_a_stream_server_that_goes_away(full: bool, tmp_path: Path) -> None:
    window, away = (120, 600.0) if full else (2, 5.0)
    with ExitStack() as stack:
        server = stack.enter_context(restartable_nats())
        extra = {**EVENTS, "NATS_URL": server.url, "OMS_NATS_DUPLICATE_SECONDS": str(window)}
        environment = services.oms_environment(tmp_path, extra=extra)
        services.set_up(environment)
        one = stack.enter_context(hand(environment, tmp_path / "hand.log"))
        writer = stack.enter_context(hand(environment, tmp_path / "writer.log"))
        got = stack.enter_context(receiver())
        one.webhook("beside", got.url, ontology=ONTOLOGY)
        relay = RelayProcess(environment, tmp_path / "relay.log")
        stack.callback(relay.kill)
        relay.start()
        pause = 0.5 if full else 0.1
        writer.begin(WRITER.format(stop=str(tmp_path / "stop"), pause=pause))
        until(lambda: got.arrivals)
        until(lambda: any(effects(one)))

        away_for_long(server, one, got, environment, away)
        hangs(server, one, got, full=full)
        for _ in range(10 if full else 2):  # in the middle of publishing, again and again
            time.sleep(0.3)
            server.restart()
        (tmp_path / "stop").touch()
        assert writer.result()
        until(lambda: one.count("Pending") == 0, lambda: str(stream_lane(one)))
        check(one, got, of_streams(server.url))
        assert relay.end() == 0
        assert "Traceback" not in relay.text(), relay.text()[-6000:]


def away_for_long(
    server: Restartable, one: Hand, got: Receiver, environment: dict[str, str], seconds: float
) -> None:
    """Killed in the middle of publishing, and away for longer than it remembers ids."""
    server.service.kill()
    began = time.monotonic()
    until(lambda: stream_lane(one).get("error"))
    goes_on(got)
    while time.monotonic() - began < seconds:
        time.sleep(0.1)
    goes_on(got)
    shown = services.manage("events", "lanes", "--format", "json", environment=environment)
    lane = next(row for row in json.loads(shown)["items"] if row["lane"] == "stream")
    assert "NATS" in lane["error"]
    assert lane["waiting"]
    assert lane["lag"] >= 1
    server.start()
    until(lambda: streamed(one))


def hangs(server: Restartable, one: Hand, got: Receiver, *, full: bool) -> None:
    """Connections stand, nothing is answered."""
    server.service.pause()
    until(lambda: waiting(one) > 10)
    goes_on(got)
    if full:
        time.sleep(30)
        goes_on(got)
    server.service.resume()
    until(lambda: streamed(one))


def check(one: Hand, got: Receiver, stream: list[tuple[str, Any]]) -> None:
    """All of it, in the order of each key, with one effect."""
    outbox = one.outbox()
    expected: dict[str, list[str]] = defaultdict(list)
    for row in outbox:
        expected[row["key"]].append(row["id"])
    assert first_occurrences(event for _, event in stream) == expected
    bodies: dict[str, str] = {}
    for payload, event in stream:
        assert bodies.setdefault(event["id"], payload) == payload
    told = {row["id"] for row in outbox if row["type"] == TOLD}
    until(lambda: set(effects(one)) == told, lambda: f"{len(effects(one))} of {len(told)}")
    assert set(effects(one).values()) == {1}
    about = {key: ids for key, ids in expected.items() if key.startswith(f"{ONTOLOGY}/")}
    assert first_occurrences(arrival.event for arrival in got.arrivals) == about
    assert one.count("Quarantined") == 0
    print(f"{len(outbox)} events, {len(stream) - len(outbox)} of them twice in the streams")


def goes_on(got: Receiver) -> None:
    """The webhook gets more of it, while the stream waits."""
    so_far = len(got.arrivals)
    until(lambda: len(got.arrivals) > so_far + 5, "webhooks wait for the stream")


def streamed(one: Hand) -> bool:
    """The stream has nearly caught up."""
    return waiting(one) <= 9


def waiting(one: Hand) -> int:
    return one.count("Pending", lane="stream")


def stream_lane(one: Hand) -> dict[str, Any]:
    """How the lane of the streams does."""
    found: list[dict[str, Any]] = one.run(
        "from dataclasses import asdict\n"
        "from events.selectors.lag import lanes\n"
        "return [asdict(lane) for lane in lanes() if lane.lane == 'stream']"
    )
    return found[0] if found else {}


def effects(one: Hand) -> dict[str, int]:
    """How often the consumer did something about an event."""
    rows = one.run(
        "from events.models import Position\n"
        "found = Position.objects.filter(name__startswith='effect ')\n"
        "return [[row.name[7:], row.value] for row in found]"
    )
    return dict(rows)
