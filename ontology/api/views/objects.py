"""Objects and links, one collection per type; each write makes one commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal
from urllib.parse import quote

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from oms_project.core.authorization import permissions
from oms_project.core.routes import Declaration
from ontology import selectors, services
from ontology.access import permitted_branch
from ontology.api.addresses import COLLECTIONS, address
from ontology.api.endpoint import Answer, DefinitionSource, OntologyView, endpoint
from ontology.api.instances import (
    CountsQuery,
    InstanceQuery,
    InstancesQuery,
    filter_of,
    instance_in,
)
from ontology.api.openapi.components import page_of
from ontology.api.parsers import MERGE_PATCH
from ontology.api.query import CommitQuery, HistoryQuery
from ontology.api.reading import answer_at, document_answer, page_answer
from ontology.api.rendering import JSON, json_response
from ontology.api.snapshots import Snapshot, snapshot
from ontology.api.writing import commit_message, expected_state, written_document
from ontology.contract import Change, CommitResult
from ontology.domain.kinds import Kind
from ontology.domain.query import parse_sort

__all__ = [
    "CountsView",
    "InstanceHistoryView",
    "InstanceView",
    "InstancesView",
    "RestoreInstanceView",
]

_AT = ("ETag", "X-OMS-Commit")
_PAGE = (*_AT, "Link")
_MADE = (*_AT, "Location")
_HEADERS = ("If-Match", "X-Commit-Message")
_NOW = "The {words} as it is now; `_warnings` where it uses what is deprecated."

Op = Literal["update", "replace", "delete", "restore"]


class CountsView(OntologyView):
    """``…/objects`` and ``…/links``."""

    required_permissions: ClassVar[Declaration] = {"GET": permissions.ONTOLOGY_READ}

    @endpoint(
        "count{kinds}",
        "Count the {plural} by type",
        tag="objects",
        query=CountsQuery,
        answers=(
            Answer(
                200,
                "Types by name, with how many {plural} they have.",
                {
                    "type": "object",
                    "required": ["commit", "items"],
                    "properties": {
                        "commit": {
                            "type": "string",
                            "description": "Id of the commit that was read.",
                        },
                        "items": {
                            "type": "array",
                            "items": {"$ref": "#/components/schemas/TypeCount"},
                        },
                    },
                },
                "TypeCounts",
                headers=_AT,
            ),
        ),
    )
    def get(self, request: Request, *, ontology: str, query: CountsQuery) -> HttpResponseBase:
        """At a ref. Types without any are left out, unless `empty` asks for them."""
        kind = Kind.LINK_TYPE if self.kind == Kind.LINK else Kind.OBJECT_TYPE

        def render(at: Snapshot) -> HttpResponseBase:
            items = [
                {
                    "type": item.type.name,
                    "rid": item.type.rid,
                    "displayName": item.type.label,
                    "isAbstract": item.type.abstract,
                    "count": item.own,
                    "withSubtypes": item.total,
                }
                for item in selectors.count_by_type(ontology=ontology, ref=at.commit.id)
                if item.kind == kind and (query.empty or item.total)
            ]
            return json_response({"commit": at.commit.id, "items": items})

        return answer_at(request, ontology=ontology, query=query, render=render)


class InstancesView(OntologyView):
    """``…/objects/{type}`` and ``…/links/{type}``."""

    required_permissions: ClassVar[Declaration] = {
        "GET": permissions.ONTOLOGY_READ,
        "POST": permissions.ONTOLOGY_WRITE,
    }

    @endpoint(
        "list{kinds}",
        "List the {plural} of a type",
        tag="objects",
        query=InstancesQuery,
        answers=(
            Answer(
                200,
                "A page.",
                page_of("{kind}", commit=True, total=True),
                "{kind}Page",
                headers=_PAGE,
            ),
        ),
    )
    def get(
        self, request: Request, *, ontology: str, type_name: str, query: InstancesQuery
    ) -> HttpResponseBase:
        """Those of its subtypes too, filtered and sorted. All pages are of one commit. Values that
        you may not see are left out, and can be neither filtered nor sorted by.
        """

        def render(at: Snapshot) -> HttpResponseBase:
            where = filter_of(query.filter, query.where)
            page = selectors.list_objects(
                ontology=ontology,
                type=type_name,
                ref=at.commit.id,
                where=where,
                sort=parse_sort(query.sort),
                subtypes=query.subtypes,
                include_deleted=query.include_deleted,
                fields=query.fields,
                kind=self.kind.value,
                limit=query.limit,
                cursor=at.inner,
            )
            total = None
            if query.count:
                total = selectors.count_objects(
                    ontology=ontology,
                    type=type_name,
                    ref=at.commit.id,
                    where=where,
                    subtypes=query.subtypes,
                    include_deleted=query.include_deleted,
                )
            return page_answer(request, page, at, total=total)

        return answer_at(request, ontology=ontology, query=query, render=render)

    @endpoint(
        "create{kind}",
        "Create a {words}",
        tag="objects",
        query=CommitQuery,
        body=DefinitionSource("{kind}Input"),
        headers=("X-Commit-Message",),
        answers=(
            Answer(
                201,
                "It was created; `_warnings` where it uses what is deprecated.",
                "{kind}",
                "{kind}",
                headers=_MADE,
            ),
        ),
    )
    def post(
        self,
        request: Request,
        *,
        ontology: str,
        type_name: str,
        query: CommitQuery,
        body: dict[str, Any],
    ) -> HttpResponseBase:
        """The body holds its values; that of a link also its ends, as `@source` and `@target`.
        Committed on the branch.
        """
        ends = {name: _text(body.get(f"@{name}")) for name in ("source", "target")}
        is_link = self.kind == Kind.LINK
        change = Change(
            op="create",
            kind=self.kind.value,
            type=type_name,
            source=ends["source"] if is_link else None,
            target=ends["target"] if is_link else None,
            fields=body,
        )
        default = f"Create {type_name}"
        if is_link:
            default += f" from {ends['source']} to {ends['target']}"
        result = services.commit_changes(
            ontology=ontology,
            branch=query.branch,
            changes=[change],
            message=commit_message(request, query.message, default[:1000]),
        )
        return written_document(result, status=201, location=_location(ontology, self.kind, result))


class ItemView(OntologyView):
    """Base of the views that change one object or link."""

    def commit_change(
        self,
        request: Request,
        *,
        ontology: str,
        type_name: str,
        key: str,
        query: CommitQuery,
        op: Op,
        fields: Mapping[str, Any] | None = None,
    ) -> CommitResult:
        """Commit one change of what the path names."""
        # Who may not write does not learn first whether it is there.
        permitted_branch(ontology, query.branch, permissions.ONTOLOGY_WRITE)
        view = instance_in(
            ontology=ontology,
            kind=self.kind,
            type_name=type_name,
            key=key,
            ref=query.branch,
            include_deleted=op == "restore",
        )
        change = Change(
            op=op,
            target=view.rid,
            fields=fields or {},
            if_match=expected_state(request, lambda: view),
        )
        return services.commit_changes(
            ontology=ontology,
            branch=query.branch,
            changes=[change],
            message=commit_message(request, query.message, f"{op.capitalize()} {view.id}"[:1000]),
        )


class InstanceView(ItemView):
    """``…/objects/{type}/{key}`` and ``…/links/{type}/{rid}``."""

    required_permissions: ClassVar[Declaration] = {
        "GET": permissions.ONTOLOGY_READ,
        "PUT": permissions.ONTOLOGY_WRITE,
        "PATCH": permissions.ONTOLOGY_WRITE,
        "DELETE": permissions.ONTOLOGY_WRITE,
    }

    @endpoint(
        "get{kind}",
        "Read a {words}",
        tag="objects",
        query=InstanceQuery,
        answers=(Answer(200, "The {words}.", "{kind}", "{kind}", headers=_AT),),
    )
    def get(
        self, request: Request, *, ontology: str, type_name: str, key: str, query: InstanceQuery
    ) -> HttpResponseBase:
        """Its address is the collection and its `@id`; its `rid` in place of the key is one too.
        Its ETag guards a write of it (`If-Match`).
        """
        at = snapshot(ontology=ontology, query=query, request=request)
        view = instance_in(
            ontology=ontology,
            kind=self.kind,
            type_name=type_name,
            key=key,
            ref=at.commit.id,
            include_deleted=query.include_deleted,
        )
        return document_answer(request, view, at, query.fields)

    @endpoint(
        "replace{kind}",
        "Replace a {words}",
        tag="objects",
        query=CommitQuery,
        body=DefinitionSource("{kind}Values"),
        headers=_HEADERS,
        problems=(412,),
        answers=(Answer(200, _NOW, "{kind}", "{kind}", headers=_AT),),
    )
    def put(
        self,
        request: Request,
        *,
        ontology: str,
        type_name: str,
        key: str,
        query: CommitQuery,
        body: dict[str, Any],
    ) -> HttpResponseBase:
        """All values anew; those that are left out go. What the system adds to an answer (`@id`,
        `_etag`, ...) is ignored, so that an answer can be edited and sent back.
        """
        return written_document(
            self.commit_change(
                request,
                ontology=ontology,
                type_name=type_name,
                key=key,
                query=query,
                op="replace",
                fields=body,
            )
        )

    @endpoint(
        "update{kind}",
        "Change a {words}",
        tag="objects",
        query=CommitQuery,
        body=DefinitionSource("{kind}Values", media=(MERGE_PATCH, JSON)),
        headers=_HEADERS,
        problems=(412,),
        answers=(Answer(200, _NOW, "{kind}", "{kind}", headers=_AT),),
    )
    def patch(
        self,
        request: Request,
        *,
        ontology: str,
        type_name: str,
        key: str,
        query: CommitQuery,
        body: dict[str, Any],
    ) -> HttpResponseBase:
        """A merge patch (RFC 7396): named values replace, null removes, structs are merged."""
        return written_document(
            self.commit_change(
                request,
                ontology=ontology,
                type_name=type_name,
                key=key,
                query=query,
                op="update",
                fields=body,
            )
        )

    @endpoint(
        "delete{kind}",
        "Delete a {words}",
        tag="objects",
        query=CommitQuery,
        headers=_HEADERS,
        problems=(412,),
        answers=(Answer(204, "It is deleted, and can be restored.", headers=("X-OMS-Commit",)),),
    )
    def delete(
        self, request: Request, *, ontology: str, type_name: str, key: str, query: CommitQuery
    ) -> HttpResponseBase:
        """What becomes of the links of an object, each link type says (`onDelete`): they go too,
        take their targets with them, or refuse. History keeps everything.
        """
        result = self.commit_change(
            request, ontology=ontology, type_name=type_name, key=key, query=query, op="delete"
        )
        return HttpResponse(status=204, headers={"X-OMS-Commit": result.head})


class RestoreInstanceView(ItemView):
    """``…/{objects|links}/{type}/{key}/restore``."""

    required_permissions: ClassVar[Declaration] = {"POST": permissions.ONTOLOGY_WRITE}

    @endpoint(
        "restore{kind}",
        "Restore a deleted {words}",
        tag="objects",
        query=CommitQuery,
        headers=_HEADERS,
        problems=(412,),
        answers=(Answer(200, _NOW, "{kind}", "{kind}", headers=_MADE),),
    )
    def post(
        self, request: Request, *, ontology: str, type_name: str, key: str, query: CommitQuery
    ) -> HttpResponseBase:
        """In the state that it had. Of several deleted objects with one key it is the last."""
        result = self.commit_change(
            request, ontology=ontology, type_name=type_name, key=key, query=query, op="restore"
        )
        return written_document(result, location=_location(ontology, self.kind, result))


class InstanceHistoryView(OntologyView):
    """``…/{objects|links}/{type}/{key}/history``."""

    required_permissions: ClassVar[Declaration] = {"GET": permissions.ONTOLOGY_READ}

    @endpoint(
        "get{kind}History",
        "Read the history of a {words}",
        tag="history",
        query=HistoryQuery,
        answers=(
            Answer(
                200,
                "A page, latest first.",
                page_of("HistoryEntry", commit=True),
                "{kind}HistoryPage",
                headers=_PAGE,
            ),
        ),
    )
    def get(
        self, request: Request, *, ontology: str, type_name: str, key: str, query: HistoryQuery
    ) -> HttpResponseBase:
        """The commits that changed it, on the ref's first-parent line, each with its state then."""

        def render(at: Snapshot) -> HttpResponseBase:
            view = instance_in(
                ontology=ontology,
                kind=self.kind,
                type_name=type_name,
                key=key,
                ref=at.commit.id,
                include_deleted=True,
            )
            page = selectors.history(
                ontology=ontology,
                target=view.rid,
                ref=at.commit.id,
                limit=query.limit,
                cursor=at.inner,
            )
            return page_answer(request, page, at)

        return answer_at(request, ontology=ontology, query=query, render=render)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _location(ontology: str, kind: Kind, result: CommitResult) -> str:
    # An @id is percent-encoded already.
    return f"{address(ontology, COLLECTIONS[kind])}/{quote(result.documents[0].id, safe='/+%')}"
