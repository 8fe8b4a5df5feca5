"""What the relay gives to a sink, and what a sink gives back.

A sink is one way out: a stream, webhooks, a task queue, channel groups. Settings name its class
(``OMS_EVENT_SINKS``); the relay never learns what is behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

__all__ = ["Item", "Outcome", "Result", "Sink", "Trial", "Work"]


@dataclass(frozen=True, slots=True)
class Item:
    """An event that has to go down a lane.

    Attributes:
        seq: its number in the outbox.
        body: the CloudEvent as structured JSON, without its sequence.
        id, ontology: of the event, so that a sink need not parse the body for them.
        delivery: id of its delivery; None in a lane that keeps none.
        attempts: of the delivery so far.
        first_at: when the first of them was.
    """

    seq: int
    type: str
    body: str = field(repr=False)
    id: str = ""
    ontology: str = ""
    delivery: int | None = None
    attempts: int = 0
    first_at: datetime | None = None


class Outcome(StrEnum):
    """What became of an event in a lane."""

    DONE = "done"
    RETRY = "retry"  # again later; in a lane with an order, what is behind it waits
    DEAD = "dead"  # never again by itself
    REFUSED = "refused"  # it can never go down this lane: quarantine


@dataclass(frozen=True, slots=True)
class Trial:
    """A request of a webhook and its answer, for the log."""

    request: str
    at: datetime
    milliseconds: float
    status: int | None
    error: str = ""
    detail: str = ""
    request_headers: Mapping[str, str] = field(default_factory=dict)
    response_headers: Mapping[str, str] = field(default_factory=dict)
    response_body: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """How it ended for one item.

    Attributes:
        delay: seconds until it is tried again, for RETRY; None: the relay's own backoff.
        error: one sentence; empty when it is done.
    """

    item: Item
    outcome: Outcome
    delay: float | None = None
    error: str = ""
    trial: Trial | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """Some events of one key of one lane, in order. The relay keeps its lease on them however long
    a sink takes, and cancels the sink when it has lost it.

    Attributes:
        rest: what stands behind the lane's first word: an id, a name.
        ordered: whether nothing may overtake an event that has to wait: then the sink stops at the
            first one that it cannot pass on, and gives no results for what is behind it.
        settings: of the lane, as `events.services.lanes` has read them: a webhook, a rule.
    """

    lane: str
    rest: str
    key: str
    items: Sequence[Item]
    ordered: bool = True
    settings: Any = None


class Sink(Protocol):
    """Passes events on. Made once per relay, used in its event loop only."""

    #: How many events it takes in one go.
    batch: int

    async def deliver(self, work: Work) -> Sequence[Result]:
        """Pass the items on, in their order; the results of those that were tried.

        Never raises for what the other side does. An exception is a bug: the items are tried
        again with backoff.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
