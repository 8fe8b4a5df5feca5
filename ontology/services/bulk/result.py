"""What a load did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ontology.contract import CommitInfo

__all__ = ["LoadResult", "LoadedFile", "RejectedRow"]


@dataclass(frozen=True, slots=True)
class LoadedFile:
    """The file of a load; ``sha256`` is of its bytes."""

    name: str
    sha256: str
    size: int
    format: str
    encoding: str


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that was left out.

    Attributes:
        row: see ``ontology.interop.tabular``.
        errors: ``{"column", "field", "rule", "message"}`` each; ``field`` is a JSON pointer.
        values: what the row holds, property -> value; its text, when it could not be read.
    """

    row: int
    errors: tuple[Mapping[str, Any], ...]
    values: Any


@dataclass(frozen=True, slots=True)
class LoadResult:
    """Outcome of a load.

    Attributes:
        type: ``apiName`` of the object type or link type; ``kind``: ``Object`` or ``Link``.
        commit: the last commit; None in a dry run, and when nothing changed.
        commits: how many were made.
        head: the branch's head afterwards.
        rows: rows of the file that this run went through.
        skipped: rows that an earlier run had loaded.
        errors: the first rejected rows; ``rejected`` counts them all.
    """

    type: str
    kind: str
    file: LoadedFile
    commit: CommitInfo | None
    commits: int
    head: str
    rows: int
    skipped: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    errors: tuple[RejectedRow, ...] = ()
    dry_run: bool = False
