"""Events as Celery tasks that rules name: ``task(event)``, with the event as a JSON object.

The id of the task is made of rule and event, so that a worker can tell one that comes again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import orjson
from kombu.exceptions import EncodeError, OperationalError

from events.sinks import Item, Outcome, Result, Work
from oms_project.celery import app

__all__ = ["TaskSink"]

_TIMEOUT: Final = 10.0


class TaskSink:
    """Puts tasks into the broker; what the worker does with them is its own."""

    batch = 100

    async def deliver(self, work: Work) -> Sequence[Result]:
        """See `Sink.deliver`."""
        results: list[Result] = []
        for item in work.items:
            try:
                async with asyncio.timeout(_TIMEOUT):
                    await asyncio.to_thread(_send, work, item)
            except EncodeError as error:
                results.append(Result(item, Outcome.REFUSED, error=str(error)))
            except (OperationalError, OSError, TimeoutError) as error:
                reason = f"The broker does not answer: {error!r}"[:300]
                results.append(Result(item, Outcome.RETRY, error=reason))
                break
            else:
                results.append(Result(item, Outcome.DONE))
        return results

    async def close(self) -> None:
        """See `Sink.close`."""


def _send(work: Work, item: Item) -> None:
    event: dict[str, Any] = orjson.loads(item.body)
    event["sequence"] = f"{item.seq:020}"
    headers = {name: event[name] for name in ("traceparent", "tracestate") if name in event}
    app.send_task(
        work.settings,
        args=(event,),
        task_id=f"{work.rest}:{event['id']}",
        headers=headers,
        retry=False,
        ignore_result=True,
    )
