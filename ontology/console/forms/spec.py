"""Fields of a form, read off the models in ``ontology.domain.kinds``.

The model says which fields there are and what they may hold; the tables here say only what a
model cannot: what a reference leads to, which columns of a list stand side by side, and in which
part of the page a field stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from ontology.console.forms.labels import CHOICES, HELP, label_of
from ontology.domain.kinds import DEFINITION_KINDS, MODELS, Annotation, Kind

__all__ = ["GROUPS", "Field", "Widget", "fields_of"]


class Widget(StrEnum):
    """How a field is entered; the value names its template."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    JSON = "json"
    STRINGS = "strings"
    REFERENCE = "reference"
    REFERENCES = "references"
    MAP = "map"
    RECORD = "record"
    ROWS = "rows"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form.

    Attributes:
        name: as in the body, camelCase.
        nullable: whether None (or absence) is a state of its own.
        choices: ``(value, label)`` of a choice; the first is empty where there need not be one.
        kinds: what a reference may lead to.
        free: whether a reference may also be an IRI.
        data_types: whether a reference may also be a data type such as ``string``.
        long: whether it takes several lines; a long JSON value must be JSON, a short one may be
            plain text.
        languages: whether a map goes from language tag to text.
        fields: of the record, or of each row.
        columns: names of the row's fields that are always shown.
        group: part of the page (``GROUPS``).
        initial: what the box shows when the body has nothing.
    """

    name: str
    widget: Widget
    required: bool = False
    nullable: bool = True
    long: bool = False
    choices: tuple[tuple[str, Any], ...] = ()
    kinds: tuple[str, ...] = ()
    free: bool = False
    data_types: bool = False
    languages: bool = False
    fields: tuple[Field, ...] = ()
    columns: tuple[str, ...] = ()
    group: str = "main"
    initial: Any = None

    @property
    def label(self) -> Any:
        """For people, translated."""
        return label_of(self.name)

    @property
    def help(self) -> Any:
        """A sentence, translated, or nothing."""
        return HELP.get(self.name, "")


#: Parts of the page, in order; "more" starts folded.
GROUPS: tuple[str, ...] = ("main", "structure", "deprecation", "more")

_ANY = tuple(kind.value for kind in DEFINITION_KINDS)
_TYPES = ("ObjectType", "Interface")
_VALUES = ("ValueType", "EnumType", "StructType")

#: (model or "*", field) -> kinds that a reference may lead to.
_REFERENCES: dict[tuple[str, str], tuple[str, ...]] = {
    ("ObjectType", "parents"): ("ObjectType",),
    ("ObjectType", "interfaces"): ("Interface",),
    ("SharedProperty", "parents"): ("SharedProperty",),
    ("LinkType", "parents"): ("LinkType",),
    ("LinkType", "sources"): _TYPES,
    ("LinkType", "targets"): _TYPES,
    ("LinkType", "inverseOf"): ("LinkType",),
    ("Interface", "extends"): ("Interface",),
    ("ActionParameter", "objectType"): _TYPES,
    ("ActionRule", "objectType"): ("ObjectType",),
    ("*", "linkType"): ("LinkType",),
    ("*", "sharedProperty"): ("SharedProperty",),
    ("*", "dataTypes"): _VALUES,
    ("*", "baseType"): (),
    ("*", "equivalentTo"): _ANY,
    ("*", "replacedBy"): _ANY,
}
_FREE = frozenset({"equivalentTo", "replacedBy"})
_DATA_TYPES = frozenset({"dataTypes", "baseType"})
_LANGUAGE_MAPS = frozenset({"displayName", "description", "label", "reason", "message"})
_LONG = frozenset({"description", "reason", "expression"})
_COLUMNS: dict[str, tuple[str, ...]] = {
    "Property": ("apiName", "dataTypes", "sharedProperty", "required", "array"),
    "EnumMember": ("code", "label", "status"),
    "ActionParameter": ("apiName", "dataTypes", "objectType", "required"),
    "ActionRule": ("name", "op", "objectType", "linkType"),
    "SubmissionCriterion": ("name", "expression"),
    "SideEffect": ("name", "type"),
    "UniqueConstraint": ("name", "properties"),
    "LinkConstraint": ("linkType", "direction", "min", "max"),
    "ExternalMapping": ("relation", "iri"),
}
_MORE = frozenset(
    {
        "aliases",
        "annotations",
        "color",
        "equivalentTo",
        "externalMappings",
        "icon",
        "iri",
        "owner",
        "tags",
    }
)
_MAIN = frozenset(
    {
        "apiName",
        "baseIri",
        "code",
        "defaultLanguage",
        "description",
        "displayName",
        "isAbstract",
        "label",
        "name",
        "status",
    }
)
#: Not typed in: identity is kept in the row, position is where the row stands.
_HIDDEN = frozenset({"rid", "order"})


@lru_cache
def fields_of(kind: Kind) -> tuple[Field, ...]:
    """The fields of ``kind``, in the order of its model; those of a definition's own come last."""
    return _fields(MODELS[kind])


