"""What comes in over JetStream: events of other systems, and OMS's own for its consumers.

Durable pull consumers; an inbox row per event makes effects happen once, also when the stream
brings an event again after its own window for duplicates.
"""

from __future__ import annotations

from typing import Final

import structlog

__all__ = ["INBOUND_STREAM", "INBOUND_SUBJECTS", "StreamReaders"]

log = structlog.get_logger("oms.events")

#: Other systems publish CloudEvents (structured or binary) below this subject.
INBOUND_STREAM: Final = "OMS-IN"
INBOUND_SUBJECTS: Final = ("oms-in.>",)
_LOOK_EVERY: Final = 30.0


class StreamReaders:
    """Reads from streams while the relay runs; nothing without ``NATS_URL``."""

    async def start(self) -> None:
        """Begin to read."""

    async def stop(self) -> None:
        """End reading; what is under way is finished."""
