"""Up to which number the outbox is complete, where several write at once.

Numbers are drawn when an event is written and seen when its transaction commits: a higher one may be
seen first, and who goes on after it would miss the lower. So a transaction says, before it draws its
first number, after which number its own will come: by a shared advisory lock, which PostgreSQL lets
go when the transaction has ended and can be seen. A reader looks at where the numbers are, then at
who still holds such a lock, and only then at the events. Transactions of other databases, and those
that write no events, hold nothing back.
"""

from __future__ import annotations

from typing import Any, Final

from django.db import connection

__all__ = ["announce", "horizon"]

#: The upper 16 bits of the locks' keys; the lower 48 are the number.
_TAG: Final = 0x0E57
_END: Final = (
    "SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM events_event_seq_seq"
)
_ANNOUNCE: Final = f"SELECT pg_advisory_xact_lock_shared((%s::bigint << 48) | ({_END}))"
_OPEN: Final = (
    "SELECT min(((classid::bigint & 65535) << 32) | objid::bigint) FROM pg_locks "
    "WHERE locktype = 'advisory' AND objsubid = 1 AND classid::bigint >> 16 = %s "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND pid <> pg_backend_pid()"
)


def announce(cursor: Any) -> None:
    """Say that this transaction is about to draw numbers."""
    if connection.vendor == "postgresql":
        cursor.execute(_ANNOUNCE, [_TAG])


def horizon() -> int | None:
    """The last number before which nothing will be added any more; None: every number that is
    seen (one writer at a time: numbers are in the order of commits).

    Ask before the events are read, and not in the statement that reads them: that would see the
    events as they were before it saw the locks. What this transaction wrote itself is complete.
    """
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute(_END)
        (end,) = cursor.fetchone()
        cursor.execute(_OPEN, [_TAG])
        (held,) = cursor.fetchone()
    return int(end) if held is None else min(int(end), int(held))
