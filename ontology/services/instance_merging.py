"""Merging objects and links: two sides brought to the same names first, conflicts told by name.

A property that one side renamed is the same property on the other: what the other side wrote under
the old name moves to the new one before the sides are compared. An object's key follows from its
values, so the values are merged, and never the key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ontology.contract import Conflict, OntologyInfo, Resolution
from ontology.domain.documents import Body, DocumentChange
from ontology.domain.instances.keys import KEY
from ontology.domain.instances.rules import Rules, instance_id
from ontology.domain.kinds import INSTANCE_KINDS
from ontology.instance_names import InstanceNames, split_instance
from ontology.selectors.masking import visible_values
from ontology.services.restating import renames_by_type, renames_of
from ontology.store.port import CommitReader

__all__ = ["Sides", "named_conflicts", "with_rids"]


class Sides:
    """Two sides of a merge, as they are compared.

    Args:
        ours, theirs: what each side changed since the base, by ``rid``.

    Attributes:
        ours, theirs: the same with the other side's new names and without keys.
    """

    def __init__(
        self,
        ours: Mapping[str, DocumentChange],
        theirs: Mapping[str, DocumentChange],
        our_reader: CommitReader,
        their_reader: CommitReader,
    ) -> None:
        self._our_changes = ours
        self._their_changes = theirs
        renames = _renames(ours), _renames(theirs)
        self.ours = _aligned(ours, theirs, our_reader, renames)
        self.theirs = _aligned(theirs, ours, their_reader, renames, their_own=True)

    def restored(self, changes: Sequence[DocumentChange]) -> list[DocumentChange]:
        """Merged changes with what really stands on our side before them."""
        found: list[DocumentChange] = []
        for change in changes:
            if change.kind not in INSTANCE_KINDS:
                found.append(change)
                continue
            mine = self._our_changes.get(change.rid)
            before = mine.after if mine is not None else self._their_changes[change.rid].before
            found.append(DocumentChange(change.rid, change.kind, before, change.after))
        return found


_Names = Mapping[str, str]
_Renames = Mapping[str, dict[str, str]]


def _renames(changes: Mapping[str, DocumentChange]) -> _Renames:
    return {rid: names for rid, names in renames_of(list(changes.values())).items() if names}


def _aligned(
    side: Mapping[str, DocumentChange],
    other: Mapping[str, DocumentChange],
    reader: CommitReader,
    renames: tuple[_Renames, _Renames],
    *,
    their_own: bool = False,
) -> dict[str, DocumentChange]:
    """``side`` with the new names of both; where both have one, with ours."""
    rules = Rules(reader)
    ours, theirs = (renames_by_type(rules, names) for names in renames)
    found: dict[str, DocumentChange] = {}
    for rid, change in side.items():
        both = rid in other
        if change.kind not in INSTANCE_KINDS or not (both or ours or theirs):
            found[rid] = change
            continue

        def compared(body: Body | None, *, base: bool = False, keyless: bool = both) -> Body | None:
            if body is None:
                return None
            type_rid = str(body.get("_type"))
            mine, yours = ours.get(type_rid, {}), theirs.get(type_rid, {})
            if base:
                names: _Names = {**yours, **mine}
            elif their_own:
                names = {yours.get(old, old): new for old, new in mine.items()}
            else:
                names = {old: new for old, new in yours.items() if old not in mine}
            made = {names.get(name, name): value for name, value in body.items()}
            if keyless:
                made.pop(KEY, None)
            return made

        before, after = compared(change.before, base=True), compared(change.after)
        found[rid] = DocumentChange(rid, change.kind, before, after)
    return found


def with_rids(resolutions: Sequence[Resolution], *readers: CommitReader) -> Sequence[Resolution]:
    """``resolutions`` with the ``rid``s of objects and links that they call by name."""
    named = {
        resolution.document
        for resolution in resolutions
        if resolution.document is not None and split_instance(resolution.document) is not None
    }
    if not named:
        return resolutions
    found: dict[str, str] = {}
    for reader in readers:
        for target, rid in InstanceNames(reader).find(named).items():
            found.setdefault(target, rid)
    return [
        replace(resolution, document=found.get(resolution.document or "", resolution.document))
        for resolution in resolutions
    ]


def named_conflicts(
    info: OntologyInfo, reader: CommitReader, conflicts: Sequence[Conflict], *others: CommitReader
) -> tuple[Conflict, ...]:
    """``conflicts`` with the names of objects and links, and without what the actor may not see."""
    if all(conflict.kind not in INSTANCE_KINDS for conflict in conflicts):
        return tuple(conflicts)
    rids = [conflict.rid for conflict in conflicts if conflict.kind in INSTANCE_KINDS]
    bodies: dict[str, tuple[Rules, Any]] = {}
    for side in (*others[::-1], reader):
        rules = Rules(side)
        for rid, document in side.get_with_deleted(rids).items():
            bodies[rid] = rules, document
    shown: list[Conflict] = []
    for conflict in conflicts:
        if conflict.rid not in bodies or conflict.kind not in INSTANCE_KINDS:
            shown.append(conflict)
            continue
        rules, document = bodies[conflict.rid]
        name = instance_id(rules, document.kind, conflict.rid, document.body)
        shown.append(
            replace(
                conflict,
                id=f"{name}#{conflict.path}",
                document=name,
                message=conflict.message.replace(conflict.document, name),
            )
        )
    return visible_values(info, reader, shown, {rid: item[1] for rid, item in bodies.items()})
