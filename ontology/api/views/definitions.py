"""Definitions, one collection per kind; each write makes one commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from oms_project.core.authorization import permissions
from oms_project.core.ids import is_rid
from oms_project.core.routes import Declaration
from ontology import selectors, services
from ontology.api import bodies
from ontology.api.addresses import COLLECTIONS, address
from ontology.api.endpoint import Answer, DefinitionSource, JsonSource, OntologyView, endpoint
from ontology.api.fields import checked_fields
from ontology.api.openapi.components import page_of
from ontology.api.parsers import MERGE_PATCH
from ontology.api.query import (
    CommitQuery,
    DefinitionsQuery,
    DocumentQuery,
    WriteQuery,
)
from ontology.api.reading import (
    answer_at,
    document_answer,
    document_in,
    page_answer,
    target_of,
)
from ontology.api.rendering import JSON
from ontology.api.snapshots import Snapshot, snapshot
from ontology.api.writing import commit_message, expected_state, written_document
from ontology.contract import Change, CommitResult, DocumentView

__all__ = ["DefinitionView", "DefinitionsView", "RenameView", "RestoreView"]

_AT = ("ETag", "X-OMS-Commit")
_PAGE = (*_AT, "Link")
_MADE = (*_AT, "Location")
_HEADERS = ("If-Match", "X-Commit-Message")
_NOW = "The definition as it is now."

Op = Literal["update", "replace", "rename", "delete", "restore"]


class DefinitionsView(OntologyView):
    """``…/object-types`` and the other collections."""

    required_permissions: ClassVar[Declaration] = {
        "GET": permissions.ONTOLOGY_READ,
        "POST": permissions.ONTOLOGY_WRITE,
    }

    @endpoint(
        "list{kinds}",
        "List the {plural}",
        tag="definitions",
        query=DefinitionsQuery,
        answers=(
            Answer(200, "A page.", page_of("{kind}", commit=True), "{kind}Page", headers=_PAGE),
        ),
    )
    def get(self, request: Request, *, ontology: str, query: DefinitionsQuery) -> HttpResponseBase:
        """Sorted by name, as they are stored. All pages are of one commit."""
        fields = checked_fields(query.fields, (self.kind,))

        def render(at: Snapshot) -> HttpResponseBase:
            page = selectors.list_documents(
                ontology=ontology,
                ref=at.commit.id,
                kinds=(self.kind,),
                text=query.text or None,
                status=query.status or None,
                tag=query.tag or None,
                parent=query.parent or None,
                include_deleted=query.include_deleted,
                fields=fields,
                limit=query.limit,
                cursor=at.inner,
                references=query.references,
            )
            return page_answer(request, page, at)

        return answer_at(request, ontology=ontology, query=query, render=render)

    @endpoint(
        "create{kind}",
        "Create a {words}",
        tag="definitions",
        query=CommitQuery,
        body=DefinitionSource("{kind}Input"),
        headers=("X-Commit-Message",),
        answers=(Answer(201, "It was created.", "{kind}", "{kind}", headers=_MADE),),
    )
    def post(
        self, request: Request, *, ontology: str, query: CommitQuery, body: dict[str, Any]
    ) -> HttpResponseBase:
        """Committed on the branch. References may be names."""
        name = body.get("apiName")
        default = f"Create {self.kind.value}/{name if isinstance(name, str) else ''}"[:1000]
        result = services.commit_changes(
            ontology=ontology,
            branch=query.branch,
            changes=[Change(op="create", kind=self.kind.value, fields=body)],
            message=commit_message(request, query.message, default),
        )
        return written_document(result, status=201, location=_location(ontology, self.kind, result))


class ItemView(OntologyView):
    """Base of the views that change one definition."""

    def commit_change(
        self,
        request: Request,
        *,
        ontology: str,
        item: str,
        branch: str,
        op: Op,
        message: str,
        fields: Mapping[str, Any] | None = None,
        api_name: str | None = None,
    ) -> CommitResult:
        """Commit one change of the definition that the path names."""

        def current() -> DocumentView:
            return document_in(
                ontology=ontology,
                kind=self.kind,
                item=item,
                ref=branch,
                include_deleted=op == "restore",
            )

        if is_rid(item):
            current()  # a rid of another kind is not in this collection
        target = target_of(kind=self.kind, item=item)
        to = f" to {api_name}" if op == "rename" else ""
        change = Change(
            op=op,
            target=target,
            fields=fields or {},
            api_name=api_name,
            if_match=expected_state(request, current),
        )
        return services.commit_changes(
            ontology=ontology,
            branch=branch,
            changes=[change],
            message=commit_message(request, message, f"{op.capitalize()} {target}{to}"[:1000]),
        )


class DefinitionView(ItemView):
    """``…/object-types/{item}`` and the like."""

    required_permissions: ClassVar[Declaration] = {
        "GET": permissions.ONTOLOGY_READ,
        "PUT": permissions.ONTOLOGY_WRITE,
        "PATCH": permissions.ONTOLOGY_WRITE,
        "DELETE": permissions.ONTOLOGY_WRITE,
    }

    @endpoint(
        "get{kind}",
        "Read a {words}",
        tag="definitions",
        query=DocumentQuery,
        answers=(Answer(200, "The definition.", "{kind}", "{kind}", headers=_AT),),
    )
    def get(
        self, request: Request, *, ontology: str, item: str, query: DocumentQuery
    ) -> HttpResponseBase:
        """As it is stored. Its ETag guards a write of it (`If-Match`)."""
        checked_fields(query.fields, (self.kind,))
        at = snapshot(ontology=ontology, query=query, request=request)
        view = document_in(
            ontology=ontology,
            kind=self.kind,
            item=item,
            ref=at.commit.id,
            include_deleted=query.include_deleted,
            references=query.references,
        )
        return document_answer(request, view, at, query.fields)

    @endpoint(
        "replace{kind}",
        "Replace a {words}",
        tag="definitions",
        query=CommitQuery,
        body=DefinitionSource("{kind}Input"),
        headers=_HEADERS,
        problems=(412,),
        answers=(Answer(200, _NOW, "{kind}", "{kind}", headers=_AT),),
    )
    def put(
        self,
        request: Request,
        *,
        ontology: str,
        item: str,
        query: CommitQuery,
        body: dict[str, Any],
    ) -> HttpResponseBase:
        """All fields anew; what is left out goes back to its default. What the system adds to an
        answer (`@id`, `_etag`, ...) is ignored, so that an answer can be edited and sent back.
        """
        return written_document(
            self.commit_change(
                request,
                ontology=ontology,
                item=item,
                branch=query.branch,
                op="replace",
                message=query.message,
                fields=body,
            )
        )

    @endpoint(
        "update{kind}",
        "Change a {words}",
        tag="definitions",
        query=CommitQuery,
        body=DefinitionSource("{kind}Patch", media=(MERGE_PATCH, JSON)),
        headers=_HEADERS,
        problems=(412,),
        answers=(Answer(200, _NOW, "{kind}", "{kind}", headers=_AT),),
    )
    def patch(
        self,
        request: Request,
        *,
        ontology: str,
        item: str,
        query: CommitQuery,
        body: dict[str, Any],
    ) -> HttpResponseBase:
        """A merge patch (RFC 7396): named fields replace, null removes, objects are merged."""
        return written_document(
            self.commit_change(
                request,
                ontology=ontology,
                item=item,
                branch=query.branch,
                op="update",
                message=query.message,
                fields=body,
            )
        )

    @endpoint(
        "delete{kind}",
        "Delete a {words}",
        tag="definitions",
        query=CommitQuery,
        headers=_HEADERS,
        problems=(412,),
        answers=(Answer(204, "It is deleted, and can be restored.", headers=("X-OMS-Commit",)),),
    )
    def delete(
        self, request: Request, *, ontology: str, item: str, query: CommitQuery
    ) -> HttpResponseBase:
        """Refused while something refers to it. History keeps it."""
        result = self.commit_change(
            request,
            ontology=ontology,
            item=item,
            branch=query.branch,
            op="delete",
            message=query.message,
        )
        return HttpResponse(status=204, headers={"X-OMS-Commit": result.head})


class RenameView(ItemView):
    """``…/{collection}/{item}/rename``."""

    required_permissions: ClassVar[Declaration] = {"POST": permissions.ONTOLOGY_WRITE}

    @endpoint(
        "rename{kind}",
        "Rename a {words}",
        tag="definitions",
        query=WriteQuery,
        body=JsonSource(bodies.RenameBody),
        headers=_HEADERS,
        problems=(412,),
        answers=(Answer(200, _NOW, "{kind}", "{kind}", headers=_MADE),),
    )
    def post(
        self,
        request: Request,
        *,
        ontology: str,
        item: str,
        query: WriteQuery,
        body: bodies.RenameBody,
    ) -> HttpResponseBase:
        """The `rid` stays, references hold, and the old name becomes an alias."""
        result = self.commit_change(
            request,
            ontology=ontology,
            item=item,
            branch=query.branch,
            op="rename",
            message=body.message,
            api_name=body.api_name,
        )
        return written_document(result, location=_location(ontology, self.kind, result))


class RestoreView(ItemView):
    """``…/{collection}/{item}/restore``."""

    required_permissions: ClassVar[Declaration] = {"POST": permissions.ONTOLOGY_WRITE}

    @endpoint(
        "restore{kind}",
        "Restore a deleted {words}",
        tag="definitions",
        query=CommitQuery,
        headers=_HEADERS,
        problems=(412,),
        answers=(Answer(200, _NOW, "{kind}", "{kind}", headers=_MADE),),
    )
    def post(
        self, request: Request, *, ontology: str, item: str, query: CommitQuery
    ) -> HttpResponseBase:
        """By its `rid` (see `include_deleted`), in the state that it had."""
        result = self.commit_change(
            request,
            ontology=ontology,
            item=item,
            branch=query.branch,
            op="restore",
            message=query.message,
        )
        return written_document(result, location=_location(ontology, self.kind, result))


def _location(ontology: str, kind: Any, result: CommitResult) -> str:
    return address(ontology, COLLECTIONS[kind], result.documents[0].name)
