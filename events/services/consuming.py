"""Consumers: an effect happens once, however often its event arrives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection, transaction

from events.contract import Consumer, ReceivedEvent
from oms_project.core.clock import utc_now
from oms_project.core.context import SYSTEM, Source, acting_as, request_scope
from oms_project.core.ids import new_id

__all__ = ["consume", "received", "seen_before"]

_SEEN = (
    "INSERT INTO events_inboxentry (consumer, source, event, at) VALUES (%s, %s, %s, %s)"
    " ON CONFLICT DO NOTHING"
)


def received(event: Mapping[str, Any]) -> ReceivedEvent:
    """A CloudEvent in structured JSON as a consumer gets it."""
    attributes = {
        name: str(value) for name, value in event.items() if name not in {"data", "data_base64"}
    }
    return ReceivedEvent(attributes, event.get("data"))


def seen_before(consumer: str, *, source: str, event: str) -> bool:
    """Note in the open transaction that a consumer does what an event asks for.

    Returns:
        Whether it has done so before.
    """
    moment = connection.ops.adapt_datetimefield_value(utc_now())
    with connection.cursor() as cursor:
        cursor.execute(_SEEN, (consumer, source, event, moment))
        return bool(cursor.rowcount == 0)


def consume(consumer: Consumer, event: ReceivedEvent) -> bool:
    """Let a consumer do its work, unless it has done it; one transaction.

    Returns:
        Whether it did anything.
    """
    source = Source(door="worker", operation=f"consumer {consumer.name}")
    with acting_as(SYSTEM), request_scope(new_id(), source), transaction.atomic():
        if seen_before(consumer.name, source=event.attributes["source"], event=event.id):
            return False
        consumer.function(event)
    return True
