"""Merges and reverts. The domain merges; the result is validated before anything is written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace

from oms_project.core.authorization import permissions
from oms_project.core.errors import Invalid
from ontology.access import permitted_branch
from ontology.contract import (
    CommitInfo,
    Conflict,
    DiffResult,
    MergeResult,
    OntologyInfo,
    Resolution,
)
from ontology.domain.documents import Body, DocumentChange
from ontology.domain.merge import MergeOutcome, merge_changes, merge_states, revert_changes
from ontology.domain.validation import validate_changes
from ontology.domain.virtual_base import virtual_base
from ontology.selectors.diffs import diff_of, document_changes
from ontology.selectors.masking import visible_changes
from ontology.services.changes import checked_message, stale_head, write_commit
from ontology.services.instance_merging import Sides, named_conflicts, with_rids
from ontology.services.lazy import LazyMergeResult
from ontology.services.restating import restated
from ontology.store import store

__all__ = ["merge", "revert"]

#: So much of a reverted commit's message is repeated.
_TITLE = 200


def merge(
    *,
    ontology: str,
    source: str,
    into: str = "",
    message: str | None = None,
    dry_run: bool = False,
    resolutions: Sequence[Resolution] = (),
    no_ff: bool = False,
    expected_head: str | None = None,
) -> MergeResult:
    """Merge ``source`` (any ref) into the branch ``into``.

    "Ours" is ``into``, "theirs" is ``source``. With conflicts, or when the merged state breaks
    rules, nothing is written and the result says what stands in the way.

    Args:
        resolutions: how to settle conflicts.
        no_ff: make a merge commit also where moving the branch forward would do.

    Raises:
        NotFound, Conflict (``stale_head``), PermissionDenied, Invalid (a resolution that names no
        conflict).
    """
    info, target = permitted_branch(ontology, into, permissions.ONTOLOGY_WRITE)
    theirs = store.resolve(info.id, source or info.default_branch)
    text = checked_message(message or f"Merge {source or info.default_branch} into {target.name}")
    head = store.get_commit(info.id, target.head)
    plan = _MergePlan(info, head, theirs, resolutions, no_ff=no_ff)
    if dry_run:
        if expected_head is not None and expected_head != head.id:
            raise stale_head(head, expected_head)
        return plan.result(None, dry_run=True)
    with store.writing(info.id, target.name) as locked:
        if expected_head is not None and locked.id != expected_head:
            raise stale_head(locked, expected_head)
        if locked.id != head.id:
            plan = _MergePlan(info, locked, theirs, resolutions, no_ff=no_ff)
        commit: CommitInfo | None = None
        if plan.status == "fast_forward":
            store.move_branch(info.id, target.name, to=theirs.id, expected_head=locked.id)
            commit = theirs
        elif plan.status == "merged":
            commit = write_commit(
                info, target.name, locked, plan.outcome.changes, {}, text, merged=theirs.id
            )
    return plan.result(commit)


def revert(
    *,
    ontology: str,
    commit: str,
    branch: str = "",
    message: str | None = None,
    mainline: int = 1,
    dry_run: bool = False,
    resolutions: Sequence[Resolution] = (),
    expected_head: str | None = None,
) -> MergeResult:
    """Undo what a commit did, as a new commit on ``branch``.

    What was changed again since conflicts ("ours" is the branch, "theirs" the state before the
    commit).

    Args:
        commit: any ref of the commit to undo.
        mainline: for a merge commit, the parent (1 or 2) to go back to.

    Raises:
        NotFound, Conflict (``stale_head``), PermissionDenied, Invalid.
    """
    info, target = permitted_branch(ontology, branch, permissions.ONTOLOGY_WRITE)
    undone = store.resolve(info.id, commit)
    if not undone.parents:
        raise Invalid(
            "The first commit cannot be reverted: there is no state before it.",
            code="cannot_revert",
        )
    if not 1 <= mainline <= len(undone.parents):
        raise Invalid(
            f"Commit {undone.short_id} has {len(undone.parents)} parent(s); "
            f"mainline {mainline} is not one of them.",
            code="cannot_revert",
        )
    first_line = undone.message.partition("\n")[0][:_TITLE]
    text = checked_message(message or f'Revert "{first_line}"\n\nThis reverts {undone.id}.')
    head = store.get_commit(info.id, target.head)
    before = store.get_commit(info.id, undone.parents[mainline - 1])
    plan = _RevertPlan(info, head, undone, before, resolutions)
    if dry_run:
        if expected_head is not None and expected_head != head.id:
            raise stale_head(head, expected_head)
        return plan.result(None, dry_run=True)
    with store.writing(info.id, target.name) as locked:
        if expected_head is not None and locked.id != expected_head:
            raise stale_head(locked, expected_head)
        if locked.id != head.id:
            plan = _RevertPlan(info, locked, undone, before, resolutions)
        made = (
            write_commit(info, target.name, locked, plan.outcome.changes, {}, text)
            if plan.status == "merged"
            else None
        )
    return plan.result(made)


class _Plan(ABC):
    """What a merge or revert comes to at one head."""

    status: str
    base: str | None
    outcome: MergeOutcome

    def __init__(self, info: OntologyInfo, ours: CommitInfo, theirs: CommitInfo) -> None:
        self._info = info
        self._ours = ours
        self._theirs = theirs
        self._reader = store.reader(info.id, ours)
        self._problems: tuple[Mapping[str, str], ...] = ()
        self.base = None
        self.outcome = MergeOutcome()

    def _judge(self, *, empty: str) -> None:
        """Set the status from the outcome: conflicts first, then the rules of the merged state."""
        if self.outcome.conflicts:
            self.status = "conflicts"
            return
        self.outcome = replace(self.outcome, changes=restated(self._reader, self.outcome.changes))
        problems = validate_changes(self._reader, self.outcome.changes)
        self._problems = tuple(problem.as_dict() for problem in problems)
        if problems:
            self.status = "invalid"
        else:
            self.status = "merged" if self.outcome.changes else empty

    def result(self, commit: CommitInfo | None, *, dry_run: bool = False) -> MergeResult:
        return LazyMergeResult(
            lambda: self._diff(commit),
            status=self.status,
            commit=commit,
            base=self.base,
            ours=self._ours.id,
            theirs=self._theirs.id,
            conflicts=self._conflicts(),
            problems=self._problems,
            resolved=self.outcome.resolved,
            dry_run=dry_run,
        )

    def _conflicts(self) -> tuple[Conflict, ...]:
        """The conflicts as the actor may see them."""
        theirs = store.reader(self._info.id, self._theirs)
        return named_conflicts(self._info, self._reader, self.outcome.conflicts, theirs)

    @abstractmethod
    def _diff(self, commit: CommitInfo | None) -> DiffResult | None:
        """What the branch gets, when it gets anything."""

    def _diff_at(self, state: CommitInfo, commit: CommitInfo | None) -> DiffResult:
        """The outcome's changes with names as ``state`` has them, as the actor may see them."""
        reader = store.reader(self._info.id, state)
        shown = visible_changes(self._info, self._reader, reader, self.outcome.changes)
        return diff_of(self._info, reader, self._ours.id, commit.id if commit else "", shown)


