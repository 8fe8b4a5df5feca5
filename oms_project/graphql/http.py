"""GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/), for every endpoint.

``GET`` for queries, ``POST`` with JSON, ``multipart/form-data`` for uploads
(https://github.com/jaydenseric/graphql-multipart-request-spec), several operations as a JSON array,
and ``text/event-stream`` for subscriptions (see `oms_project.graphql.sse`). A client that accepts
``application/graphql-response+json`` learns from the status what happened.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.http import parse_header_parameters
from django.utils.module_loading import import_string
from graphql import OperationType

from oms_project.api.errors import as_oms_error, status_of
from oms_project.api.json import to_json
from oms_project.core import canonical_json
from oms_project.core.context import current_actor
from oms_project.core.errors import (
    BadRequest,
    OmsError,
    PermissionDenied,
    TooLarge,
    TooManyRequests,
)
from oms_project.graphql.context import Context
from oms_project.graphql.engine import (
    CompiledSchema,
    GraphQLRequest,
    answer,
    deadline,
    prepare,
    run,
)
from oms_project.graphql.errors import RequestRefused, formatted, graphql_error, note_denials

__all__ = ["JSON", "RESPONSE_JSON", "SchemaSource", "request_of", "respond"]

JSON: Final = "application/json"
RESPONSE_JSON: Final = "application/graphql-response+json"
EVENT_STREAM: Final = "text/event-stream"
_MAX_VARIABLE_FILES: Final = 50
#: Bytes of a form that are not its files: the operations, the map, what stands between.
_FORM_BESIDE_FILES: Final = 16 * 1024 * 1024

#: Gives the schema when the request is well formed; may raise what a service raises.
SchemaSource: TypeAlias = Callable[[], CompiledSchema]


@dataclass(frozen=True, slots=True)
class _Refusal(Exception):
    """What HTTP itself refuses, whatever the client accepts."""

    status: int
    error: OmsError
    headers: Mapping[str, str]


def respond(request: HttpRequest, source: SchemaSource) -> HttpResponseBase:
    """The answer of a GraphQL endpoint; whoever accepts ``text/event-stream`` gets one
    (``OMS_GRAPHQL_STREAM``).

    Args:
        source: of the schema; it is asked when the request is well formed.
    """
    try:
        media = _accepted(request)
        _check_length(request)
        _check_origin(request)
        asked = _asked(request)
        if media == EVENT_STREAM:
            if isinstance(asked, list):
                raise _refused(406, "Events are sent for one operation.")
            stream: Callable[..., HttpResponseBase] = import_string(settings.OMS_GRAPHQL_STREAM)
            return stream(request, asked, source)
        return _answered(request, asked, source, media)
    except _Refusal as refusal:
        return _written(
            {"errors": [formatted(graphql_error(refusal.error))]},
            media=RESPONSE_JSON if RESPONSE_JSON in request.headers.get("Accept", "") else JSON,
            status=refusal.status,
            headers=refusal.headers,
        )


def _answered(
    request: HttpRequest,
    asked: GraphQLRequest | list[GraphQLRequest],
    source: SchemaSource,
    media: str,
) -> HttpResponse:
    if not isinstance(asked, list):
        body, status, headers = _one(request, asked, source, media)
        return _written(body, media=media, status=status, headers=headers)
    if not 0 < len(asked) <= settings.OMS_GRAPHQL_MAX_BATCH:
        raise _refused(
            400,
            f"A batch holds 1 to {settings.OMS_GRAPHQL_MAX_BATCH} operations; these are "
            f"{len(asked)}.",
            code="graphql_bad_batch",
        )
    bodies: list[Any] = []
    worst = 200
    merged: dict[str, str] = {}
    for one in asked:
        body, status, headers = _one(request, one, source, media)
        bodies.append(body)
        worst = max(worst, status)
        merged.update(headers)
    return _written(bodies, media=media, status=worst, headers=merged)


def _one(
    request: HttpRequest, asked: GraphQLRequest, source: SchemaSource, media: str
) -> tuple[dict[str, Any], int, Mapping[str, str]]:
    """Body, status and headers of one operation."""
    context = Context(actor=current_actor(), request=request, deadline=deadline())
    try:
        try:
            prepared = prepare(source(), asked, actor=context.actor)
        except RequestRefused:
            raise
        except Exception as error:
            ours = as_oms_error(error)
            raise RequestRefused([graphql_error(ours)], status=status_of(ours)) from error
        kind = prepared.operation.operation
        if request.method == "GET" and kind != OperationType.QUERY:
            raise _refused(
                405,
                f"A {kind.value} is sent by POST.",
                code="method_not_allowed",
                headers={"Allow": "POST"},
            )
        if kind == OperationType.SUBSCRIPTION:
            raise RequestRefused(
                [
                    graphql_error(
                        BadRequest(
                            "A subscription is opened over a WebSocket (graphql-transport-ws), or "
                            "by POST with `Accept: text/event-stream`.",
                            code="graphql_needs_stream",
                        )
                    )
                ]
            )
        result = run(prepared, context)
    except RequestRefused as refused:
        note_denials(refused.errors, context.denials)
        _leave_denial(request, context)
        status, headers = _status_of(refused)
        # Who accepts plain JSON is told in the body: any other status might come from a proxy.
        return (
            {"errors": [formatted(error) for error in refused.errors]},
            status if media == RESPONSE_JSON or status in (401, 403, 429, 503) else 200,
            {**headers, **refused.headers},
        )
    _leave_denial(request, context)
    return answer(result, prepared), 200, {}


def _status_of(refused: RequestRefused) -> tuple[int, Mapping[str, str]]:
    original = refused.errors[0].original_error if refused.errors else None
    if isinstance(original, TooManyRequests):
        return 429, {"Retry-After": str(original.data.get("retry_after", 1))}
    if isinstance(original, OmsError) and refused.status != 400:
        return refused.status, {}
    return 400, {}


def _leave_denial(request: HttpRequest, context: Context) -> None:
    """For `AuditMiddleware`, which writes it down when everything is over."""
    if context.denials:
        request.oms_denial = context.denials[0]  # type: ignore[attr-defined]


def _written(
    body: Any,
    *,
    media: str,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    response = HttpResponse(
        to_json(body), status=status, content_type=f"{media}; charset=utf-8", headers=headers
    )
    response.headers["Vary"] = "Accept, Authorization, Cookie"
    response.headers["Cache-Control"] = "private, no-store"
    return response


# -- requests -------------------------------------------------------------------------------------


def _accepted(request: HttpRequest) -> str:
    """The media type to answer with, by the client's preference."""
    if "Accept" not in request.headers:
        return JSON
    chosen = request.get_preferred_type([RESPONSE_JSON, JSON, EVENT_STREAM])
    header = request.headers["Accept"]
    if chosen is None:
        raise _refused(
            406, f"Answers are {RESPONSE_JSON}, {JSON} or {EVENT_STREAM}.", code="not_acceptable"
        )
    # `*/*` asks for nothing in particular: what every client reads.
    named = (RESPONSE_JSON, EVENT_STREAM)
    return JSON if chosen in named and chosen not in header.lower() else chosen


