"""For operators: streams, lanes, quarantine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final, cast

import strawberry
import strawberry_django
from strawberry.scalars import JSON

from events import models
from events.adapters.jetstream import ConsumerInfo
from events.adapters.streams import StoredMessage, StreamFigures, list_streams, read_stream
from events.domain.sequence import sequence_text
from events.graphql.filters import number
from events.graphql.log import Event
from events.graphql.replays import Replayed
from events.graphql.rows import Column
from events.selectors.lag import LaneLag, lane_names, list_lanes
from events.selectors.log import get_events
from events.selectors.receivers import list_quarantined
from events.services.deliveries import release_quarantined, replay_stream
from oms_project.core.authorization import permissions
from oms_project.core.errors import NotFound
from oms_project.graphql.context import Info, of_each, siblings
from oms_project.graphql.fields import mutation, query
from oms_project.graphql.inputs import filter_text
from oms_project.graphql.payloads import Done
from oms_project.graphql.scalars import Long

__all__ = ["Mutations", "QuarantinedEvent", "Queries"]

_MESSAGES: Final = 100


@strawberry.type(description="A reader of a stream.")
class StreamConsumer:
    name: str
    lag: Long = strawberry.field(description="Messages that were not handed out yet.")
    unacknowledged: Long
    redelivered: Long
    waiting: Long = strawberry.field(description="0: nobody reads now.")
    durable: bool

    @classmethod
    def of(cls, found: ConsumerInfo) -> StreamConsumer:
        return cls(**asdict(found))


@strawberry.type(description="A stream of events.")
class Stream:
    name: str
    ontology: str
    subjects: list[str]
    messages: Long
    bytes: Long | None = strawberry.field(description="Null: nobody counts them.")
    first_sequence: Long
    last_sequence: Long
    first_time: dt.datetime | None
    last_time: dt.datetime | None
    lag: Long = strawberry.field(description="Events that still have to be published into it.")
    consumers: list[StreamConsumer]

    @classmethod
    def of(cls, found: StreamFigures) -> Stream:
        return cls(
            name=found.name,
            ontology=found.ontology,
            subjects=list(found.subjects),
            messages=Long(found.messages),
            bytes=None if found.bytes is None else Long(found.bytes),
            first_sequence=Long(found.first_sequence),
            last_sequence=Long(found.last_sequence),
            first_time=found.first_time,
            last_time=found.last_time,
            lag=Long(found.lag),
            consumers=[StreamConsumer.of(one) for one in found.consumers],
        )


@strawberry.type(description="An event as a stream keeps it.")
class StreamMessage:
    stream: str
    subject: str
    sequence: Long = strawberry.field(description="The stream's own number of it.")
    time: dt.datetime | None
    event: JSON = strawberry.field(description="The CloudEvent.")

    @classmethod
    def of(cls, found: StoredMessage) -> StreamMessage:
        return cls(
            stream=found.stream,
            subject=found.subject,
            sequence=Long(found.sequence),
            time=found.time,
            event=JSON(found.event),
        )


@strawberry.type(description="A part of a stream.")
class StreamMessages:
    nodes: list[StreamMessage]
    next: Long | None = strawberry.field(description="The number to go on from; null: the end.")


@strawberry.type(description="A lane in which something waits.")
class WaitingLane:
    lane: str
    name: str = strawberry.field(description="Of the webhook or rule.")
    waiting: Long
    lag_seconds: float = strawberry.field(description="Age of the oldest event.")
    failing: Long = strawberry.field(description="Keys that wait because of failures.")
    error: str

    @classmethod
    def of(cls, found: LaneLag) -> WaitingLane:
        return cls(
            lane=found.lane,
            name=found.name,
            waiting=Long(found.waiting),
            lag_seconds=round(found.lag, 3),
            failing=Long(found.failing),
            error=found.error,
        )


@strawberry_django.type(
    models.Quarantined,
    field_cls=Column,
    name="QuarantinedEvent",
    description="An event that a lane could not take.",
    fields=["id", "lane", "key", "error", "failures", "at"],
)
class QuarantinedEvent:
    """A row as it is."""

    @classmethod
    def of(cls, row: models.Quarantined) -> QuarantinedEvent:
        row.siblings = None  # type: ignore[attr-defined] # for `of_each`
        return cast("QuarantinedEvent", row)

    @strawberry.field(description="The event's place: 20 digits, which sort as text.")
    def sequence(self) -> str:
        return sequence_text(cast("Any", self).seq)

    @strawberry.field(description="Of the webhook or rule.")
    def name(self) -> str:
        return of_each(self, "name", _names)  # type: ignore[no-any-return]

    @strawberry.field(description="Null: it is not kept any more, or not for you.")
    def event(self) -> Event | None:
        return of_each(self, "event", _events)  # type: ignore[no-any-return]


def _names(rows: Sequence[Any]) -> list[str]:
    found = lane_names(sorted({row.lane for row in rows}))
    return [found.get(row.lane, row.lane) for row in rows]


def _events(rows: Sequence[Any]) -> list[Event | None]:
    found = get_events(sequences={row.seq for row in rows})
    return [Event.of(found[row.seq]) if row.seq in found else None for row in rows]


@strawberry.type
class Queries:
    """Reads."""

    @query(requires=permissions.EVENTS_ADMINISTER)
    def streams(self, info: Info) -> list[Stream]:
        """The streams with their size, lag and readers. Without a stream server there is one, the
        outbox; its readers are the lanes in which something waits.
        """
        return [Stream.of(one) for one in list_streams()]

    @query(requires=permissions.EVENTS_ADMINISTER)
    def stream_messages(
        self,
        info: Info,
        stream: str,
        from_sequence: Long | None = None,
        from_time: dt.datetime | None = None,
        subject: str = "",
        limit: int = _MESSAGES,
    ) -> StreamMessages:
        """What a stream keeps, in its order, from a number of the stream or from a time on; of one
        `subject` (`*` and `>` as NATS has them).
        """
        found = read_stream(
            stream=stream,
            subject=filter_text(subject, "subject"),
            from_sequence=from_sequence,
            from_time=from_time,
            limit=limit,
        )
        more = Long(found[-1].sequence + 1) if len(found) == limit else None
        return StreamMessages(nodes=[StreamMessage.of(one) for one in found], next=more)

    @query(requires=permissions.EVENTS_ADMINISTER)
    def event_lanes(self, info: Info) -> list[WaitingLane]:
        """Every lane in which something waits, and for how long."""
        return [WaitingLane.of(one) for one in list_lanes()]

    @query(requires=permissions.EVENTS_ADMINISTER)
    def event_quarantine(self, info: Info) -> list[QuarantinedEvent]:
        """What could not be passed on, newest first; at most 200."""
        return list(siblings([QuarantinedEvent.of(row) for row in list_quarantined()]))


@strawberry.type
class Mutations:
    """Writes."""

    @mutation(requires=permissions.EVENTS_ADMINISTER)
    def release_quarantined(self, info: Info, id: strawberry.ID, drop: bool = False) -> Done:
        """Send what is in quarantine again, or with `drop` forget it."""
        missing = NotFound(f"There is nothing {id[:40]} in quarantine.", code="not_quarantined")
        release_quarantined(entry=number(id, missing), drop=drop)
        return Done()

    @mutation(requires=permissions.EVENTS_ADMINISTER)
    def replay_streams(
        self, info: Info, from_sequence: Long, to_sequence: Long | None = None
    ) -> Replayed:
        """Publish a range of events to the streams again, for streams that were lost. Readers know
        events again by their ids.
        """
        return Replayed.of(replay_stream(from_sequence=from_sequence, to_sequence=to_sequence))
