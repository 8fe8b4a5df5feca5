"""Events themselves: take in, list, go on, look at; and their types."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.api import serializers as shapes
from events.api.examples import EVENT, OUTSIDE, answered, asked
from events.api.parsers import SCHEMA, BatchRenderer, RawParser, SchemaRenderer, StructuredRenderer
from events.api.rendering import render_event
from events.api.requests import EVENT_PARAMETERS, event_query, known, named, number
from events.domain.cloudevents import BATCH, STRUCTURED, batch_of, with_sequence
from events.domain.sequence import sequence_text
from events.domain.types import EVENT_TYPES, EventType, event_type, schema_document
from events.selectors.lag import lane_names
from events.selectors.log import EventView, events_after, get_event, list_events
from events.selectors.receivers import who_wants
from events.services.publishing import publish
from oms_project.api.json import ExactJSONRenderer
from oms_project.api.pages import PAGE_PARAMETERS, page_request, page_response
from oms_project.core.authorization import permissions
from oms_project.core.errors import BadRequest, NotFound
from oms_project.core.routes import AUTHENTICATED, PUBLIC, Declaration

__all__ = [
    "EventDetailView",
    "EventLanesView",
    "EventTypeSchemaView",
    "EventTypeView",
    "EventTypesView",
    "EventsView",
]

JSON = "application/json"
_TAGS = ["events"]
_BYTES = {"type": "string", "format": "binary"}
_KIND = {
    "type": "io.oms.ontology.commit.created.v1",
    "title": "A commit was made",
    "needs": "ontology.read",
    "schema": EVENT["dataschema"],
}


class EventsView(APIView):
    """``events``."""

    required_permissions: ClassVar[Declaration] = {
        "GET": permissions.EVENTS_READ,
        "POST": permissions.EVENTS_PUBLISH,
    }
    parser_classes = [RawParser]

    def get_renderers(self) -> list[BaseRenderer]:
        """JSON; events also as a batch."""
        if self.request.method == "POST":
            return [ExactJSONRenderer()]
        return [ExactJSONRenderer(), BatchRenderer()]

    @extend_schema(
        tags=_TAGS,
        operation_id="events_list",
        summary="List events, or go on where one was",
        description="Those that you may see, newest first. With `after` instead of `cursor`: "
        "oldest first, those after that sequence; `next` is the sequence to go on after, also when "
        "nothing came. With a filter a page may be short, or empty, although more follows: what "
        "counts is `next`. `Accept: application/cloudevents-batch+json` gives a batch; then the "
        "header `Link` leads on.",
        parameters=[
            *PAGE_PARAMETERS,
            OpenApiParameter("after", str, description="Go on after this sequence."),
            *EVENT_PARAMETERS,
        ],
        responses={
            (200, JSON): shapes.CloudEventPageSerializer,
            (200, BATCH): {"type": "array", "items": shapes.CLOUD_EVENT},
        },
        examples=[
            answered({"items": [EVENT], "next": "WyJldmVudHMiLDQyXQ"}),
            answered([EVENT], media=BATCH),
        ],
    )
    def get(self, request: Request) -> Response:
        where = event_query(request, "limit", "cursor", "after")
        limit, cursor = page_request(request)
        after = number(request, "after")
        if after is not None and cursor is not None:
            raise BadRequest(
                "There may be a cursor or after, not both.",
                code="bad_filter",
                errors=[{"field": "after", "message": "Not together with a cursor."}],
            )
        if after is None:
            page = list_events(where=where, limit=limit, cursor=cursor)
            found = list(page.items)
            answer = page_response(request, page, render_event)
        else:
            found, following = events_after(after, where=where, limit=limit)
            answer = _going_on(request, found, sequence_text(following))
        if request.accepted_renderer.media_type == BATCH:
            answer.data = batch_of([(view.text, view.sequence) for view in found]).body
        return answer

    @extend_schema(
        tags=_TAGS,
        operation_id="events_publish",
        summary="Publish events",
        description="CloudEvents 1.0 over HTTP: structured (`application/cloudevents+json`), a "
        "batch (`application/cloudevents-batch+json`), or binary (attributes as headers `ce-…`, "
        "the body is the data). All or nothing; an event that is there already, from the same "
        "source with the same id, is a `duplicate` and changes nothing. About an ontology "
        "(`ontology`) it takes the permission for that one.",
        request={
            STRUCTURED: shapes.CLOUD_EVENT,
            BATCH: {"type": "array", "items": shapes.CLOUD_EVENT},
            "*/*": _BYTES,
        },
        responses={202: shapes.PublishedSerializer},
        examples=[
            asked(OUTSIDE, STRUCTURED),
            asked([OUTSIDE], BATCH),
            asked('{"order": 17}', "*/*"),
            answered(
                {
                    "items": [
                        {
                            "id": OUTSIDE["id"],
                            "source": OUTSIDE["source"],
                            "sequence": "00000000000000000043",
                            "duplicate": False,
                        }
                    ]
                },
                202,
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        known(request)
        given: object = request.data  # {} where there is no body
        body = bytes(given) if isinstance(given, bytes) else b""
        done = publish(headers=request.headers, body=body)
        return Response(
            {
                "items": [
                    {
                        "id": one.id,
                        "source": one.source,
                        "sequence": sequence_text(one.sequence),
                        "duplicate": one.duplicate,
                    }
                    for one in done
                ]
            },
            status=202,
        )


def _going_on(request: Request, found: list[EventView], following: str) -> Response:
    query = request.query_params.copy()
    query["after"] = following
    return Response(
        {"items": [render_event(view) for view in found], "next": following},
        headers={"Link": f'<{request.path}?{query.urlencode()}>; rel="next"'},
    )


class EventDetailView(APIView):
    """``events/{id or sequence}``."""

    required_permissions: ClassVar[Declaration] = {"GET": permissions.EVENTS_READ}
    renderer_classes = [ExactJSONRenderer, StructuredRenderer]

    @extend_schema(
        tags=_TAGS,
        operation_id="events_get",
        summary="Look at an event",
        description="By its id or its sequence; 404 also when you may not see it. "
        "`Accept: application/cloudevents+json` gives it as a structured CloudEvent.",
        responses={
            (200, JSON): shapes.CLOUD_EVENT,
            (200, STRUCTURED): shapes.CLOUD_EVENT,
        },
        examples=[answered(EVENT), answered(EVENT, media=STRUCTURED)],
    )
    def get(self, request: Request, event: str) -> Response:
        known(request)
        view = get_event(event=named(event))
        if request.accepted_renderer.media_type == STRUCTURED:
            return Response(with_sequence(view.text, view.sequence))
        return Response(render_event(view))


class EventLanesView(APIView):
    """``events/{id or sequence}/lanes``."""

    required_permissions: ClassVar[Declaration] = {"GET": permissions.EVENTS_ADMINISTER}

    @extend_schema(
        tags=_TAGS,
        operation_id="events_lanes",
        summary="Who would get an event",
        description="Where it would go if it happened now: with the webhooks, rules and rights of "
        "this moment. Where it went then, the deliveries say.",
        responses=shapes.LaneListSerializer,
        examples=[
            answered(
                {
                    "items": [
                        {
                            "lane": "webhook:5a4c7f7e-2f6a-4d1e-9d1c-3f0f6f5b2a10",
                            "name": "warehouse",
                        }
                    ]
                }
            )
        ],
    )
    def get(self, request: Request, event: str) -> Response:
        known(request)
        lanes = who_wants(event=get_event(event=named(event)))
        names = lane_names(lanes)
        items = [{"lane": lane, "name": names.get(lane, lane)} for lane in lanes]
        return Response({"items": items})


class EventTypesView(APIView):
    """``event-types``."""

    required_permissions: ClassVar[Declaration] = {
        "GET": AUTHENTICATED("which types there are is in the guide as well")
    }

    @extend_schema(
        tags=_TAGS,
        operation_id="event_types_list",
        summary="List the types of events that OMS publishes",
        responses=shapes.EventTypeListSerializer,
        examples=[answered({"items": [_KIND]})],
    )
    def get(self, request: Request) -> Response:
        known(request)
        return Response({"items": [_rendered(kind) for kind in EVENT_TYPES.values()]})


class EventTypeView(APIView):
    """``event-types/{type}``."""

    required_permissions: ClassVar[Declaration] = {
        "GET": AUTHENTICATED("which types there are is in the guide as well")
    }

    @extend_schema(
        tags=_TAGS,
        operation_id="event_types_get",
        summary="Look at a type of event",
        responses=shapes.EventTypeSerializer,
        examples=[answered(_KIND)],
    )
    def get(self, request: Request, event_type: str) -> Response:
        known(request)
        return Response(_rendered(_found(event_type)))


class EventTypeSchemaView(APIView):
    """``event-types/{type}/schema``."""

    authentication_classes = []
    permission_classes = []
    renderer_classes = [SchemaRenderer, ExactJSONRenderer]
    required_permissions: ClassVar[Declaration] = {
        "GET": PUBLIC("receivers resolve dataschema without a login; it says nothing of any event")
    }

    @extend_schema(
        tags=_TAGS,
        operation_id="event_types_schema",
        summary="The JSON Schema of a type's data",
        description="What `dataschema` of an event names. A version only gains members.",
        responses={(200, SCHEMA): {"type": "object", "additionalProperties": True}},
        examples=[
            answered(
                {
                    "$schema": "https://json-schema.org/draft/2020-12/schema",
                    "$id": EVENT["dataschema"],
                    "title": "A commit was made",
                    "type": "object",
                },
                media=SCHEMA,
            )
        ],
    )
    def get(self, request: Request, event_type: str) -> Response:
        known(request)
        kind = _found(event_type)
        return Response(schema_document(kind, address=_schema_address(kind)), content_type=SCHEMA)


def _found(name: str) -> EventType:
    kind = event_type(name)
    if kind is None:
        raise NotFound(
            f"OMS publishes no events of the type '{name}'.", code="event_type_not_found"
        )
    return kind


def _schema_address(kind: EventType) -> str:
    return f"{settings.OMS_PUBLIC_URL}/api/v1/event-types/{kind.name}/schema"


def _rendered(kind: EventType) -> dict[str, Any]:
    return {
        "type": kind.name,
        "title": kind.title,
        "needs": kind.needs,
        "schema": _schema_address(kind),
    }
