from __future__ import annotations

import itertools
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from oms_project.core.errors import Invalid
from ontology.interop.tabular import (
    MAX_ROW_BYTES,
    Columns,
    FieldSpec,
    RowProblem,
    open_table,
    parse_mapping,
    write_table,
)

FIELDS = (
    FieldSpec("text", ("string",)),
    FieldSpec("flag", ("boolean",)),
    FieldSpec("whole", ("integer",)),
    FieldSpec("real", ("double",)),
    FieldSpec("money", ("decimal(12,2)",)),
    FieldSpec("day", ("date",)),
    FieldSpec("moment", ("timestamp",)),
    FieldSpec("label", ("langString",)),
    FieldSpec("place", ("geopoint",)),
    FieldSpec("anything", ("json",)),
    FieldSpec("tags", ("string",), array=True),
    FieldSpec("vector", ("vector(2)",)),
)
ROWS: list[dict[str, Any]] = [
    {
        "text": 'say "hi", 서울\r\n=1+2',
        "flag": True,
        "whole": 2**53 + 1,
        "real": 0.1,
        "money": "12.5",
        "day": "2026-07-05",
        "moment": "2026-07-05T12:00:00.25Z",
        "label": {"en": "Seoul", "ko": "서울"},
        "place": {"latitude": 37.57, "longitude": 126.98},
        "anything": {"a": [1, None, "x"]},
        "tags": ["a|b", 'c"d', ""],
        "vector": [0.5, -1.0],
    },
    {"text": "", "flag": False, "whole": -1, "tags": []},
    {"text": "NA", "real": 3, "money": 7},
    {"whole": 0},
]


def read(path: Path, mapping: Any = None, **options: Any) -> tuple[list[Any], list[RowProblem]]:
    rows: list[Any] = []
    problems: list[RowProblem] = []
    with open_table(path) as table:
        for batch in table.batches(Columns(parse_mapping(mapping), FIELDS, **options)):
            rows += zip(batch.numbers, batch.rows(), strict=True)
            problems += batch.problems
    return rows, problems


def same(value: Any) -> Any:
    """Numbers by their value, whatever type they came in; times in one form."""
    if isinstance(value, dict):
        return {name: same(item) for name, item in value.items()}
    if isinstance(value, list):
        return [same(item) for item in value]
    if isinstance(value, str):
        return value.replace("+00:00", "Z").replace(".250000Z", ".25Z")
    return value if value is None or isinstance(value, bool) else float(value)


@pytest.mark.parametrize("format_", ["jsonl", "csv", "parquet"])
def test_what_is_written_is_read_again(tmp_path: Path, format_: str) -> None:
    path = tmp_path / f"rows.{format_}"
    path.write_bytes(b"".join(write_table(iter([ROWS[:1], ROWS[1:]]), FIELDS, format_)))
    rows, problems = read(path)
    assert problems == []
    wanted = [dict(row) for row in ROWS]
    wanted[0]["money"] = 12.5  # its digits, as a number or as text
    found = [{**row, "money": float(row["money"])} if "money" in row else row for _, row in rows]
    assert same(found) == same(wanted)
    assert [number for number, _ in rows] == [1, 2, 3, 4]


def test_a_csv_export_keeps_what_looks_like_a_formula(tmp_path: Path) -> None:
    made = b"".join(write_table(iter([[{"text": "=1+2"}]]), FIELDS[:1], "csv"))
    assert made == b'text\r\n"=1+2"\r\n'


def test_parquet_that_cannot_hold_a_value_says_so() -> None:
    with pytest.raises(Invalid) as caught:
        list(write_table(iter([[{"whole": 2**70}]]), FIELDS, "parquet"))
    assert caught.value.error_code == "parquet_value"
    assert caught.value.message.startswith("Parquet cannot hold the values of whole: ")


