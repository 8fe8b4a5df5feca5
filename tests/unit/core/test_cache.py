"""Tiers, bounds, and one load for many who ask."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from oms_project.core.cache import Scope, Shape, TieredCache
from oms_project.core.local_cache import LARGEST, Entry, LocalTier

TEXT: Shape[str] = Shape("text", str, str, len)
HERE = Scope("one", 0, "commit")


class Clock:
    """Stands still until it is moved."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Store:
    """Counts what it is asked."""

    def __init__(self, **values: str) -> None:
        self.values = values
        self.asked: list[list[str]] = []

    def load(self, keys: Sequence[str]) -> Mapping[str, str]:
        self.asked.append(sorted(keys))
        return {key: self.values[key] for key in keys if key in self.values}


def _cache(
    entries: int = 100, max_bytes: int = 10_000_000, clock: Clock | None = None
) -> TieredCache:
    timer: Callable[[], float] = clock or Clock()
    return TieredCache(LocalTier(entries=entries, max_bytes=max_bytes, ttl=60, timer=timer), None)


def test_only_what_is_missing_is_loaded_and_all_at_once() -> None:
    cache, store = _cache(), Store(a="A", b="B", c="C")
    assert cache.get_many(HERE, TEXT, ["a"], store.load) == {"a": "A"}
    assert cache.get_many(HERE, TEXT, ["a", "b", "c", "a"], store.load) == {
        "a": "A", "b": "B", "c": "C",
    }  # fmt: skip
    assert cache.get_many(HERE, TEXT, ["c", "b"], store.load) == {"c": "C", "b": "B"}
    assert cache.get_many(HERE, TEXT, [], store.load) == {}
    assert store.asked == [["a"], ["b", "c"]]


def test_that_there_is_nothing_is_remembered_too() -> None:
    cache, store = _cache(), Store()
    for _ in range(3):
        assert cache.get_many(HERE, TEXT, ["none"], store.load) == {}
    assert store.asked == [["none"]]


def test_scopes_and_shapes_do_not_meet() -> None:
    cache = _cache()
    other: Shape[str] = Shape("other", str, str, len)
    scopes = [HERE, Scope("two", 0, "commit"), Scope("one", 1, "commit"), Scope("one", 0, "next")]
    for number, scope in enumerate(scopes):
        assert cache.get(scope, TEXT, "a", lambda number=number: f"text {number}")  # type: ignore[misc]
        assert cache.get(scope, other, "a", lambda number=number: f"other {number}")  # type: ignore[misc]
    for number, scope in enumerate(scopes):
        assert cache.get(scope, TEXT, "a", lambda: "again") == f"text {number}"
        assert cache.get(scope, other, "a", lambda: "again") == f"other {number}"


def test_an_entry_stays_for_its_time() -> None:
    clock = Clock()
    cache, store = _cache(clock=clock), Store(a="A")
    for moment, loads in ((0, 1), (59.9, 1), (60, 2), (119, 2), (121, 3)):
        clock.now = moment
        cache.get_many(HERE, TEXT, ["a"], store.load)
        assert len(store.asked) == loads, moment


def test_what_was_not_used_for_longest_goes_first() -> None:
    tier = LocalTier(entries=3, max_bytes=1000, ttl=60)
    tier.put_many("p", {key: Entry(key, 10) for key in "abc"})
    assert set(tier.get_many("p", ["a"])) == {"a"}
    tier.put_many("p", {"d": Entry("d", 10)})
    assert set(tier.get_many("p", "abcd")) == {"a", "c", "d"}
    assert tier.state() == {"entries": 3, "bytes": 30}


def test_bytes_are_bounded_as_well() -> None:
    tier = LocalTier(entries=100, max_bytes=1000, ttl=60)
    for number in range(50):
        tier.put_many("p", {str(number): Entry("", 300)})
        assert tier.state()["bytes"] <= 1000
    assert set(tier.get_many("p", map(str, range(50)))) == {"47", "48", "49"}
    tier.put_many("p", {"49": Entry("", 100)})  # smaller than it was
    assert tier.state() == {"entries": 3, "bytes": 700}
    tier.drop(lambda _prefix: True)
    assert tier.state() == {"entries": 0, "bytes": 0}


