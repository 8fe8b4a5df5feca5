"""What the relay does beside passing events on: the audit trail as events, and retention."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import orjson
import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Min

from audit.contract import audit_trail
from events.models import Attempt, Delivery, Event, InboxEntry, Lease, Pending, Position
from oms_project.core.clock import utc_now
from oms_project.core.outbox import NewEvent, outbox

__all__ = ["AUDIT", "clean_up", "tell_audit"]

log = structlog.get_logger("oms.events")

#: The position up to which the audit trail has been told.
AUDIT: Final = "audit"
_TOLD: Final = 500
_CHUNK: Final = 1000


def tell_audit() -> int:
    """Tell as events what got its place in the audit trail since the last time; how many."""
    if not settings.OMS_EVENTS_AUDIT:
        return 0
    told = 0
    while True:
        # Looked at without a lock, as nearly always there is nothing.
        first = Position.objects.filter(name=AUDIT).values_list("value", flat=True).first() or 0
        if audit_trail.placed(first, limit=1)[1] == first:
            return told
        told += _tell_some()


def _tell_some() -> int:
    with transaction.atomic():
        Position.objects.get_or_create(name=AUDIT, defaults={"value": 0})
        position = Position.objects.select_for_update().get(name=AUDIT)
        found, following = audit_trail.placed(position.value, limit=_TOLD)
        outbox.append_many(_recorded(index, orjson.loads(body)) for index, body in found)
        position.value = following
        position.save(update_fields=("value",))
    return len(found)


def _recorded(index: int, body: dict[str, Any]) -> NewEvent:
    # Identities, not details: whoever may read the trail reads those there.
    subject = {name: text for name, text in body["subject"].items() if name in {"type", "id"}}
    return NewEvent(
        "io.oms.audit.recorded.v1",
        {
            "index": index,
            "event": body["id"],
            "action": body["action"],
            "outcome": body["outcome"],
            "subject": subject,
            "actor": body.get("actor", {}).get("username", ""),
            "time": body["time"],
        },
        subject=f"audit/{body['id']}",
        key="audit",
    )


def clean_up() -> dict[str, int]:
    """Delete what is older than the settings keep it; events that still have to go out stay.

    Returns:
        How many rows of what were deleted.
    """
    before = utc_now() - timedelta(days=settings.OMS_EVENTS_RETENTION_DAYS)
    waiting = Pending.objects.aggregate(first=Min("seq"))["first"]
    old = Event.objects.filter(added__lt=before)
    if waiting is not None:
        old = old.filter(seq__lt=waiting)
    finished = Delivery.objects.filter(created_at__lt=before).exclude(state=Delivery.State.PENDING)
    deleted = {
        "attempts": _delete(Attempt.objects.filter(at__lt=before)),
        "deliveries": _delete(finished),
        "events": _delete(old),
        "inbox": InboxEntry.objects.filter(at__lt=before).delete()[0],
        "leases": _delete_leases(before.timestamp()),
    }
    if any(deleted.values()):
        log.info("events kept long enough were deleted", **deleted)
    return deleted


def _delete_leases(before: float) -> int:
    """Those that nobody renewed and nobody took over, as nothing waits there any more."""
    return Lease.objects.filter(until__lt=before, retry_at__lt=before).delete()[0]


def _delete(rows: Any) -> int:
    """In short transactions, so that no writer waits for long."""
    count = 0
    while True:
        some = list(rows.order_by("pk").values_list("pk", flat=True)[:_CHUNK])
        if not some:
            return count
        count += rows.model.objects.filter(pk__in=some).delete()[0]
