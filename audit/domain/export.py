"""Events as CSV and as JSON lines."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from oms_project.core import canonical_json

__all__ = ["COLUMNS", "FORMATS", "csv_lines", "json_lines"]

#: Format -> media type.
FORMATS: Final = {"csv": "text/csv", "jsonl": "application/jsonl"}

#: Column -> path in the event.
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "time": ("time",),
    "action": ("action",),
    "outcome": ("outcome",),
    "actor": ("actor", "username"),
    "actor_id": ("actor", "id"),
    "actor_kind": ("actor", "kind"),
    "grant": ("actor", "grant"),
    "on_behalf_of": ("onBehalfOf", "username"),
    "on_behalf_of_id": ("onBehalfOf", "id"),
    "reason": ("reason",),
    "subject_type": ("subject", "type"),
    "subject_id": ("subject", "id"),
    "subject_name": ("subject", "name"),
    "ontology": ("ontology",),
    "branch": ("branch",),
    "commit": ("commit",),
    "door": ("source", "door"),
    "address": ("source", "address"),
    "agent": ("source", "agent"),
    "operation": ("source", "operation"),
    "request_id": ("requestId",),
    "message": ("message",),
    "changes": ("changes",),
    "data": ("data",),
    "id": ("id",),
}

# What makes a spreadsheet take a cell for a formula (OWASP, "CSV Injection").
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def json_lines(events: Iterable[tuple[int | None, str]]) -> Iterator[str]:
    """``(place, body)`` as lines ``{"index": …, "event": …}``; the body stands as it is hashed."""
    for index, body in events:
        place = "null" if index is None else str(index)
        yield f'{{"index":{place},"event":{body}}}\n'


def csv_lines(events: Iterable[tuple[int | None, Mapping[str, Any]]]) -> Iterator[str]:
    """``(place, members)`` as CSV (RFC 4180) with a header; a cell that a spreadsheet would take
    for a formula begins with an apostrophe.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(("index", *COLUMNS))
    for index, members in events:
        cells = (_cell(_at(members, path)) for path in COLUMNS.values())
        writer.writerow(("" if index is None else index, *cells))
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    if buffer.tell():
        yield buffer.getvalue()


def _at(members: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = members
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else canonical_json.dumps_text(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
