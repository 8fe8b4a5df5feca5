"""The streams as people ask for them: those of JetStream, or, without it, the outbox's own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from django.conf import settings
from django.db.models import Count, Max, Min

from events.access import check_administers
from events.adapters.jetstream import ConsumerInfo, StreamInfo
from events.adapters.stream_sink import connect
from events.domain.lanes import STREAM
from events.domain.subjects import STREAM_PREFIX, name_of
from events.models import Event, Pending
from oms_project.core.errors import Conflict, Invalid, NotFound, Unavailable

__all__ = ["StoredMessage", "StreamFigures", "list_streams", "read_stream", "stream_health"]

#: Messages of one page.
_PAGE: Final = 500


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


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """An event as a stream keeps it.

    Attributes:
        sequence: the stream's own number of it.
        time: when the stream took it.
        event: the CloudEvent as a JSON object.
    """

    stream: str
    subject: str
    sequence: int
    time: datetime
    event: Any


def read_stream(
    *,
    stream: str,
    subject: str = "",
    from_sequence: int | None = None,
    from_time: datetime | None = None,
    limit: int = 100,
) -> list[StoredMessage]:
    """What a stream of JetStream keeps, in its order, from a number or a time on.

    Args:
        subject: only this one; may hold wildcards of NATS: ``oms.logistics.ontology.commit.>``.
        limit: 1 to 500.

    Raises:
        PermissionDenied: without ``events.administer`` for everything.
        Conflict: ``no_stream_server``. NotFound: ``stream_not_found``. Invalid: both starts.
        Unavailable: the stream server does not answer.
    """
    check_administers(())
    if not settings.NATS_URL:
        raise Conflict(
            "There is no stream server: set NATS_URL. The outbox itself is read as events.",
            code="no_stream_server",
        )
    if from_sequence is not None and from_time is not None:
        raise Invalid("Start from a number or from a time, not both.", code="bad_range")
    if not 1 <= limit <= _PAGE:
        raise Invalid(f"Between 1 and {_PAGE} messages; {limit} were asked for.", code="bad_limit")
    return asyncio.run(_read(stream, subject, from_sequence, from_time, limit))


async def _read(
    stream: str,
    subject: str,
    from_sequence: int | None,
    from_time: datetime | None,
    limit: int,
) -> list[StoredMessage]:
    server = connect(name="oms-reader")
    found: list[StoredMessage] = []
    try:
        if stream not in {one.name for one in await server.streams()}:
            raise NotFound(f"There is no stream '{stream}'.", code="stream_not_found")
        async for message in server.replay(
            stream=stream,
            subject=subject,
            from_sequence=from_sequence,
            from_time=from_time,
            limit=limit,
        ):
            try:
                event = orjson.loads(message.payload)
            except ValueError:  # what others put in
                event = message.payload.decode(errors="replace")
            found.append(
                StoredMessage(
                    message.stream, message.subject, message.sequence, message.time, event
                )
            )
    finally:
        await server.close()
    return found


def stream_health() -> dict[str, Any]:
    """A health check: whether the stream server answers."""
    found = asyncio.run(_pinged())
    if not found.pop("ok"):
        raise Unavailable(found["error"])
    return {name: value for name, value in found.items() if name != "error"}


async def _pinged() -> dict[str, Any]:
    server = connect(name="oms-health")
    try:
        return await server.ping()
    finally:
        await server.close()


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
