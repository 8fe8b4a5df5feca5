"""Links are created, changed, deleted and restored; each change is one commit on a branch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import strawberry
from strawberry.scalars import JSON

from oms_project.core.authorization import permissions
from oms_project.graphql.context import Info
from oms_project.graphql.fields import mutation
from ontology.contract import CommitResult
from ontology.domain.kinds import Kind
from ontology.graphql.diffs import commit_of
from ontology.graphql.instances import Link
from ontology.graphql.objects import (
    ChangeInstanceInput,
    CommitInput,
    InstanceInput,
    Op,
    change_instance,
    changed,
    committed,
    values_of,
)

if TYPE_CHECKING:
    from ontology.graphql.registry import Commit

__all__ = ["LinkChange", "Mutations"]

_Commit: TypeAlias = Annotated["Commit", strawberry.lazy("ontology.graphql.registry")]


@strawberry.type(description="A link as it is after a change, and the commit of that.")
class LinkChange:
    link: Link = strawberry.field(description="Of a delete, its last state.")
    head: str = strawberry.field(description="Id of the branch's head afterwards.")
    warnings: list[JSON] = strawberry.field(description="Uses of what is deprecated.")
    ontology: strawberry.Private[str]
    result: strawberry.Private[CommitResult]

    @strawberry.field(description="The commit; null when nothing was to change.")
    def commit(self) -> _Commit | None:
        return commit_of(self.ontology, self.result.commit)  # type: ignore[no-any-return]


@strawberry.input(description="A new link.")
class CreateLinkInput(CommitInput):
    type: str = strawberry.field(description="Name of its link type.")
    source: str = strawberry.field(description="The object that it begins at: `Type/key`, `rid`.")
    target: str = strawberry.field(description="The object that it ends at.")
    values: JSON | None = strawberry.field(
        default=None, description="Of the link itself, by the names of its properties."
    )


@strawberry.type
class Mutations:
    """Changes of links. Each is a commit on a branch."""

    @mutation(requires=permissions.ONTOLOGY_WRITE)
    def create_link(self, info: Info, input: CreateLinkInput) -> LinkChange:
        """A new link between two objects."""
        change = {
            "op": "create",
            "kind": "Link",
            "type": input.type,
            "source": input.source,
            "target": input.target,
            "fields": {} if input.values is None else values_of(input.values),
        }
        title = f"Create {input.type} from {input.source} to {input.target}"
        return changed(LinkChange, input, committed(input, change, title))

    @mutation(requires=permissions.ONTOLOGY_WRITE)
    def update_link(self, info: Info, input: ChangeInstanceInput) -> LinkChange:
        """A merge patch (RFC 7396) of its values; its ends stay."""
        return _changed(input, "update", values_of(input.values))

    @mutation(requires=permissions.ONTOLOGY_WRITE)
    def replace_link(self, info: Info, input: ChangeInstanceInput) -> LinkChange:
        """All values anew; its ends stay."""
        return _changed(input, "replace", values_of(input.values))

    @mutation(requires=permissions.ONTOLOGY_WRITE)
    def delete_link(self, info: Info, input: InstanceInput) -> LinkChange:
        """Delete a link; its objects stay."""
        return _changed(input, "delete")

    @mutation(requires=permissions.ONTOLOGY_WRITE)
    def restore_link(self, info: Info, input: InstanceInput) -> LinkChange:
        """A deleted link in the state that it had."""
        return _changed(input, "restore")


def _changed(input: InstanceInput, op: Op, values: Mapping[str, Any] | None = None) -> LinkChange:
    return changed(LinkChange, input, change_instance(input, Kind.LINK, op, values))
