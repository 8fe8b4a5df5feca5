"""Sending a range of events again: what is said, and what comes of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import strawberry

from events.services.deliveries import Replay
from oms_project.graphql.scalars import Long

__all__ = ["Queued", "ReplayInput", "Replayed"]


@strawberry.input(description="A range of events, by their places or by when they were written.")
class ReplayInput:
    from_sequence: Long | None = strawberry.field(default=None, description="Included.")
    to_sequence: Long | None = strawberry.field(default=None, description="Included.")
    from_time: dt.datetime | None = strawberry.field(default=None, description="Included.")
    to_time: dt.datetime | None = strawberry.field(default=None, description="Not included.")
    dry_run: bool = strawberry.field(default=False, description="Only say how many.")

    def members(self) -> dict[str, Any]:
        """As arguments of `replay_events`."""
        return {
            "from_sequence": self.from_sequence,
            "to_sequence": self.to_sequence,
            "from_time": self.from_time,
            "to_time": self.to_time,
            "dry_run": self.dry_run,
        }


@strawberry.type(description="What a replay came to.")
class Replayed:
    looked_at: Long = strawberry.field(description="Events in the range.")
    matched: Long = strawberry.field(description="Those that are wanted, and may be had.")
    queued: Long = strawberry.field(description="Those that go out (again).")
    dry_run: bool

    @classmethod
    def of(cls, done: Replay) -> Replayed:
        return cls(
            looked_at=Long(done.looked_at),
            matched=Long(done.matched),
            queued=Long(done.queued),
            dry_run=done.dry_run,
        )


@strawberry.type(description="How many go out again.")
class Queued:
    queued: Long