def _check_length(request: HttpRequest) -> None:
    """Files of a form go to disk before anybody asks what they are for: not without a bound."""
    most = settings.OMS_MAX_IMPORT_BYTES + _FORM_BESIDE_FILES
    length = request.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > most:
        raise _Refusal(
            413, TooLarge(f"The body is larger than {most} bytes.", data={"max_bytes": most}), {}
        )


def _check_origin(request: HttpRequest) -> None:
    """A browser sends its session's cookie wherever a page of whatever origin sends it to: what
    comes with a cookie must also hold the token that only our own pages know.
    """
    if request.method == "GET" or getattr(request, "oms_bearer_user", None) is not None:
        return
    check = CsrfViewMiddleware(lambda _request: HttpResponse())
    check.process_request(request)
    refused = check.process_view(request, _checked_view, (), {})
    if refused is not None:
        raise _Refusal(
            403,
            PermissionDenied(
                "A request with a session's cookie carries its CSRF token as `X-CSRFToken`; other "
                "clients send `Authorization: Bearer`.",
                code="csrf_failed",
            ),
            {},
        )


def _checked_view(*_arguments: Any) -> HttpResponse:
    """Stands for the view: one that wants to be checked; it is never called."""
    return HttpResponse(status=403)


def _asked(request: HttpRequest) -> GraphQLRequest | list[GraphQLRequest]:
    if request.method == "GET":
        return _of_members(
            {
                name: _json_text(name, request.GET[name])
                if name in ("variables", "extensions")
                else request.GET[name]
                for name in ("query", "operationName", "variables", "extensions")
                if name in request.GET
            }
        )
    media, parameters = parse_header_parameters(request.headers.get("Content-Type", ""))
    if media == "multipart/form-data":
        return _of_form(request)
    if media != JSON:
        raise _refused(
            415,
            f"Send {JSON}, or multipart/form-data with files.",
            code="unsupported_media_type",
        )
    if parameters.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise _refused(415, "JSON is sent as UTF-8.", code="unsupported_media_type")
    raw = _body(request)
    try:
        body = canonical_json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise _refused(
            400, f"The body is not JSON: {error}.", code="graphql_bad_request"
        ) from error
    if isinstance(body, list):
        return [_of_members(one) for one in body]
    return _of_members(body)


