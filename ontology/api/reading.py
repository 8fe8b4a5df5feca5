"""What reads have in common: the commit, the validators, and 304."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from oms_project.core.canonical_json import loads
from oms_project.core.errors import NotFound
from oms_project.core.ids import is_rid
from ontology import selectors
from ontology.api.bodies import PageBody
from ontology.api.conditions import (
    document_etag,
    is_unchanged,
    not_modified,
    set_validators,
    state_etag,
)
from ontology.api.query import ReadQuery
from ontology.api.rendering import json_response
from ontology.api.snapshots import Snapshot, following, next_link, snapshot
from ontology.contract import DocumentView, Page
from ontology.domain.kinds import Kind
from ontology.wire import document_text, json_bytes, page_bytes

__all__ = [
    "answer_at",
    "answer_current",
    "document_answer",
    "document_in",
    "page_answer",
    "target_of",
]


def answer_at(
    request: Request,
    *,
    ontology: str,
    query: ReadQuery,
    render: Callable[[Snapshot], HttpResponseBase],
) -> HttpResponseBase:
    """The answer to a read at a commit: 304 before anything is read, when the client has it."""
    at = snapshot(ontology=ontology, query=query, request=request)
    etag = state_etag(at.commit.id, request, selectors.visibility(ontology=ontology))
    if is_unchanged(request, etag):
        response: HttpResponseBase = not_modified(etag, immutable=at.immutable)
    else:
        response = render(at)
        set_validators(response, etag, immutable=at.immutable)
    response.headers["X-OMS-Commit"] = at.commit.id
    return response


def answer_current(request: Request, value: Any, *, state: str | None = None) -> HttpResponse:
    """The answer to a read of what is not versioned.

    ``state`` is what an ``If-Match`` compares; None: a hash of the content.
    """
    content = json_bytes(value)
    etag = document_etag(state or hashlib.sha256(content).hexdigest()[:32], content)
    if is_unchanged(request, etag):
        return not_modified(etag)
    response = json_response(content)
    set_validators(response, etag)
    return response


def document_answer(
    request: Request, view: DocumentView, at: Snapshot, fields: Collection[str] = ()
) -> HttpResponse:
    """One document as it is stored; ``fields`` is the one thing that has it parsed."""
    text = document_text(view)
    if fields:
        content = json_bytes(
            {
                key: item
                for key, item in loads(text).items()
                if key in fields or key == "rid" or key.startswith(("@", "_"))
            }
        )
    else:
        content = text.encode()
    etag = document_etag(view.etag, content)
    if is_unchanged(request, etag):
        response = not_modified(etag, immutable=at.immutable)
    else:
        response = json_response(content)
        set_validators(response, etag, immutable=at.immutable)
    response.headers["X-OMS-Commit"] = at.commit.id
    return response


def page_answer(
    request: Request,
    page: Page[Any],
    at: Snapshot,
    *,
    total: int | None = None,
    body: PageBody | None = None,
) -> HttpResponse:
    """A page of a listing at a commit; documents are spliced, other values rendered.

    Args:
        total: how many items there are on all pages.
        body: of a listing that is asked for by ``POST``; the next page has no address then.
    """
    cursor = following(request=request, commit=at.commit, next_cursor=page.next_cursor, body=body)
    texts = (
        document_text(item) if isinstance(item, DocumentView) else json_bytes(item).decode()
        for item in page.items
    )
    response = json_response(page_bytes(texts, following=cursor, commit=at.commit.id, total=total))
    if cursor is not None and body is None:
        response.headers["Link"] = next_link(request, cursor)
    return response


def target_of(*, kind: Kind, item: str) -> str:
    """The target that ``item`` in the path names in the collection of ``kind``."""
    return item if is_rid(item) else f"{kind.value}/{item}"


def document_in(
    *,
    ontology: str,
    kind: Kind,
    item: str,
    ref: str,
    include_deleted: bool = False,
    references: Any = "rid",
) -> DocumentView:
    """The document that a collection holds under ``item``.

    Raises:
        NotFound: there is none, or its ``rid`` is that of another kind.
    """
    view = selectors.get_document(
        ontology=ontology,
        target=target_of(kind=kind, item=item),
        ref=ref,
        include_deleted=include_deleted,
        references=references,
    )
    if view.kind != kind:
        raise NotFound(
            f"{item} is a {view.kind}, and none of {kind.value}.",
            code="document_not_found",
            data={"document": item, "kind": view.kind},
        )
    return view
