"""Values become boxes, and what was typed becomes values again.

Names in the HTML are paths below a prefix: ``v.home.city``, ``v.nicknames.r0``; the prefix keeps a
property called ``message`` apart from the form's own boxes. A list posts its rows' tokens under its
own path, as everywhere in the console (``forms.read``).

A box that nobody touched gives back the very value it was filled with, however it is spelled.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as initial
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from oms_project.core import canonical_json
from ontology.console.forms.bound import FormError, MapRow
from ontology.console.forms.values import Box
from ontology.domain.kinds import NO_LANGUAGE

__all__ = ["FilledBox", "ValueForm", "Values", "read_values"]

PREFIX = "v"
_NUMBERS = frozenset({"integer", "long", "double"})
#: What the browser's box for a moment can hold; anything else is edited as text.
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)Z?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
#: A problem inside a struct, as the validator tells it: ``/city (required): …``.
_INNER = re.compile(r"(/[^\s()]*) \(([a-z-]+)\): ")
_TOKEN = re.compile(r"[A-Za-z0-9]{1,64}", re.ASCII)


@dataclass
class Values:
    """What a request says.

    Attributes:
        body: ``apiName`` -> value; a value that could not be read stays as the text typed in.
        errors: ``{"field": JSON pointer, "message"}`` for those.
        added: paths of lists to which an empty box is added.
    """

    body: dict[str, Any] = initial(default_factory=dict)
    errors: list[dict[str, str]] = initial(default_factory=list)
    added: set[str] = initial(default_factory=set)


@dataclass(slots=True)
class ItemRow:
    """One item of a list."""

    path: str
    token: str
    box: FilledBox


@dataclass(slots=True)
class FilledBox:
    """A box with its value.

    Attributes:
        field: what it is; the templates of definitions' forms ask for it by this name.
        rows: of a list; children: of a struct; entries: texts by language.
    """

    field: Box
    path: str
    value: Any = ""
    errors: list[str] = initial(default_factory=list)
    rows: list[ItemRow] = initial(default_factory=list)
    children: list[FilledBox] = initial(default_factory=list)
    entries: list[MapRow] = initial(default_factory=list)
    focus: bool = False
    template: str = ""

    @property
    def anchor(self) -> str:
        """The id of the box."""
        return "f-" + self.path.replace(".", "-")


# --- from values to boxes -------------------------------------------------------------------------
class ValueForm:
    """All boxes of an object or link.

    Args:
        boxes: what there is to fill in.
        body: values, or texts that could not be read as one.
        errors: ``{"field": JSON pointer, "message", "rule", "document", "rid"}`` each.
        added: paths of lists that get an empty box.
        own: names (``@id``, ``rid``) of what is edited; problems of others are no box's.
    """

    def __init__(
        self,
        boxes: Sequence[Box],
        body: Mapping[str, Any],
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        added: set[str] | None = None,
        own: Sequence[str] = (),
    ) -> None:
        self._added = added or set()
        self._problems = [problem for one in errors for problem in _problems(one, own)]
        self.boxes = [
            self._fill(box, f"{PREFIX}.{box.name}", body.get(box.name), (box.name,))
            for box in boxes
        ]

    @property
    def errors(self) -> list[FormError]:
        """Every problem, with the box it belongs to."""
        return [
            FormError(one.message, one.anchor, one.document, one.place) for one in self._problems
        ]

    def take(self, name: str, anchor: str, place: str) -> list[str]:
        """Problems of something beside the values, such as the end of a link."""
        return self._take((name,), anchor, place)

    def _fill(self, box: Box, path: str, value: Any, pointer: tuple[str, ...]) -> FilledBox:
        filled = FilledBox(box, path, template=f"console/forms/{box.widget}.html")
        if box.widget == "items":
            self._fill_items(filled, value, pointer)
        elif box.widget == "struct":
            known = value if isinstance(value, Mapping) else {}
            filled.children = [
                self._fill(
                    child, f"{path}.{child.name}", known.get(child.name), (*pointer, child.name)
                )
                for child in box.fields
            ]
        elif box.widget == "map":
            self._fill_map(filled, value)
        else:
            filled.value = shown_text(box, value)
            if box.widget == "choice":
                filled.field = _with_value(box, filled.value)
            elif box.widget == "moment" and not _fits(box, filled.value):
                filled.template = "console/forms/text.html"
            elif box.widget == "text" and "\n" in filled.value:
                filled.template = "console/forms/area.html"
        filled.errors = self._take(pointer, filled.anchor, box.label)
        return filled

    def _fill_items(self, filled: FilledBox, value: Any, pointer: tuple[str, ...]) -> None:
        item = filled.field.item
        assert item is not None
        items = list(value) if isinstance(value, list) else [] if value is None else [value]
        added = filled.path in self._added
        if added or not items:
            items.append(None)
        for place, one in enumerate(items):
            path = f"{filled.path}.r{place}"
            row = self._fill(item, path, one, (*pointer, str(place)))
            row.focus = added and place == len(items) - 1
            filled.rows.append(ItemRow(path, f"r{place}", row))

    def _fill_map(self, filled: FilledBox, value: Any) -> None:
        texts = value if isinstance(value, Mapping) else {}
        entries = [("" if key == NO_LANGUAGE else key, str(text)) for key, text in texts.items()]
        filled.focus = filled.path in self._added
        if filled.focus or not entries:
            taken = {key for key, _text in entries}
            entries.append(("" if "en" in taken else "en", ""))
        filled.entries = [
            MapRow(f"r{place}", key, text) for place, (key, text) in enumerate(entries)
        ]

    def _take(self, pointer: tuple[str, ...], anchor: str, place: str) -> list[str]:
        """Messages of the problems at ``pointer`` or below it that no box inside has taken."""
        taken = []
        for problem in self._problems:
            if problem.document or problem.pointer[: len(pointer)] != pointer:
                continue
            if not problem.anchor:
                problem.anchor = anchor
                taken.append(problem.message)
            if place and not problem.place.startswith(place):
                problem.place = f"{place} › {problem.place}" if problem.place else place
        return taken


@dataclass(slots=True)
class _Problem:
    pointer: tuple[str, ...]
    message: str
    document: str
    anchor: str = ""
    place: str = ""


def _problems(error: Mapping[str, Any], own: Sequence[str]) -> Iterator[_Problem]:
    named = str(error.get("document") or "")
    foreign = "" if not named or named in own or error.get("rid") in own else named
    pointer = str(error.get("field") or "")
    message = str(error.get("message") or "")
    found = list(_INNER.finditer(message)) if error.get("rule") == "struct" else []
    if not found:
        yield _Problem(_steps(pointer), message, foreign)
        return
    # The validator tells of a struct's fields in one sentence; each goes to its box.
    ends = [*(match.start() for match in found[1:]), len(message)]
    for match, end in zip(found, ends, strict=True):
        inner = match.group(1).rstrip("/")
        yield _Problem(_steps(pointer + inner), message[match.end() : end].strip(), foreign)


def _steps(pointer: str) -> tuple[str, ...]:
    parts = pointer.strip("/").split("/") if pointer.strip("/") else []
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in parts)


def _with_value(box: Box, value: str) -> Box:
    """The choices with ``value`` among them: what is there must not be lost by looking at it."""
    if not value or value in {code for code, _label in box.choices}:
        return box
    known = {name: getattr(box, name) for name in Box.__slots__}
    return Box(**{**known, "choices": (*box.choices, (value, value))})


def _fits(box: Box, text: str) -> bool:
    pattern = _DATE if box.mode == "date" else _MOMENT
    return not text or pattern.fullmatch(text) is not None


def shown_text(box: Box, value: Any) -> str:
    """The value as its box holds it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        if box.widget == "json" or (not box.base and _is_json(value)):
            return canonical_json.dumps_text(value)
        match = _MOMENT.fullmatch(value) if box.mode == "datetime-local" else None
        return match.group(1) if match else value
    return canonical_json.dumps_text(value)


