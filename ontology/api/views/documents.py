"""Reading documents: all kinds together, and the kinds that have no writes of their own."""

from __future__ import annotations

from typing import ClassVar

from django.http.response import HttpResponseBase
from rest_framework.request import Request

from oms_project.core.authorization import permissions
from oms_project.core.routes import Declaration
from ontology import selectors, services
from ontology.api.endpoint import Answer, DefinitionSource, OntologyView, endpoint
from ontology.api.fields import checked_fields
from ontology.api.openapi.components import page_of
from ontology.api.parsers import MERGE_PATCH
from ontology.api.query import (
    CommitQuery,
    DocumentQuery,
    DocumentsQuery,
    HistoryQuery,
    ReadQuery,
    ResourcesQuery,
)
from ontology.api.reading import (
    answer_at,
    document_answer,
    document_in,
    page_answer,
)
from ontology.api.rendering import JSON
from ontology.api.snapshots import Snapshot, snapshot
from ontology.api.writing import commit_message, expected_state, written_document
from ontology.contract import Change
from ontology.domain.kinds import Kind

__all__ = [
    "AllDocumentsView",
    "AnyDocumentView",
    "DocumentHistoryView",
    "HeaderView",
    "ReadOnlyItemView",
    "ReadOnlyListView",
]

_AT = ("ETag", "X-OMS-Commit")
_PAGE = (*_AT, "Link")
_HEADER = Kind.ONTOLOGY.value


class AllDocumentsView(OntologyView):
    """``…/documents``."""

    required_permissions: ClassVar[Declaration] = {"GET": permissions.ONTOLOGY_READ}

    @endpoint(
        "listDocuments",
        "List documents of any kind",
        tag="documents",
        query=DocumentsQuery,
        answers=(
            Answer(200, "A page.", page_of("Document", commit=True), "DocumentPage", headers=_PAGE),
        ),
    )
    def get(self, request: Request, *, ontology: str, query: DocumentsQuery) -> HttpResponseBase:
        """Sorted by kind and name, as they are stored. All pages are of one commit."""
        fields = checked_fields(query.fields, ())

        def render(at: Snapshot) -> HttpResponseBase:
            page = selectors.list_documents(
                ontology=ontology,
                ref=at.commit.id,
                kinds=query.kind,
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


class AnyDocumentView(OntologyView):
    """``…/documents/{target}``."""

    required_permissions: ClassVar[Declaration] = {"GET": permissions.ONTOLOGY_READ}

    @endpoint(
        "getDocument",
        "Read a document of any kind",
        tag="documents",
        query=DocumentQuery,
        answers=(Answer(200, "The document.", "Document", "Document", headers=_AT),),
    )
    def get(
        self, request: Request, *, ontology: str, target: str, query: DocumentQuery
    ) -> HttpResponseBase:
        """By its `rid`, `Kind/apiName` (also an earlier name) or IRI."""
        at = snapshot(ontology=ontology, query=query, request=request)
        view = selectors.get_document(
            ontology=ontology,
            target=target,
            ref=at.commit.id,
            include_deleted=query.include_deleted,
            references=query.references,
        )
        checked_fields(query.fields, ())
        return document_answer(request, view, at, query.fields)


class ReadOnlyListView(OntologyView):
    """``…/resources``."""

    required_permissions: ClassVar[Declaration] = {"GET": permissions.ONTOLOGY_READ}

    @endpoint(
        "list{kinds}",
        "List the {plural}",
        tag="documents",
        query=ResourcesQuery,
        answers=(
            Answer(200, "A page.", page_of("{kind}", commit=True), "{kind}Page", headers=_PAGE),
        ),
    )
    def get(self, request: Request, *, ontology: str, query: ResourcesQuery) -> HttpResponseBase:
        """Sorted by name, as they are stored. All pages are of one commit."""
        fields = checked_fields(query.fields, (self.kind,))

        def render(at: Snapshot) -> HttpResponseBase:
            page = selectors.list_documents(
                ontology=ontology,
                ref=at.commit.id,
                kinds=(self.kind,),
                text=query.text or None,
                include_deleted=query.include_deleted,
                fields=fields,
                limit=query.limit,
                cursor=at.inner,
                references=query.references,
            )
            return page_answer(request, page, at)

        return answer_at(request, ontology=ontology, query=query, render=render)


class ReadOnlyItemView(OntologyView):
    """``…/resources/{item}``."""

    required_permissions: ClassVar[Declaration] = {"GET": permissions.ONTOLOGY_READ}

    @endpoint(
        "get{kind}",
        "Read one of the {plural}",
        tag="documents",
        query=DocumentQuery,
        answers=(Answer(200, "The document.", "{kind}", "{kind}", headers=_AT),),
    )
    def get(
        self, request: Request, *, ontology: str, item: str, query: DocumentQuery
    ) -> HttpResponseBase:
        """By its `rid`; `documents/{target}` takes an IRI as well."""
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


class DocumentHistoryView(OntologyView):
    """``…/{collection}/{item}/history``, of every kind."""

    required_permissions: ClassVar[Declaration] = {"GET": permissions.ONTOLOGY_READ}

    @endpoint(
        "get{kind}History",
        "Read the history of one of the {plural}",
        tag="history",
        query=HistoryQuery,
        answers=(
            Answer(
                200,
                "A page, latest first.",
                page_of("HistoryEntry", commit=True),
                "HistoryPage",
                headers=_PAGE,
            ),
        ),
    )
    def get(
        self, request: Request, *, ontology: str, item: str, query: HistoryQuery
    ) -> HttpResponseBase:
        """The commits that changed it, on the ref's first-parent line, each with its state then."""

        def render(at: Snapshot) -> HttpResponseBase:
            view = document_in(
                ontology=ontology,
                kind=self.kind,
                item=item,
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


class HeaderView(OntologyView):
    """``…/header``."""

    required_permissions: ClassVar[Declaration] = {
        "GET": permissions.ONTOLOGY_READ,
        "PATCH": permissions.ONTOLOGY_WRITE,
    }

    @endpoint(
        "getHeader",
        "Read the header",
        tag="ontologies",
        query=ReadQuery,
        answers=(Answer(200, "The document.", "OntologyHeader", "OntologyHeader", headers=_AT),),
    )
    def get(self, request: Request, *, ontology: str, query: ReadQuery) -> HttpResponseBase:
        """What holds for the whole ontology at a ref: base IRI, prefixes, languages, names."""
        at = snapshot(ontology=ontology, query=query, request=request)
        view = selectors.get_document(ontology=ontology, target=_HEADER, ref=at.commit.id)
        return document_answer(request, view, at)

    @endpoint(
        "updateHeader",
        "Change the header",
        tag="ontologies",
        query=CommitQuery,
        body=DefinitionSource("OntologyHeaderPatch", media=(MERGE_PATCH, JSON)),
        headers=("If-Match", "X-Commit-Message"),
        problems=(412,),
        answers=(
            Answer(
                200, "The header as it is now.", "OntologyHeader", "OntologyHeader", headers=_AT
            ),
        ),
    )
    def patch(
        self, request: Request, *, ontology: str, query: CommitQuery, body: dict[str, object]
    ) -> HttpResponseBase:
        """A merge patch (RFC 7396), committed on the branch."""

        def current() -> object:
            return selectors.get_document(ontology=ontology, target=_HEADER, ref=query.branch)

        change = Change(
            op="update", target=_HEADER, fields=body, if_match=expected_state(request, current)
        )
        result = services.commit_changes(
            ontology=ontology,
            branch=query.branch,
            changes=[change],
            message=commit_message(request, query.message, "Update the header"),
        )
        return written_document(result)
