"""Reading in pages while others write: a cursor remembers the commit that page one was read at.

So a listing of a branch is one state of it, from the first page to the last.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from oms_project.core.canonical_json import canonical_digest
from oms_project.core.errors import BadRequest, NotFound
from oms_project.core.pagination import decode_cursor, encode_cursor
from ontology import selectors
from ontology.api.bodies import PageBody
from ontology.api.query import PageQuery, ReadQuery
from ontology.contract import CommitInfo

__all__ = ["Snapshot", "bad_cursor", "following", "next_link", "snapshot"]

_LISTING = "ontology:snapshot"
# Parameters that may differ between the pages of one listing.
_FREE = frozenset({"asOf", "count", "cursor", "limit", "ref"})


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The commit that a request reads.

    Attributes:
        commit: the commit.
        immutable: whether the request named the commit itself, so that the answer never changes.
        inner: the selector's own cursor; None on the first page.
    """

    commit: CommitInfo
    immutable: bool
    inner: str | None = None


def snapshot(
    *, ontology: str, query: ReadQuery, request: HttpRequest, body: PageBody | None = None
) -> Snapshot:
    """Resolve ``ref`` (with ``asOf``), or for a later page the commit of the first one.

    Args:
        body: of a listing that is asked for by ``POST``: what its cursor stands in.

    Raises:
        NotFound: there is no such ontology or ref.
        BadRequest: the cursor is not one of this listing, or ``asOf`` does not go with the ref.
    """
    cursor = query.cursor if isinstance(query, PageQuery) else ""
    if body is not None:
        cursor = body.cursor
    if not cursor:
        wanted = selectors.ref_at(ontology=ontology, ref=query.ref, as_of=query.as_of)
        commit = selectors.resolve_ref(ontology=ontology, ref=wanted)
        return Snapshot(commit, immutable=query.ref == commit.id)
    try:
        parts = decode_cursor(_LISTING, cursor, types=(str, str, str))
    except BadRequest as error:
        raise bad_cursor() from error
    if parts is None or parts[1] != _filters(request, body):
        raise bad_cursor()
    try:
        commit = selectors.resolve_ref(ontology=ontology, ref=str(parts[0]))
    except NotFound as error:
        raise bad_cursor() from error
    if commit.id != parts[0]:
        raise bad_cursor()
    return Snapshot(commit, immutable=True, inner=str(parts[2]))


def following(
    *,
    request: HttpRequest,
    commit: CommitInfo,
    next_cursor: str | None,
    body: PageBody | None = None,
) -> str | None:
    """The cursor that clients get for a selector's ``next_cursor``."""
    if next_cursor is None:
        return None
    return encode_cursor(_LISTING, (commit.id, _filters(request, body), next_cursor))


def next_link(request: HttpRequest, cursor: str) -> str:
    """The ``Link`` header that leads to the page at ``cursor``."""
    values = request.GET.copy()
    values["cursor"] = cursor
    return f'<{request.build_absolute_uri(f"{request.path}?{values.urlencode()}")}>; rel="next"'


def bad_cursor() -> BadRequest:
    """The error for a cursor that does not fit."""
    return BadRequest(
        "This cursor does not belong to this list: start again without a cursor.",
        code="bad_cursor",
    )


def _filters(request: HttpRequest, body: PageBody | None) -> str:
    """A short hash of path and filters: a cursor fits one listing."""
    kept: list[Any] = sorted(
        (name, value)
        for name, values in request.GET.lists()
        if name not in _FREE
        for value in values
    )
    if body is not None:
        asked = body.model_dump(mode="json", by_alias=True)
        kept.append(canonical_digest({name: asked[name] for name in asked if name not in _FREE}))
    return hashlib.sha256(repr((request.path, kept)).encode()).hexdigest()[:12]
