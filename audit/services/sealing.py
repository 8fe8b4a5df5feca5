"""Sealing: moving old events to a file, under a signed statement, with their hashes left behind."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import orjson
from django.conf import settings
from django.db import connection, transaction

from audit import selectors
from audit.contract import Subject, audit_log
from audit.domain.checkpoint import sign_note
from audit.domain.merkle import leaf_hash
from audit.domain.seal import SealStatement
from audit.models import Leaf, Seal
from audit.sequencing import TrailDamaged, sequence_events, signed_head
from audit.tree import leaf_count, stored_tree
from oms_project.core.authorization import authorizer, permissions
from oms_project.core.clock import isoformat, utc_now
from oms_project.core.context import current_actor
from oms_project.core.errors import Conflict, NotFound
from oms_project.core.ids import first_id_at
from oms_project.core.keys import keyring

__all__ = ["seal"]

_CHUNK = 2000


def seal(*, before: datetime, folder: Path) -> SealStatement:
    """Move every event older than ``before`` to a file, from the last sealed one on.

    The file has a line of JSON per event (``index``, ``id``, ``body``), compressed with gzip. It
    is complete on disk before anything is deleted; the deletion, the seal and its ``audit.sealed``
    event are one transaction.

    Raises:
        PermissionDenied: the actor may not administer the trail.
        NotFound: ``nothing_to_seal``; no event is that old.
        Conflict: ``already_sealed``; somebody else sealed at the same time, or the file exists.
        TrailDamaged: what would be sealed is not what was signed.
        OSError: the file cannot be written.
    """
    actor = current_actor()
    authorizer.check(actor, permissions.AUDIT_ADMINISTER)
    sequence_events()
    first, last = _range(before)
    head = signed_head()
    if head is None or stored_tree(head.checkpoint.size).root() != head.checkpoint.root:
        raise TrailDamaged("The audit trail was changed, so nothing of it can be sealed.")
    name = f"audit-{first:012d}-{last:012d}.jsonl.gz"
    path = folder / name
    if path.exists():
        raise Conflict(f"The file {name} exists already.", code="already_sealed")
    digest = _write(path, first, last)
    statement = SealStatement(
        origin=settings.OMS_AUDIT_ORIGIN,
        first=first,
        last=last,
        root=stored_tree(head.checkpoint.size).range_hash(first, last + 1),
        file=name,
        sha256=digest,
        time=isoformat(utc_now()),
        by=actor.label,
    )
    try:
        _replace(statement)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return statement


def _range(before: datetime) -> tuple[int, int]:
    seals = selectors.list_seals()
    first = seals[-1].last + 1 if seals else 0
    newer = (
        Leaf.objects.filter(idx__gte=first, event_id__gte=first_id_at(before))
        .order_by("idx")
        .values_list("idx", flat=True)
        .first()
    )
    end = leaf_count() if newer is None else newer
    if end <= first:
        raise NotFound(
            f"There is nothing before {isoformat(before)} that is not sealed already.",
            code="nothing_to_seal",
        )
    return first, end - 1


def _write(path: Path, first: int, last: int) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            with gzip.GzipFile(fileobj=file, mode="wb", mtime=0, filename="") as packed:
                for index, event_id, body in _bodies(first, last):
                    line = {"index": index, "id": event_id, "body": body}
                    packed.write(orjson.dumps(line) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        digest = sha256()
        with temporary.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return digest.hexdigest()


def _bodies(first: int, last: int) -> Iterator[tuple[int, str, str]]:
    for start in range(first, last + 1, _CHUNK):
        end = min(start + _CHUNK - 1, last)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT l.idx, l.event_id, l.hash, e.body FROM audit_leaf l"
                " JOIN audit_event e ON e.id = l.event_id"
                " WHERE l.idx BETWEEN %s AND %s ORDER BY l.idx",
                (start, end),
            )
            rows = cursor.fetchall()
        for expected, (index, event_id, leaf, body) in zip(
            range(start, end + 1), rows, strict=False
        ):
            if index != expected or leaf_hash(body.encode()) != bytes(leaf):
                raise TrailDamaged(f"The event of place {expected} is not what was signed.")
            yield index, event_id, body
        if len(rows) != end - start + 1:
            raise TrailDamaged(f"Events between the places {start} and {end} are missing.")


def _replace(statement: SealStatement) -> None:
    note = sign_note(name=statement.origin, text=statement.text(), key=keyring.signing_key("audit"))
    with transaction.atomic():
        if Seal.objects.filter(last__gte=statement.first).exists():
            raise Conflict("Somebody else has just sealed this range.", code="already_sealed")
        Seal.objects.create(
            first=statement.first,
            last=statement.last,
            root=statement.root,
            file=statement.file,
            sha256=statement.sha256,
            time=statement.time,
            sealed_by=statement.by,
            note=note,
        )
        audit_log.record(
            "audit.sealed",
            Subject("audit", statement.file),
            data={
                "first": statement.first,
                "last": statement.last,
                "root": statement.root.hex(),
                "file": statement.file,
                "sha256": statement.sha256,
            },
        )
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM audit_event WHERE id IN"
                " (SELECT event_id FROM audit_leaf WHERE idx BETWEEN %s AND %s)",
                (statement.first, statement.last),
            )
