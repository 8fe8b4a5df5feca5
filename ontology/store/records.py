"""A commit as text: everything that its id and its signature cover, exactly.

This is what a home keeps of a commit besides its documents, and what a history is built from again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from oms_project.core.canonical_json import dumps_text, loads
from oms_project.core.errors import Invalid
from ontology.contract import CommitInfo
from ontology.domain.authorship import time_text
from ontology.store.hashing import commit_id

__all__ = ["info_of", "ontology_of", "record_of"]

_FORMAT = 1


def record_of(ontology_id: str, info: CommitInfo) -> str:
    """The record of a commit, canonical JSON."""
    return dumps_text(
        {
            "format": _FORMAT,
            "ontology": ontology_id,
            "id": info.id,
            "parents": list(info.parents),
            "contentHash": info.content_hash,
            "changeCount": info.change_count,
            "authorId": info.author_id,
            "authorUsername": info.author_username,
            "onBehalfOfId": info.on_behalf_of_id,
            "time": time_text(info.time),
            "message": info.message,
            "signature": info.signature,
        }
    )


def info_of(record: str) -> CommitInfo:
    """The commit that a record is of.

    Raises:
        Invalid: ``broken_record``; it is none, or its id is not the hash of what it says.
    """
    try:
        said: Mapping[str, Any] = loads(record)
        if said["format"] != _FORMAT:
            raise ValueError(f"unknown format {said['format']!r}")
        info = CommitInfo(
            id=str(said["id"]),
            parents=tuple(str(parent) for parent in said["parents"]),
            author=f"{said['authorUsername']} ({said['authorId']})",
            author_id=str(said["authorId"]),
            author_username=str(said["authorUsername"]),
            time=dt.datetime.fromisoformat(said["time"]).astimezone(dt.UTC),
            message=str(said["message"]),
            content_hash=str(said["contentHash"]),
            change_count=int(said["changeCount"]),
            signature=str(said["signature"]),
            on_behalf_of_id=str(said["onBehalfOfId"]),
        )
        expected = commit_id(
            ontology_id=str(said["ontology"]),
            parents=info.parents,
            content=info.content_hash,
            author_id=info.author_id,
            author_username=info.author_username,
            time=info.time,
            message=info.message,
            signature=info.signature,
            on_behalf_of=info.on_behalf_of_id,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid(f"This is no record of a commit: {error!r}", code="broken_record") from error
    if expected != info.id:
        raise Invalid(
            f"The record of {info.short_id} is not what its id is the hash of.",
            code="broken_record",
            data={"commit": info.id},
        )
    return info


def ontology_of(record: str) -> str:
    """Id of the ontology that a (sound) record belongs to."""
    return str(loads(record)["ontology"])
