"""The tabular formats, how one is recognised, and what is no table at all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from oms_project.core.errors import Invalid

__all__ = ["TABULAR_FORMATS", "TableFormat", "detect_format", "find_table_format"]


@dataclass(frozen=True, slots=True)
class TableFormat:
    """One format.

    Attributes:
        name: what it is called in commands and queries.
        title: what people call it.
        extensions, media_types: what it is recognised by; the first is the usual one.
    """

    name: str
    title: str
    extensions: tuple[str, ...]
    media_types: tuple[str, ...]


JSON_LINES: Final = TableFormat(
    "jsonl",
    "JSON Lines",
    ("jsonl", "ndjson"),
    ("application/x-ndjson", "application/jsonl", "application/x-jsonlines"),
)
CSV: Final = TableFormat("csv", "CSV", ("csv", "tsv", "tab"), ("text/csv",))
PARQUET: Final = TableFormat(
    "parquet",
    "Parquet",
    ("parquet", "pq"),
    ("application/vnd.apache.parquet", "application/x-parquet"),
)
TABULAR_FORMATS: tuple[TableFormat, ...] = (JSON_LINES, CSV, PARQUET)

_BY_NAME = {
    name: item
    for item in TABULAR_FORMATS
    for name in (item.name, *item.extensions, *item.media_types)
}
_OTHER = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip (or a spreadsheet)",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet",
    b"%PDF": "PDF",
}


def find_table_format(text: str) -> TableFormat:
    """The format that is called ``text``: a name, an extension or a media type.

    Raises:
        Invalid: there is none.
    """
    found = _BY_NAME.get(text.strip().lower().removeprefix("."))
    if found is None:
        raise Invalid(
            f"'{text[:50]}' is no format for rows: use "
            f"{', '.join(item.name for item in TABULAR_FORMATS)}.",
            code="table_format",
        )
    return found


def detect_format(name: str, head: bytes, given: str | None = None) -> TableFormat:
    """The format of a file, by what was said of it, its name, or what it begins with.

    Args:
        name: of the file.
        head: its first bytes.
        given: a name, extension or media type; None or empty when nothing was said.

    Raises:
        Invalid: it is no format for rows, is compressed, or is another one than was said.
    """
    for mark, what in _OTHER.items():
        if head.startswith(mark):
            raise Invalid(
                f"{name} is {what}: unpack it, and load the CSV, JSON Lines or Parquet in it.",
                code="table_format",
            )
    is_parquet = head.startswith(b"PAR1")
    if given:
        found = find_table_format(given)
    else:
        extension = PurePath(name).suffix.lower().removeprefix(".")
        found = _BY_NAME.get(extension) or (
            PARQUET
            if is_parquet
            else JSON_LINES
            if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
            else CSV
        )
    if (found is PARQUET) != is_parquet:
        really = "Parquet" if is_parquet else "no Parquet file"
        raise Invalid(
            f"{name} is said to be {found.title}, but it is {really}.", code="table_format"
        )
    if found is not PARQUET and head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        raise Invalid(
            f"{name} is one JSON list: write its items as JSON Lines, one object per line "
            "(jq -c '.[]').",
            code="table_format",
        )
    return found
