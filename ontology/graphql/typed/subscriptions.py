"""Subscriptions: changes of objects and links of every type, as they are committed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLField,
    GraphQLID,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
)

from oms_project.core.authorization import permissions
from oms_project.graphql.context import siblings
from oms_project.graphql.live import ask
from ontology import selectors
from ontology.domain.kinds import Kind
from ontology.graphql.subscriptions import (
    ChangedInstance,
    ChangeOperation,
    ObjectChangesTold,
    ObjectWish,
    object_changes,
)
from ontology.graphql.typed.filters import filter_of
from ontology.graphql.typed.names import lower_first
from ontology.graphql.typed.places import Place, row_of
from ontology.graphql.typed.writes import branch_of

if TYPE_CHECKING:
    from ontology.graphql.typed.builder import Builder

__all__ = ["subscription_fields"]

_READ: Final = permissions.ONTOLOGY_READ
_OPERATION: Final = "OmsChangeOperation"


class _Told:
    """What a commit did to objects or links of a type.

    Attributes:
        resume_token: what comes after it.
    """

    def __init__(self, place: Place, told: ObjectChangesTold) -> None:
        self._place = place.on(told.commit.commit_id)
        self.commit = told.commit.commit_id
        self.branch = told.branch
        self.last = told.last
        self.resume_token = told.resume_token
        self.changes = [_Change(self, change) for change in told.changes]

    @cached_property
    def rows(self) -> Mapping[str, Any]:
        """By ``rid``, the object or link after the commit; read for all of them at once."""
        found = selectors.get_documents(
            ontology=self._place.ontology,
            rids=[change.rid for change in self.changes],
            ref=self._place.commit,
        )
        rows = {rid: row_of(view, self._place) for rid, view in found.items()}
        siblings(list(rows.values()))
        return rows


class _Change:
    """One of them."""

    def __init__(self, told: _Told, change: ChangedInstance) -> None:
        self._told = told
        self.rid = change.rid
        self.type = change.type
        self.operation = change.operation
        self.fields = change.fields
        self.matches = change.matches

    @property
    def node(self) -> Any:
        """As it is after the commit; None when it was deleted."""
        return self._told.rows.get(self.rid)


def subscription_fields(builder: Builder) -> dict[str, Callable[[], GraphQLField]]:
    """Fields of the subscription type: ``<type>Changed``."""
    found: dict[str, Callable[[], GraphQLField]] = {}
    builder.add(builder.names.claim(_OPERATION), _operation)
    for item in (*builder.queried, *builder.definitions.by_kind[Kind.LINK_TYPE]):
        rid = item.rid
        builder.derive(rid, "Change", partial(_change_type, builder, rid))
        builder.derive(rid, "Changes", partial(_changes_type, builder, rid))
        name = f"{lower_first(builder.names.own(rid))}Changed"
        while name in found:
            name += "_"
        found[name] = partial(_field, builder, rid)
    return found


def _operation() -> GraphQLEnumType:
    return GraphQLEnumType(
        _OPERATION, {one.name: one for one in ChangeOperation}, description="What was done."
    )


def _read(name: str) -> Callable[[Any, Any], Any]:
    return lambda source, _: getattr(source, name)


def _values(words: Mapping[str, tuple[Any, str, str]]) -> dict[str, GraphQLField]:
    return {
        name: GraphQLField(kind, resolve=_read(attribute), description=description)
        for name, (kind, attribute, description) in words.items()
    }


def _change_type(builder: Builder, rid: str) -> GraphQLObjectType:
    texts = GraphQLNonNull(GraphQLList(GraphQLNonNull(GraphQLString)))
    return GraphQLObjectType(
        builder.derived(rid, "Change"),
        lambda: _values(
            {
                "_rid": (GraphQLNonNull(GraphQLID), "rid", "Its identity."),
                "_type": (GraphQLNonNull(GraphQLString), "type", "The name of its type."),
                "operation": (
                    GraphQLNonNull(builder.type(_OPERATION)), "operation", "What was done.",
                ),
                "fields": (texts, "fields", "Names, in the ontology, of values that differ."),
                "matches": (
                    GraphQLNonNull(GraphQLBoolean),
                    "matches",
                    "Whether the filter holds for it now; false: it held before.",
                ),
                "node": (
                    builder.type(builder.names.of_type(rid)),
                    "node",
                    "As it is after the commit; null when it was deleted.",
                ),
            }
        ),
        description="What a commit did to one of them.",
    )  # fmt: skip


def _changes_type(builder: Builder, rid: str) -> GraphQLObjectType:
    changes = GraphQLNonNull(
        GraphQLList(GraphQLNonNull(builder.type(builder.derived(rid, "Change"))))
    )
    return GraphQLObjectType(
        builder.derived(rid, "Changes"),
        lambda: _values(
            {
                "commit": (GraphQLNonNull(GraphQLID), "commit", "Id of the commit."),
                "branch": (GraphQLNonNull(GraphQLString), "branch", "Where it was made."),
                "changes": (changes, "changes", "What it did."),
                "last": (
                    GraphQLNonNull(GraphQLBoolean),
                    "last",
                    "Whether no more of this commit follow.",
                ),
                "resumeToken": (
                    GraphQLNonNull(GraphQLString),
                    "resume_token",
                    "For `resumeFrom`: what comes after this.",
                ),
            }
        ),
        description="What a commit changed; of many there are several of these.",
    )


def _field(builder: Builder, rid: str) -> GraphQLField:
    return GraphQLField(
        GraphQLNonNull(builder.type(builder.derived(rid, "Changes"))),
        args={
            "id": GraphQLArgument(GraphQLID, description="One alone: its `_id` or `_rid`."),
            "filter": GraphQLArgument(
                builder.type(builder.derived(rid, "Filter")),
                description="Only those for which it holds before or after the change.",
            ),
            "branch": GraphQLArgument(
                GraphQLString,
                description="If not said, the branch that `ref` names in the address, or the "
                "default branch.",
            ),
            "resumeFrom": GraphQLArgument(
                GraphQLString,
                description="A `resumeToken`: also what happened since.",
                out_name="resume_from",
            ),
        },
        subscribe=partial(_subscribe, rid),
        resolve=lambda event, _info, **_arguments: event,
        description=f"Changes of {builder.names.own(rid)}, as they are committed.",
        extensions={"needs": _READ},
    )


async def _subscribe(
    rid: str,
    source: Any,
    info: Any,
    /,
    *,
    id: str | None = None,
    filter: Any = None,
    branch: str | None = None,
    resume_from: str | None = None,
) -> AsyncGenerator[_Told, None]:
    del source
    place: Place = info.schema.place

    def named() -> str:
        found = branch_of(place, branch)
        return found or selectors.get_branch(ontology=place.ontology).name

    wish = ObjectWish(
        ontology=place.ontology,
        branch=await ask(info.context, named),
        type=rid,
        target=id or "",
        where=filter_of(filter),
    )
    async for told in object_changes(info, wish, partial(_Told, place), resume_from):
        yield told
