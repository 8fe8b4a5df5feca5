"""A JSON value, arranged for a reader: names instead of ids, a language beside its text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import simplejson

from oms_project.core.ids import is_rid
from ontology.console.forms.labels import CHOICES, KINDS, label_of
from ontology.console.links import document_url, target_of
from ontology.domain.kinds import NO_LANGUAGE

__all__ = ["Naming", "Shown", "pretty_json", "text_in"]

_TEXTS = frozenset({"displayName", "description", "label", "reason", "message"})
_MAPS = frozenset({"values", "config", "prefixes"})
#: What an item is called comes first.
_NAMES = ("apiName", "name", "code")
_CHOICES = frozenset(
    {"status", "sensitivity", "onDelete", "direction", "compatibility", "relation", "op"}
)
#: Deeper values are shown as JSON: nobody reads six levels of nesting as a page.
_DEEPEST = 5


@dataclass(frozen=True, slots=True)
class Shown:
    """A value for the template ``parts/value.html``.

    Attributes:
        form: ``none``, ``text``, ``code``, ``boolean``, ``reference``, ``list``, ``texts`` or
            ``record``.
        text: what to write (for ``reference`` the name).
        url: of a reference or an IRI.
        kind: of a reference.
        items: of a list; ``entries``: ``(label, value)`` of texts and records.
    """

    form: str
    text: str = ""
    url: str = ""
    kind: str = ""
    items: tuple[Shown, ...] = ()
    entries: tuple[tuple[Any, Shown], ...] = ()


@dataclass(frozen=True)
class Naming:
    """How references are named and where they lead: an ontology at a ref."""

    ontology: str
    ref: str = ""
    names: Mapping[str, str] = field(default_factory=dict)

    def show(self, value: Any, name: str = "", depth: int = 0) -> Shown:
        """Arrange ``value``, which stands in the field ``name``."""
        if value is None:
            return Shown("none")
        if isinstance(value, bool):
            return Shown("boolean", "yes" if value else "")
        if isinstance(value, str):
            return self._text(value, name)
        if depth >= _DEEPEST:
            return Shown("code", pretty_json(value))
        if isinstance(value, (list, tuple)):
            return Shown("list", items=tuple(self.show(item, name, depth + 1) for item in value))
        if isinstance(value, Mapping):
            return self._mapping(value, name, depth)
        return Shown("text", str(value))

    def show_data(self, value: Any, depth: int = 0) -> Shown:
        """Arrange a value of an object or link: its words are people's own, none is translated."""
        if value is None or isinstance(value, bool):
            return self.show(value)
        if isinstance(value, str):
            return self._text(value, "value")
        if isinstance(value, list | tuple) and depth < _DEEPEST:
            return Shown("list", items=tuple(self.show_data(item, depth + 1) for item in value))
        if isinstance(value, Mapping) and depth < _DEEPEST:
            entries = [(key, self.show_data(part, depth + 1)) for key, part in value.items()]
            return Shown("record", entries=tuple(entries))
        if isinstance(value, list | tuple | Mapping):
            return Shown("code", pretty_json(value))
        return Shown("text", str(value))

    def reference(self, target: str, document_id: str = "") -> Shown:
        """A link to the document ``target``."""
        name = document_id or self.names.get(target, target)
        if target != name and name.partition("/")[0] not in KINDS:  # an object or link, by its @id
            kind = "Object" if not is_rid(name.partition("/")[2]) else "Link"
            return Shown(
                "reference", unquote(name), document_url(self.ontology, target, self.ref), kind
            )
        kind, slash, short = name.partition("/")
        url = document_url(self.ontology, target_of(name, target), self.ref)
        return Shown("reference", short if slash else name, url, kind if slash else "")

    def _text(self, value: str, name: str) -> Shown:
        if value in self.names or is_rid(value):
            return self.reference(value) if name != "rid" else Shown("code", value)
        if name in _CHOICES and value in CHOICES:
            return Shown("text", str(CHOICES[value]))
        if value.startswith(("http://", "https://")) and not any(map(str.isspace, value)):
            return Shown("iri", value, value)
        return Shown("text", value)

    def _mapping(self, value: Mapping[str, Any], name: str, depth: int) -> Shown:
        if name in _TEXTS:
            return Shown(
                "texts",
                entries=tuple(
                    ("" if key == NO_LANGUAGE else key, Shown("text", str(text)))
                    for key, text in sorted(value.items())
                ),
            )
        if name in _MAPS:  # their keys are names that people gave, not fields
            entries = [(key, self.show(part, "value", depth + 1)) for key, part in value.items()]
            return Shown("record", entries=tuple(entries))
        entries = [
            (label_of(key), self.show(part, key, depth + 1))
            for key, part in sorted(value.items(), key=lambda item: item[0] not in _NAMES)
            if key not in ("rid", "order")
        ]
        return Shown("record", entries=tuple(entries))


def text_in(texts: Mapping[str, str] | None, language: str) -> str:
    """The text in ``language``, or in the nearest that there is; empty when there is none."""
    if not texts:
        return ""
    base = language.partition("-")[0]
    for wanted in (language, base, "en", NO_LANGUAGE):
        if wanted in texts:
            return texts[wanted]
    return next(iter(texts.values()))


def pretty_json(value: Any) -> str:
    """JSON over several lines, numbers as they are."""
    return simplejson.dumps(
        value, indent=2, ensure_ascii=False, use_decimal=True, sort_keys=False, default=dict
    )
