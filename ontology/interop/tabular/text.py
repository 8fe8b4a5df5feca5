"""What a CSV file does not say of itself: its encoding, its delimiter, and where its rows begin."""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
from dataclasses import dataclass
from typing import Final

from oms_project.core.errors import Invalid

__all__ = ["SAMPLE_BYTES", "Dialect", "detect_dialect", "detect_encoding"]

#: What is looked at.
SAMPLE_BYTES: Final = 1024 * 1024
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like the one for UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DELIMITERS: Final = (",", ";", "\t", "|")
_ROWS: Final = 50


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a CSV file is written.

    Attributes:
        encoding: name of a Python codec.
        header: the names of the columns, in order.
        header_row: whether the first row is the header (else the names were given).
    """

    encoding: str
    delimiter: str
    quote: str
    header: tuple[str, ...]
    header_row: bool = True


def detect_encoding(sample: bytes) -> str:
    """The encoding of text that begins with ``sample``.

    A byte order mark decides; then UTF-8, even with a few bad bytes in it (they are reported row
    by row); then what Korean and western spreadsheets write.

    Raises:
        Invalid: this is no text.
    """
    for mark, name in _MARKS:
        if sample.startswith(mark):
            return name
    nulls = sample.count(0)
    if nulls:
        # ASCII in UTF-16 has a zero in every second byte.
        if nulls > len(sample) // 4:
            even, odd = sample[::2].count(0), sample[1::2].count(0)
            if min(even, odd) * 4 < max(even, odd):
                return "utf-16-le" if odd > even else "utf-16-be"
        raise Invalid("This is no text: there are zero bytes in it.", code="not_text")
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    text = decoder.decode(sample)
    bad = sum(1 for char in text if "\udc80" <= char <= "\udcff")
    good = sum(1 for char in text if char > "\x7f") - bad
    if not bad or good > bad:
        return "utf-8"
    try:
        korean = codecs.getincrementaldecoder("cp949")().decode(sample)
    except UnicodeDecodeError:
        korean = ""
    syllables = sum(1 for char in korean if "가" <= char <= "힣")
    if syllables * 2 > sum(1 for char in korean if char > "\x7f"):
        return "cp949"
    try:
        sample.decode("cp1252")
    except UnicodeDecodeError:
        return "utf-8"  # of no 8-bit code either: its bad bytes are reported
    # One stray byte is a bad byte; a text in another code has one in many rows.
    return "cp1252" if bad > 1 else "utf-8"


def detect_dialect(
    sample: bytes,
    *,
    whole: bool,
    encoding: str | None = None,
    delimiter: str | None = None,
    quote: str = '"',
    header: tuple[str, ...] = (),
) -> Dialect:
    """How the CSV file that begins with ``sample`` is written.

    Args:
        whole: the sample is the whole file.
        encoding, delimiter, quote: where they are known.
        header: the names of the columns of a file without a header row.

    Raises:
        Invalid: the encoding is unknown or does not fit, there is no header, or names in it are
            missing or repeated.
    """
    name = encoding or detect_encoding(sample)
    try:
        codec = codecs.lookup(name)
    except LookupError as error:
        raise Invalid(f"'{name[:50]}' is no encoding that is known.", code="encoding") from error
    if codec.name == "utf-8" and sample.startswith(codecs.BOM_UTF8):
        name = "utf-8-sig"
    errors = "replace" if codec.name.startswith("utf-8") else "strict"
    try:
        text = codecs.getincrementaldecoder(name)(errors).decode(sample)
    except UnicodeDecodeError as error:
        raise Invalid(
            f"The file is not {name}: byte {error.start + 1} cannot be read. "
            "Say which encoding it is.",
            code="encoding",
        ) from error
    if not whole:  # the last line may be cut
        text = text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text
    found = delimiter or _delimiter(text, quote)
    if len(found) != 1 or found in {quote, "\n", "\r"} or not found.isascii():
        raise Invalid(f"{found!r} cannot be a delimiter: use one character.", code="csv_dialect")
    if header:
        _check_header(header)
        return Dialect(name, found, quote, header, header_row=False)
    first = next(iter(_parsed(text, found, quote, 1)), None)
    if not first:
        raise Invalid("The file is empty: it has no header row.", code="empty_table")
    names = tuple(item.strip() for item in first)
    _check_header(names)
    return Dialect(name, found, quote, names)


def _check_header(names: tuple[str, ...]) -> None:
    seen: dict[str, int] = {}
    for position, name in enumerate(names, 1):
        if not name:
            raise Invalid(
                f"Column {position} has no name: give every column a name in the first row.",
                code="table_header",
            )
        if name in seen:
            raise Invalid(
                f"Columns {seen[name]} and {position} are both called '{name[:100]}': "
                "rename one of them.",
                code="table_header",
            )
        seen[name] = position


def _delimiter(text: str, quote: str) -> str:
    """The delimiter that gives the most columns, of those that give every row as many."""
    best, most = ",", 1
    for candidate in _DELIMITERS:
        rows = _parsed(text, candidate, quote, _ROWS)
        width = len(rows[0]) if rows else 0
        alike = sum(len(row) == width for row in rows)
        if width > most and alike * 5 >= len(rows) * 4:
            best, most = candidate, width
    return best


def _parsed(text: str, delimiter: str, quote: str, limit: int) -> list[list[str]]:
    """The first rows that are not blank."""
    rows: list[list[str]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quote)
    with contextlib.suppress(csv.Error):  # a huge cell: what was read before it will do
        for row in reader:
            if row:
                rows.append(row)
            if len(rows) >= limit:
                break
    return rows
