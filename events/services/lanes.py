"""Taking events out of a lane, safely beside other relays.

A relay holds a lease on a key of a lane while it works through it. A lease that is not renewed
ends; then another relay takes over, and events may go out twice: that is what "at least once"
means. What is settled is settled in one transaction, and only by the one who holds the lease.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import structlog
from django.db import connection, transaction

from events.models import Attempt, Delivery, Lease, Pending, Quarantined
from events.sinks import Item, Outcome, Result
from oms_project.core.clock import utc_now

__all__ = [
    "OpenKey",
    "Settled",
    "delete_pending",
    "free_abandoned",
    "insert_pending",
    "open_keys",
    "open_lanes",
    "peek",
    "release",
    "renew",
    "settle",
    "take",
]

log = structlog.get_logger("oms.events")

#: Pauses of a key that fails, in seconds: doubled each time, up to the longest.
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 60.0
_MANY: Final = 400

# Both walk the primary key from one lane (or key) to the next, so that their cost follows the
# number of lanes (or keys) and not the number of events that wait.
_LANES = (
    "WITH RECURSIVE l(lane) AS (SELECT min(lane) FROM events_pending"
    " UNION ALL SELECT (SELECT min(p.lane) FROM events_pending p WHERE p.lane > l.lane)"
    " FROM l WHERE l.lane IS NOT NULL) SELECT lane FROM l WHERE lane IS NOT NULL"
)
_KEYS = (
    "WITH RECURSIVE k(key) AS"
    " (SELECT min(key) FROM events_pending WHERE lane = %s AND key > %s"
    " UNION ALL SELECT (SELECT min(p.key) FROM events_pending p WHERE p.lane = %s"
    " AND p.key > k.key) FROM k WHERE k.key IS NOT NULL)"
    " SELECT k.key, l.retry_at FROM k"
    " LEFT JOIN events_lease l ON l.lane = %s AND l.key = k.key"
    " WHERE k.key IS NOT NULL AND (l.key IS NULL OR (l.until <= %s AND l.retry_at <= %s))"
    " AND EXISTS (SELECT 1 FROM events_pending d"
    " WHERE d.lane = %s AND d.key = k.key AND d.due <= %s)"
    " LIMIT %s"
)
_TAKE = (
    "INSERT INTO events_lease (lane, key, owner, until, failures, retry_at, error)"
    " VALUES (%s, %s, %s, %s, 0, 0, '') ON CONFLICT (lane, key) DO UPDATE"
    " SET owner = excluded.owner, until = excluded.until"
    " WHERE (events_lease.until <= %s OR events_lease.owner = excluded.owner)"
    " AND events_lease.retry_at <= %s"
)
_RENEW = "UPDATE events_lease SET until = %s WHERE lane = %s AND key = %s AND owner = %s"
_BATCH = (
    "SELECT p.seq, e.type, e.body, e.id, e.ontology, d.id, d.attempts, d.first_at FROM events_pending p"
    " LEFT JOIN events_event e ON e.seq = p.seq"
    " LEFT JOIN events_delivery d ON d.lane = p.lane AND d.seq = p.seq"
    " WHERE p.lane = %s AND p.key = %s AND p.due <= %s ORDER BY p.seq LIMIT %s"
)
_BATCH_PLAIN = (
    "SELECT p.seq, e.type, e.body, e.id, e.ontology, NULL, 0, NULL FROM events_pending p"
    " LEFT JOIN events_event e ON e.seq = p.seq"
    " WHERE p.lane = %s AND p.key = %s AND p.due <= %s ORDER BY p.seq LIMIT %s"
)

_AHEAD = (
    "SELECT p.seq, e.type, e.body, e.id, e.ontology, NULL, 0, NULL FROM events_pending p"
    " JOIN events_event e ON e.seq = p.seq"
    " WHERE p.lane = %s AND p.key = %s AND p.seq > %s ORDER BY p.seq LIMIT %s"
)


@dataclass(frozen=True, slots=True)
class OpenKey:
    """A key of a lane with something to do, which nobody is at."""

    lane: str
    key: str


@dataclass(slots=True)
class Settled:
    """What a batch came to.

    Attributes:
        lost: another relay had taken over, so that nothing was written.
        items: the next batch, when the lease goes on.
        retry_at: when the key is tried again, in seconds since 1970; 0: nothing holds it up.
        dead, quarantined: what ended so, for notices.
    """

    lost: bool = False
    items: list[Item] = field(default_factory=list)
    retry_at: float = 0.0
    dead: list[Result] = field(default_factory=list)
    quarantined: list[Result] = field(default_factory=list)


def open_lanes() -> list[str]:
    """The lanes in which something waits."""
    with connection.cursor() as cursor:
        cursor.execute(_LANES)
        return [lane for (lane,) in cursor.fetchall()]


def open_keys(lane: str, *, after: str = "", limit: int) -> list[OpenKey]:
    """Keys of ``lane`` in which something waits and which nobody is at, after ``after``.

    A key whose events are all put off (of lanes without an order) is not among them.
    """
    now = time.time()
    with connection.cursor() as cursor:
        cursor.execute(_KEYS, (lane, after, lane, lane, now, now, lane, now, limit))
        return [OpenKey(lane, key) for key, _ in cursor.fetchall()]


def take(
    lane: str, key: str, *, owner: str, seconds: float, limit: int, logged: bool
) -> list[Item] | None:
    """Take a lease on a key, with the first events that wait there.

    Args:
        owner: names the relay.
        seconds: how long the lease lasts.
        logged: whether the lane keeps deliveries.

    Returns:
        None: somebody else has it, or it has to wait. An empty list: nothing is due, and the lease
        was not kept.
    """
    now = time.time()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TAKE, (lane, key, owner, now + seconds, now, now))
        if cursor.rowcount != 1:
            return None
        items = _batch(cursor, lane, key, now, limit, logged=logged)
        if not items:
            _end(cursor, lane, key, owner)
    return items


def free_abandoned(is_dead: Callable[[str], bool]) -> int:
    """End the leases of relays that are dead, so that nobody waits until they end by themselves.

    Args:
        is_dead: whether the relay of this name is known to be.

    Returns:
        How many.
    """
    held = Lease.objects.filter(until__gt=time.time())
    dead = [one for one in held.values_list("owner", flat=True).distinct() if is_dead(one)]
    return held.filter(owner__in=dead).update(until=0) if dead else 0


def renew(lane: str, key: str, *, owner: str, seconds: float) -> bool:
    """Keep a lease; false when another relay has taken over."""
    with connection.cursor() as cursor:
        cursor.execute(_RENEW, (time.time() + seconds, lane, key, owner))
        return bool(cursor.rowcount == 1)


def release(lane: str, key: str, *, owner: str, error: str = "") -> None:
    """Let go of a key without having settled anything; with an error it has to wait."""
    with transaction.atomic(), connection.cursor() as cursor:
        if error:
            _put_off(cursor, lane, key, owner, None, error)
        else:
            _end(cursor, lane, key, owner)


def settle(
    lane: str,
    key: str,
    results: Sequence[Result],
    *,
    owner: str,
    seconds: float,
    limit: int,
    logged: bool,
    ordered: bool,
    go_on: bool,
    keep: bool = False,
) -> Settled:
    """Write down what became of a batch.

    Args:
        logged: whether the lane keeps deliveries.
        ordered: whether an event that has to wait holds up the key.
        go_on: read the next batch and keep the lease, when nothing holds the key up.
        keep: keep the lease without reading, as the next batch is at hand already.
    """
    now = time.time()
    settled = Settled()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_RENEW, (now + seconds, lane, key, owner))
        if cursor.rowcount != 1:
            return Settled(lost=True)
        ended = [result for result in results if result.outcome is not Outcome.RETRY]
        delete_pending(lane, key, [result.item.seq for result in ended])
        settled.dead = [result for result in ended if result.outcome is Outcome.DEAD]
        settled.quarantined = [r for r in ended if r.outcome is Outcome.REFUSED]
        _quarantine(lane, key, settled.quarantined)
        waiting = [result for result in results if result.outcome is Outcome.RETRY]
        if ended and waiting:  # it went on: its pauses start small again
            cursor.execute(
                "UPDATE events_lease SET failures = 0 WHERE lane = %s AND key = %s", (lane, key)
            )
        if waiting and ordered:
            settled.retry_at = _put_off(
                cursor, lane, key, owner, waiting[0].delay, waiting[0].error
            )
        elif waiting:
            cursor.executemany(
                "UPDATE events_pending SET due = %s WHERE lane = %s AND key = %s AND seq = %s",
                [(now + _delay(one), lane, key, one.item.seq) for one in waiting],
            )
        if logged:
            _log(results, now, settled.retry_at)
        if not settled.retry_at and not keep:
            if go_on:
                settled.items = _batch(cursor, lane, key, now, limit, logged=logged)
            if not settled.items:
                _end(cursor, lane, key, owner)
    return settled


def peek(lane: str, key: str, *, after: int, limit: int) -> list[Item]:
    """The events behind number ``after`` of a key whose lease one holds; for lanes that keep no
    deliveries.
    """
    with connection.cursor() as cursor:
        cursor.execute(_AHEAD, (lane, key, after, limit))
        return _items(cursor.fetchall())


def insert_pending(rows: Sequence[tuple[str, str, int]]) -> None:
    """Note that events have to go down lanes: (lane, key, seq); what is noted already stays."""
    Pending.objects.bulk_create(
        [Pending(lane=lane, key=key, seq=seq) for lane, key, seq in rows],
        ignore_conflicts=True,
        batch_size=_MANY,
    )


def delete_pending(lane: str, key: str, seqs: Sequence[int]) -> None:
    """Note that events need not go down a lane any more.

    One by one and not up to the last: an event of the same key with a lower number may have been
    committed since they were read.
    """
    with connection.cursor() as cursor:
        for first in range(0, len(seqs), _MANY):
            some = seqs[first : first + _MANY]
            cursor.execute(
                "DELETE FROM events_pending WHERE lane = %s AND key = %s AND seq IN ("
                + ", ".join(["%s"] * len(some))
                + ")",
                (lane, key, *some),
            )


def _batch(cursor: Any, lane: str, key: str, now: float, limit: int, *, logged: bool) -> list[Item]:
    cursor.execute(_BATCH if logged else _BATCH_PLAIN, (lane, key, now, limit))
    rows = cursor.fetchall()
    gone = [seq for seq, kind, *_ in rows if kind is None]
    if gone:
        log.error("events were deleted before they were passed on", lane=lane, events=gone[:20])
        delete_pending(lane, key, gone)
    return _items(rows)


def _items(rows: Sequence[Any]) -> list[Item]:
    return [
        Item(seq, kind, body, identity, ontology, delivery, attempts or 0, _moment(first_at))
        for seq, kind, body, identity, ontology, delivery, attempts, first_at in rows
        if kind is not None
    ]


def _moment(value: Any) -> datetime | None:
    if isinstance(value, str):  # SQLite's text
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime) and value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    return value if isinstance(value, datetime) else None


def _delay(result: Result) -> float:
    return FIRST_PAUSE if result.delay is None else result.delay


def _end(cursor: Any, lane: str, key: str, owner: str) -> None:
    cursor.execute(
        "DELETE FROM events_lease WHERE lane = %s AND key = %s AND owner = %s", (lane, key, owner)
    )


def _put_off(
    cursor: Any, lane: str, key: str, owner: str, delay: float | None, error: str
) -> float:
    """Let a key wait, and let go of it; until when, in seconds since 1970."""
    cursor.execute(
        "SELECT failures FROM events_lease WHERE lane = %s AND key = %s AND owner = %s",
        (lane, key, owner),
    )
    row = cursor.fetchone()
    if row is None:
        return 0.0
    if delay is None:
        delay = min(FIRST_PAUSE * 2 ** min(row[0], 20), LONGEST_PAUSE)
    retry_at = time.time() + delay
    cursor.execute(
        "UPDATE events_lease SET until = 0, retry_at = %s, failures = failures + 1, error = %s"
        " WHERE lane = %s AND key = %s AND owner = %s",
        (retry_at, error[:1000], lane, key, owner),
    )
    return retry_at


def _quarantine(lane: str, key: str, results: Sequence[Result]) -> None:
    Quarantined.objects.bulk_create(
        [
            Quarantined(
                lane=lane,
                key=key,
                seq=result.item.seq,
                error=result.error[:1000],
                failures=result.item.attempts + 1,
            )
            for result in results
        ],
        ignore_conflicts=True,
    )


_STATES: Final = {
    Outcome.DONE: Delivery.State.DELIVERED,
    Outcome.DEAD: Delivery.State.DEAD,
    Outcome.REFUSED: Delivery.State.DEAD,
    Outcome.RETRY: Delivery.State.PENDING,
}


def _log(results: Sequence[Result], now: float, retry_at: float) -> None:
    moment = utc_now()
    changed: list[Delivery] = []
    attempts: list[Attempt] = []
    for result in results:
        item, trial = result.item, result.trial
        if item.delivery is None:
            continue
        again = retry_at or now + _delay(result) if result.outcome is Outcome.RETRY else 0.0
        changed.append(
            Delivery(
                id=item.delivery,
                state=_STATES[result.outcome],
                attempts=item.attempts + 1,
                status=None if trial is None else trial.status,
                error=result.error[:500],
                first_at=item.first_at or (moment if trial is None else trial.at),
                retry_at=datetime.fromtimestamp(again, UTC) if again else None,
                finished_at=None if again else moment,
            )
        )
        if trial is not None:
            attempts.append(
                Attempt(
                    delivery_id=item.delivery,
                    number=item.attempts + 1,
                    request=trial.request,
                    at=trial.at,
                    milliseconds=trial.milliseconds,
                    status=trial.status,
                    error=trial.error,
                    detail=trial.detail[:500],
                    request_headers=dict(trial.request_headers),
                    response_headers=dict(trial.response_headers),
                    response_body=trial.response_body.replace("\x00", "\ufffd"),
                )
            )
    _update(changed)
    Attempt.objects.bulk_create(attempts, batch_size=100)


def _update(changed: Sequence[Delivery]) -> None:
    """``bulk_update`` without its CASE for every column, which costs more than the writing."""
    adapt = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE events_delivery SET state = %s, attempts = %s, status = %s, error = %s,"
            " first_at = %s, retry_at = %s, finished_at = %s WHERE id = %s",
            [
                (
                    one.state,
                    one.attempts,
                    one.status,
                    one.error,
                    adapt(one.first_at),
                    None if one.retry_at is None else adapt(one.retry_at),
                    None if one.finished_at is None else adapt(one.finished_at),
                    one.pk,
                )
                for one in changed
            ],
        )
