"""Signed heads against the public keys, and against each other.

A note names the hash of the one before it. So when every link holds, the signature under the newest
one vouches for all; only when something is wrong is every signature looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from django.db import connection

from audit.domain.checkpoint import (
    Checkpoint,
    NotGenuine,
    check_note,
    parse_checkpoint,
    parse_note,
)
from audit.verification.report import Kind, Reporter
from oms_project.core.keys import PublicKey

__all__ = ["SignedRoot", "check_heads", "check_signature"]

_CHUNK = 2000


@dataclass(frozen=True, slots=True)
class SignedRoot:
    """What a genuine head states."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class _Row:
    size: int
    note: str
    checkpoint: Checkpoint | None  # None: the row is no head, or contradicts its note
    digest: bytes
    reason: str = ""


def check_heads(
    *, size: int, keys: Mapping[str, PublicKey], reporter: Reporter
) -> list[SignedRoot]:
    """The heads that are genuine, up to trees of ``size`` leaves, smallest first."""
    rows, before, whole = [], None, True
    for row in _rows(size):
        whole = whole and _follows(row, before)
        rows.append(row)
        before = row
    if rows and whole and not _fault(rows[-1], keys):
        return [
            SignedRoot(row.checkpoint.size, row.checkpoint.root) for row in rows if row.checkpoint
        ]
    return _one_by_one(rows, keys, reporter)


def _follows(row: _Row, before: _Row | None) -> bool:
    if row.checkpoint is None:
        return False
    return row.checkpoint.previous == (b"" if before is None else before.digest)


def _one_by_one(
    rows: list[_Row], keys: Mapping[str, PublicKey], reporter: Reporter
) -> list[SignedRoot]:
    genuine, before, sound = [], None, True
    for row in rows:
        fault = row.reason or _fault(row, keys)
        if fault:
            reporter.add(
                Kind.FORGED_HEAD,
                f"The head of {row.size} leaves is not genuine: {fault}",
                first=max(row.size - 1, 0),
                about=f"head {row.size}",
            )
        else:
            assert row.checkpoint is not None
            if sound and not _follows(row, before):
                earlier = 0 if before is None else before.size
                reporter.add(
                    Kind.MISSING_HEAD,
                    f"Between the heads of {earlier} and {row.size} leaves one is missing",
                    first=earlier,
                    last=row.size - 1,
                    about=f"head {row.size}",
                )
            genuine.append(SignedRoot(row.checkpoint.size, row.checkpoint.root))
        before, sound = row, not fault
    return genuine


def _fault(row: _Row, keys: Mapping[str, PublicKey]) -> str:
    if row.checkpoint is None:
        return row.reason
    return check_signature(
        row.note, name=row.checkpoint.origin, time=row.checkpoint.time, keys=keys
    )


def check_signature(note: str, *, name: str, time: str, keys: Mapping[str, PublicKey]) -> str:
    """Why the note does not count; empty when it does."""
    try:
        key = check_note(parse_note(note), name=name, keys=keys)
    except NotGenuine as error:
        return str(error)
    moment = datetime.fromisoformat(time)
    if moment < key.created:
        return f"It says that it was signed before its key {key.kid} was made."
    if key.revoked is not None and moment >= key.revoked:
        return f"It was signed after its key {key.kid} had been revoked."
    return ""


def _rows(size: int) -> Iterator[_Row]:
    after = -1
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT size, root, time, kid, note FROM audit_tree_head"
                " WHERE size > %s AND size <= %s ORDER BY size LIMIT %s",
                (after, size, _CHUNK),
            )
            found = cursor.fetchall()
        for at, root, time, _kid, note in found:
            yield _row(int(at), bytes(root), time, note)
        if len(found) < _CHUNK:
            return
        after = int(found[-1][0])


def _row(size: int, root: bytes, time: str, note: str) -> _Row:
    digest = sha256(note.encode()).digest()
    try:
        checkpoint = parse_checkpoint(note.rpartition("\n\n")[0] + "\n")
    except NotGenuine as error:
        return _Row(size, note, None, digest, str(error))
    if (checkpoint.size, checkpoint.root, checkpoint.time) != (size, root, time):
        return _Row(size, note, None, digest, "Its row says something else than its note.")
    return _Row(size, note, checkpoint, digest)
