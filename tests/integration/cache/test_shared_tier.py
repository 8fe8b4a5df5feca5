"""The tier that processes share, on a real Valkey."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from oms_project.core.cache import Scope, Shape, TieredCache
from oms_project.core.local_cache import LocalTier
from oms_project.core.shared_cache import SharedTier
from tests import services

TEXT: Shape[str] = Shape("text", lambda text: [text], lambda written: str(written[0]), len)
DEAR: Shape[str] = Shape(
    "dear", lambda text: [text], lambda written: str(written[0]), len, dear=True
)
HERE = Scope("one", 0, "commit")


@pytest.fixture
def raw(valkey_server: services.Service) -> Iterator[redis.Redis]:
    """The server itself, empty."""
    client = redis.Redis.from_url(valkey_server.url)
    client.flushall()
    yield client
    client.close()


def _process(server: services.Service, secret: bytes = b"secret", ttl: int = 60) -> TieredCache:
    """A cache as another process has it."""
    local = LocalTier(entries=100, max_bytes=10_000_000, ttl=60)
    # A busy machine is not a slow Redis.
    shared = SharedTier(server.url, ttl=ttl, secret=secret, timeout=10, slow=10)
    return TieredCache(local, shared)


def _refuse(_keys: Sequence[str]) -> Mapping[str, str]:
    raise AssertionError("the store was asked")


def _contents(raw: redis.Redis) -> bytes:
    values = (raw.get(key) for key in raw.scan_iter())
    return b"\n".join(value for value in values if isinstance(value, bytes))


def test_what_one_process_read_the_other_has(
    valkey_server: services.Service, raw: redis.Redis
) -> None:
    one, other = _process(valkey_server), _process(valkey_server)
    texts = {"a": "A", "b": "한글 " * 2000, "long " * 100: "long"}
    asked = [*texts, "none"]
    assert one.get_many(HERE, TEXT, asked, lambda _keys: texts) == texts
    assert other.get_many(HERE, TEXT, asked, _refuse) == texts
    assert all(0 < raw.ttl(key) <= 60 for key in raw.scan_iter())
    assert len(_contents(raw)) < 2000  # long values are compressed


def test_what_cannot_be_encoded_is_loaded_each_time(
    valkey_server: services.Service, raw: redis.Redis
) -> None:
    half = "\ud800"
    for _ in range(2):
        cache = _process(valkey_server)
        assert cache.get_many(HERE, TEXT, ["a"], lambda _keys: {"a": half}) == {"a": half}
    assert raw.dbsize() == 0


def test_what_others_wrote_is_not_believed(
    valkey_server: services.Service, raw: redis.Redis
) -> None:
    _process(valkey_server).get_many(
        HERE, TEXT, ["a", "b", "c"], lambda keys: {key: key.upper() for key in keys}
    )
    names = sorted(raw.scan_iter())
    assert len(names) == 3
    first, second, third = names
    good = raw.get(first)
    assert isinstance(good, bytes)
    for name, forged in (
        (first, b"no"),
        (second, good),  # another key's value
        (third, good[:-2] + b'"]'),
    ):
        raw.set(name, forged)
    found = _process(valkey_server).get_many(
        HERE, TEXT, ["a", "b", "c"], lambda keys: dict.fromkeys(keys, "store")
    )
    assert found == {"a": "store", "b": "store", "c": "store"}


def test_another_installation_does_not_read_ours(
    valkey_server: services.Service, raw: redis.Redis
) -> None:
    _process(valkey_server).get(HERE, TEXT, "a", lambda: "ours")
    assert _process(valkey_server, b"other").get(HERE, TEXT, "a", lambda: "theirs") == "theirs"


def test_erased_values_leave_redis_and_do_not_come_back(
    valkey_server: services.Service, raw: redis.Redis
) -> None:
    one, other = _process(valkey_server), _process(valkey_server)
    one.get(HERE, TEXT, "a", lambda: "erased text")
    one.get(Scope("two", 0, "commit"), TEXT, "a", lambda: "kept text")
    began, go = threading.Event(), threading.Event()

    def late() -> str:
        """What another process reads that began before the erasure."""
        began.set()
        go.wait(5)
        return "erased text"

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(other.get, HERE, TEXT, "b", late)
        assert began.wait(5)
        assert b"erased text" in _contents(raw)
        assert one.retire("one", 1)
        assert b"erased text" not in _contents(raw)
        go.set()
        assert reading.result(5) == "erased text"
    assert b"erased text" not in _contents(raw)
    assert b"kept text" in _contents(raw)
    now = Scope("one", 1, "commit")
    assert one.get(now, TEXT, "a", lambda: "new text") == "new text"
    assert other.get_many(now, TEXT, ["a"], _refuse) == {"a": "new text"}
    assert one.retire("one", 1)  # again is no harm, and takes nothing of now
    assert _process(valkey_server).get_many(now, TEXT, ["a"], _refuse) == {"a": "new text"}


def test_what_is_dear_is_loaded_by_one_process(
    valkey_server: services.Service, raw: redis.Redis
) -> None:
    loads: list[int] = []

    def load() -> str:
        loads.append(1)
        time.sleep(0.05)
        return "A"

    def ask(_number: int) -> str | None:
        return _process(valkey_server).get(HERE, DEAR, "a", load)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(4))) == ["A"] * 4
    assert len(loads) == 1
    assert not [key for key in raw.scan_iter() if key.startswith(b"lock:")]


def test_a_lock_whose_holder_died_is_waited_for_briefly(
    valkey_server: services.Service, raw: redis.Redis
) -> None:
    dead = SharedTier(valkey_server.url, ttl=60, secret=b"secret", timeout=10).lock(
        HERE, "dear", "a"
    )
    assert dead is not None
    assert dead.mine
    started = time.monotonic()
    assert _process(valkey_server).get(HERE, DEAR, "a", lambda: "A") == "A"
    assert time.monotonic() - started < 2
    assert all(raw.pttl(key) <= 3000 for key in raw.scan_iter() if key.startswith(b"lock:"))


def test_a_redis_that_is_away_fails_nothing_and_is_asked_again_later() -> None:
    now = 0.0
    with services.valkey() as server:
        shared = SharedTier(server.url, ttl=60, secret=b"s", timer=lambda: now)
        cache = TieredCache(None, shared)
        assert cache.get(HERE, TEXT, "a", lambda: "A") == "A"
        server.pause()
        try:
            started = time.monotonic()
            for _ in range(20):
                assert cache.get(HERE, TEXT, "a", lambda: "B") == "B"
            assert time.monotonic() - started < 5
            assert shared.state() == {"left_out": True}
            assert not cache.retire("one", 1)  # said, and no error
        finally:
            server.resume()
        assert cache.get(HERE, TEXT, "a", lambda: "B") == "B"  # not asked yet
        now = 6.0
        assert cache.get(Scope("two", 0), TEXT, "a", lambda: "C") == "C"
        assert cache.get_many(Scope("two", 0), TEXT, ["a"], _refuse) == {"a": "C"}
        server.kill()
        assert cache.get(Scope("two", 0), TEXT, "a", lambda: "D") == "D"
        assert shared.state() == {"left_out": True}
