"""Reading tables: a file, batch by batch, in bounded memory whatever its size."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from oms_project.core.errors import Invalid
from ontology.interop.tabular.batch import Batch, TableColumn
from ontology.interop.tabular.formats import TableFormat, detect_format
from ontology.interop.tabular.mapping import Columns, CsvOptions
from ontology.interop.tabular.text import SAMPLE_BYTES

__all__ = ["Table", "open_table"]


class Table(Protocol):
    """An open file of rows."""

    @property
    def format(self) -> TableFormat:
        """What it is."""
        ...

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        """The columns, with their types where the file says them; empty where every row has its
        own.
        """
        ...

    @property
    def size(self) -> int:
        """Bytes."""
        ...

    @property
    def encoding(self) -> str:
        """The encoding of a text file; empty for others."""
        ...

    def batches(self, columns: Columns) -> Iterator[Batch]:
        """The rows as ``columns`` maps them; may be asked for again.

        Raises:
            Invalid: the columns do not fit, or the file breaks off or cannot be read further.
        """
        ...


def open_table(
    path: Path,
    *,
    name: str = "",
    format: str | None = None,  # noqa: A002 - the word people use for it
    options: CsvOptions | None = None,
) -> AbstractContextManager[Table]:
    """Open a file of rows.

    Args:
        name: what to call it in messages; else its own name.
        format: a format's name, extension or media type, where the name does not tell.
        options: what is known of a CSV file.

    Raises:
        Invalid: it is no table, or its start cannot be read.
    """
    shown = name or path.name
    try:
        with path.open("rb") as file:
            head = file.read(SAMPLE_BYTES)
    except OSError as error:
        raise Invalid(f"'{shown}' cannot be read: {error.strerror}.", code="unreadable") from error
    if not head:
        raise Invalid(f"{shown} is empty.", code="empty_table")
    found = detect_format(shown, head[:4096], format)
    # The libraries are large: only the one that is needed is loaded.
    if found.name == "csv":
        from ontology.interop.tabular.csv_reader import CsvTable

        return CsvTable(path, shown, head, options or CsvOptions())
    if found.name == "jsonl":
        from ontology.interop.tabular.jsonl_reader import JsonLinesTable

        return JsonLinesTable(path, shown, head)
    from ontology.interop.tabular.parquet_reader import ParquetTable

    return ParquetTable(path, shown)
