"""Events into JetStream: the stream of their ontology, or the one that a rule names."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from django.conf import settings

from events.adapters.jetstream import JetStream, Outgoing
from events.domain.cloudevents import STRUCTURED, with_sequence
from events.domain.subjects import stream_of, subject_of
from events.sinks import Item, Outcome, Result, Work

__all__ = ["StreamSink", "connect"]


def connect(*, name: str = "oms") -> JetStream:
    """JetStream as the settings have it; nothing is sent before it is used."""
    return JetStream(
        settings.NATS_URL,
        duplicate_window=settings.OMS_NATS_DUPLICATE_SECONDS,
        max_age=settings.OMS_NATS_MAX_AGE_DAYS * 86400,
        max_bytes=settings.OMS_NATS_MAX_BYTES,
        replicas=settings.OMS_NATS_REPLICAS,
        name=name,
    )


class StreamSink:
    """Publishes in structured mode, with ``Nats-Msg-Id`` and the trace in headers."""

    batch = 1000

    def __init__(self) -> None:
        self._stream = connect(name="oms-relay")

    async def deliver(self, work: Work) -> Sequence[Result]:
        """See `Sink.deliver`."""
        outgoing = [self._outgoing(item, work) for item in work.items]
        published = await self._stream.publish(outgoing)
        results = [Result(item, Outcome.DONE) for item in work.items[: published.acknowledged]]
        if published.acknowledged < len(work.items):
            outcome = Outcome.REFUSED if published.refused else Outcome.RETRY
            results.append(
                Result(work.items[published.acknowledged], outcome, error=published.error)
            )
        return results

    def _outgoing(self, item: Item, work: Work) -> Outgoing:
        event = orjson.loads(item.body)
        # A rule's own stream has a colon in its name, which no ontology's name has.
        place = f"rule:{work.settings}" if work.rest else str(event.get("ontology", ""))
        headers = {"content-type": f"{STRUCTURED}; charset=utf-8"}
        headers |= {name: event[name] for name in ("traceparent", "tracestate") if name in event}
        return Outgoing(
            stream=stream_of(place),
            subject=subject_of(place, item.type),
            payload=with_sequence(item.body, item.seq),
            headers=headers,
            message_id=event["id"],
        )

    async def close(self) -> None:
        """See `Sink.close`."""
        await self._stream.close()
