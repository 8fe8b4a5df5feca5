"""Streams are made when they are first needed, and follow the settings from then on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import structlog

from events.adapters.nats_connection import ApiError, Connection
from events.domain.subjects import subjects_in

__all__ = ["STREAM_NOT_FOUND", "StreamLimits", "ensure_stream"]

log = structlog.get_logger("oms.events")

#: NATS's numbers for what went wrong.
STREAM_NOT_FOUND: Final = 10059
_NAME_IN_USE: Final = 10058
_NO_ROOM: Final = 10047
_SECOND: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """How streams are kept.

    Attributes:
        duplicate_window: seconds for which an id is remembered.
        max_age: seconds that a message is kept; 0: no limit.
        max_bytes: size of a stream; -1: no limit.
        replicas: servers that keep it.
    """

    duplicate_window: float
    max_age: float
    max_bytes: int
    replicas: int

    def config(self, stream: str) -> dict[str, Any]:
        """A stream's configuration as NATS writes it: times are nanoseconds."""
        # The server takes no window that is longer than messages are kept.
        window = self.duplicate_window
        if self.max_age > 0:
            window = min(window, self.max_age)
        return {
            "name": stream,
            "subjects": subjects_in(stream),
            "retention": "limits",
            "storage": "file",
            "discard": "old",
            "max_age": int(self.max_age * _SECOND),
            "max_bytes": self.max_bytes,
            "duplicate_window": int(window * _SECOND),
            "num_replicas": self.replicas,
        }


async def ensure_stream(connection: Connection, limits: StreamLimits, stream: str) -> None:
    """Make a stream, or change it to what ``limits`` says where NATS allows that. Never deletes.

    Raises:
        ValueError: it is no name of a stream of events.
        ApiError: the server does not let it be made.
        Unavailable: the server does not answer.
    """
    wanted = limits.config(stream)
    try:
        found = await connection.api(f"STREAM.INFO.{stream}")
    except ApiError as error:
        if error.number != STREAM_NOT_FOUND:
            raise
        try:
            await connection.api(f"STREAM.CREATE.{stream}", wanted)
        except ApiError as refused:
            if refused.number == _NO_ROOM and limits.max_bytes > 0:
                # A size is room that is set aside, also for a stream that stays small. Without one
                # it can be kept, and drops what is too old.
                await connection.api(f"STREAM.CREATE.{stream}", {**wanted, "max_bytes": -1})
                log.warning(
                    "stream has no limit of its size: the server has not so much room left",
                    stream=stream,
                    max_bytes=limits.max_bytes,
                )
            # Another process made it in this moment, with other limits.
            elif refused.number != _NAME_IN_USE:
                raise
        return
    have = found["config"]
    changes = {key: value for key, value in wanted.items() if have.get(key) != value}
    if not changes:
        return
    try:
        await connection.api(f"STREAM.UPDATE.{stream}", {**have, **changes})
    except ApiError as refused:
        log.warning(
            "stream keeps its configuration",
            stream=stream,
            differs=sorted(changes),
            reason=str(refused),
        )
