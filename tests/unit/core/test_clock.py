"""One spelling of time, and a clock that stops."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from oms_project.core.clock import frozen_at, isoformat, utc_now

NOON = datetime(2026, 11, 23, 12, 0, 0, 5, tzinfo=UTC)


def test_times_are_utc_with_microseconds() -> None:
    assert isoformat(NOON) == "2026-11-23T12:00:00.000005Z"
    seoul = timezone(timedelta(hours=9))
    assert isoformat(NOON.astimezone(seoul)) == "2026-11-23T12:00:00.000005Z"


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        isoformat(datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point


def test_the_clock_stops_and_goes_on() -> None:
    before = utc_now()
    with frozen_at(NOON):
        assert utc_now() == NOON
    assert utc_now() >= before
    assert utc_now().tzinfo is UTC
