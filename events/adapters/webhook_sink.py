"""Events to webhooks: CloudEvents over HTTP, signed as Standard Webhooks says."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import orjson
from django.conf import settings

from events.adapters.http import Answer, WebhookClient
from events.domain.addresses import parse_networks
from events.domain.cloudevents import Message, batch_of, event_of, to_binary, with_sequence
from events.domain.identity import message_id
from events.domain.retries import delay_after
from events.domain.signatures import signed_headers
from events.services.receivers import WebhookSetting
from events.sinks import Item, Outcome, Result, Trial, Work
from oms_project.core.clock import utc_now
from oms_project.core.trace import child_of, read_trace

__all__ = ["WebhookSink", "client", "delivery_headers", "message_of"]

#: Longest pause between two attempts, in seconds.
_CAP: Final = 12 * 3600.0
#: Requests at once, of all webhooks together. Each is bounded by its own concurrency; here it must
#: take many that never answer until there is no connection left for the others.
_CONNECTIONS: Final = 800
#: Characters of the events that go in one batch.
_MAX_BATCH: Final = 1024 * 1024
#: What is delivered is written down at least so often, in seconds.
_SETTLE_EVERY: Final = 1.0
_BATCHES: Final = uuid.UUID("5f6a0f0e-6f0b-5d6c-9a5e-0d1f6a4f2b11")


def client(*, timeout: float = 15.0) -> WebhookClient:
    """An HTTP client that reaches what the settings allow, and nothing else.

    Args:
        timeout: seconds that a request may take, unless it says otherwise.
    """
    return WebhookClient(
        timeout=timeout,
        allowed=parse_networks(settings.OMS_WEBHOOK_ALLOWED_NETWORKS),
        allow_http=settings.OMS_WEBHOOK_ALLOW_HTTP,
        max_connections=_CONNECTIONS,
    )


@dataclass(frozen=True, slots=True)
class _Request:
    id: str
    message: Message
    trace: Mapping[str, str]


class WebhookSink:
    """One request per event, or per batch of events."""

    batch = 1000  # the lane says how many

    def __init__(self) -> None:
        self._client = client()
        self._next: dict[str, float] = {}

    async def deliver(self, work: Work) -> Sequence[Result]:
        """See `Sink.deliver`."""
        hook: WebhookSetting = work.settings
        if hook.format == "batch":
            return await self._batch(hook, work.items)
        results: list[Result] = []
        began = time.monotonic()
        for item in work.items:
            if results and time.monotonic() - began > _SETTLE_EVERY:
                break
            result = await self._one(hook, item)
            results.append(result)
            if work.ordered and result.outcome is Outcome.RETRY:
                break
            if result.trial is not None and result.trial.status == 410:
                break
        return results

    async def _one(self, hook: WebhookSetting, item: Item) -> Result:
        request = _request(hook.format, item)
        trial = await self._send(hook, request)
        return _result(item, trial)

    async def _batch(self, hook: WebhookSetting, waiting: Sequence[Item]) -> Sequence[Result]:
        items: list[Item] = []
        size = 0
        for item in waiting:
            size += len(item.body)
            if items and size > _MAX_BATCH:
                break  # the rest goes with the next one
            items.append(item)
        message = batch_of([(item.body, item.seq) for item in items])
        # The same events make the same batch: one that comes again has the same id.
        seqs = ",".join(str(item.seq) for item in items)
        request = _Request(str(uuid.uuid5(_BATCHES, f"{hook.id}:{seqs}")), message, {})
        trial = await self._send(hook, request)
        return [_result(item, trial) for item in items]

    async def _send(self, hook: WebhookSetting, request: _Request) -> tuple[Trial, Answer]:
        await self._pace(hook)
        at = utc_now()
        headers = {
            **delivery_headers(request.id, int(at.timestamp()), request.message, hook.secrets),
            **request.trace,
        }
        answer = await self._client.send(
            hook.url, headers=headers, body=request.message.body, timeout=hook.timeout
        )
        trial = Trial(
            request=request.id[:36],
            at=at,
            milliseconds=answer.milliseconds,
            status=answer.status,
            error=answer.error,
            detail=answer.detail,
            request_headers=headers,
            response_headers=answer.headers,
            response_body=answer.body,
        )
        return trial, answer

    async def _pace(self, hook: WebhookSetting) -> None:
        """Wait as the receiver's rate wants it."""
        if not hook.rate:
            return
        now = time.monotonic()
        turn = max(now, self._next.get(hook.id, 0.0))
        self._next[hook.id] = turn + 60 / hook.rate
        await asyncio.sleep(turn - now)  # the relay keeps the lease meanwhile

    async def close(self) -> None:
        """See `Sink.close`."""
        await self._client.aclose()


def message_of(form: str, body: str, seq: int) -> Message:
    """One event as the body and the CloudEvents headers of a request.

    Args:
        form: ``structured`` or ``binary``.
        body: as the outbox has it.
    """
    if form == "binary":
        return to_binary(event_of(body, sequence=seq))
    return Message(
        {"content-type": "application/cloudevents+json; charset=utf-8"}, with_sequence(body, seq)
    )


def delivery_headers(
    identity: str, timestamp: int, message: Message, secrets: Sequence[str]
) -> dict[str, str]:
    """The headers of a signed request; ``timestamp`` in seconds since 1970."""
    return {
        **message.headers,
        **signed_headers(
            message_id=identity, timestamp=timestamp, body=message.body, secrets=secrets
        ),
    }


def _request(form: str, item: Item) -> _Request:
    event = orjson.loads(item.body)
    trace = read_trace(event.get("traceparent", ""), event.get("tracestate", ""))
    headers: dict[str, str] = {}
    if trace is not None:
        step = child_of(trace)
        headers["traceparent"] = step.parent
        if step.state:
            headers["tracestate"] = step.state
    return _Request(message_id(event), message_of(form, item.body, item.seq), headers)


def _result(item: Item, tried: tuple[Trial, Answer]) -> Result:
    trial, answer = tried
    if answer.status is not None and 200 <= answer.status < 300 and not answer.error:
        return Result(item, Outcome.DONE, trial=trial)
    error = answer.detail or f"The receiver answered {answer.status}."
    if answer.status == 410:
        # It is gone: what it did not take waits until somebody enables it again.
        return Result(item, Outcome.RETRY, delay=0.0, error=error, trial=trial)
    elapsed = 0.0 if item.first_at is None else (utc_now() - item.first_at).total_seconds()
    delay = delay_after(
        item.attempts + 1,
        base=settings.OMS_WEBHOOK_RETRY_SECONDS,
        cap=_CAP,
        span=settings.OMS_WEBHOOK_RETRY_HOURS * 3600,
        elapsed=elapsed,
        retry_after=answer.retry_after,
        draw=random.random(),  # noqa: S311 - spreads retries, keeps no secret
    )
    if delay is None:
        return Result(item, Outcome.DEAD, error=error, trial=trial)
    return Result(item, Outcome.RETRY, delay=delay, error=error, trial=trial)
