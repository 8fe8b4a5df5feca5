"""The hash chain: what a document's, a content's and a commit's hash are made of.

The same for every store, so that a history can be checked wherever it lies. The audit fields are
in none of them.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable

from oms_project.core.canonical_json import dumps
from ontology.domain.authorship import time_text
from ontology.domain.kinds import Kind

__all__ = ["commit_id", "content_hash", "text_hash"]

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
    on_behalf_of: str = "",
) -> str:
    """A commit's id: SHA-256 of everything that it says, in hexadecimal.

    Args:
        signature: the signed author string.
        on_behalf_of: id of the user for whom a service acted.
    """
    author = {"id": author_id, "username": author_username}
    if on_behalf_of:
        author["onBehalfOf"] = on_behalf_of
    return hashlib.sha256(
        dumps(
            {
                "format": _FORMAT,
                "ontology": ontology_id,
                "parents": list(parents),
                "content": content,
                "author": author,
                "time": time_text(time),
                "message": message,
                "signature": signature,
            }
        )
    ).hexdigest()
