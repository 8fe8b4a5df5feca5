"""Giving events their place: what was committed gets an index, a leaf hash and a signed head.

Writers never wait for this: they leave a row in ``audit_pending``, which is seen as soon as their
transaction has committed, however late. One process at a time works through those rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from audit.domain.checkpoint import Checkpoint, NotGenuine, sign_note
from audit.domain.merkle import TILE_WIDTH, Frontier, leaf_hash
from audit.domain.witness import witness_problem
from audit.tree import Head, append_leaves, latest_head, leaf_count, stored_tree
from oms_project.core.clock import isoformat, utc_now
from oms_project.core.errors import Unavailable
from oms_project.core.keys import keyring

__all__ = ["TrailDamaged", "has_pending", "sequence_events", "signed_head"]

log = structlog.get_logger("oms.audit")

#: Events of one transaction: few enough that on SQLite no writer notices.
BATCH = 4 * TILE_WIDTH
# "oms audit" as a number: the advisory lock of PostgreSQL that sequencers take.
_LOCK = 0x6F6D735F61756474
_PENDING = (
    "SELECT p.event_id, e.body, p.signature, l.idx FROM audit_pending p"
    " JOIN audit_event e ON e.id = p.event_id LEFT JOIN audit_leaf l ON l.event_id = p.event_id"
    " ORDER BY p.event_id LIMIT %s"
)


class TrailDamaged(Unavailable):
    """The stored tree is not the one that was signed last, so nothing is added to it."""

    code = "audit_trail_damaged"
    title = "Audit trail damaged"
    retryable: ClassVar[bool] = False


def has_pending() -> bool:
    """Whether an event waits for its place; takes no lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM audit_pending LIMIT 1")
        return cursor.fetchone() is not None


def sequence_events(*, wait: bool = True, limit: int | None = None) -> int:
    """Give every event that waits its place, with heads signed at least every 256 leaves.

    Args:
        wait: for another process that is at it; else leave it to that one.
        limit: stop after about so many events.

    Returns:
        How many.

    Raises:
        TrailDamaged: somebody changed the stored tree.
        Unavailable: there is no key to sign with.
    """
    done = 0
    while has_pending() and (limit is None or done < limit):
        placed = _batch(wait=wait)
        if placed == 0:
            break
        done += placed
    return done


def _batch(*, wait: bool) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        if not _locked(cursor, wait=wait):
            return 0
        cursor.execute(_PENDING, (BATCH,))
        rows = cursor.fetchall()
        if not rows:
            return 0
        head = signed_head()
        frontier = _frontier(head)
        fresh = _genuine(rows)
        for first in range(0, len(fresh), TILE_WIDTH):
            append_leaves(cursor, frontier, fresh[first : first + TILE_WIDTH])
            head = _sign_head(cursor, frontier, head)
        cursor.executemany(
            "DELETE FROM audit_pending WHERE event_id = %s", [(row[0],) for row in rows]
        )
    return len(rows)


def _genuine(rows: Sequence[tuple[str, str, str, int | None]]) -> list[tuple[str, bytes]]:
    """Ids and leaf hashes of what OMS wrote and what has no place yet.

    What somebody else put into the table gets none: it stays there without one, and verification
    names it.
    """
    keys = keyring.public_keys("audit")
    fresh: list[tuple[str, bytes]] = []
    for event_id, body, signature, at in rows:
        if at is not None:
            continue
        problem = witness_problem(body, signature, keys)
        if problem is None:
            fresh.append((event_id, leaf_hash(body.encode())))
        else:
            log.error("an audit event that OMS did not write", event_id=event_id, problem=problem)
    return fresh


def _locked(cursor: CursorWrapper, *, wait: bool) -> bool:
    if connection.vendor != "postgresql":
        return True  # the transaction holds SQLite's write lock
    if wait:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        return True
    cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", (_LOCK,))
    return bool(cursor.fetchone()[0])


def signed_head() -> Head | None:
    """`latest_head`.

    Raises:
        TrailDamaged: the newest row holds no signed note.
    """
    try:
        return latest_head()
    except NotGenuine as error:
        raise _damaged(f"its newest head is no signed note ({error})") from error


def _frontier(head: Head | None) -> Frontier:
    """The right edge of the stored tree, after a look that it is the one that was signed."""
    signed = 0 if head is None else head.checkpoint.size
    if leaf_count() != signed:
        raise _damaged(f"it has {leaf_count()} leaves, and {signed} were signed")
    try:
        frontier = stored_tree(signed).frontier()
    except LookupError as error:
        raise _damaged(str(error)) from error
    if head is not None and frontier.root() != head.checkpoint.root:
        raise _damaged("its root is not the one that was signed")
    return frontier


def _damaged(reason: str) -> TrailDamaged:
    return TrailDamaged(
        f"The audit trail was changed: {reason}. Nothing is added to its tree any more. "
        "See where: manage.py audit verify"
    )


def _sign_head(cursor: CursorWrapper, frontier: Frontier, previous: Head | None) -> Head:
    """Sign the tree as ``frontier`` has it, and keep that."""
    key = keyring.signing_key("audit")
    origin = settings.OMS_AUDIT_ORIGIN
    checkpoint = Checkpoint(
        origin=origin,
        size=frontier.size,
        root=frontier.root(),
        time=isoformat(utc_now()),
        previous=b"" if previous is None else previous.digest,
    )
    note = sign_note(name=origin, text=checkpoint.text(), key=key)
    cursor.execute(
        "INSERT INTO audit_tree_head (size, root, time, kid, note) VALUES (%s, %s, %s, %s, %s)",
        (checkpoint.size, checkpoint.root, checkpoint.time, key.kid, note),
    )
    return Head(checkpoint=checkpoint, note=note, kid=key.kid)
