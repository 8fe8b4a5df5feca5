"""Webhooks: list, register, change, verify, pause, enable, rotate, try, send again."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import quote

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.api import serializers as shapes
from events.api.examples import (
    DELIVERY,
    FIGURES,
    HOURS,
    REPLAYED,
    VERIFICATION,
    WEBHOOK,
    answered,
    asked,
)
from events.api.rendering import (
    render_delivery,
    render_figures,
    render_verification,
    render_webhook,
)
from events.api.requests import body_of, choice, filter_in, known, named, nothing
from events.domain.filters import EVERYTHING
from events.models import Webhook
from events.selectors.receivers import figures, figures_of, list_webhooks
from events.services import webhooks as services
from events.services.deliveries import redeliver_dead, replay_events
from events.targets import filter_of
from oms_project.core.authorization import permissions
from oms_project.core.routes import Declaration

__all__ = [
    "WebhookEnableView",
    "WebhookPauseView",
    "WebhookRedeliverView",
    "WebhookReplayView",
    "WebhookSecretView",
    "WebhookTestView",
    "WebhookVerifyView",
    "WebhookView",
    "WebhooksView",
]

_TAGS = ["events"]
_LIST: Declaration = {
    "GET": permissions.EVENTS_ADMINISTER,
    "POST": permissions.EVENTS_ADMINISTER,
}
_ONE: Declaration = {
    "GET": permissions.EVENTS_ADMINISTER,
    "PATCH": permissions.EVENTS_ADMINISTER,
    "DELETE": permissions.EVENTS_ADMINISTER,
}
_ACT: Declaration = {"POST": permissions.EVENTS_ADMINISTER}
_SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # an example, of the specification
_NO_STORE = {"Cache-Control": "no-store"}


class WebhooksView(APIView):
    """``webhooks``."""

    required_permissions: ClassVar[Declaration] = _LIST

    @extend_schema(
        tags=_TAGS,
        operation_id="webhooks_list",
        summary="List webhooks",
        description="Those that you run, by name, with how they do. Who runs events of some "
        "ontologies sees the webhooks that are about those alone.",
        parameters=[
            OpenApiParameter(
                "state", str, enum=Webhook.State.values, description="Only those in this state."
            )
        ],
        responses=shapes.WebhookListSerializer,
        examples=[answered({"items": [{**WEBHOOK, "figures": FIGURES}]})],
    )
    def get(self, request: Request) -> Response:
        known(request, "state")
        hooks = list_webhooks(state=choice(request, "state", Webhook.State.values))
        found = figures_of([hook.lane for hook in hooks])
        return Response(
            {
                "items": [
                    {
                        **render_webhook(hook),
                        "figures": render_figures(found[hook.lane], hours=False),
                    }
                    for hook in hooks
                ]
            }
        )

    @extend_schema(
        tags=_TAGS,
        operation_id="webhooks_create",
        summary="Register a webhook",
        description="It gets events once its receiver has proved that it wants them, which it is "
        "asked at once unless `verify` is false; and it gets what you may see. The answer shows "
        "the secret this once. A name that is taken gives 409, so that a repetition does nothing.",
        request=shapes.NewWebhookSerializer,
        responses={201: shapes.RegisteredWebhookSerializer},
        examples=[
            asked(
                {
                    "name": "warehouse",
                    "url": "https://warehouse.example.com/hook",
                    "types": ["io.oms.ontology.*"],
                    "ontologies": ["logistics"],
                }
            ),
            answered({**WEBHOOK, "secret": _SECRET, "verification": VERIFICATION}, 201),
        ],
    )
    def post(self, request: Request) -> Response:
        known(request)
        body = body_of(request, shapes.NewWebhookSerializer)
        wanted = filter_in(body, EVERYTHING) or EVERYTHING
        verify = body.pop("verify")
        made = services.create_webhook(
            asked=services.NewWebhook(wanted=wanted, **body), verify=verify
        )
        return Response(
            {
                **render_webhook(made.webhook),
                "secret": made.secret,
                "verification": render_verification(made.verification),
            },
            status=201,
            headers={**_NO_STORE, "Location": f"{request.path}/{quote(str(made.webhook.pk))}"},
        )


class WebhookView(APIView):
    """``webhooks/{id or name}``."""

    required_permissions: ClassVar[Declaration] = _ONE

    @extend_schema(
        tags=_TAGS,
        operation_id="webhooks_get",
        summary="Look at a webhook",
        description="With how it does, and how it did in each of the last 24 hours.",
        responses=shapes.WebhookDetailSerializer,
        examples=[answered({**WEBHOOK, "figures": {**FIGURES, "hours": HOURS}})],
    )
    def get(self, request: Request, webhook: str) -> Response:
        known(request)
        hook = services.get_webhook(webhook=named(webhook))
        return Response(_detailed(hook))

    @extend_schema(
        tags=_TAGS,
        operation_id="webhooks_update",
        summary="Change a webhook",
        description="What is not named stays. Who changes it owns it from then on. With another "
        "URL it has to be verified again.",
        request=shapes.WebhookChangeSerializer,
        responses=shapes.WebhookDetailSerializer,
        examples=[
            asked({"types": ["io.oms.ontology.commit.created.v1"], "rate": 60}),
            answered({**WEBHOOK, "rate": 60, "figures": {**FIGURES, "hours": HOURS}}),
        ],
    )
    def patch(self, request: Request, webhook: str) -> Response:
        known(request)
        body = body_of(request, shapes.WebhookChangeSerializer)
        present = services.get_webhook(webhook=named(webhook))
        wanted = filter_in(body, filter_of(present))
        hook = services.update_webhook(webhook=str(present.pk), changes=body, wanted=wanted)
        return Response(_detailed(hook))

    @extend_schema(
        tags=_TAGS,
        operation_id="webhooks_delete",
        summary="Delete a webhook",
        description="With its secrets, its deliveries, and what waits for it.",
        responses={204: None},
    )
    def delete(self, request: Request, webhook: str) -> Response:
        known(request)
        services.delete_webhook(webhook=named(webhook))
        return Response(status=204)


class WebhookVerifyView(APIView):
    """``webhooks/{w}/verify``."""

    required_permissions: ClassVar[Declaration] = _ACT

    @extend_schema(
        tags=_TAGS,
        operation_id="webhooks_verify",
        summary="Ask the receiver whether it wants the events",
        description="By the handshake of CloudEvents (`OPTIONS`), else by a signed challenge.",
        request=None,
        responses=shapes.VerifiedWebhookSerializer,
        examples=[answered({**WEBHOOK, "verification": VERIFICATION})],
    )
    def post(self, request: Request, webhook: str) -> Response:
        known(request)
        nothing(request)
        found = services.verify_webhook(webhook=named(webhook))
        hook = services.get_webhook(webhook=webhook)
        return Response({**render_webhook(hook), "verification": render_verification(found)})


class WebhookPauseView(APIView):
    """``webhooks/{w}/pause``."""

    required_permissions: ClassVar[Declaration] = _ACT

    @extend_schema(
        tags=_TAGS,
        operation_id="webhooks_pause",
        summary="Deliver nothing for a while",
        description="What happens meanwhile waits.",
        request=None,
        responses=shapes.WebhookDetailSerializer,
        examples=[answered({**WEBHOOK, "state": "paused", "figures": {**FIGURES, "hours": HOURS}})],
    )
    def post(self, request: Request, webhook: str) -> Response:
        known(request)
        nothing(request)
        return Response(_detailed(services.pause_webhook(webhook=named(webhook))))


class WebhookEnableView(APIView):
    """``webhooks/{w}/enable``."""

    required_permissions: ClassVar[Declaration] = _ACT

    @extend_schema(
        tags=_TAGS,
        operation_id="webhooks_enable",
        summary="Let a paused or disabled webhook receive again",
        description="It begins with what waits for it. `not_verified` (409): verify it first.",
        request=shapes.EnableSerializer,
        responses=shapes.WebhookDetailSerializer,
        examples=[
            asked({"replay": True}),
            answered({**WEBHOOK, "figures": {**FIGURES, "hours": HOURS}}),
        ],
    )
    def post(self, request: Request, webhook: str) -> Response:
        known(request)
        body = body_of(request, shapes.EnableSerializer)
        return Response(_detailed(services.enable_webhook(webhook=named(webhook), **body)))


class WebhookSecretView(APIView):
    """``webhooks/{w}/rotate-secret``."""

    required_permissions: ClassVar[Declaration] = _ACT

    @extend_schema(
        tags=_TAGS,
        operation_id="webhooks_rotate_secret",
        summary="Give a webhook a new secret",
        description="For a while both sign, so that no delivery is refused. The answer shows it "
        "this once.",
        request=shapes.NewSecretSerializer,
        responses=shapes.RotatedWebhookSerializer,
        examples=[asked({"overlap_seconds": 3600}), answered({**WEBHOOK, "secret": _SECRET})],
    )
    def post(self, request: Request, webhook: str) -> Response:
        known(request)
        body = body_of(request, shapes.NewSecretSerializer)
        made = services.rotate_secret(
            webhook=named(webhook),
            secret=body.get("secret", ""),
            overlap=timedelta(seconds=body["overlap_seconds"]),
        )
        return Response({**render_webhook(made.webhook), "secret": made.secret}, headers=_NO_STORE)


class WebhookTestView(APIView):
    """``webhooks/{w}/test``."""

    required_permissions: ClassVar[Declaration] = _ACT

    @extend_schema(
        tags=_TAGS,
        operation_id="webhooks_test",
        summary="Send a test event",
        description="One `io.oms.webhook.test.v1`, to this webhook alone. Look at the delivery to "
        "see how it went.",
        request=None,
        responses={202: shapes.DeliverySerializer},
        examples=[answered({**DELIVERY, "state": "pending", "origin": "test"}, 202)],
    )
    def post(self, request: Request, webhook: str) -> Response:
        known(request)
        nothing(request)
        delivery = services.test_webhook(webhook=named(webhook))
        hook = services.get_webhook(webhook=webhook)
        return Response(render_delivery(delivery, hook.name), status=202)


class WebhookRedeliverView(APIView):
    """``webhooks/{w}/redeliver-dead``."""

    required_permissions: ClassVar[Declaration] = _ACT

    @extend_schema(
        tags=_TAGS,
        operation_id="webhooks_redeliver_dead",
        summary="Send every dead letter again",
        request=None,
        responses=shapes.QueuedSerializer,
        examples=[answered({"queued": 3})],
    )
    def post(self, request: Request, webhook: str) -> Response:
        known(request)
        nothing(request)
        return Response({"queued": redeliver_dead(webhook=named(webhook))})


class WebhookReplayView(APIView):
    """``webhooks/{w}/replay``."""

    required_permissions: ClassVar[Declaration] = _ACT

    @extend_schema(
        tags=_TAGS,
        operation_id="webhooks_replay",
        summary="Send a range of events to a webhook again",
        description="As far as it wants them, in order; events keep their ids. Name where the "
        "range begins.",
        request=shapes.ReplaySerializer,
        responses=shapes.ReplayedSerializer,
        examples=[asked({"from_sequence": 1, "to_sequence": 100}), answered(REPLAYED)],
    )
    def post(self, request: Request, webhook: str) -> Response:
        known(request)
        body = body_of(request, shapes.ReplaySerializer)
        return Response(asdict(replay_events(webhook=named(webhook), **body)))


def _detailed(hook: Webhook) -> dict[str, Any]:
    return {
        **render_webhook(hook),
        "figures": render_figures(figures(hook.lane), hours=True),
    }
