"""Change sets: many changes, one commit."""

from __future__ import annotations

from collections.abc import Sequence

from oms_project.core.authorization import permissions
from oms_project.core.errors import Conflict, Invalid
from ontology.access import permitted_branch
from ontology.contract import (
    Change,
    CommitInfo,
    CommitResult,
    DiffResult,
    DocumentView,
    OntologyInfo,
)
from ontology.domain.documents import DocumentChange, Problem
from ontology.domain.instances.rules import Rules
from ontology.domain.kinds import INSTANCE_KINDS
from ontology.domain.state import OverlayState
from ontology.domain.validation import review_changes
from ontology.selectors.diffs import diff_of
from ontology.selectors.documents import views_of
from ontology.selectors.masking import names_seen, visible, visible_changes
from ontology.services.declassification import refuse_declassification
from ontology.services.lazy import LazyCommitResult
from ontology.services.planning import Plan, plan_changes
from ontology.store import store
from ontology.store.port import DocumentWrite, StoredDocument
from ontology.store.reindexing import entries_by, reindexed

__all__ = [
    "checked_message",
    "commit_changes",
    "refuse_problems",
    "stale_head",
    "write_commit",
]

MAX_CHANGES = 10_000
MAX_MESSAGE = 10_000


def commit_changes(
    *,
    ontology: str,
    branch: str = "",
    changes: Sequence[Change],
    message: str,
    expected_head: str | None = None,
    dry_run: bool = False,
) -> CommitResult:
    """Commit a change set on a branch, all or nothing.

    Without ``expected_head`` the changes are applied to whatever the head is when the branch's
    lock is held, and validated there; ``if_match`` guards single documents.

    Raises:
        NotFound: ontology, branch or a target.
        Invalid: the changes, or the state they lead to; ``errors`` has every problem.
        Conflict: ``stale_head``, ``already_exists``.
        PreconditionFailed: an ``if_match`` no longer holds.
        PermissionDenied.
    """
    info, target = permitted_branch(ontology, branch, permissions.ONTOLOGY_WRITE)
    message = checked_message(message)
    if not changes:
        raise Invalid("The change set is empty: name at least one change.", code="empty_change_set")
    if len(changes) > MAX_CHANGES:
        raise Invalid(
            f"A change set holds at most {MAX_CHANGES} changes, this one has {len(changes)}.",
            code="too_many_changes",
        )
    namespace = store.rid_namespace(info.id)
    # Planned before the lock is taken, so that it is held for as short as can be; planned again
    # only if somebody else was faster.
    head = store.get_commit(info.id, target.head)
    plan = _checked_plan(info, head, changes, namespace)
    if dry_run:
        if expected_head is not None and expected_head != head.id:
            raise stale_head(head, expected_head)
        return _result(info, head, None, plan, dry_run=True)
    with store.writing(info.id, target.name) as locked:
        if expected_head is not None and locked.id != expected_head:
            raise stale_head(locked, expected_head)
        if locked.id != head.id:
            plan = _checked_plan(info, locked, changes, namespace)
        commit = (
            write_commit(info, target.name, locked, plan.changes, plan.stored, message)
            if plan.changes
            else None
        )
    return _result(info, locked, commit, plan)


def _checked_plan(
    info: OntologyInfo, head: CommitInfo, changes: Sequence[Change], namespace: str
) -> Plan:
    reader = store.reader(info.id, head)
    plan = plan_changes(reader, changes, ontology_id=info.id, rid_namespace=namespace)
    review = review_changes(reader, plan.changes, checked=plan.checked)
    refuse_problems(list(dict.fromkeys([*plan.problems, *review.problems])))
    plan.warnings = tuple(problem.as_dict() for problem in review.warnings)
    return plan


def _result(
    info: OntologyInfo,
    head: CommitInfo,
    commit: CommitInfo | None,
    plan: Plan,
    *,
    dry_run: bool = False,
) -> CommitResult:
    after = commit or head

    def changes() -> DiffResult:
        before, now = store.reader(info.id, head), store.reader(info.id, after)
        shown = visible_changes(info, before, now, plan.changes)
        return diff_of(info, now, head.id, after.id, shown)

    def documents() -> tuple[DocumentView, ...]:
        if dry_run:
            return ()
        reader = store.reader(info.id, after)
        found = reader.get_with_deleted(set(plan.touched))
        written = [found[rid] for rid in dict.fromkeys(plan.touched) if rid in found]
        shown = visible(info, reader, written)
        return tuple(views_of(reader, shown, names=names_seen(info, reader)))

    return LazyCommitResult(
        changes,
        documents,
        commit=commit,
        head=after.id,
        dry_run=dry_run,
        warnings=plan.warnings,
    )


def write_commit(
    info: OntologyInfo,
    branch: str,
    head: CommitInfo,
    changes: Sequence[DocumentChange],
    stored: dict[str, StoredDocument],
    message: str,
    *,
    merged: str | None = None,
) -> CommitInfo:
    """Commit validated ``changes`` inside ``store.writing``.

    Args:
        stored: what stands in the store for the changed documents; read where it is missing.
    """
    if merged is None:  # what a merge brings in was looked at when it was committed
        refuse_declassification(info, changes)
    # At the first commit there is the header and nothing else, not even what was deleted.
    missing = [
        change.rid
        for change in changes
        if change.rid not in stored and (head.parents or change.rid == info.id)
    ]
    reader = store.reader(info.id, head)
    known = {**stored, **reader.get_with_deleted(missing)}
    before = Rules(reader)
    after = Rules(OverlayState(reader, changes)) if _changes_types(changes) else before
    return store.commit(
        info.id,
        branch,
        writes=[_write(change, known.get(change.rid), before, after) for change in changes],
        message=message,
        expected_head=head.id,
        merged=merged,
        reindexed=() if after is before else reindexed(reader, before, after, changes),
        erasures=info.erasures,
    )


def _changes_types(changes: Sequence[DocumentChange]) -> bool:
    return any(change.kind not in INSTANCE_KINDS for change in changes)


def _write(
    change: DocumentChange, stored: StoredDocument | None, before: Rules, after: Rules
) -> DocumentWrite:
    """The write of a change, with what an instance is found by."""
    if change.kind not in INSTANCE_KINDS:
        return DocumentWrite(change.rid, change.kind, stored, change.after)
    return DocumentWrite(
        change.rid,
        change.kind,
        stored,
        change.after,
        entries_by(after, change.after),
        entries_by(before, change.before),
    )


def checked_message(message: str) -> str:
    """The commit message without surrounding space. Raises Invalid when empty or too long."""
    stripped = message.strip()
    if not stripped:
        raise Invalid("A commit needs a message: say what changed and why.", code="message_missing")
    if len(stripped) > MAX_MESSAGE:
        raise Invalid(
            f"A commit message has at most {MAX_MESSAGE} characters.", code="message_too_long"
        )
    return stripped


def stale_head(head: CommitInfo, expected: str) -> Conflict:
    """The error for an ``expected_head`` that is not the head."""
    return Conflict(
        f"The branch has moved: its head is {head.short_id}, not {expected[:12]}. "
        "Read what changed and try again.",
        code="stale_head",
        data={"head": head.id, "expected": expected},
    )


def refuse_problems(problems: Sequence[Problem]) -> None:
    """Raise Invalid with every problem, when there is any."""
    if not problems:
        return
    first = problems[0]
    where = f"{first.document} {first.field}".strip()
    more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
    raise Invalid(
        f"The resulting state is not valid: {where}: {first.message}{more}",
        code="invalid_state",
        errors=[problem.as_dict() for problem in problems],
    )
