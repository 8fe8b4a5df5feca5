"""The breaker opens, probes and closes."""

from __future__ import annotations

import threading

import pytest

from ontology.store.terminusdb.breaker import Breaker, BreakerOpen


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(3, 10, clock=clock)


def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        breaker.check()
        breaker.failed()


def test_opens_after_so_many_failures_in_a_row(breaker: Breaker) -> None:
    fail(breaker, 2)
    breaker.succeeded()
    fail(breaker, 2)
    breaker.check()
    assert (breaker.state, breaker.openings) == ("closed", 0)
    breaker.failed()
    assert (breaker.state, breaker.openings) == ("open", 1)
    with pytest.raises(BreakerOpen) as caught:
        breaker.check()
    assert caught.value.error_code == "home_unavailable"
    assert caught.value.data["retry_after"] == 10
    assert caught.value.repeat is False


def test_one_probe_closes_it(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now += 10
    assert breaker.state == "half-open"
    breaker.check()
    with pytest.raises(BreakerOpen):
        breaker.check()
    breaker.succeeded()
    assert breaker.state == "closed"
    fail(breaker, 2)
    breaker.check()


def test_one_probe_opens_it_again(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now += 10
    breaker.check()
    breaker.failed()
    with pytest.raises(BreakerOpen):
        breaker.check()
    clock.now += 9.9
    with pytest.raises(BreakerOpen):
        breaker.check()
    clock.now += 0.1
    breaker.check()
    assert breaker.openings == 1


def test_a_probe_that_never_ends_is_followed_by_another(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now += 10
    breaker.check()
    clock.now += 10
    breaker.check()


def test_of_many_threads_one_probes(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now += 10
    passed: list[int] = []
    start = threading.Barrier(16)

    def ask(number: int) -> None:
        start.wait()
        try:
            breaker.check()
        except BreakerOpen:
            return
        passed.append(number)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(passed) == 1
