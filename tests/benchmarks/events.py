"""Row 10: from a commit to the webhook, and the relay against what it stands on."""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from tests import services
from tests.benchmarks.measure import Comparison, Work, in_turn
from tests.benchmarks.world import State, World

__all__ = ["events"]

#: 70 percent of the throughput of what is compared with.
_RATE = 1 / 0.7
_P50 = 0.1  # seconds
_FLAT = 1.2
_WINDOW = 256


class Receiver:
    """A receiver in its own process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert process.stdout is not None
        self.url = f"http://127.0.0.1:{process.stdout.readline().strip()}/"

    def arrived(self) -> list[float]:
        """When requests came since the last call."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        found: list[float] = json.loads(self._process.stdout.readline())
        return found

    def wait(self, count: int) -> list[float]:
        """Until ``count`` requests have come."""
        found: list[float] = []
        while len(found) < count:
            time.sleep(0.005)
            found += self.arrived()
        return found


@contextmanager
def _receiver() -> Iterator[Receiver]:
    program = Path(__file__).with_name("receiver_process.py")
    process = subprocess.Popen(
        [sys.executable, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield Receiver(process)
    finally:
        process.kill()
        process.wait(10)


def events(world: World) -> list[Comparison]:
    """Relay into JetStream and to a webhook against nats-py and httpx alone; a commit's way to the
    webhook; a long backlog against a short one.
    """
    from django.test import override_settings

    with (
        services.nats() as nats,
        _receiver() as receiver,
        override_settings(
            NATS_URL=nats.url,
            OMS_WEBHOOK_ALLOWED_NETWORKS=["127.0.0.0/8"],
            OMS_WEBHOOK_ALLOW_HTTP=True,
            OMS_EVENTS_AUDIT=False,
        ),
    ):
        from events.services.webhooks import NewWebhook, create_webhook, delete_webhook
        from oms_project.core.context import SYSTEM, acting_as

        asyncio.run(_drain())
        found = [*_streams(world, nats.url)]
        asked = NewWebhook(name=f"bench-{uuid.uuid4()}", url=receiver.url)
        with acting_as(SYSTEM):
            made = create_webhook(asked=asked)
        assert made.verification is not None
        assert made.verification.ok
        receiver.arrived()
        found += _webhooks(world, nats.url, receiver)
        found += _latency(world, receiver)
        with acting_as(SYSTEM):
            delete_webhook(webhook=str(made.webhook.pk))
    return found


# --- into the stream ------------------------------------------------------------------------------
def _streams(world: World, url: str) -> Iterator[Comparison]:
    count = 2_000 if world.quick else 10_000
    works: dict[str, Work] = {
        "oms": partial(_relayed, count, "stream"),
        "nats": partial(_published, url, count),
    }
    series = in_turn(world.rounds, works)
    yield Comparison(
        10,
        f"relay {count:,} events into JetStream",
        "nats-py, window 256",
        series["oms"],
        series["nats"],
        _RATE,
    )
    long = 20_000 if world.quick else 100_000
    some = 1_000
    backlog = in_turn(
        max(3, world.rounds // 2),
        {"long": partial(_begun, long, some), "short": partial(_begun, some * 2, some)},
        warm=0,
    )
    yield Comparison(
        10,
        f"the next {some:,} of {long:,} that wait",
        f"of {some * 2:,}",
        backlog["long"],
        backlog["short"],
        _FLAT,
    )


def _append(count: int, *, keys: int = 1) -> None:
    from django.db import transaction

    from oms_project.core.outbox import NewEvent, outbox

    data = {
        "ontology": "bench",
        "ontologyId": str(uuid.uuid4()),
        "branch": "main",
        "commit": "0" * 64,
        "part": 1,
        "last": True,
        "types": ["Thing"],
        "changes": [
            {"rid": str(uuid.uuid4()), "kind": "Object", "type": "Thing", "operation": "created"}
            for _ in range(4)
        ],
    }
    with transaction.atomic():
        outbox.append_many(
            NewEvent(
                "io.oms.ontology.object.changed.v1",
                data,
                ontology="bench",
                branch="main" if keys == 1 else f"b{number % keys}",
            )
            for number in range(count)
        )


def _relayed(count: int, *lanes: str) -> float:
    """Seconds to drain ``count`` events that wait, down these lanes."""
    _append(count)
    started = time.perf_counter()
    asyncio.run(_drain(*lanes))
    seconds = time.perf_counter() - started
    asyncio.run(_drain())
    return seconds


async def _drain(*lanes: str) -> None:
    from events.relay.engine import Relay

    await Relay(interval=0.2, lease=60, only=lanes).run(until_empty=True)


def _begun(waiting: int, some: int) -> float:
    """Seconds until the first ``some`` of many are out."""
    _append(waiting)
    seconds = asyncio.run(_first(some))
    asyncio.run(_drain())
    return seconds


async def _first(some: int) -> float:
    from events.relay.engine import Relay

    relay = Relay(interval=0.2, lease=60, only=("stream",))
    started = time.perf_counter()
    running = asyncio.create_task(relay.run())
    while relay.passed_on < some:  # noqa: ASYNC110 - the relay knows no watchers
        await asyncio.sleep(0.001)
    seconds = time.perf_counter() - started
    relay.stop()
    await running
    return seconds


def _published(url: str, count: int) -> float:
    payload = _payload()
    return asyncio.run(_publish(url, count, payload))


def _payload() -> bytes:
    from django.db.models import Max

    from events.models import Event

    last = Event.objects.aggregate(last=Max("seq"))["last"]
    return str(Event.objects.get(seq=last).body).encode()


async def _publish(url: str, count: int, payload: bytes) -> float:
    import nats

    client = await nats.connect(url)
    js = client.jetstream(publish_async_max_pending=_WINDOW)
    await _ensure(js)
    started = time.perf_counter()
    await _publish_all(js, count, payload)
    seconds = time.perf_counter() - started
    await client.close()
    return seconds


async def _publish_all(js: Any, count: int, payload: bytes) -> None:
    run = uuid.uuid4().hex
    acks = [
        await js.publish_async("bench.x", payload, headers={"Nats-Msg-Id": f"{run}-{number}"})
        for number in range(count)
    ]
    await asyncio.gather(*acks)


async def _ensure(js: Any) -> None:
    await js.add_stream(name="BENCH", subjects=["bench.>"])


# --- to the webhook -------------------------------------------------------------------------------
def _webhooks(world: World, url: str, receiver: Receiver) -> Iterator[Comparison]:
    count = 300 if world.quick else 2_000
    series = in_turn(
        world.rounds,
        {
            "oms": partial(_delivered, count, receiver),
            "bare": partial(_forwarded, url, count, receiver),
        },
    )
    yield Comparison(
        10,
        f"{count:,} events through stream and webhook",
        "JetStream + httpx",
        series["oms"],
        series["bare"],
        _RATE,
    )


def _delivered(count: int, receiver: Receiver) -> float:
    _append(count)
    started = time.perf_counter()
    asyncio.run(_drain())
    seconds = time.perf_counter() - started
    receiver.wait(count)
    return seconds


def _forwarded(url: str, count: int, receiver: Receiver) -> float:
    seconds = asyncio.run(_forward(url, count, receiver.url, _payload()))
    receiver.wait(count)
    return seconds


async def _forward(url: str, count: int, target: str, payload: bytes) -> float:
    """Publish with acknowledgement, pull, post one after the other, acknowledge."""
    import httpx
    import nats

    client = await nats.connect(url)
    js = client.jetstream(publish_async_max_pending=_WINDOW)
    await _ensure(js)
    await js.purge_stream("BENCH")
    reader = await js.pull_subscribe("bench.>", f"bench-{uuid.uuid4().hex}", stream="BENCH")
    started = time.perf_counter()
    await _publish_all(js, count, payload)
    done = 0
    async with httpx.AsyncClient(trust_env=False) as http:
        while done < count:
            for message in await reader.fetch(100, timeout=5):
                answer = await http.post(target, content=message.data)
                answer.raise_for_status()
                await message.ack()
                done += 1
    seconds = time.perf_counter() - started
    await client.close()
    return seconds


def _latency(world: World, receiver: Receiver) -> Iterator[Comparison]:
    """From the moment that a commit is acknowledged until its first event is at the receiver."""
    from events.relay.process import RelayThread

    state = State(f"told-{uuid.uuid4()}", 100, world.peer)
    state.build()
    asyncio.run(_drain())
    receiver.arrived()
    relay = RelayThread()
    relay.start()
    seconds: list[float] = []
    try:
        for _ in range(world.rounds * 5):
            state.commit(state.pick(1), str(uuid.uuid4()))
            committed = time.monotonic()
            arrived = receiver.wait(2)  # the commit, and what it changed
            seconds.append(max(0.0, min(arrived) - committed))
            time.sleep(0.05)
    finally:
        relay.stop()
    yield Comparison(
        10,
        "commit to webhook, p50",
        "100 ms",
        seconds,
        [_P50] * len(seconds),
        1.0,
    )
    assert statistics.median(seconds) >= 0
