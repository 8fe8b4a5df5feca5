"""Sending again: one delivery, dead letters, a range of events; and what is in quarantine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import transaction

from audit.contract import Subject, audit_log
from events import doorbell
from events.access import check_administers, lane_ontologies
from events.domain.lanes import STREAM
from events.models import Delivery, Event, Lease, Pending, Quarantined, Rule, Webhook
from events.services.lanes import insert_pending
from events.services.rules import get_rule
from events.services.webhooks import get_webhook
from events.targets import Target, filter_of, owner_of, wanting
from oms_project.core.clock import utc_now
from oms_project.core.errors import Conflict, Invalid, NotFound

__all__ = [
    "Replay",
    "cancel_delivery",
    "redeliver",
    "redeliver_dead",
    "release_quarantined",
    "replay_events",
    "replay_stream",
]

_CHUNK: Final = 500
_MOST: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Replay:
    """What a replay came to.

    Attributes:
        looked_at: events in the range.
        matched: those that the receiver wants and may have.
        queued: those that go out (again); fewer when some are under way already.
        dry_run: nothing was queued.
    """

    looked_at: int
    matched: int
    queued: int
    dry_run: bool = False


def redeliver(*, delivery: int) -> Delivery:
    """Send one delivery again, whatever became of it; its event keeps its id.

    Raises:
        NotFound: ``delivery_not_found``, or its event is not kept any more. PermissionDenied.
    """
    found = _delivery(delivery)
    if not Event.objects.filter(seq=found.seq).exists():
        raise NotFound("The event is not kept any more.", code="event_not_found")
    with transaction.atomic():
        _again([found], Delivery.Origin.REDELIVERY)
        _told(found.lane, 1)
    found.refresh_from_db()
    return found


def cancel_delivery(*, delivery: int) -> Delivery:
    """Give a pending delivery up, so that what is behind it goes on.

    Raises:
        NotFound, PermissionDenied. Conflict: ``not_pending``.
    """
    found = _delivery(delivery)
    if found.state != Delivery.State.PENDING:
        raise Conflict(f"The delivery is {found.state} already.", code="not_pending")
    with transaction.atomic():
        Pending.objects.filter(lane=found.lane, seq=found.seq).delete()
        found.state, found.finished_at, found.retry_at = "cancelled", utc_now(), None
        found.save(update_fields=("state", "finished_at", "retry_at"))
        Lease.objects.filter(lane=found.lane, key=found.key, until__lte=0).update(retry_at=0)
        _told(found.lane, 1, "cancelled")
    return found


def redeliver_dead(*, webhook: str) -> int:
    """Send every dead letter of a webhook again; how many.

    Raises:
        NotFound, PermissionDenied.
    """
    hook = get_webhook(webhook=webhook)
    count = 0
    with transaction.atomic():
        while True:
            rows = list(Delivery.objects.filter(lane=hook.lane, state=Delivery.State.DEAD)[:_CHUNK])
            if not rows:
                break
            _again(rows, Delivery.Origin.REDELIVERY)
            count += len(rows)
        if count:
            _told(hook.lane, count)
    return count


def replay_events(
    *,
    webhook: str = "",
    rule: str = "",
    from_sequence: int | None = None,
    to_sequence: int | None = None,
    from_time: datetime | None = None,
    to_time: datetime | None = None,
    dry_run: bool = False,
) -> Replay:
    """Send a range of events to a webhook or down a rule, as far as it wants them; in order.

    Args:
        webhook, rule: the id or name of one of them.
        from_sequence, to_sequence: both included.
        from_time, to_time: when events were written; the second is not included.
        dry_run: only say how many.

    Raises:
        NotFound, PermissionDenied. Invalid: neither or both named, no start, or too many events.
    """
    if bool(webhook) == bool(rule):
        raise Invalid("Name one webhook or one rule.", code="bad_replay")
    if from_sequence is None and from_time is None:
        raise Invalid("Say from which sequence or time on.", code="bad_replay")
    target = _target(webhook, rule)
    rows = Event.objects.order_by("seq")
    if from_sequence is not None:
        rows = rows.filter(seq__gte=from_sequence)
    if to_sequence is not None:
        rows = rows.filter(seq__lte=to_sequence)
    if from_time is not None:
        rows = rows.filter(added__gte=from_time)
    if to_time is not None:
        rows = rows.filter(added__lt=to_time)
    looked_at = matched = queued = 0
    last = 0
    with transaction.atomic():
        while looked_at <= _MOST:
            chunk = list(rows.filter(seq__gt=last)[:_CHUNK])
            if not chunk:
                break
            last = chunk[-1].seq
            looked_at += len(chunk)
            wanted = [
                event
                for event in chunk
                if wanting(
                    [target],
                    kind=event.type,
                    ontology=event.ontology,
                    branch=event.branch,
                    body=event.body,
                )
            ]
            matched += len(wanted)
            if wanted and not dry_run:
                queued += _queue(target, wanted)
        if looked_at > _MOST:
            raise Invalid(
                f"The range has more than {_MOST:,} events: replay it in parts.",
                code="too_many_events",
            )
        if queued:
            _told(target.lane, queued)
    return Replay(looked_at, matched, queued, dry_run)


def replay_stream(*, from_sequence: int, to_sequence: int | None = None) -> Replay:
    """Publish a range of events to the streams again, for streams that were lost.

    Raises:
        PermissionDenied. Conflict: ``no_stream_server``; nothing would ever publish them.
    """
    check_administers(())
    if not settings.NATS_URL:
        raise Conflict(
            "There is no stream server, so there are no streams to publish to: set NATS_URL.",
            code="no_stream_server",
        )
    rows = Event.objects.filter(seq__gte=from_sequence).order_by("seq")
    if to_sequence is not None:
        rows = rows.filter(seq__lte=to_sequence)
    count = last = 0
    with transaction.atomic():
        while True:
            chunk = list(rows.filter(seq__gt=last).values_list("key", "seq")[:_CHUNK])
            if not chunk:
                break
            last = chunk[-1][1]
            insert_pending([(STREAM, key, seq) for key, seq in chunk])
            count += len(chunk)
        if count:
            _told(STREAM, count)
    return Replay(count, count, count)


def release_quarantined(*, entry: int, drop: bool = False) -> None:
    """Send what is in quarantine down its lane again, or drop it.

    Raises:
        NotFound: ``not_quarantined``. PermissionDenied.
    """
    found = Quarantined.objects.filter(pk=entry).first()
    if found is None:
        raise NotFound(f"There is nothing {entry} in quarantine.", code="not_quarantined")
    check_administers(lane_ontologies(found.lane))
    with transaction.atomic():
        if not drop:
            insert_pending([(found.lane, found.key, found.seq)])
            Delivery.objects.filter(lane=found.lane, seq=found.seq).update(
                state=Delivery.State.PENDING, attempts=0, finished_at=None, error=""
            )
        found.delete()
        audit_log.record(
            "event.released",
            Subject("event", str(found.seq)),
            data={"lane": found.lane, "dropped": drop},
        )
        transaction.on_commit(doorbell.ring)


def _delivery(pk: int) -> Delivery:
    found = Delivery.objects.filter(pk=pk).first()
    if found is None:
        raise NotFound(f"There is no delivery {pk}.", code="delivery_not_found")
    check_administers(lane_ontologies(found.lane))
    return found


def _target(webhook: str, rule: str) -> Target:
    if webhook:
        hook = get_webhook(webhook=webhook)
        shards = hook.concurrency if hook.order == Webhook.Order.PARALLEL else 0
        return Target(hook.lane, filter_of(hook), owner_of(hook), shards)
    found = get_rule(rule=rule)
    if found.sink == Rule.Sink.WEBHOOK:
        hook = get_webhook(webhook=found.target)
        shards = hook.concurrency if hook.order == Webhook.Order.PARALLEL else 0
        return Target(hook.lane, filter_of(found), owner_of(found), shards)
    return Target(found.lane, filter_of(found), owner_of(found))


def _queue(target: Target, events: list[Event]) -> int:
    """Make or renew the deliveries; those that are pending already stay as they are."""
    seqs = [event.seq for event in events]
    present = {row.seq: row for row in Delivery.objects.filter(lane=target.lane, seq__in=seqs)}
    ended = [row for row in present.values() if row.state != Delivery.State.PENDING]
    _again(ended, Delivery.Origin.REPLAY)
    fresh = [event for event in events if event.seq not in present]
    Delivery.objects.bulk_create(
        [
            Delivery(
                lane=target.lane,
                seq=event.seq,
                key=target.key(event.key, event.seq),
                type=event.type,
                origin=Delivery.Origin.REPLAY,
            )
            for event in fresh
        ],
        batch_size=100,
    )
    insert_pending([(target.lane, target.key(event.key, event.seq), event.seq) for event in fresh])
    return len(fresh) + len(ended)


def _again(rows: list[Delivery], origin: str) -> None:
    Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=Delivery.State.PENDING,
        origin=origin,
        attempts=0,
        first_at=None,
        retry_at=None,
        finished_at=None,
        error="",
    )
    insert_pending([(row.lane, row.key, row.seq) for row in rows])
    for lane, key in {(row.lane, row.key) for row in rows}:
        Lease.objects.filter(lane=lane, key=key, until__lte=0).update(retry_at=0)
    transaction.on_commit(doorbell.ring)


def _told(lane: str, count: int, what: str = "queued") -> None:
    audit_log.record("event.replayed", Subject("lane", lane), data={what: count})
    transaction.on_commit(doorbell.ring)
