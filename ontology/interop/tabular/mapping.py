"""Which column of a file is which property, and how its cells are read: as JSON, or by their names."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel

from oms_project.core.errors import Invalid
from ontology.domain.names import name_key
from ontology.interop.tabular.values import LIST_SEPARATOR, Coercer, coercer_of

__all__ = [
    "SOURCE",
    "TARGET",
    "ColumnMapping",
    "Columns",
    "CsvOptions",
    "EndMapping",
    "FieldSpec",
    "parse_mapping",
    "snake_to_camel",
]

#: Where a row of links names its ends; the properties' names never begin with ``@``.
SOURCE = "@source"
TARGET = "@target"
_MAX_COLUMNS = 5000
_WORD = re.compile(r"[^A-Za-z0-9]+")
_LISTED = 10

Name = Annotated[str, StringConstraints(min_length=1, max_length=300)]


class _Part(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        strict=True,
        frozen=True,
        use_attribute_docstrings=True,
    )


class CsvOptions(_Part):
    """What is known of how a CSV file is written; the rest is found out."""

    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=1)] | None = None
    quote: Annotated[str, StringConstraints(min_length=1, max_length=1)] = '"'
    encoding: Name | None = None
    """A Python codec, such as `utf-8` or `cp949`."""
    header: list[Name] = Field(default_factory=list, max_length=_MAX_COLUMNS)
    """Names of the columns of a file whose first row is no header."""


class EndMapping(_Part):
    """Where a row names one end of its link."""

    columns: list[Name] = Field(min_length=1, max_length=20)
    """The columns that hold the object's primary key, in key order; or one with its `@id`."""
    type: Name | None = None
    """The object type; needed where the link type allows several."""


class ColumnMapping(_Part):
    """How the rows of a file become objects or links. Everything may be left out: a column then
    belongs to the property of its name, also when it is written `snake_case`.
    """

    columns: dict[Name, Name | None] = Field(default_factory=dict, max_length=_MAX_COLUMNS)
    """Column to property; null leaves a column out."""
    constants: dict[Name, Any] = Field(default_factory=dict, max_length=_MAX_COLUMNS)
    """Property to a value that every row gets (where the file gives none)."""
    nulls: list[Annotated[str, StringConstraints(max_length=100)]] = Field(
        default_factory=list, max_length=100
    )
    """Words that stand for nothing, such as `NA`; an empty cell always does."""
    date_formats: dict[Name, Name] = Field(default_factory=dict, max_length=_MAX_COLUMNS)
    """Property to the form of its dates or times (`%d.%m.%Y`), where it is not ISO 8601."""
    list_separator: Annotated[str, StringConstraints(min_length=1, max_length=10)] = LIST_SEPARATOR
    """What stands between the items of a list in one cell."""
    source: EndMapping | None = None
    """For links: the object at the source."""
    target: EndMapping | None = None
    """For links: the object at the target."""
    csv: CsvOptions = Field(default_factory=CsvOptions)

    def as_json(self) -> dict[str, Any]:
        """What `parse_mapping` reads, without what is left to the defaults."""
        found: dict[str, Any] = self.model_dump(by_alias=True, exclude_defaults=True)
        return found


def parse_mapping(value: Any) -> ColumnMapping:
    """A mapping from its JSON form; None and ``{}`` give the default one.

    Raises:
        Invalid: naming every member that is unknown or wrong.
    """
    try:
        return ColumnMapping.model_validate({} if value is None else value)
    except ValidationError as error:
        problems = [
            {
                "field": "".join(f"/{part!s}" for part in item["loc"]),
                "rule": "mapping",
                "message": f"{str(item['msg']).rstrip('.')}.",
            }
            for item in error.errors(include_url=False, include_input=False)
        ]
        raise Invalid(
            f"The mapping cannot be used: {problems[0]['field'] or '/'}: {problems[0]['message']}",
            code="bad_mapping",
            errors=problems,
        ) from error


