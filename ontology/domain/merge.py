"""Three-way merge of documents: by document, and by field where both sides changed one.

``docs/reference/merge.md`` says in full what merges, what conflicts, and how conflicts are
settled. A document is known by its ``rid``, so a rename never separates it from the edits that
the other side made. Nothing is written here and nothing is validated beyond the shape of a
document: whether the merged state as a whole holds is for the caller to find out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from oms_project.core.errors import Invalid
from ontology.contract import Conflict, Resolution
from ontology.domain.documents import Body, DocumentChange, document_id, normalise, shape_problems
from ontology.domain.kinds import DEFINITION_KINDS, Kind
from ontology.domain.merge_fields import Ambiguous, Clash, FieldMerger
from ontology.domain.resolve import Resolver, Sides, conflict_of, settled_value
from ontology.domain.shapes import ABSENT, same, shape_of

__all__ = ["BaseBody", "MergeOutcome", "merge_changes", "merge_states", "revert_changes"]

#: A body at a merge base: None for absent; with ``Ambiguous`` parts where the base is virtual.
BaseBody = Body | Ambiguous | None
#: A document's bodies at the base, on our side and on theirs.
States = tuple[BaseBody, Body | None, Body | None]
_SIDES: Sides = ("ours", "theirs")


@dataclass(frozen=True, slots=True)
class MergeOutcome:
    """What a merge came to.

    Attributes:
        changes: what to apply on our side, by ``rid``; ``before`` is our current body. A document
            with an unresolved conflict is not among them, so the list is complete exactly when
            ``conflicts`` is empty.
        conflicts: the unresolved ones, by document and place.
        resolved: number of conflicts that resolutions settled.
    """

    changes: list[DocumentChange] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    resolved: int = 0


def merge_changes(
    ours: Mapping[str, DocumentChange],
    theirs: Mapping[str, DocumentChange],
    resolutions: Sequence[Resolution] = (),
    *,
    sides: Sides = _SIDES,
) -> MergeOutcome:
    """Merge what each side changed since their one merge base.

    Exchanging the sides gives the same merged bodies and mirrored conflicts.

    Args:
        ours: by ``rid``, the documents that our side changed; ``before`` is the body at the merge
            base. Bodies are in normal form.
        theirs: the same for their side.
        resolutions: how to settle conflicts.
        sides: how messages call the two sides.

    Raises:
        Invalid: a resolution names no conflict, or leads to a body that its kind does not allow.
    """
    kinds: dict[str, Kind] = {}
    base: dict[str, BaseBody] = {}
    our_bodies: dict[str, Body | None] = {}
    their_bodies: dict[str, Body | None] = {}
    for changes in (theirs, ours):
        for rid, change in changes.items():
            kinds[rid] = change.kind
            base[rid] = our_bodies[rid] = their_bodies[rid] = change.before
    for rid, change in ours.items():
        our_bodies[rid] = change.after
    for rid, change in theirs.items():
        their_bodies[rid] = change.after
    return merge_states(kinds, base, our_bodies, their_bodies, resolutions, sides=sides)


def revert_changes(
    commit_changes: Mapping[str, DocumentChange],
    head: Mapping[str, Body | None],
    resolutions: Sequence[Resolution] = (),
    *,
    sides: Sides = _SIDES,
) -> MergeOutcome:
    """Undo a commit on top of whatever came after it.

    A revert is a three-way merge whose base is the state after the commit, our side the branch's
    head and their side the state before the commit (as in ``git revert``). What was changed again
    since then conflicts.

    Args:
        commit_changes: by ``rid``, the commit's changes against its parent (its mainline parent,
            for a merge).
        head: by the same ``rid``s, the bodies at the branch's head; missing is absent.
        resolutions: how to settle conflicts.
        sides: how messages call the head and the state before the commit.
    """
    return merge_states(
        {rid: change.kind for rid, change in commit_changes.items()},
        {rid: change.after for rid, change in commit_changes.items()},
        {rid: head.get(rid) for rid in commit_changes},
        {rid: change.before for rid, change in commit_changes.items()},
        resolutions,
        sides=sides,
    )


def merge_states(
    kinds: Mapping[str, Kind],
    base: Mapping[str, BaseBody],
    ours: Mapping[str, Body | None],
    theirs: Mapping[str, Body | None],
    resolutions: Sequence[Resolution] = (),
    *,
    sides: Sides = _SIDES,
) -> MergeOutcome:
    """Merge the bodies of the documents in ``kinds`` at three states (missing is absent).

    ``base`` may come from ``ontology.domain.virtual_base``. See ``merge_changes`` for the rest.
    """
    resolver = Resolver(resolutions)
    outcome = MergeOutcome()
    resolved = 0
    every_id: list[str] = []
    for rid in sorted(kinds):
        was, mine, yours = base.get(rid), ours.get(rid), theirs.get(rid)
        if same(was, yours) or same(mine, yours):
            continue
        if same(was, mine):
            outcome.changes.append(DocumentChange(rid, kinds[rid], mine, yours))
            continue
        merge = _DocumentMerge((kinds[rid], rid), (was, mine, yours), resolver, sides)
        merged = merge.run()
        every_id.extend(conflict.id for conflict in (*merge.conflicts, *merge.settled))
        outcome.conflicts.extend(merge.conflicts)
        resolved += len(merge.settled)
        if not merge.conflicts and not same(mine, merged):
            outcome.changes.append(DocumentChange(rid, kinds[rid], mine, merged))
    resolver.check_all_used(every_id)
    outcome.conflicts.sort(key=lambda conflict: conflict.document)
    return MergeOutcome(outcome.changes, outcome.conflicts, resolved)


class _DocumentMerge:
    """The merge of one document that both sides changed."""

    def __init__(
        self, document: tuple[Kind, str], states: States, resolver: Resolver, sides: Sides
    ) -> None:
        self.conflicts: list[Conflict] = []
        self.settled: list[Conflict] = []
        self._kind, self._rid = document
        self._states = states
        self._resolver = resolver
        self._sides = sides
        base, ours, theirs = states
        known = base.present if isinstance(base, Ambiguous) else base
        bodies = [body for body in (ours, known, theirs) if isinstance(body, Mapping)]
        ids = [document_id(self._kind, self._rid, body) for body in bodies]
        self._document = ids[0]
        self._names = frozenset((self._rid, *ids))

    def run(self) -> Body | None:
        """The merged body (None: deleted); of no use while there are ``conflicts``."""
        base, ours, theirs = (ABSENT if body is None else body for body in self._states)
        merged = FieldMerger(self._settle).merge(shape_of(self._kind), base, ours, theirs)
        if self.conflicts or merged is ABSENT:
            return None
        body: Body = merged
        return body if body is ours or body is theirs else self._normal(body)

    def _settle(self, clash: Clash) -> Any:
        conflict = conflict_of(clash, self._kind, self._rid, self._document, self._sides)
        resolution = self._resolver.find(conflict, self._names)
        if resolution is None:
            self.conflicts.append(conflict)
            return ABSENT
        self.settled.append(conflict)
        return settled_value(clash, conflict, resolution)

    def _normal(self, merged: Mapping[str, Any]) -> Body:
        body = dict(merged)
        aliases = body.get("aliases", ())
        if self._kind in DEFINITION_KINDS and body.get("apiName") in aliases:
            # One side came back to a name that the other gave up.
            body["aliases"] = [alias for alias in aliases if alias != body["apiName"]]
        try:
            return normalise(self._kind, body)
        except ValidationError as error:
            problems = shape_problems(self._kind, self._rid, body)
            raise Invalid(
                f"The resolutions leave {self._document} in a shape it cannot have: "
                f"{problems[0].field or 'document'}: {problems[0].message}",
                errors=[problem.as_dict() for problem in problems],
            ) from error
