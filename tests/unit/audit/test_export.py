"""Exports: nothing in a cell becomes a formula, and JSON lines hold what was hashed."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.domain.export import COLUMNS, csv_lines, json_lines


def rows(*members: dict[str, object]) -> list[dict[str, str]]:
    text = "".join(csv_lines((number, one) for number, one in enumerate(members)))
    return list(csv.DictReader(io.StringIO(text)))


def test_every_member_has_its_column() -> None:
    (row,) = rows(
        {
            "id": "e1",
            "time": "t",
            "actor": {"id": "a", "username": "alice"},
            "changes": {"x": [1, 2]},
        }
    )
    assert list(row) == ["index", *COLUMNS]
    assert (row["index"], row["id"], row["actor"], row["changes"]) == (
        "0",
        "e1",
        "alice",
        '{"x":[1,2]}',
    )
    assert row["ontology"] == ""


def test_no_events_are_a_header() -> None:
    assert "".join(csv_lines([])).strip() == ",".join(("index", *COLUMNS))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_no_cell_is_a_formula(start: str) -> None:
    (row,) = rows({"message": f"{start}cmd|' /C calc'!A0"})
    assert row["message"].startswith("'")


@given(st.text(), st.text())
def test_any_text_comes_back(message: str, name: str) -> None:
    clean = message.replace("\r", "").replace("\n", "").replace("\x00", "")
    (row,) = rows({"message": clean, "actor": {"username": name.replace("\x00", "")}})
    assert row["message"].removeprefix("'") == clean.removeprefix("'")


def test_json_lines_hold_the_body_as_it_is() -> None:
    body = '{"id":"e1","n":1.10}'
    (line,) = json_lines([(None, body)])
    assert line == f'{{"index":null,"event":{body}}}\n'
    assert json.loads(line)["event"]["id"] == "e1"
