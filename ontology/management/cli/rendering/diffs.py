"""Differences between two commits as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.text import Text

from oms_project.management.text import clean
from ontology.contract import DiffResult, DocumentDiff, FieldChange
from ontology.domain.kinds import Kind
from ontology.management.cli.output import table
from ontology.management.cli.rendering.values import plural, short

__all__ = ["OPERATIONS", "diff_lines", "stat_lines"]

#: operation -> (mark, style, what it is called in a table)
OPERATIONS = {
    "create": ("+", "green", "created"),
    "update": ("~", "yellow", "updated"),
    "rename": ("→", "cyan", "renamed"),
    "delete": ("-", "red", "deleted"),
}
_ORDER = {kind.value: position for position, kind in enumerate(Kind)}
_FIELDS = {"add": ("+", "green"), "change": ("~", "yellow"), "remove": ("-", "red")}


def diff_lines(diff: DiffResult) -> Iterator[Text]:
    """Every changed document with every changed field, and the totals."""
    for change in diff.changes:
        yield from _document(change, diff.names)
    yield from _total(diff.stats)


def stat_lines(stats: Mapping[str, Mapping[str, int]]) -> Iterator[Text]:
    """The number of documents by kind and operation."""
    if stats:
        headings = ["kind", *(f"{word}>" for _mark, _style, word in OPERATIONS.values())]
        rows = []
        for kind, counts in sorted(
            stats.items(), key=lambda item: _ORDER.get(item[0], len(_ORDER))
        ):
            numbers = [_number(operation, counts.get(operation, 0)) for operation in OPERATIONS]
            rows.append([Text(kind), *numbers])
        yield from table(headings, rows)
    yield from _total(stats)


def _number(operation: str, count: int) -> Text:
    return Text(f"{count:,}", style=OPERATIONS[operation][1] if count else "dim")


def _total(stats: Mapping[str, Mapping[str, int]]) -> Iterator[Text]:
    totals: dict[str, int] = {}
    for counts in stats.values():
        for operation, count in counts.items():
            totals[operation] = totals.get(operation, 0) + count
    if not any(totals.values()):
        yield Text("No differences.")
        return
    parts = [f"{totals[name]:,} {OPERATIONS[name][2]}" for name in OPERATIONS if totals.get(name)]
    yield Text(f"{plural(sum(totals.values()), 'document')} changed: {', '.join(parts)}")


def _document(change: DocumentDiff, names: Mapping[str, str]) -> Iterator[Text]:
    mark, style, _word = OPERATIONS[change.operation]
    title = Text.assemble((f"{mark} ", style), (clean(change.id), f"bold {style}"))
    if change.previous_id:
        title.append(f"  was {clean(change.previous_id)}", style="dim")
    yield title
    if change.before is None or change.after is None:
        for name, value in (change.after or change.before or {}).items():
            if name != "apiName":
                shown = Text(_contents(value, names), style=style)
                yield Text.assemble("    ", (f"{mark} ", style), clean(name), ": ", shown)
        return
    for field in change.fields:
        yield _field(field, names)


def _contents(value: Any, names: Mapping[str, str]) -> str:
    """A field of a whole document: of its parts only the names."""
    if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        titles = [item.get("apiName") or item.get("code") or item.get("name") for item in value]
        if all(titles):
            return clean(", ".join(str(title) for title in titles))
    return short(value, names)


def _field(field: FieldChange, names: Mapping[str, str]) -> Text:
    mark, style = _FIELDS[field.operation]
    where = (field.label or field.path).replace("~1", "/").replace("~0", "~")  # RFC 6901
    line = Text.assemble("    ", (f"{mark} ", style), clean(where), ": ")
    if field.operation != "add":
        line.append(short(field.before, names), style="red")
    if field.operation == "change":
        line.append(" → ")
    if field.operation != "remove":
        line.append(short(field.after, names), style="green")
    return line