class _MergePlan(_Plan):
    def __init__(
        self,
        info: OntologyInfo,
        ours: CommitInfo,
        theirs: CommitInfo,
        resolutions: Sequence[Resolution],
        *,
        no_ff: bool,
    ) -> None:
        super().__init__(info, ours, theirs)
        bases = store.merge_bases(info.id, ours, theirs)
        self.base = bases[0] if len(bases) == 1 else None
        if self.base == theirs.id:
            self.status = "up_to_date"
            return
        if self.base == ours.id:
            changes = document_changes(store.changes(info.id, ours, theirs))
            self.outcome = MergeOutcome(changes=changes)
            # Their state is a committed one, so it is valid as it stands.
            self.status = "merged" if no_ff else "fast_forward"
            return
        self.outcome = (
            self._merge_from(self.base, resolutions)
            if self.base is not None
            else self._merge_from_many(bases, resolutions)
        )
        # Also a merge that changes nothing is recorded: it says that theirs has been taken in.
        self._judge(empty="merged")

    def _merge_from(self, base: str, resolutions: Sequence[Resolution]) -> MergeOutcome:
        start = store.get_commit(self._info.id, base)
        theirs = store.reader(self._info.id, self._theirs)
        sides = Sides(
            _by_rid(document_changes(store.changes(self._info.id, start, self._ours))),
            _by_rid(document_changes(store.changes(self._info.id, start, self._theirs))),
            self._reader,
            theirs,
        )
        outcome = merge_changes(
            sides.ours, sides.theirs, with_rids(resolutions, self._reader, theirs)
        )
        return replace(outcome, changes=sides.restored(outcome.changes))

    def _merge_from_many(
        self, bases: Sequence[str], resolutions: Sequence[Resolution]
    ) -> MergeOutcome:
        """A criss-cross history: the bases are merged first, see ``virtual_base``."""
        commits = [store.get_commit(self._info.id, base) for base in bases]
        kinds = {
            change.rid: change.kind
            for base in commits
            for head in (self._ours, self._theirs)
            for change in store.changes(self._info.id, base, head)
        }

        def bodies_at(commit: CommitInfo, rids: frozenset[str]) -> dict[str, Body | None]:
            found = store.reader(self._info.id, commit).get_many(rids)
            return {rid: document.body for rid, document in found.items()}

        def common_ancestors(merged: Sequence[CommitInfo], other: CommitInfo) -> list[CommitInfo]:
            found = {
                base
                for commit in merged
                for base in store.merge_bases(self._info.id, commit, other)
            }
            ancestors = [store.get_commit(self._info.id, commit) for commit in sorted(found)]
            return [
                one
                for one in ancestors
                if not any(
                    store.is_ancestor(self._info.id, one, another)
                    for another in ancestors
                    if another != one
                )
            ]

        base = virtual_base(kinds, commits, common_ancestors=common_ancestors, bodies_at=bodies_at)
        wanted = frozenset(kinds)
        return merge_states(
            kinds,
            base,
            bodies_at(self._ours, wanted),
            bodies_at(self._theirs, wanted),
            resolutions,
        )

    def _diff(self, commit: CommitInfo | None) -> DiffResult | None:
        if self.status not in ("merged", "fast_forward"):
            return None
        return self._diff_at(commit or self._theirs, commit)


