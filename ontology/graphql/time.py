"""One document in time: who gave it its values, what it was, how two states differ."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import orjson
import strawberry
from strawberry.scalars import JSON

from oms_project.core.pagination import Page
from oms_project.graphql.context import of_each
from ontology import contract, selectors
from ontology.contract import CommitInfo, DocumentView
from ontology.domain.kinds import INSTANCE_KINDS
from ontology.graphql.diffs import FieldChange, commit_of
from ontology.graphql.places import At, exact, target_text
from ontology.wire import document_text

if TYPE_CHECKING:
    from ontology.graphql.instances import Instance
    from ontology.graphql.registry import Commit

__all__ = [
    "ALONE",
    "Blame",
    "BlameEntry",
    "Comparison",
    "HistoryEntry",
    "TimeFields",
    "blame_of",
    "compared",
    "compared_with",
    "entries_of",
]

#: Costs of what is worked out for each object by itself: long lists of them are not asked for it.
ALONE: Final = 20

_Commit: TypeAlias = Annotated["Commit", strawberry.lazy("ontology.graphql.registry")]
_Instance: TypeAlias = Annotated["Instance", strawberry.lazy("ontology.graphql.instances")]


def _instance(at: At, view: DocumentView | None) -> Any:
    from ontology.graphql.instances import instance_of

    return None if view is None or view.kind not in INSTANCE_KINDS else instance_of(at, view)


def _json(view: DocumentView | None) -> Any:
    return None if view is None else orjson.Fragment(document_text(view))


@strawberry.type(description="A commit that changed an object or a link, and what it left.")
class HistoryEntry:
    operation: str = strawberry.field(description="`create`, `update` or `delete`.")
    entry: strawberry.Private[contract.HistoryEntry]
    at: strawberry.Private[At]

    @strawberry.field(description="The commit.")
    def commit(self) -> _Commit:
        return commit_of(self.at.ontology, self.entry.commit)  # type: ignore[no-any-return]

    @strawberry.field(description="The object or link as it was then; after a delete, before it.")
    def state(self) -> _Instance | None:
        then = At(self.at.ontology, self.entry.commit.id, self.entry.commit.id)
        return _instance(then, self.entry.document)  # type: ignore[no-any-return]

    @strawberry.field(description="It as it was then, as REST answers it.")
    def json(self) -> JSON:
        return _json(self.entry.document)  # type: ignore[no-any-return]


def entries_of(owner: Any, *, limit: int, cursor: str | None, ref: str) -> Page[HistoryEntry]:
    """A page of the history of an object or a link, read for all its siblings."""
    load = partial(_histories, limit=limit, cursor=cursor, ref=ref)
    found: Page[HistoryEntry] = of_each(owner, ("history", ref, limit, cursor), load)
    return found


def _histories(
    owners: Sequence[Any], *, limit: int, cursor: str | None, ref: str
) -> list[Page[HistoryEntry]]:
    at: At = owners[0].at
    found = selectors.history_of_many(
        ontology=at.ontology,
        rids=list(dict.fromkeys(owner.rid for owner in owners)),
        ref=ref,
        limit=limit,
        cursor=cursor,
    )
    made = {
        rid: Page(
            tuple(
                HistoryEntry(operation=entry.operation, entry=entry, at=at) for entry in page.items
            ),
            page.next_cursor,
        )
        for rid, page in found.items()
    }
    return [made[owner.rid] for owner in owners]


@strawberry.type(description="A value, and the commit that gave it.")
class BlameEntry:
    path: str = strawberry.field(description="Where, as a path of keys: `/address/city`.")
    label: str = strawberry.field(description="The same for people.")
    commit_id: str
    item: strawberry.Private[selectors.BlameEntry]
    info: strawberry.Private[CommitInfo]
    at: strawberry.Private[At]

    @strawberry.field(description="The value.")
    def value(self) -> JSON | None:
        return exact(self.item.value)  # type: ignore[no-any-return]

    @strawberry.field(description="The commit.")
    def commit(self) -> _Commit:
        return commit_of(self.at.ontology, self.info)  # type: ignore[no-any-return]


@strawberry.type(
    description="Who gave a document the values that it has. What a merge brought in is blamed on "
    "the commit of the merged side that wrote it."
)
class Blame:
    commit_id: str = strawberry.field(description="Id of the commit that was read.")
    entries: list[BlameEntry] = strawberry.field(description="One for each value that you may see.")
    found: strawberry.Private[selectors.Blame]
    at: strawberry.Private[At]

    @strawberry.field(description="The commits that are blamed, latest first.")
    def commits(self) -> list[_Commit]:
        return [commit_of(self.at.ontology, info) for info in self.found.commits]

    @strawberry.field(description="The document, as REST answers it.")
    def document(self) -> JSON:
        return _json(self.found.document)  # type: ignore[no-any-return]

    @strawberry.field(description="Names of what the document refers to, by `rid`.")
    def names(self) -> JSON:
        return exact(self.found.names)  # type: ignore[no-any-return]

    @classmethod
    def of(cls, at: At, found: selectors.Blame) -> Blame:
        commits = {info.id: info for info in found.commits}
        return cls(
            commit_id=found.commit,
            entries=[
                BlameEntry(
                    path=item.path,
                    label=item.label,
                    commit_id=item.commit,
                    item=item,
                    info=commits[item.commit],
                    at=at,
                )
                for item in found.entries
            ],
            found=found,
            at=at,
        )


def blame_of(owner: Any) -> Blame:
    """The blame of an object or a link, worked out for all its siblings."""
    found: Blame = of_each(owner, "blame", _blames)
    return found


def _blames(owners: Sequence[Any]) -> list[Blame]:
    by_place: dict[At, list[Any]] = {}
    for owner in owners:
        by_place.setdefault(owner.at, []).append(owner)
    made: dict[tuple[At, str], Blame] = {}
    for at, here in by_place.items():
        found = selectors.blame_of_many(
            ontology=at.ontology, rids=[owner.rid for owner in here], ref=at.commit
        )
        made.update(((at, rid), Blame.of(at, one)) for rid, one in found.items())
    return [made[owner.at, owner.rid] for owner in owners]


@strawberry.type(description="A document at two commits.")
class Comparison:
    rid: str
    from_commit_id: str
    to_commit_id: str
    differs: bool = strawberry.field(description="Whether anything you may see is different.")
    operation: str | None = strawberry.field(
        description="`create`, `update`, `rename` or `delete`; null when nothing differs."
    )
    changes: list[FieldChange]
    found: strawberry.Private[selectors.DocumentComparison]
    at: strawberry.Private[At]

    @strawberry.field(description="The earlier state as REST answers it; null: it was not there.")
    def before(self) -> JSON | None:
        return _json(self.found.before)  # type: ignore[no-any-return]

    @strawberry.field(description="The later state as REST answers it; null: it is not there.")
    def after(self) -> JSON | None:
        return _json(self.found.after)  # type: ignore[no-any-return]

    @strawberry.field(description="The earlier state of an object or a link.")
    def before_state(self) -> _Instance | None:
        commit = self.found.from_commit
        return _instance(At(self.at.ontology, commit, commit), self.found.before)  # type: ignore[no-any-return]

    @strawberry.field(description="The later state of an object or a link.")
    def after_state(self) -> _Instance | None:
        commit = self.found.to_commit
        return _instance(At(self.at.ontology, commit, commit), self.found.after)  # type: ignore[no-any-return]

    @strawberry.field(description="Names of what stands in a change, by `rid`.")
    def names(self) -> JSON:
        return exact(self.found.names)  # type: ignore[no-any-return]


def compared(before: At, after: At, target: str) -> Comparison:
    """A document at two places.

    Raises:
        NotFound: it is at neither.
    """
    found = selectors.compare_document(
        ontology=after.ontology,
        target=target_text(target),
        from_ref=before.commit,
        to_ref=after.commit,
    )
    return _comparison(after, found)


def compared_with(owner: Any, from_ref: str, from_as_of: str) -> Comparison | None:
    """An object or a link at another place and at its own, read for all its siblings."""
    load = partial(_comparisons, from_ref=from_ref, from_as_of=from_as_of)
    found: Comparison | None = of_each(owner, ("compare", from_ref, from_as_of), load)
    return found


def _comparisons(
    owners: Sequence[Any], *, from_ref: str, from_as_of: str
) -> list[Comparison | None]:
    by_place: dict[At, list[Any]] = {}
    for owner in owners:
        by_place.setdefault(owner.at, []).append(owner)
    made: dict[int, Comparison | None] = {}
    for at, here in by_place.items():
        found = selectors.compare_documents(
            ontology=at.ontology,
            rids=[owner.rid for owner in here],
            from_ref=At.of(at.ontology, from_ref, from_as_of).commit,
            to_ref=at.commit,
        )
        for owner in here:
            one = found.get(owner.rid)
            made[id(owner)] = None if one is None else _comparison(at, one)
    return [made[id(owner)] for owner in owners]


def _comparison(at: At, found: selectors.DocumentComparison) -> Comparison:
    diff = found.diff
    return Comparison(
        rid=found.rid,
        from_commit_id=found.from_commit,
        to_commit_id=found.to_commit,
        differs=diff is not None,
        operation=None if diff is None else diff.operation,
        changes=[FieldChange.of(change) for change in (() if diff is None else diff.fields)],
        found=found,
        at=at,
    )


@strawberry.type
class TimeFields:
    """Of an ontology: any of its documents in time."""

    @strawberry.field(
        description="Each value of a definition, object or link with the commit that gave it.",
        metadata={"cost": ALONE},
    )
    def blame(self, target: str, ref: str = "", as_of: str = "") -> Blame:
        at = At.of(self.name, ref, as_of)  # type: ignore[attr-defined]
        return Blame.of(
            at, selectors.blame(ontology=at.ontology, target=target_text(target), ref=at.commit)
        )

    @strawberry.field(
        description="A definition, object or link at two refs, or at two times of them.",
        metadata={"cost": ALONE},
    )
    def compare(
        self,
        target: str,
        from_ref: str = "",
        to_ref: str = "",
        from_as_of: str = "",
        to_as_of: str = "",
    ) -> Comparison:
        name: str = self.name  # type: ignore[attr-defined]
        return compared(At.of(name, from_ref, from_as_of), At.of(name, to_ref, to_as_of), target)
