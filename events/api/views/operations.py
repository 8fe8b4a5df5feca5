"""For operators: streams, lanes, quarantine."""

from __future__ import annotations

from dataclasses import asdict
from typing import ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.adapters.streams import list_streams, read_stream
from events.api import serializers as shapes
from events.api.examples import REPLAYED, answered, asked
from events.api.rendering import render_quarantined
from events.api.requests import body_of, known, moment, number, text
from events.selectors.lag import lane_names, list_lanes
from events.selectors.receivers import list_quarantined
from events.services.deliveries import release_quarantined, replay_stream
from oms_project.core.authorization import permissions
from oms_project.core.routes import Declaration

__all__ = [
    "LanesView",
    "QuarantineReleaseView",
    "QuarantineView",
    "StreamMessagesView",
    "StreamReplayView",
    "StreamsView",
]

_TAGS = ["events"]
_READ: Declaration = {"GET": permissions.EVENTS_ADMINISTER}
_ACT: Declaration = {"POST": permissions.EVENTS_ADMINISTER}


class StreamsView(APIView):
    """``streams``."""

    required_permissions: ClassVar[Declaration] = _READ

    @extend_schema(
        tags=_TAGS,
        operation_id="streams_list",
        summary="List streams",
        description="With their size, lag and readers. Without a stream server there is one, the "
        "outbox; its readers are the lanes in which something waits.",
        responses=shapes.StreamListSerializer,
        examples=[
            answered(
                {
                    "items": [
                        {
                            "name": "outbox",
                            "ontology": "",
                            "subjects": [],
                            "messages": 42,
                            "bytes": None,
                            "first_sequence": 1,
                            "last_sequence": 42,
                            "first_time": "2026-05-04T09:30:00.000000Z",
                            "last_time": "2026-05-04T10:30:00.000000Z",
                            "lag": 0,
                            "consumers": [],
                        }
                    ]
                }
            )
        ],
    )
    def get(self, request: Request) -> Response:
        known(request)
        return Response({"items": [asdict(stream) for stream in list_streams()]})


class StreamMessagesView(APIView):
    """``streams/{stream}/messages``."""

    required_permissions: ClassVar[Declaration] = _READ

    @extend_schema(
        tags=_TAGS,
        operation_id="streams_messages_list",
        summary="Read what a stream keeps",
        description="In its order, from a number of the stream or from a time on. "
        "`no_stream_server` (409): there is none.",
        parameters=[
            OpenApiParameter("from_sequence", int, description="From this number on."),
            OpenApiParameter("from_time", str, description="From this moment on (RFC 3339)."),
            OpenApiParameter(
                "subject", str, description="Only this one; `*` and `>` as NATS has them."
            ),
            OpenApiParameter("limit", int, description="1 to 500; 100 unless it is given."),
        ],
        responses=shapes.StoredMessageListSerializer,
        examples=[answered({"items": [], "next": None})],
    )
    def get(self, request: Request, stream: str) -> Response:
        known(request, "from_sequence", "from_time", "subject", "limit")
        limit = number(request, "limit")
        limit = 100 if limit is None else limit
        found = read_stream(
            stream=stream,
            subject=text(request, "subject"),
            from_sequence=number(request, "from_sequence"),
            from_time=moment(request, "from_time"),
            limit=limit,
        )
        following = found[-1].sequence + 1 if len(found) == limit else None
        return Response({"items": [asdict(one) for one in found], "next": following})


class StreamReplayView(APIView):
    """``streams/replay``."""

    required_permissions: ClassVar[Declaration] = _ACT

    @extend_schema(
        tags=_TAGS,
        operation_id="streams_replay",
        summary="Publish a range of events to the streams again",
        description="For streams that were lost. Readers know events again by their ids. "
        "`no_stream_server` (409): there is none.",
        request=shapes.StreamReplaySerializer,
        responses=shapes.ReplayedSerializer,
        examples=[asked({"from_sequence": 1}), answered(REPLAYED)],
    )
    def post(self, request: Request) -> Response:
        known(request)
        return Response(asdict(replay_stream(**body_of(request, shapes.StreamReplaySerializer))))


class LanesView(APIView):
    """``event-lanes``."""

    required_permissions: ClassVar[Declaration] = _READ

    @extend_schema(
        tags=_TAGS,
        operation_id="event_lanes_list",
        summary="What waits where",
        description="Every lane in which something waits, and for how long.",
        responses=shapes.WaitingLaneListSerializer,
        examples=[
            answered(
                {
                    "items": [
                        {
                            "lane": "route",
                            "name": "route",
                            "waiting": 2,
                            "lag_seconds": 0.2,
                            "failing": 0,
                            "error": "",
                        }
                    ]
                }
            )
        ],
    )
    def get(self, request: Request) -> Response:
        known(request)
        return Response(
            {
                "items": [
                    {
                        "lane": one.lane,
                        "name": one.name,
                        "waiting": one.waiting,
                        "lag_seconds": round(one.lag, 3),
                        "failing": one.failing,
                        "error": one.error,
                    }
                    for one in list_lanes()
                ]
            }
        )


class QuarantineView(APIView):
    """``event-quarantine``."""

    required_permissions: ClassVar[Declaration] = _READ

    @extend_schema(
        tags=_TAGS,
        operation_id="event_quarantine_list",
        summary="What could not be passed on",
        description="Newest first; at most 200.",
        responses=shapes.QuarantineSerializer,
        examples=[
            answered(
                {
                    "items": [
                        {
                            "id": 3,
                            "lane": "stream",
                            "name": "stream",
                            "key": "logistics/main",
                            "sequence": "00000000000000000042",
                            "error": "The message is too large.",
                            "failures": 5,
                            "at": "2026-05-04T09:30:00.000000Z",
                        }
                    ]
                }
            )
        ],
    )
    def get(self, request: Request) -> Response:
        known(request)
        rows = list_quarantined()
        names = lane_names(sorted({row.lane for row in rows}))
        return Response(
            {"items": [render_quarantined(row, names.get(row.lane, row.lane)) for row in rows]}
        )


class QuarantineReleaseView(APIView):
    """``event-quarantine/{id}/release``."""

    required_permissions: ClassVar[Declaration] = _ACT

    @extend_schema(
        tags=_TAGS,
        operation_id="event_quarantine_release",
        summary="Send what is in quarantine again, or drop it",
        request=shapes.ReleaseSerializer,
        responses={204: None},
        examples=[asked({"drop": False})],
    )
    def post(self, request: Request, entry: int) -> Response:
        known(request)
        release_quarantined(entry=entry, **body_of(request, shapes.ReleaseSerializer))
        return Response(status=204)
