from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oms_project.core.errors import Invalid
from ontology.interop.tabular import (
    MAX_ROW_BYTES,
    Columns,
    FieldSpec,
    RowProblem,
    open_table,
    parse_mapping,
)

FIELDS = (
    FieldSpec("code", ("string",)),
    FieldSpec("firstSeen", ("date",)),
    FieldSpec("weight", ("double",)),
    FieldSpec("count", ("integer",)),
    FieldSpec("tags", ("string",), array=True),
)
Read = Callable[..., tuple[list[dict[str, Any]], list[int], list[RowProblem]]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Rows, their numbers, and problems of a file with these bytes."""

    def call(
        data: bytes | str, mapping: Any = None, fields: tuple[FieldSpec, ...] = FIELDS
    ) -> tuple[list[dict[str, Any]], list[int], list[RowProblem]]:
        path = tmp_path / "things.csv"
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        parsed = parse_mapping(mapping)
        rows: list[dict[str, Any]] = []
        numbers: list[int] = []
        problems: list[RowProblem] = []
        with open_table(path, options=parsed.csv) as table:
            for batch in table.batches(Columns(parsed, fields)):
                rows += batch.rows()
                numbers += batch.numbers
                problems += batch.problems
        return rows, numbers, problems

    return call


def test_headers_are_the_properties_names_also_in_snake_case(read: Read) -> None:
    rows, numbers, problems = read("code,first_seen,WEIGHT\nA,2026-07-05,1.5\nB,,\n")
    assert rows == [{"code": "A", "firstSeen": "2026-07-05", "weight": 1.5}, {"code": "B"}]
    assert numbers == [1, 2]
    assert problems == []


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(read: Read, delimiter: str) -> None:
    text = delimiter.join(("code", "count")) + "\r\n" + delimiter.join(('"a,b;c"', "2")) + "\r\n"
    assert read(text)[0] == [{"code": "a,b;c", "count": 2}]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "서울"),
        ("utf-8-sig", "서울"),
        ("utf-16", "서울"),
        ("utf-16-le", "Seoul"),
        ("utf-16-be", "Seoul"),
        ("utf-32", "서울"),
        ("cp949", "대한민국 서울특별시"),
        ("cp1252", "Zürich, Genève – Neuchâtel"),
    ],
)
def test_the_encoding_is_found(read: Read, encoding: str, text: str) -> None:
    assert read(f'code,count\n"{text}",1\n'.encode(encoding))[0] == [{"code": text, "count": 1}]


def test_an_encoding_that_is_told_counts(read: Read) -> None:
    rows, _, _ = read("code\né\n".encode("cp1252"), {"csv": {"encoding": "cp1252"}})
    assert rows == [{"code": "é"}]


def test_text_that_is_not_of_its_encoding_is_refused(read: Read) -> None:
    with pytest.raises(Invalid) as caught:
        read(b"code\n\x81\n", {"csv": {"encoding": "cp949"}})
    assert caught.value.error_code == "encoding"


def test_a_bad_byte_is_one_bad_cell(read: Read) -> None:
    data = "code,count\n서울,1\nb".encode() + b"\xff" + ",2\n부산,3\n".encode()
    rows, numbers, problems = read(data)
    assert [row.get("code") for row in rows] == ["서울", "b\N{REPLACEMENT CHARACTER}", "부산"]
    assert numbers == [1, 2, 3]
    (problem,) = problems
    assert (problem.row, problem.column, problem.rule) == (2, "code", "encoding")
    assert problem.message == "byte 0xff is no UTF-8 in 'b\N{REPLACEMENT CHARACTER}'."


def test_ragged_rows_are_told_with_their_numbers_and_the_others_keep_theirs(read: Read) -> None:
    lines = [
        "short" if number in (2, 3, 150_000, 200_000) else f"c{number},{number}"
        for number in range(1, 200_001)
    ]
    rows, numbers, problems = read("\n".join(["code,count", *lines]) + "\n")
    assert [problem.row for problem in problems] == [2, 3, 150_000, 200_000]
    assert problems[0].message == "the row has 1 cells instead of 2."
    assert problems[0].values == "short"
    assert len(rows) == 199_996
    assert all(row["count"] == number for row, number in zip(rows, numbers, strict=True))


def test_line_breaks_in_cells_and_blank_lines_do_not_shift_the_numbers(read: Read) -> None:
    rows, numbers, problems = read('"code","count"\n"a\nb",1\n\n\nshort\n"say ""hi""",x\n')
    assert rows == [{"code": "a\nb", "count": 1}, {"code": 'say "hi"', "count": "x"}]
    assert numbers == [1, 3]
    assert [(item.row, item.column, item.message) for item in problems] == [
        (2, "", "the row has 1 cells instead of 2."),
        (3, "count", "'x' is not a whole number."),
    ]


def test_every_row_with_a_wrong_text_is_told(read: Read) -> None:
    _, _, problems = read("code,count\na,1\nb,many\nc,3\nd,many\n")
    assert [problem.as_dict() for problem in problems] == [
        {
            "row": row,
            "column": "count",
            "rule": "data-type",
            "message": "'many' is not a whole number.",
        }
        for row in (2, 4)
    ]


def test_an_empty_cell_is_nothing_and_empty_quotes_are_an_empty_text(read: Read) -> None:
    assert read('code,count\n,1\n"",2\n')[0] == [{"count": 1}, {"code": "", "count": 2}]


def test_words_for_nothing_hold_for_text_only_where_they_are_named(read: Read) -> None:
    text = 'code,count\nNA,NA\n"NA",1\n'
    assert read(text)[0] == [{"code": "NA"}, {"code": "NA", "count": 1}]
    assert read(text, {"nulls": ["NA"]})[0] == [{}, {"code": "NA", "count": 1}]


def test_one_column_may_have_empty_rows(read: Read) -> None:
    rows, numbers, _ = read("code\na\n\nb\n")
    assert rows == [{"code": "a"}, {}, {"code": "b"}]
    assert numbers == [1, 2, 3]


def test_a_file_without_a_header_gets_one_from_the_mapping(read: Read) -> None:
    rows, numbers, _ = read("a,1\nb,2\n", {"csv": {"header": ["code", "count"]}})
    assert rows == [{"code": "a", "count": 1}, {"code": "b", "count": 2}]
    assert numbers == [1, 2]


def test_an_unknown_column_is_refused_until_it_is_mapped(read: Read) -> None:
    with pytest.raises(Invalid) as caught:
        read("code,colour\na,red\n")
    assert caught.value.error_code == "unknown_column"
    assert caught.value.message == (
        "There is no property for colour. Map these columns to properties, or to null to leave "
        'them out ("columns": {"...": null}). '
        "Properties: code, firstSeen, weight, count, tags."
    )
    assert read("code,colour\na,red\n", {"columns": {"colour": None}})[0] == [{"code": "a"}]
    assert read("id,colour\na,red\n", {"columns": {"id": "code", "colour": None}})[0] == [
        {"code": "a"}
    ]


def test_two_columns_cannot_fill_one_property(read: Read) -> None:
    with pytest.raises(Invalid, match="both fill code"):
        read("code,Code \n1,2\n")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("code,code", "Columns 1 and 2 are both called 'code'"),
        ("code,", "Column 2 has no name"),
    ],
)
def test_a_header_must_name_every_column_once(read: Read, header: str, message: str) -> None:
    with pytest.raises(Invalid, match=message) as caught:
        read(f"{header}\n1,2\n")
    assert caught.value.message.startswith("things.csv: ")


