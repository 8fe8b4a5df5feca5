"""Values: checked, and in one spelling that stays what it is."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from oms_project.core.canonical_json import dumps_text, loads
from ontology.domain.datatypes import (
    PRIMITIVES,
    DataType,
    comparable,
    parse_data_type,
    value_problem,
)
from ontology.domain.documents import Document
from ontology.domain.instances.layout import layout_of
from ontology.domain.instances.values import Checker, checker_of, normal_decimal, normalised_value
from ontology.domain.kinds import Kind
from ontology.domain.memory import MemoryState
from ontology.domain.schema import Schema

EARLIEST = dt.datetime.fromisoformat("0002-01-01")
LATEST = dt.datetime.fromisoformat("9998-12-31")
ANY_TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
LIKELY = st.sampled_from(
    (
        "12:00", "24:00:00", "23:59:60", "12:00:00+14:00", "12:00:00.1234567", "2026-02-29",
        "0001-01-01T00:00:00+09:00", "9999-12-31T23:59:59-12:00", "2026-07-05T12:00", "P1D", "1e5",
        "1E-9999", "-0", "+.5", "5.", "1_000", "٣", "{00000000-0000-0000-0000-000000000000}",
        "urn:x", "aGk=", "a b", "", "true",
    )
)  # fmt: skip
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.decimals(allow_nan=False, allow_infinity=False)
    | ANY_TEXT
    | LIKELY,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(("a", "en", "latitude", "longitude", "type")), inner)
    ),
    max_leaves=6,
).map(lambda value: as_read(value))  # noqa: PLW0108 - defined below


def as_read(value: Any) -> Any:
    """As a door reads it: a number that a double can hold is one."""
    return loads(dumps_text(value))


def checker(*data_types: str, array: dict[str, Any] | None = None, also: Any = ()) -> Checker:
    """The checker of a property of these data types."""
    rid = "00000000-0000-0000-0000-000000000001"
    part: dict[str, Any] = {"rid": "p", "apiName": "value", "dataTypes": sorted(data_types)}
    if array is not None:
        part["array"] = array
    body = {"apiName": "Thing", "properties": [part]}
    schema = Schema(MemoryState([Document(rid, Kind.OBJECT_TYPE, body), *also]))
    layout = layout_of(schema, rid)
    assert layout is not None
    return checker_of(schema, layout.properties["value"].part)


def judged(check: Checker, value: Any) -> tuple[Any, list[tuple[str, str]]]:
    problems: list[tuple[str, str]] = []
    normal = check(value, "/value", lambda pointer, rule, _: problems.append((pointer, rule)))
    return normal, problems


CHECKERS = {name: checker("vector(2)" if name == "vector" else name) for name in PRIMITIVES} | {
    "decimal(6,2)": checker("decimal(6,2)"),
    "decimal or date": checker("decimal", "date"),
    "timestamp or double": checker("timestamp", "double"),
    "list": checker("decimal", array={"unique": True, "minItems": 1, "maxItems": 3}),
}


@pytest.mark.parametrize("name", sorted(CHECKERS))
@settings(max_examples=50, deadline=None)
@given(value=JSON)
def test_a_value_is_refused_or_has_a_normal_form_that_stays(name: str, value: Any) -> None:
    check = CHECKERS[name]
    normal, problems = judged(check, value)
    if problems:
        assert all(pointer.startswith("/value") for pointer, _ in problems)
        return
    again, more = judged(check, normal)
    assert more == []
    assert (again, type(again)) == (normal, type(normal))
    kept = loads(dumps_text(normal))  # as it comes back from a store
    stored, even_more = judged(check, kept)
    assert even_more == []
    assert dumps_text(stored) == dumps_text(normal)


NUMBERS = st.decimals(-(10**25), 10**25, allow_nan=False, allow_infinity=False) | st.decimals(
    allow_nan=False, allow_infinity=False, places=2
)


@given(NUMBERS, st.integers(0, 5))
@example(Decimal(100), 2)
@example(Decimal("-0"), 1)
@example(Decimal("1e15"), 0)
@example(Decimal(999999999999999), 3)
def test_equal_decimals_have_one_spelling(number: Decimal, zeros: int) -> None:
    plain = format(number, "f")
    padded = f"{plain}{'' if '.' in plain else '.'}{'0' * zeros}"
    spellings = [number, str(number), plain, padded, f"{number:E}" if number else "0E0"]
    made = {dumps_text(normal_decimal(spelling)) for spelling in spellings}
    assert len(made) == 1
    assert Decimal(str(normal_decimal(plain))) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_equal_doubles_have_one_spelling(number: float) -> None:
    double = DataType("double")
    normal = normalised_value(double, number)
    assert normal == number
    if number.is_integer() and abs(number) < 1e15:
        assert dumps_text(normal) == dumps_text(normalised_value(double, int(number)))


@given(
    st.datetimes(min_value=EARLIEST, max_value=LATEST),
    st.integers(-14 * 60, 14 * 60),
    st.integers(-14 * 60, 14 * 60),
)
@example(dt.datetime.fromisoformat("0999-01-01T05:00:00"), 0, 540)
def test_equal_moments_have_one_spelling(moment: dt.datetime, one: int, other: int) -> None:
    timestamp = DataType("timestamp")
    moment = moment.replace(tzinfo=dt.UTC)
    made = set()
    for minutes in (one, other):
        zone = dt.timezone(dt.timedelta(minutes=minutes))
        text = moment.astimezone(zone).isoformat()
        assert value_problem(timestamp, text) is None
        normal = normalised_value(timestamp, text)
        assert comparable(timestamp, normal) == comparable(timestamp, text)
        made.add(normal)
    assert len(made) == 1
    assert made.pop().endswith("Z")


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("time", "12:00", "12:00:00.000"),
        ("time", "12:00:00-00:00", "12:00:00Z"),
        ("timestamp", "2026-07-05T12:00:00.500+09:00", "2026-07-05T03:00:00.5"),
    ],
)
def test_spellings_of_the_same(name: str, one: str, other: str) -> None:
    made = {normalised_value(DataType(name), text) for text in (one, other)}
    assert len(made) == 1


@given(st.uuids())
def test_equal_uuids_have_one_spelling(value: uuid.UUID) -> None:
    spellings = [str(value), str(value).upper(), value.hex, f"{{{value}}}", value.urn]
    kind = DataType("uuid")
    assert [value_problem(kind, text) for text in spellings] == [None] * 5
    assert {normalised_value(kind, text) for text in spellings} == {str(value)}


@given(JSON, st.sampled_from(("decimal(4,1)", "string", "integer", "date")))
def test_a_list_is_as_good_as_its_items(value: Any, data_type: str) -> None:
    single = checker(data_type)
    listed = checker(data_type, array={"maxItems": 3})
    items = value if isinstance(value, list) else [value]
    normal, problems = judged(listed, items)
    expected = [judged(single, item) for item in items]
    if len(items) <= 3:
        assert normal == [item for item, _ in expected]
        assert [pointer for pointer, _ in problems] == [
            f"/value/{position}" for position, (_, found) in enumerate(expected) if found
        ]
    assert judged(listed, "no list")[1] == [("/value", "array")]


def test_items_that_are_equal_are_not_unique() -> None:
    check = CHECKERS["list"]
    assert judged(check, ["1.0", 2]) == ([1, 2], [])
    assert judged(check, ["1.0", 1])[1] == [("/value", "array")]
    assert judged(check, [])[1] == [("/value", "array")]
    assert judged(check, [1, 2, 3, 4])[1] == [("/value", "array")]


ENUM = Document(
    "00000000-0000-0000-0000-0000000000e1",
    Kind.ENUM_TYPE,
    {"apiName": "Grade", "members": [{"code": "A"}, {"code": "B"}]},
)
BOUNDED = Document(
    "00000000-0000-0000-0000-0000000000f1",
    Kind.VALUE_TYPE,
    {"apiName": "Share", "baseType": "decimal", "constraints": {"minimum": 0, "maximum": 1}},
)
STRUCT = Document(
    "00000000-0000-0000-0000-0000000000d1",
    Kind.STRUCT_TYPE,
    {
        "apiName": "Pair",
        "fields": [
            {"rid": "x", "apiName": "x", "dataTypes": ["decimal"], "required": True},
            {"rid": "y", "apiName": "y", "dataTypes": [ENUM.rid]},
        ],
    },
)


@pytest.mark.parametrize(
    ("rid", "value", "normal", "rule"),
    [
        (ENUM.rid, "A", "A", ""),
        (ENUM.rid, "C", "C", "enum"),
        (ENUM.rid, ["A"], ["A"], "enum"),
        (BOUNDED.rid, "0.50", "0.5", ""),
        (BOUNDED.rid, "1.01", "1.01", "value-type"),
        (BOUNDED.rid, "x", "x", "data-type"),
        (STRUCT.rid, {"x": "1.0", "y": "B"}, {"x": 1, "y": "B"}, ""),
        (STRUCT.rid, {"x": "1.0", "y": None}, {"x": 1}, ""),
        (STRUCT.rid, {"y": "B"}, {"y": "B"}, "struct"),
        (STRUCT.rid, {"x": 1, "z": 1}, {"x": 1, "z": 1}, "struct"),
        (STRUCT.rid, {"x": 1, "y": "C"}, {"x": 1, "y": "C"}, "struct"),
        (STRUCT.rid, "x", "x", "data-type"),
    ],
)
def test_types_of_ones_own(rid: str, value: Any, normal: Any, rule: str) -> None:
    check = checker(rid, also=(ENUM, BOUNDED, STRUCT))
    found, problems = judged(check, value)
    assert found == normal
    assert [name for _, name in problems] == ([rule] if rule else [])
    if not rule:
        assert judged(check, found) == (normal, [])


@given(value=JSON)
def test_a_struct_takes_any_json_or_says_no(value: Any) -> None:
    check = checker(STRUCT.rid, also=(ENUM, BOUNDED, STRUCT))
    normal, problems = judged(check, value)
    if not problems:
        assert judged(check, normal) == (normal, [])


def test_data_types_of_the_checkers_are_data_types() -> None:
    assert {parse_data_type(name).name for name in PRIMITIVES if name != "vector"} < set(PRIMITIVES)
