"""How results of operators' commands look, and how moments are typed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer

from oms_project.core.clock import isoformat, utc_now
from oms_project.core.errors import Invalid
from oms_project.management.base import OperatorCommand
from oms_project.management.options import Format

__all__ = ["Limit", "ResultCommand", "moment", "plain"]

T = TypeVar("T")

Limit = Annotated[
    int | None,
    typer.Option("--limit", min=1, metavar="N", help="At most so many.", show_default="all"),
]


class ResultCommand(OperatorCommand):
    """Base of commands that show values and tables, for people or as JSON."""

    def show(self, value: Any, text: str, output_format: Format) -> None:
        """One result: JSON, or a sentence."""
        if output_format is Format.JSON:
            self.json(plain(value))
        else:
            self.line(text)

    def show_table(
        self,
        pages: Iterable[Sequence[T]],
        columns: Sequence[str],
        row: Callable[[T], Sequence[str]],
        output_format: Format,
    ) -> None:
        """Several results, a page at a time: ``{"items": […]}``, or a table whose columns grow
        where a later page needs it.
        """
        if output_format is Format.JSON:
            self._stream(pages)
            return
        lines = [list(columns)]
        widths = [0] * len(columns)
        for page in pages:
            lines += [[str(cell) for cell in row(value)] for value in page]
            widths = [
                max(width, *(len(line[index]) for line in lines))
                for index, width in enumerate(widths)
            ]
            for line in lines:
                cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
                self.line("  ".join(cells).rstrip())
            lines = []

    def _stream(self, pages: Iterable[Sequence[Any]]) -> None:
        # Nothing is written before the first page is there: it may be refused instead.
        before = '{\n  "items": ['
        for page in pages:
            for value in page:
                text = json.dumps(plain(value), ensure_ascii=False, indent=2)
                # A line break stands between tokens only; inside a text it is escaped.
                self.stdout.write(before + "\n    " + text.replace("\n", "\n    "), ending="")
                before = ","
        self.stdout.write(before + "]\n}" if before != "," else "\n  ]\n}")


def plain(value: Any) -> Any:
    """A frozen value as JSON."""
    return _json(asdict(value) if hasattr(value, "__dataclass_fields__") else value)


def moment(text: str | None) -> datetime | None:
    """A moment as it is typed: ``2026-12-31``, ``2026-12-31T12:00:00Z``, or ``30d``, ``12h`` from
    now.

    Raises:
        Invalid: it is none of these.
    """
    if text is None:
        return None
    if text[:-1].isdigit() and len(text) < 8 and text[-1] in "dh":
        number = int(text[:-1])
        return utc_now() + (timedelta(days=number) if text[-1] == "d" else timedelta(hours=number))
    try:
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise Invalid(
            f"'{text}' is no moment: write 2026-12-31, 2026-12-31T12:00:00Z, 30d or 12h.",
            code="bad_moment",
        ) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _json(value: Any) -> Any:
    match value:
        case datetime():
            return isoformat(value)
        case dict():
            return {str(name): _json(one) for name, one in value.items()}
        case UUID():
            return str(value)
        case list() | tuple():
            return [_json(one) for one in value]
        case _:
            return value
