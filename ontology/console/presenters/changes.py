"""Differences, arranged for a reader: grouped by kind, names instead of ids, changed words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from django.utils.translation import gettext as _

from ontology.console.forms.labels import KINDS_PLURAL, label_of
from ontology.console.links import document_url, target_of
from ontology.console.presenters.values import Naming, Shown
from ontology.console.presenters.words import Piece, compare_words
from ontology.contract import DiffResult, DocumentDiff, FieldChange
from ontology.domain.instances.keys import KEY
from ontology.domain.kinds import INSTANCE_KINDS, NO_LANGUAGE, Kind

__all__ = [
    "OPERATIONS",
    "ChangeGroup",
    "ChangePage",
    "ShownChange",
    "arrange",
    "data_path",
    "field_rows",
]

OPERATIONS = ("create", "update", "rename", "delete")
PAGE_SIZE = 100
#: Changes that are unfolded without asking, on a page with few of them.
_FEW = 12


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One difference inside a document."""

    label: str
    operation: str
    before: Shown
    after: Shown
    words_before: tuple[Piece, ...] = ()
    words_after: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownChange:
    """One document that differs."""

    operation: str
    name: str
    previous_name: str
    kind: str
    url: str
    rows: tuple[FieldRow, ...]
    opened: bool
    anchor: str


@dataclass(frozen=True, slots=True)
class ChangeGroup:
    """The changes of one kind on this page; ``total`` counts those on other pages too."""

    kind: str
    title: Any
    changes: tuple[ShownChange, ...]
    total: int


@dataclass(frozen=True, slots=True)
class ChangePage:
    """One page of a difference.

    Attributes:
        stats: ``(kind, title, {operation: count}, total)`` over everything, not only this page.
        totals: ``(operation, count)`` over everything.
        total: documents that differ; ``matching`` of them pass the filter.
    """

    groups: tuple[ChangeGroup, ...]
    stats: tuple[tuple[str, Any, Mapping[str, int], int], ...]
    totals: tuple[tuple[str, int], ...]
    total: int
    matching: int
    page: int
    pages: int