def test_a_quote_that_is_never_closed_does_not_swallow_rows(read: Read) -> None:
    with pytest.raises(Invalid) as caught:
        read('code,count\na,1\nb,"2\nc,3\nd,4\n')
    assert caught.value.error_code == "bad_csv"
    assert "row 2: a quote is opened that is never closed" in caught.value.message


def test_a_quote_inside_text_is_only_a_character(read: Read) -> None:
    assert read('code,count\n5" pipe,1\nb,2\n')[0] == [
        {"code": '5" pipe', "count": 1},
        {"code": "b", "count": 2},
    ]


@pytest.mark.parametrize("size", [2 * MAX_ROW_BYTES + 100, 5 * MAX_ROW_BYTES])
def test_a_cell_has_a_bound(read: Read, size: int) -> None:
    with pytest.raises(Invalid) as caught:
        read(b"code,count\na,1\n" + b"x" * size + b",1\n")
    assert caught.value.error_code == "row_too_large"


def test_a_large_cell_is_fine(read: Read) -> None:
    size = 1_500_000
    rows, _, problems = read("code,count\n" + "a,1\n" * 100_000 + "x" * size + ",1\nb,2\n")
    assert len(rows[100_000]["code"]) == size
    assert rows[-1] == {"code": "b", "count": 2}
    assert problems == []


def test_lists_stand_in_a_cell_as_json_or_between_separators(read: Read) -> None:
    rows, _, _ = read('code,tags\na,"[""x"",""y|z""]"\nb,x|y\nc,\n')
    assert [row.get("tags") for row in rows] == [["x", "y|z"], ["x", "y"], None]
    assert read("code,tags\na,x; y\n", {"listSeparator": ";"})[0][0]["tags"] == ["x", "y"]


def test_dates_may_have_a_form_of_their_own(read: Read) -> None:
    rows, _, problems = read(
        "code,firstSeen\na,05.07.2026\nb,2026-07-05\n", {"dateFormats": {"firstSeen": "%d.%m.%Y"}}
    )
    assert rows[0]["firstSeen"] == "2026-07-05"
    assert problems[0].message == "'2026-07-05' is not a date in the form %d.%m.%Y."


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\n\n"])
def test_an_empty_file_is_refused(read: Read, data: bytes) -> None:
    with pytest.raises(Invalid) as caught:
        read(data)
    assert caught.value.error_code == "empty_table"


@pytest.mark.parametrize("data", [b"code,count", b"code,count\n", b"code,count\r\n\r\n"])
def test_a_header_without_rows_is_an_empty_table(read: Read, data: bytes) -> None:
    assert read(data) == ([], [], [])


@pytest.mark.parametrize(
    ("data", "what"),
    [(b"\x1f\x8b\x08\x00", "gzip"), (b"PK\x03\x04rest", "zip"), (b"%PDF-1.7", "PDF")],
)
def test_what_is_no_table_is_refused_by_name(read: Read, data: bytes, what: str) -> None:
    with pytest.raises(Invalid, match=what) as caught:
        read(data)
    assert caught.value.error_code == "table_format"


def test_zero_bytes_are_no_text(read: Read) -> None:
    with pytest.raises(Invalid) as caught:
        read(b"code\n" + b"\x00\x01abc" * 30)
    assert caught.value.error_code == "not_text"


def test_what_looks_like_a_formula_is_data(read: Read) -> None:
    assert read('code\n=1+2\n"@SUM(A1)"\n')[0] == [{"code": "=1+2"}, {"code": "@SUM(A1)"}]


def test_an_old_mac_file_has_rows_too(read: Read) -> None:
    assert read(b"code,count\ra,1\rb,2\r")[0] == [
        {"code": "a", "count": 1},
        {"code": "b", "count": 2},
    ]
