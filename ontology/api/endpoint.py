"""One declaration per endpoint: what is parsed, what is documented, and what runs once per key.

``@endpoint(...)`` on a view's method checks the query and the body before the method is called,
hands them over as ``query`` and ``body``, and honours ``Idempotency-Key`` on writes. The OpenAPI
document is built from the same declaration (``ontology/api/openapi``), so the two cannot differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, Protocol, TypeVar

from django.http.response import HttpResponseBase
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.views import APIView

from oms_project.core.canonical_json import canonical_digest
from oms_project.core.errors import BadRequest
from oms_project.core.memory import remembering
from ontology.api.bodies import Body, parse_body, parse_definition
from ontology.api.openapi.schema import EndpointSchema, SchemaSource
from ontology.api.parsers import MergePatchParser, json_parsers
from ontology.api.query import NoQuery, Query, parse_query
from ontology.api.rendering import JSON
from ontology.api.replay import answer_once

__all__ = [
    "Answer",
    "BodySource",
    "DefinitionSource",
    "Endpoint",
    "JsonSource",
    "OntologyView",
    "endpoint",
]

H = TypeVar("H", bound=Callable[..., HttpResponseBase])
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# A selector that refuses a cursor or a limit refuses a query parameter.
_OF_THE_QUERY = {
    "bad_as_of": "asOf",
    "bad_cursor": "cursor",
    "bad_depth": "depth",
    "bad_fields": "fields",
    "bad_filter": "filter",
    "bad_group": "by",
    "bad_limit": "limit",
    "bad_measure": "measure",
    "bad_search": "q",
    "bad_sort": "sort",
}
# What such a part is called in a body, where it is another name.
_OF_THE_BODY = {"bad_measure": "measures"}


@dataclass(frozen=True)
class Answer:
    """One successful answer, for the OpenAPI document.

    Attributes:
        status: HTTP status.
        description: one sentence.
        schema: name of a component (``{kind}`` is replaced), a schema, a serializer of another app,
            or None for no body.
        example: an example of the body, or the name of one in ``openapi.examples``.
        media: media types of the body.
        headers: names of headers that it carries, of those that ``openapi.texts`` describes.
    """

    status: int
    description: str
    schema: SchemaSource | None = None
    example: Any = None
    media: tuple[str, ...] = (JSON,)
    headers: tuple[str, ...] = ()


class BodySource(Protocol):
    """Where the body of a request comes from."""

    @property
    def required(self) -> bool:
        """Whether there must be one."""
        ...

    def read(self, request: Request) -> tuple[Any, str]:
        """The parsed body, and its fingerprint."""
        ...

    def release(self, body: Any) -> None:
        """Give back what reading took, when the request has been answered."""
        ...

    def content(self) -> dict[str, tuple[str | dict[str, Any], Any]]:
        """``{media type: (component name or schema, example)}`` for the OpenAPI document."""
        ...


@dataclass(frozen=True)
class JsonSource:
    """A JSON body with a model; its example has the model's name."""

    model: type[Body]
    required: bool = True

    def read(self, request: Request) -> tuple[Any, str]:
        """Raises ``Invalid`` for a body of another shape."""
        return parse_body(request.data, self.model), canonical_digest(request.data)

    def release(self, body: Any) -> None:
        """Nothing was taken."""

    def content(self) -> dict[str, tuple[str | dict[str, Any], Any]]:
        """JSON."""
        return {JSON: (self.model.__name__, self.model.__name__)}


@dataclass(frozen=True)
class DefinitionSource:
    """The fields of a definition; the domain checks them."""

    schema: str
    media: tuple[str, ...] = (JSON,)
    required: bool = True

    def read(self, request: Request) -> tuple[Any, str]:
        """Raises ``Invalid`` for anything but a JSON object."""
        return parse_definition(request.data), canonical_digest(request.data)

    def release(self, body: Any) -> None:
        """Nothing was taken."""

    def content(self) -> dict[str, tuple[str | dict[str, Any], Any]]:
        """JSON, and for patches its merge patch type."""
        return dict.fromkeys(self.media, (self.schema, self.schema))


