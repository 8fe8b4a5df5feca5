"""SPARQL 1.1 Protocol, query operation."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from django.http import QueryDict
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from pydantic import Field
from rest_framework.exceptions import NotAcceptable, UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from oms_project.core.authorization import permissions
from oms_project.core.errors import BadRequest, TooLarge
from oms_project.core.routes import Declaration
from ontology import selectors
from ontology.api.conditions import is_unchanged, not_modified, set_validators, state_etag
from ontology.api.endpoint import Answer, OntologyView, endpoint
from ontology.api.formats import AnyRepresentation
from ontology.api.openapi.examples import EXAMPLES
from ontology.api.query import ReadQuery, Text, parse_query
from ontology.api.snapshots import snapshot
from ontology.api.streaming import chunks_of, streamed

__all__ = ["SparqlView"]

FORM = "application/x-www-form-urlencoded"
QUERY = "application/sparql-query"
UPDATE = "application/sparql-update"
#: Bytes that a body may have; escaped, a character of the query takes up to twelve.
_MAX_BODY = 4 * 1024 * 1024
_DATASET = ("default-graph-uri", "named-graph-uri", "using-graph-uri", "using-named-graph-uri")


class SparqlOptions(ReadQuery):
    """What is read, and what comes back."""

    format: Annotated[Text, Field(json_schema_extra={"enum": ["", *selectors.SPARQL_FORMATS]})] = (
        Field(default="", examples=["json"])
    )
    """Name of the format of the result; empty: as `Accept` asks, else JSON for rows and Turtle
    for triples."""


class SparqlQuery(SparqlOptions):
    """A query in the address."""

    query: str = Field(examples=[EXAMPLES["Sparql"]], min_length=1)
    """The SPARQL 1.1 query: SELECT, ASK, CONSTRUCT or DESCRIBE."""


@dataclass(frozen=True)
class SparqlBody:
    """A body: the query itself, or a form with it and the options."""

    query: str
    form: SparqlQuery | None = None


@dataclass(frozen=True)
class SparqlSource:
    """A body as the SPARQL Protocol has it."""

    required: bool = True

    def read(self, request: Request) -> tuple[SparqlBody, str]:
        """The query, and its fingerprint.

        Raises:
            UnsupportedMediaType, TooLarge.
            BadRequest: an update, a dataset, or what is not UTF-8.
        """
        media_type = (request.content_type or "").partition(";")[0].strip().lower()
        if media_type == UPDATE:
            raise _updates_refused()
        if media_type not in (FORM, QUERY):
            raise UnsupportedMediaType(request.content_type or "")
        raw = request._request.body  # noqa: SLF001 - the form is in it, whoever reads it first
        if len(raw) > _MAX_BODY:
            raise TooLarge(
                f"The body is larger than {_MAX_BODY:,} bytes.", data={"max_bytes": _MAX_BODY}
            )
        fingerprint = hashlib.sha256(raw).hexdigest()
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            raise BadRequest("The body is not UTF-8.", code="bad_request") from error
        if media_type == QUERY:
            return SparqlBody(text), fingerprint
        fields = QueryDict(text, encoding="utf-8")
        _check_fields(fields)
        form = parse_query(fields, SparqlQuery)
        return SparqlBody(form.query, form), fingerprint

    def release(self, body: SparqlBody) -> None:
        """Nothing was taken."""

    def content(self) -> dict[str, tuple[str | dict[str, Any], Any]]:
        """The two of the protocol."""
        text: dict[str, Any] = {"type": "string", "minLength": 1}
        form: dict[str, Any] = {
            "type": "object",
            "required": ["query"],
            "additionalProperties": False,
            "properties": {
                "query": {**text, "description": "The SPARQL 1.1 query."},
                "ref": {"type": "string", "description": "What to read."},
                "asOf": {"type": "string", "description": "Read the branch as it was then."},
                "format": {"type": "string", "enum": ["", *selectors.SPARQL_FORMATS]},
            },
        }
        return {QUERY: (text, "Sparql"), FORM: (form, "SparqlForm")}


class RawBody(BaseParser):
    """Leaves the body to `SparqlSource`."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """Nothing."""
        return {}


_MEDIA = tuple(item.media_types[0] for item in selectors.SPARQL_FORMATS.values())
_WHAT = "The result: rows, or a yes or no, of SELECT and ASK; triples of CONSTRUCT and DESCRIBE."
_ANSWERS = (
    Answer(
        200,
        _WHAT,
        {
            "type": "object",
            "description": "SPARQL 1.1 Query Results JSON Format.",
            "required": ["head"],
            "properties": {
                "head": {"type": "object"},
                "results": {"type": "object"},
                "boolean": {"type": "boolean"},
            },
        },
        "SparqlResults",
        media=_MEDIA[:1],
        headers=("ETag", "Content-Disposition", "X-OMS-Commit"),
    ),
    Answer(200, _WHAT, {"type": "string"}, media=_MEDIA[1:]),
)


class SparqlView(OntologyView):
    """``…/sparql``."""

    required_permissions: ClassVar[Declaration] = {
        "GET": permissions.ONTOLOGY_READ,
        "POST": permissions.ONTOLOGY_READ,
    }

    content_negotiation_class = AnyRepresentation
    parser_classes = (RawBody,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse in words what belongs to the protocol and is not served."""
        super().initial(request, *args, **kwargs)
        _check_fields(request.GET)

    @endpoint(
        "querySparql",
        "Query with SPARQL",
        tag="import and export",
        query=SparqlQuery,
        problems=(406, 413, 422, 503),
        answers=_ANSWERS,
    )
    def get(self, request: Request, *, ontology: str, query: SparqlQuery) -> HttpResponseBase:
        """SPARQL 1.1 over the triples that an export of the ref has, without values that you may
        not see. Prefixes of the ontology's header are declared already. There are no updates, no
        SERVICE and no FROM; a query that takes too long is stopped.
        """
        return _answer(request, ontology, query.query, query)

    @endpoint(
        "postSparql",
        "Query with SPARQL, in a body",
        tag="import and export",
        query=SparqlOptions,
        body=SparqlSource(),
        problems=(406, 422, 503),
        reads=True,
        answers=_ANSWERS,
    )
    def post(
        self, request: Request, *, ontology: str, query: SparqlOptions, body: SparqlBody
    ) -> HttpResponseBase:
        """The same for queries that are long, as the body or as a form. Nothing is written."""
        options = query
        if body.form is not None:
            both = query.model_fields_set & body.form.model_fields_set
            if both:
                name = SparqlQuery.model_fields[min(both)].alias or min(both)
                message = f"'{name}' is given in the query and in the form."
                raise BadRequest(
                    message, code="bad_query", errors=[{"parameter": name, "message": message}]
                )
            given = {name: getattr(query, name) for name in query.model_fields_set}
            options = body.form.model_copy(update=given)
        return _answer(request, ontology, body.query, options)


