"""Importing RDF: parse, map, validate, one commit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Literal

from django.conf import settings

from oms_project.core.authorization import permissions
from oms_project.core.collector import collector_paused
from oms_project.core.errors import Invalid
from ontology.access import permitted_branch
from ontology.contract import CommitInfo, ImportResult, OntologyInfo
from ontology.domain.documents import Document, DocumentChange
from ontology.domain.kinds import Kind
from ontology.domain.memory import MemoryState
from ontology.domain.redaction import with_gaps
from ontology.domain.shapes import same
from ontology.domain.state import State
from ontology.domain.validation import validate_changes
from ontology.interop.rdf import Limits, MappedOntology, combine, map_quads, read_quads
from ontology.services.changes import (
    checked_message,
    refuse_problems,
    stale_head,
    write_commit,
)
from ontology.services.restating import restated
from ontology.store import store
from ontology.store.port import Progress, StoredDocument

__all__ = ["import_rdf"]

Source = Path | bytes | IO[bytes]
Mode = Literal["merge", "replace"]


@collector_paused()
def import_rdf(
    *,
    ontology: str,
    branch: str = "",
    sources: Sequence[Source],
    format: str | None = None,  # noqa: A002 - the word people use for it
    mode: Mode = "merge",
    message: str | None = None,
    expected_head: str | None = None,
    dry_run: bool = False,
    on_progress: Progress | None = None,
) -> ImportResult:
    """Import RDF files into a branch with one commit.

    Args:
        sources: files, folders (every RDF file below), bytes or open binary files; together they
            are one graph. Nothing is ever fetched: no imports, no remote contexts.
        format: for sources whose name does not tell: a name (``turtle``), media type or extension.
        mode: ``merge`` adds to what is there; ``replace`` makes the branch say what the input
            says, and deletes the rest. What is known already keeps its ``rid`` and name.
        on_progress: called with ``(phase, done, total or None)``; may raise to cancel.

    Raises:
        Invalid, TooLarge: the input, or the state it leads to.
        NotFound, Conflict (``stale_head``), PermissionDenied.
    """
    info, target = permitted_branch(ontology, branch, permissions.ONTOLOGY_WRITE)
    if mode not in ("merge", "replace"):
        raise Invalid(f"'{mode}' is no import mode: use merge or replace.", code="unknown_mode")
    text = checked_message(message or f"Import {_names(sources)}")
    head = store.get_commit(info.id, target.head)
    if expected_head is not None and expected_head != head.id:
        raise stale_head(head, expected_head)
    limits = Limits(max_bytes=settings.OMS_MAX_IMPORT_BYTES)
    quads = read_quads(sources, format, info.base_iri, limits)
    stored = {document.rid: document for document in store.reader(info.id, head).scan()}
    mapped = _map(info, stored, quads, mode, on_progress)
    changes = restated(store.reader(info.id, head), _changes(info, stored, mapped, mode))
    if on_progress is not None:
        on_progress("validate", 0, len(changes))
    refuse_problems(validate_changes(_state(info, head, stored, changes), changes))
    commit: CommitInfo | None = None
    if changes and not dry_run:
        if on_progress is not None:
            on_progress("commit", 0, len(changes))
        with store.writing(info.id, target.name) as locked:
            if locked.id != head.id:
                # Mapping took its time on a state that is gone; what it means now is for the
                # caller to see.
                raise stale_head(locked, head.id)
            commit = write_commit(info, target.name, locked, changes, stored, text)
    if on_progress is not None:
        on_progress("commit", len(changes), len(changes))
    return ImportResult(
        commit=commit,
        head=commit.id if commit is not None else head.id,
        stats=_stats(changes),
        counts=dict(Counter(document.kind.value for document in mapped.documents)),
        report=mapped.report.as_dict(),
        dry_run=dry_run,
    )


def _state(
    info: OntologyInfo,
    head: CommitInfo,
    stored: dict[str, StoredDocument],
    changes: Sequence[DocumentChange],
) -> State:
    """What to validate against: memory, where little is stored and much would be asked for."""
    return (
        MemoryState(stored.values()) if len(stored) < len(changes) else store.reader(info.id, head)
    )


def _map(
    info: OntologyInfo,
    stored: dict[str, StoredDocument],
    quads: object,
    mode: Mode,
    on_progress: Progress | None,
) -> MappedOntology:
    header = stored[info.id].body
    return map_quads(
        quads,  # type: ignore[arg-type]
        existing=[Document(item.rid, item.kind, item.body) for item in stored.values()],
        rid_namespace=store.rid_namespace(info.id),
        ontology_rid=info.id,
        header=header,
        mode=mode,
        on_progress=on_progress,
    )


def _changes(
    info: OntologyInfo, stored: dict[str, StoredDocument], mapped: MappedOntology, mode: Mode
) -> list[DocumentChange]:
    found = [*mapped.documents, Document(info.id, Kind.ONTOLOGY, mapped.header)]
    changes = []
    for document in found:
        old = stored.get(document.rid)
        before = None if old is None else old.body
        after = document.body
        if mode == "merge" and old is not None:
            after = combine(Document(old.rid, old.kind, old.body), document)
        after = with_gaps(before, after)
        if not same(before, after):
            changes.append(DocumentChange(document.rid, document.kind, before, after))
    if mode == "replace":
        kept = {document.rid for document in found}
        changes += [
            DocumentChange(rid, old.kind, old.body, None)
            for rid, old in stored.items()
            if rid not in kept
        ]
    return changes


def _stats(changes: Sequence[DocumentChange]) -> dict[str, dict[str, int]]:
    stats: dict[str, dict[str, int]] = {}
    for change in changes:
        counts = stats.setdefault(change.kind.value, {})
        counts[change.operation] = counts.get(change.operation, 0) + 1
    return stats


def _names(sources: Sequence[Source]) -> str:
    names = [
        Path(name).name
        for source in sources
        if isinstance(
            name := source if isinstance(source, Path) else _file_name(source), (Path, str)
        )
    ]
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "") if names else "RDF"


def _file_name(source: Source) -> str | None:
    name = getattr(source, "name", None)
    return name if isinstance(name, str) else None
