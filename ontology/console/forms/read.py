"""A request becomes a body.

Names in the HTML are paths: ``properties.r3.displayName.r0.text``. A list posts its rows' tokens
(``r3``) under its own path, in the order in which the rows stand on the page; so moving a row in
the page is all it takes to move it. A folded row posts what it does not show as JSON
(``….r3._item``), and a button that changes the shape of the form posts ``_do=add:properties``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from oms_project.core import canonical_json
from ontology.console.forms.spec import Field, Widget
from ontology.domain.kinds import NO_LANGUAGE
from ontology.domain.names import name_key

__all__ = ["Submission", "read"]

#: More rows than anybody types in; the request's size is bounded elsewhere.
_MAX_TOKEN = 64


@dataclass
class Submission:
    """What a request says.

    Attributes:
        body: fields in camelCase; a value that could not be read stays as the text typed in.
        errors: ``{"field": JSON pointer, "message"}`` for those.
        opened: paths of rows to show unfolded.
        added: paths of lists to which an empty row is added.
    """

    body: dict[str, Any] = field(default_factory=dict)
    errors: list[dict[str, str]] = field(default_factory=list)
    opened: set[str] = field(default_factory=set)
    added: set[str] = field(default_factory=set)


def read(fields: Sequence[Field], data: QueryDict) -> Submission:
    """Read the form of ``fields`` from ``data``."""
    action, _colon, path = data.get("_do", "").partition(":")
    reader = _Reader(data, action, path)
    reader.result.body = reader.record(fields, "", "", {}, "")
    return reader.result


class _Reader:
    """Reads one request; knows the paths before (``old``) and after (``new``) rows moved."""

    def __init__(self, data: QueryDict, action: str, path: str) -> None:
        self.data = data
        self.action = action
        self.path = path
        self.result = Submission()

    def record(
        self, fields: Sequence[Field], old: str, new: str, base: Mapping[str, Any], pointer: str
    ) -> dict[str, Any]:
        """The object whose fields stand under the path ``old``; ``base`` is what is not shown."""
        shown = {field.name for field in fields}
        body = {name: value for name, value in base.items() if name not in shown}
        for one in fields:
            value = self.value(
                one, old + one.name, new + one.name, base.get(one.name), f"{pointer}/{one.name}"
            )
            if value is not None:
                body[one.name] = value
        return body

    def value(self, one: Field, old: str, new: str, base: Any, pointer: str) -> Any:
        """The value of one field; None when there is none."""
        match one.widget:
            case Widget.ROWS:
                return self.rows(one, old, new, pointer)
            case Widget.MAP:
                return self.map(one, old, new, pointer)
            case Widget.RECORD:
                if f"{old}._on" not in self.data:
                    return None
                if f"{old}._full" not in self.data:  # folded: only whether it is there
                    return base if isinstance(base, dict) else {}
                return self.record(one.fields, f"{old}.", f"{new}.", {}, pointer)
            case Widget.BOOLEAN:
                return old in self.data
            case Widget.REFERENCES:
                return [text.strip() for text in self.data.getlist(old) if text.strip()] or None
            case _:
                return self.scalar(one, self.data.get(old, ""), pointer)

    def scalar(self, one: Field, text: str, pointer: str) -> Any:
        """A value that is typed into one box."""
        # Browsers send CRLF; a stored text must not change by being opened and saved.
        text = text.replace("\r\n", "\n")
        if one.widget != Widget.LONG_TEXT:
            text = text.strip()
        if not text:
            return None
        if one.widget == Widget.INTEGER:
            try:
                return int(text)
            except ValueError:
                self.error(pointer, _("Use a whole number."))
                return text
        if one.widget == Widget.JSON:
            try:
                return canonical_json.loads(text)
            except ValueError as error:
                if one.long:
                    self.error(pointer, _("This is not JSON: %(why)s") % {"why": error})
                return text
        if one.widget == Widget.STRINGS:
            return [line.strip() for line in text.split("\n") if line.strip()]
        return text

    def rows(self, one: Field, old: str, new: str, pointer: str) -> list[dict[str, Any]] | None:
        """A list of objects, each a row."""
        columns = tuple(column for column in one.fields if column.name in one.columns)
        rows: list[dict[str, Any]] = []
        for token in self.tokens(old, new):
            row_old, row_new = f"{old}.{token}", f"{new}.r{len(rows)}"
            unfolded = f"{row_old}._open" in self.data
            item = self.record(
                one.fields if unfolded else columns,
                f"{row_old}.",
                f"{row_new}.",
                self.kept(row_old),
                f"{pointer}/{len(rows)}",
            )
            if not self.action and _is_blank(one.fields, item):
                continue
            if unfolded or (self.action == "open" and self.path == row_old):
                self.result.opened.add(row_new)
            rows.append(item)
        if one.name in ("properties", "fields"):
            _keep_places(rows)
        return rows or None

    def map(self, one: Field, old: str, new: str, pointer: str) -> dict[str, str] | None:
        """A map from language tag (or prefix) to text."""
        values: dict[str, str] = {}
        for token in self.tokens(old, new):
            key = self.data.get(f"{old}.{token}.key", "").strip()
            text = self.data.get(f"{old}.{token}.text", "").replace("\r\n", "\n")
            if not text.strip() and (one.languages or not key):
                continue
            key = key or (NO_LANGUAGE if one.languages else "")
            if key in values:
                message = _("%(key)s stands here twice.") % {"key": key}
                self.error(f"{pointer}/{key}", message)
            values[key] = text
        return values or None

    def tokens(self, old: str, new: str) -> list[str]:
        """Tokens of a list's rows in their order, after what the pressed button asks for."""
        tokens = [
            token
            for token in dict.fromkeys(self.data.getlist(old))
            if token.isalnum() and len(token) <= _MAX_TOKEN
        ]
        if self.action == "add" and self.path == old:
            self.result.added.add(new)
        parent, _dot, token = self.path.rpartition(".")
        if parent != old or token not in tokens:
            return tokens
        place = tokens.index(token)
        if self.action == "remove":
            tokens.remove(token)
        elif self.action in ("up", "down"):
            other = place + (-1 if self.action == "up" else 1)
            if 0 <= other < len(tokens):
                tokens[place], tokens[other] = tokens[other], tokens[place]
        return tokens

    def kept(self, row: str) -> dict[str, Any]:
        """What a row keeps besides its boxes."""
        try:
            item = canonical_json.loads(self.data.get(f"{row}._item", "") or "{}")
        except ValueError:
            return {}
        return item if isinstance(item, dict) else {}

    def error(self, pointer: str, message: str) -> None:
        self.result.errors.append({"field": pointer, "message": message})


def _is_blank(fields: Sequence[Field], item: Mapping[str, Any]) -> bool:
    """Whether a row was never filled in."""
    if item.get("rid"):
        return False
    initial: Callable[[str], Any] = {one.name: one.initial for one in fields}.get
    return all(value in (None, "", initial(name)) for name, value in item.items())


def _keep_places(rows: list[dict[str, Any]]) -> None:
    """Give properties an ``order`` that puts them where they stand, changing as few as possible.

    Properties are sorted by (order, name). A row that already sorts after the one above it keeps
    its number, so that editing one property is a change of one property.
    """
    previous: tuple[int, str] | None = None
    for row in rows:
        name = name_key(str(row.get("apiName") or ""))
        known = row.get("order", 0 if row.get("rid") or previous is None else previous[0])
        order = known if isinstance(known, int) else 0
        if previous is not None and (order, name) < previous:
            order = previous[0] if name >= previous[1] else previous[0] + 1
        previous = (order, name)
        if order or "order" in row:
            row["order"] = order
