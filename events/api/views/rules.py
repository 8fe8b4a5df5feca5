"""Routing rules: list, make, change, delete, try, replay."""

from __future__ import annotations

from dataclasses import asdict
from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.api import serializers as shapes
from events.api.examples import EVENT, REPLAYED, RULE, answered, asked
from events.api.rendering import render_event, render_rule
from events.api.requests import body_of, filter_in, known, named
from events.domain.filters import EVERYTHING
from events.selectors.receivers import list_rules, preview
from events.services import rules as services
from events.services.deliveries import replay_events
from events.targets import filter_of
from oms_project.core.authorization import permissions
from oms_project.core.routes import Declaration

__all__ = ["RulePreviewView", "RuleReplayView", "RuleView", "RulesView"]

_TAGS = ["events"]


class RulesView(APIView):
    """``routing-rules``."""

    required_permissions: ClassVar[Declaration] = {
        "GET": permissions.EVENTS_ADMINISTER,
        "POST": permissions.EVENTS_ADMINISTER,
    }

    @extend_schema(
        tags=_TAGS,
        operation_id="routing_rules_list",
        summary="List routing rules",
        description="Those that you run, by name.",
        responses=shapes.RuleListSerializer,
        examples=[answered({"items": [RULE]})],
    )
    def get(self, request: Request) -> Response:
        known(request)
        return Response({"items": [render_rule(rule) for rule in list_rules()]})

    @extend_schema(
        tags=_TAGS,
        operation_id="routing_rules_create",
        summary="Make a routing rule",
        description="It holds for what happens from now on, and passes on what you may see. A name "
        "that is taken gives 409, so that a repetition does nothing.",
        request=shapes.NewRuleSerializer,
        responses={201: shapes.RuleSerializer},
        examples=[
            asked(
                {
                    "name": "commits",
                    "sink": "webhook",
                    "target": "warehouse",
                    "types": ["io.oms.ontology.*"],
                    "ontologies": ["logistics"],
                }
            ),
            answered(RULE, 201),
        ],
    )
    def post(self, request: Request) -> Response:
        known(request)
        body = body_of(request, shapes.NewRuleSerializer)
        wanted = filter_in(body, EVERYTHING) or EVERYTHING
        rule = services.create_rule(asked=services.NewRule(wanted=wanted, **body))
        return Response(
            render_rule(rule), status=201, headers={"Location": f"{request.path}/{rule.pk}"}
        )


class RuleView(APIView):
    """``routing-rules/{id or name}``."""

    required_permissions: ClassVar[Declaration] = {
        "GET": permissions.EVENTS_ADMINISTER,
        "PATCH": permissions.EVENTS_ADMINISTER,
        "DELETE": permissions.EVENTS_ADMINISTER,
    }

    @extend_schema(
        tags=_TAGS,
        operation_id="routing_rules_get",
        summary="Look at a routing rule",
        responses=shapes.RuleSerializer,
        examples=[answered(RULE)],
    )
    def get(self, request: Request, rule: str) -> Response:
        known(request)
        return Response(render_rule(services.get_rule(rule=named(rule))))

    @extend_schema(
        tags=_TAGS,
        operation_id="routing_rules_update",
        summary="Change a routing rule",
        description="What is not named stays; a rule keeps its sink. Who changes it owns it from "
        "then on.",
        request=shapes.RuleChangeSerializer,
        responses=shapes.RuleSerializer,
        examples=[asked({"enabled": False}), answered({**RULE, "enabled": False})],
    )
    def patch(self, request: Request, rule: str) -> Response:
        known(request)
        body = body_of(request, shapes.RuleChangeSerializer)
        present = services.get_rule(rule=named(rule))
        wanted = filter_in(body, filter_of(present))
        changed = services.update_rule(rule=str(present.pk), changes=body, wanted=wanted)
        return Response(render_rule(changed))

    @extend_schema(
        tags=_TAGS,
        operation_id="routing_rules_delete",
        summary="Delete a routing rule",
        description="With what waits because of it.",
        responses={204: None},
    )
    def delete(self, request: Request, rule: str) -> Response:
        known(request)
        services.delete_rule(rule=named(rule))
        return Response(status=204)


class RuleReplayView(APIView):
    """``routing-rules/{r}/replay``."""

    required_permissions: ClassVar[Declaration] = {"POST": permissions.EVENTS_ADMINISTER}

    @extend_schema(
        tags=_TAGS,
        operation_id="routing_rules_replay",
        summary="Send a range of events down a rule again",
        description="As far as it wants them, in order; events keep their ids. Name where the "
        "range begins.",
        request=shapes.ReplaySerializer,
        responses=shapes.ReplayedSerializer,
        examples=[
            asked({"from_time": "2026-05-04T09:30:00Z", "dry_run": True}),
            answered({**REPLAYED, "queued": 0, "dry_run": True}),
        ],
    )
    def post(self, request: Request, rule: str) -> Response:
        known(request)
        body = body_of(request, shapes.ReplaySerializer)
        return Response(asdict(replay_events(rule=named(rule), **body)))


class RulePreviewView(APIView):
    """``routing-rules/preview``."""

    required_permissions: ClassVar[Declaration] = {"POST": permissions.EVENTS_ADMINISTER}

    @extend_schema(
        tags=_TAGS,
        operation_id="routing_rules_preview",
        summary="Try a filter",
        description="Which of the last events that you may see it would have wanted. Nothing is "
        "sent.",
        request=shapes.PreviewSerializer,
        responses=shapes.MatchSerializer,
        examples=[
            asked({"expression": "data.documents > 2", "limit": 10}),
            answered({"items": [EVENT], "looked_at": 2000}),
        ],
    )
    def post(self, request: Request) -> Response:
        known(request)
        body = body_of(request, shapes.PreviewSerializer)
        wanted = filter_in(body, EVERYTHING) or EVERYTHING
        matches, looked_at = preview(wanted=wanted, limit=body["limit"])
        return Response(
            {"items": [render_event(match.event) for match in matches], "looked_at": looked_at}
        )
