"""Values as native literals: one spelling for equal values, nothing that a server would refuse."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ontology.domain.datatypes import DataType
from ontology.domain.instances.values import normalised_value
from ontology.domain.native.terms import Literal
from ontology.domain.native.values import literal, literals


# Each of these was written to TerminusDB 12.0.6 and came back with this value, and was found again
# by this spelling.
@pytest.mark.parametrize(
    ("target", "value", "text"),
    [
        ("xsd:string", "", ""),
        ("xsd:string", "한국어 😀\u0000", "한국어 😀\u0000"),
        ("xsd:string", {"b": 1, "a": [True]}, '{"a":[true],"b":1}'),
        ("xsd:string", 5, "5"),
        ("xsd:boolean", False, "false"),
        ("xsd:integer", -(10**30), "-1000000000000000000000000000000"),
        ("xsd:decimal", 5, "5"),
        ("xsd:decimal", "1.10", "1.1"),
        ("xsd:decimal", "-0", "0"),
        ("xsd:decimal", "1E+3", "1000"),
        ("xsd:decimal", 1.5, "1.5"),
        ("xsd:decimal", "1e-20", "0.00000000000000000001"),
        (
            "xsd:decimal",
            Decimal("12345678901234567890.1234567890123456789"),
            "12345678901234567890.1234567890123456789",
        ),
        ("xsd:double", 5, "5.0"),
        ("xsd:double", -0.0, "0.0"),
        ("xsd:double", 1e22, "1e+22"),
        ("xsd:double", 5e-324, "5e-324"),
        ("xsd:date", "0001-01-01", "0001-01-01"),
        ("xsd:dateTime", "2026-01-02T03:04:05+09:00", "2026-01-01T18:04:05Z"),
        ("xsd:dateTime", "2026-01-02T03:04:05.5Z", "2026-01-02T03:04:05.500Z"),
        ("xsd:dateTime", "2026-01-02T03:04:05.1234Z", "2026-01-02T03:04:05.123400Z"),
        ("xsd:dateTime", "2026-01-02T03:04", "2026-01-02T03:04:00Z"),
        ("xsd:time", "03:04", "03:04:00Z"),
        ("xsd:time", "03:04:05+09:00", "18:04:05Z"),
    ],
)
def test_spellings(target: str, value: Any, text: str) -> None:
    assert literal(target, value) == Literal(target, text)


@pytest.mark.parametrize(
    ("target", "value"),
    [
        ("xsd:string", "a lone \ud800 surrogate"),
        ("xsd:boolean", 1),
        ("xsd:integer", True),
        ("xsd:integer", 1.5),
        ("xsd:integer", "5"),
        ("xsd:decimal", "0.000000000000000000001"),  # the server fails on it
        ("xsd:decimal", "1.123456789012345678901"),  # the server cuts it off
        ("xsd:decimal", "1e5000"),
        ("xsd:decimal", "NaN"),
        ("xsd:decimal", "twelve"),
        ("xsd:double", math.inf),
        ("xsd:double", 10**400),
        ("xsd:double", "1.5"),
        ("xsd:date", "2026-02-30"),
        ("xsd:dateTime", "2026-01-02"),
        ("xsd:dateTime", "0001-01-01T00:00:00+09:00"),  # before the calendar begins
        ("xsd:time", "03:04:05.5"),  # the server forgets the fraction
        ("xsd:time", 5),
    ],
)
def test_what_a_type_cannot_hold_is_left_out(target: str, value: Any) -> None:
    assert literal(target, value) is None


def test_sets_have_no_repeats_and_leave_out_what_does_not_fit() -> None:
    assert literals("xsd:integer", [1, "x", 2, 1, None], many=True) == (
        Literal("xsd:integer", "1"),
        Literal("xsd:integer", "2"),
    )
    assert literals("xsd:integer", [1], many=False) == ()
    assert literals("xsd:string", [1, 2], many=False) == (Literal("xsd:string", "[1,2]"),)
    assert literals("xsd:string", None, many=False) == ()


@given(st.decimals(allow_nan=False, allow_infinity=False, places=12))
def test_decimals_are_exact_and_equal_ones_are_spelled_alike(value: Decimal) -> None:
    normal = normalised_value(DataType("decimal"), str(value))
    found = literal("xsd:decimal", normal)
    assert found is not None
    assert Decimal(found.text) == value
    assert found == literal("xsd:decimal", str(value))
    assert Decimal(found.json) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_doubles_come_back(value: float) -> None:
    found = literal("xsd:double", value)
    assert found is not None
    assert float(found.json) == value


_EARLY, _LATE = dt.datetime.fromisoformat("0002-01-01"), dt.datetime.fromisoformat("9998-01-01")


@given(st.datetimes(_EARLY, _LATE), st.integers(-840, 840))
def test_equal_moments_are_spelled_alike(moment: dt.datetime, offset: int) -> None:
    utc = moment.replace(tzinfo=dt.UTC)
    elsewhere = utc.astimezone(dt.timezone(dt.timedelta(minutes=offset)))
    found = literal("xsd:dateTime", elsewhere.isoformat())
    assert found == literal("xsd:dateTime", utc.isoformat())
    assert found is not None
    assert dt.datetime.fromisoformat(found.text) == utc
