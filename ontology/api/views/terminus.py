"""What the official clients of TerminusDB ask, answered by OMS: databases, WOQL, documents.

Addresses, members and statuses are TerminusDB's own, so these views stand outside the OpenAPI
document. A team is taken as it comes, a database is an ontology.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.conf import settings
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.views import APIView

from oms_project.api.errors import problem_for
from oms_project.core.authorization import permissions
from oms_project.core.canonical_json import loads
from oms_project.core.errors import BadRequest, Invalid, NotFound, OmsError, TooLarge
from oms_project.core.memory import remembering
from oms_project.core.routes import AUTHENTICATED, PUBLIC, Declaration
from oms_project.identity.api.authentication import BearerAuthentication
from ontology import selectors, services
from ontology.api.rendering import JSON, json_response
from ontology.wire import json_bytes

__all__ = [
    "DatabaseView",
    "DatabasesView",
    "DocumentView",
    "InfoView",
    "OkView",
    "PrefixesView",
    "TerminusView",
    "WoqlView",
]

#: The version of TerminusDB whose protocol this is.
_PROTOCOL = "12.0.6"
_VERSION = "TerminusDB-Data-Version"
_ERRORS = {
    "document_not_found": "api:DocumentNotFound",
    "already_exists": "api:DocumentIdAlreadyExists",
    "stale_head": "api:DataVersionMismatch",
    "ontology_not_found": "api:UnknownDatabase",
    "woql_invalid": "api:WOQLSyntaxError",
    "woql_unsupported": "api:WOQLSyntaxError",
}


class TerminusView(APIView):
    """Base: TerminusDB's form of errors, and who asks by header only."""

    schema = None
    authentication_classes: Sequence[type[BaseAuthentication]] = (BearerAuthentication,)

    def handle_exception(self, exc: Exception) -> HttpResponseBase:  # type: ignore[override]
        """An error as TerminusDB's clients read it, with the problem's members beside."""
        if not isinstance(exc, OmsError):
            return super().handle_exception(exc)
        problem = problem_for(exc, self.request)
        body = json.loads(problem.content)
        code = exc.error_code
        error = {"@type": _ERRORS.get(code, "api:OmsError"), "api:code": code}
        if code == "document_not_found":
            error["api:document_id"] = exc.data.get("document", "")
        body.update(
            {
                "@type": "api:ErrorResponse",
                "api:status": "api:not_found" if isinstance(exc, NotFound) else "api:failure",
                "api:message": exc.message,
                "api:error": error,
            }
        )
        response = json_response(body, status=problem.status_code)
        for name, value in problem.headers.items():
            if name not in ("Content-Type", "Content-Length"):
                response.headers[name] = value
        return response


class InfoView(TerminusView):
    """``/api/info``."""

    required_permissions: ClassVar[Declaration] = {
        "GET": AUTHENTICATED("a client of TerminusDB asks it first")
    }

    def get(self, _request: Request) -> HttpResponseBase:
        """What the client asks first."""
        return json_response(
            {
                "@type": "api:InfoResponse",
                "api:info": {
                    "authority": "oms",
                    "storage": {"version": "2"},
                    "terminusdb": {"version": _PROTOCOL, "git_hash": ""},
                    "oms": {"terminusdb_protocol": _PROTOCOL},
                },
                "api:status": "api:success",
            }
        )


class OkView(TerminusView):
    """``/api/ok``."""

    required_permissions: ClassVar[Declaration] = {
        "GET": PUBLIC("a client asks whether the server answers")
    }
    authentication_classes: Sequence[type[BaseAuthentication]] = ()
    permission_classes = ()

    def get(self, _request: Request) -> HttpResponseBase:
        """It answers."""
        return json_response({"@type": "api:OkResponse", "api:status": "api:success"})


class DatabasesView(TerminusView):
    """``/api/``: the ontologies that one may read."""

    required_permissions: ClassVar[Declaration] = {"GET": permissions.KERNEL_QUERY}

    def get(self, _request: Request) -> HttpResponseBase:
        """All of them."""
        return json_response([_database(item) for item in selectors.list_ontologies()])


