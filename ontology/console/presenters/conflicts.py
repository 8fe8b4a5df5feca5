"""Conflicts side by side, and the answers a person gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import unquote

from django.http import QueryDict
from django.utils.translation import gettext as _

from oms_project.core import canonical_json
from ontology.console.links import document_url, target_of
from ontology.console.presenters.changes import data_path, people_path, short_name
from ontology.console.presenters.values import Naming, Shown, pretty_json
from ontology.console.presenters.words import Piece, compare_words
from ontology.contract import Conflict, Resolution
from ontology.domain.kinds import INSTANCE_KINDS

__all__ = ["Answers", "ShownConflict", "arrange_conflicts", "read_answers"]

#: Conflicts drawn at once; the others are settled by the answer for all.
MOST_CONFLICTS = 200


@dataclass(frozen=True, slots=True)
class ShownConflict:
    """One conflict with its three values and the answer given so far."""

    conflict: Conflict
    number: int
    url: str
    name: str
    place: str
    type_label: str
    explanation: str
    base: Shown
    ours: Shown
    theirs: Shown
    words_ours: tuple[Piece, ...]
    words_theirs: tuple[Piece, ...]
    choice: str
    value: str
    error: str
    is_text: bool


@dataclass(frozen=True, slots=True)
class Answers:
    """What the form says.

    Attributes:
        resolutions: for the service.
        choices: conflict id -> ``(choice, text of the value)``, to draw the form again.
        errors: conflict id -> what is wrong with the value typed in.
        general: the answer for everything else, or empty.
    """

    resolutions: tuple[Resolution, ...]
    choices: Mapping[str, tuple[str, str]]
    errors: Mapping[str, str]
    general: str


def read_answers(data: QueryDict) -> Answers:
    """Read the answers: fields ``c<n>.document``, ``c<n>.path``, ``c<n>.choice``, ``c<n>.value``."""
    resolutions: list[Resolution] = []
    choices: dict[str, tuple[str, str]] = {}
    errors: dict[str, str] = {}
    for token in data.getlist("conflict"):
        document = data.get(f"{token}.document", "")
        path = data.get(f"{token}.path", "")
        choice = data.get(f"{token}.choice", "")
        text = data.get(f"{token}.value", "").replace("\r\n", "\n")
        key = f"{document}#{path}"
        if choice in ("ours", "theirs", "base"):
            choices[key] = (choice, text)
            resolutions.append(Resolution(choice, document, path))  # type: ignore[arg-type]
        elif choice == "value":
            choices[key] = (choice, text)
            try:
                value = _value(text, is_text=data.get(f"{token}.text") == "1")
            except ValueError as error:
                errors[key] = _("This is not JSON: %(why)s") % {"why": error}
            else:
                resolutions.append(Resolution("value", document, path, value))
    general = data.get("general", "")
    if general in ("ours", "theirs", "base"):
        resolutions.append(Resolution(general))  # type: ignore[arg-type]
    else:
        general = ""
    return Answers(tuple(resolutions), choices, errors, general)


def _value(text: str, *, is_text: bool) -> Any:
    if is_text:
        return text
    return canonical_json.loads(text) if text.strip() else None


def arrange_conflicts(
    conflicts: Sequence[Conflict], answers: Answers | None, naming: Naming, errors: Sequence[Any]
) -> list[ShownConflict]:
    """The first conflicts, each with the answer given so far.

    Args:
        errors: what the service said about answers: ``{"document", "field", "message"}``.
    """
    told = {
        f"{one.get('document', '')}#{one.get('field', '')}": str(one.get("message", ""))
        for one in errors
    }
    return [
        _shown(number, conflict, answers, naming, told)
        for number, conflict in enumerate(conflicts[:MOST_CONFLICTS])
    ]


def _shown(
    number: int,
    conflict: Conflict,
    answers: Answers | None,
    naming: Naming,
    told: Mapping[str, str],
) -> ShownConflict:
    name = [part for part in conflict.path.split("/") if part][-1:] or [""]
    ours, theirs = conflict.ours, conflict.theirs
    texts = [value for value in (conflict.base, ours, theirs) if value is not None]
    is_text = bool(texts) and all(isinstance(value, str) for value in texts)
    words: tuple[tuple[Piece, ...], tuple[Piece, ...]] = ((), ())
    if isinstance(ours, str) and isinstance(theirs, str) and ours not in naming.names:
        words = compare_words(ours, theirs)
    choice, value = (answers.choices if answers else {}).get(conflict.id, ("", ""))
    suggestion = ours if ours is not None else theirs
    if not value:
        value = str(suggestion) if is_text else pretty_json(suggestion)
    is_data = conflict.kind in INSTANCE_KINDS
    shown = naming.show_data if is_data else partial(naming.show, name=name[0])
    error = (answers.errors if answers else {}).get(conflict.id, "") or told.get(conflict.id, "")
    return ShownConflict(
        conflict=conflict,
        number=number,
        url=document_url(naming.ontology, target_of(conflict.document, conflict.rid), naming.ref),
        name=unquote(conflict.document) if is_data else short_name(conflict.document),
        place=data_path(conflict.label) if is_data else people_path(conflict.label),
        type_label=_type_label(conflict.type),
        explanation=_explanation(conflict.type),
        base=shown(conflict.base),
        ours=shown(ours),
        theirs=shown(theirs),
        words_ours=words[0],
        words_theirs=words[1],
        choice=choice,
        value=value,
        error=error,
        is_text=is_text,
    )


def _type_label(conflict_type: str) -> str:
    return {
        "edit/edit": _("Both changed it"),
        "delete/edit": _("Deleted here, changed there"),
        "edit/delete": _("Changed here, deleted there"),
        "add/add": _("Both added it"),
        "rename/rename": _("Both renamed it"),
        "order": _("Both changed the order"),
    }.get(conflict_type, conflict_type)


def _explanation(conflict_type: str) -> str:
    return {
        "edit/edit": _("Choose which change stays, or write what should stand here."),
        "delete/edit": _("Choose ours to delete it, theirs to keep it as changed."),
        "edit/delete": _("Choose ours to keep it as changed, theirs to delete it."),
        "add/add": _("Choose which one stays, or write what should stand here."),
        "rename/rename": _("Choose which name stays, or write another one."),
        "order": _("Choose which order stays, or write the keys in the order you want."),
    }.get(conflict_type, "")
