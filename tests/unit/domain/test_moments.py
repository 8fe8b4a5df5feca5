"""Moments as people write them."""

from __future__ import annotations

import datetime as dt

import pytest

from ontology.domain.moments import parse_moment

UTC = dt.UTC


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-07-05", dt.datetime(2026, 7, 5, 23, 59, 59, 999999, UTC)),
        ("2026-07-05T12:00:00Z", dt.datetime(2026, 7, 5, 12, tzinfo=UTC)),
        ("2026-07-05T12:00:00.000001Z", dt.datetime(2026, 7, 5, 12, 0, 0, 1, UTC)),
        ("2026-07-05T12:00+09:00", dt.datetime(2026, 7, 5, 3, tzinfo=UTC)),
        ("2026-07-05 12:00 09:00", dt.datetime(2026, 7, 5, 3, tzinfo=UTC)),
        ("2026-07-05T12:00:00-05:30", dt.datetime(2026, 7, 5, 17, 30, tzinfo=UTC)),
        (" 2026-07-05T12:00Z ", dt.datetime(2026, 7, 5, 12, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read(text: str, moment: dt.datetime) -> None:
    assert parse_moment(text) == moment
    assert parse_moment(text).utcoffset() == dt.timedelta()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026",
        "2026-W27",
        "20260705T120000Z",
        "2026-02-30",
        "2026-07-05T25:00Z",
        "0001-01-01T00:00+14:00",
        "2026-07-05T12:00Zx",
        "٢٠٢٦-07-05",
    ],
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time"):
        parse_moment(text)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="says no zone"):
        parse_moment("2026-07-05T12:00:00")
