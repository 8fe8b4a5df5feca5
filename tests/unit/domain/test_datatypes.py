"""Data types: how they are written, and what is a value of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ontology.domain.datatypes import (
    DATATYPE_IRIS,
    PRIMITIVES,
    DataType,
    comparable,
    data_type_from_iri,
    parse_data_type,
    value_problem,
)


def test_every_data_type_has_one_iri_and_every_iri_one_data_type() -> None:
    assert len(set(DATATYPE_IRIS.values())) == len(PRIMITIVES) == 18
    for name, iri in DATATYPE_IRIS.items():
        assert data_type_from_iri(iri) == name
    assert data_type_from_iri("http://www.w3.org/2001/XMLSchema#token") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("string", "string"),
        ("decimal", "decimal"),
        ("decimal(5)", "decimal(5,0)"),
        ("decimal( 12 , 2 )", "decimal(12,2)"),
        ("vector(512)", "vector(512)"),
    ],
)
def test_expressions(text: str, expected: str) -> None:
    assert str(parse_data_type(text)) == expected
    assert parse_data_type(expected) == parse_data_type(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not a data type"),
        ("String", "is not a data type"),
        ("string\n", "is not a data type"),
        ("decimal(2,3)", "scale <= precision"),
        ("decimal(0)", "scale <= precision"),
        ("decimal(1001,1)", "scale <= precision"),
        ("decimal(-1)", "is not a data type"),
        ("vector", "vector(n)"),
        ("vector(0)", "from 1 to 16000"),
        ("vector(16001)", "from 1 to 16000"),
        ("vector(1,2)", "vector(n)"),
        ("string(5)", "string takes no parameters"),
        ("vector(١)", "is not a data type"),
    ],
)
def test_what_is_no_expression(text: str, words: str) -> None:
    with pytest.raises(ValueError) as refused:
        parse_data_type(text)
    assert words in str(refused.value)


VALUES: dict[str, tuple[list[Any], list[Any]]] = {
    "boolean": ([True, False], [0, 1, "true", None]),
    "integer": ([0, -1, 10**400], [True, 1.0, "1", None, Decimal(1)]),
    "long": ([2**63 - 1, -(2**63)], [2**63, -(2**63) - 1, 1.5, False]),
    "decimal": (
        [1, 1.5, "1.50", "-0", "+1e5", Decimal("1E+400"), ".5", "5."],
        [True, "NaN", "Infinity", " 1", "1_000", "１", "", None, [1], float("inf"), "1e99999999999999999999"],
    ),
    "decimal(5,2)": (
        [0, 0.0, "0.00000", 999.99, "999.990000", -999, Decimal("1.10"), "1e2", "0e99"],
        [1000, "0.001", "999.999", 12345, "1e3", "1e400", 1e300],
    ),
    "decimal(30,28)": (
        ["0.1234567890123456789012345678"],
        ["0.12345678901234567890123456789", Decimal("0.123456789012345678901234567891")],
    ),
    "decimal(3,0)": ([999, "100"], [1000, 0.5]),
    "double": ([1, 1.5, -0.0, Decimal("0.1")], [True, "1.5", None]),
    "string": (["", "x", "\u0000"], [1, None, ["x"]]),
    "langString": ([{}, {"en": "x"}], ["x", {"en": 1}, None]),
    "date": (
        ["2026-07-05", "0001-01-01", "2024-02-29"],
        ["2026-7-5", "20260705", "2026-W27-7", "2023-02-29", "2026-07-05T00:00", 20260705, [1] * 10, "2026-07-05\n"],
    ),
    "timestamp": (
        ["2026-07-05T12:00:00Z", "2026-07-05T12:00", "2026-07-05T12:00:00.123456789+09:00"],
        ["2026-07-05", "2026-07-05 12:00", "20260705T120000", "2026-07-05T25:00:00", "2026-07-05T12:00:00+9", None],
    ),
    "time": (["12:00", "12:00:00.5", "23:59:59Z"], ["12", "24:00:01", "T12:00", 12, "1200"]),
    "duration": (
        ["P1D", "PT1.5S", "-P1Y2M3DT4H5M6S"],
        ["", "P", "PT", "1D", "P1DT", "P1.5D", 5, "P1D\n"],
    ),
    "uri": (["https://x.example/", "urn:x:y", "mailto:a@b"], ["x", "/a/b", "https://a b", ":x", "1:2", "x:<", 5]),
    "uuid": (["00000000-0000-4000-8000-000000000000"], ["x", 5, None, ""]),
    "binary": (["", "aGVsbG8="], ["aGVsbG8", "é", "a b=", 5]),
    "json": ([None, 1, "x", [1, {"a": None}]], []),
    "geopoint": (
        [{"latitude": 90, "longitude": -180.0}],
        [{"latitude": 91, "longitude": 0}, {"latitude": 1}, {"latitude": "1", "longitude": 1}, [1, 2], {"latitude": 0, "longitude": 181}],
    ),
    "geoshape": ([{"type": "Point", "coordinates": [1, 2]}], [{}, {"type": 1}, "Point"]),
    "vector(3)": ([[1, 2.5, 0]], [[1, 2], [1, 2, "3"], [1, 2, True], "123", None]),
}  # fmt: skip


def test_every_data_type_is_tried() -> None:
    assert {parse_data_type(text).name for text in VALUES} == set(PRIMITIVES)


@pytest.mark.parametrize("text", VALUES)
def test_values(text: str) -> None:
    data_type = parse_data_type(text)
    good, bad = VALUES[text]
    for value in good:
        assert value_problem(data_type, value) is None, value
    for value in bad:
        problem = value_problem(data_type, value)
        assert problem is not None, value
        assert f" is not a {data_type}: " in problem


def test_a_long_value_is_cut_in_the_sentence() -> None:
    assert len(str(value_problem(DataType("integer"), "x" * 10_000))) < 150


@pytest.mark.parametrize(
    ("text", "ordered"),
    [
        ("integer", [-(10**30), 0, 1, 10**30]),
        ("decimal", ["-1", 0, 0.1, "0.11", Decimal("0.111"), 1]),
        ("double", [-1.5, 0, 1e300]),
        ("date", ["0001-01-01", "2026-07-05", "9999-12-31"]),
        ("timestamp", ["2026-07-05T20:00:00+09:00", "2026-07-05T11:30:00", "2026-07-05T12:00:00Z", "9999-12-31T23:59:59-09:00"]),
        ("time", ["20:00:00+09:00", "11:30", "12:00:00Z"]),
    ],
)  # fmt: skip
def test_order(text: str, ordered: list[Any]) -> None:
    data_type = parse_data_type(text)
    values = [comparable(data_type, value) for value in ordered]
    assert values == sorted(values)
    assert len(set(values)) == len(values)
    assert comparable(data_type, "neither") is None
    assert comparable(data_type, None) is None


def test_what_has_no_order() -> None:
    assert comparable(DataType("string"), "x") is None
    assert comparable(DataType("boolean"), True) is None
