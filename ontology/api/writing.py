"""What writes have in common: messages, preconditions, and the answer with the new state."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from django.http import HttpResponse
from rest_framework.request import Request

from oms_project.core.errors import Conflict, PreconditionFailed
from ontology import selectors
from ontology.api.addresses import address
from ontology.api.conditions import document_etag, if_match, set_validators
from ontology.api.rendering import json_response
from ontology.contract import CommitResult, DocumentView
from ontology.wire import document_text, json_bytes

__all__ = [
    "commit_answer",
    "commit_message",
    "expected_head",
    "expected_state",
    "head_guard",
    "written_document",
]

MESSAGE_HEADER = "X-Commit-Message"


def commit_message(request: Request, given: str, default: str) -> str:
    """The message in query or body, else that in the header, else a sensible one."""
    return given.strip() or _header_text(request.headers.get(MESSAGE_HEADER, "")) or default


def _header_text(value: str) -> str:
    """A header as text: UTF-8 bytes as most clients send them, or RFC 8187's ``UTF-8''…``."""
    if value[:7].lower() == "utf-8''":
        return unquote(value[7:]).replace("\x00", "").strip()
    with contextlib.suppress(UnicodeError):  # it was Latin-1, or is text already
        value = value.encode("latin-1").decode("utf-8")
    return value.strip()


def expected_state(request: Request, current: Any) -> str | None:
    """The document's etag that ``If-Match`` asks for; None without one.

    ``current`` reads the document; it is called only when several ETags are given.

    Raises:
        PreconditionFailed: it matches nothing, or another state.
    """
    condition = if_match(request)
    if condition is None or condition.any:
        return None
    if len(condition.states) == 1:
        return condition.states[0]
    view: DocumentView = current()
    if view.etag in condition.states:
        return view.etag
    raise PreconditionFailed(
        f"{view.id} has changed since you read it. Read it again and re-apply.",
        code="if_match_failed",
        data={"document": view.id, "etag": view.etag},
    )


def expected_head(
    request: Request, *, ontology: str, branch: str, in_body: str | None = None
) -> str | None:
    """The head that ``If-Match`` or ``expectedHead`` asks for; None for neither.

    Raises:
        PreconditionFailed: ``If-Match`` does not hold. (A stale ``expectedHead`` is a conflict,
            which the service finds under the branch's lock.)
    """
    condition = if_match(request)
    if condition is None or condition.any:
        return in_body
    if len(condition.states) == 1 and in_body in (None, condition.states[0]):
        return condition.states[0]
    head = selectors.get_branch(ontology=ontology, name=branch).head
    if head not in condition.states:
        raise PreconditionFailed(
            "The branch has moved since you read it. Read what changed and try again.",
            code="if_match_failed",
            data={"head": head},
        )
    return in_body or head


@contextlib.contextmanager
def head_guard(request: Request) -> Iterator[None]:
    """A stale head is 412 when the client asked by ``If-Match``, and 409 when by ``expectedHead``."""
    try:
        yield
    except Conflict as error:
        if error.error_code != "stale_head" or "If-Match" not in request.headers:
            raise
        expected = error.data.get("expected")
        condition = if_match(request)
        if condition is None or condition.any or expected not in condition.states:
            raise
        raise PreconditionFailed(error.message, code="if_match_failed", data=error.data) from error


def written_document(
    result: CommitResult,
    *,
    status: int = 200,
    location: str | None = None,
) -> HttpResponse:
    """The answer to a write of one document: the document, its ETag, and the branch's new head.

    Uses of what is deprecated stand in it as ``_warnings``.
    """
    view = result.documents[0]
    content = document_text(view).encode()
    if result.warnings:
        content = b'%b,"_warnings":%b}' % (content[:-1], json_bytes(result.warnings))
    response = json_response(content, status=status, X_OMS_Commit=result.head)
    set_validators(response, document_etag(view.etag, content))
    if location is not None:
        response.headers["Location"] = location
    return response


def commit_answer(
    value: Any, *, ontology: str, head: str, commit: str | None, status: int
) -> HttpResponse:
    """The answer to a write that made (or would make) a commit."""
    content = json_bytes(value)
    response = json_response(content, status=status, X_OMS_Commit=head)
    set_validators(response, document_etag(head, content))
    if commit is not None:
        response.headers["Location"] = address(ontology, "commits", commit)
    return response
