"""Canonical JSON: one spelling, and numbers that keep their value."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_project.core import canonical_json


@pytest.mark.parametrize(
    "text",
    [
        "1234567890.12345678",  # seventeen digits and more, before and after the point
        "0.1234567890123456789",
        "-9007199254740993",
        "123456789012345678901234567890",
        "1e400",
        "-1E-400",
        "1.5e+308",
    ],
)
@pytest.mark.parametrize("frame", ["{}", "[{}]", '{{"a":{}}}', '{{"a" : [1,\n {} ]}}'])
def test_a_number_keeps_its_value_wherever_it_stands(text: str, frame: str) -> None:
    parsed = canonical_json.loads(frame.format(text))

    exact = json.loads(frame.format(text), parse_float=Decimal)
    again = json.loads(canonical_json.dumps(parsed), parse_float=Decimal)
    assert again == exact


@pytest.mark.parametrize("text", ["6a39e37a-ec29-5d54-b122-71d1e3931406", "a" + "1" * 40])
def test_digits_in_a_string_are_text(text: str) -> None:
    assert canonical_json.loads(f'{{"rid":"{text}","a":["{text}"]}}') == {"rid": text, "a": [text]}


@given(st.decimals(allow_nan=False, allow_infinity=False), st.text())
def test_any_number_and_text_survive(number: Decimal, text: str) -> None:
    raw = f'{{"n":{number:f},"t":{json.dumps(text)}}}'.encode()

    parsed = canonical_json.loads(raw)

    assert Decimal(str(parsed["n"])) == number
    assert parsed["t"] == text
