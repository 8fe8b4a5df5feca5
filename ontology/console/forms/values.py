"""Boxes for the values of an object or link, read off its type.

The type says which properties there are and what they may hold; each becomes a box, a list of
boxes, or (for a struct) a group of boxes. ``forms.filled`` binds them to values and reads them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from ontology.console.presenters.values import text_in
from ontology.selectors import DataType, PropertyShape

__all__ = ["Box", "boxes_of"]

#: Primitive type -> (template, type of the HTML input); others are plain text.
_SIMPLE: dict[str, tuple[str, str]] = {
    "integer": ("number", "numeric"),
    "long": ("number", "numeric"),
    "decimal": ("number", "decimal"),
    "double": ("number", "decimal"),
    "date": ("moment", "date"),
    "time": ("text", ""),
    "timestamp": ("moment", "datetime-local"),
    "binary": ("long_text", ""),
    "json": ("json", ""),
    "geoshape": ("json", ""),
    "vector": ("json", ""),
}
#: Language of the first box of a text in several languages.
_FIRST_LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class Box:
    """How one value is entered.

    Attributes:
        name: ``apiName`` of the property or of the struct's field; empty for an item of a list.
        widget: name of its template in ``console/forms``.
        base: primitive type that what is typed is read as; empty: JSON, or text that is none.
        mode: type of the input for ``moment``, ``inputmode`` for ``number``.
        choices: ``(value, label)``.
        fields: of a struct. item: of a list.
        low, high: how many items a list has.
        key: whether it is part of the primary key.
    """

    name: str
    widget: str
    label: str = ""
    help: str = ""
    required: bool = False
    base: str = ""
    mode: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    fields: tuple[Box, ...] = ()
    item: Box | None = None
    long: bool = False
    languages: bool = False
    default: Any = None


def boxes_of(
    properties: Sequence[PropertyShape], *, single_line: Sequence[str] = (), masked: bool = False
) -> list[Box]:
    """The boxes of a type's properties.

    Args:
        single_line: properties whose text never has several lines (keys, titles).
        masked: also of values that the person may not see: who makes an object fills them in.
    """
    return [
        _box(item, single_line=item.name in single_line)
        for item in properties
        if masked or not item.masked
    ]


def _box(item: PropertyShape, *, single_line: bool) -> Box:
    language = get_language() or "en"
    label = text_in(item.label, language) or item.name
    if item.unit:
        label = f"{label} ({item.unit})"
    told: dict[str, Any] = {
        "name": item.name,
        "label": label,
        "required": item.required,
        "default": item.default,
    }
    one = _typed(item.types, single_line=single_line)
    hints = [text_in(item.description, language), one.help, *_list_hints(item)]
    if item.deprecated:
        hints.insert(0, _("Deprecated: new data should not use it."))
    told["help"] = " ".join(part for part in hints if part)
    if item.array is not None:
        return Box(widget="items", item=_as(one, label=label, required=False, help=""), **told)
    if one.choices and not item.required:
        one = _as(one, choices=(("", "—"), *one.choices))
    elif one.choices:
        one = _as(one, choices=(("", _("Choose one")), *one.choices))
    return _as(one, **told)


def _as(box: Box, **changed: Any) -> Box:
    known = {name: getattr(box, name) for name in Box.__slots__}
    return Box(**{**known, **changed})


def _typed(types: Sequence[DataType], *, single_line: bool) -> Box:
    """The box of one value, without what its property says."""
    if len(types) != 1:
        names = ", ".join(one.name for one in types)
        help_text = (
            _("Text or JSON: %(types)s.") % {"types": names} if names else _("Text or JSON.")
        )
        return Box("", "long_text", help=help_text)
    one = types[0]
    language = get_language() or "en"
    if one.form == "struct":
        fields = tuple(_box(field, single_line=True) for field in one.fields)
        return Box("", "struct" if fields else "json", fields=fields)
    if one.form == "enum":
        choices = tuple(
            (
                member.code,
                _("%(member)s (deprecated)") % {"member": text_in(member.label, language)}
                if member.deprecated and member.label
                else text_in(member.label, language) or member.code,
            )
            for member in one.members
        )
        return Box("", "choice", base="string", choices=choices)
    help_text = _hint(one.base)
    if one.form == "value":
        parts = [text_in(one.description, language), *_constraints(one.constraints), help_text]
        help_text = " ".join(part for part in parts if part)
    return _primitive(one, help_text, single_line=single_line)


def _primitive(one: DataType, help_text: str, *, single_line: bool) -> Box:
    base = one.base
    if base == "boolean":
        return Box("", "choice", base=base, choices=(("true", _("Yes")), ("false", _("No"))))
    if base == "langString":
        return Box("", "map", base=base, languages=True, help=help_text)
    if base == "geopoint":
        degrees = {"base": "double", "mode": "decimal", "required": True}
        return Box(
            "",
            "struct",
            base=base,
            fields=(
                Box("latitude", "number", label=_("Latitude"), **degrees),  # type: ignore[arg-type]
                Box("longitude", "number", label=_("Longitude"), **degrees),  # type: ignore[arg-type]
            ),
            help=help_text,
        )
    widget, mode = _SIMPLE.get(base, ("text", ""))
    if base == "string" and one.form == "primitive" and not single_line:
        widget = "area"
    return Box("", widget, base=base, mode=mode, help=help_text, long=widget == "json")


def _hint(base: str) -> str:
    return {
        "binary": _("Base64 text."),
        "duration": _("An ISO 8601 duration such as P1DT2H."),
        "geopoint": _("Degrees (WGS 84)."),
        "geoshape": _("A GeoJSON geometry."),
        "json": _("JSON."),
        "time": _("A time such as 12:00:00."),
        "timestamp": _("In UTC."),
        "uri": _("An absolute IRI."),
        "uuid": _("A UUID."),
        "vector": _("A JSON list of numbers."),
    }.get(base, "")


def _constraints(constraints: Any) -> list[str]:
    """The constraints of a value type, one short sentence each."""
    words = {
        "minimum": _("At least %(value)s."),
        "maximum": _("At most %(value)s."),
        "exclusiveMinimum": _("More than %(value)s."),
        "exclusiveMaximum": _("Less than %(value)s."),
        "minLength": _("At least %(value)s characters."),
        "maxLength": _("At most %(value)s characters."),
        "pattern": _("Pattern: %(value)s"),
        "enum": _("One of: %(value)s."),
    }
    return [
        words[name] % {"value": ", ".join(map(str, value)) if isinstance(value, list) else value}
        for name, value in dict(constraints).items()
        if name in words and value is not None
    ]


def _list_hints(item: PropertyShape) -> list[str]:
    bounds = item.array or {}
    found = []
    if bounds.get("minItems"):
        found.append(_("At least %(number)s items.") % {"number": bounds["minItems"]})
    if bounds.get("maxItems") is not None:
        found.append(_("At most %(number)s items.") % {"number": bounds["maxItems"]})
    if bounds.get("unique"):
        found.append(_("Each item once."))
    return found
