"""Where a commit stands, and how to ask for what is valid there.

A commit sees, for each document, the version that is valid on the nearest line of its chain. The
SQL therefore asks the nearest line first: keyed reads ask all lines at once and keep the nearest,
lists ask line by line, leave out what a nearer line has a version of, and merge.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cached_property
from typing import Any

from ontology.contract import CommitInfo
from ontology.store.orm.lines import Place, load_line
from ontology.store.orm.sql import rows

__all__ = ["PlacedReads", "portions"]

#: Keyed reads go to the database in portions of this many keys.
KEYS = 20_000


class PlacedReads:
    """Base of the readers of the embedded store.

    Args:
        commit: the commit to read.
        place: where it stands.
        head: whether ``place`` was the end of its line just now: then the open versions are its
            versions, which a narrow index finds however long the history is.
        locked: whether the caller still holds the branch's lock and has not committed under it,
            so that ``head`` is true for sure.
    """

    def __init__(
        self,
        commit: CommitInfo,
        place: Place,
        *,
        head: bool = False,
        locked: Callable[[], bool] = lambda: False,
    ) -> None:
        self.commit = commit
        self._place = place
        self._head = head
        self._locked = locked

    @cached_property
    def _places(self) -> tuple[Place, ...]:
        return (self._place, *load_line(self._place.line).chain)

    def _on_line(
        self, rank: int, sql: str, alias: str, before: Sequence[Any], after: Sequence[Any]
    ) -> list[tuple[Any, ...]]:
        """Run ``sql``, whose ``{valid}`` becomes "valid at the place of ``rank``".

        At the end of a line that is "still open". Whoever commits meanwhile closes versions and
        moves the line's end in one transaction, so an unmoved end proves that the answer holds.
        """
        place = self._places[rank]
        if rank == 0 and self._head:
            found = rows(sql.replace("{valid}", f"{alias}.seq_to IS NULL"), [*before, *after])
            if self._holds_still():
                return found
        # The plus keeps planners from walking through all the line's versions by ``seq_from``.
        valid = f"+{alias}.seq_from <= %s AND ({alias}.seq_to IS NULL OR {alias}.seq_to > %s)"
        return rows(sql.replace("{valid}", valid), [*before, place.seq, place.seq, *after])

    def _parts(
        self, rank: int, sql: str, alias: str, before: Sequence[Any], after: Sequence[Any]
    ) -> list[list[tuple[Any, ...]]]:
        """As ``_on_line`` for tables that have one index for what holds at the end of a line and
        one for what does not any more: both are asked apart (in one request), or neither would
        be used. Each part is in the order that ``sql`` asks for.
        """
        place = self._places[rank]
        if rank == 0 and self._head:
            found = rows(sql.replace("{valid}", f"{alias}.seq_to IS NULL"), [*before, *after])
            if self._holds_still():
                return [found]
        live = f"{alias}.seq_to IS NULL AND +{alias}.seq_from <= %s"
        past = f"{alias}.seq_to IS NOT NULL AND +{alias}.seq_to > %s AND +{alias}.seq_from <= %s"
        both = " UNION ALL ".join(
            f"SELECT {number}, part{number}.* FROM ({sql.replace('{valid}', valid)}) part{number}"
            for number, valid in enumerate((live, past))
        )
        found = rows(
            both,
            [*before, place.seq, *after, *before, place.seq, place.seq, *after],
        )
        return [[row[1:] for row in found if row[0] == number] for number in (0, 1)]

    def _holds_still(self) -> bool:
        """Whether the line still ends where it did; else ``_head`` is no more."""
        if self._locked() or self._is_end(self._place):
            return True
        self._head = False
        return False

    @staticmethod
    def _is_end(place: Place) -> bool:
        found = rows("SELECT tip_seq FROM ontology_line WHERE id = %s", [place.line])
        return bool(found) and found[0][0] == place.seq

    def _unshadowed(self, alias: str, rank: int) -> tuple[str, list[Any]]:
        """`` AND NOT EXISTS (...)``: no nearer line has a version of the row's document."""
        if rank == 0:
            return "", []
        nearer = self._places[:rank]
        parts = " OR ".join(["(n.line_id = %s AND n.seq_from <= %s)"] * len(nearer))
        parameters = [value for place in nearer for value in (place.line, place.seq)]
        newer = f"SELECT 1 FROM ontology_documentversion n WHERE n.rid = {alias}.rid AND ({parts})"
        return f" AND NOT EXISTS ({newer})", parameters

    def _nearest(self, rid: str) -> tuple[str, list[Any]]:
        """SQL for the id of the version of a document that holds here, and its parameters.

        Args:
            rid: an SQL expression.
        """
        # The last version at or before a place is the valid one there; the first line of the
        # chain that has any decides. COALESCE asks no further than it must.
        latest = (
            "(SELECT o.id FROM ontology_documentversion o WHERE o.line_id = %s "
            f"AND o.rid = {rid} AND o.seq_from <= %s ORDER BY o.seq_from DESC LIMIT 1)"
        )
        nearest = ", ".join([latest] * len(self._places))
        if len(self._places) > 1:
            nearest = f"COALESCE({nearest})"
        return nearest, [value for place in self._places for value in (place.line, place.seq)]


def portions(keys: Collection[str]) -> Iterator[Sequence[str]]:
    """``keys`` in lists that are short enough for one query."""
    listed = keys if isinstance(keys, (list, tuple)) else list(keys)
    for start in range(0, len(listed), KEYS):
        yield listed[start : start + KEYS]
