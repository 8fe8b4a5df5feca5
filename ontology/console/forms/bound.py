"""A body becomes boxes: every field with its path, its value, its errors and its rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as initial
from typing import Any

from oms_project.core import canonical_json
from ontology.console.forms.read import Submission
from ontology.console.forms.spec import GROUPS, Field, Widget
from ontology.domain.kinds import NO_LANGUAGE

__all__ = ["BoundField", "Form", "FormError", "MapRow", "Row"]


@dataclass(frozen=True, slots=True)
class FormError:
    """One problem, for the summary on top of the page.

    Attributes:
        message: what is wrong.
        anchor: id of the box it belongs to; empty when it belongs to none of this form.
        where: the document it is about when that is another one (``Kind/Name``).
        place: labels of the fields that lead to the box.
    """

    message: str
    anchor: str = ""
    where: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class MapRow:
    """One entry of a map."""

    token: str
    key: str
    text: str


@dataclass(slots=True)
class Row:
    """One object of a list.

    Attributes:
        path: the row's path; ``token`` is its last part.
        kept: JSON of the fields that a folded row does not show.
        shown: the boxes beside each other; ``details`` the ones below, when unfolded.
    """

    path: str
    token: str
    kept: str
    unfolded: bool
    shown: list[BoundField]
    details: list[BoundField]
    errors: list[str]
    is_new: bool = False
    is_first: bool = False
    is_last: bool = False
    title: str = ""

    @property
    def anchor(self) -> str:
        """The id of the row's element."""
        return _anchor(self.path)


@dataclass(slots=True)
class BoundField:
    """A field with its state."""

    field: Field
    path: str
    value: Any = None
    errors: list[str] = initial(default_factory=list)
    rows: list[Row] = initial(default_factory=list)
    entries: list[MapRow] = initial(default_factory=list)
    children: list[BoundField] = initial(default_factory=list)
    folded: bool = False
    focus: bool = False

    @property
    def anchor(self) -> str:
        """The id of the box."""
        return _anchor(self.path)

    @property
    def template(self) -> str:
        """The template that draws it."""
        return f"console/forms/{self.field.widget.value}.html"


@dataclass(slots=True)
class _Problem:
    pointer: tuple[str, ...]
    message: str
    document: str
    anchor: str = ""
    place: str = ""