@pytest.mark.parametrize("format_", ["jsonl", "parquet"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, format_: str) -> None:
    def rows(count: int) -> Iterator[list[dict[str, Any]]]:
        numbers = iter(range(count))
        while chunk := list(itertools.islice(numbers, 1000)):
            yield [{"text": f"text number {number}" * 60, "whole": number} for number in chunk]

    path = tmp_path / f"large.{format_}"

    def peak(count: int) -> int:
        tracemalloc.start()
        with path.open("wb") as file:
            file.writelines(write_table(rows(count), FIELDS[:3], format_))
        with open_table(path) as table:
            read_rows = sum(
                len(batch) for batch in table.batches(Columns(parse_mapping(None), FIELDS))
            )
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert read_rows == count
        return most

    small, large = peak(20_000), peak(60_000)
    assert large < small * 1.5


def test_memory_for_csv_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    rows = "".join(f"{'text' * 500} {number},{number}\n" for number in range(1000)).encode()
    with path.open("wb") as file:
        file.write(b"text,whole\n")
        file.writelines([rows] * 100)
    tracemalloc.start()
    with open_table(path) as table:
        count = sum(len(batch) for batch in table.batches(Columns(parse_mapping(None), FIELDS)))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 100_000
    assert table.size > 200_000_000
    assert most < 100_000_000


def test_json_lines_keep_their_line_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(
        b'\xef\xbb\xbf{"text": "a", "whole": null}\n\n'
        b'{"text": \n[1]\n"b"\n{"colour": 1}\n{"text": "\xff"}\n{"whole": 12345678901234567890123}'
    )
    rows, problems = read(path)
    assert rows == [(1, {"text": "a", "whole": None}), (8, {"whole": 12345678901234567890123})]
    assert [(item.row, item.column, item.rule) for item in problems] == [
        (3, "", "json"),
        (4, "", "json"),
        (5, "", "json"),
        (6, "colour", "unknown-column"),
        (7, "", "json"),
    ]
    assert problems[0].values == '{"text": '
    assert problems[1].values == [1]


def test_json_lines_are_values_and_only_words_for_nothing_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_text('{"whole": "12", "text": "NA", "day": "5.7.2026"}\n{"day": "x"}\n')
    assert read(path)[0][0][1] == {"whole": "12", "text": "NA", "day": "5.7.2026"}
    rows, problems = read(path, {"nulls": ["NA"], "dateFormats": {"day": "%d.%m.%Y"}})
    assert rows[0][1] == {"whole": "12", "text": None, "day": "2026-07-05"}
    assert [(item.row, item.column) for item in problems] == [(2, "day")]


def test_a_line_has_a_bound(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a"}\n{"text": "' + "x" * MAX_ROW_BYTES + '"}\n')
    with pytest.raises(Invalid) as caught:
        read(path)
    assert caught.value.error_code == "row_too_large"
    assert caught.value.message.startswith("a.jsonl, row 2: ")


def test_a_json_list_is_told_how_to_become_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps([{"text": "a"}]))
    with pytest.raises(Invalid, match="jq -c"):
        read(path)


def test_parquet_types_become_json_values(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = pa.table(
        {
            "text": pa.array(["a", None, "a"]).dictionary_encode(),
            "whole": pa.array([1, None, 3], pa.int16()),
            "real": pa.array([1.5, float("nan"), None]),
            "moment": pa.array([0, 1_500_000, None], pa.timestamp("us", tz="Asia/Seoul")),
            "day": pa.array([0, 1, None], pa.date32()),
            "flag": pa.array([True, False, None]),
            "tags": pa.array([["x", "y"], [], None]),
            "label": pa.array([[("en", "a")], None, None], pa.map_(pa.string(), pa.string())),
            "anything": pa.array([{"a": 1, "b": None}, None, None]),
        }
    )
    pq.write_table(table, path)
    rows, problems = read(path)
    assert problems == []
    assert rows == [
        (
            1,
            {
                "text": "a",
                "whole": 1,
                "real": 1.5,
                "moment": "1970-01-01T09:00:00+09:00",
                "day": "1970-01-01",
                "flag": True,
                "tags": ["x", "y"],
                "label": {"en": "a"},
                "anything": {"a": 1},
            },
        ),
        (
            2,
            {
                "moment": "1970-01-01T09:00:01.500000+09:00",
                "day": "1970-01-02",
                "flag": False,
                "tags": [],
            },
        ),
        (3, {"text": "a", "whole": 3}),
    ]


def test_text_in_parquet_is_read_where_the_property_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"whole": ["1", "x", None], "text": ["1", "NA", ""]}), path)
    rows, problems = read(path)
    assert rows == [
        (1, {"whole": 1, "text": "1"}),
        (2, {"whole": "x", "text": "NA"}),
        (3, {"text": ""}),
    ]
    assert [item.as_dict() for item in problems] == [
        {
            "row": 2,
            "column": "whole",
            "rule": "data-type",
            "message": "'x' is not a whole number.",
        }
    ]


@pytest.mark.parametrize("damage", ["cut", "magic", "middle"])
def test_a_damaged_parquet_file_is_refused(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": [f"text {number}" for number in range(5000)]}), path)
    data = path.read_bytes()
    if damage == "middle":
        data = data[:10] + bytes(byte ^ 0xFF for byte in data[10:4000]) + data[4000:]
    path.write_bytes({"cut": data[:-20], "magic": data[4:]}.get(damage, data))
    with pytest.raises(Invalid):
        read(path)


def test_a_link_has_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("@id,@source,target,text\nx,Person/1,42,since\n")
    assert read(path, links=True)[0] == [
        (1, {"@source": "Person/1", "@target": "42", "text": "since"})
    ]
    path.write_text("a,b,c,text\n1,2,3,x\n")
    mapping = {"source": {"columns": ["a", "b"]}, "target": {"columns": ["c"]}}
    assert read(path, mapping, links=True)[0] == [
        (1, {"@source/0": "1", "@source/1": "2", "@target": "3", "text": "x"})
    ]
    with pytest.raises(Invalid, match="objects have none"):
        read(path, mapping)


@pytest.mark.parametrize(
    ("mapping", "field"),
    [
        ({"colums": {}}, "/colums"),
        ({"columns": {"a": 1}}, "/columns/a"),
        ({"csv": {"delimiter": ",,"}}, "/csv/delimiter"),
        ({"source": {}}, "/source/columns"),
        ([], ""),
    ],
)
def test_a_wrong_mapping_is_refused_by_name(mapping: Any, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_mapping(mapping)
    assert caught.value.error_code == "bad_mapping"
    assert [error["field"] for error in caught.value.errors] == [field]


def test_a_mapping_cannot_name_what_is_no_property() -> None:
    with pytest.raises(Invalid, match="no property here: colour"):
        Columns(parse_mapping({"constants": {"colour": "red"}}), FIELDS)