class _RevertPlan(_Plan):
    def __init__(
        self,
        info: OntologyInfo,
        head: CommitInfo,
        undone: CommitInfo,
        before: CommitInfo,
        resolutions: Sequence[Resolution],
    ) -> None:
        super().__init__(info, head, before)
        self.base = undone.id
        # What was renamed since, or is called as before again, is compared under one name.
        sides = Sides(
            _by_rid(document_changes(store.changes(info.id, undone, head))),
            _by_rid(document_changes(store.changes(info.id, undone, before))),
            self._reader,
            store.reader(info.id, before),
        )
        outcome = revert_changes(
            {
                rid: DocumentChange(rid, change.kind, change.after, change.before)
                for rid, change in sides.theirs.items()
            },
            {
                rid: sides.ours[rid].after if rid in sides.ours else change.before
                for rid, change in sides.theirs.items()
            },
            with_rids(resolutions, self._reader),
        )
        self.outcome = replace(outcome, changes=sides.restored(outcome.changes))
        self._judge(empty="up_to_date")

    def _diff(self, commit: CommitInfo | None) -> DiffResult | None:
        if self.status != "merged":
            return None
        return self._diff_at(commit or self._ours, commit)


def _by_rid(changes: Sequence[DocumentChange]) -> dict[str, DocumentChange]:
    return {change.rid: change for change in changes}
