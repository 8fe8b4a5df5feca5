"""Columns of values as a type wants them: each distinct value checked, and written as JSON, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from oms_project.core.canonical_json import dumps
from ontology.domain.instances.layout import Layout
from ontology.interop.tabular import Batch, Column
from ontology.store.texts import is_storable

__all__ = ["Checked", "Errors", "checked_columns", "columns_of", "shown_values"]

#: Position in the batch -> what is wrong with that row.
Errors = dict[int, list[dict[str, Any]]]


@dataclass(slots=True)
class Checked:
    """One property of a batch.

    Attributes:
        values: distinct normal values; None: no value.
        members: the same as members of a JSON object, with a comma behind; empty for no value.
        codes: for each row the position of its value.
        has_gaps: some row has no value.
        wrong: positions of values that are not the property's.
        silent: positions that stand for rows that do not mention the property.
    """

    values: list[Any]
    members: list[str]
    codes: list[int]
    has_gaps: bool
    wrong: frozenset[int] = field(default_factory=frozenset)
    silent: frozenset[int] = field(default_factory=frozenset)

    def row(self, position: int) -> Any:
        """The value of a row."""
        return self.values[self.codes[position]]


def shown_values(columns: Mapping[str, Column], position: int) -> dict[str, Any]:
    """What a row holds, for a report."""
    found = {name: column.values[column.codes[position]] for name, column in columns.items()}
    return {
        name: value for name, value in found.items() if value is not None and value is not _SILENT
    }


def columns_of(batch: Batch, constants: Mapping[str, Any]) -> dict[str, Column]:
    """The columns of a batch, made of its rows where it has rows; constants fill gaps."""
    count = len(batch)
    columns = _gathered(batch.given) if batch.columns is None else dict(batch.columns)
    for name, constant in constants.items():
        given = columns.get(name)
        if given is None:
            columns[name] = Column([constant], [0] * count)
        else:
            columns[name] = Column(
                [
                    constant if value is None or value is _SILENT else value
                    for value in given.values
                ],
                given.codes,
            )
    return columns


def _gathered(rows: Sequence[Mapping[str, Any]]) -> dict[str, Column]:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: _coded([row.get(name, _SILENT) for row in rows]) for name in names}


def _coded(cells: Sequence[Any]) -> Column:
    known: dict[Any, int] = {}
    values: list[Any] = []
    codes: list[int] = []
    for cell in cells:
        # 1, 1.0 and true are equal to Python, and three values to us.
        kind = type(cell)
        key = cell if kind is str else (kind, cell) if kind in _HASHABLE else None
        code = None if key is None else known.get(key)
        if code is None:
            code = len(values)
            values.append(cell)
            if key is not None:
                known[key] = code
        codes.append(code)
    return Column(values, codes)


class _Silent:
    """What a row says of a property that it does not mention."""


_SILENT = _Silent()
_HASHABLE = (int, bool, float, type(None), _Silent)


def checked_columns(
    layout: Layout, columns: Mapping[str, Column], headers: Mapping[str, str], errors: Errors
) -> dict[str, Checked]:
    """The properties among ``columns``, checked; problems go to ``errors``.

    Args:
        headers: property -> what the file calls it, for messages.
    """
    found: dict[str, Checked] = {}
    for name, column in columns.items():
        item = layout.properties.get(name)
        if item is None:
            continue  # an end of a link
        prefix = dumps(name).decode() + ":"
        values: list[Any] = []
        members: list[str] = []
        wrong: dict[int, list[dict[str, Any]]] = {}
        for code, value in enumerate(column.values):
            if value is None or value is _SILENT:
                values.append(None)
                members.append("")
                continue
            problems: list[dict[str, Any]] = []

            def report(
                pointer: str,
                rule: str,
                message: str,
                problems: list[dict[str, Any]] = problems,
                header: str = headers.get(name, name),
            ) -> None:
                problems.append(
                    {"column": header, "field": pointer, "rule": rule, "message": message}
                )

            normal = item.check(value, f"/{name}", report)
            text = ""
            if not problems:
                text = _member(prefix, normal, report)
            if problems:
                wrong[code] = problems
            values.append(normal)
            members.append(text)
        if wrong:
            for position, code in enumerate(column.codes):
                if code in wrong:
                    errors.setdefault(position, []).extend(wrong[code])
        used = len(column.codes) > 0
        found[name] = Checked(
            values,
            members,
            column.codes,
            has_gaps=used and None in values,
            wrong=frozenset(wrong),
            silent=frozenset(code for code, value in enumerate(column.values) if value is _SILENT),
        )
    return found


def _member(prefix: str, value: Any, report: Any) -> str:
    try:
        text = dumps(value).decode()
    except (UnicodeEncodeError, TypeError):
        text = "\\u0000"
    if "\\u0000" in text and not _keeps(value):
        report(
            prefix and f"/{prefix[1:-2]}",
            "text",
            "The text holds a character that cannot be stored: U+0000, or half of a surrogate "
            "pair. Remove it.",
        )
        return ""
    return f"{prefix}{text},"


def _keeps(value: Any) -> bool:
    if isinstance(value, str):
        return is_storable(value)
    if isinstance(value, dict):
        return all(map(_keeps, value)) and all(map(_keeps, value.values()))
    if isinstance(value, (list, tuple)):
        return all(map(_keeps, value))
    return True
