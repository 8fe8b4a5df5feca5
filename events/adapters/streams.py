"""The streams as people ask for them: those of JetStream, or, without it, the outbox's own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Max, Min

from events.access import check_administers
from events.adapters.jetstream import ConsumerInfo, StreamInfo
from events.adapters.stream_sink import connect
from events.domain.lanes import STREAM
from events.domain.subjects import STREAM_PREFIX, name_of
from events.models import Event, Pending

__all__ = ["StreamFigures", "list_streams"]


@dataclass(frozen=True, slots=True)
class StreamFigures:
    """A stream of events.

    Attributes:
        name: of the stream in JetStream; without JetStream ``outbox``.
        ontology: name of the ontology; empty for the platform's own events and for rules.
        messages, bytes: what it holds; bytes is None where nobody counts them.
        first_sequence, last_sequence: the stream's own numbers.
        lag: events that OMS still has to publish into it.
        consumers: who reads it, and how far behind each is.
    """

    name: str
    ontology: str
    subjects: tuple[str, ...]
    messages: int
    bytes: int | None
    first_sequence: int
    last_sequence: int
    first_time: datetime | None
    last_time: datetime | None
    lag: int
    consumers: Sequence[ConsumerInfo] = ()


def list_streams() -> list[StreamFigures]:
    """Every stream, with lag, size and consumers.

    Raises:
        PermissionDenied: without ``events.administer`` for everything.
        Unavailable: the stream server does not answer.
    """
    check_administers(())
    return list(_jetstream() if settings.NATS_URL else _outbox())


def _outbox() -> Iterator[StreamFigures]:
    figures = Event.objects.aggregate(
        count=Count("seq"),
        first=Min("seq"),
        last=Max("seq"),
        begin=Min("added"),
        end=Max("added"),
    )
    waiting = list(Pending.objects.values("lane").annotate(waiting=Count("seq")).order_by("lane"))
    consumers = [
        ConsumerInfo(row["lane"], row["waiting"], 0, 0, 0, durable=True) for row in waiting
    ]
    yield StreamFigures(
        name="outbox",
        ontology="",
        subjects=(),
        messages=figures["count"],
        bytes=None,
        first_sequence=figures["first"] or 0,
        last_sequence=figures["last"] or 0,
        first_time=figures["begin"],
        last_time=figures["end"],
        lag=0,
        consumers=consumers,
    )


def _jetstream() -> Iterator[StreamFigures]:
    found = asyncio.run(_asked())
    waiting = {
        row["ontology"]: row["waiting"]
        for row in Event.objects.filter(seq__in=Pending.objects.filter(lane=STREAM).values("seq"))
        .values("ontology")
        .annotate(waiting=Count("seq"))
    }
    for one in found:
        ontology = name_of(one.name.removeprefix(STREAM_PREFIX))
        yield StreamFigures(
            name=one.name,
            # Streams of rules and of what comes in have a colon, which no ontology's name has.
            ontology="" if ":" in ontology else ontology,
            subjects=one.subjects,
            messages=one.messages,
            bytes=one.bytes,
            first_sequence=one.first_sequence,
            last_sequence=one.last_sequence,
            first_time=one.first_time,
            last_time=one.last_time,
            lag=waiting.get(ontology, 0),
            consumers=one.consumers,
        )


async def _asked() -> list[StreamInfo]:
    stream = connect(name="oms-figures")
    try:
        return await stream.streams()
    finally:
        await stream.close()
