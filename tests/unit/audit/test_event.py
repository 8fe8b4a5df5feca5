"""Events: ids that sort by time, and bodies with one spelling."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.contract import Outcome, Subject
from audit.domain.event import MAX_BODY, event_body
from oms_project.core.context import Source
from oms_project.core.ids import first_id_at, ordered_id, time_of_id

MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
moments = st.datetimes(
    datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)  # noqa: DTZ001
)  # fmt: skip


def body(**members: object) -> str:
    given_members = {"changes": None, "data": None, **members}
    return event_body(
        event_id="e",
        moment=MOMENT,
        action="record.changed",
        outcome=Outcome.SUCCESS,
        subject=Subject("user"),
        actor=None,
        source=Source(),
        request_id="",
        **given_members,  # type: ignore[arg-type]
    )


@given(moments)
def test_an_id_is_a_uuid_of_version_7_that_holds_its_time(moment: datetime) -> None:
    event_id = ordered_id(moment)
    assert re.fullmatch(
        "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", event_id
    )
    assert time_of_id(event_id) == moment
    assert first_id_at(moment) <= event_id < first_id_at(moment + timedelta(microseconds=1))


@given(moments, moments)
def test_ids_sort_as_their_times_do(one: datetime, two: datetime) -> None:
    if one != two:
        assert (ordered_id(one) < ordered_id(two)) == (one < two)


@pytest.mark.parametrize("text", ["", "x", "0" * 36, "not-an-id-not-an-id-7-not-an-id-not-an"])
def test_what_is_no_id_has_no_time(text: str) -> None:
    with pytest.raises(ValueError):
        time_of_id(text)


def test_the_body_is_canonical() -> None:
    text = body(data={"b": 1, "a": [True, None, "é"]})
    assert text == json.dumps(
        json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )


def test_values_that_json_lacks_are_spelled_out() -> None:
    data = {"d": Decimal("1.10"), "big": 2**70, "nan": float("nan"), 3: "key", "t": MOMENT}
    found = json.loads(body(data=data))["data"]
    assert found["big"] == 2**70
    assert found["3"] == "key"
    assert found["t"].startswith("2026-01-02T03:04:05.678901")


def test_what_is_nested_too_deeply_is_cut() -> None:
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    assert len(body(data={"deep": deep})) < 2000


@given(st.text())
def test_every_text_can_be_kept(text: str) -> None:
    raw = body(message=text, data={text: text})
    assert "\x00" not in raw
    assert "\\u0000" not in raw.replace("\\\\u0000", "")
    raw.encode()


def test_a_body_is_bounded() -> None:
    assert len(body(data={"x": "y" * (2 * MAX_BODY)}, message="m" * 9000)) < MAX_BODY