def snake_to_camel(header: str) -> str:
    """``Dep Time``, ``dep_time`` and ``DEP-TIME`` as ``depTime``."""
    words = [word for word in _WORD.split(header) if word]
    if not words:
        return ""
    first = words[0].lower() if words[0].isupper() or len(words) > 1 else words[0]
    rest = (
        word[:1].upper() + (word[1:].lower() if word.isupper() else word[1:]) for word in words[1:]
    )
    return (first[:1].lower() + first[1:]) + "".join(rest)


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A property as a reader knows it.

    Attributes:
        data_types: names of data types; a value type's base type, ``string`` for an enum, ``json``
            for a struct.
    """

    name: str
    data_types: tuple[str, ...] = ()
    array: bool = False


class Columns:
    """A mapping applied to the properties of one type.

    Args:
        fields: the properties.
        links: the rows are links, with ends.

    Raises:
        Invalid: the mapping names a property that there is not, or two columns for one.
    """

    def __init__(
        self, mapping: ColumnMapping, fields: Sequence[FieldSpec], *, links: bool = False
    ) -> None:
        self.mapping = mapping
        self.nulls = frozenset(mapping.nulls)
        self._fields = {field.name: field for field in fields}
        self._by_key = {name_key(field.name): field.name for field in fields}
        self._links = links
        self._found: dict[str, tuple[str, ...]] = {}
        named = [
            *(name for name in mapping.columns.values() if name),
            *mapping.constants,
            *mapping.date_formats,
        ]
        wrong = [name for name in dict.fromkeys(named) if self._field(name) is None]
        if wrong:
            raise Invalid(
                f"The mapping names what is no property here: {_listed(wrong)}. "
                f"Properties: {_listed(list(self._fields))}.",
                code="bad_mapping",
            )
        if not links and (mapping.source or mapping.target):
            raise Invalid(
                "The mapping has a source or a target, but objects have none: load links into a "
                "link type.",
                code="bad_mapping",
            )
        self._ends: dict[str, list[str]] = {}
        for end, given in ((SOURCE, mapping.source), (TARGET, mapping.target)):
            for position, column in enumerate(given.columns if given else ()):
                part = end if len(given.columns) == 1 else f"{end}/{position}"  # type: ignore[union-attr]
                self._ends.setdefault(column, []).append(part)

    @cached_property
    def constants(self) -> dict[str, Any]:
        """Property -> the value that every row gets."""
        return {str(self._field(name)): value for name, value in self.mapping.constants.items()}

    def of(self, header: str) -> tuple[str, ...]:
        """What a column fills: names of properties, ``@source``, ``@target`` (with ``/0``, ``/1``
        for the parts of a key); nothing where it is left out.

        Raises:
            KeyError: it is not known.
        """
        found = self._found.get(header)
        if found is None:
            found = self._found[header] = self._find(header)
        return found

    def resolve(self, headers: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Every column of a file with what it fills.

        Raises:
            Invalid: columns are unknown, two fill one property, or a mapped column is not there.
        """
        unknown: list[str] = []
        found: dict[str, tuple[str, ...]] = {}
        taken: dict[str, str] = {}
        for header in headers:
            try:
                found[header] = self.of(header)
            except KeyError:
                unknown.append(header)
                continue
            for part in found[header]:
                if part in taken:
                    raise Invalid(
                        f"The columns {taken[part]!r} and {header!r} both fill {part}: leave one "
                        'out in the mapping ("columns": {"...": null}).',
                        code="bad_mapping",
                    )
                taken[part] = header
        given = set(headers)
        missing = [name for name in (*self.mapping.columns, *self._ends) if name not in given]
        if unknown:
            raise Invalid(
                f"There is no property for {_listed(unknown)}. Map these columns to properties, "
                'or to null to leave them out ("columns": {"...": null}). '
                f"Properties: {_listed(list(self._fields))}.",
                code="unknown_column",
                errors=[
                    {
                        "field": header[:200],
                        "rule": "unknown-column",
                        "message": "There is no property of this name.",
                    }
                    for header in unknown[:100]
                ],
            )
        if missing:
            raise Invalid(
                f"The mapping names columns that the file does not have: {_listed(missing)}. "
                f"Columns: {_listed(list(headers))}.",
                code="bad_mapping",
            )
        return found

    def coercer(self, name: str) -> Coercer:
        """What reads the cells of a property, or of an end."""
        field = self._fields.get(name)
        if field is None:
            return _key_text
        return coercer_of(
            field.data_types,
            array=field.array,
            date_format=self._date_formats.get(name),
            separator=self.mapping.list_separator,
        )

    @cached_property
    def _date_formats(self) -> dict[str, str]:
        return {str(self._field(name)): text for name, text in self.mapping.date_formats.items()}

    def is_text(self, name: str) -> bool:
        """Whether a text from a typed file is the value as it stands."""
        field = self._fields.get(name)
        return (
            field is not None
            and name not in self._date_formats
            and (not field.data_types or "string" in field.data_types)
        )

    def has_date_format(self, name: str) -> bool:
        """Whether dates of the property are written in a form of their own."""
        return name in self._date_formats

    def _find(self, header: str) -> tuple[str, ...]:
        ends = tuple(self._ends.get(header, ()))
        if header in self.mapping.columns:
            name = self.mapping.columns[header]
            return (*ends, *(() if name is None else (str(self._field(name)),)))
        if ends:
            return ends
        if header.startswith(("@", "_")):
            # What a read adds; the ends of links are meant, where nothing else is said of them.
            known = {SOURCE: self.mapping.source, TARGET: self.mapping.target}
            return (header,) if self._links and header in known and not known[header] else ()
        name = self._field(header) or self._field(snake_to_camel(header))
        if name is not None:
            return (name,)
        if self._links and header.lower() in ("source", "target"):
            return self._find(f"@{header.lower()}")
        raise KeyError(header)

    def _field(self, name: str) -> str | None:
        return name if name in self._fields else self._by_key.get(name_key(name))


def _key_text(text: str) -> Any:
    return text.strip() or None


def _listed(names: Collection[str]) -> str:
    shown = ", ".join(name[:60] for name in list(names)[:_LISTED])
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return (shown or "none") + more
