"""Events into JetStream: the stream of their ontology, or the one that a rule names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from django.conf import settings

from events.adapters.jetstream import JetStream, Outgoing
from events.domain.cloudevents import STRUCTURED, with_sequence
from events.domain.identity import outside_id
from events.domain.subjects import stream_of, subject_of
from events.sinks import Item, Outcome, Result, Work
from oms_project.core.outbox import PREFIX

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


_CONTENT_TYPE: Final = f"{STRUCTURED}; charset=utf-8"
_TRACE: Final = tuple(
    (name, re.compile(f'"{name}":"([!-~ ]*?)"')) for name in ("traceparent", "tracestate")
)


@lru_cache(maxsize=1000)
def _place(place: str, kind: str) -> tuple[str, str]:
    return stream_of(place), subject_of(place, kind)


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
        # A rule's own stream has a colon in its name, which no ontology's name has.
        place = f"rule:{work.settings}" if work.rest else item.ontology
        headers = {"content-type": _CONTENT_TYPE}
        # Attributes stand before the data; a quote inside of a text would be escaped.
        attributes = item.body.partition('"data"')[0]
        for name, pattern in _TRACE:
            if (found := pattern.search(attributes)) is not None:
                headers[name] = found[1]
        stream, subject = _place(place, item.type)
        return Outgoing(
            stream=stream,
            subject=subject,
            payload=with_sequence(item.body, item.seq),
            headers=headers,
            message_id=item.id if item.type.startswith(PREFIX) else outside_id(item.body),
        )

    async def close(self) -> None:
        """See `Sink.close`."""
        await self._stream.close()