def _is_json(text: str) -> bool:
    try:
        canonical_json.loads(text)
    except ValueError:
        return False
    return True


# --- from boxes to values -------------------------------------------------------------------------
def read_values(boxes: Sequence[Box], data: QueryDict, known: Mapping[str, Any]) -> Values:
    """Read the boxes of a request.

    Args:
        known: the values that the boxes were filled with.
    """
    action, _colon, path = data.get("_do", "").partition(":")
    reader = _Reader(data, action, path)
    for box in boxes:
        name = f"{PREFIX}.{box.name}"
        value = reader.value(box, name, name, known.get(box.name), f"/{box.name}")
        if value is not None:
            reader.result.body[box.name] = value
    return reader.result


class _Reader:
    """Reads one request; knows the paths before (``old``) and after (``new``) rows moved."""

    def __init__(self, data: QueryDict, action: str, path: str) -> None:
        self.data = data
        self.action = action
        self.path = path
        self.result = Values()

    def value(self, box: Box, old: str, new: str, known: Any, pointer: str) -> Any:
        """The value of one box; None when it is empty."""
        if box.widget == "items":
            return self.items(box, old, new, known, pointer)
        if box.widget == "struct":
            return self.struct(box, old, new, known, pointer)
        if box.widget == "map":
            return self.texts(old, new, known, pointer)
        # Browsers send CRLF; a stored text must not change by being opened and saved.
        text = self.data.get(old, "").replace("\r\n", "\n")
        if known is not None and text == shown_text(box, known):
            return known
        return self.typed(box, text, pointer)

    def typed(self, box: Box, text: str, pointer: str) -> Any:
        """What ``text`` stands for; text that stands for nothing is left to the validator."""
        if not text.strip():
            return None
        if box.base == "boolean":
            return {"true": True, "false": False}.get(text, text)
        if box.base in _NUMBERS:
            return _number(text.strip())
        if box.base == "timestamp" and _MOMENT.fullmatch(text.strip()):
            return text.strip().removesuffix("Z") + "Z"
        if box.widget == "json":
            try:
                return canonical_json.loads(text)
            except ValueError as error:
                message = _("This is not JSON: %(why)s") % {"why": error}
                self.result.errors.append({"field": pointer, "message": message})
                return text
        if not box.base:
            return canonical_json.loads(text) if _is_json(text) else text
        return text if box.base in ("string", "langString") else text.strip()

    def struct(self, box: Box, old: str, new: str, known: Any, pointer: str) -> Any:
        """An object of the fields that are filled in."""
        before = known if isinstance(known, Mapping) else {}
        names = {child.name for child in box.fields}
        found = {name: value for name, value in before.items() if name not in names}
        for child in box.fields:
            step = f"{pointer}/{child.name}"
            value = self.value(
                child, f"{old}.{child.name}", f"{new}.{child.name}", before.get(child.name), step
            )
            if value is not None:
                found[child.name] = value
        # An empty object that was there stays; boxes that nobody filled in are no value.
        return found if found or known == {} else None

    def items(self, box: Box, old: str, new: str, known: Any, pointer: str) -> Any:
        """A list of what its boxes hold."""
        item = box.item
        assert item is not None
        before = known if isinstance(known, list) else []
        same = {shown_text(item, one): one for one in before} if _plain(item) else {}
        found: list[Any] = []
        for token in self.tokens(old, new):
            place = token.removeprefix("r")
            number = int(place) if place.isdecimal() and len(place) < 7 else len(before)
            base = before[number] if number < len(before) else None
            row = f"{old}.{token}"
            text = self.data.get(row, "").replace("\r\n", "\n")
            if _plain(item) and text in same and text:
                value = same[text]
            else:
                value = self.value(
                    item, row, f"{new}.r{len(found)}", base, f"{pointer}/{len(found)}"
                )
            if value is not None or self.action:
                found.append(value)
        if not found and known == []:
            return known
        return found or None

    def texts(self, old: str, new: str, known: Any, pointer: str) -> Any:
        """Texts by language."""
        found: dict[str, str] = {}
        for token in self.tokens(old, new):
            key = self.data.get(f"{old}.{token}.key", "").strip() or NO_LANGUAGE
            text = self.data.get(f"{old}.{token}.text", "").replace("\r\n", "\n")
            if not text.strip():
                continue
            if key in found:
                message = _("%(key)s stands here twice.") % {"key": key}
                self.result.errors.append({"field": pointer, "message": message})
            found[key] = text
        return known if known is not None and found == known else found or None

    def tokens(self, old: str, new: str) -> list[str]:
        """Tokens of a list's rows in their order, after what the pressed button asks for."""
        tokens = [
            token for token in dict.fromkeys(self.data.getlist(old)) if _TOKEN.fullmatch(token)
        ]
        if self.action == "add" and self.path == old:
            self.result.added.add(new)
        parent, _dot, token = self.path.rpartition(".")
        if parent == old and token in tokens and self.action == "remove":
            tokens.remove(token)
        return tokens


def _plain(item: Box) -> bool:
    return item.widget not in ("struct", "map", "items")


def _number(text: str) -> Any:
    try:
        value = canonical_json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, int | float) and not isinstance(value, bool) else text
