"""Objects are created, changed, deleted and restored; each change is one commit on a branch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, TypeVar

import strawberry
from strawberry.scalars import JSON

from oms_project.core.authorization import permissions
from oms_project.core.errors import BadRequest
from oms_project.graphql.context import Info
from oms_project.graphql.fields import mutation
from oms_project.graphql.inputs import filter_text
from oms_project.graphql.scalars import mapping_of
from ontology import services
from ontology.access import permitted_branch
from ontology.change_sets import ChangeSetBody, parse_body
from ontology.contract import CommitResult
from ontology.domain.kinds import Kind
from ontology.graphql.diffs import commit_of
from ontology.graphql.instances import Object, instance_at, instance_of
from ontology.graphql.places import At, exact, target_text

if TYPE_CHECKING:
    from ontology.graphql.registry import Commit

__all__ = [
    "ChangeInstanceInput",
    "CommitInput",
    "InstanceInput",
    "Mutations",
    "ObjectChange",
    "change_instance",
    "changed",
    "committed",
    "values_of",
]

_Commit: TypeAlias = Annotated["Commit", strawberry.lazy("ontology.graphql.registry")]

T = TypeVar("T")
Op: TypeAlias = Literal["update", "replace", "delete", "restore"]


@strawberry.type(description="An object as it is after a change, and the commit of that.")
class ObjectChange:
    object: Object = strawberry.field(description="Of a delete, its last state.")
    head: str = strawberry.field(description="Id of the branch's head afterwards.")
    warnings: list[JSON] = strawberry.field(description="Uses of what is deprecated.")
    ontology: strawberry.Private[str]
    result: strawberry.Private[CommitResult]

    @strawberry.field(description="The commit; null when nothing was to change.")
    def commit(self) -> _Commit | None:
        return commit_of(self.ontology, self.result.commit)  # type: ignore[no-any-return]


@strawberry.input(description="Where a change is committed.")
class CommitInput:
    ontology: str
    branch: str = strawberry.field(default="", description="Empty: the default branch.")
    message: str = strawberry.field(default="", description="Empty: a sentence of ours.")


@strawberry.input(description="A new object.")
class CreateObjectInput(CommitInput):
    type: str = strawberry.field(description="Name of its object type.")
    values: JSON = strawberry.field(description="By the names of properties.")
    iri: str | None = strawberry.field(default=None, description="Its IRI, if it has one.")


@strawberry.input(description="An object or a link.")
class InstanceInput(CommitInput):
    target: str = strawberry.field(description="`Type/key`, `rid` or IRI.")
    if_match: str | None = strawberry.field(
        default=None, description="The `etag` that you have seen; refused when it has changed."
    )


@strawberry.input(description="New values of an object or a link.")
class ChangeInstanceInput(InstanceInput):
    values: JSON = strawberry.field(description="By the names of properties.")


@strawberry.type
class Mutations:
    """Changes of objects. Each is a commit on a branch."""

    @mutation(requires=permissions.ONTOLOGY_WRITE)
    def create_object(self, info: Info, input: CreateObjectInput) -> ObjectChange:
        """A new object."""
        fields = dict(values_of(input.values))
        if input.iri is not None:
            fields["_iri"] = input.iri
        change = {"op": "create", "kind": "Object", "type": input.type, "fields": fields}
        return changed(ObjectChange, input, committed(input, change, f"Create {input.type}"))

    @mutation(requires=permissions.ONTOLOGY_WRITE)
    def update_object(self, info: Info, input: ChangeInstanceInput) -> ObjectChange:
        """A merge patch (RFC 7396): named values replace, null removes, structs are merged."""
        return _changed(input, "update", values_of(input.values))

    @mutation(requires=permissions.ONTOLOGY_WRITE)
    def replace_object(self, info: Info, input: ChangeInstanceInput) -> ObjectChange:
        """All values anew; those that are left out go."""
        return _changed(input, "replace", values_of(input.values))

    @mutation(requires=permissions.ONTOLOGY_WRITE)
    def delete_object(self, info: Info, input: InstanceInput) -> ObjectChange:
        """What becomes of its links, each link type says (`onDelete`): they go too, take their
        targets with them, or refuse. History keeps everything.
        """
        return _changed(input, "delete")

    @mutation(requires=permissions.ONTOLOGY_WRITE)
    def restore_object(self, info: Info, input: InstanceInput) -> ObjectChange:
        """A deleted object in the state that it had. Of several with one key it is the last."""
        return _changed(input, "restore")


def values_of(given: Any) -> Mapping[str, Any]:
    """The argument ``values``.

    Raises:
        BadRequest: ``bad_json``: it is no JSON object.
    """
    found = mapping_of(given, "values")
    if found is None:
        raise BadRequest(
            "`values` is a JSON object.",
            code="bad_json",
            errors=[{"field": "values", "message": "object"}],
        )
    return found


def committed(input: CommitInput, change: Mapping[str, Any], title: str) -> CommitResult:
    """Commit one change, judged as every door judges it.

    Args:
        title: the message when none is given.
    """
    said = {name: value for name, value in change.items() if value is not None}
    body = parse_body({"changes": [said], "message": input.message.strip()}, ChangeSetBody)
    return services.commit_changes(
        ontology=input.ontology,
        branch=filter_text(input.branch, "branch", 300),
        changes=[item.change() for item in body.changes],
        message=body.message or title[:1000],
    )


def change_instance(
    input: InstanceInput, kind: Kind, op: Op, values: Mapping[str, Any] | None = None
) -> CommitResult:
    """Commit a change of the object or link that an input names.

    Raises:
        NotFound: it is none of that kind. What ``services.commit_changes`` raises.
    """
    branch = filter_text(input.branch, "branch", 300)
    # Who may not write does not learn first whether it is there.
    permitted_branch(input.ontology, branch, permissions.ONTOLOGY_WRITE)
    found = instance_at(
        At.of(input.ontology, branch),
        target_text(input.target),
        kind=kind,
        include_deleted=op == "restore",
    )
    change = {"op": op, "target": found.rid, "fields": values, "ifMatch": input.if_match}
    return committed(input, change, f"{op.capitalize()} {found.view.id}")


def changed(made: Callable[..., T], input: CommitInput, result: CommitResult) -> T:
    """What a mutation answers: ``made`` is `ObjectChange` or the like of links."""
    at = At(input.ontology, input.branch, result.head)
    item = instance_of(at, result.documents[0])
    return made(
        **{type(item).__name__.lower(): item},
        head=result.head,
        warnings=[exact(one) for one in result.warnings],
        ontology=input.ontology,
        result=result,
    )


def _changed(input: InstanceInput, op: Op, values: Mapping[str, Any] | None = None) -> ObjectChange:
    result = change_instance(input, Kind.OBJECT, op, values)
    return changed(ObjectChange, input, result)
