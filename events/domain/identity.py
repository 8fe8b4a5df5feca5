"""What a message is called on its way, so that a receiver can tell one that comes again."""

from __future__ import annotations

import uuid
from typing import Any, Final

import orjson

from oms_project.core.outbox import PREFIX

__all__ = ["message_id", "outside_id"]

_OUTSIDE: Final = uuid.UUID("0e5f2f5c-6a63-5d0e-8a0f-1f7a4f3a9c27")


def message_id(event: Any) -> str:
    """OMS's own id of an event (a CloudEvent as a JSON object), or one that is made of an outside
    event's source and id: these are unique together only, and may be any text.
    """
    if event["type"].startswith(PREFIX):
        return str(event["id"])
    return str(uuid.uuid5(_OUTSIDE, f"{event['source']}\n{event['id']}"))


def outside_id(body: str) -> str:
    """As ``message_id``, of an event as structured JSON."""
    return message_id(orjson.loads(body))
