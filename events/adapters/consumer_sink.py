"""Events to the consumers of this process, where there is no stream server."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import orjson
import structlog
from django.db import DatabaseError, close_old_connections

from events.contract import Consumer, registered_consumers
from events.services.consuming import consume, received
from events.sinks import Item, Outcome, Result, Work

__all__ = ["ConsumerSink"]

log = structlog.get_logger("oms.events")

#: After so many failures an event goes into quarantine, and what is behind it goes on.
_PATIENCE: Final = 8
_LONGEST: Final = 60.0


class ConsumerSink:
    """Calls functions, one event after the other."""

    batch = 50

    async def deliver(self, work: Work) -> Sequence[Result]:
        """See `Sink.deliver`."""
        consumer = next(one for one in registered_consumers() if one.name == work.rest)
        return await asyncio.to_thread(_run, consumer, work.items)

    async def close(self) -> None:
        """See `Sink.close`."""


def _run(consumer: Consumer, items: Sequence[Item]) -> list[Result]:
    results: list[Result] = []
    close_old_connections()
    try:
        for item in items:
            try:
                consume(consumer, received(orjson.loads(item.body)))
            except Exception as error:
                log.exception("consumer failed", consumer=consumer.name, sequence=item.seq)
                spent = item.attempts + 1 >= _PATIENCE and not isinstance(error, DatabaseError)
                results.append(
                    Result(
                        item,
                        Outcome.REFUSED if spent else Outcome.RETRY,
                        delay=min(2.0**item.attempts, _LONGEST),
                        error=repr(error)[:500],
                    )
                )
                if not spent:
                    break
            else:
                results.append(Result(item, Outcome.DONE))
    finally:
        close_old_connections()
    return results
