"""Writing tables: rows out as JSON Lines, CSV or Parquet, in bounded memory."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from oms_project.core.canonical_json import dumps, dumps_text
from oms_project.core.errors import Invalid
from ontology.domain.datatypes import DataType, parse_data_type
from ontology.interop.tabular.formats import find_table_format
from ontology.interop.tabular.mapping import FieldSpec

__all__ = ["write_table"]

Row = Mapping[str, Any]
_GROUP: Final = 20_000


def write_table(
    rows: Iterator[Sequence[Row]],
    fields: Sequence[FieldSpec],
    format: str,  # noqa: A002 - as in read
) -> Iterator[bytes]:
    """A file of ``rows``, piece by piece.

    Args:
        rows: batches of rows: name -> value; what a row does not have is left empty.
        fields: the columns, in order; JSON Lines hold whatever the rows hold.
        format: a name of ``TABULAR_FORMATS``.

    Raises:
        Invalid: an unknown format, or (while it is written) a value that Parquet cannot hold.
    """
    name = find_table_format(format).name
    if name == "jsonl":
        return _json_lines(rows)
    return _csv(rows, fields) if name == "csv" else _parquet(rows, fields)


def _json_lines(rows: Iterator[Sequence[Row]]) -> Iterator[bytes]:
    for batch in rows:
        yield b"".join([dumps(row) + b"\n" for row in batch])


def _csv(rows: Iterator[Sequence[Row]], fields: Sequence[FieldSpec]) -> Iterator[bytes]:
    """RFC 4180 in UTF-8. Text is quoted, so that an empty text differs from none; what looks like
    a formula is data, and stays as it is.
    """
    names = [field.name for field in fields]
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerow(names)
    for batch in rows:
        for row in batch:
            buffer.write(",".join([_cell(row.get(name)) for name in names]))
            buffer.write("\r\n")
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()
    if buffer.tell():
        yield buffer.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, (int, float, Decimal)):
        return str(value)
    text = value if isinstance(value, str) else dumps_text(value)
    # A word that a reader may take for nothing is safe in quotes, and so is nothing at all.
    if text.isalnum() and text.isascii() and not text.isalpha():
        return text
    return '"' + text.replace('"', '""') + '"'


def _parquet(rows: Iterator[Sequence[Row]], fields: Sequence[FieldSpec]) -> Iterator[bytes]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    made = [(field, *_arrow_type(pa, field)) for field in fields]
    schema = pa.schema([pa.field(field.name, kind) for field, kind, _ in made])
    sink = _Sink()
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        held: list[Row] = []

        def flush() -> None:
            arrays = []
            for field, kind, convert in made:
                try:
                    cells = [
                        None if (value := row.get(field.name)) is None else convert(value)
                        for row in held
                    ]
                    arrays.append(pa.array(cells, type=kind))
                except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, ValueError) as error:
                    raise Invalid(
                        f"Parquet cannot hold the values of {field.name}: {str(error)[:200]} "
                        "Use JSON Lines or CSV.",
                        code="parquet_value",
                    ) from error
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            held.clear()

        for batch in rows:
            held.extend(batch)
            if len(held) >= _GROUP:
                flush()
                yield sink.take()
        if held:
            flush()
    yield sink.take()


class _Sink(io.RawIOBase):
    """Keeps what is written until it is taken."""

    def __init__(self) -> None:
        super().__init__()
        self._held = io.BytesIO()
        self._position = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._position += len(data)
        return self._held.write(data)

    def tell(self) -> int:
        return self._position

    def take(self) -> bytes:
        """What was written since the last time."""
        found = self._held.getvalue()
        self._held = io.BytesIO()
        return found


def _arrow_type(pa: Any, field: FieldSpec) -> tuple[Any, Callable[[Any], Any]]:
    """The Arrow type of a column, and what makes its cells of JSON values."""
    if len(field.data_types) != 1:
        return pa.string(), _text
    try:
        data_type = parse_data_type(field.data_types[0])
    except ValueError:
        return pa.string(), _text
    kind, convert = _single_type(pa, data_type)
    if field.array:
        return pa.list_(kind), lambda value: [convert(item) for item in value]
    return kind, convert


def _single_type(pa: Any, data_type: DataType) -> tuple[Any, Callable[[Any], Any]]:
    name = data_type.name
    if name in ("integer", "long"):
        return pa.int64(), _same
    if name == "decimal" and data_type.parameters and data_type.parameters[0] <= 38:
        return pa.decimal128(*data_type.parameters), _decimal
    if name == "double":
        return pa.float64(), float
    if name == "boolean":
        return pa.bool_(), _same
    if name == "date":
        return pa.date32(), dt.date.fromisoformat
    if name == "timestamp":
        return pa.timestamp("us", tz="UTC"), dt.datetime.fromisoformat
    if name == "vector":
        return pa.list_(pa.float64()), _same
    if name == "langString":
        return pa.map_(pa.string(), pa.string()), lambda value: list(value.items())
    if name == "geopoint":
        return (
            pa.struct([("latitude", pa.float64()), ("longitude", pa.float64())]),
            _same,
        )
    return pa.string(), _text


def _same(value: Any) -> Any:
    return value


def _decimal(value: Any) -> Decimal:
    return Decimal(repr(value) if isinstance(value, float) else value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else dumps_text(value)
