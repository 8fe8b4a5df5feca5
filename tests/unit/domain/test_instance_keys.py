"""Keys of objects: texts that sort as the values do, and keys in ``@id``s that come back."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ontology.domain.datatypes import DataType, comparable, value_problem
from ontology.domain.instances.keys import (
    LONGEST,
    NULL_KEY,
    key_text,
    object_name_key,
    order_key,
    order_keys,
    parse_key,
    typed_key,
)
from ontology.domain.instances.values import normal_decimal, normalised_value

EARLIEST = dt.datetime.fromisoformat("0002-01-01")
LATEST = dt.datetime.fromisoformat("9998-12-31")
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
#: Beside what JSON numbers mostly are: powers of ten and their neighbours.
INTEGERS = st.one_of(
    st.integers(),
    st.integers(-(10**400), 10**400),
    st.builds(lambda power, step: 10**power + step, st.integers(0, 40), st.integers(-1, 1)),
    st.builds(lambda power, step: -(10**power) + step, st.integers(0, 40), st.integers(-1, 1)),
)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
DECIMALS = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False, places=3),
    st.decimals(-(10**30), 10**30, allow_nan=False, allow_infinity=False),
    st.builds(
        lambda sign, digits, exponent: Decimal((sign, digits, exponent)),
        st.integers(0, 1),
        st.lists(st.integers(0, 9), min_size=1, max_size=20).map(tuple),
        st.integers(-4000, 4000),
    ),
)
NUMBERS = st.one_of(INTEGERS, FLOATS, DECIMALS)


def exact(number: Any) -> Decimal:
    return Decimal(repr(number)) if isinstance(number, float) else Decimal(number)


def compared(one: Any, other: Any) -> int:
    return int(one > other) - int(one < other)


@given(NUMBERS, NUMBERS)
@example(0, -0.0)
@example(1, 1.0)
@example(Decimal("-1.50"), -1.5)
@example(-1, Decimal("-1.05"))
def test_numbers_of_all_kinds_sort_by_value(one: Any, other: Any) -> None:
    assert compared(order_key(one), order_key(other)) == compared(exact(one), exact(other))


@given(TEXT, TEXT)
def test_texts_sort_by_code_point(one: str, other: str) -> None:
    assert compared(order_key(one), order_key(other)) == compared(one, other)


@given(st.text("ab", min_size=LONGEST - 3, max_size=LONGEST + 3), st.integers(0, 60))
def test_long_texts_are_told_apart(text: str, more: int) -> None:
    other = text + "a" * more + "b"
    assert order_key(text) != order_key(other)
    assert len(order_key(other)) <= LONGEST + 65


@given(st.integers(0, 4000), st.integers(1, 9))
def test_long_numbers_fit_the_index_and_are_told_apart(digits: int, last: int) -> None:
    one, other = 10**digits + last, Decimal(f"0.{'3' * digits}{last}")
    for number in (one, -one, other, -other):
        assert len(order_key(number)) <= LONGEST + 65
    assert order_key(one) != order_key(one + 10)
    assert order_key(other) != order_key(other + Decimal(f"0.{'0' * digits}01"))


@given(st.booleans(), st.one_of(NUMBERS, TEXT))
def test_nothing_comes_after_everything(flag: bool, value: Any) -> None:
    assert order_key(False) < order_key(True) < order_key(None) == NULL_KEY
    assert order_key(value) < NULL_KEY
    assert order_key(flag) != order_key(int(flag))


@given(DECIMALS, DECIMALS)
def test_decimals_sort_by_value_in_either_spelling(one: Decimal, other: Decimal) -> None:
    """In their normal form they are numbers or texts."""
    keys = [typed_key("decimal", normal_decimal(str(number))) for number in (one, other)]
    assert compared(*keys) == compared(one, other)
    assert typed_key("decimal", normal_decimal(one)) == keys[0]


DATES = st.dates().map(dt.date.isoformat)
TIMES = st.times().map(dt.time.isoformat)
MOMENTS = st.datetimes(min_value=EARLIEST, max_value=LATEST, timezones=st.just(dt.UTC)).map(
    lambda moment: moment.isoformat().replace("+00:00", "Z")
)
ZONED = st.builds(
    lambda moment, minutes: moment.astimezone(
        dt.timezone(dt.timedelta(minutes=minutes))
    ).isoformat(),
    st.datetimes(
        min_value=EARLIEST,
        max_value=LATEST,
        timezones=st.just(dt.UTC),
    ),
    st.integers(-14 * 60, 14 * 60),
)


@given(
    st.one_of(
        st.tuples(st.just("date"), DATES, DATES),
        st.tuples(st.just("time"), TIMES, TIMES),
        st.tuples(st.just("timestamp"), MOMENTS | ZONED, MOMENTS | ZONED),
    )
)
@example(("time", "12:00:00", "12:00:00.5"))
@example(("timestamp", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000001Z"))
@example(("timestamp", "2026-01-01T09:00:00+09:00", "2026-01-01T00:00:00"))
def test_dates_and_times_sort_by_the_moment(case: tuple[str, str, str]) -> None:
    name, one, other = case
    data_type = DataType(name)
    assert value_problem(data_type, one) is None
    keys = [typed_key(name, normalised_value(data_type, value)) for value in (one, other)]
    assert compared(*keys) == compared(comparable(data_type, one), comparable(data_type, other))


PART = st.one_of(TEXT, st.integers(), DECIMALS, st.booleans(), FLOATS)


@given(st.lists(PART, min_size=1, max_size=4))
@example(["a+b", "c%2Bd", "e/f"])
@example(["", ""])
@example(["가나", "a b"])
def test_keys_in_ids_come_back(key: list[Any]) -> None:
    text = key_text(key)
    assert "/" not in text
    assert text.isascii()
    spelled = [
        ("true" if part else "false") if isinstance(part, bool) else str(part) for part in key
    ]
    assert parse_key(text) == spelled


@given(st.lists(TEXT, min_size=1, max_size=3), st.lists(TEXT, min_size=1, max_size=3))
@example(["a\x1fsb", "c"], ["a", "b\x1fsc"])
@example(["a", "b"], ["a\t", "a"])
def test_different_keys_are_different_texts(one: list[str], other: list[str]) -> None:
    assert (key_text(one) == key_text(other)) == (one == other)
    assert (order_keys(one) == order_keys(other)) == (one == other)


@given(
    st.integers(1, 3).flatmap(
        lambda size: st.tuples(*[st.lists(TEXT | INTEGERS, min_size=size, max_size=size)] * 2)
    )
)
@example((["a", "b"], ["a\t", "a"]))
@example((["a", "b"], ["a\x1fz", "a"]))
def test_keys_of_several_parts_sort_as_tuples_do(pair: tuple[list[Any], list[Any]]) -> None:
    one, other = ([(isinstance(part, str), part) for part in key] for key in pair)
    found = [order_keys(key) for key in pair]
    if max(map(len, found)) <= LONGEST:
        assert compared(*found) == compared(one, other)


def test_an_object_is_listed_under_its_type() -> None:
    rid = "0" * 36
    keyed = object_name_key(rid, ["z"])
    individual = object_name_key(rid, None, "urn:z")
    nameless = object_name_key(rid, None)
    assert f"{rid}:" <= keyed < nameless < f"{rid};"
    assert f"{rid}:" <= individual < nameless
    assert len(object_name_key(rid, ["x" * 9000], None)) < 500


@pytest.mark.parametrize("value", [True, False])
def test_truth_is_no_number(value: bool) -> None:
    assert key_text([value]) == str(value).lower()
