"""Tells the channel layer what happens, for subscriptions and live pages.

At most once, as channel layers are: who must miss nothing goes on from the last sequence that it
has seen, in the outbox. A layer that is away holds up nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final

import structlog

from events.services.routing import Routed

__all__ = ["GROUP", "group_of", "tell"]

log = structlog.get_logger("oms.events")

#: The group that hears of every event.
GROUP: Final = "oms.events"
_TIMEOUT: Final = 2.0
#: More events at once are not told one by one: a listener reads them from the outbox.
_MANY: Final = 50


def group_of(ontology: str) -> str:
    """The group that hears of the events of an ontology."""
    return f"{GROUP}.{ontology}"[:99]


async def tell(routed: Sequence[Routed]) -> None:
    """Send ``{"type": "oms.event", "sequence", "event_type", "ontology", "body"}`` to the groups
    of each event; of many at once only the last sequence, with an empty body.
    """
    layer = _layer()
    if layer is None or not routed:
        return
    messages: dict[str, list[dict[str, Any]]] = {}
    for one in routed:
        message = {
            "type": "oms.event",
            "sequence": one.seq,
            "event_type": one.type,
            "ontology": one.ontology,
            "body": one.body,
        }
        for group in (GROUP, *((group_of(one.ontology),) if one.ontology else ())):
            messages.setdefault(group, []).append(message)
    try:
        async with asyncio.timeout(_TIMEOUT):
            for group, some in messages.items():
                told = some
                if len(some) > _MANY:
                    told = [{**some[-1], "event_type": "", "body": ""}]
                for message in told:
                    await layer.group_send(group, message)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the outbox goes on
        log.warning("channel layer was not told", reason=repr(error)[:300])


def _layer() -> Any:
    return import_module("channels.layers").get_channel_layer()
