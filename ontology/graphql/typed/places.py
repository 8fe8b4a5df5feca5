"""Where a typed endpoint reads and writes, and documents as rows that can be written down at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from oms_project.graphql.executor import Row
from ontology import selectors
from ontology.contract import DocumentView

__all__ = [
    "DELETED",
    "ETAG",
    "ID",
    "RID",
    "TITLE",
    "TYPE",
    "Place",
    "audit_of",
    "place_of",
    "row_of",
    "view_of",
]

#: Members of a row that are no values; no property begins like this.
ID, RID, ETAG, TITLE, TYPE, DELETED = "@id", "@rid", "@etag", "@title", "@type", "@deleted"
_VIEW, _PLACE, _AUDIT = "@view", "@place", "@audit"


@dataclass(frozen=True, slots=True)
class Place:
    """What a request is about.

    Attributes:
        ontology: name.
        ref: as it was asked for; empty: the default branch.
        commit: id of the commit that it named then; everything is read there.
    """

    ontology: str
    ref: str
    commit: str

    def at(self, as_of: str | None) -> Place:
        """The same branch as it was at a time.

        Raises:
            BadRequest: ``bad_as_of``; the ref is no branch. NotFound: there was nothing then.
        """
        if not as_of:
            return self
        ref = selectors.ref_at(ontology=self.ontology, ref=self.ref, as_of=as_of)
        found = selectors.resolve_ref(ontology=self.ontology, ref=ref)
        return replace(self, commit=found.id)

    def on(self, commit: str) -> Place:
        """The same, at another commit."""
        return self if commit == self.commit else replace(self, commit=commit)


def row_of(view: DocumentView, place: Place) -> Row:
    """An object or link, as its type's fields read it.

    Args:
        place: where it was read; what is linked to it is read there too.
    """
    row = Row(view.body)
    row[ID] = view.id
    row[RID] = view.rid
    row[ETAG] = view.etag
    row[TITLE] = view.title or None
    row[TYPE] = view.type
    row[DELETED] = view.deleted
    row[_VIEW] = view
    row[_PLACE] = place
    row.siblings = None
    return row


def place_of(row: Mapping[str, Any]) -> Place:
    """Where a row was read."""
    found: Place = row[_PLACE]
    return found


def view_of(row: Mapping[str, Any]) -> DocumentView:
    """What a row was made of."""
    found: DocumentView = row[_VIEW]
    return found


def audit_of(row: dict[str, Any], name: str) -> Any:
    """A member that the system writes into every document (``_created_at``)."""
    known = row.get(_AUDIT)
    if known is None:
        known = row[_AUDIT] = orjson.loads(view_of(row).json)
    return known.get(name)