@dataclass(frozen=True)
class Endpoint:
    """What ``@endpoint`` was told; see there."""

    operation_id: str
    summary: str
    description: str
    tag: str
    answers: tuple[Answer, ...]
    query: type[Query]
    body: BodySource | None
    headers: tuple[str, ...]
    problems: tuple[int, ...]
    reads: bool


def endpoint(
    operation_id: str,
    summary: str,
    *,
    tag: str,
    answers: tuple[Answer, ...],
    query: type[Query] = NoQuery,
    body: BodySource | None = None,
    headers: tuple[str, ...] = (),
    problems: tuple[int, ...] = (),
    reads: bool = False,
) -> Callable[[H], H]:
    """Declare a method of an `OntologyView`; its docstring describes it to clients.

    Args:
        operation_id: unique; ``{kind}`` and ``{kinds}`` stand for the view's kind.
        summary: a few words; ``{words}`` and ``{plural}`` stand for the view's kind.
        tag: the group in the OpenAPI document.
        answers: the successful answers.
        query: the parameters; others are refused.
        body: where the body comes from; None: there is none.
        headers: request headers with a meaning here (``If-Match``, ``X-Commit-Message``, ...).
        problems: statuses of problems, beside those that every endpoint has.
        reads: nothing is written, whatever the method: there is nothing to do only once.
    """

    def decorate(method: H) -> H:
        declared = Endpoint(
            operation_id=operation_id,
            summary=summary,
            description=" ".join((method.__doc__ or "").split()),
            tag=tag,
            answers=answers,
            query=query,
            body=body,
            headers=headers,
            problems=problems,
            reads=reads,
        )

        @wraps(method)
        def handle(self: APIView, request: Request, **path: Any) -> HttpResponseBase:
            arguments = {**path, "query": parse_query(request.GET, query)}
            if reads and request.method not in _SAFE:
                with remembering():  # as the middleware does for every GET
                    return handled(self, request, arguments)
            return handled(self, request, arguments)

        def handled(self: APIView, request: Request, arguments: dict[str, Any]) -> HttpResponseBase:
            once = not reads and request.method not in _SAFE
            if body is None:
                return _answered(request, "", lambda: method(self, request, **arguments), once=once)
            given, fingerprint = body.read(request)
            try:
                arguments["body"] = given
                return _answered(
                    request, fingerprint, lambda: method(self, request, **arguments), once=once
                )
            finally:
                body.release(given)

        handle.endpoint = declared  # type: ignore[attr-defined]
        return handle  # type: ignore[return-value]

    return decorate


def _answered(
    request: Request, fingerprint: str, perform: Callable[[], HttpResponseBase], *, once: bool
) -> HttpResponseBase:
    try:
        if not once:
            return perform()
        return answer_once(request, fingerprint=fingerprint, perform=perform)
    except BadRequest as error:
        parameter = _OF_THE_QUERY.get(error.error_code)
        if parameter is None or any("parameter" in item for item in error.errors):
            raise
        errors = list(error.errors) or [{"message": error.message}]
        raise BadRequest(
            error.message,
            code=error.error_code,
            data=error.data,
            errors=[_placed(request, error.error_code, parameter, item) for item in errors],
        ) from error


def _placed(
    request: Request, code: str, parameter: str, item: Mapping[str, Any]
) -> Mapping[str, Any]:
    """A problem that says which parameter, or which member of the body, it is about."""
    if code == "bad_as_of" or request.method in _SAFE:
        if parameter == "filter" and "filter" not in request.GET:
            parameter = "where"
        return {"parameter": parameter, **item}
    pointer = f"/{_OF_THE_BODY.get(code, parameter)}"
    return {**item, "field": pointer + str(item.get("field", ""))}


class OntologyView(APIView):
    """Base of every view here. Authentication and permission classes are the platform's."""

    schema = EndpointSchema()
    parser_classes: Sequence[type[BaseParser]] = (*json_parsers(), MergePatchParser)
    #: The kind of document that a view is about, where it is about one; set by ``as_view``.
    kind: Any = None
