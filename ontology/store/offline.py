"""Check who made a commit, away from the store that holds it.

Takes a commit as REST and ``manage.py ontology show --format json`` give it, and public keys as
``manage.py keys export`` writes them. Nothing is read from a database, and nothing has to be
trusted but the keys::

    keys = load_public_keys(json.load(open("keys.json")))
    problem = record_problem(commit, ontology_id="…", keys=keys)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from oms_project.core.keys import PublicKey
from ontology.domain.authorship import CommitClaim, author_problem
from ontology.store.hashing import commit_id

__all__ = ["record_problem"]


def record_problem(
    record: Mapping[str, Any], *, ontology_id: str, keys: Mapping[str, PublicKey]
) -> str | None:
    """Why a commit's record is not genuine, or None when it is.

    Args:
        record: ``id``, ``parents``, ``contentHash``, ``authorId``, ``authorUsername``, ``time``,
            ``message``, ``signature``, and ``onBehalfOfId`` of a delegate; other members are
            passed over.
        ontology_id: of the ontology that the commit is said to belong to.
        keys: ``kid`` -> public key, from `oms_project.core.keys.load_public_keys`.
    """
    try:
        claim = CommitClaim(
            ontology=ontology_id,
            parents=tuple(str(parent) for parent in record["parents"]),
            content=str(record["contentHash"]),
            author_id=str(record["authorId"]),
            author_username=str(record["authorUsername"]),
            time=dt.datetime.fromisoformat(record["time"]),
            message=str(record["message"]),
            on_behalf_of=str(record.get("onBehalfOfId") or ""),
        )
        signature, identifier = str(record["signature"]), str(record["id"])
    except (KeyError, TypeError, ValueError) as error:
        return f"it is no record of a commit: {error!r}"
    if claim.time.tzinfo is None:
        return "its time says no zone"
    expected = commit_id(
        ontology_id=claim.ontology,
        parents=claim.parents,
        content=claim.content,
        author_id=claim.author_id,
        author_username=claim.author_username,
        time=claim.time,
        message=claim.message,
        signature=signature,
        on_behalf_of=claim.on_behalf_of,
    )
    if expected != identifier:
        return "its id is not the hash of what it says"
    return author_problem(signature, claim, keys)
