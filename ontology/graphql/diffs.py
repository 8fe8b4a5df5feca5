"""What differs between two states, document by document and field by field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry.scalars import JSON

from oms_project.core.errors import BadRequest
from oms_project.core.pagination import Page, decode_cursor, encode_cursor
from oms_project.graphql.context import Info
from oms_project.graphql.fields import Pages, connection, listing
from oms_project.graphql.inputs import filter_text
from ontology import contract, selectors
from ontology.graphql.places import exact

if TYPE_CHECKING:
    from ontology.graphql.registry import Commit

__all__ = ["CommitDetail", "Diff", "DocumentDiff", "FieldChange", "VersionFields"]

_LISTING = "diff"


@strawberry.type(description="One difference inside a document.")
class FieldChange:
    path: str = strawberry.field(description="`/properties/name/required`.")
    label: str = strawberry.field(description="The same for people.")
    operation: str = strawberry.field(description="`add`, `remove` or `change`.")
    before: JSON | None = strawberry.field(
        description="The value before; null where there was none."
    )
    after: JSON | None = strawberry.field(description="The value after; null where there is none.")

    @classmethod
    def of(cls, change: contract.FieldChange) -> FieldChange:
        return cls(
            path=change.path,
            label=change.label,
            operation=change.operation,
            before=exact(change.before),
            after=exact(change.after),
        )


@strawberry.type(description="A document that differs between two commits.")
class DocumentDiff:
    rid: str = strawberry.field(description="Of the document.")
    kind: str = strawberry.field(description="`ObjectType`, …, `Object`, `Link`.")
    target: str = strawberry.field(description="`ObjectType/Person`; before, for a delete.")
    previous_target: str | None = strawberry.field(description="Before, where it differs.")
    operation: str = strawberry.field(description="`create`, `update`, `rename` or `delete`.")
    found: strawberry.Private[contract.DocumentDiff]

    @classmethod
    def of(cls, found: contract.DocumentDiff) -> DocumentDiff:
        return cls(
            rid=found.rid,
            kind=found.kind,
            target=found.id,
            previous_target=found.previous_id,
            operation=found.operation,
            found=found,
        )

    @strawberry.field(description="What differs in it; nothing where all of it is new or gone.")
    def fields(self) -> list[FieldChange]:
        return [FieldChange.of(change) for change in self.found.fields]

    @strawberry.field(description="Its fields before; null when it was made.")
    def before(self) -> JSON | None:
        return exact(self.found.before)  # type: ignore[no-any-return]

    @strawberry.field(description="Its fields after; null when it was deleted.")
    def after(self) -> JSON | None:
        return exact(self.found.after)  # type: ignore[no-any-return]


@strawberry.type(description="All documents that differ between two commits.")
class Diff:
    from_commit: str = strawberry.field(description="Id; empty: before the first commit.")
    to_commit: str = strawberry.field(description="Id.")
    found: strawberry.Private[contract.DiffResult]

    @classmethod
    def of(cls, found: contract.DiffResult) -> Diff:
        return cls(from_commit=found.from_commit, to_commit=found.to_commit, found=found)

    @connection()
    def changes(self, info: Info) -> Pages[DocumentDiff]:
        """By kind and name. To go on with `after` when refs may have moved, ask for the two
        commits by their ids.
        """
        found = self.found

        def read(*, limit: int, cursor: str | None) -> Page[contract.DocumentDiff]:
            after = decode_cursor(_LISTING, cursor, types=(str, str, int))
            start = 0
            if after is not None:
                if after[:2] != (found.from_commit, found.to_commit):
                    raise BadRequest(
                        "This cursor belongs to a difference of other commits: a ref has moved.",
                        code="bad_cursor",
                    )
                start = max(0, int(after[2] or 0))
            end = start + limit
            key = (found.from_commit, found.to_commit, end)
            more = encode_cursor(_LISTING, key) if end < len(found.changes) else None
            return Page(found.changes[start:end], more)

        return listing(read, DocumentDiff.of, count=lambda: len(found.changes))

    @strawberry.field(description="How many, by kind and operation.")
    def stats(self) -> JSON:
        return exact(self.found.stats)  # type: ignore[no-any-return]

    @strawberry.field(description="Targets by `rid` of everything that a change mentions.")
    def names(self) -> JSON:
        return exact(self.found.names)  # type: ignore[no-any-return]


@strawberry.type(description="A commit and what it changed against its first parent.")
class CommitDetail:
    changes: Diff = strawberry.field(description="What it changed against its first parent.")
    ontology: strawberry.Private[str]
    info: strawberry.Private[contract.CommitInfo]

    @strawberry.field(description="The commit.")
    def commit(self) -> Annotated[Commit, strawberry.lazy("ontology.graphql.registry")]:
        return commit_of(self.ontology, self.info)  # type: ignore[no-any-return]


def commit_of(ontology: str, info: contract.CommitInfo | None) -> Any:
    """A commit as an object; None stays None."""
    from ontology.graphql.registry import Commit

    return None if info is None else Commit.of(ontology, info)


@strawberry.type
class VersionFields:
    """What happened to an ontology."""

    @strawberry.field(
        description="What differs between two refs: branches, tags, commits, `branch@timestamp`; "
        "the default branch where one is empty.",
        metadata={"cost": 20},
    )
    def diff(
        self,
        from_ref: str = "",
        to_ref: str = "",
        merge_base: Annotated[
            bool,
            strawberry.argument(
                description="Compare with the best common ancestor: what was done on `toRef` since "
                "the two parted."
            ),
        ] = False,
        kinds: list[str] | None = None,
    ) -> Diff:
        return Diff.of(
            selectors.diff(
                ontology=self.name,  # type: ignore[attr-defined]
                from_ref=filter_text(from_ref, "fromRef", 300),
                to_ref=filter_text(to_ref, "toRef", 300),
                merge_base=merge_base,
                kinds=kinds,
            )
        )

    @strawberry.field(
        description="A commit, and what it changed against its first parent.",
        metadata={"cost": 20},
    )
    def commit_detail(self, ref: str = "") -> CommitDetail:
        name: str = self.name  # type: ignore[attr-defined]
        info, changes = selectors.show_commit(ontology=name, commit=filter_text(ref, "ref", 300))
        return CommitDetail(ontology=name, info=info, changes=Diff.of(changes))
