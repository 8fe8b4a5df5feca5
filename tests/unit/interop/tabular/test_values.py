from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ontology.domain.datatypes import PRIMITIVES, parse_data_type, value_problem
from ontology.interop.tabular.values import coercer_of


@pytest.mark.parametrize(
    ("data_type", "text", "value"),
    [
        ("string", " as it is ", " as it is "),
        ("string", "NA", "NA"),
        ("boolean", "TRUE", True),
        ("boolean", "no", False),
        ("boolean", "1", True),
        ("integer", " 42 ", 42),
        ("integer", "2004.0", 2004),
        ("integer", "123456789012345678901234567890", 123456789012345678901234567890),
        ("long", "-7", -7),
        ("double", "1e3", 1000.0),
        ("double", ".5", 0.5),
        ("double", "NaN", None),
        ("decimal(12,2)", "0.10", Decimal("0.10")),
        ("date", "2026-07-05", "2026-07-05"),
        ("date", "20260705", "2026-07-05"),
        ("date", "2026-07-05 00:00:00", "2026-07-05"),
        ("timestamp", "2013-01-01 05:00:00", "2013-01-01T05:00:00"),
        ("timestamp", "2013-01-01T05:00:00Z", "2013-01-01T05:00:00Z"),
        ("timestamp", "2013-01-01 5:00 +0900", "2013-01-01T05:00+09:00"),
        ("timestamp", "2013-01-01", "2013-01-01T00:00"),
        ("time", "5:07", "05:07"),
        ("uuid", "0c0f7dbb-6f7b-4c2e-9a54-1f3d1c8a7b11", "0c0f7dbb-6f7b-4c2e-9a54-1f3d1c8a7b11"),
        ("uri", "null", None),
        ("binary", "aGk=\n", "aGk="),
        ("json", '{"a": [1, 2]}', {"a": [1, 2]}),
        ("geopoint", "37.57, 126.98", {"latitude": 37.57, "longitude": 126.98}),
        ("geopoint", "POINT(126.98 37.57)", {"latitude": 37.57, "longitude": 126.98}),
        ("langString", "Seoul", {"@none": "Seoul"}),
        ("langString", '{"ko": "서울"}', {"ko": "서울"}),
        ("vector(3)", "1, 2 3", [1.0, 2.0, 3.0]),
        ("vector(2)", "[1, 2.5]", [1, 2.5]),
    ],
)
def test_text_becomes_a_value(data_type: str, text: str, value: Any) -> None:
    found = coercer_of((data_type,))(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("data_type", "text", "message"),
    [
        ("boolean", "maybe", "'maybe' is not true or false"),
        ("integer", "1.5", "'1.5' is not a whole number"),
        ("integer", "1_000", "'1_000' is not a whole number"),
        ("integer", "١٢", "'١٢' is not a whole number"),
        ("double", "inf", "'inf' is not a number"),
        ("double", "1e999", "'1e999' is not a number"),
        ("double", "1,5", "'1,5' is not a number"),
        ("date", "2026-02-30", "'2026-02-30' is not a date such as 2026-07-05"),
        ("date", "05/07/2026", "'05/07/2026' is not a date such as 2026-07-05"),
        ("timestamp", "2013-01-01T25:00:00Z", "is not a timestamp such as"),
        ("time", "24:00", "is not a time such as"),
        ("binary", "#", "'#' is not base64 text"),
        ("json", "{", "'{' is not JSON"),
        ("geopoint", "12", "'12' is not a point such as"),
        ("integer", "x" * 100, f"'{'x' * 57}...' is not a whole number"),
        ("integer", "9" * 5000, "is not a whole number"),
    ],
)
def test_text_of_another_kind_is_refused(data_type: str, text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        coercer_of((data_type,))(text)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [("7", 7), ("7.5", 7.5), ("2026-07-05", "2026-07-05"), ("seven", "seven")],
)
def test_of_several_data_types_the_first_that_fits_is_taken(text: str, value: Any) -> None:
    assert coercer_of(("string", "integer", "double", "date"))(text) == value


@pytest.mark.parametrize("name", sorted(set(PRIMITIVES) - {"string", "langString"}))
def test_a_word_for_nothing_is_nothing(name: str) -> None:
    coerce = coercer_of((f"{name}(2)" if name == "vector" else name,))
    assert [coerce(word) for word in ("", " ", "NA", "N/A", "null", "NaN", "\\N")] == [None] * 7


@given(
    name=st.sampled_from(sorted(set(PRIMITIVES) - {"json", "geoshape", "uri", "uuid", "duration"})),
    text=st.text(max_size=40),
)
def test_whatever_is_read_is_a_value_of_the_data_type(name: str, text: str) -> None:
    data_type = "vector(2)" if name == "vector" else name
    try:
        value = coercer_of((data_type,))(text)
    except ValueError:
        return
    if value is None or name == "vector":
        return
    problem = value_problem(parse_data_type(data_type), value)
    assert problem is None or "latitude is -90" in problem or "use an object" in problem
