"""What was erased for good."""

from __future__ import annotations

import datetime as dt

from oms_project.core.authorization import permissions
from oms_project.core.clock import isoformat
from oms_project.core.pagination import decode_cursor, encode_cursor
from ontology.access import permitted
from ontology.contract import Page, RedactionInfo
from ontology.store import store

__all__ = ["list_redactions"]


def list_redactions(
    *, ontology: str, limit: int = 100, cursor: str | None = None
) -> Page[RedactionInfo]:
    """What was erased from an ontology, latest first: names of values, never the values."""
    info = permitted(ontology, permissions.ONTOLOGY_ERASE)
    key = decode_cursor("redactions", cursor, types=(str, str))
    before = None if key is None else (dt.datetime.fromisoformat(str(key[0])), str(key[1]))
    found = store.redactions(info.id, before=before, limit=limit + 1)
    more = None
    if len(found) > limit:
        last = found[limit - 1]
        more = encode_cursor("redactions", (isoformat(last.time), last.id))
    return Page(tuple(found[:limit]), more)