class Form:
    """All boxes of a definition.

    Args:
        fields: what there is to fill in.
        body: values; references as ``rid`` or as typed.
        names: ``rid`` -> ``Kind/Name``, to show references as people read them.
        language: language of an empty row of texts.
        submission: what was asked for last (rows to unfold or to add).
        errors: problems: ``{"field": JSON pointer, "message", "document", "rid"}``.
        rid, document: of the definition that is edited; a problem of another one is no box's.
    """

    def __init__(
        self,
        fields: Sequence[Field],
        body: Mapping[str, Any],
        *,
        names: Mapping[str, str] | None = None,
        language: str = "en",
        submission: Submission | None = None,
        errors: Sequence[Mapping[str, Any]] = (),
        rid: str = "",
        document: str = "",
    ) -> None:
        self.names = names or {}
        self.language = language
        self.submission = submission or Submission()
        self._problems = [
            _Problem(
                pointer=_pointer(str(error.get("field", ""))),
                message=str(error.get("message", "")),
                document=_foreign(error, rid, document),
            )
            for error in errors
        ]
        self.fields = [self._bind(one, one.name, body.get(one.name), (one.name,)) for one in fields]

    @property
    def groups(self) -> Iterator[tuple[str, list[BoundField]]]:
        """The parts of the page that have boxes."""
        for group in GROUPS:
            members = [one for one in self.fields if one.field.group == group]
            if members:
                yield group, members

    @property
    def errors(self) -> list[FormError]:
        """Every problem, with the box it belongs to."""
        return [
            FormError(one.message, one.anchor, one.document, one.place) for one in self._problems
        ]

    @property
    def more_open(self) -> bool:
        """Whether the folded part has something to show: a problem, or a row just added."""
        names = {one.path for one in self.fields if one.field.group == "more"}
        asked = {path.partition(".")[0] for path in self.submission.added | self.submission.opened}
        return bool(names & asked) or any(
            problem.pointer[:1] and problem.pointer[0] in names for problem in self._problems
        )

    def _bind(
        self, one: Field, path: str, value: Any, pointer: tuple[str, ...], *, folded: bool = False
    ) -> BoundField:
        bound = BoundField(one, path, folded=folded)
        if one.widget == Widget.ROWS:
            self._bind_rows(bound, value if isinstance(value, list) else [], pointer)
        elif one.widget == Widget.MAP:
            self._bind_map(bound, value if isinstance(value, dict) else {})
        elif one.widget == Widget.RECORD:
            bound.value = value is not None
            if not folded:
                known = value if isinstance(value, dict) else {}
                bound.children = [
                    self._bind(
                        child,
                        f"{path}.{child.name}",
                        known.get(child.name),
                        (*pointer, child.name),
                    )
                    for child in one.fields
                ]
        else:
            bound.value = self._show(one, value)
        bound.errors = self._take(pointer, bound.anchor, str(one.label))
        return bound

    def _bind_rows(self, bound: BoundField, items: list[Any], pointer: tuple[str, ...]) -> None:
        one = bound.field
        added = bound.path in self.submission.added
        everything: list[dict[str, Any]] = [item for item in items if isinstance(item, dict)]
        if added:
            everything.append({})
        for place, item in enumerate(everything):
            path = f"{bound.path}.r{place}"
            place_pointer = (*pointer, str(place))
            details = [child for child in one.fields if child.name not in one.columns]
            is_new = added and place == len(everything) - 1
            unfolded = bool(details) and (
                path in self.submission.opened
                or self._concerns(place_pointer, {child.name for child in details})
            )
            row = Row(
                path=path,
                token=f"r{place}",
                kept=canonical_json.dumps_text(item) if item else "",
                unfolded=unfolded,
                shown=[],
                details=[],
                errors=[],
                is_new=is_new,
                is_first=place == 0,
                is_last=place == len(everything) - 1,
                title=str(item.get("apiName") or item.get("code") or item.get("name") or ""),
            )
            for child in one.fields:
                in_columns = child.name in one.columns
                if not in_columns and not unfolded:
                    continue
                part = self._bind(
                    child,
                    f"{path}.{child.name}",
                    item.get(child.name),
                    (*place_pointer, child.name),
                    folded=not unfolded and child.widget == Widget.RECORD,
                )
                # Unfolded, a record needs room: it moves below.
                wide = child.widget == Widget.RECORD and unfolded
                (row.shown if in_columns and not wide else row.details).append(part)
            if is_new and row.shown:
                row.shown[0].focus = True
            row.errors = self._take(place_pointer, row.anchor, row.title or str(place + 1))
            bound.rows.append(row)

    def _bind_map(self, bound: BoundField, values: Mapping[str, Any]) -> None:
        entries = [("" if key == NO_LANGUAGE else key, str(text)) for key, text in values.items()]
        if bound.field.languages:
            entries.sort(key=lambda entry: (entry[0] != self.language, entry[0]))
        added = bound.path in self.submission.added
        if added or not entries:
            taken = {key for key, _text in entries}
            key = self.language if bound.field.languages and self.language not in taken else ""
            entries.append((key, ""))
        bound.entries = [
            MapRow(f"r{place}", key, text) for place, (key, text) in enumerate(entries)
        ]
        bound.focus = added

    def _show(self, one: Field, value: Any) -> Any:
        """The value as its box holds it."""
        if one.widget == Widget.REFERENCES:
            known = value if isinstance(value, list) else []
            return [self.names.get(str(item), str(item)) for item in known]
        if one.widget == Widget.REFERENCE:
            return self.names.get(str(value), str(value)) if value else ""
        if one.widget == Widget.STRINGS:
            return "\n".join(map(str, value)) if isinstance(value, list) else str(value or "")
        if one.widget == Widget.JSON:
            return _json_text(value, long=one.long)
        if value is None:
            return one.initial if one.initial is not None else ""
        return value

    def _take(self, pointer: tuple[str, ...], anchor: str, place: str) -> list[str]:
        """Messages of the problems at ``pointer`` or below it that no box inside has taken."""
        taken = []
        for problem in self._problems:
            if problem.document or problem.pointer[: len(pointer)] != pointer:
                continue
            if not problem.anchor:
                problem.anchor = anchor
                taken.append(problem.message)
            problem.place = f"{place} › {problem.place}" if problem.place else place
        return taken

    def _concerns(self, pointer: tuple[str, ...], names: set[str]) -> bool:
        length = len(pointer)
        return any(
            not problem.document
            and problem.pointer[:length] == pointer
            and len(problem.pointer) > length
            and problem.pointer[length] in names
            for problem in self._problems
        )


def _foreign(error: Mapping[str, Any], rid: str, document: str) -> str:
    """The document that ``error`` is about, when that is not the one that is edited."""
    about, named = error.get("rid") or "", str(error.get("document") or "")
    own = about == rid if rid and about else named in ("", document)
    return "" if own else named


def _json_text(value: Any, *, long: bool) -> str:
    if value is None or value in ([], {}):
        return ""
    if isinstance(value, str):
        if long:  # a text that was refused as JSON comes back as it was typed
            return value
        try:
            canonical_json.loads(value)
        except ValueError:
            return value  # plain text says the same and reads better
    return canonical_json.dumps_text(value)


def _pointer(text: str) -> tuple[str, ...]:
    if not text:
        return ()
    parts = text.lstrip("/").split("/")
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in parts)


def _anchor(path: str) -> str:
    return "f-" + path.replace(".", "-")
