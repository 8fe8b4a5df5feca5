"""Parquet: columns with types of their own."""

from __future__ import annotations

import base64
import datetime as dt
import math
import uuid
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Self

import pyarrow as pa
import pyarrow.parquet as pq

from oms_project.core.errors import Invalid
from ontology.interop.tabular.arrow import codes_of
from ontology.interop.tabular.batch import MAX_ROW_BYTES, Batch, Column, RowProblem, TableColumn
from ontology.interop.tabular.csv_reader import coerced
from ontology.interop.tabular.formats import PARQUET, TableFormat
from ontology.interop.tabular.mapping import Columns

__all__ = ["ParquetTable", "type_name"]

_ROWS: Final = 8192


class ParquetTable:
    """A Parquet file.

    Raises:
        Invalid: it is none, or is damaged.
    """

    format: TableFormat = PARQUET
    encoding = ""

    def __init__(self, path: Path, name: str) -> None:
        self._name = name
        self.size = path.stat().st_size
        try:
            schema = pq.read_schema(path)
            # Texts stay one copy each, however often they stand in the file.
            texts = [
                field.name
                for field in schema
                if pa.types.is_string(field.type) or pa.types.is_binary(field.type)
            ]
            self._file = pq.ParquetFile(
                path,
                read_dictionary=texts,
                thrift_string_size_limit=64 * 1024 * 1024,
                thrift_container_size_limit=1_000_000,
            )
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
            raise self._refusal(error) from error
        self.columns = tuple(TableColumn(field.name, type_name(field.type)) for field in schema)
        self._types = {field.name: field.type for field in schema}
        if len(self._types) < len(schema):
            self._file.close()
            raise Invalid(
                f"{name}: two columns have one name: rename one of them.", code="table_header"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def batches(self, columns: Columns) -> Iterator[Batch]:
        """See ``Table``."""
        filled = columns.resolve([column.name for column in self.columns])
        wanted = [name for name, parts in filled.items() if parts]
        total = max(1, self._file.metadata.num_rows)
        start = 1
        for record in self._records(wanted):
            count = record.num_rows
            if record.nbytes > MAX_ROW_BYTES * 64:
                raise Invalid(
                    f"{self._name}, row {start}: rows with too much in them.",
                    code="row_too_large",
                    data={"row": start},
                )
            numbers = range(start, start + count)
            problems: list[RowProblem] = []
            made: dict[str, Column] = {}
            for name, array in zip(record.schema.names, record.columns, strict=True):
                for part in filled[name]:
                    made[part] = self._column(array, name, part, columns, numbers, problems)
            start += count
            yield Batch(numbers, made, problems=problems, position=(start - 1) * self.size // total)

    def _records(self, wanted: list[str]) -> Iterator[Any]:
        try:
            yield from self._file.iter_batches(
                batch_size=_ROWS, columns=wanted or None, use_threads=False
            )
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
            raise self._refusal(error) from error

    def _refusal(self, error: Exception) -> Invalid:
        return Invalid(
            f"{self._name} cannot be read as Parquet: {str(error)[:300]}", code="bad_parquet"
        )

    def _column(
        self,
        array: Any,
        name: str,
        part: str,
        columns: Columns,
        numbers: Sequence[int],
        problems: list[RowProblem],
    ) -> Column:
        kind = self._types[name]
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            coerce = columns.coercer(part)
            nulls = columns.nulls
            if columns.is_text(part):
                return coerced(
                    array, name, lambda text: None if text in nulls else text, numbers, problems
                )
            return coerced(
                array, name, lambda text: None if text in nulls else coerce(text), numbers, problems
            )
        plain = _plain(kind)
        if pa.types.is_nested(kind):  # such values have no codes
            found = [None if value is None else plain(value) for value in array.to_pylist()]
            return Column(found, list(range(len(found))))
        values, codes = codes_of(array)
        return Column([None if value is None else plain(value) for value in values], codes)


def type_name(kind: Any) -> str:
    """The data type that an Arrow type comes nearest to."""
    types = pa.types
    if types.is_dictionary(kind):
        kind = kind.value_type
    for test, name in _NAMES:
        if test(kind):
            return name
    if types.is_decimal(kind):
        return f"decimal({kind.precision},{max(0, kind.scale)})"
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return f"list:{type_name(kind.value_type)}"
    if types.is_uint64(kind):
        return "integer"
    if types.is_integer(kind):
        return "long" if kind.bit_width == 64 else "integer"
    return "json"


_NAMES: tuple[tuple[Callable[[Any], bool], str], ...] = (
    (pa.types.is_boolean, "boolean"),
    (pa.types.is_floating, "double"),
    (pa.types.is_string, "string"),
    (pa.types.is_large_string, "string"),
    (pa.types.is_null, "string"),
    (pa.types.is_date, "date"),
    (pa.types.is_timestamp, "timestamp"),
    (pa.types.is_time, "time"),
    (pa.types.is_duration, "duration"),
    (pa.types.is_binary, "binary"),
    (pa.types.is_large_binary, "binary"),
    (pa.types.is_fixed_size_binary, "binary"),
)


def _plain(kind: Any) -> Callable[[Any], Any]:
    """What turns a Python value of an Arrow type into a JSON value."""
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return _same
    return _json_value


def _same(value: Any) -> Any:
    return value


def _json_value(value: Any) -> Any:
    """A value as JSON has it; what JSON cannot say of a number is no value."""
    if value is None or isinstance(value, (str, bool, int, Decimal)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return _duration(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, dict):
        return {str(name): _json_value(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        if value and all(isinstance(item, tuple) and len(item) == 2 for item in value):
            return {str(name): _json_value(item) for name, item in value}  # a map
        return [_json_value(item) for item in value]
    return str(value)


def _duration(value: dt.timedelta) -> str:
    sign = "-" if value < dt.timedelta() else ""
    value = abs(value)
    seconds = f"{value.seconds}.{value.microseconds:06d}".rstrip("0").rstrip(".")
    return f"{sign}P{value.days}DT{seconds}S"
