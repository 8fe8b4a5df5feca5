"""Rows on their way in: some thousand at a time, column by column where the format allows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["MAX_ROW_BYTES", "Batch", "Column", "RowProblem", "TableColumn"]

#: One row, with all its cells, as it stands in the file. (The CSV parser reads up to 32 such blocks
#: ahead, so this bounds its memory too.)
MAX_ROW_BYTES: Final = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Why a row cannot be taken.

    Attributes:
        row: its number, from 1. A CSV file's header is not counted, nor are blank lines; in JSON
            Lines it is the number of the line.
        column: the file's name of the column; empty when the whole row is meant.
        values: what the row holds, where it could not be read into columns.
    """

    row: int
    column: str
    rule: str
    message: str
    values: Any = None

    def as_dict(self) -> dict[str, Any]:
        """As reports and errors show it."""
        return {
            "row": self.row,
            "column": self.column,
            "rule": self.rule,
            "message": self.message,
        }


@dataclass(slots=True)
class Column:
    """One property of a batch.

    Attributes:
        values: every value that occurs, usually far fewer than there are rows; None: no value.
        codes: for each row the position of its value in ``values``.
    """

    values: list[Any]
    codes: list[int]

    def __iter__(self) -> Iterator[Any]:
        return map(self.values.__getitem__, self.codes)


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a file, as the start of the file shows it."""

    name: str
    type: str


@dataclass(slots=True)
class Batch:
    """Rows that follow each other in a file.

    Attributes:
        numbers: the rows' numbers, one per row, rising.
        columns: property -> its values, for a format in columns; None for rows as they come.
        problems: of these rows, and of rows that are in no batch because they could not be read.
        position: bytes of the file that have been read; an estimate, for progress.
    """

    numbers: Sequence[int]
    columns: dict[str, Column] | None
    given: list[dict[str, Any]] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    position: int = 0

    def __len__(self) -> int:
        return len(self.numbers)

    def rows(self) -> list[dict[str, Any]]:
        """Property -> value of each row. What has no value is left out; of rows as they come, only
        what they do not mention (null is there as None).
        """
        if self.columns is None:
            return self.given
        return rows_of(self.columns, len(self.numbers))

    def keep(self, positions: Sequence[int]) -> Batch:
        """The batch with only the rows at ``positions``, without its problems."""
        columns = self.columns
        return Batch(
            numbers=[self.numbers[at] for at in positions],
            columns=None
            if columns is None
            else {
                name: Column(column.values, [column.codes[at] for at in positions])
                for name, column in columns.items()
            },
            given=[self.given[at] for at in positions] if columns is None else [],
            position=self.position,
        )


def rows_of(columns: Mapping[str, Column], count: int) -> list[dict[str, Any]]:
    """The rows that ``columns`` make."""
    full = {name: column for name, column in columns.items() if None not in column.values}
    if not full:
        rows: list[dict[str, Any]] = [{} for _ in range(count)]
    else:
        names = tuple(full)
        made = zip(*map(list, full.values()), strict=True)
        rows = [dict(zip(names, row, strict=True)) for row in made]
    for name, column in columns.items():
        if name in full:
            continue
        for row, value in zip(rows, column, strict=True):
            if value is not None:
                row[name] = value
    return rows
