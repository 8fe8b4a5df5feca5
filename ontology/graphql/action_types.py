"""Actions as those see them who run them, and what a run did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import strawberry
from strawberry import relay
from strawberry.scalars import JSON

from oms_project.core.pagination import Page
from oms_project.graphql.context import Info
from oms_project.graphql.fields import Pages, connection, listing
from oms_project.graphql.inputs import filter_text, page_by_name
from oms_project.graphql.nodes import joined, parted
from ontology import selectors
from ontology.contract import ActionInfo, ActionResult
from ontology.domain.actions import text_in
from ontology.graphql.diffs import Diff, commit_of
from ontology.graphql.places import At, exact, stored, stored_json

if TYPE_CHECKING:
    from ontology.graphql.registry import Commit

__all__ = ["Action", "ActionFields", "ActionRun"]

_Commit: TypeAlias = Annotated["Commit", strawberry.lazy("ontology.graphql.registry")]


@strawberry.type(description="A value of an enum that a parameter may have.")
class ParameterMember:
    body: strawberry.Private[Mapping[str, Any]]

    code = stored("code", str, "What is given.")
    label = stored_json("label", "Its name for people, by language.", {})


@strawberry.type(description="What an action asks for.")
class RunParameter:
    body: strawberry.Private[Mapping[str, Any]]

    name = stored("apiName", str, "Its name in `parameters`.")
    display_name = stored_json("displayName", "Its name for people, by language.", {})
    description = stored_json("description", "What it is, by language.", {})
    data_types = stored("dataTypes", list[str], "What values it takes; empty: an object.", ())
    object_type = stored(
        "objectType", str | None, "The type whose object is given: `ObjectType/Flight`."
    )
    required = stored("required", bool, "Whether it must be given.", True)
    array = stored_json("array", "Bounds of the list, when it takes one.")
    default = stored_json("default", "What holds when it is not given.")

    @strawberry.field(description="Of an enum, its members.", metadata={"size": 4})
    def members(self) -> list[ParameterMember]:
        return [ParameterMember(body=one) for one in self.body.get("members", ())]


@strawberry.type(description="An action: a change of objects and links that you may run by name.")
class Action(relay.Node):
    rid: str
    name: str
    status: str
    batch_limit: int | None = strawberry.field(
        description="So many runs in one batch; null: a thousand."
    )
    revertible: bool = strawberry.field(description="Whether a run can be taken back.")
    runnable: bool = strawberry.field(description="Whether you may run it here.")
    reason: str = strawberry.field(description="Why you may, or may not.")
    parameters: list[RunParameter] = strawberry.field(
        description="What it asks for.", metadata={"size": 4}
    )
    found: strawberry.Private[ActionInfo]
    at: strawberry.Private[At]

    @classmethod
    def of(cls, at: At, info: ActionInfo) -> Action:
        return cls(
            rid=info.rid,
            name=info.name,
            status=info.status,
            batch_limit=info.batch_limit,
            revertible=info.revertible,
            runnable=info.runnable,
            reason=info.reason,
            parameters=[RunParameter(body=one) for one in info.parameters],
            found=info,
            at=at,
        )

    @strawberry.field(description="Its name for people, by language.")
    def display_name(self) -> JSON:
        return exact(self.found.display_name)  # type: ignore[no-any-return]

    @strawberry.field(description="Its name in a language, or the nearest there is.")
    def label(self, language: str = "en") -> str:
        return text_in(self.found.display_name, language) or self.name

    @strawberry.field(description="What it does, by language.")
    def description(self) -> JSON:
        return exact(self.found.description)  # type: ignore[no-any-return]

    @classmethod
    def resolve_id(cls, root: Any, *, info: Any) -> str:
        return joined(root.at.ontology, root.at.ref, root.rid)

    @classmethod
    def resolve_nodes(cls, *, info: Any, node_ids: Iterable[str], required: bool = False) -> Any:
        return [
            _action(At.of(ontology, ref), rid)
            for ontology, ref, rid in (parted(one, 3) for one in node_ids)
        ]


def _action(at: At, action: str) -> Action:
    return Action.of(
        at,
        selectors.get_action(
            ontology=at.ontology,
            action=filter_text(action, "action", 400),
            ref=at.ref,
            commit=at.commit,
        ),
    )


@strawberry.type
class ActionFields:
    """Of an ontology: what can be run."""

    @connection()
    def actions(
        self, info: Info, ref: str = "", as_of: str = "", every: bool = False
    ) -> Pages[Action]:
        """The actions of a ref by name: of a branch, those that you may run there, or `every` one
        with whether you may.
        """
        at = At.of(self.name, ref, as_of)  # type: ignore[attr-defined]

        def read(*, limit: int, cursor: str | None, ref: str) -> Page[Action]:
            then = At(at.ontology, at.ref, ref)
            found = selectors.list_actions(
                ontology=at.ontology, ref=at.ref, commit=ref, every=every
            )
            page = page_by_name(
                found, listing="actions", key=lambda one: one.name, limit=limit, cursor=cursor
            )
            return Page(tuple(Action.of(then, one) for one in page.items), page.next_cursor)

        return listing(read, commit=at.commit)

    @strawberry.field(description="One action by its name, also an earlier one, or its `rid`.")
    def action(self, name: str, ref: str = "", as_of: str = "") -> Action | None:
        return _action(At.of(self.name, ref, as_of), name)  # type: ignore[attr-defined]


@strawberry.type(description="What a run, or a batch of runs, did, or would do.")
class ActionRun:
    head: str = strawberry.field(description="Id of the branch's head afterwards.")
    created: list[str] = strawberry.field(description="Objects and links: `Booking/7`.")
    changed: list[str]
    deleted: list[str]
    runs: int
    dry_run: bool
    warnings: list[JSON] = strawberry.field(description="Uses of what is deprecated.")
    ontology: strawberry.Private[str]
    result: strawberry.Private[ActionResult]

    @classmethod
    def of(cls, ontology: str, result: ActionResult) -> ActionRun:
        return cls(
            head=result.head,
            created=list(result.created),
            changed=list(result.changed),
            deleted=list(result.deleted),
            runs=result.runs,
            dry_run=result.dry_run,
            warnings=[exact(one) for one in result.warnings],
            ontology=ontology,
            result=result,
        )

    @strawberry.field(description="The commit; null in a dry run, or when nothing was to change.")
    def commit(self) -> _Commit | None:
        return commit_of(self.ontology, self.result.commit)  # type: ignore[no-any-return]

    @strawberry.field(description="What it changed, or would change, value by value.")
    def changes(self) -> Diff:
        return Diff.of(self.result.changes)
