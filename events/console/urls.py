"""Addresses of the pages about events, below the console's ``events/``."""

from __future__ import annotations

from django.urls import path

from events.console.views import deliveries, log, rules, streams, webhooks

__all__ = ["app_name", "urlpatterns"]

app_name = "events_console"

urlpatterns = [
    path("", log.listing, name="log"),
    path("tail/", log.tail, name="tail"),
    path("log/<str:event>/", log.event, name="event"),
    path("webhooks/", webhooks.listing, name="webhooks"),
    path("webhooks/new/", webhooks.create, name="new_webhook"),
    path("webhooks/<str:webhook>/", webhooks.webhook, name="webhook"),
    path("webhooks/<str:webhook>/edit/", webhooks.edit, name="edit_webhook"),
    path("webhooks/<str:webhook>/act/", webhooks.act, name="act_webhook"),
    path("webhooks/<str:webhook>/secret/", webhooks.rotate, name="rotate_secret"),
    path("webhooks/<str:webhook>/replay/", webhooks.replay, name="replay_webhook"),
    path("webhooks/<str:webhook>/delete/", webhooks.delete, name="delete_webhook"),
    path("deliveries/", deliveries.listing, name="deliveries"),
    path("deliveries/<int:delivery>/", deliveries.delivery, name="delivery"),
    path("deliveries/<int:delivery>/act/", deliveries.act, name="act_delivery"),
    path("rules/", rules.listing, name="rules"),
    path("rules/new/", rules.create, name="new_rule"),
    path("rules/<str:rule>/", rules.rule, name="rule"),
    path("rules/<str:rule>/edit/", rules.edit, name="edit_rule"),
    path("rules/<str:rule>/act/", rules.act, name="act_rule"),
    path("rules/<str:rule>/replay/", rules.replay, name="replay_rule"),
    path("rules/<str:rule>/delete/", rules.delete, name="delete_rule"),
    path("streams/", streams.streams, name="streams"),
    path("streams/publish/", streams.publish, name="publish_streams"),
    path("streams/quarantine/<int:entry>/", streams.release, name="quarantine"),
]
