"""Events into channel groups that rules name."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from channels.layers import get_channel_layer

from events.sinks import Outcome, Result, Work

__all__ = ["ChannelSink"]

_TIMEOUT: Final = 5.0


class ChannelSink:
    """Sends ``{"type": "oms.event", "sequence", "event_type", "body"}`` to a group."""

    batch = 100

    async def deliver(self, work: Work) -> Sequence[Result]:
        """See `Sink.deliver`."""
        layer: Any = get_channel_layer()
        results: list[Result] = []
        for item in work.items:
            message = {
                "type": "oms.event",
                "sequence": item.seq,
                "event_type": item.type,
                "body": item.body,
            }
            try:
                async with asyncio.timeout(_TIMEOUT):
                    await layer.group_send(work.settings, message)
            except (TypeError, ValueError) as error:  # no name of a group: it never will be
                results.append(Result(item, Outcome.REFUSED, error=str(error)))
            except Exception as error:  # noqa: BLE001 - a layer of any make that is away
                results.append(Result(item, Outcome.RETRY, error=repr(error)[:300]))
                break
            else:
                results.append(Result(item, Outcome.DONE))
        return results

    async def close(self) -> None:
        """See `Sink.close`."""
