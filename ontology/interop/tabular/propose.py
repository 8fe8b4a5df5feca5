"""A proposal for a file that nobody has described: an object type, and a mapping to load it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any, Final

from oms_project.core.errors import Invalid
from ontology.domain.kinds import NO_LANGUAGE
from ontology.domain.names import convention_problem, mangle, name_key, name_problem
from ontology.interop.tabular.batch import RowProblem
from ontology.interop.tabular.infer import (
    Found,
    codes_of_rows,
    data_type_of,
    find_key,
    null_words,
)
from ontology.interop.tabular.mapping import (
    ColumnMapping,
    Columns,
    CsvOptions,
    parse_mapping,
    snake_to_camel,
)
from ontology.interop.tabular.reader import Table, open_table
from ontology.interop.tabular.values import Coercer

__all__ = ["SAMPLE_ROWS", "Proposal", "ProposedColumn", "propose"]

SAMPLE_ROWS: Final = 50_000
_SAMPLE_CELLS: Final = 2_000_000
_MAX_COLUMNS: Final = 1000
_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,29}", re.ASCII)
_ENUM_MEMBERS: Final = 30
_ROWS_PER_MEMBER: Final = 20


@dataclass(frozen=True, slots=True)
class ProposedColumn:
    """What was made of a column."""

    column: str
    property: str
    data_type: str
    array: bool
    required: bool
    distinct: int
    missing: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """An object type for a file, and how to load the file into it.

    Attributes:
        type: the object type's ``apiName``.
        changes: the change set that creates it, as ``changesets`` and ``ontology apply`` read it.
        mapping: see ``parse_mapping``.
        rows: how many were looked at; ``complete`` when that is all of them.
        notes: sentences that tell a person what to look at.
    """

    type: str
    changes: tuple[dict[str, Any], ...]
    mapping: dict[str, Any]
    columns: tuple[ProposedColumn, ...]
    key: tuple[str, ...]
    rows: int
    complete: bool
    notes: tuple[str, ...] = field(default_factory=tuple)


class _AsTheyAre(Columns):
    """Every column by its own name, nothing read into its texts."""

    def __init__(self) -> None:
        super().__init__(ColumnMapping(), ())

    def of(self, header: str) -> tuple[str, ...]:
        return (header,)

    def resolve(self, headers: Sequence[str]) -> dict[str, tuple[str, ...]]:
        return {header: (header,) for header in headers}

    def coercer(self, name: str) -> Coercer:
        return str

    def is_text(self, name: str) -> bool:
        return True


def propose(
    path: Path,
    *,
    name: str = "",
    format: str | None = None,  # noqa: A002 - the word people use for it
    options: CsvOptions | None = None,
    enums: bool = False,
    taken: Callable[[str], bool] | None = None,
    rows: int = SAMPLE_ROWS,
) -> Proposal:
    """Look at the first rows of a file and propose an object type for it.

    Args:
        name: the file's name, where ``path`` is only where it lies; the type is named after it.
        enums: propose an enum for a few codes that are often repeated.
        taken: whether a name of a type is in use.
        rows: how many to look at.

    Raises:
        Invalid: it is no table, or has no rows.
    """
    shown = name or path.name
    with open_table(path, name=shown, format=format, options=options) as table:
        sample, declared, problems, complete = _sample(table, rows)
        encoding = table.encoding
    if not sample.count:
        raise Invalid(f"{shown} has no rows to judge by.", code="empty_table")
    if len(sample.columns) > _MAX_COLUMNS:
        raise Invalid(
            f"{shown} has {len(sample.columns)} columns: at most {_MAX_COLUMNS} make a type.",
            code="too_many_columns",
        )
    words = frozenset().union(*(null_words(_texts(values)) for values in sample.columns.values()))
    found = [
        _found(column, values, declared.get(column, ""), words)
        for column, values in sample.columns.items()
    ]
    names = _property_names([column for column in sample.columns if not column.startswith("@")])
    kept = [column for column in found if column[0].name in names]
    key = find_key([column for column, _ in kept], sample.count)
    return _proposal(
        _Naming(shown, names, taken or _is_free),
        kept,
        key,
        words,
        sample.count,
        complete=complete,
        enums=enums,
        csv=_csv_options(options, encoding),
        problems=problems,
    )


@dataclass(slots=True)
class _Sample:
    columns: dict[str, list[Any]] = field(default_factory=dict)
    count: int = 0

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        for row in rows:
            for column, value in row.items():
                values = self.columns.get(column)
                if values is None:
                    values = self.columns[column] = []
                if len(values) < self.count:
                    values.extend([None] * (self.count - len(values)))
                values.append(value)
            self.count += 1

    def finish(self) -> None:
        for values in self.columns.values():
            values.extend([None] * (self.count - len(values)))


def _sample(table: Table, rows: int) -> tuple[_Sample, dict[str, str], list[RowProblem], bool]:
    sample = _Sample()
    sample.columns = {column.name: [] for column in table.columns}
    problems: list[RowProblem] = []
    complete = True
    for batch in table.batches(_AsTheyAre()):
        problems += batch.problems[: 10 - len(problems)]
        left = min(rows, max(1000, _SAMPLE_CELLS // max(1, len(sample.columns)))) - sample.count
        if left <= 0:
            complete = False
            break
        given = batch.rows()
        complete = len(given) <= left
        sample.add(given[:left])
        if not complete:
            break
    sample.finish()
    return sample, {column.name: column.type for column in table.columns}, problems, complete


def _texts(values: Sequence[Any]) -> set[str]:
    return {value for value in values if isinstance(value, str)}


def _found(
    name: str, values: Sequence[Any], declared: str, words: frozenset[str]
) -> tuple[Found, list[Any]]:
    distinct, codes = codes_of_rows(
        [None if isinstance(value, str) and value in words else value for value in values]
    )
    data_type, array = data_type_of(distinct, declared)
    missing = sum(1 for code in codes if code < 0)
    return Found(name, data_type, array, codes, len(distinct), missing), distinct


@dataclass(frozen=True, slots=True)
class _Naming:
    file: str
    properties: Mapping[str, str]
    taken: Callable[[str], bool]

    def type(self) -> str:
        """``order_lines.csv`` -> ``OrderLine``."""
        stem = PurePath(self.file).name.split(".", 1)[0]
        camel = snake_to_camel(stem)
        made = _singular(camel[:1].upper() + camel[1:]) or "Row"
        return self.free(made)

    def free(self, wanted: str) -> str:
        """``wanted``, legal and not in use."""
        legal = mangle(wanted).lstrip("_") or "Row"
        legal = legal if legal[0].isalpha() else f"T{legal}"
        if name_problem(legal) is not None:
            legal = f"{legal}Type"
        name, number = legal, 2
        while self.taken(name):
            name, number = f"{legal}{number}", number + 1
        return name


def _is_free(_: str) -> bool:
    return False


def _singular(name: str) -> str:
    lower = name.lower()
    if lower.endswith("ies") and len(name) > 4:
        return f"{name[:-3]}y"
    if lower.endswith(("sses", "shes", "ches", "xes")):
        return name[:-2]
    if lower.endswith("s") and not lower.endswith(("ss", "us", "is")) and len(name) > 2:
        return name[:-1]
    return name


def _property_names(columns: Sequence[str]) -> dict[str, str]:
    """Column -> ``lowerCamelCase`` name, each once."""
    found: dict[str, str] = {}
    used: set[str] = set()
    for position, column in enumerate(columns, 1):
        name = snake_to_camel(column)
        if name[:1].isdigit():
            name = f"n{name}"
        if name_problem(name) is not None or convention_problem(None, name) is not None:
            name = f"column{position}"
        made, number = name, 2
        while name_key(made) in used:
            made, number = f"{name}{number}", number + 1
        used.add(name_key(made))
        found[column] = made
    return found


def _label(column: str) -> dict[str, str]:
    if not column.isascii():
        korean = any("가" <= char <= "힣" for char in column)
        return {"ko" if korean else NO_LANGUAGE: column}
    text = " ".join(re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_\W]+", " ", column).split())
    return {"en": (text[:1].upper() + text[1:]) or column}


def _proposal(
    naming: _Naming,
    columns: Sequence[tuple[Found, list[Any]]],
    key: tuple[str, ...],
    words: frozenset[str],
    rows: int,
    *,
    complete: bool,
    enums: bool,
    csv: dict[str, Any],
    problems: Sequence[RowProblem],
) -> Proposal:
    type_name = naming.type()
    changes: list[dict[str, Any]] = []
    properties: list[dict[str, Any]] = []
    proposed: list[ProposedColumn] = []
    for order, (column, values) in enumerate(columns):
        name = naming.properties[column.name]
        data_type = column.data_type
        if enums and _is_enum(column, values, rows):
            data_type = naming.free(f"{type_name}{name[:1].upper()}{name[1:]}")
            members = [{"code": code} for code in sorted(values)]
            changes.append(
                {
                    "op": "create",
                    "kind": "EnumType",
                    "fields": {"apiName": data_type, "members": members},
                }
            )
        item: dict[str, Any] = {
            "apiName": name,
            "displayName": _label(column.name),
            "dataTypes": [data_type],
            "order": order,
        }
        if column.array:
            item["array"] = {}
        required = not column.missing
        if required:
            item["required"] = True
        properties.append(item)
        proposed.append(
            ProposedColumn(
                column.name,
                name,
                data_type,
                column.array,
                required,
                column.distinct,
                column.missing,
            )
        )
    fields: dict[str, Any] = {
        "apiName": type_name,
        "displayName": _label(type_name),
        "properties": properties,
    }
    if key:
        fields["primaryKey"] = [naming.properties[name] for name in key]
    title = _title([column for column, _ in columns])
    if title:
        fields["titleProperty"] = naming.properties[title]
    changes.append({"op": "create", "kind": "ObjectType", "fields": fields})
    mapping = parse_mapping(
        {
            "columns": {
                column: name
                for column, name in naming.properties.items()
                if snake_to_camel(column) != name and column != name
            },
            "nulls": sorted(words),
            "csv": csv,
        }
    )
    return Proposal(
        type=type_name,
        changes=tuple(changes),
        mapping=mapping.as_json(),
        columns=tuple(proposed),
        key=tuple(naming.properties[name] for name in key),
        rows=rows,
        complete=complete,
        notes=_notes(key, rows, words, complete, problems),
    )


def _notes(
    key: tuple[str, ...],
    rows: int,
    words: frozenset[str],
    complete: bool,
    problems: Sequence[RowProblem],
) -> tuple[str, ...]:
    looked = f"all {rows:,} rows" if complete else f"the first {rows:,} rows"
    notes = []
    if not key:
        notes.append(
            "No columns tell all rows apart: without a primary key, loading twice makes every "
            "object twice."
        )
    elif not complete:
        notes.append(
            f"The primary key and what is required are judged by {looked}: later rows may say "
            "otherwise."
        )
    if words:
        notes.append(f"Taken for nothing: {', '.join(sorted(words))}.")
    notes += [f"Row {item.row}: {item.message}" for item in problems[:3]]
    return tuple(notes)


def _title(columns: Sequence[Found]) -> str | None:
    named = [
        column.name
        for column in columns
        if column.data_type == "string"
        and name_key(snake_to_camel(column.name)) in ("name", "title", "label", "displayname")
    ]
    return named[0] if named else None


def _is_enum(column: Found, values: Sequence[Any], rows: int) -> bool:
    return (
        column.data_type == "string"
        and not column.array
        and 2 <= column.distinct <= _ENUM_MEMBERS
        and rows >= column.distinct * _ROWS_PER_MEMBER
        and all(_CODE.fullmatch(value) for value in values)
        and len({name_key(value) for value in values}) == len(values)
    )


def _csv_options(options: CsvOptions | None, encoding: str) -> dict[str, Any]:
    given: dict[str, Any] = (options or CsvOptions()).model_dump(
        by_alias=True, exclude_defaults=True
    )
    if encoding not in ("", "utf-8", "utf-8-sig"):
        given["encoding"] = encoding
    return given
