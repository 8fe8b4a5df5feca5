"""Differences between commits, with names for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from oms_project.core.errors import Invalid
from oms_project.core.ids import is_rid
from ontology.access import readable
from ontology.contract import CommitInfo, DiffResult, DocumentDiff, FieldChange, OntologyInfo
from ontology.domain.diff import field_changes
from ontology.domain.documents import Body, DocumentChange, document_id
from ontology.domain.instances.keys import KEY
from ontology.domain.instances.rules import Rules, instance_id
from ontology.domain.kinds import INSTANCE_KINDS, Kind
from ontology.selectors.documents import checked_kind, ids_of
from ontology.selectors.masking import visible_changes
from ontology.store import store
from ontology.store.port import CommitReader, StoredChange

__all__ = ["diff", "diff_of", "document_changes", "show_commit"]

_KIND_ORDER = {kind: position for position, kind in enumerate(Kind)}


def diff(
    *,
    ontology: str,
    from_ref: str,
    to_ref: str,
    merge_base: bool = False,
    kinds: Sequence[str] | None = None,
) -> DiffResult:
    """What differs at ``to_ref`` from ``from_ref``.

    Args:
        merge_base: compare ``to_ref`` with the best common ancestor instead of ``from_ref``: what
            was done on ``to_ref`` since the two parted.
    """
    info = readable(ontology)
    start = store.resolve(info.id, from_ref or info.default_branch)
    end = store.resolve(info.id, to_ref or info.default_branch)
    if merge_base:
        bases = store.merge_bases(info.id, start, end)
        if len(bases) != 1:
            raise Invalid(
                f"'{from_ref}' and '{to_ref}' have {len(bases)} merge bases; "
                "compare them without merge_base.",
                code="ambiguous_merge_base",
            )
        start = store.get_commit(info.id, bases[0])
    wanted = {checked_kind(kind) for kind in kinds or ()}
    changes = document_changes(store.changes(info.id, start, end))
    if wanted:
        changes = [change for change in changes if change.kind in wanted]
    before, after = store.reader(info.id, start), store.reader(info.id, end)
    shown = visible_changes(info, before, after, changes)
    return diff_of(info, after, start.id, end.id, shown)


def show_commit(*, ontology: str, commit: str) -> tuple[CommitInfo, DiffResult]:
    """A commit (any ref) and what it changed against its first parent."""
    info = readable(ontology)
    found = store.resolve(info.id, commit or info.default_branch)
    reader = store.reader(info.id, found)
    if not found.parents:
        first = [
            DocumentChange(document.rid, document.kind, None, document.body)
            for document in reader.scan()
        ]
        return found, diff_of(
            info, reader, "", found.id, visible_changes(info, None, reader, first)
        )
    parent = store.get_commit(info.id, found.parents[0])
    changes = document_changes(store.changes(info.id, parent, found))
    shown = visible_changes(info, store.reader(info.id, parent), reader, changes)
    return found, diff_of(info, reader, parent.id, found.id, shown)


def document_changes(changes: Iterable[StoredChange]) -> list[DocumentChange]:
    """Stored changes as the domain takes them."""
    return [
        DocumentChange(
            change.rid,
            change.kind,
            None if change.before is None else change.before.body,
            None if change.after is None else change.after.body,
        )
        for change in changes
    ]


def diff_of(
    info: OntologyInfo,
    reader: CommitReader,
    from_commit: str,
    to_commit: str,
    changes: Sequence[DocumentChange],
) -> DiffResult:
    """Changes as a readable diff; ``reader`` gives the names of what they refer to."""
    name = _namer(reader, changes)
    diffs = sorted(
        (_document_diff(change, name) for change in changes),
        key=lambda item: (_KIND_ORDER[Kind(item.kind)], item.id.casefold(), item.rid),
    )
    stats: dict[str, dict[str, int]] = {}
    for item in diffs:
        counts = stats.setdefault(item.kind, {})
        counts[item.operation] = counts.get(item.operation, 0) + 1
    names = {
        change.rid: name(change.kind, change.rid, change.after or change.before or {})
        for change in changes
    }
    mentioned: set[str] = set()
    for item in diffs:
        if item.fields:
            for difference in item.fields:
                _collect(difference.before, mentioned)
                _collect(difference.after, mentioned)
        else:
            _collect(item.before or item.after, mentioned)
    names.update(ids_of(info, reader, mentioned - names.keys()))
    return DiffResult(from_commit, to_commit, tuple(diffs), names, stats)


def _namer(
    reader: CommitReader, changes: Sequence[DocumentChange]
) -> Callable[[Kind, str, Body], str]:
    """What documents are called: objects and links by the types that there are at the end."""
    if all(change.kind not in INSTANCE_KINDS for change in changes):
        return document_id
    rules = Rules(reader)
    rules.load(
        {
            str(body["_type"])
            for change in changes
            for body in (change.before, change.after)
            if change.kind in INSTANCE_KINDS and body is not None and body.get("_type")
        }
    )

    def name(kind: Kind, rid: str, body: Body) -> str:
        if kind in INSTANCE_KINDS:
            return instance_id(rules, kind, rid, body)
        return document_id(kind, rid, body)

    return name


def _document_diff(
    change: DocumentChange, name: Callable[[Kind, str, Body], str] = document_id
) -> DocumentDiff:
    current: Body = change.after or change.before or {}
    now = name(change.kind, change.rid, current)
    was = None if change.before is None else name(change.kind, change.rid, change.before)
    both = change.before is not None and change.after is not None
    return DocumentDiff(
        rid=change.rid,
        kind=change.kind.value,
        id=now,
        previous_id=was if both and was != now else None,
        operation=change.operation,  # type: ignore[arg-type]  # one of the literals
        fields=_fields(change) if both else (),
        before=change.before,
        after=change.after,
    )


def _fields(change: DocumentChange) -> tuple[FieldChange, ...]:
    """What differs; an object's key follows from its values, which are told."""
    found = field_changes(change.kind, change.before, change.after)
    if change.kind not in INSTANCE_KINDS:
        return found
    return tuple(item for item in found if not item.path.startswith(f"/{KEY}"))


def _collect(value: Any, found: set[str]) -> None:
    """Every ``rid`` in a JSON value."""
    if isinstance(value, str):
        if len(value) == 36 and is_rid(value):
            found.add(value)
    elif isinstance(value, dict):
        for item in value.values():
            _collect(item, found)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _collect(item, found)
