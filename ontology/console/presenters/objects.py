"""Objects and links, arranged for a reader: labels of members, units, titles of what is linked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language

from ontology.console.presenters.values import Shown, pretty_json, text_in
from ontology.contract import DocumentView
from ontology.domain.kinds import NO_LANGUAGE
from ontology.domain.masking import MASKED
from ontology.selectors import DataType, PropertyShape, TypeShape

__all__ = ["ValueRow", "brief", "name_of", "show_value", "title_of", "value_rows"]

#: A cell of a table holds so many characters.
_BRIEF = 80


@dataclass(frozen=True, slots=True)
class ValueRow:
    """One property of an object.

    Attributes:
        masked: whether there is a value that this person may not see.
        erased: whether the value was erased for good.
    """

    name: str
    label: str
    description: str
    unit: str
    value: Shown
    masked: bool = False
    erased: bool = False
    deprecated: bool = False


def name_of(names: Any) -> str:
    """What a type is called: its label in the reader's language, or its name."""
    return text_in(names.label, get_language() or "en") or str(names.name)


def value_rows(shape: TypeShape, view: DocumentView) -> list[ValueRow]:
    """The values of an object or link in the order of its type, the empty ones last; then those
    that its type does not know.
    """
    language = get_language() or "en"
    body = view.body
    masked, erased = set(body.get(MASKED, ())), set(body.get("_redacted", ()))
    rows = [
        ValueRow(
            name=item.name,
            label=text_in(item.label, language) or item.name,
            description=text_in(item.description, language),
            unit=item.unit,
            value=show_value(item, body.get(item.name)),
            masked=item.name in masked,
            erased=item.name in erased and item.name not in body,
            deprecated=item.deprecated,
        )
        for item in shape.properties
    ]
    known = {item.name for item in shape.properties}
    rows += [
        ValueRow(name, name, "", "", _any_value(value))
        for name, value in body.items()
        if not name.startswith("_") and name not in known
    ]
    rows += [
        ValueRow(name, name, "", "", Shown("none"), masked=name in masked)
        for name in sorted((masked | erased) - known)
    ]
    return sorted(
        rows, key=lambda row: row.value.form == "none" and not row.masked and not row.erased
    )


def show_value(item: PropertyShape, value: Any) -> Shown:
    """A value of a property for ``parts/value.html``."""
    if value is None:
        return Shown("none")
    if item.array is not None and isinstance(value, list):
        return Shown("list", items=tuple(_one(item.types, one) for one in value))
    return _one(item.types, value)


def _one(types: Sequence[DataType], value: Any) -> Shown:
    if isinstance(value, str):
        for one in types:
            for enum_member in one.members:
                if enum_member.code == value:
                    label = text_in(enum_member.label, get_language() or "en")
                    return Shown("text", label or value)
    if isinstance(value, Mapping):
        return _mapping(types, value)
    return _any_value(value)


def _mapping(types: Sequence[DataType], value: Mapping[str, Any]) -> Shown:
    base = types[0].base if len(types) == 1 else ""
    if base == "langString":
        return Shown(
            "texts",
            entries=tuple(
                ("" if key == NO_LANGUAGE else key, Shown("text", str(text)))
                for key, text in sorted(value.items())
            ),
        )
    if base == "geopoint" and {"latitude", "longitude"} <= value.keys():
        return Shown("text", f"{value['latitude']}, {value['longitude']}")
    fields = {item.name: item for one in types if one.form == "struct" for item in one.fields}
    if fields:
        language = get_language() or "en"
        ordered = [name for name in fields if name in value]
        return Shown(
            "record",
            entries=tuple(
                (
                    text_in(fields[name].label, language) or name,
                    show_value(fields[name], value[name]),
                )
                for name in ordered
            )
            + tuple((name, _any_value(part)) for name, part in value.items() if name not in fields),
        )
    return Shown("code", pretty_json(value))


def _any_value(value: Any) -> Shown:
    if value is None:
        return Shown("none")
    if isinstance(value, bool):
        return Shown("boolean", "yes" if value else "")
    if isinstance(value, str):
        is_iri = value.startswith(("http://", "https://")) and not any(map(str.isspace, value))
        return Shown("iri", value, value) if is_iri else Shown("text", value)
    if isinstance(value, list | Mapping):
        return Shown("code", pretty_json(value))
    return Shown("text", str(value))


def brief(shown: Shown) -> str:
    """A value in one line of a table; booleans are the template's to say."""
    return text if len(text := _line(shown)) <= _BRIEF else text[: _BRIEF - 1].rstrip() + "…"


def _line(shown: Shown) -> str:
    if shown.form == "list":
        return ", ".join(_line(item) for item in shown.items)
    if shown.form == "texts":
        texts = {str(key): text.text for key, text in shown.entries}
        return text_in(texts, get_language() or "en")
    if shown.form == "record":
        return ", ".join(line for _label, part in shown.entries if (line := _line(part)))
    return " ".join(shown.text.split())


def title_of(view: DocumentView) -> str:
    """What an object is known by, in the reader's language where its title speaks several."""
    if not view.title:
        return view.id
    for value in view.body.values():
        if isinstance(value, Mapping) and next(iter(value.values()), None) == view.title:
            return text_in(value, get_language() or "en")
    return view.title
