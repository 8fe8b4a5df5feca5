"""When a delivery that failed is tried again."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.domain.retries import BASE, CAP, MAX_RETRY_AFTER, SPAN, delay_after


def _delay(attempt: int, **changes: float | None) -> float | None:
    values: dict[str, float | None] = {"elapsed": 0.0, "retry_after": None, "draw": 0.0}
    return delay_after(attempt, base=BASE, cap=CAP, span=SPAN, **(values | changes))  # type: ignore[arg-type]


def _run(draw: random.Random | float) -> list[float]:
    """The moments of all attempts, in seconds since the first."""
    moments = [0.0]
    while True:
        drawn = draw if isinstance(draw, float) else draw.random()
        delay = _delay(len(moments), elapsed=moments[-1], draw=drawn)
        if delay is None:
            return moments
        moments.append(moments[-1] + delay)


def test_delays_double_from_the_base_to_the_cap() -> None:
    assert [_delay(attempt) for attempt in (1, 2, 3, 13)] == [5, 10, 20, 20_480]
    assert [_delay(attempt) for attempt in (14, 15, 5_000)] == [21_600] * 3
    assert _delay(1, draw=0.999) == pytest.approx(10, abs=0.01)
    assert _delay(99, draw=0.999) == pytest.approx(CAP, rel=0.001)


def test_defaults_make_about_eighteen_attempts_over_about_three_days() -> None:
    assert len(_run(0.999999)) == 18
    assert len(_run(0.0)) == 24
    counts = []
    for seed in range(200):
        moments = _run(random.Random(seed))
        counts.append(len(moments))
        assert SPAN - CAP < moments[-1] <= SPAN
    assert 18 <= min(counts) <= max(counts) <= 24
    assert 19 <= sum(counts) / len(counts) <= 21


def test_what_would_come_after_the_span_is_given_up() -> None:
    assert _delay(1, elapsed=SPAN - 5) == 5
    assert _delay(1, elapsed=SPAN - 4.9) is None
    assert _delay(1, elapsed=SPAN + 1, retry_after=0.0) is None


def test_retry_after_raises_the_delay_within_bounds() -> None:
    assert _delay(1, retry_after=120.0) == 120
    assert _delay(10, retry_after=1.0) == 2_560
    assert _delay(1, retry_after=1e9) == MAX_RETRY_AFTER
    assert _delay(1, retry_after=1e9, elapsed=SPAN - 1_000) == 1_000


@given(
    attempt=st.integers(1, 10_000),
    elapsed=st.floats(0, 2 * SPAN),
    retry_after=st.none() | st.floats(0, 1e12),
    draw=st.floats(0, 1, exclude_max=True),
)
def test_a_delay_is_never_short_and_never_leaves_the_span(
    attempt: int, elapsed: float, retry_after: float | None, draw: float
) -> None:
    delay = _delay(attempt, elapsed=elapsed, retry_after=retry_after, draw=draw)
    if delay is not None:
        assert BASE <= delay <= max(CAP, MAX_RETRY_AFTER)
        assert delay <= SPAN - elapsed
