"""The tree of the trail as it lies in the database: tiles, heads, and adding leaves to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from django.db import connection
from django.db.backends.utils import CursorWrapper

from audit.domain.checkpoint import Checkpoint, parse_checkpoint, parse_note
from audit.domain.merkle import TILE_BITS, TILE_WIDTH, Frontier, Tree, root_of

__all__ = ["Head", "append_leaves", "latest_head", "leaf_count", "stored_tree"]

_LEAVES = "SELECT hash FROM audit_leaf WHERE idx >= %s AND idx < %s ORDER BY idx"
_NODES = "SELECT hash FROM audit_node WHERE level = %s AND idx >= %s AND idx < %s ORDER BY idx"


@dataclass(frozen=True, slots=True)
class Head:
    """A signed tree head as it is stored."""

    checkpoint: Checkpoint
    note: str
    kid: str

    @property
    def digest(self) -> bytes:
        """What the next head names as the one before it."""
        return sha256(self.note.encode()).digest()


def leaf_count() -> int:
    """How many events have their place."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(idx) FROM audit_leaf")
        last = cursor.fetchone()[0]
    return 0 if last is None else int(last) + 1


def latest_head() -> Head | None:
    """The newest signed head; None before the first event.

    Raises:
        NotGenuine: the row holds no signed note.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT note, kid FROM audit_tree_head ORDER BY size DESC LIMIT 1")
        row = cursor.fetchone()
    if row is None:
        return None
    return Head(checkpoint=parse_checkpoint(parse_note(row[0]).text), note=row[0], kid=row[1])


def stored_tree(size: int) -> Tree:
    """The tree over the first ``size`` leaves; it reads tiles as they are asked for."""
    return Tree(size, _tile)


def _tile(level: int, index: int, width: int) -> Sequence[bytes]:
    first = index * TILE_WIDTH
    with connection.cursor() as cursor:
        if level == 0:
            cursor.execute(_LEAVES, (first, first + width))
        else:
            cursor.execute(_NODES, (level, first, first + width))
        return [bytes(row[0]) for row in cursor.fetchall()]


def append_leaves(
    cursor: CursorWrapper, frontier: Frontier, leaves: Sequence[tuple[str, bytes]]
) -> None:
    """Write leaves behind the last one, with the nodes that they complete, and grow ``frontier``.

    Args:
        leaves: event id and leaf hash of each.
    """
    first = frontier.size
    cursor.executemany(
        "INSERT INTO audit_leaf (idx, event_id, hash) VALUES (%s, %s, %s)",
        [(first + at, event_id, leaf) for at, (event_id, leaf) in enumerate(leaves)],
    )
    frontier.extend([leaf for _, leaf in leaves])
    level, before, after = 0, first, frontier.size
    while after >> TILE_BITS > before >> TILE_BITS:
        before, after = before >> TILE_BITS, after >> TILE_BITS
        nodes = [
            (level + TILE_BITS, index, root_of(_tile(level, index, TILE_WIDTH)))
            for index in range(before, after)
        ]
        level += TILE_BITS
        cursor.executemany("INSERT INTO audit_node (level, idx, hash) VALUES (%s, %s, %s)", nodes)
