"""The hash chain: what a document's, a content's and a commit's hash are made of.

The same for every store, so that a history can be checked wherever it lies. The audit fields are
in none of them.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable

from oms_project.core.canonical_json import dumps
from ontology.domain.kinds import Kind

__all__ = ["commit_id", "content_hash", "text_hash", "time_text"]

_FORMAT = 1


def text_hash(text: str) -> str:
    """Hash of a document: SHA-256 of its canonical JSON text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def content_hash(changes: Iterable[tuple[str, Kind, str | None]]) -> str:
    """Hash of what a commit changes against its first parent.

    Args:
        changes: ``(rid, kind, document hash)`` each; no hash stands for a delete.
    """
    lines = [f"{rid} {kind} {document or '-'}\n" for rid, kind, document in sorted(changes)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def time_text(time: dt.datetime) -> str:
    """ISO 8601 in UTC with microseconds, the one spelling that is hashed and rendered."""
    return time.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def commit_id(
    *,
    ontology_id: str,
    parents: tuple[str, ...],
    content: str,
    author_id: str,
    author_username: str,
    time: dt.datetime,
    message: str,
    signature: str,
) -> str:
    """A commit's id: SHA-256 of everything that it says, in hexadecimal."""
    return hashlib.sha256(
        dumps(
            {
                "format": _FORMAT,
                "ontology": ontology_id,
                "parents": list(parents),
                "content": content,
                "author": {"id": author_id, "username": author_username},
                "time": time_text(time),
                "message": message,
                "signature": signature,
            }
        )
    ).hexdigest()