def _body(request: HttpRequest) -> bytes:
    limit = min(settings.OMS_MAX_BODY_BYTES, 16 * 1024 * 1024)
    raw = request.read(limit + 1)
    if len(raw) > limit:
        raise _Refusal(
            413, TooLarge(f"The body is larger than {limit} bytes.", data={"max_bytes": limit}), {}
        )
    return raw


def _json_text(name: str, text: str) -> Any:
    try:
        return canonical_json.loads(text) if text else None
    except (ValueError, RecursionError) as error:
        raise _refused(
            400, f"`{name}` is not JSON: {error}.", code="graphql_bad_request"
        ) from error


def request_of(body: Any) -> GraphQLRequest:
    """A request from the members of a JSON object, over whichever transport it came.

    Raises:
        BadRequest: ``graphql_bad_request``.
    """
    if not isinstance(body, Mapping):
        raise BadRequest("A request is a JSON object with `query`.", code="graphql_bad_request")
    query, name = body.get("query"), body.get("operationName")
    variables, extensions = body.get("variables"), body.get("extensions")
    wrong = [
        member
        for member, value, kind in (
            ("query", query, str),
            ("operationName", name, str),
            ("variables", variables, Mapping),
            ("extensions", extensions, Mapping),
        )
        if value is not None and not isinstance(value, kind)
    ]
    if query is None and not extensions and not wrong:
        wrong = ["query"]
    if wrong:
        raise BadRequest(
            "Missing or of the wrong type: " + ", ".join(f"`{member}`" for member in wrong) + ". "
            "`query` and `operationName` are texts, `variables` and `extensions` objects.",
            code="graphql_bad_request",
        )
    return GraphQLRequest(query, name or None, variables or {}, extensions or {})


def _of_members(body: Any) -> GraphQLRequest:
    try:
        return request_of(body)
    except BadRequest as error:
        raise _Refusal(400, error, {}) from error


def _of_form(request: HttpRequest) -> GraphQLRequest | list[GraphQLRequest]:
    """A request with files: the parts ``operations`` and ``map``, then the files."""
    try:
        operations = json.loads(request.POST["operations"])
        places = json.loads(request.POST.get("map", "{}"))
    except (KeyError, ValueError, MultiPartParserError) as error:
        raise _refused(
            400,
            "A form has the JSON parts `operations` and `map`, and then the files.",
            code="graphql_bad_request",
        ) from error
    if not isinstance(places, dict) or len(places) > _MAX_VARIABLE_FILES:
        raise _refused(400, "`map` is an object of part and paths.", code="graphql_bad_request")
    for part, paths in places.items():
        upload = request.FILES.get(part)
        if upload is None or not isinstance(paths, list):
            raise _refused(
                400, f"There is no file '{part}' in the form.", code="graphql_bad_request"
            )
        for path in paths:
            _put(operations, str(path), upload)
    if isinstance(operations, list):
        return [_of_members(one) for one in operations]
    return _of_members(operations)


def _put(operations: Any, path: str, upload: Any) -> None:
    """Put a file where ``variables.file`` or ``0.variables.files.1`` points to a null."""
    *parents, last = path.split(".")
    place = operations
    try:
        for part in parents:
            place = place[int(part)] if isinstance(place, list) else place[part]
        key: Any = int(last) if isinstance(place, list) else last
        if "variables" not in parents or place[key] is not None:
            raise KeyError(path)
        place[key] = upload
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise _refused(
            400, f"`map` points to '{path}', where there is no null.", code="graphql_bad_request"
        ) from error


def _refused(
    status: int,
    message: str,
    *,
    code: str = "graphql_bad_request",
    headers: Mapping[str, str] | None = None,
) -> _Refusal:
    return _Refusal(status, BadRequest(message, code=code), headers or {})