def test_what_is_very_large_is_not_kept() -> None:
    cache, store = _cache(), Store(a="x" * LARGEST)
    for _ in range(2):
        assert len(cache.get_many(HERE, TEXT, ["a"], store.load)["a"]) == LARGEST
    assert len(store.asked) == 2


def test_what_expired_takes_no_room() -> None:
    clock = Clock()
    tier = LocalTier(entries=10, max_bytes=1000, ttl=60, timer=clock)
    tier.put_many("p", {"a": Entry("", 10)})
    clock.now = 61
    assert tier.state() == {"entries": 0, "bytes": 0}


def test_what_is_retired_is_gone_and_does_not_come_back() -> None:
    cache = _cache()
    for scope in (HERE, Scope("one", 1), Scope("two", 0)):
        cache.get(scope, TEXT, "a", lambda: "A")
    assert cache.state()["local"]["entries"] == 3
    assert cache.retire("one", 1)
    assert cache.state()["local"]["entries"] == 2
    # Who began to read before still gets an answer; it is not kept.
    assert cache.get(HERE, TEXT, "b", lambda: "B") == "B"
    assert cache.state()["local"]["entries"] == 2
    assert cache.get(Scope("two", 0), TEXT, "a", lambda: "again") == "A"


# -- many who ask at once --------------------------------------------------------------------------


def _together(
    cache: TieredCache, store: Callable[[Sequence[str]], Mapping[str, str]]
) -> list[object]:
    """What eight threads get that ask for the same while the first one loads."""

    def ask(_number: int) -> object:
        try:
            return cache.get_many(HERE, TEXT, ["a"], store)
        except ConnectionError as error:
            return error

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(ask, range(8)))


def _slow(
    cache: TieredCache, answer: Callable[[], Mapping[str, str]]
) -> tuple[list[int], Callable[[Sequence[str]], Mapping[str, str]]]:
    loads: list[int] = []
    late = threading.Event()

    def load(_keys: Sequence[str]) -> Mapping[str, str]:
        loads.append(1)
        late.wait(0.3)  # the others come meanwhile
        return answer()

    return loads, load


def test_one_loads_and_all_get_it() -> None:
    cache = TieredCache(None, None)  # nothing is kept: only those who ask together share
    loads, load = _slow(cache, lambda: {"a": "A"})
    assert _together(cache, load) == [{"a": "A"}] * 8
    assert len(loads) == 1


def test_all_get_the_error_and_the_next_one_tries_again() -> None:
    cache = _cache()

    def fail() -> Mapping[str, str]:
        raise ConnectionError("away")

    loads, load = _slow(cache, fail)
    answers = _together(cache, load)
    assert [str(answer) for answer in answers] == ["away"] * 8
    assert len(loads) == 1
    assert cache.get(HERE, TEXT, "a", lambda: "A") == "A"


def test_an_interrupted_load_strands_nobody() -> None:
    cache = _cache()
    entered, go = threading.Event(), threading.Event()

    def interrupted(_keys: Sequence[str]) -> Mapping[str, str]:
        entered.set()
        go.wait(5)
        raise KeyboardInterrupt

    def lead() -> None:
        with pytest.raises(KeyboardInterrupt):
            cache.get_many(HERE, TEXT, ["a"], interrupted)

    with ThreadPoolExecutor(2) as pool:
        leader = pool.submit(lead)
        assert entered.wait(5)
        waiter = pool.submit(cache.get, HERE, TEXT, "a", lambda: "A")
        go.set()
        leader.result(5)
        assert waiter.result(5) == "A"


def test_two_who_wait_for_each_other_do_not_wait_for_ever() -> None:
    """One loads a, then wants b; the other loads b, then wants a."""
    cache = TieredCache(None, None)
    meet = threading.Barrier(2)

    def ask(mine: str) -> dict[str, str]:
        def load(keys: Sequence[str]) -> dict[str, str]:
            return {key: key.upper() for key in keys}

        def led(keys: Sequence[str]) -> dict[str, str]:
            meet.wait(5)
            return load(keys)

        cache.get_many(HERE, TEXT, [mine], led)
        return cache.get_many(HERE, TEXT, ["a", "b"], load)

    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(ask, mine) for mine in "ab"]
        assert [answer.result(5) for answer in answers] == [{"a": "A", "b": "B"}] * 2