def _answer(
    request: Request, ontology: str, query: str, options: SparqlOptions
) -> HttpResponseBase:
    solutions, graph = _wanted_formats(request, options.format)
    at = snapshot(ontology=ontology, query=options, request=request)
    asked = hashlib.sha256(f"{query}\0{solutions}\0{graph}".encode("utf-8", "replace")).hexdigest()
    etag = state_etag(
        f"{at.commit.id[:32]}{asked[:16]}", request, selectors.visibility(ontology=ontology)
    )
    response: HttpResponseBase
    if request.method != "POST" and is_unchanged(request, etag):
        response = not_modified(etag, immutable=at.immutable)
    else:
        try:
            result = selectors.run_sparql(
                ontology=ontology,
                ref=at.commit.id,
                query=query,
                solutions=solutions,
                graph=graph,
            )
        except selectors.SparqlFormatUnsuitable as error:
            raise NotAcceptable(error.message) from error
        form = selectors.SPARQL_FORMATS[result.format]
        media_type = form.media_types[0]
        if media_type.startswith("text/"):
            media_type += "; charset=utf-8"
        response = streamed(request, chunks_of(result.file), media_type)
        response.headers["Content-Disposition"] = f'inline; filename="result.{form.extension}"'
        set_validators(response, etag, immutable=at.immutable)
    patch_vary_headers(response, ("Accept",))
    response.headers["X-OMS-Commit"] = at.commit.id
    return response


def _wanted_formats(request: Request, given: str) -> tuple[str, str]:
    """Formats for rows and for triples; empty: none that suits.

    Raises:
        BadRequest: there is no such format.
    """
    if given:
        found = selectors.SPARQL_FORMATS.get(given)
        if found is None:
            message = f"'{given[:50]}' is no format: use {', '.join(selectors.SPARQL_FORMATS)}."
            raise BadRequest(
                message,
                code="sparql_format",
                errors=[{"parameter": "format", "message": message}],
            )
        return (given, "") if found.kind == "solutions" else ("", given)
    wanted = _accepted(request.headers.get("Accept", ""))
    return _best(wanted, "solutions"), _best(wanted, "graph")


def _accepted(header: str) -> dict[str, float]:
    """Media ranges of ``Accept`` and their weights; everything for an empty header."""
    found: dict[str, float] = {}
    for item in header.split(","):
        media, *parameters = (part.strip().lower() for part in item.split(";"))
        weight = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    weight = float(parameter[2:])
                except ValueError:
                    weight = 0.0
        if media:
            found[media] = weight
    return found or {"*/*": 1.0}


def _best(wanted: dict[str, float], kind: str) -> str:
    """The format of a kind with the greatest weight; the first of those with the same."""
    best, most = "", 0.0
    for item in selectors.SPARQL_FORMATS.values():
        if item.kind != kind:
            continue
        for index, media in enumerate(item.media_types):
            # Ranges ask for what is sent, not for the other names of it.
            ranges = (media,) if index else (media, f"{media.partition('/')[0]}/*", "*/*")
            weight = next((wanted[name] for name in ranges if name in wanted), 0.0)
            if weight > most:
                best, most = item.name, weight
    return best


def _check_fields(fields: QueryDict) -> None:
    """Refuse datasets and updates, which the protocol has and this endpoint does not.

    Raises:
        BadRequest.
    """
    for name in _DATASET:
        if name in fields:
            message = "A query reads the state that `ref` names; there are no other graphs."
            raise BadRequest(
                message, code="sparql_dataset", errors=[{"parameter": name, "message": message}]
            )
    if "update" in fields:
        raise _updates_refused()


def _updates_refused() -> BadRequest:
    return BadRequest(
        "This endpoint only reads: there are no updates. Changes are commits.",
        code="sparql_update",
    )
