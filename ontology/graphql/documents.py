"""Definitions of an ontology in lists: by kind, by filter, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import strawberry
from strawberry.scalars import JSON

from oms_project.core.errors import BadRequest
from oms_project.core.pagination import Page
from oms_project.graphql.context import Info, of_each, siblings
from oms_project.graphql.fields import Pages, connection, listing
from oms_project.graphql.inputs import filter_text
from ontology import selectors
from ontology.contract import DocumentView, HistoryEntry
from ontology.domain.kinds import DEFINITION_KINDS, INSTANCE_KINDS, Kind
from ontology.graphql.definitions import (
    ActionType,
    Definition,
    EnumType,
    Interface,
    LinkType,
    ObjectType,
    OntologyHeader,
    Resource,
    SharedProperty,
    StructType,
    ValueType,
    definition_of,
)
from ontology.graphql.places import At, looked_up, target_text
from ontology.wire import document_text

if TYPE_CHECKING:
    from ontology.graphql.registry import Commit

__all__ = ["DefinitionFields", "Document", "Revision", "document_of"]

_MAX_NAMES = 100


@strawberry.type(description="Anything that is stored: a definition, an object, a link.")
class Document:
    rid: str = strawberry.field(description="It never changes.")
    kind: str = strawberry.field(description="`ObjectType`, …, `Object`, `Link`.")
    target: str = strawberry.field(description="How other fields name it: `ObjectType/Person`.")
    name: str = strawberry.field(description="What people call it.")
    type_name: str = strawberry.field(description="Of an object or link, its type; else empty.")
    etag: str = strawberry.field(description="Changes exactly when the document does.")
    is_deleted: bool = strawberry.field(description="Whether this is the last state of one.")
    view: strawberry.Private[DocumentView]
    at: strawberry.Private[At]
    with_names: strawberry.Private[bool] = False
    siblings: strawberry.Private[Any] = None

    @strawberry.field(description="The whole document as it is stored, as REST answers it.")
    def json(self) -> JSON:
        return orjson.Fragment(document_text(self.view))  # type: ignore[return-value]

    @strawberry.field(description="With all its fields; null for an object or a link.")
    def definition(self) -> Definition | None:
        return of_each(self, "definition", _definitions)  # type: ignore[no-any-return]


def document_of(at: At, view: DocumentView, *, with_names: bool = False) -> Document:
    """A document of any kind; ``with_names``: its references are names."""
    return Document(
        rid=view.rid,
        kind=view.kind,
        target=view.id,
        name=view.name,
        type_name=view.type,
        etag=view.etag,
        is_deleted=view.deleted,
        view=view,
        at=at,
        with_names=with_names,
    )


def _definitions(documents: Sequence[Document]) -> list[Definition | None]:
    named = [document for document in documents if document.with_names]
    again = looked_up(named, lambda one: (one.rid,), lambda at, view: (at, view)) if named else []
    read = {id(one): found[0][1] for one, found in zip(named, again, strict=True) if found}
    return [
        None
        if document.kind in INSTANCE_KINDS
        else definition_of(document.at, read.get(id(document), document.view))
        for document in documents
    ]


@strawberry.type(description="A commit that changed a document, and what it left.")
class Revision:
    operation: str = strawberry.field(description="`create`, `update`, `rename` or `delete`.")
    document: Document = strawberry.field(
        description="As it was then; what it refers to is read at the ref that was asked for."
    )
    entry: strawberry.Private[HistoryEntry]
    at: strawberry.Private[At]

    @strawberry.field(description="The commit.")
    def commit(
        self,
    ) -> Annotated[Commit, strawberry.lazy("ontology.graphql.registry")]:
        from ontology.graphql.registry import Commit

        return Commit.of(self.at.ontology, self.entry.commit)


@strawberry.input(description="Which definitions; what is not said does not matter.")
class DefinitionFilter:
    text: str = strawberry.field(
        default="", description="In a name, label, description or IRI, without regard to case."
    )
    status: str = strawberry.field(
        default="", description="`experimental`, `active`, `deprecated` or `archived`."
    )
    tag: str = strawberry.field(default="", description="With this tag.")
    parent: str = strawberry.field(
        default="", description="Direct children of this one: a `rid`, `Kind/apiName` or an IRI."
    )
    include_deleted: bool = strawberry.field(
        default=False, description="Those that were deleted too, in their last state."
    )


def _read(
    read: Callable[..., Page[DocumentView]],
    make: Callable[[At, DocumentView], Any],
    at: At,
    *,
    limit: int,
    cursor: str | None,
    ref: str,
) -> Page[Any]:
    """A page at the commit that its cursor names; what is made of it reads on there."""
    page = read(ref=ref, limit=limit, cursor=cursor)
    then = At(at.ontology, at.ref, ref)
    return Page(tuple(make(then, view) for view in page.items), page.next_cursor)


def _listed(
    ontology: str,
    kinds: Sequence[str],
    ref: str,
    as_of: str,
    where: DefinitionFilter | None,
    make: Callable[[At, DocumentView], Any] = definition_of,
    references: str = "rid",
) -> Pages[Any]:
    at = At.of(ontology, ref, as_of)
    asked = where or DefinitionFilter()
    read = partial(
        selectors.list_documents,
        ontology=ontology,
        kinds=kinds,
        text=filter_text(asked.text, "text", 200),
        status=asked.status,
        tag=filter_text(asked.tag, "tag", 100),
        parent=target_text(asked.parent),
        include_deleted=asked.include_deleted,
        references=references,
    )
    return listing(partial(_read, read, make, at), commit=at.commit)


def _of_kind(kind: Kind, made: Any, description: str) -> Any:
    """A connection over the definitions of one kind."""

    def resolve(
        self: Any,
        info: Info,  # noqa: ARG001 - connections take it
        ref: str = "",
        as_of: str = "",
        filter: DefinitionFilter | None = None,
    ) -> Any:
        return _listed(self.name, (kind.value,), ref, as_of, filter)

    resolve.__annotations__["return"] = Pages[made]
    return connection(description=description)(resolve)


@strawberry.type
class DefinitionFields:
    """What an ontology defines. ``ref`` names the state: a branch, a tag, a commit,
    ``branch@timestamp``; the default branch when it is not said.
    """

    object_types = _of_kind(Kind.OBJECT_TYPE, ObjectType, "Its object types by name.")
    interfaces = _of_kind(Kind.INTERFACE, Interface, "Its interfaces by name.")
    link_types = _of_kind(Kind.LINK_TYPE, LinkType, "Its link types by name.")
    shared_properties = _of_kind(
        Kind.SHARED_PROPERTY, SharedProperty, "Its shared properties by name."
    )
    value_types = _of_kind(Kind.VALUE_TYPE, ValueType, "Its value types by name.")
    enum_types = _of_kind(Kind.ENUM_TYPE, EnumType, "Its enums by name.")
    struct_types = _of_kind(Kind.STRUCT_TYPE, StructType, "Its structs by name.")
    action_types = _of_kind(Kind.ACTION_TYPE, ActionType, "Its actions by name.")
    resources = _of_kind(Kind.RESOURCE, Resource, "What imports brought beside definitions.")

    @connection()
    def definitions(
        self,
        info: Info,
        kinds: list[str] | None = None,
        ref: str = "",
        as_of: str = "",
        filter: DefinitionFilter | None = None,
    ) -> Pages[Definition]:
        """Definitions of several kinds, or of all, by kind and name."""
        wanted = kinds or DEFINITION_KINDS
        refused = sorted({Kind.OBJECT, Kind.LINK} & set(wanted))
        if refused:
            raise BadRequest(
                f"{refused[0]} is no kind of definition: ask `documents`.", code="unknown_kind"
            )
        return _listed(self.name, wanted, ref, as_of, filter)  # type: ignore[attr-defined]

    @connection()
    def documents(
        self,
        info: Info,
        kinds: list[str] | None = None,
        ref: str = "",
        as_of: str = "",
        filter: DefinitionFilter | None = None,
        references: str = "rid",
    ) -> Pages[Document]:
        """Everything that is stored, by kind and name. `references: "name"` writes them in `json`
        as `ObjectType/Person`.
        """
        name: str = self.name  # type: ignore[attr-defined]
        make = partial(document_of, with_names=references == "name")
        return _listed(name, kinds or (), ref, as_of, filter, make, references)

    @strawberry.field(
        description="One definition by its `rid`, `Kind/apiName` (also an earlier name), or IRI."
    )
    def definition(
        self, target: str, ref: str = "", as_of: str = "", include_deleted: bool = False
    ) -> Definition:
        at = At.of(self.name, ref, as_of)  # type: ignore[attr-defined]
        return definition_of(at, _found(at, target, include_deleted))  # type: ignore[no-any-return]

    @strawberry.field(
        description="What is stored under a `rid`, `Kind/apiName`, `Type/key` or IRI."
    )
    def document(
        self,
        target: str,
        ref: str = "",
        as_of: str = "",
        include_deleted: bool = False,
        references: str = "rid",
    ) -> Document:
        at = At.of(self.name, ref, as_of)  # type: ignore[attr-defined]
        view = _found(at, target, include_deleted, references)
        return document_of(at, view, with_names=references == "name")

    @strawberry.field(
        description="What holds for the whole ontology: base IRI, prefixes, languages."
    )
    def header(self, ref: str = "", as_of: str = "") -> OntologyHeader:
        at = At.of(self.name, ref, as_of)  # type: ignore[attr-defined]
        return definition_of(at, _found(at, Kind.ONTOLOGY.value, False))  # type: ignore[no-any-return]

    @strawberry.field(
        description="What is stored under these `rid`s, in their order; at most 100.",
        metadata={"size": _MAX_NAMES},
    )
    def documents_by_rid(
        self, rids: list[str], ref: str = "", as_of: str = ""
    ) -> list[Document | None]:
        if len(rids) > _MAX_NAMES:
            raise BadRequest(f"At most {_MAX_NAMES} documents at once.", code="bad_limit")
        at = At.of(self.name, ref, as_of)  # type: ignore[attr-defined]
        found = selectors.get_documents(ontology=at.ontology, rids=rids, ref=at.commit)
        made = {rid: document_of(at, view) for rid, view in found.items()}
        siblings(list(made.values()))
        return [made.get(rid) for rid in rids]

    @connection()
    def history(self, info: Info, target: str, ref: str = "", as_of: str = "") -> Pages[Revision]:
        """The commits that changed a document, latest first, each with what it left."""
        at = At.of(self.name, ref, as_of)  # type: ignore[attr-defined]
        rid = _found(at, target, True).rid

        def read(*, limit: int, cursor: str | None, ref: str) -> Page[Revision]:
            page = selectors.history(
                ontology=at.ontology, target=rid, ref=ref, limit=limit, cursor=cursor
            )
            then = At(at.ontology, at.ref, ref)
            made = tuple(_revision(then, entry) for entry in page.items)
            siblings([revision.document for revision in made])
            return Page(made, page.next_cursor)

        return listing(read, commit=at.commit)


def _revision(at: At, entry: HistoryEntry) -> Revision:
    then = At(at.ontology, entry.commit.id, at.commit)
    return Revision(
        operation=entry.operation,
        document=document_of(then, entry.document),
        entry=entry,
        at=at,
    )


def _found(at: At, target: str, include_deleted: bool, references: str = "rid") -> DocumentView:
    return selectors.get_document(
        ontology=at.ontology,
        target=target_text(target),
        ref=at.commit,
        include_deleted=include_deleted,
        references=references,
    )
