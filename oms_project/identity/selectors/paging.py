"""Keyset pages of rows: by a unique name, or the newest first."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet

from oms_project.core.clock import isoformat
from oms_project.core.errors import BadRequest
from oms_project.core.ids import is_rid
from oms_project.core.pagination import checked_limit, decode_cursor, encode_cursor
from oms_project.identity.models import Delegation, TokenSession

__all__ = ["by_name", "containing", "newest_first"]

M = TypeVar("M", bound=Model)
D = TypeVar("D", TokenSession, Delegation)
#: Characters of the longest text that is searched for: names end before.
_MAX_SEARCH = 200


def containing(rows: QuerySet[M], text: str, *columns: str) -> QuerySet[M]:
    """Rows that hold the text in one of the columns, without regard to case; all for no text.

    Raises:
        BadRequest: the text is too long.
    """
    if len(text) > _MAX_SEARCH:
        raise BadRequest(f"q: at most {_MAX_SEARCH} characters.", code="bad_parameter")
    if not text:
        return rows
    if "\x00" in text:  # PostgreSQL stores no such text
        return rows.none()
    found = Q()
    for column in columns:
        found |= Q((f"{column}__icontains", text))
    return rows.filter(found)


def by_name(
    rows: QuerySet[M], listing: str, column: str, limit: int | None, cursor: str | None
) -> tuple[list[M], str | None]:
    """A page in the order of a column in which no two rows are alike, and the next page's cursor.

    Args:
        listing: see `encode_cursor`.
        column: ``username``, ``user__username``.

    Raises:
        BadRequest: a limit out of bounds, a cursor of another list.
    """
    size = checked_limit(limit)
    key = decode_cursor(listing, cursor, types=(str,))
    if key is not None:
        if "\x00" in str(key[0]):
            raise _foreign()
        rows = rows.filter(**{f"{column}__gt": key[0]})
    found = list(rows.order_by(column)[: size + 1])
    more = None
    if len(found) > size:
        last: object = found[size - 1]
        for part in column.split("__"):
            last = getattr(last, part)
        more = encode_cursor(listing, (str(last),))
    return found[:size], more


def newest_first(
    rows: QuerySet[D], listing: str, limit: int | None, cursor: str | None
) -> tuple[list[D], str | None]:
    """A page by ``created_at`` and ``id``, the newest first, and the next page's cursor.

    Args:
        listing: see `encode_cursor`.

    Raises:
        BadRequest: a limit out of bounds, a cursor of another list.
    """
    size = checked_limit(limit)
    key = decode_cursor(listing, cursor, types=(str, str))
    if key is not None:
        created, row = _checked(str(key[0]), str(key[1]))
        rows = rows.filter(Q(created_at__lt=created) | Q(created_at=created, pk__lt=row))
    found = list(rows.order_by("-created_at", "-pk")[: size + 1])
    more = None
    if len(found) > size:
        last = found[size - 1]
        more = encode_cursor(listing, (isoformat(last.created_at), str(last.pk)))
    return found[:size], more


def _checked(created: str, row: str) -> tuple[datetime, UUID]:
    try:
        moment = datetime.fromisoformat(created)
        ours = isoformat(moment) == created and is_rid(row)
    except (ValueError, OverflowError) as error:
        raise _foreign() from error
    if not ours:
        raise _foreign()
    return moment, UUID(row)


def _foreign() -> BadRequest:
    return BadRequest(
        "This cursor does not belong to this list: start again without a cursor.",
        code="bad_cursor",
    )
