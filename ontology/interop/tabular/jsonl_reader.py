"""JSON Lines: one object per line."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Self

from oms_project.core.canonical_json import loads
from oms_project.core.errors import Invalid
from ontology.interop.tabular.batch import MAX_ROW_BYTES, Batch, RowProblem, TableColumn
from ontology.interop.tabular.formats import JSON_LINES, TableFormat
from ontology.interop.tabular.mapping import Columns
from ontology.interop.tabular.values import Coercer

__all__ = ["JsonLinesTable"]

_ROWS: Final = 10_000
_BYTES: Final = 4 * 1024 * 1024


class JsonLinesTable:
    """A JSON Lines file. Values are JSON already, so they are taken as they are; only dates with a
    form of their own, and words for nothing, are what the mapping says.
    """

    format: TableFormat = JSON_LINES
    columns: tuple[TableColumn, ...] = ()
    encoding = "utf-8"

    def __init__(self, path: Path, name: str, head: bytes) -> None:
        self._path = path
        self._name = name
        self.size = path.stat().st_size
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise Invalid(f"{name} is UTF-16: JSON Lines are UTF-8.", code="encoding")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Each run over the batches closes its file by itself."""

    def batches(self, columns: Columns) -> Iterator[Batch]:
        """See ``Table``."""
        mapped = _Mapped(columns)
        batch = Batch([], None)
        taken = 0
        for number, line, position in self._lines():
            taken += len(line)
            if row := mapped.row(number, line, batch.problems):
                batch.given.append(row)
                batch.numbers.append(number)  # type: ignore[attr-defined]
            if len(batch.numbers) >= _ROWS or taken >= _BYTES:
                batch.position = position
                yield batch
                batch, taken = Batch([], None), 0
        if batch.numbers or batch.problems:
            batch.position = self.size
            yield batch

    def _lines(self) -> Iterator[tuple[int, bytes, int]]:
        """Lines that are not blank: number, bytes, and where the next one begins."""
        position = number = 0
        with self._path.open("rb") as file:
            while line := file.readline(MAX_ROW_BYTES + 1):
                number += 1
                position += len(line)
                if len(line) > MAX_ROW_BYTES:
                    raise Invalid(
                        f"{self._name}, row {number}: the line is longer than "
                        f"{MAX_ROW_BYTES // 1024 // 1024} MB.",
                        code="row_too_large",
                        data={"row": number, "max_bytes": MAX_ROW_BYTES},
                    )
                if number == 1:
                    line = line.removeprefix(codecs.BOM_UTF8)
                if not line.isspace() and line:
                    yield number, line, position


class _Mapped:
    """Turns lines into rows."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._parts: dict[str, tuple[str, ...]] = {}
        self._coercers: dict[str, Coercer] = {}

    def row(self, number: int, line: bytes, problems: list[RowProblem]) -> dict[str, Any] | None:
        """The values of a line; None, and a problem, for what is no object."""
        try:
            value = loads(line)
        except ValueError as error:
            text = line[:2000].decode(errors="replace").rstrip("\r\n")
            problems.append(
                RowProblem(number, "", "json", f"the line is not JSON: {error}.", values=text)
            )
            return None
        if not isinstance(value, Mapping):
            problems.append(
                RowProblem(number, "", "json", "the line is no JSON object.", values=value)
            )
            return None
        row: dict[str, Any] = {}
        known = self._parts
        for name, item in value.items():
            parts = known.get(name)
            if parts is None:
                try:
                    parts = known[name] = self._columns.of(name)
                except KeyError:
                    problems.append(
                        RowProblem(
                            number,
                            name[:200],
                            "unknown-column",
                            "there is no property of this name: map it, or leave it out.",
                            values=value,
                        )
                    )
                    return None
            for part in parts:
                row[part] = item
        if self._columns.nulls or self._columns.mapping.date_formats:
            self._worded(number, row, problems)
        return row

    def _worded(self, number: int, row: dict[str, Any], problems: list[RowProblem]) -> None:
        for name, item in list(row.items()):
            if not isinstance(item, str):
                continue
            if item in self._columns.nulls:
                row[name] = None
            elif self._columns.has_date_format(name):
                coerce = self._coercers.setdefault(name, self._columns.coercer(name))
                try:
                    row[name] = coerce(item)
                except ValueError as error:
                    problems.append(RowProblem(number, name, "data-type", f"{error}."))
