"""``/api/v1/events…``, ``webhooks…``, ``deliveries…``, ``routing-rules…``, ``streams…``."""

from __future__ import annotations

from django.urls import path

from events.api.views import deliveries, log, operations, rules, webhooks

__all__ = ["urlpatterns"]

_HOOK = "webhooks/<str:webhook>"
_RULE = "routing-rules/<str:rule>"
_DELIVERY = "deliveries/<int:delivery>"

# Ids of events of other systems may hold slashes.
urlpatterns = [
    path("events", log.EventsView.as_view(), name="events"),
    path("events/<path:event>/lanes", log.EventLanesView.as_view(), name="event-who"),
    path("events/<path:event>", log.EventDetailView.as_view(), name="event"),
    path("event-types", log.EventTypesView.as_view(), name="event-types"),
    path(
        "event-types/<str:event_type>/schema",
        log.EventTypeSchemaView.as_view(),
        name="event-type-schema",
    ),
    path("event-types/<str:event_type>", log.EventTypeView.as_view(), name="event-type"),
    path("event-lanes", operations.LanesView.as_view(), name="event-lanes"),
    path("event-quarantine", operations.QuarantineView.as_view(), name="event-quarantine"),
    path(
        "event-quarantine/<int:entry>/release",
        operations.QuarantineReleaseView.as_view(),
        name="event-quarantine-release",
    ),
    path("streams", operations.StreamsView.as_view(), name="streams"),
    path(
        "streams/<str:stream>/messages",
        operations.StreamMessagesView.as_view(),
        name="stream-messages",
    ),
    path("streams/replay", operations.StreamReplayView.as_view(), name="streams-replay"),
    path("webhooks", webhooks.WebhooksView.as_view(), name="webhooks"),
    path(_HOOK, webhooks.WebhookView.as_view(), name="webhook"),
    path(f"{_HOOK}/verify", webhooks.WebhookVerifyView.as_view(), name="webhook-verify"),
    path(f"{_HOOK}/pause", webhooks.WebhookPauseView.as_view(), name="webhook-pause"),
    path(f"{_HOOK}/enable", webhooks.WebhookEnableView.as_view(), name="webhook-enable"),
    path(f"{_HOOK}/rotate-secret", webhooks.WebhookSecretView.as_view(), name="webhook-secret"),
    path(f"{_HOOK}/test", webhooks.WebhookTestView.as_view(), name="webhook-test"),
    path(f"{_HOOK}/redeliver-dead", webhooks.WebhookRedeliverView.as_view(), name="webhook-dead"),
    path(f"{_HOOK}/replay", webhooks.WebhookReplayView.as_view(), name="webhook-replay"),
    path("deliveries", deliveries.DeliveriesView.as_view(), name="deliveries"),
    path(_DELIVERY, deliveries.DeliveryView.as_view(), name="delivery"),
    path(
        f"{_DELIVERY}/redeliver",
        deliveries.DeliveryRedeliverView.as_view(),
        name="delivery-redeliver",
    ),
    path(f"{_DELIVERY}/cancel", deliveries.DeliveryCancelView.as_view(), name="delivery-cancel"),
    path("routing-rules", rules.RulesView.as_view(), name="routing-rules"),
    path("routing-rules/preview", rules.RulePreviewView.as_view(), name="routing-rules-preview"),
    path(_RULE, rules.RuleView.as_view(), name="routing-rule"),
    path(f"{_RULE}/replay", rules.RuleReplayView.as_view(), name="routing-rule-replay"),
]