class DatabaseView(TerminusView):
    """``/api/db/{team}/{ontology}``."""

    required_permissions: ClassVar[Declaration] = {"GET": permissions.KERNEL_QUERY}

    def get(self, _request: Request, *, team: str, ontology: str) -> HttpResponseBase:
        """Whether there is one (``HEAD``), and what."""
        del team
        return json_response([_database(selectors.get_ontology(ontology=ontology))])


class PrefixesView(TerminusView):
    """``/api/prefixes/{team}/{ontology}``."""

    required_permissions: ClassVar[Declaration] = {"GET": permissions.KERNEL_QUERY}

    def get(self, _request: Request, *, team: str, ontology: str, **_ref: str) -> HttpResponseBase:
        """``@base`` and ``@schema``."""
        del team
        return json_response(dict(selectors.native_context(ontology=ontology)))


class WoqlView(TerminusView):
    """``/api/woql/{team}/{ontology}…``."""

    required_permissions: ClassVar[Declaration] = {"POST": permissions.KERNEL_QUERY}

    def post(
        self, request: Request, *, team: str, ontology: str, ref: str = ""
    ) -> HttpResponseBase:
        """Run a query."""
        del team
        body = _body(request)
        if not isinstance(body, Mapping):
            body = {}
        query = body.get("query")
        commit_info = body.get("commit_info")
        message = commit_info.get("message") if isinstance(commit_info, Mapping) else None
        found = services.run_query(
            ontology=ontology,
            ref=ref,
            # What is no query is refused after who may not ask.
            query=query if isinstance(query, Mapping) else {},
            message=str(message) if message else None,
            expected_head=_expected(request),
        )
        names, bindings = list(found.variable_names), list(found.bindings)
        counts = {"deletes": found.deletes, "inserts": found.inserts}
        if body.get("streaming"):
            lines = [
                {"@type": "PrefaceRecord", "names": names},
                *({"@type": "Binding", **row} for row in bindings),
                {"@type": "PostscriptRecord", "api:status": "api:success", **counts},
            ]
            response = HttpResponse(_lines(lines), content_type=JSON)
        else:
            response = json_response(
                {
                    "@type": "api:WoqlResponse",
                    "api:status": "api:success",
                    "api:variable_names": names,
                    "bindings": bindings,
                    **counts,
                    "transaction_retry_count": 0,
                }
            )
        return _at(response, found.commit)


class DocumentView(TerminusView):
    """``/api/document/{team}/{ontology}…``."""

    required_permissions: ClassVar[Declaration] = {
        "GET": permissions.KERNEL_QUERY,
        "POST": permissions.KERNEL_QUERY,  # also asks; the service checks what is written
        "PUT": permissions.ONTOLOGY_WRITE,
        "DELETE": permissions.ONTOLOGY_WRITE,
    }

    def get(self, request: Request, *, team: str, ontology: str, ref: str = "") -> HttpResponseBase:
        """One document, those of a class, or all."""
        del team
        body = _body(request) if request.body else {}
        given = {**request.GET.dict(), **(body if isinstance(body, Mapping) else {})}
        template = given.get("query")
        if template is not None:
            if not isinstance(template, Mapping) or set(template) - {"@type"}:
                raise Invalid(
                    "Templates of documents are not supported beyond @type. Ask with WOQL.",
                    code="kernel_document",
                )
            given["type"] = template.get("@type", "")
        if given.get("graph_type") == "schema":
            classes = [{**item} for item in selectors.native_schema(ontology=ontology, ref=ref)]
            wanted = given.get("id")
            return _documents(
                [item for item in classes if wanted in (None, "", item["@id"])], given
            )
        single = given.get("id")
        found = selectors.read_documents(
            ontology=ontology,
            ref=ref,
            ids=[str(single)] if single else [str(item) for item in given.get("ids") or ()],
            type_name=str(given.get("type") or ""),
            skip=_number(given.get("skip")) or 0,
            count=_number(given.get("count")),
        )
        return _at(_documents(found.documents, given), found.commit.id)

    def post(
        self, request: Request, *, team: str, ontology: str, ref: str = ""
    ) -> HttpResponseBase:
        """Insert documents; with ``X-HTTP-Method-Override: GET``, ask."""
        if request.headers.get("X-HTTP-Method-Override", "").upper() == "GET":
            with remembering():  # as the middleware does for every GET
                return self.get(request, team=team, ontology=ontology, ref=ref)
        self._check(request)
        made = services.insert_documents(
            ontology=ontology,
            branch=ref,
            documents=_listed(_body(request)),
            message=request.GET.get("message", ""),
            expected_head=_expected(request),
        )
        return self._written(ontology, made)

    def put(self, request: Request, *, team: str, ontology: str, ref: str = "") -> HttpResponseBase:
        """Replace documents."""
        del team
        self._check(request)
        made = services.update_documents(
            ontology=ontology,
            branch=ref,
            documents=_listed(_body(request)),
            message=request.GET.get("message", ""),
            expected_head=_expected(request),
            create=request.GET.get("create") == "true",
        )
        return self._written(ontology, made)

    def delete(
        self, request: Request, *, team: str, ontology: str, ref: str = ""
    ) -> HttpResponseBase:
        """Delete documents."""
        del team
        self._check(request)
        single = request.GET.get("id")
        made = services.delete_documents(
            ontology=ontology,
            branch=ref,
            ids=[single] if single else [str(item) for item in _listed(_body(request))],
            message=request.GET.get("message", ""),
            expected_head=_expected(request),
        )
        return _at(HttpResponse(status=204), made.commit)

    @staticmethod
    def _check(request: Request) -> None:
        """Refuse what is not for objects and links."""
        if request.GET.get("graph_type", "instance") != "instance":
            raise Invalid(
                "Classes are changed as definitions of the ontology, not as documents.",
                code="kernel_document",
            )
        for name in ("full_replace", "raw_json"):
            if request.GET.get(name) == "true":
                raise Invalid(f"{name} is not supported.", code="kernel_document")

    @staticmethod
    def _written(ontology: str, made: services.KernelWrite) -> HttpResponse:
        base = selectors.native_context(ontology=ontology)["@base"]
        return _at(json_response([base + name for name in made.ids]), made.commit)


