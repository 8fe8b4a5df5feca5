"""The form of an action, made of its parameters: what is shown, and what was entered."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from oms_project.core.canonical_json import dumps_text, loads
from ontology.console.presenters.values import text_in
from ontology.contract import ActionInfo

__all__ = ["ParameterField", "Spec", "entered", "form_of"]

#: What a parameter's box is called in the form; no other box begins so.
_PREFIX = "p."
_WHOLE = re.compile(r"[+-]?[0-9]{1,300}", re.ASCII)
_JSON_TYPES = frozenset({"langString", "json", "geopoint", "geoshape", "vector"})


@dataclass(frozen=True, slots=True)
class Spec:
    """What the templates of forms ask of a field, see ``console/forms``.

    Attributes:
        kinds: of a reference: the name of the type whose objects may be chosen.
        choices: ``(value, label)``; the first is empty where there need not be one.
        data_types, free, long: see ``ontology.console.forms.spec.Field``.
    """

    label: str
    help: str = ""
    required: bool = False
    kinds: tuple[str, ...] = ()
    choices: tuple[tuple[str, str], ...] = ()
    data_types: bool = False
    free: bool = False
    long: bool = False


@dataclass(frozen=True, slots=True)
class ParameterField:
    """One parameter as a box with what stands in it."""

    name: str
    widget: str
    field: Spec
    value: Any
    errors: tuple[str, ...] = ()
    focus: bool = False

    @property
    def path(self) -> str:
        """Its name in the form."""
        return f"{_PREFIX}{self.name}"

    @property
    def anchor(self) -> str:
        """Its id in the page."""
        return f"f-{self.name}"

    @property
    def template(self) -> str:
        """The template that draws it."""
        return f"console/forms/{self.widget}.html"


@dataclass
class _Entered:
    """What was entered, and what of it cannot be read."""

    parameters: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


def form_of(
    action: ActionInfo,
    data: QueryDict | None,
    language: str,
    errors: Mapping[str, Sequence[str]],
    *,
    given: Mapping[str, str] | None = None,
) -> list[ParameterField]:
    """The boxes of an action.

    Args:
        data: what was entered; None for an empty form.
        errors: parameter -> what is wrong with it.
        given: values of an address (``?flight=Flight/OZ1``), for an empty form.
    """
    fields: list[ParameterField] = []
    for parameter in action.parameters:
        name, widget = parameter["apiName"], _widget(parameter)
        wrong = tuple(errors.get(name, ()))
        fields.append(
            ParameterField(
                name=name,
                widget=widget,
                field=_spec(parameter, widget, language),
                value=_shown(parameter, widget, data, (given or {}).get(name)),
                errors=wrong,
                focus=bool(wrong) and not any(known.focus for known in fields),
            )
        )
    return fields


def entered(action: ActionInfo, data: QueryDict) -> tuple[dict[str, Any], dict[str, str]]:
    """Parameters as they were entered, and what of them cannot be read; an empty box is left out."""
    found = _Entered()
    for parameter in action.parameters:
        name, widget = parameter["apiName"], _widget(parameter)
        texts = [text.strip() for text in data.getlist(f"{_PREFIX}{name}")]
        if widget == "boolean":
            found.parameters[name] = bool(texts)
        elif widget in ("references", "strings"):
            lines = [line.strip() for text in texts for line in text.splitlines()]
            listed = [_value(parameter, line) for line in lines if line]
            if listed or parameter.get("required", True):
                found.parameters[name] = listed
        elif texts and texts[0]:
            _read_one(parameter, widget, texts[0], found)
    return found.parameters, found.errors


def _read_one(parameter: Mapping[str, Any], widget: str, text: str, found: _Entered) -> None:
    name = parameter["apiName"]
    if widget == "json":
        try:
            found.parameters[name] = loads(text)
        except ValueError:
            found.errors[name] = _("This is no JSON.")
            found.parameters[name] = None
        return
    found.parameters[name] = _value(parameter, text)


def _value(parameter: Mapping[str, Any], text: str) -> Any:
    """A text as the parameter's data type has it; as text where it is none of it, which is told
    when the action checks it.
    """
    bases = [_base(data_type) for data_type in parameter.get("dataTypes", ())]
    if "boolean" in bases and text in ("true", "false"):
        return text == "true"
    if {"integer", "long", "double"} & set(bases) and _WHOLE.fullmatch(text):
        return int(text)
    if "double" in bases:
        try:
            return float(text)
        except ValueError:
            return text
    return text


def _base(data_type: str) -> str:
    return data_type.partition("(")[0]


def _widget(parameter: Mapping[str, Any]) -> str:
    many = parameter.get("array") is not None
    if parameter.get("objectType"):
        return "references" if many else "reference"
    bases = {_base(data_type) for data_type in parameter.get("dataTypes", ())}
    if bases & _JSON_TYPES or any(text.startswith("StructType/") for text in bases):
        return "json"
    if many:
        return "strings"
    if parameter.get("members"):
        return "choice"
    if bases == {"boolean"}:
        return "boolean" if parameter.get("required", True) else "choice"
    return "integer" if bases <= {"integer", "long"} and bases else "text"


def _spec(parameter: Mapping[str, Any], widget: str, language: str) -> Spec:
    needed = parameter.get("required", True) and parameter.get("default") is None
    label = text_in(parameter.get("displayName"), language) or parameter["apiName"]
    kind = str(parameter.get("objectType", "")).partition("/")[2]
    told = [text_in(parameter.get("description"), language)]
    if widget == "strings":
        told.append(_("One on each line."))
    if widget in ("text", "json"):
        told.append(_hint(parameter))
    choices: tuple[tuple[str, str], ...] = ()
    if widget == "choice":
        members: Sequence[Mapping[str, Any]] = parameter.get("members") or (
            {"code": "true", "label": {language: _("Yes")}},
            {"code": "false", "label": {language: _("No")}},
        )
        choices = tuple(
            (one["code"], text_in(one.get("label"), language) or one["code"]) for one in members
        )
        choices = (("", "—"), *choices)
    return Spec(
        label=label,
        help=" ".join(part for part in told if part),
        required=needed and widget != "boolean",
        kinds=(kind,) if kind else (),
        choices=choices,
        long=widget == "json",
    )


_HINTS = {
    "date": "2026-07-05",
    "timestamp": "2026-07-05T12:00:00Z",
    "time": "12:00:00",
    "duration": "P1DT2H",
    "geopoint": '{"latitude": 37.5, "longitude": 127}',
    "langString": '{"en": "…", "ko": "…"}',
}


def _hint(parameter: Mapping[str, Any]) -> str:
    found = [_HINTS.get(_base(text), "") for text in parameter.get("dataTypes", ())]
    example = next((text for text in found if text), "")
    return _("Such as %(example)s.") % {"example": example} if example else ""


def _shown(
    parameter: Mapping[str, Any], widget: str, data: QueryDict | None, given: str | None
) -> Any:
    path = f"{_PREFIX}{parameter['apiName']}"
    if data is not None:
        texts = [text for text in data.getlist(path) if text.strip()]
        if widget == "boolean":
            return bool(texts)
        return texts if widget == "references" else "\n".join(texts)
    if given is not None:
        return [given] if widget == "references" else given
    default = parameter.get("default")
    if widget == "references":
        return list(default or ())
    if widget == "boolean":
        return bool(default)
    if default is None:
        return ""
    if widget == "strings":
        return "\n".join(str(item) for item in default)
    if isinstance(default, bool):
        return "true" if default else "false"
    return dumps_text(default) if widget == "json" else str(default)
