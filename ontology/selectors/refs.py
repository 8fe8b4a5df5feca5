"""Reading the registry, branches, tags and logs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping

from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import current_actor
from oms_project.core.keys import PublicKey, keyring
from oms_project.core.pagination import decode_cursor, encode_cursor
from ontology.access import readable, with_protection
from ontology.contract import BranchInfo, CommitInfo, OntologyInfo, Page, TagInfo, VerifyReport
from ontology.domain.authorship import author_problem
from ontology.store import store
from ontology.store.port import Progress
from ontology.store.sealing import claim_of

__all__ = [
    "get_branch",
    "get_commits",
    "get_ontology",
    "get_tag",
    "list_branches",
    "list_ontologies",
    "list_tags",
    "log",
    "resolve_ref",
    "signature_problem",
    "verify",
]


def list_ontologies() -> tuple[OntologyInfo, ...]:
    """The ontologies that the actor may read, by name."""
    allowed = authorizer.ontologies(current_actor(), permissions.ONTOLOGY_READ)
    return tuple(
        info for info in store.list_ontologies() if allowed is None or info.name in allowed
    )


def get_ontology(*, ontology: str) -> OntologyInfo:
    """One ontology by name or id. Raises NotFound."""
    return readable(ontology)


def list_branches(
    *, ontology: str, limit: int = 100, cursor: str | None = None
) -> Page[BranchInfo]:
    """Branches by name; protected are those that a rule protects, too."""
    info = readable(ontology)
    after = decode_cursor("branches", cursor, types=(str,))
    found = store.list_branches(info.id, after=str(after[0]) if after else "", limit=limit + 1)
    more = encode_cursor("branches", (found[limit - 1].name,)) if len(found) > limit else None
    return Page(with_protection(info, found[:limit]), more)


def get_branch(*, ontology: str, name: str = "") -> BranchInfo:
    """A branch; the default branch for an empty name. Raises NotFound."""
    info = readable(ontology)
    return with_protection(info, (store.get_branch(info.id, name or info.default_branch),))[0]


def list_tags(*, ontology: str, limit: int = 100, cursor: str | None = None) -> Page[TagInfo]:
    """Tags by name."""
    info = readable(ontology)
    after = decode_cursor("tags", cursor, types=(str,))
    found = store.list_tags(info.id, after=str(after[0]) if after else "", limit=limit + 1)
    more = encode_cursor("tags", (found[limit - 1].name,)) if len(found) > limit else None
    return Page(tuple(found[:limit]), more)


def get_tag(*, ontology: str, name: str) -> TagInfo:
    """A tag. Raises NotFound."""
    return store.get_tag(readable(ontology).id, name)


def resolve_ref(*, ontology: str, ref: str = "") -> CommitInfo:
    """The commit that ``ref`` names. Raises NotFound, Invalid."""
    info = readable(ontology)
    return store.resolve(info.id, ref or info.default_branch)


def get_commits(*, ontology: str, ids: Collection[str]) -> dict[str, CommitInfo]:
    """Commits by their full ids, those that there are: one query for all."""
    return store.get_commits(readable(ontology).id, ids)


def log(
    *,
    ontology: str,
    ref: str = "",
    limit: int = 50,
    cursor: str | None = None,
    first_parent: bool = False,
) -> Page[CommitInfo]:
    """A ref's commit and its ancestors, latest first.

    Args:
        first_parent: leave out what merges brought in.
    """
    info = readable(ontology)
    key = decode_cursor("log", cursor, types=(str, str))
    before = None if key is None else (dt.datetime.fromisoformat(str(key[0])), str(key[1]))
    commit = store.resolve(info.id, ref or info.default_branch)
    found = store.log(info.id, commit, first_parent=first_parent, before=before, limit=limit + 1)
    more = None
    if len(found) > limit:
        last = found[limit - 1]
        more = encode_cursor("log", (last.time.isoformat(), last.id))
    return Page(tuple(found[:limit]), more)


def signature_problem(*, ontology: str, commit: CommitInfo) -> str | None:
    """Why a commit's signed author is not genuine by the keyring's keys, or None when it is."""
    claim = claim_of(readable(ontology).id, commit)
    return author_problem(commit.signature, claim, keyring.public_keys("author"))


def verify(
    *,
    ontology: str,
    keys: Mapping[str, PublicKey] | None = None,
    on_progress: Progress | None = None,
) -> VerifyReport:
    """Check the ontology's whole history: every hash, every author's signature, and that all parts
    agree.

    Args:
        keys: those that may have signed; None: the keyring's.
    """
    return store.verify(readable(ontology).id, keys=keys, on_progress=on_progress)
