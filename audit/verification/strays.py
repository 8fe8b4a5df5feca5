"""Events without a place, and places without an event."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import connection

from audit.domain.witness import witness_problem
from audit.verification.report import Kind, Reporter
from oms_project.core.clock import isoformat, utc_now
from oms_project.core.ids import time_of_id
from oms_project.core.keys import PublicKey

__all__ = ["check_strays"]

_WITHOUT_LEAF = (
    "SELECT e.id, e.body, p.signature FROM audit_event e LEFT JOIN audit_leaf l ON l.event_id = e.id"
    " LEFT JOIN audit_pending p ON p.event_id = e.id WHERE l.idx IS NULL ORDER BY e.id"
)
_WITHOUT_EVENT = (
    "SELECT p.event_id FROM audit_pending p LEFT JOIN audit_event e ON e.id = p.event_id"
    " LEFT JOIN audit_leaf l ON l.event_id = p.event_id"
    " WHERE e.id IS NULL AND l.idx IS NULL ORDER BY p.event_id"
)


def check_strays(
    *,
    found: int,
    patience: timedelta,
    keys: Mapping[str, PublicKey],
    reporter: Reporter,
) -> None:
    """Look at what has no leaf, unless there are as many events as leaves had.

    Args:
        found: how many leaves have their event.
        keys: that may have signed events which wait for their place.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM audit_event")
        rows: list[tuple[str, str, str | None]] = []
        if int(cursor.fetchone()[0]) != found:
            cursor.execute(_WITHOUT_LEAF)
            rows = cursor.fetchall()
        cursor.execute(_WITHOUT_EVENT)
        gone = [row[0] for row in cursor.fetchall()]
    before = utc_now() - patience
    for event_id, body, signature in rows:
        if signature is None or (since := _time(event_id)) is None:
            reporter.add(
                Kind.INSERTED,
                f"The event {event_id} has no place and does not wait for one",
                event_id=event_id,
            )
        elif (forged := witness_problem(body, signature, keys)) is not None:
            reporter.add(
                Kind.INSERTED,
                f"The event {event_id} waits for its place, and OMS did not write it: {forged}",
                event_id=event_id,
            )
        elif since < before:
            reporter.add(
                Kind.UNSEQUENCED,
                f"The event {event_id} waits for its place since {isoformat(since)}",
                event_id=event_id,
            )
    for event_id in gone:
        reporter.add(
            Kind.DELETED,
            f"The event {event_id} was deleted before it had a place",
            event_id=event_id,
        )


def _time(event_id: str) -> datetime | None:
    try:
        return time_of_id(event_id)
    except ValueError:
        return None