def arrange(
    diff: DiffResult,
    *,
    ontology: str,
    before_ref: str,
    after_ref: str,
    kind: str = "",
    operation: str = "",
    text: str = "",
    page: int = 1,
) -> ChangePage:
    """Arrange one page of ``diff``.

    Args:
        before_ref, after_ref: where the pages of the definitions are: a deleted one is found at
            ``before_ref``, any other at ``after_ref``.
        kind, operation, text: keep only the changes of a kind or operation, or whose name holds
            a text.
        page: from 1; out of range is the nearest page there is.
    """
    wanted = text.casefold()
    matching = [
        change
        for change in diff.changes
        if (not kind or change.kind == kind)
        and (not operation or change.operation == operation)
        and (
            not wanted
            or wanted in change.id.casefold()
            or wanted in (change.previous_id or "").casefold()
        )
    ]
    counts = Counter(change.kind for change in matching)
    pages = max(1, -(-len(matching) // PAGE_SIZE))
    page = min(max(1, page), pages)
    visible = matching[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    naming = Naming(ontology, after_ref, diff.names)
    opened = len(visible) <= _FEW
    groups: dict[str, list[ShownChange]] = {}
    for change in visible:
        ref = before_ref if change.operation == "delete" else after_ref
        groups.setdefault(change.kind, []).append(
            _shown(change, naming, ontology, ref, opened=opened)
        )
    stats = tuple(
        (name, KINDS_PLURAL.get(name, name), counts, sum(counts.values()))
        for name, counts in sorted(diff.stats.items(), key=lambda item: _rank(item[0]))
        if sum(counts.values())
    )
    totals = tuple(
        (name, sum(counts.get(name, 0) for counts in diff.stats.values())) for name in OPERATIONS
    )
    return ChangePage(
        groups=tuple(
            ChangeGroup(name, KINDS_PLURAL.get(name, name), tuple(changes), counts[name])
            for name, changes in sorted(groups.items(), key=lambda item: _rank(item[0]))
        ),
        stats=stats,
        totals=tuple(item for item in totals if item[1]),
        total=len(diff.changes),
        matching=len(matching),
        page=page,
        pages=pages,
    )


def field_rows(
    fields: Sequence[FieldChange], naming: Naming, *, is_data: bool = False
) -> tuple[FieldRow, ...]:
    """Rows for the differences inside one document; ``is_data``: inside an object or link."""
    if is_data:
        return tuple(_data_row(change, naming) for change in fields)
    return tuple(_row(change, naming) for change in fields)


def _shown(
    change: DocumentDiff, naming: Naming, ontology: str, ref: str, *, opened: bool
) -> ShownChange:
    fields = change.fields or _whole(change)
    is_data = change.kind in INSTANCE_KINDS
    # The header has no name of its own: it is the ontology's.
    name = ontology if change.kind == Kind.ONTOLOGY else short_name(change.id)
    previous = short_name(change.previous_id or "")
    if is_data:
        name, previous = _data_name(change, naming), unquote(change.previous_id or "")
    return ShownChange(
        operation=change.operation,
        name=name,
        previous_name=previous,
        kind=change.kind,
        url=document_url(ontology, target_of(change.id, change.rid), ref),
        rows=field_rows(fields, naming, is_data=is_data),
        # A new definition is all new: its name says enough until somebody asks.
        opened=opened and change.operation in ("update", "rename"),
        anchor=f"c-{change.rid}",
    )


def _whole(change: DocumentDiff) -> tuple[FieldChange, ...]:
    """A created or deleted document as the fields it has."""
    if change.operation == "create":
        return tuple(
            FieldChange(f"/{name}", name, None, value, "add")
            for name, value in (change.after or {}).items()
            if name != KEY
        )
    if change.operation == "delete":
        return tuple(
            FieldChange(f"/{name}", name, value, None, "remove")
            for name, value in (change.before or {}).items()
            if name != KEY
        )
    return ()


def _row(change: FieldChange, naming: Naming) -> FieldRow:
    name = _field_name(change.path)
    words: tuple[tuple[Piece, ...], tuple[Piece, ...]] = ((), ())
    if isinstance(change.before, str) and isinstance(change.after, str):
        known = change.before in naming.names or change.after in naming.names
        if not known:
            words = compare_words(change.before, change.after)
    return FieldRow(
        label=people_path(change.label or change.path),
        operation=change.operation,
        before=naming.show(change.before, name),
        after=naming.show(change.after, name),
        words_before=words[0],
        words_after=words[1],
    )


def _data_name(change: DocumentDiff, naming: Naming) -> str:
    """``Person/42``; a link has no name of its own and is told by its type and its ends."""
    body = change.after or change.before or {}
    if change.kind != Kind.LINK or "_source" not in body:
        return unquote(change.id)
    ends = [str(body.get(role, "")) for role in ("_source", "_target")]
    source, target = (unquote(naming.names.get(rid, rid)) for rid in ends)
    return f"{change.id.partition('/')[0]}: {source} → {target}"


def _data_row(change: FieldChange, naming: Naming) -> FieldRow:
    words: tuple[tuple[Piece, ...], tuple[Piece, ...]] = ((), ())
    texts = isinstance(change.before, str) and isinstance(change.after, str)
    if texts and not {change.before, change.after} & naming.names.keys():
        words = compare_words(change.before, change.after)
    return FieldRow(
        label=data_path(change.path),
        operation=change.operation,
        before=naming.show_data(change.before),
        after=naming.show_data(change.after),
        words_before=words[0],
        words_after=words[1],
    )


def data_path(path: str) -> str:
    """``/home/city`` -> ``home › city``; system members in words."""
    system = {
        "_type": _("Type"),
        "_source": _("From"),
        "_target": _("To"),
        "_iri": _("IRI"),
        "_annotations": _("Annotations"),
        "_redacted": _("Erased values"),
        "_masked": _("Values that you may not see"),
    }
    return " › ".join(system.get(part, part) for part in _parts(path))


def people_path(label: str) -> str:
    """``/properties/name/required`` -> ``Properties › name › Required``, translated."""
    parts = _parts(label)
    if len(parts) > 1 and parts[-2] in _SETS:
        parts = parts[:-1]  # the value beside it says which member came or went
    return " › ".join(
        # A part after a list's name is an item's own name, not a field.
        str(label_of(part)) if place == 0 or parts[place - 1] not in _KEYED else _item(part)
        for place, part in enumerate(parts)
    )


def short_name(document_id: str) -> str:
    """``ObjectType/Person`` -> ``Person``, ``Object/https%3A…`` -> its IRI."""
    return unquote(document_id.partition("/")[2]) or document_id


def _field_name(path: str) -> str:
    """The field that a path is about; empty for an item of a list as a whole."""
    parts = _parts(path)
    if not parts:
        return ""
    if len(parts) > 1 and parts[-2] in _SETS:
        return parts[-2]
    return "" if len(parts) > 1 and parts[-2] in _KEYED else parts[-1]


def _parts(path: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in path.split("/") if part]


def _item(part: str) -> str:
    return str(_("no language")) if part == NO_LANGUAGE else part


def _rank(kind: str) -> int:
    order = [member.value for member in Kind]
    return order.index(kind) if kind in order else len(order)


#: Lists that are sets: a difference is a member that came or went.
_SETS = frozenset(
    {
        "aliases",
        "dataTypes",
        "equivalentTo",
        "extends",
        "interfaces",
        "parents",
        "replacedBy",
        "sources",
        "tags",
        "targets",
    }
)
#: Lists and maps whose items have a key.
_KEYED = frozenset(
    {
        "displayName",
        "description",
        "externalMappings",
        "fields",
        "label",
        "linkConstraints",
        "members",
        "message",
        "parameters",
        "prefixes",
        "properties",
        "reason",
        "rules",
        "sideEffects",
        "submissionCriteria",
        "uniqueConstraints",
    }
)
