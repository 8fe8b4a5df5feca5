"""What follows when something does not go out: quarantine, disabled webhooks, and word of both."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Max

from audit.contract import Subject, audit_log
from events.contract import Consumer
from events.domain.lanes import ROUTE
from events.models import Event, Lease, Pending, Quarantined, Webhook
from events.services.lanes import FIRST_PAUSE, LONGEST_PAUSE, Settled, delete_pending
from events.sinks import Outcome, Result
from oms_project.core.clock import utc_now
from oms_project.core.context import SYSTEM, Source, acting_as, request_scope
from oms_project.core.ids import new_id
from oms_project.core.outbox import NewEvent, outbox

__all__ = ["after", "cannot_route", "disable", "give_up"]

log = structlog.get_logger("oms.events")

_GONE: Final = 410
_PATIENCE: Final = 5  # failures of routing until an event goes into quarantine


def after(lane: str, results: Sequence[Result], settled: Settled) -> bool:
    """Keep book of how a webhook does, and tell of what was quarantined.

    Returns:
        Whether the lane takes no events any more.
    """
    for result in settled.quarantined:
        _tell_quarantined(lane, result.item.seq, result.error)
    first, _, rest = lane.partition(":")
    if first != "webhook" or not results:
        return False
    hook = Webhook.objects.filter(pk=rest)
    last = results[-1]
    if any(result.outcome is Outcome.DONE for result in results):
        hook.filter(failing_since__isnull=False).update(failing_since=None)
    if last.outcome is Outcome.DONE:
        return False
    if last.trial is not None and last.trial.status == _GONE:
        return disable(rest, "The receiver answered 410 Gone.")
    now = utc_now()
    hook.filter(failing_since__isnull=True).update(failing_since=now)
    patience = timedelta(hours=settings.OMS_WEBHOOK_DISABLE_HOURS)
    if hook.filter(failing_since__lt=now - patience).exists():
        return disable(
            rest,
            f"Nothing was delivered for {settings.OMS_WEBHOOK_DISABLE_HOURS:g} hours; the last "
            f"error: {last.error}",
        )
    return False


def disable(pk: str, reason: str) -> bool:
    """Disable a webhook that is gone or dead. What waits for it is kept until it is enabled.

    Returns:
        Whether it was active.
    """
    source = Source(door="worker", operation="events relay")
    with acting_as(SYSTEM), request_scope(new_id(), source), transaction.atomic():
        hook = Webhook.objects.select_for_update().filter(pk=pk, state=Webhook.State.ACTIVE).first()
        if hook is None:
            return False
        hook.state = Webhook.State.DISABLED
        hook.notice = reason[:1000]
        hook.disabled_at = hook.updated_at = utc_now()
        hook.disabled_seq = Event.objects.aggregate(last=Max("seq"))["last"]
        hook.save()
        audit_log.record(
            "webhook.disabled", Subject("webhook", str(hook.pk), hook.name), message=hook.notice
        )
        outbox.append(
            NewEvent(
                "io.oms.webhook.disabled.v1",
                {
                    "webhook": str(hook.pk),
                    "name": hook.name,
                    "url": hook.url,
                    "reason": hook.notice,
                },
                subject=f"webhooks/{hook.pk}",
                key="webhooks",
            )
        )
    log.warning("webhook disabled", webhook=hook.name, reason=reason)
    return True


def cannot_route(key: str, *, error: str) -> bool:
    """Note that the first event of a key cannot be routed; after some tries it is quarantined.

    Returns:
        Whether it was, so that the key goes on.
    """
    with transaction.atomic():
        row = Pending.objects.filter(lane=ROUTE, key=key).order_by("seq").first()
        if row is None:
            return False
        lease = Lease.objects.select_for_update().filter(lane=ROUTE, key=key).first()
        lease = lease or Lease(lane=ROUTE, key=key, owner="")
        lease.failures += 1
        lease.error = error[:1000]
        lease.until = 0
        lease.retry_at = time.time() + min(FIRST_PAUSE * 2**lease.failures, LONGEST_PAUSE)
        if lease.failures < _PATIENCE:
            if lease.failures == 1:
                lease.save(force_insert=True)
            else:
                Lease.objects.filter(lane=ROUTE, key=key).update(
                    failures=lease.failures, error=lease.error, retry_at=lease.retry_at
                )
            return False
        Lease.objects.filter(lane=ROUTE, key=key).delete()
        Quarantined.objects.bulk_create(
            [
                Quarantined(
                    lane=ROUTE, key=key, seq=row.seq, error=lease.error, failures=lease.failures
                )
            ],
            ignore_conflicts=True,
        )
        delete_pending(ROUTE, key, [row.seq])
        _tell_quarantined(ROUTE, row.seq, lease.error)
    return True


def give_up(consumer: Consumer, event: Mapping[str, Any], *, error: str, failures: int) -> None:
    """Note that a consumer was given an event again and again, and never did anything about it."""
    seq = int(event["sequence"])
    lane = f"consumer:{consumer.name}"
    with transaction.atomic():
        _, made = Quarantined.objects.get_or_create(
            lane=lane,
            seq=seq,
            defaults={
                "key": event.get("partitionkey", ""),
                "error": error[:1000],
                "failures": failures,
            },
        )
        if made:
            _tell_quarantined(lane, seq, error)


def _tell_quarantined(lane: str, seq: int, error: str) -> None:
    event = Event.objects.filter(seq=seq).only("id", "type").first()
    log.error("event quarantined", lane=lane, sequence=seq, reason=error)
    if event is None or event.type == "io.oms.event.quarantined.v1":
        return  # word of a word that cannot go out would go on for ever
    with acting_as(SYSTEM):
        outbox.append(
            NewEvent(
                "io.oms.event.quarantined.v1",
                {"event": event.id, "sequence": seq, "lane": lane, "error": error[:500]},
                subject=f"events/{event.id}",
                key="events",
            )
        )
