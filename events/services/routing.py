"""Finding out who wants an event, and noting that it goes there."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from django.db import connection, transaction

from events.domain.lanes import ROUTE
from events.domain.types import event_type
from events.models import Delivery, Lease
from events.services.lanes import delete_pending, insert_pending
from events.sinks import Item
from events.targets import may_receive, targets, wanting
from oms_project.core.clock import utc_now
from oms_project.core.context import Actor

__all__ = ["Routed", "route", "withdraw"]

#: What is sent to one webhook by those who run it, whoever owns it.
_TEST: Final = "io.oms.webhook.test.v1"
#: A right that is taken away ends what was on its way after so many seconds.
_REMEMBERED: Final = 2.0

# "oms route" as a number: with it begin the advisory locks of PostgreSQL that routing takes.
_LOCK: Final = 0x6F6D7372
_BATCH = (
    "SELECT p.seq, e.type, e.ontology, e.branch, e.body FROM events_pending p"
    " JOIN events_event e ON e.seq = p.seq"
    " WHERE p.lane = %s AND p.key = %s ORDER BY p.seq LIMIT %s"
)


@dataclass(frozen=True, slots=True)
class Routed:
    """An event that was looked at.

    Attributes:
        lanes: where it goes.
    """

    seq: int
    type: str
    ontology: str
    body: str = field(repr=False)
    lanes: tuple[str, ...] = ()


def route(key: str, *, limit: int) -> list[Routed] | None:
    """Find out who wants the next events of a key, and note that they go there; one transaction.

    Returns:
        None: another relay is at it.
    """
    with transaction.atomic():
        if not _locked(key):
            return None
        with connection.cursor() as cursor:
            cursor.execute(_BATCH, (ROUTE, key, limit))
            rows = cursor.fetchall()
        if not rows:
            return []
        everybody = targets()
        allowed = _remembering()
        routed: list[Routed] = []
        deliveries: list[Delivery] = []
        pending: list[tuple[str, str, int]] = []
        now = utc_now()
        for seq, kind, ontology, branch, body in rows:
            wanted = wanting(
                everybody, kind=kind, ontology=ontology, branch=branch, body=body, allowed=allowed
            )
            for target in wanted:
                where = target.key(key, seq)
                pending.append((target.lane, where, seq))
                deliveries.append(
                    Delivery(lane=target.lane, seq=seq, key=where, type=kind, created_at=now)
                )
            routed.append(Routed(seq, kind, ontology, body, tuple(one.lane for one in wanted)))
        Delivery.objects.bulk_create(deliveries, ignore_conflicts=True, batch_size=100)
        insert_pending(pending)
        delete_pending(ROUTE, key, [row[0] for row in rows])
        # A failure from before is over, and must not count when one comes again years later.
        Lease.objects.filter(lane=ROUTE, key=key).delete()
    return routed


def withdraw(lane: str, key: str, items: Sequence[Item], owners: Sequence[Actor]) -> list[Item]:
    """Give up what none of a lane's owners may see any more, of what waited for long enough that
    rights have changed.

    Returns:
        Those of ``items`` that may go out.
    """
    if not owners:
        return list(items)
    allowed: list[Item] = []
    seqs: list[int] = []
    for item in items:
        if item.type == _TEST or any(
            _may_still(owner, item.type, item.ontology, time.monotonic() // _REMEMBERED)
            for owner in owners
        ):
            allowed.append(item)
        else:
            seqs.append(item.seq)
    if seqs:
        with transaction.atomic():
            delete_pending(lane, key, seqs)
            Delivery.objects.filter(lane=lane, seq__in=seqs).update(
                state=Delivery.State.CANCELLED,
                finished_at=utc_now(),
                retry_at=None,
                error="The owner may not see it any more.",
            )
    return allowed


@lru_cache(maxsize=1000)
def _may_still(owner: Actor, kind: str, ontology: str, _moment: float) -> bool:
    return may_receive(owner, kind, ontology)


def _remembering() -> Callable[[Actor, str, str], bool]:
    """`may_receive`, asked once per owner, type and ontology of a batch."""
    answers: dict[tuple[str, str, str], bool] = {}

    def allowed(owner: Actor, kind: str, ontology: str) -> bool:
        known = event_type(kind)
        question = (owner.id, "" if known is None else known.needs, ontology)
        if question not in answers:
            answers[question] = may_receive(owner, kind, ontology)
        return answers[question]

    return allowed


def _locked(key: str) -> bool:
    if connection.vendor != "postgresql":
        return True  # the transaction holds SQLite's write lock
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, hashtext(%s))", (_LOCK, key))
        return bool(cursor.fetchone()[0])
