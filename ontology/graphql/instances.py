"""Objects and links as they stand at a commit, and the ways from one to the next."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import orjson
import strawberry
from strawberry import relay
from strawberry.scalars import JSON

from oms_project.core.canonical_json import loads
from oms_project.core.errors import NotFound
from oms_project.core.pagination import Page
from oms_project.graphql.context import Info, of_each, siblings
from oms_project.graphql.fields import Pages, connection, listing
from oms_project.graphql.nodes import joined
from ontology import contract, selectors
from ontology.contract import DocumentView
from ontology.domain.kinds import Kind
from ontology.domain.masking import MASKED
from ontology.domain.redaction import REDACTED
from ontology.graphql.places import At, documents_of, exact, referred, target_text
from ontology.graphql.time import (
    ALONE,
    Blame,
    Comparison,
    HistoryEntry,
    blame_of,
    compared_with,
    entries_of,
)
from ontology.wire import document_text

if TYPE_CHECKING:
    from ontology.graphql.definitions import Definition

__all__ = [
    "TYPES",
    "Instance",
    "Link",
    "LinkDirection",
    "LinkedObject",
    "Object",
    "Traversal",
    "instance_at",
    "instance_of",
    "instances_of",
]

_Definition: TypeAlias = Annotated["Definition", strawberry.lazy("ontology.graphql.definitions")]


@strawberry.enum(
    description="Along links that begin at an object (`OUTGOING`), that end there (`INCOMING`), or "
    "`BOTH`."
)
class LinkDirection(Enum):
    OUTGOING = "outgoing"
    INCOMING = "incoming"
    BOTH = "both"


@strawberry.interface(
    description="An object or a link at a commit. Values that you may not see are in none of its "
    "fields; `masked` names them."
)
class Instance(relay.Node):
    rid: str = strawberry.field(description="It never changes.")
    type: str = strawberry.field(description="Name of its object type or link type.")
    etag: str = strawberry.field(description="Changes exactly when its values do; for `ifMatch`.")
    deleted: bool = strawberry.field(description="Whether this is the last state of a deleted one.")
    view: strawberry.Private[DocumentView]
    at: strawberry.Private[At]
    #: Only some values were asked for.
    partial: strawberry.Private[bool] = False
    parsed: strawberry.Private[Any] = None
    siblings: strawberry.Private[Any] = None

    @strawberry.field(description="Its values by the names of properties.")
    def values(self) -> JSON:
        members: Mapping[str, Any] = self.view.body
        if self.partial:
            members = loads(self.view.json)
        return exact(  # type: ignore[no-any-return]
            {
                name: value
                for name, value in members.items()
                if name[:1] not in ("_", "@") and name != "rid"
            }
        )

    @strawberry.field(description="The whole of it, as REST answers it.")
    def json(self) -> JSON:
        return orjson.Fragment(document_text(self.view))  # type: ignore[return-value]

    @strawberry.field(description="The value of one property; null where it has none.")
    def value(self, name: str) -> JSON | None:
        return None if name.startswith("_") else exact(self.view.body.get(name))

    @strawberry.field(description="Its IRI, where one was given.")
    def iri(self) -> str | None:
        return self.view.body.get("_iri")

    @strawberry.field(description="Properties whose values you may not see.")
    def masked(self) -> list[str]:
        return list(self.view.body.get(MASKED, ()))

    @strawberry.field(description="Properties whose values were erased for good.")
    def redacted(self) -> list[str]:
        return list(self.view.body.get(REDACTED, ()))

    @strawberry.field(description="When it was created.")
    def created_at(self) -> dt.datetime:
        return dt.datetime.fromisoformat(_audit(self)["_created_at"])

    @strawberry.field(description="Who created it: an id.")
    def created_by(self) -> str:
        return str(_audit(self)["_created_by"])

    @strawberry.field(description="Who created it: a name.")
    def created_by_username(self) -> str:
        return str(_audit(self)["_created_by_username"])

    @strawberry.field(description="When it was last changed.")
    def updated_at(self) -> dt.datetime:
        return dt.datetime.fromisoformat(_audit(self)["_updated_at"])

    @strawberry.field(description="Who changed it last: an id.")
    def updated_by(self) -> str:
        return str(_audit(self)["_updated_by"])

    @strawberry.field(description="Who changed it last: a name.")
    def updated_by_username(self) -> str:
        return str(_audit(self)["_updated_by_username"])

    @strawberry.field(description="Id of the commit that was read.")
    def commit_id(self) -> str:
        return self.at.commit

    @strawberry.field(description="The definition of its type.")
    def definition(self) -> _Definition | None:
        found = referred(self, "type", lambda one: [str(one.view.body["_type"])], _definition)
        return next(iter(found), None)

    @connection()
    def history(self, info: Info) -> Pages[HistoryEntry]:
        """The commits that changed it, latest first, each with what it left."""
        return listing(partial(entries_of, self), commit=self.at.commit)

    @strawberry.field(description="Each of its values with the commit that gave it.")
    def blame(self) -> Blame:
        return blame_of(self)

    @strawberry.field(
        description="How it differs from its state at another ref, an earlier one; null for a "
        "deleted one that is not there either.",
    )
    def compare(self, from_ref: str = "", from_as_of: str = "") -> Comparison | None:
        return compared_with(self, from_ref, from_as_of)

    @classmethod
    def resolve_id(cls, root: Any, *, info: Any) -> str:
        return joined(root.at.ontology, root.at.ref, root.rid)

    @classmethod
    def resolve_nodes(cls, *, info: Any, node_ids: Iterable[str], required: bool = False) -> Any:
        return [_checked(at, view, view.id, _KINDS[cls]) for at, view in documents_of(node_ids)]


@strawberry.type(description="A link at an object, and the object at its other end.")
class LinkedObject:
    link: Link
    object: Object
    direction: LinkDirection = strawberry.field(
        description="`OUTGOING` when the link begins at the object that was asked about."
    )


@strawberry.type(description="An object that was reached.")
class Reached:
    object: Object
    depth: int = strawberry.field(description="Links from the start; 0 is the start itself.")
    via: str | None = strawberry.field(description="`rid` of the link by which it was reached.")
    parent: str | None = strawberry.field(description="`rid` of the object before it.")


@strawberry.type(description="What can be reached from an object.")
class Traversal:
    commit_id: str = strawberry.field(description="Id of the commit that was read.")
    objects: list[Reached] = strawberry.field(
        description="The nearest first; the start is one.", metadata={"in_page": True}
    )
    links: list[Link] = strawberry.field(
        description="The links on the way.", metadata={"in_page": True}
    )
    truncated: bool = strawberry.field(description="Whether there is more than `limit`.")


@strawberry.type(description="An object.")
class Object(Instance):
    object_id: str = strawberry.field(
        description="How other fields name it: `Person/42`, its type and key."
    )
    title: str = strawberry.field(description="What people call it; may be empty.")

    @connection()
    def links(
        self, info: Info, link: str = "", direction: LinkDirection = LinkDirection.BOTH
    ) -> Pages[LinkedObject]:
        """Its links, each with the object at the other end; those that begin here first. `link` is
        the name of a link type, its `rid`, or the name of one of its ends; empty: any.
        """

        def read(*, limit: int, cursor: str | None, ref: str) -> Page[LinkedObject]:
            asked: dict[str, Any] = {
                "link": link,
                "direction": direction.value,
                "limit": limit,
                "cursor": cursor,
            }
            key = ("links", ref, *asked.values())
            found: Page[LinkedObject] = of_each(self, key, partial(_linked, ref=ref, **asked))
            return found

        def count() -> int:
            asked: dict[str, Any] = {"link": link, "direction": direction.value}
            key = ("links counted", self.at.commit, *asked.values())
            found: int = of_each(self, key, partial(_counted, **asked))
            return found

        # How many there are is known by link type.
        return listing(read, commit=self.at.commit, count=count if link else None)

    @strawberry.field(
        description="What can be reached from it along links, nearest first, each object once.",
        metadata={"cost": ALONE},
    )
    def traverse(
        self,
        links: list[str] | None = None,
        direction: LinkDirection = LinkDirection.OUTGOING,
        depth: int = 1,
        limit: int = 100,
    ) -> Traversal:
        return traversed(
            self.at, self.rid, links=links or (), direction=direction, depth=depth, limit=limit
        )


@strawberry.type(description="A link between two objects.")
class Link(Instance):
    link_id: str = strawberry.field(description="How other fields name it: its type and `rid`.")

    @strawberry.field(description="`objectId` of the object that it begins at.")
    def source_id(self) -> str:
        return str(_audit(self)["@source"])

    @strawberry.field(description="`objectId` of the object that it ends at.")
    def target_id(self) -> str:
        return str(_audit(self)["@target"])

    @strawberry.field(description="The object that it begins at; null when that is gone.")
    def source(self) -> Object | None:
        return _end(self, "_source")

    @strawberry.field(description="The object that it ends at; null when that is gone.")
    def target(self) -> Object | None:
        return _end(self, "_target")


_KINDS: dict[type[Any], Kind] = {Object: Kind.OBJECT, Link: Kind.LINK}
#: What is reached only through interfaces.
TYPES = (Object, Link)


def instance_of(at: At, view: DocumentView, *, only_some: bool = False) -> Any:
    """A document that is an object or a link."""
    common: dict[str, Any] = {
        "rid": view.rid,
        "type": view.type,
        "etag": view.etag,
        "deleted": view.deleted,
        "view": view,
        "at": at,
        "partial": only_some,
    }
    if view.kind == Kind.LINK:
        return Link(link_id=view.id, **common)
    return Object(object_id=view.id, title=view.title, **common)


def instances_of(at: At, views: Iterable[DocumentView]) -> list[Any]:
    """Documents that were listed together."""
    made = [instance_of(at, view) for view in views]
    siblings(made)
    return made


def instance_at(
    at: At, target: str, *, kind: Kind | None = None, include_deleted: bool = False
) -> Any:
    """The object or link that a target names.

    Raises:
        NotFound: there is none, or it is something else.
    """
    view = selectors.get_document(
        ontology=at.ontology,
        target=target_text(target),
        ref=at.commit,
        include_deleted=include_deleted,
    )
    return _checked(at, view, target, kind)


def _checked(at: At, view: DocumentView, target: str, kind: Kind | None) -> Any:
    if view.kind not in _KINDS.values() or (kind is not None and view.kind != kind):
        what = {Kind.OBJECT: "object", Kind.LINK: "link", None: "object or link"}[kind]
        raise NotFound(
            f"There is no {what} '{target[:200]}' here.",
            code="document_not_found",
            data={"document": target[:200]},
        )
    return instance_of(at, view)


def traversed(
    at: At,
    target: str,
    *,
    links: Sequence[str],
    direction: LinkDirection,
    depth: int,
    limit: int,
) -> Traversal:
    """What can be reached from an object."""
    way: Any = direction.value
    found: contract.Traversal = selectors.traverse(
        ontology=at.ontology,
        target=target_text(target),
        links=links,
        direction=way,
        depth=depth,
        ref=at.commit,
        limit=limit,
    )
    objects = instances_of(at, (node.document for node in found.nodes))
    return Traversal(
        commit_id=found.commit,
        objects=[
            Reached(object=made, depth=node.depth, via=node.via or None, parent=node.parent or None)
            for node, made in zip(found.nodes, objects, strict=True)
        ],
        links=instances_of(at, found.links),
        truncated=found.truncated,
    )


def _audit(instance: Instance) -> Mapping[str, Any]:
    """The members that only the rendered document has."""
    if instance.parsed is None:
        instance.parsed = orjson.loads(instance.view.json)
    return instance.parsed  # type: ignore[no-any-return]


def _definition(at: At, view: DocumentView) -> Any:
    from ontology.graphql.definitions import definition_of

    return definition_of(at, view)


def _linked(
    owners: Sequence[Object],
    *,
    ref: str,
    link: str,
    direction: Any,
    limit: int,
    cursor: str | None,
) -> list[Page[LinkedObject]]:
    """A page of links for each object; the links, and the objects beyond, become siblings."""
    at = At(owners[0].at.ontology, owners[0].at.ref, ref)
    pages = selectors.linked_objects_of_many(
        ontology=at.ontology,
        rids=list(dict.fromkeys(owner.rid for owner in owners)),
        link=link,
        direction=direction,
        ref=ref,
        limit=limit,
        cursor=cursor,
    )
    made = {
        rid: Page(
            tuple(
                LinkedObject(
                    link=instance_of(at, item.link),
                    object=instance_of(at, item.object),
                    direction=LinkDirection(item.direction),
                )
                for item in page.items
            ),
            page.next_cursor,
        )
        for rid, page in pages.items()
    }
    reached = [item for page in made.values() for item in page.items]
    siblings([item.link for item in reached])
    siblings([item.object for item in reached])
    return [made[owner.rid] for owner in owners]


def _counted(owners: Sequence[Object], *, link: str, direction: Any) -> list[int]:
    at = owners[0].at
    counts = selectors.count_links_of_many(
        ontology=at.ontology,
        rids=list(dict.fromkeys(owner.rid for owner in owners)),
        link=link,
        direction=direction,
        ref=at.commit,
    )
    return [counts[owner.rid] for owner in owners]


def _end(link: Link, role: str) -> Object | None:
    found = referred(link, role, lambda one: [str(one.view.body[role])], instance_of)
    return next(iter(found), None)
