"""JetStream with a real server: order, at least once, and nothing that hangs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count

import pytest

from events.adapters.jetstream import Incoming, JetStream, Outgoing, Published
from events.adapters.nats_connection import ApiError, Servers
from events.domain.subjects import stream_of, subject_of
from oms_project.core.errors import Unavailable
from tests import services
from tests.integration.events.nats_servers import Restartable, restartable_nats

TYPE = "io.oms.instances.object.changed.v1"
_names = count()


@pytest.fixture(scope="module")
def server() -> Iterator[services.Service]:
    with services.nats() as service:
        yield service


@pytest.fixture
def mortal() -> Iterator[Restartable]:
    with restartable_nats() as started:
        yield started


@pytest.fixture
def ontology() -> str:
    """A name that no other test uses."""
    return f"onto.{next(_names)}"


def message(ontology: str, number: int, *, size: int = 20, kind: str = TYPE) -> Outgoing:
    payload = f"{number}".encode().ljust(size)
    headers = {"ce-type": kind, "ce-subject": "café"}
    return Outgoing(
        stream_of(ontology), subject_of(ontology, kind), payload, headers, f"{ontology}-{number}"
    )


def messages(ontology: str, *numbers: int) -> list[Outgoing]:
    return [message(ontology, number) for number in numbers]


@asynccontextmanager
async def jetstream(url: str, **options: object) -> AsyncIterator[JetStream]:
    made = JetStream(url, **options)  # type: ignore[arg-type]
    try:
        yield made
    finally:
        await made.close()


async def kept(js: JetStream, ontology: str, **how: object) -> list[Incoming]:
    return [one async for one in js.replay(stream=stream_of(ontology), **how)]  # type: ignore[arg-type]


def numbers_of(found: list[Incoming]) -> list[int]:
    return [int(one.payload) for one in found]


async def until(ready: Callable[[], bool], seconds: float = 15.0) -> None:
    async with asyncio.timeout(seconds):
        while not ready():  # noqa: ASYNC110 - a server tells no event
            await asyncio.sleep(0.002)


async def half_way(js: JetStream, publishing: asyncio.Future[Published], before: object) -> None:
    """Wait until a part of what is being published is answered, on another connection."""

    def ready() -> bool:
        publisher = js._publisher
        same = publisher is None or publisher is before
        return publishing.done() or (not same and publisher._answered > 1000)  # type: ignore[union-attr]

    await until(ready)


ALL_STORED = {"error": "", "refused": False}


# -- publishing ------------------------------------------------------------------------------------


def test_what_is_published_comes_back_in_order(server: services.Service, ontology: str) -> None:
    async def run() -> None:
        async with jetstream(server.url) as js:
            assert await js.publish([]) == Published(0, **ALL_STORED)
            began = datetime.now(UTC)
            assert await js.publish(messages(ontology, *range(300))) == Published(300, **ALL_STORED)
            found = await kept(js, ontology)
            assert numbers_of(found) == list(range(300))
            assert [one.sequence for one in found] == list(range(1, 301))
            assert [one.message_id for one in found] == [f"{ontology}-{n}" for n in range(300)]
            first = found[0]
            assert first.stream == stream_of(ontology)
            assert first.subject == subject_of(ontology, TYPE)
            assert first.headers["ce-type"] == TYPE
            assert first.headers["ce-subject"] == "café"
            assert abs((first.time - began).total_seconds()) < 30

    asyncio.run(run())


def test_duplicates_are_stored_once(server: services.Service, ontology: str) -> None:
    async def run() -> None:
        async with jetstream(server.url) as js:
            # Twice in one batch, again in the next, and then old ones with new ones behind them.
            await js.publish(messages(ontology, 0, 0, 1))
            assert await js.publish(messages(ontology, 0, 1, 2)) == Published(3, **ALL_STORED)
            assert await js.publish(messages(ontology, 0, 3, 1, 4)) == Published(4, **ALL_STORED)
            assert numbers_of(await kept(js, ontology)) == [0, 1, 2, 3, 4]

    asyncio.run(run())


def test_a_large_batch_of_several_streams(server: services.Service, ontology: str) -> None:
    names = [ontology, ontology + "x"]

    async def run() -> None:
        async with jetstream(server.url, window=64) as js:
            batch = [message(names[number % 2], number) for number in range(5001)]
            assert await js.publish(batch) == Published(5001, **ALL_STORED)
            for place, name in enumerate(names):
                assert numbers_of(await kept(js, name)) == list(range(place, 5001, 2))

    asyncio.run(run())


def test_no_more_than_the_window_is_on_its_way(server: services.Service, ontology: str) -> None:
    async def run() -> None:
        async with jetstream(server.url, window=8) as js:
            await js.publish(messages(ontology, 0))
            publisher = js._publisher
            assert publisher is not None
            most = 0
            send = publisher._send

            async def watched(number: int, *rest: object) -> object:
                nonlocal most
                most = max(most, number + 1 - publisher._answered)
                return await send(number, *rest)  # type: ignore[arg-type]

            publisher._send = watched  # type: ignore[method-assign,assignment]
            await js.publish(messages(ontology, *range(1, 200)))
            assert most == 8

    asyncio.run(run())


def test_two_publishers_slow_each_other_down_and_nothing_is_lost(
    server: services.Service, ontology: str
) -> None:
    async def run() -> None:
        async with jetstream(server.url) as one, jetstream(server.url) as other:
            mine = messages(ontology, *range(400))
            theirs = messages(ontology, *range(1000, 1400))
            said = await asyncio.gather(one.publish(mine), other.publish(theirs))
            assert list(said) == [Published(400, **ALL_STORED)] * 2
            found = numbers_of(await kept(one, ontology))
            assert [n for n in found if n < 1000] == list(range(400))
            assert [n for n in found if n >= 1000] == list(range(1000, 1400))

    asyncio.run(run())


def test_what_is_too_large_is_refused_and_nothing_follows_it(
    server: services.Service, ontology: str
) -> None:
    async def run() -> None:
        async with jetstream(server.url) as js:
            batch = messages(ontology, 0, 1, 2)
            # It is the headers that make it too large.
            batch[1] = message(ontology, 1, size=1024 * 1024 - 10)
            said = await js.publish(batch)
            assert (said.acknowledged, said.refused) == (1, True)
            assert f"{ontology}-1 has 1048" in said.error
            assert numbers_of(await kept(js, ontology)) == [0]
            bad = Outgoing(stream_of(ontology), "a b", b"", {}, "bad")
            assert (await js.publish([bad, batch[2]])).refused
            foreign = Outgoing("KV_x", "kv.x", b"", {}, "foreign")
            assert (await js.publish([foreign, batch[2]])).refused
            large = [message(ontology, 10 + number, size=900_000) for number in range(60)]
            assert (await js.publish(large)).acknowledged == 60

    asyncio.run(run())


def test_what_the_stream_refuses_ends_the_batch_there(
    server: services.Service, ontology: str
) -> None:
    async def run() -> None:
        async with jetstream(server.url) as js:
            await js.publish(messages(ontology, 0))
            connection = await js._connected()
            found = await connection.api(f"STREAM.INFO.{stream_of(ontology)}")
            config = {**found["config"], "max_msg_size": 1000}
            await connection.api(f"STREAM.UPDATE.{stream_of(ontology)}", config)
            batch = messages(ontology, *range(1, 50))
            batch[20] = message(ontology, 21, size=5000)
            said = await js.publish(batch)
            assert (said.acknowledged, said.refused) == (20, True)
            assert said.error == "JetStream: message size exceeds maximum allowed."
            # All of it was on its way when the server said no; what followed was not stored.
            assert numbers_of(await kept(js, ontology)) == list(range(21))

    asyncio.run(run())


def test_a_stream_that_is_gone_is_made_anew(mortal: Restartable) -> None:
    async def run() -> None:
        async with jetstream(mortal.url) as js:
            await js.publish(messages("a", 0, 1))
            connection = await js._connected()
            await connection.api("STREAM.DELETE.OMS_a")
            assert await js.publish(messages("a", *range(2, 9))) == Published(7, **ALL_STORED)
            assert numbers_of(await kept(js, "a")) == list(range(2, 9))
            mortal.restart(empty=True)
            await asyncio.sleep(0.1)
            assert await js.publish(messages("a", 9)) == Published(1, **ALL_STORED)
            assert numbers_of(await kept(js, "a")) == [9]

    asyncio.run(run())


def test_a_stream_follows_the_settings(server: services.Service, ontology: str) -> None:
    async def run() -> None:
        async with jetstream(server.url, max_age=3600, max_bytes=10_000_000) as js:
            await js.publish(messages(ontology, 0))
        async with jetstream(server.url, max_age=60, max_bytes=-1, duplicate_window=90) as js:
            await js.publish(messages(ontology, 1))
            connection = await js._connected()
            config = (await connection.api(f"STREAM.INFO.{stream_of(ontology)}"))["config"]
            assert config["max_age"] == config["duplicate_window"] == 60 * 10**9
            assert config["max_bytes"] == -1
            assert (config["storage"], config["retention"]) == ("file", "limits")
        # One server keeps no three copies: the stream stays as it is, and takes messages.
        async with jetstream(server.url, replicas=3) as js:
            assert (await js.publish(messages(ontology, 2))).acknowledged == 1
            assert numbers_of(await kept(js, ontology)) == [0, 1, 2]

    asyncio.run(run())


def test_a_stream_is_made_when_its_size_cannot_be_set_aside(
    server: services.Service, ontology: str
) -> None:
    async def run() -> None:
        async with jetstream(server.url, max_bytes=2**60) as js:
            assert await js.publish(messages(ontology, 0)) == Published(1, **ALL_STORED)
        async with jetstream(server.url, max_bytes=2**60) as js:
            assert await js.publish(messages(ontology, 1)) == Published(1, **ALL_STORED)

    asyncio.run(run())


def test_a_server_that_is_killed_in_the_middle(mortal: Restartable) -> None:
    async def run() -> None:
        async with jetstream(mortal.url, timeout=3) as js:
            await js.publish(messages("a", 0))
            total, kills = 16_000, 0
            rest = messages("a", *range(1, total))
            while rest:
                before = js._publisher if kills else None
                publishing = asyncio.ensure_future(js.publish(rest))
                await asyncio.sleep(0)
                if kills < 3:
                    await half_way(js, publishing, before)
                    mortal.service.kill()
                began = time.monotonic()
                said = await publishing
                assert time.monotonic() - began < 3.5
                if kills < 3:
                    kills += 1
                    assert said.error
                    assert not said.refused
                    mortal.start()
                    found = numbers_of(await kept(js, "a"))
                    assert found == list(range(len(found)))
                    assert len(found) >= total - len(rest) + said.acknowledged
                rest = rest[said.acknowledged :]
            assert numbers_of(await kept(js, "a")) == list(range(total))

    asyncio.run(run())


def test_nothing_hangs_when_the_server_does(mortal: Restartable) -> None:
    async def within(seconds: float, work: Awaitable[object]) -> object:
        began = time.monotonic()
        try:
            return await work
        except Unavailable as error:
            return error
        finally:
            assert time.monotonic() - began < seconds

    async def run() -> None:
        async with jetstream(mortal.url, timeout=0.6) as js:
            await js.publish(messages("a", 0))
            mortal.service.pause()
            try:
                said = await within(1.5, js.publish(messages("a", *range(1, 600))))
                assert isinstance(said, Published)
                assert said.acknowledged == 0
                assert "no answer within 0.6 seconds" in said.error
                # The connection was given up; the next one is accepted and never greeted.
                said = await within(1.5, js.publish(messages("a", 1)))
                assert isinstance(said, Published)
                assert "cannot be reached" in said.error
                answer = await within(1.5, js.ping())
                assert isinstance(answer, dict)
                assert not answer["ok"]
                assert isinstance(await within(1.5, js.streams()), Unavailable)
                assert isinstance(await within(1.5, kept(js, "a")), Unavailable)
                await within(1.0, js.close())
            finally:
                mortal.service.resume()
            assert await js.publish(messages("a", *range(1, 600))) == Published(599, **ALL_STORED)
            assert numbers_of(await kept(js, "a")) == list(range(600))

    asyncio.run(run())


def test_requests_on_a_connection_that_hangs(mortal: Restartable) -> None:
    async def run() -> None:
        async with jetstream(mortal.url, timeout=0.6) as js:
            assert (await js.ping())["ok"]
            mortal.service.pause()
            try:
                began = time.monotonic()
                with pytest.raises(Unavailable):
                    await js.streams()
                assert time.monotonic() - began < 1.5
            finally:
                mortal.service.resume()

    asyncio.run(run())


# -- figures ---------------------------------------------------------------------------------------


def test_figures_of_streams_and_readers(server: services.Service, ontology: str) -> None:
    async def run() -> None:
        async with jetstream(server.url) as js:
            await js.publish(messages(ontology, *range(20)))
            stop = asyncio.Event()
            got: list[Incoming] = []

            async def handle(one: Incoming) -> None:
                got.append(one)
                if len(got) == 5:
                    stop.set()
                    await asyncio.sleep(0)

            await js.consume(
                stream=stream_of(ontology), durable="board", handle=handle, stop=stop, batch=5
            )
            found = {one.name: one for one in await js.streams()}[stream_of(ontology)]
            assert found.subjects == (f"oms.{ontology.replace('.', '%2E')}.>",)
            assert (found.messages, found.first_sequence, found.last_sequence) == (20, 1, 20)
            assert found.bytes > 1000
            assert found.first_time is not None
            assert found.last_time is not None
            assert found.first_time <= found.last_time
            (reader,) = found.consumers
            assert (reader.name, reader.durable) == ("board", True)
            assert reader.lag + reader.unacknowledged == 15
            health = await js.ping()
            assert health["ok"]
            assert health["streams"] >= 1

    asyncio.run(run())


# -- durable readers -------------------------------------------------------------------------------


def test_a_reader_gets_everything_over_restarts(mortal: Restartable) -> None:
    async def run() -> None:
        async with jetstream(mortal.url, timeout=1) as js:
            stop, got = asyncio.Event(), []

            async def handle(one: Incoming) -> None:
                got.append(int(one.payload))
                await asyncio.sleep(0.0005)

            reading = asyncio.ensure_future(
                js.consume(stream="OMS_a", durable="d", handle=handle, stop=stop, ack_wait=1)
            )
            await js.publish(messages("a", *range(600)))
            await until(lambda: len(got) > 50)
            mortal.restart()
            await until(lambda: len(set(got)) == 600)
            mortal.restart()
            assert not (await js.publish(messages("a", *range(600, 700)))).error
            await until(lambda: len(set(got)) == 700)
            # What was fetched when the server died comes again, behind what followed it.
            assert set(got) == set(range(700))
            began = time.monotonic()
            stop.set()
            await reading
            assert time.monotonic() - began < 1

    asyncio.run(run())


@pytest.mark.parametrize("how", ["idle", "busy", "away", "paused"])
def test_a_reader_ends_when_it_is_told(mortal: Restartable, how: str) -> None:
    async def run() -> None:
        async with jetstream(mortal.url) as js:
            stop, got = asyncio.Event(), asyncio.Event()

            async def handle(one: Incoming) -> None:
                got.set()
                if how == "busy":
                    await asyncio.sleep(60)

            await js.publish(messages("a", 0, 1))
            reading = asyncio.ensure_future(
                js.consume(stream="OMS_a", durable="d", handle=handle, stop=stop)
            )
            await asyncio.wait_for(got.wait(), 5)
            if how == "away":
                mortal.service.kill()
                await asyncio.sleep(0.3)
            if how == "paused":
                mortal.service.pause()
            began = time.monotonic()
            stop.set()
            await reading
            assert time.monotonic() - began < 1.3
            if how == "busy":
                await asyncio.sleep(0.1)
                (stream,) = await js.streams()
                assert stream.consumers[0].lag + stream.consumers[0].unacknowledged == 2
            mortal.service.resume() if how == "paused" else None

    asyncio.run(run())


def test_what_cannot_be_handled_comes_again_and_is_given_up(
    server: services.Service, ontology: str
) -> None:
    async def run() -> None:
        async with jetstream(server.url) as js:
            stop = asyncio.Event()
            tries: list[tuple[int, int]] = []
            dead: list[tuple[int, str]] = []
            times: list[float] = []

            async def handle(one: Incoming) -> None:
                number = int(one.payload)
                tries.append((number, one.delivered))
                if number == 1 and one.delivered < 3:
                    raise RuntimeError("not now")
                if number == 2:
                    times.append(time.monotonic())
                    raise RuntimeError("never")

            async def on_dead(one: Incoming, why: str) -> None:
                dead.append((int(one.payload), why))
                # It is not given up before somebody could take note.
                if len(dead) == 1:
                    raise OSError("no room")

            await js.publish(messages(ontology, 0, 1, 2, 3))
            reading = asyncio.ensure_future(
                js.consume(
                    stream=stream_of(ontology),
                    durable="d",
                    handle=handle,
                    stop=stop,
                    max_deliver=4,
                    retry_delay=0.05,
                    on_dead=on_dead,
                )
            )
            await until(lambda: len(dead) == 2)
            await asyncio.sleep(0.5)
            stop.set()
            await reading
            assert sorted(tries) == [
                (0, 1), (1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3), (2, 4), (3, 1),
            ]  # fmt: skip
            assert dead[0] == (2, "RuntimeError: never")
            assert dead[1][0] == 2
            assert times[3] - times[2] > times[1] - times[0] >= 0.04
            (stream,) = [one for one in await js.streams() if one.name == stream_of(ontology)]
            assert (stream.consumers[0].lag, stream.consumers[0].unacknowledged) == (0, 0)

    asyncio.run(run())


def test_readers_of_one_name_share_and_slow_ones_keep_what_they_have(
    server: services.Service, ontology: str
) -> None:
    async def run() -> None:
        async with jetstream(server.url) as js:
            stop, got = asyncio.Event(), []

            async def handle(one: Incoming) -> None:
                # Longer than ack_wait, for what waits behind it as well.
                await asyncio.sleep(0.7 if int(one.payload) % 2 else 0.4)
                got.append((int(one.payload), one.delivered))

            wanted = [subject_of(ontology, TYPE)]
            readers = [
                asyncio.ensure_future(
                    js.consume(
                        stream=stream_of(ontology),
                        durable="d",
                        subjects=wanted,
                        handle=handle,
                        stop=stop,
                        batch=3,
                        ack_wait=0.5,
                    )
                )
                for _ in range(2)
            ]
            await js.publish([message(ontology, 99, kind="io.oms.other.v1")])
            await js.publish(messages(ontology, *range(6)))
            await until(lambda: len(got) == 6)
            stop.set()
            await asyncio.gather(*readers)
            assert sorted(got) == [(number, 1) for number in range(6)]

    asyncio.run(run())


# -- replays ---------------------------------------------------------------------------------------


def test_replays(server: services.Service, ontology: str) -> None:
    async def run() -> None:
        async with jetstream(server.url) as js:
            other = "io.oms.instances.link.changed.v1"
            await js.publish(
                [message(ontology, n, kind=TYPE if n % 2 else other) for n in range(600)]
            )
            await asyncio.sleep(0.02)
            moment = datetime.now(UTC)
            await asyncio.sleep(0.02)
            await js.publish(
                [message(ontology, n, kind=TYPE if n % 2 else other) for n in range(600, 700)]
            )
            token = ontology.replace(".", "%2E")
            assert numbers_of(await kept(js, ontology, from_sequence=591)) == list(range(590, 700))
            assert numbers_of(await kept(js, ontology, from_time=moment)) == list(range(600, 700))
            found = await kept(js, ontology, from_time=moment, subject=subject_of(ontology, TYPE))
            assert numbers_of(found) == list(range(601, 700, 2))
            found = await kept(js, ontology, subject=f"oms.{token}.*.link.>", limit=3)
            assert numbers_of(found) == [0, 2, 4]
            assert await kept(js, ontology, from_sequence=701) == []
            assert await kept(js, ontology, subject="oms.nothing.here") == []
            assert await kept(js, ontology, limit=0) == []
            with pytest.raises(ApiError) as caught:
                await kept(js, ontology + "-none")
            assert caught.value.number == 10059
            with pytest.raises(ValueError, match="zone"):
                await kept(js, ontology, from_time=datetime(2026, 1, 1))  # noqa: DTZ001
            with pytest.raises(ValueError, match="both"):
                await kept(js, ontology, from_time=moment, from_sequence=1)
            (stream,) = [one for one in await js.streams() if one.name == stream_of(ontology)]
            assert stream.consumers == ()

    asyncio.run(run())


def test_a_replay_ends_where_the_stream_did(server: services.Service, ontology: str) -> None:
    async def run() -> None:
        async with jetstream(server.url) as js:
            await js.publish(messages(ontology, *range(10)))
            found = []
            async for one in js.replay(stream=stream_of(ontology)):
                found.append(int(one.payload))
                await js.publish(messages(ontology, 100 + len(found)))
            assert found == list(range(10))

    asyncio.run(run())


# -- addresses -------------------------------------------------------------------------------------


def test_users_tokens_and_several_servers() -> None:
    with restartable_nats('authorization { user: "oms", password: "p@ss,word" }') as guarded:
        where = f"{services.HOST}:{guarded.port}"

        async def run() -> None:
            gone = f"nats://{services.HOST}:{services.free_port()}"
            async with jetstream(f"{gone},nats://oms:p%40ss%2Cword@{where}") as js:
                assert await js.publish(messages("a", 0)) == Published(1, **ALL_STORED)
                assert "p@ss" not in repr(js._servers)
            async with jetstream(f"nats://oms:wrong-word@{where}") as js:
                said = await js.publish(messages("a", 1))
                assert "uthorization" in said.error
                assert "wrong-word" not in said.error + str(await js.ping()) + repr(js._servers)
            # Nobody gets the password who was asked for TLS and does not speak it.
            async with jetstream(f"tls://oms:p%40ss%2Cword@{where}") as js:
                assert "offers none" in (await js.publish(messages("a", 1))).error

        asyncio.run(run())
    with restartable_nats('authorization { token: "s3cret" }') as guarded:

        async def run_token() -> None:
            async with jetstream(f"nats://s3cret@{services.HOST}:{guarded.port}") as js:
                assert (await js.ping())["ok"]

        asyncio.run(run_token())


@pytest.mark.parametrize("url", ["", "http://host", "nats://user:secret@host:port", "nats://"])
def test_what_is_no_address_is_said_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError) as caught:
        Servers.parse(url)
    assert "secret" not in str(caught.value)
