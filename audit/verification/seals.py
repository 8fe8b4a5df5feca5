"""What was sealed: its signed statement, and the files."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import orjson
from django.db import connection

from audit.domain.merkle import leaf_hash
from audit.domain.seal import SealStatement, parse_seal
from audit.tree import stored_tree
from audit.verification.heads import check_signature
from audit.verification.report import Kind, Reporter
from oms_project.core.keys import PublicKey

__all__ = ["check_sealed_files", "check_seals", "genuine_seals"]


def genuine_seals(*, keys: Mapping[str, PublicKey], reporter: Reporter) -> list[SealStatement]:
    """The seals that a known key has signed, first range first. Only they excuse a missing
    event.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT first, last, note FROM audit_seal ORDER BY first")
        rows = cursor.fetchall()
    seals = []
    for first, last, note in rows:
        try:
            seal = parse_seal(note)
            fault = check_signature(note, name=seal.origin, time=seal.time, keys=keys)
            if (seal.first, seal.last) != (first, last):
                fault = "Its row says something else than its note."
        except ValueError as error:
            fault = str(error)
        if fault:
            reporter.add(
                Kind.FORGED_SEAL,
                f"The seal of the places {first} to {last} is not genuine: {fault}",
                first=int(first),
                last=int(last),
            )
        else:
            seals.append(seal)
    return seals


def check_seals(seals: Sequence[SealStatement], *, reporter: Reporter) -> None:
    """That seals lie side by side from the first place on, over leaves as they were then."""
    expected = 0
    for seal in seals:
        fault = ""
        if seal.first != expected:
            fault = f"it should begin at {expected}"
        else:
            try:
                root = stored_tree(seal.last + 1).range_hash(seal.first, seal.last + 1)
            except LookupError:
                root = b""
            if root != seal.root:
                fault = "the leaves of its range are not what was sealed"
        if fault:
            reporter.add(
                Kind.FORGED_SEAL,
                f"The seal of the places {seal.first} to {seal.last} does not fit: {fault}",
                first=seal.first,
                last=seal.last,
            )
        expected = seal.last + 1


def check_sealed_files(seals: Sequence[SealStatement], *, folder: Path, reporter: Reporter) -> None:
    """Every sealed file: its digest, and each event in it against its leaf."""
    for seal in seals:
        for fault, index in _file_faults(seal, folder / seal.file):
            reporter.add(
                Kind.SEALED_FILE,
                f"The sealed file {seal.file} {fault}",
                first=seal.first if index is None else index,
                last=seal.last if index is None else index,
                about=seal.file,
            )


def _file_faults(seal: SealStatement, path: Path) -> list[tuple[str, int | None]]:
    try:
        with path.open("rb") as file:
            digest = sha256()
            while chunk := file.read(1 << 20):
                digest.update(chunk)
        faults: list[tuple[str, int | None]] = []
        if digest.hexdigest() != seal.sha256:
            faults.append(("is not the one that was sealed", None))
        at = seal.first
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                member = orjson.loads(line)
                if member["index"] != at:
                    faults.append((f"lacks what should be at place {at}", at))
                    return faults
                leaf = leaf_hash(member["body"].encode())
                if leaf != _leaf(at):
                    faults.append((f"holds another event at place {at}", at))
                at += 1
        if at != seal.last + 1:
            faults.append((f"ends before place {seal.last}", None))
    except FileNotFoundError:
        return [("is not there", None)]
    except (OSError, EOFError, ValueError, KeyError, TypeError, zlib.error) as error:
        return [(f"cannot be read: {error}", None)]
    return faults


def _leaf(index: int) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute("SELECT hash FROM audit_leaf WHERE idx = %s", (index,))
        row = cursor.fetchone()
    return b"" if row is None else bytes(row[0])
