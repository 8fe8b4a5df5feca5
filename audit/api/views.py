"""The audit trail over REST: search, export, proofs, verification."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, ClassVar

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit import services
from audit.api.filters import FILTER_PARAMETERS, event_filter
from audit.api.serializers import (
    CheckpointSerializer,
    ConsistencySerializer,
    EventDetailSerializer,
    EventPageSerializer,
    ReportSerializer,
    StateSerializer,
    VerifySerializer,
    render_event,
    render_head,
    render_state,
)
from audit.domain.export import FORMATS, csv_lines, json_lines
from oms_project.api.pages import PAGE_PARAMETERS, page_request, page_response
from oms_project.core.authorization import permissions
from oms_project.core.errors import BadRequest
from oms_project.core.routes import Declaration

__all__ = [
    "CheckpointView",
    "ConsistencyView",
    "EventView",
    "EventsView",
    "ExportView",
    "StateView",
    "VerifyView",
]

_READ: Declaration = {"GET": permissions.AUDIT_READ}
_CHUNK = 64 * 1024


class EventsView(APIView):
    """Events, newest first."""

    required_permissions: ClassVar[Declaration] = _READ

    @extend_schema(
        tags=["audit"],
        operation_id="listAuditEvents",
        summary="Search the audit trail",
        description="Events, newest first. The search itself is recorded.",
        parameters=[*PAGE_PARAMETERS, *FILTER_PARAMETERS],
        responses=EventPageSerializer,
    )
    def get(self, request: Request) -> Response:
        limit, cursor = page_request(request)
        where = event_filter(request.query_params)
        return page_response(
            request, services.search(where=where, limit=limit, cursor=cursor), render_event
        )


class EventView(APIView):
    """One event."""

    required_permissions: ClassVar[Declaration] = _READ

    @extend_schema(
        tags=["audit"],
        operation_id="getAuditEvent",
        summary="Look at an event",
        description="The event, with the proof that it is in the signed tree.",
        responses=EventDetailSerializer,
    )
    def get(self, _request: Request, event_id: str) -> Response:
        proof = services.prove_event(event_id=event_id)
        event = services.get_event(event_id=event_id)
        return Response({"event": render_event(event), "proof": proof.members()})


class _AnyAccept(BaseContentNegotiation):
    """``?format=`` says what is wanted; no Accept header is refused."""

    def select_parser(self, request: Request, parsers: Any) -> BaseParser:
        return next(iter(parsers))  # type: ignore[no-any-return]

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


class ExportView(APIView):
    """Events as a file."""

    required_permissions: ClassVar[Declaration] = _READ
    content_negotiation_class = _AnyAccept

    @extend_schema(
        tags=["audit"],
        operation_id="exportAuditEvents",
        summary="Export the audit trail",
        description="Events, oldest first, as a stream of CSV or JSON lines. In CSV a cell that a "
        "spreadsheet would take for a formula begins with an apostrophe. The export is recorded.",
        parameters=[
            OpenApiParameter(
                "format", str, enum=list(FORMATS), default="jsonl", description="CSV or JSON lines."
            ),
            *FILTER_PARAMETERS,
        ],
        responses={(200, media): OpenApiTypes.STR for media in FORMATS.values()},
    )
    def get(self, request: Request) -> HttpResponseBase:
        form = request.query_params.get("format") or "jsonl"
        if form not in FORMATS:
            raise BadRequest(f"format must be one of {', '.join(FORMATS)}.", code="bad_format")
        events = services.export(where=event_filter(request.query_params), form=form)
        if form == "csv":
            lines = csv_lines((event.index, event.members) for event in events)
        else:
            lines = json_lines((event.index, event.body) for event in events)
        return _streamed(request, lines, form)


def _streamed(request: Request, lines: Iterator[str], form: str) -> HttpResponseBase:
    """As it comes, also where Django serves asynchronously (it would draw all of it first)."""
    chunks = _chunks(lines)

    async def drawn() -> AsyncIterator[bytes]:
        while (chunk := await sync_to_async(lambda: next(chunks, None))()) is not None:
            yield chunk

    is_async = isinstance(request._request, ASGIRequest)  # noqa: SLF001 - the one that is served
    return StreamingHttpResponse(
        drawn() if is_async else chunks,
        content_type=f"{FORMATS[form]}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="audit.{form}"'},
    )


def _chunks(lines: Iterator[str]) -> Iterator[bytes]:
    waiting: list[str] = []
    size = 0
    for line in lines:
        waiting.append(line)
        size += len(line)
        if size >= _CHUNK:
            yield "".join(waiting).encode()
            waiting, size = [], 0
    yield "".join(waiting).encode()


class CheckpointView(APIView):
    """The newest signed head."""

    required_permissions: ClassVar[Declaration] = _READ

    @extend_schema(
        tags=["audit"],
        operation_id="getAuditCheckpoint",
        summary="Sign the trail as it is now",
        description="A checkpoint to be kept elsewhere: with it, a later verification proves that "
        "nothing before it was changed or cut off.",
        responses=CheckpointSerializer,
    )
    def get(self, _request: Request) -> Response:
        return Response(render_head(services.write_checkpoint()))


class ConsistencyView(APIView):
    """That the trail has only grown."""

    required_permissions: ClassVar[Declaration] = _READ

    @extend_schema(
        tags=["audit"],
        operation_id="getAuditConsistency",
        summary="Prove that the trail has only grown",
        description="A consistency proof between the trees of two checkpoints.",
        parameters=[
            OpenApiParameter(
                "old_size", int, required=True, description="Size of the earlier checkpoint."
            ),
            OpenApiParameter(
                "size", int, description="Size of the later one; default: the newest."
            ),
        ],
        responses=ConsistencySerializer,
    )
    def get(self, request: Request) -> Response:
        old_size = _size(request, "old_size")
        if old_size is None:
            raise BadRequest("old_size is missing.", code="bad_tree_size")
        size, hashes = services.consistency_proof(old_size=old_size, size=_size(request, "size"))
        return Response(
            {"old_size": old_size, "size": size, "hashes": [step.hex() for step in hashes]}
        )


def _size(request: Request, name: str) -> int | None:
    raw = request.query_params.get(name)
    if not raw:
        return None
    if not (raw.isascii() and raw.isdigit() and len(raw) < 19):
        raise BadRequest(f"{name} must be a number.", code="bad_tree_size")
    return int(raw)


class StateView(APIView):
    """How the trail stands."""

    required_permissions: ClassVar[Declaration] = _READ

    @extend_schema(
        tags=["audit"],
        operation_id="getAuditState",
        summary="See how the trail stands",
        description="Its size, what waits for its place, the newest head, sealed ranges, and the "
        "last verification.",
        responses=StateSerializer,
    )
    def get(self, _request: Request) -> Response:
        return Response(render_state(services.state()))


class VerifyView(APIView):
    """Verification on demand."""

    required_permissions: ClassVar[Declaration] = {"POST": permissions.AUDIT_READ}

    @extend_schema(
        tags=["audit"],
        operation_id="verifyAudit",
        summary="Verify the trail",
        description="Checks every event, leaf and head now (a few seconds for a million events), "
        "and records the outcome.",
        request=VerifySerializer,
        responses=ReportSerializer,
    )
    def post(self, request: Request) -> Response:
        asked = VerifySerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        report = services.verify(checkpoint=asked.validated_data["checkpoint"] or None)
        return Response(report.members())
