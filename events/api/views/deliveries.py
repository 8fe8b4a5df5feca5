"""Deliveries: list, look at, send again, give up."""

from __future__ import annotations

from typing import ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.api import serializers as shapes
from events.api.examples import ATTEMPT, DELIVERY, answered
from events.api.rendering import render_attempt, render_delivery
from events.api.requests import choice, known, moment, nothing, number, text
from events.models import Delivery, Rule
from events.selectors.lag import lane_names
from events.selectors.receivers import (
    DeliveryQuery,
    attempts_of,
    get_delivery,
    list_deliveries,
)
from events.services.deliveries import cancel_delivery, redeliver
from events.services.rules import get_rule
from events.services.webhooks import get_webhook
from oms_project.api.pages import PAGE_PARAMETERS, page_request, page_response
from oms_project.core.authorization import permissions
from oms_project.core.errors import BadRequest
from oms_project.core.routes import Declaration

__all__ = ["DeliveriesView", "DeliveryCancelView", "DeliveryRedeliverView", "DeliveryView"]

_TAGS = ["events"]
_ACT: Declaration = {"POST": permissions.EVENTS_ADMINISTER}
_READ: Declaration = {"GET": permissions.EVENTS_ADMINISTER}


class DeliveriesView(APIView):
    """``deliveries``."""

    required_permissions: ClassVar[Declaration] = _READ

    @extend_schema(
        tags=_TAGS,
        operation_id="deliveries_list",
        summary="List deliveries",
        description="Newest first. Who runs events of some ontologies names a webhook or a rule.",
        parameters=[
            *PAGE_PARAMETERS,
            OpenApiParameter("webhook", str, description="Id or name of a webhook."),
            OpenApiParameter("rule", str, description="Id or name of a rule."),
            OpenApiParameter(
                "state", str, enum=Delivery.State.values, description="How it stands."
            ),
            OpenApiParameter("type", str, description="A type of event."),
            OpenApiParameter(
                "origin", str, enum=Delivery.Origin.values, description="Why it is sent."
            ),
            OpenApiParameter("event", str, description="Sequence of an event."),
            OpenApiParameter("since", {"type": "string", "format": "date-time"},
                             description="Made from then on."),
            OpenApiParameter("until", {"type": "string", "format": "date-time"},
                             description="Made before then."),
        ],
        responses=shapes.DeliveryPageSerializer,
        examples=[answered({"items": [DELIVERY], "next": None})],
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        known(request, "limit", "cursor", "webhook", "rule", "state", "type", "origin", "event",
              "since", "until")  # fmt: skip
        limit, cursor = page_request(request)
        page = list_deliveries(
            where=DeliveryQuery(
                lane=_lane(text(request, "webhook"), text(request, "rule")),
                state=choice(request, "state", Delivery.State.values),
                type=text(request, "type"),
                origin=choice(request, "origin", Delivery.Origin.values),
                event=number(request, "event"),
                since=moment(request, "since"),
                until=moment(request, "until"),
            ),
            limit=limit,
            cursor=cursor,
        )
        names = lane_names(sorted({row.lane for row in page.items}))
        return page_response(
            request, page, lambda row: render_delivery(row, names.get(row.lane, row.lane))
        )


class DeliveryView(APIView):
    """``deliveries/{id}``."""

    required_permissions: ClassVar[Declaration] = _READ

    @extend_schema(
        tags=_TAGS,
        operation_id="deliveries_get",
        summary="Look at a delivery",
        description="With its requests and their answers.",
        responses=shapes.DeliveryDetailSerializer,
        examples=[answered({**DELIVERY, "log": [ATTEMPT]})],
    )
    def get(self, request: Request, delivery: int) -> Response:
        known(request)
        found = get_delivery(delivery=delivery)
        log = [render_attempt(attempt) for attempt in attempts_of(found)]
        return Response({**_rendered(found), "log": log})


class DeliveryRedeliverView(APIView):
    """``deliveries/{id}/redeliver``."""

    required_permissions: ClassVar[Declaration] = _ACT

    @extend_schema(
        tags=_TAGS,
        operation_id="deliveries_redeliver",
        summary="Send a delivery again",
        description="Whatever became of it; its event keeps its id.",
        request=None,
        responses=shapes.DeliverySerializer,
        examples=[answered({**DELIVERY, "state": "pending", "origin": "redelivery"})],
    )
    def post(self, request: Request, delivery: int) -> Response:
        known(request)
        nothing(request)
        return Response(_rendered(redeliver(delivery=delivery)))


class DeliveryCancelView(APIView):
    """``deliveries/{id}/cancel``."""

    required_permissions: ClassVar[Declaration] = _ACT

    @extend_schema(
        tags=_TAGS,
        operation_id="deliveries_cancel",
        summary="Give a pending delivery up",
        description="What is behind it goes on. `not_pending` (409): it has ended already.",
        request=None,
        responses=shapes.DeliverySerializer,
        examples=[answered({**DELIVERY, "state": "cancelled", "status": None})],
    )
    def post(self, request: Request, delivery: int) -> Response:
        known(request)
        nothing(request)
        return Response(_rendered(cancel_delivery(delivery=delivery)))


def _rendered(delivery: Delivery) -> dict[str, object]:
    names = lane_names([delivery.lane])
    return render_delivery(delivery, names.get(delivery.lane, delivery.lane))


def _lane(webhook: str, rule: str) -> str:
    if webhook and rule:
        raise BadRequest(
            "Name a webhook or a rule, not both.",
            code="bad_filter",
            errors=[{"field": "rule", "message": "Not together with a webhook."}],
        )
    if rule:
        found = get_rule(rule=rule)
        if found.sink != Rule.Sink.WEBHOOK:
            return found.lane
        webhook = found.target
    return get_webhook(webhook=webhook).lane if webhook else ""
