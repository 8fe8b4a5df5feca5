"""Finding what was changed in the trail, by whoever owns the database, and saying where.

What is believed: the public keys (they lie outside the database) and, where one is given, a
checkpoint that was kept elsewhere. Everything that the database says is held against them:

- every body against the hash of its leaf: exact;
- the leaves against the stored tiles and the signed heads: exact to the tile, or to the leaves
  between two heads, when leaf hashes were recomputed as well;
- heads against each other (each names the one before it) and against the public keys;
- what was sealed against its signed statement, and against its file;
- events without a place, gaps, and triggers that are gone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection

from audit.domain.checkpoint import (
    Checkpoint,
    NotGenuine,
    check_note,
    parse_checkpoint,
    parse_note,
)
from audit.triggers import missing_triggers
from audit.verification.heads import check_heads
from audit.verification.leaves import check_leaves
from audit.verification.report import Kind, Problem, Report, Reporter
from audit.verification.seals import check_sealed_files, check_seals, genuine_seals
from audit.verification.strays import check_strays
from oms_project.core.errors import Invalid
from oms_project.core.keys import PublicKey, keyring

__all__ = ["Kind", "Problem", "Report", "trusted_checkpoint", "verify_trail"]

#: An event may wait so long for its place before that is a problem.
PATIENCE = timedelta(minutes=10)

Progress = Callable[[int, int], None]


def verify_trail(
    *,
    checkpoint: str | None = None,
    keys: Mapping[str, PublicKey] | None = None,
    sealed: Path | None = None,
    patience: timedelta = PATIENCE,
    progress: Progress | None = None,
) -> Report:
    """Check the whole trail as it is now. It may grow meanwhile.

    Args:
        checkpoint: a note that was kept elsewhere.
        keys: public keys to believe; those of the keyring when None.
        sealed: folder of sealed files to check too.
        patience: how long an event may wait for its place.
        progress: called with how many leaves are done, and how many there are.

    Raises:
        Invalid: ``bad_checkpoint``; the checkpoint is none, or not one of this log.
    """
    began = time.monotonic()
    believed = keyring.public_keys("audit") if keys is None else keys
    trusted = None if checkpoint is None else trusted_checkpoint(checkpoint, keys=believed)
    reporter = Reporter()
    for name in missing_triggers(connection):
        table = name.partition("_no_")[0]
        reporter.add(Kind.UNPROTECTED, f"The trigger {name} is gone or changed", about=table)
    with connection.cursor() as cursor:
        # Heads before leaves: a leaf comes with its head, so there is one for all that is seen.
        cursor.execute("SELECT max(size) FROM audit_tree_head")
        signed = int(cursor.fetchone()[0] or 0)
        cursor.execute("SELECT max(idx) FROM audit_leaf")
        last = cursor.fetchone()[0]
    size = 0 if last is None else int(last) + 1
    heads = check_heads(size=max(size, signed), keys=believed, reporter=reporter)
    seals = genuine_seals(keys=believed, reporter=reporter)
    _prepare_scan()
    leaves = check_leaves(
        size=size,
        heads=heads,
        trusted=trusted,
        seals=seals,
        seals_now=lambda: genuine_seals(keys=believed, reporter=Reporter()),
        reporter=reporter,
        progress=progress or (lambda _done, _total: None),
    )
    check_seals(seals, reporter=reporter)
    if sealed is not None:
        check_sealed_files(seals, folder=sealed, reporter=reporter)
    check_strays(found=leaves.events, patience=patience, keys=believed, reporter=reporter)
    return Report(
        size=size,
        events=leaves.events,
        sealed=sum(seal.last - seal.first + 1 for seal in seals),
        heads=len(heads),
        root=leaves.root,
        checkpoint_size=None if trusted is None else trusted.size,
        seconds=time.monotonic() - began,
        problems=reporter.problems(),
        found=reporter.count,
    )


def _prepare_scan() -> None:
    """Let SQLite read the file through memory: a third quicker for a pass over everything."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA mmap_size = {1 << 32}")


def trusted_checkpoint(note: str, *, keys: Mapping[str, PublicKey]) -> Checkpoint:
    """The checkpoint in a note that was kept elsewhere.

    Raises:
        Invalid: ``bad_checkpoint``; it is none, or not one of this log.
    """
    try:
        parsed = parse_note(note)
        checkpoint = parse_checkpoint(parsed.text)
        check_note(parsed, name=settings.OMS_AUDIT_ORIGIN, keys=keys)
        if checkpoint.origin != settings.OMS_AUDIT_ORIGIN:
            raise NotGenuine(f"It is one of {checkpoint.origin}.")
    except NotGenuine as error:
        raise Invalid(
            f"This is no checkpoint of {settings.OMS_AUDIT_ORIGIN}: {error}", code="bad_checkpoint"
        ) from error
    return checkpoint
