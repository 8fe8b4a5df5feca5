"""From models to the members of answers."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import orjson

from events.domain.cloudevents import with_sequence
from events.domain.handshake import Verification
from events.domain.sequence import sequence_text
from events.models import Attempt, Delivery, Filtered, Quarantined, Rule, Webhook
from events.selectors.log import EventView
from events.selectors.receivers import Figures

__all__ = [
    "render_attempt",
    "render_delivery",
    "render_event",
    "render_figures",
    "render_quarantined",
    "render_rule",
    "render_verification",
    "render_webhook",
]

_FILTER = ("types", "ontologies", "branches", "object_types", "expression")
_WEBHOOK = (
    "id", "name", "url", "description", "state", "notice", "format", "order", "concurrency",
    "batch_size", "timeout", "rate",
)  # fmt: skip
_DELIVERY = ("type", "state", "origin", "attempts", "status", "error")
_DELIVERY_TIMES = ("created_at", "first_at", "retry_at", "finished_at")
_ATTEMPT = (
    "number", "request", "at", "milliseconds", "status", "error", "detail", "request_headers",
    "response_headers", "response_body",
)  # fmt: skip


def render_event(view: EventView) -> orjson.Fragment:
    """An event as it is kept, with its sequence: every number keeps its value."""
    return orjson.Fragment(with_sequence(view.text, view.sequence))


def render_webhook(hook: Webhook) -> dict[str, Any]:
    """A webhook, without secrets."""
    times = ("verified_at", "disabled_at", "failing_since")
    return {**_members(hook, _WEBHOOK), **_members(hook, times), **_filtered(hook)}


def render_figures(figures: Figures, *, hours: bool) -> dict[str, Any]:
    """How a receiver does."""
    members: dict[str, Any] = {
        "waiting": figures.waiting,
        "lag_seconds": round(figures.lag, 3),
        "delivered": figures.delivered,
        "dead": figures.dead,
        "retry_at": figures.retry_at,
        "error": figures.error,
    }
    if hours:
        members["hours"] = [asdict(hour) for hour in figures.hours]
    return members


def render_verification(found: Verification | None) -> dict[str, Any] | None:
    """How a receiver answered."""
    return None if found is None else asdict(found)


def render_rule(rule: Rule) -> dict[str, Any]:
    """A rule."""
    names = ("id", "name", "description", "enabled", "sink", "target")
    return {**_members(rule, names), **_filtered(rule)}


def render_delivery(delivery: Delivery, name: str) -> dict[str, Any]:
    """A delivery.

    Args:
        name: of its webhook or rule.
    """
    return {
        "id": delivery.pk,
        "lane": delivery.lane,
        "name": name,
        "sequence": sequence_text(delivery.seq),
        **_members(delivery, _DELIVERY),
        **_members(delivery, _DELIVERY_TIMES),
    }


def render_attempt(attempt: Attempt) -> dict[str, Any]:
    """A request, and its answer."""
    return _members(attempt, _ATTEMPT)


def render_quarantined(entry: Quarantined, name: str) -> dict[str, Any]:
    """What a lane could not take."""
    return {
        "id": entry.pk,
        "lane": entry.lane,
        "name": name,
        "key": entry.key,
        "sequence": sequence_text(entry.seq),
        "error": entry.error,
        "failures": entry.failures,
        "at": entry.at,
    }


def _filtered(row: Filtered) -> dict[str, Any]:
    return {
        **_members(row, _FILTER),
        "owner": row.owner_username,
        **_members(row, ("created_at", "updated_at")),
    }


def _members(row: object, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}
