"""The data kernel over REST: WOQL, and native documents."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from oms_project.core.authorization import permissions
from oms_project.core.routes import Declaration
from ontology import services
from ontology.api import bodies
from ontology.api.conditions import document_etag, set_validators
from ontology.api.endpoint import Answer, JsonSource, OntologyView, endpoint
from ontology.api.openapi.examples import COMMIT_ID, RID
from ontology.api.query import NoQuery
from ontology.api.rendering import json_response
from ontology.api.writing import commit_message, expected_head, head_guard
from ontology.wire import json_bytes

__all__ = ["DeleteView", "InsertView", "QueryView", "UpdateView"]

_COMMITTED = ("ETag", "X-OMS-Commit")
_HEADERS = ("If-Match", "X-Commit-Message")
_COMMIT: dict[str, Any] = {"type": "string", "description": "Id of a commit."}
_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
_ANSWER: dict[str, Any] = {
    "type": "object",
    "required": ["variableNames", "bindings", "commit", "inserts", "deletes"],
    "properties": {
        "variableNames": {"type": "array", "items": {"type": "string"}},
        "bindings": {
            "type": "array",
            "items": {"type": "object", "additionalProperties": True},
            "description": "Variable to value: an IRI, `{@type, @value}`, a list, a document, null.",
        },
        "commit": {**_COMMIT, "description": "What was read, or what the query made."},
        "inserts": {**_COUNT, "description": "Documents that were written."},
        "deletes": {**_COUNT, "description": "Documents that were deleted."},
    },
}
_WRITTEN: dict[str, Any] = {
    "type": "object",
    "required": ["ids", "commit"],
    "properties": {
        "ids": {
            "type": "array",
            "items": {"type": "string"},
            "description": "The `@id` of each document, in order.",
        },
        "commit": {**_COMMIT, "description": "What the branch points at now."},
    },
}
_EXAMPLE = {
    "variableNames": ["a"],
    "bindings": [{"a": f"Person/{RID}"}],
    "commit": COMMIT_ID,
    "inserts": 0,
    "deletes": 0,
}
_DONE = {"ids": [f"Person/{RID}"], "commit": COMMIT_ID}


class QueryView(OntologyView):
    """``/query``."""

    required_permissions: ClassVar[Declaration] = {"POST": permissions.KERNEL_QUERY}

    @endpoint(
        "kernelQuery",
        "Ask with WOQL",
        tag="kernel",
        body=JsonSource(bodies.KernelQueryBody),
        headers=_HEADERS,
        problems=(412, 503),
        answers=(
            Answer(200, "The bindings.", _ANSWER, _EXAMPLE, headers=_COMMITTED),
            Answer(201, "The query made a commit.", _ANSWER, _EXAMPLE, headers=_COMMITTED),
        ),
    )
    def post(
        self, request: Request, *, query: NoQuery, body: bodies.KernelQueryBody
    ) -> HttpResponseBase:
        """Runs a query over the native view of an ontology: its object types as classes, objects as
        documents. What the query writes makes one commit.
        """
        del query
        with head_guard(request):
            found = services.run_query(
                ontology=body.ontology,
                ref=body.ref,
                query=body.query,
                message=commit_message(request, body.message, "Write with WOQL"),
                expected_head=expected_head(
                    request, ontology=body.ontology, branch=body.ref, in_body=body.expected_head
                ),
                timeout=body.timeout,
            )
        content = json_bytes(
            {
                "variableNames": list(found.variable_names),
                "bindings": list(found.bindings),
                "commit": found.commit,
                "inserts": found.inserts,
                "deletes": found.deletes,
            }
        )
        status = 201 if found.inserts or found.deletes else 200
        return _answer(content, commit=found.commit, status=status)


class InsertView(OntologyView):
    """``/insert``."""

    required_permissions: ClassVar[Declaration] = {"POST": permissions.ONTOLOGY_WRITE}

    @endpoint(
        "kernelInsert",
        "Insert native documents",
        tag="kernel",
        body=JsonSource(bodies.KernelInsertBody),
        headers=_HEADERS,
        problems=(409, 412),
        answers=(Answer(201, "A commit was made.", _WRITTEN, _DONE, headers=_COMMITTED),),
    )
    def post(
        self, request: Request, *, query: NoQuery, body: bodies.KernelInsertBody
    ) -> HttpResponseBase:
        """All documents make one commit, or none is made. Objects that are inserted together may
        lead to each other by `Type/key`.
        """
        del query
        with head_guard(request):
            made = services.insert_documents(
                ontology=body.ontology,
                branch=body.branch,
                documents=body.documents,
                message=commit_message(request, body.message, ""),
                expected_head=_expected(request, body, body.branch),
            )
        return _written(made, status=201)


class UpdateView(OntologyView):
    """``/update``."""

    required_permissions: ClassVar[Declaration] = {"PUT": permissions.ONTOLOGY_WRITE}

    @endpoint(
        "kernelUpdate",
        "Replace native documents",
        tag="kernel",
        body=JsonSource(bodies.KernelUpdateBody),
        headers=_HEADERS,
        problems=(409, 412),
        answers=(Answer(200, "Done.", _WRITTEN, _DONE, headers=_COMMITTED),),
    )
    def put(
        self, request: Request, *, query: NoQuery, body: bodies.KernelUpdateBody
    ) -> HttpResponseBase:
        """Each document takes the place of the one with its `@id`: values and relations that it does
        not name are gone afterwards.
        """
        del query
        with head_guard(request):
            made = services.update_documents(
                ontology=body.ontology,
                branch=body.branch,
                documents=body.documents,
                message=commit_message(request, body.message, ""),
                expected_head=_expected(request, body, body.branch),
                create=body.create,
            )
        return _written(made)


class DeleteView(OntologyView):
    """``/delete``."""

    required_permissions: ClassVar[Declaration] = {"DELETE": permissions.ONTOLOGY_WRITE}

    @endpoint(
        "kernelDelete",
        "Delete native documents",
        tag="kernel",
        body=JsonSource(bodies.KernelDeleteBody),
        headers=_HEADERS,
        problems=(409, 412),
        answers=(Answer(200, "Done.", _WRITTEN, _DONE, headers=_COMMITTED),),
    )
    def delete(
        self, request: Request, *, query: NoQuery, body: bodies.KernelDeleteBody
    ) -> HttpResponseBase:
        """All of them, or none. Links at a deleted object go as their types say."""
        del query
        with head_guard(request):
            made = services.delete_documents(
                ontology=body.ontology,
                branch=body.branch,
                ids=body.ids,
                message=commit_message(request, body.message, ""),
                expected_head=_expected(request, body, body.branch),
            )
        return _written(made)


def _expected(
    request: Request,
    body: bodies.KernelInsertBody | bodies.KernelDeleteBody,
    branch: str,
) -> str | None:
    return expected_head(request, ontology=body.ontology, branch=branch, in_body=body.expected_head)


def _written(made: services.KernelWrite, *, status: int = 200) -> HttpResponse:
    content = json_bytes({"ids": list(made.ids), "commit": made.commit})
    return _answer(content, commit=made.commit, status=status)


def _answer(content: bytes, *, commit: str, status: int) -> HttpResponse:
    response = json_response(content, status=status, X_OMS_Commit=commit)
    set_validators(response, document_etag(commit, content))
    return response
