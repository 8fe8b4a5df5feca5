"""What happens to an ontology, as it happens: commits, objects, definitions."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import Annotated, Any, Final, TypeVar

import strawberry
from strawberry.scalars import JSON

from oms_project.core.authorization import permissions
from oms_project.core.errors import BadRequest
from oms_project.core.event_log import LoggedEvent, Wanted
from oms_project.core.ids import is_rid
from oms_project.graphql.context import Info, of_each, siblings
from oms_project.graphql.fields import subscription
from oms_project.graphql.live import ask, live_events, token_of
from oms_project.graphql.scalars import mapping_of
from ontology import selectors
from ontology.domain.kinds import INSTANCE_KINDS
from ontology.domain.query import Filter
from ontology.graphql.definitions import Definition, definition_of
from ontology.graphql.filters import FilterInput, filter_of
from ontology.graphql.instances import Instance, instance_of
from ontology.graphql.places import At
from ontology.graphql.registry import Commit
from ontology.selectors.matching import family_names, matching

__all__ = [
    "ChangeOperation",
    "ChangedDefinition",
    "ChangedInstance",
    "CommitTold",
    "DefinitionChangesTold",
    "ObjectChangesTold",
    "ObjectWish",
    "Subscriptions",
    "object_changes",
]

T = TypeVar("T")

_COMMITS: Final = ("io.oms.ontology.commit.created.v1", "io.oms.ontology.merge.completed.v1")
_OBJECTS: Final = ("io.oms.ontology.object.changed.v1",)
_DEFINITIONS: Final = ("io.oms.ontology.definition.changed.v1",)
_RESUME: Final = "For `resumeFrom`: what comes after this."


@strawberry.enum(description="What was done.")
class ChangeOperation(Enum):
    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"
    RESTORED = "restored"


@strawberry.type(description="A branch got a commit: a new one, or one that was moved to it.")
class CommitTold:
    ontology_name: str
    branch: str
    commit: Commit
    fast_forward: bool = strawberry.field(
        description="Whether the branch was moved forward to a commit that was there before."
    )
    resume_token: str = strawberry.field(description=_RESUME)


@strawberry.type(description="What a commit did to an object or a link.")
class ChangedInstance:
    rid: str
    kind: str = strawberry.field(description="`Object` or `Link`.")
    type: str = strawberry.field(description="Name of its type.")
    operation: ChangeOperation
    fields: list[str] = strawberry.field(description="Members that differ.")
    matches: bool = strawberry.field(
        description="Whether the filter holds for it now; where it did before, and does no longer, "
        "this is false."
    )
    at: strawberry.Private[At]
    siblings: strawberry.Private[Any] = None

    @strawberry.field(description="As it is after the commit; null when it was deleted.")
    def instance(self) -> Instance | None:
        return of_each(self, "instance", _instances)  # type: ignore[no-any-return]


@strawberry.type(
    description="Objects and links that a commit changed; of many there are several of these."
)
class ObjectChangesTold:
    ontology_name: str
    branch: str
    commit: Commit
    changes: list[ChangedInstance]
    last: bool = strawberry.field(description="Whether no more of this commit follow.")
    resume_token: str = strawberry.field(description=_RESUME)


@strawberry.type(description="What a commit did to a definition.")
class ChangedDefinition:
    rid: str
    target: str = strawberry.field(description="Its `@id`.")
    kind: str = strawberry.field(description="`ObjectType`, `LinkType`, …")
    operation: ChangeOperation
    fields: list[str] = strawberry.field(description="Members that differ.")
    at: strawberry.Private[At]
    siblings: strawberry.Private[Any] = None

    @strawberry.field(description="As it is after the commit; null when it was deleted.")
    def definition(
        self,
    ) -> Annotated[Definition, strawberry.lazy("ontology.graphql.definitions")] | None:
        return of_each(self, "definition", _definitions)  # type: ignore[no-any-return]


@strawberry.type(
    description="Definitions that a commit changed; of many there are several of these."
)
class DefinitionChangesTold:
    ontology_name: str
    branch: str
    commit: Commit
    changes: list[ChangedDefinition]
    last: bool = strawberry.field(description="Whether no more of this commit follow.")
    resume_token: str = strawberry.field(description=_RESUME)


# -- objects --------------------------------------------------------------------------------------


@dataclass(slots=True)
class ObjectWish:
    """Which changes of objects and links are wanted.

    Attributes:
        ontology: name or id.
        branch: empty: every branch.
        type: name of a type; its subtypes are meant as well; empty: every type.
        target: one object: its ``rid``, or what names it; empty: every one.
        where: a filter, which needs a type.
    """

    ontology: str
    branch: str = ""
    type: str = ""
    target: str = ""
    where: Filter | None = None
    types: tuple[str, ...] = field(default=(), init=False)
    rid: str = field(default="", init=False)

    def find(self) -> None:
        """Look up what it names, as the current actor.

        Raises:
            NotFound, PermissionDenied, BadRequest: of what is named.
        """
        self.ontology = selectors.get_ontology(ontology=self.ontology).name
        if self.branch:
            selectors.get_branch(ontology=self.ontology, name=self.branch)
        if self.type:
            self.types = family_names(ontology=self.ontology, type=self.type, ref=self.branch)
        if self.where is not None:  # also: is it one that may be asked at all?
            self._holding((), self.branch)
        if self.target and is_rid(self.target):
            self.rid = self.target
        elif self.target:
            self.rid = selectors.get_document(
                ontology=self.ontology, target=self.target, ref=self.branch, include_deleted=True
            ).rid

    def told(self, event: LoggedEvent) -> ObjectChangesTold | None:
        """What an event says of what is wanted; None: nothing."""
        data = event.data
        at = At(event.ontology, event.branch, data["commit"])
        changes = [
            _object_change(one, at)
            for one in data["changes"]
            if (not self.types or one["type"] in self.types)
            and (not self.rid or one["rid"] == self.rid)
        ]
        commit = _commit(event) if changes else None
        if changes and self.where is not None and commit is not None:
            changes = self._filtered(changes, commit)
        if not changes or commit is None:
            return None
        siblings(changes)
        return ObjectChangesTold(
            ontology_name=event.ontology,
            branch=event.branch,
            commit=commit,
            changes=changes,
            last=bool(data["last"]),
            resume_token=token_of(event),
        )

    def _filtered(self, changes: list[ChangedInstance], commit: Commit) -> list[ChangedInstance]:
        now = self._holding([one.rid for one in changes], commit.commit_id)
        rest = [
            one.rid for one in changes if one.rid not in now and one.operation.value != "created"
        ]
        before: frozenset[str] = frozenset()
        if rest and commit.parents:
            before = self._holding(rest, commit.parents[0])
        kept = [one for one in changes if one.rid in now or one.rid in before]
        for one in kept:
            one.matches = one.rid in now
        return kept

    def _holding(self, rids: Sequence[str], ref: str) -> frozenset[str]:
        return matching(
            ontology=self.ontology, type=self.type, rids=rids, where=self.where, ref=ref
        )


async def object_changes(
    info: Info, wish: ObjectWish, make: Callable[[ObjectChangesTold], T], resume_from: str | None
) -> AsyncGenerator[T, None]:
    """What ``make`` makes of changes that are wanted; also for the endpoints of ontologies."""
    await ask(info.context, wish.find)

    def made(event: LoggedEvent) -> T | None:
        told = wish.told(event)
        return None if told is None else make(told)

    wanted = Wanted(
        types=_OBJECTS,
        ontologies=(wish.ontology,),
        branches=(wish.branch,) if wish.branch else (),
        object_types=wish.types,
    )
    async for one in live_events(
        info.context, wanted, made, resume_from=resume_from, allowed=_readable(wish.ontology)
    ):
        yield one


def _readable(ontology: str) -> Callable[[], object]:
    return partial(selectors.get_ontology, ontology=ontology)


def _object_change(one: Mapping[str, Any], at: At) -> ChangedInstance:
    return ChangedInstance(
        rid=one["rid"],
        kind=one["kind"],
        type=one["type"],
        operation=ChangeOperation(one["operation"]),
        fields=list(one.get("fields", ())),
        matches=one["operation"] != "deleted",
        at=at,
    )


def _commit(event: LoggedEvent) -> Commit | None:
    commit = str(event.data["commit"])
    found = selectors.get_commits(ontology=event.ontology, ids=[commit]).get(commit)
    return None if found is None else Commit.of(event.ontology, found)


def _instances(changes: Sequence[ChangedInstance]) -> list[Any]:
    at = changes[0].at
    found = selectors.get_documents(
        ontology=at.ontology, rids=[one.rid for one in changes], ref=at.commit
    )
    return [instance_of(at, found[one.rid]) if one.rid in found else None for one in changes]


def _definitions(changes: Sequence[ChangedDefinition]) -> list[Any]:
    at = changes[0].at
    found = selectors.get_documents(
        ontology=at.ontology, rids=[one.rid for one in changes], ref=at.commit
    )
    return [
        definition_of(at, found[one.rid])
        if one.rid in found and found[one.rid].kind not in INSTANCE_KINDS
        else None
        for one in changes
    ]


# -- commits, definitions -------------------------------------------------------------------------


def _commit_told(event: LoggedEvent) -> CommitTold | None:
    forward = event.data.get("strategy") == "fast-forward"
    if event.type == _COMMITS[1] and not forward:
        return None  # its merge commit is told
    commit = _commit(event)
    if commit is None:
        return None
    return CommitTold(
        ontology_name=event.ontology,
        branch=event.branch,
        commit=commit,
        fast_forward=forward,
        resume_token=token_of(event),
    )


def _definitions_told(kind: str, target: str, event: LoggedEvent) -> DefinitionChangesTold | None:
    data = event.data
    at = At(event.ontology, event.branch, data["commit"])
    changes = [
        ChangedDefinition(
            rid=one["rid"],
            target=one["id"],
            kind=one["kind"],
            operation=ChangeOperation(one["operation"]),
            fields=list(one.get("fields", ())),
            at=at,
        )
        for one in data["changes"]
        if kind in ("", one["kind"]) and target in ("", one["rid"], one["id"])
    ]
    commit = _commit(event) if changes else None
    if commit is None:
        return None
    siblings(changes)
    return DefinitionChangesTold(
        ontology_name=event.ontology,
        branch=event.branch,
        commit=commit,
        changes=changes,
        last=bool(data["last"]),
        resume_token=token_of(event),
    )


def _place(ontology: str, branch: str) -> str:
    """Name of an ontology that may be read, and that has the branch."""
    name = selectors.get_ontology(ontology=ontology).name
    if branch:
        selectors.get_branch(ontology=name, name=branch)
    return name


@strawberry.type
class Subscriptions:
    """What happens to ontologies."""

    @subscription(requires=permissions.ONTOLOGY_READ)
    async def commits(
        self, info: Info, ontology: str, branch: str = "", resume_from: str | None = None
    ) -> AsyncGenerator[CommitTold, None]:
        """Commits on a branch; without one, on any branch of the ontology."""
        name = await ask(info.context, partial(_place, ontology, branch))
        wanted = Wanted(types=_COMMITS, ontologies=(name,), branches=(branch,) if branch else ())
        async for told in live_events(
            info.context, wanted, _commit_told, resume_from=resume_from, allowed=_readable(name)
        ):
            yield told

    @subscription(requires=permissions.ONTOLOGY_READ)
    async def object_changes(
        self,
        info: Info,
        ontology: str,
        branch: str = "",
        type: str = "",
        target: str = "",
        filter: JSON | None = None,
        where: FilterInput | None = None,
        resume_from: str | None = None,
    ) -> AsyncGenerator[ObjectChangesTold, None]:
        """Changes of objects and links: of a type and its subtypes, of one object (`target`: its
        `rid`, or what names it), of those for which a filter holds before or after the change.
        """
        wish = ObjectWish(
            ontology=ontology,
            branch=branch,
            type=type,
            target=target,
            where=_filter(type, filter, where),
        )
        async for told in object_changes(info, wish, lambda one: one, resume_from):
            yield told

    @subscription(requires=permissions.ONTOLOGY_READ)
    async def definition_changes(
        self,
        info: Info,
        ontology: str,
        branch: str = "",
        kind: str = "",
        target: str = "",
        resume_from: str | None = None,
    ) -> AsyncGenerator[DefinitionChangesTold, None]:
        """Changes of definitions: of a kind (`ObjectType`), or of one (`target`: its `rid` or
        `@id`).
        """
        name = await ask(info.context, partial(_place, ontology, branch))
        wanted = Wanted(
            types=_DEFINITIONS, ontologies=(name,), branches=(branch,) if branch else ()
        )
        async for told in live_events(
            info.context,
            wanted,
            partial(_definitions_told, kind, target),
            resume_from=resume_from,
            allowed=_readable(name),
        ):
            yield told


def _filter(type_: str, given: Any, where: FilterInput | None) -> Filter | None:
    found = filter_of(mapping_of(given, "filter"), where)
    if found is not None and not type_:
        raise BadRequest("A filter is about a type: say `type` as well.", code="bad_filter")
    return found
