"""CSV: parsed in columns, each distinct text of a column turned into a value once per batch."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final, Self

import pyarrow as pa
import pyarrow.csv as arrow_csv

from oms_project.core.errors import Invalid
from ontology.interop.tabular.arrow import codes_of
from ontology.interop.tabular.batch import MAX_ROW_BYTES, Batch, Column, RowProblem, TableColumn
from ontology.interop.tabular.formats import CSV, TableFormat
from ontology.interop.tabular.mapping import Columns, CsvOptions
from ontology.interop.tabular.text import SAMPLE_BYTES, detect_dialect
from ontology.interop.tabular.values import Coercer, shown

__all__ = ["CsvTable", "coerced"]

_CHUNK: Final = 256 * 1024
_UTF8 = ("utf-8", "utf8", "utf-8-sig", "utf_8", "utf_8_sig", "ascii")


class CsvTable:
    """A CSV file.

    Raises:
        Invalid: its header or encoding cannot be used.
    """

    format: TableFormat = CSV

    def __init__(self, path: Path, name: str, head: bytes, options: CsvOptions) -> None:
        self._path = path
        self._name = name
        self.size = path.stat().st_size
        try:
            self._dialect = detect_dialect(
                head,
                whole=len(head) < SAMPLE_BYTES,
                encoding=options.encoding,
                delimiter=options.delimiter,
                quote=options.quote,
                header=tuple(options.header),
            )
        except Invalid as error:
            error.args = (f"{name}: {error.message}",)
            error.message = f"{name}: {error.message}"
            raise
        self.encoding = self._dialect.encoding
        self.columns = tuple(TableColumn(header, "text") for header in self._dialect.header)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Each run over the batches closes its file by itself."""

    def batches(self, columns: Columns) -> Iterator[Batch]:
        """See ``Table``."""
        filled = columns.resolve(self._dialect.header)
        coercers = {part: columns.coercer(part) for parts in filled.values() for part in parts}
        encoding = None if self.encoding in _UTF8 else self.encoding
        with _Text(self._path, self._dialect.quote, encoding, self._name) as text:
            yield from self._batches(text, filled, coercers, columns.nulls)

    def _batches(
        self,
        text: _Text,
        filled: Mapping[str, tuple[str, ...]],
        coercers: Mapping[str, Coercer],
        nulls: frozenset[str],
    ) -> Iterator[Batch]:
        ragged = _Ragged(self._dialect.delimiter, header=self._dialect.header_row)
        headers = self._dialect.header
        position = {header: at for at, header in enumerate(headers)}
        wanted = [header for header in headers if filled[header]]
        last: Any = None
        start = 1
        for record in self._records(text, ragged, wanted, nulls):
            count = record.num_rows
            numbers, start = ragged.numbers(start, count)
            problems = ragged.problems(upto=start)
            made: dict[str, Column] = {}
            for header in wanted:
                array = record.column(str(position[header]))
                for part in filled[header]:
                    made[part] = coerced(array, header, coercers[part], numbers, problems)
            last = record
            yield Batch(numbers, made, problems=problems, position=text.position)
        rest = ragged.problems(upto=None)
        if rest:
            yield Batch((), {}, problems=rest, position=text.position)
        if text.quotes % 2 and last is not None and _ends_open(last):
            raise Invalid(
                f"{self._name}, row {start - 1}: a quote is opened that is never closed; all that "
                "follows it was taken for one cell.",
                code="bad_csv",
                data={"row": start - 1},
            )

    def _records(
        self, text: _Text, ragged: _Ragged, wanted: Sequence[str], nulls: frozenset[str]
    ) -> Iterator[Any]:
        headers = self._dialect.header
        names = [str(at) for at in range(len(headers))]
        # All columns are read when none is wanted: a batch without columns has no rows either.
        included = [str(headers.index(header)) for header in wanted] or names[:1]
        try:
            with arrow_csv.open_csv(
                text,
                read_options=arrow_csv.ReadOptions(
                    column_names=names,
                    skip_rows_after_names=int(self._dialect.header_row),
                    use_threads=False,  # else ragged rows come without their numbers
                    block_size=MAX_ROW_BYTES,
                ),
                parse_options=arrow_csv.ParseOptions(
                    delimiter=self._dialect.delimiter,
                    quote_char=self._dialect.quote,
                    newlines_in_values=True,
                    ignore_empty_lines=len(headers) > 1,
                    invalid_row_handler=ragged,
                ),
                convert_options=arrow_csv.ConvertOptions(
                    # Bytes: one bad byte is then one bad cell, not the end.
                    column_types=dict.fromkeys(names, pa.binary()),
                    include_columns=included,
                    null_values=["", *sorted(nulls)],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                ),
            ) as records:
                yield from records
        except pa.ArrowInvalid as error:
            raise self._refusal(error) from error

    def _refusal(self, error: Exception) -> Invalid:
        said = str(error)
        if "straddling" in said:
            return Invalid(
                f"{self._name}: a row is longer than {MAX_ROW_BYTES // 1024 // 1024} MB, or a quote is "
                "opened that is never closed.",
                code="row_too_large",
                data={"max_bytes": MAX_ROW_BYTES},
            )
        return Invalid(f"{self._name} cannot be read as CSV: {said[:300]}", code="bad_csv")