def _database(item: Any) -> dict[str, Any]:
    return {
        "@id": f"UserDatabase/{item.id}",
        "@type": "UserDatabase",
        "name": item.name,
        "label": item.name,
        "comment": item.description,
        "creation_date": item.created_at,
        "path": f"oms/{item.name}",
        "state": "finalized",
    }


def _expected(request: Request) -> str | None:
    """The commit that the client has seen, as the answers before named it."""
    return request.headers.get(_VERSION, "").rpartition(":")[2] or None


def _at(response: HttpResponse, commit: str) -> HttpResponse:
    response.headers[_VERSION] = f"branch:{commit}"
    return response


def _documents(found: Sequence[Mapping[str, Any]], given: Mapping[str, Any]) -> HttpResponse:
    if given.get("id") and len(found) == 1:
        return json_response(dict(found[0]))
    if str(given.get("as_list", "")).lower() == "true":
        return json_response([dict(item) for item in found])
    return HttpResponse(_lines(found), content_type=JSON)


def _lines(items: Sequence[Mapping[str, Any]]) -> bytes:
    return b"".join(json_bytes(item) + b"\n" for item in items)


def _listed(body: Any) -> list[Any]:
    return body if isinstance(body, list) else [body]


def _number(value: Any) -> int | None:
    if value in (None, ""):
        return None
    try:
        found = int(value)
    except (TypeError, ValueError):
        found = -1
    if found < 0:
        raise BadRequest("skip and count are whole numbers.", code="bad_query")
    return found


def _body(request: Request) -> Any:
    """The JSON that was sent, also compressed: clients compress what is long.

    Raises:
        BadRequest: it is no JSON. TooLarge.
    """
    content: bytes = request.body
    if request.headers.get("Content-Encoding", "").lower() == "gzip":
        content = _inflated(content)
    try:
        return loads(content)
    except ValueError as error:
        raise BadRequest(f"The body is not JSON: {error}", code="bad_json") from error


def _inflated(content: bytes) -> bytes:
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    packer = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        made = packer.decompress(content, most + 1)
    except zlib.error as error:
        raise BadRequest("The body is not compressed with gzip.", code="bad_json") from error
    if len(made) > most:
        raise TooLarge(
            f"The body is longer than {most:,} bytes.", code="body_too_large", data={"limit": most}
        )
    return made