@lru_cache
def _fields(model: type[BaseModel]) -> tuple[Field, ...]:
    return tuple(
        _field(model, name, info)
        for name, info in model.model_fields.items()
        if name not in _HIDDEN
    )


def _field(model: type[BaseModel], python_name: str, info: FieldInfo) -> Field:
    name = to_camel(python_name)
    annotation, optional = _without_none(info.annotation)
    shared: dict[str, Any] = {
        "name": name,
        "required": info.is_required(),
        "nullable": optional,
        "group": _group(name),
        "long": name in _LONG,
    }
    kinds = _REFERENCES.get((model.__name__, name), _REFERENCES.get(("*", name)))
    if kinds is not None:
        many = get_origin(annotation) is list
        return Field(
            widget=Widget.REFERENCES if many else Widget.REFERENCE,
            kinds=kinds,
            free=name in _FREE,
            data_types=name in _DATA_TYPES,
            **shared,
        )
    return _plain(name, annotation, info, shared)


def _plain(name: str, annotation: Any, info: FieldInfo, shared: dict[str, Any]) -> Field:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        choices = [(value, CHOICES.get(value, value)) for value in arguments]
        if shared["nullable"] or shared["required"]:
            choices.insert(0, ("", "—"))
        return Field(
            widget=Widget.CHOICE,
            choices=tuple(choices),
            initial=None if info.is_required() else info.default,
            **shared,
        )
    if origin is list:
        item = arguments[0]
        if item is str:
            return Field(widget=Widget.STRINGS, **shared)
        if isinstance(item, type) and issubclass(item, BaseModel) and item is not Annotation:
            return Field(widget=Widget.ROWS, fields=_fields(item), columns=_columns(item), **shared)
        return Field(widget=Widget.JSON, **{**shared, "long": True})
    if origin is dict and arguments[1] is str:
        return Field(widget=Widget.MAP, languages=name in _LANGUAGE_MAPS, **shared)
    if annotation is bool:
        return Field(widget=Widget.BOOLEAN, initial=bool(info.default), **shared)
    if annotation is int:
        initial = None if info.is_required() else info.default
        return Field(widget=Widget.INTEGER, initial=initial, **shared)
    if annotation is str:
        return Field(widget=Widget.LONG_TEXT if shared["long"] else Widget.TEXT, **shared)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return Field(widget=Widget.RECORD, fields=_fields(annotation), **shared)
    # Anything (a default, a bound): one line of JSON or text; an object: JSON over several lines.
    return Field(widget=Widget.JSON, **{**shared, "long": origin is dict})


def _without_none(annotation: Any) -> tuple[Any, bool]:
    """``X | None`` -> ``(X, True)``."""
    if get_origin(annotation) in (Union, UnionType):
        kept = [part for part in get_args(annotation) if part is not NoneType]
        return kept[0], len(kept) < len(get_args(annotation))
    return annotation, False


def _columns(model: type[BaseModel]) -> tuple[str, ...]:
    return _COLUMNS.get(model.__name__, tuple(field.name for field in _fields(model)))


def _group(name: str) -> str:
    if name in _MAIN:
        return "main"
    if name == "deprecation":
        return "deprecation"
    return "more" if name in _MORE else "structure"