def coerced(
    array: Any,
    header: str,
    coerce: Coercer,
    numbers: Sequence[int],
    problems: list[RowProblem],
) -> Column:
    """An array of text (bytes) as values; what cannot be read stays text, and is in ``problems``."""
    texts, codes = codes_of(array)
    values: list[Any] = []
    wrong: dict[int, str] = {}
    for at, text in enumerate(texts):
        value: Any = None
        if text is not None:
            try:
                value = coerce(text.decode() if isinstance(text, bytes) else text)
            except UnicodeDecodeError as error:
                assert isinstance(text, bytes)
                value = text.decode(errors="replace")
                wrong[at] = f"byte 0x{text[error.start]:02x} is no UTF-8 in {shown(value)}"
            except ValueError as error:
                value = text.decode() if isinstance(text, bytes) else text
                wrong[at] = str(error)
        values.append(value)
    if wrong:
        problems += [
            RowProblem(
                numbers[row],
                header,
                "encoding" if wrong[code].startswith("byte 0x") else "data-type",
                f"{wrong[code]}.",
            )
            for row, code in enumerate(codes)
            if code in wrong
        ]
    return Column(values, codes)


class _Ragged:
    """Takes the rows with another number of cells; they are counted, but in no batch."""

    def __init__(self, delimiter: str, *, header: bool) -> None:
        self._offset = int(header)
        self._delimiter = delimiter
        self._rows: list[tuple[int, RowProblem]] = []
        self._taken = 0
        self._told = 0

    def __call__(self, row: Any) -> str:
        """Called by the parser, perhaps ahead of the batches that are read."""
        number = row.number - self._offset
        text = row.text if isinstance(row.text, str) else str(row.text)
        problem = RowProblem(
            number,
            "",
            "columns",
            f"the row has {row.actual_columns} cells instead of {row.expected_columns}.",
            values=text[:2000],
        )
        self._rows.append((number, problem))
        return "skip"

    def numbers(self, start: int, count: int) -> tuple[Sequence[int], int]:
        """The numbers of the next ``count`` good rows, and where to go on."""
        rows, at = self._rows, self._taken
        if at == len(rows) or rows[at][0] >= start + count:
            return range(start, start + count), start + count
        found: list[int] = []
        number = start
        while len(found) < count:
            if at < len(rows) and rows[at][0] == number:
                at += 1
            else:
                found.append(number)
            number += 1
        self._taken = at
        return found, number

    def problems(self, upto: int | None) -> list[RowProblem]:
        """Of the rows before ``upto`` (None: all) that were not told yet."""
        found: list[RowProblem] = []
        while self._told < len(self._rows) and (upto is None or self._rows[self._told][0] < upto):
            found.append(self._rows[self._told][1])
            self._told += 1
        return found


class _Text(io.RawIOBase):
    """A text file as UTF-8 that ends with a line break; its quotes are counted on the way.

    Args:
        encoding: of the file; None for UTF-8, whose bytes pass as they are.
    """

    def __init__(self, path: Path, quote: str, encoding: str | None, name: str) -> None:
        super().__init__()
        self._file: IO[bytes] = path.open("rb")
        self._quote = quote.encode()
        self._decoder = None if encoding is None else codecs.getincrementaldecoder(encoding)()
        self._encoding = encoding
        self._name = name
        self._rest = b""
        self._ended = False
        self.position = 0
        self.quotes = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if self._decoder is None:
            data = self._file.read(size)
        else:
            while not self._ended and (size < 0 or len(self._rest) < size):
                self._rest += self._decoded(self._file.read(_CHUNK))
            cut = len(self._rest) if size < 0 else size
            data, self._rest = self._rest[:cut], self._rest[cut:]
        self.position = self._file.tell()
        self.quotes += data.count(self._quote)
        if 0 < len(data) < size and not data.endswith((b"\r", b"\n")):
            data += b"\n"  # the last line
        return data

    def close(self) -> None:
        self._file.close()
        super().close()

    def _decoded(self, data: bytes) -> bytes:
        assert self._decoder is not None
        self._ended = not data
        try:
            return self._decoder.decode(data, final=self._ended).encode()
        except UnicodeDecodeError as error:
            raise Invalid(
                f"{self._name} is not {self._encoding}: a byte shortly before byte "
                f"{self._file.tell()} cannot be read. Say which encoding it is.",
                code="encoding",
            ) from error


def _ends_open(record: Any) -> bool:
    """Whether the last row of a batch has a line break in a cell."""
    at = record.num_rows - 1
    return at >= 0 and any(b"\n" in (column[at].as_py() or b"") for column in record.columns)
