"""Keyset pages: a cursor names the last row seen, so a page costs the same at any depth.

A cursor is opaque to clients and holds only sort keys that they have seen anyway; it is checked,
not trusted: a changed cursor moves the start of a page and grants nothing.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from oms_project.core import canonical_json
from oms_project.core.errors import BadRequest

__all__ = [
    "DEFAULT_LIMIT",
    "MAX_LIMIT",
    "CursorKey",
    "Page",
    "all_items",
    "all_pages",
    "checked_limit",
    "decode_cursor",
    "encode_cursor",
]

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
# A cursor longer than this was not made here.
_MAX_CURSOR = 4096

CursorKey = tuple[str | int | None, ...]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A run of items, and the cursor of what follows (``None`` on the last page)."""

    items: tuple[T, ...]
    next_cursor: str | None = None


def checked_limit(limit: int | None) -> int:
    """The page size to use: ``DEFAULT_LIMIT`` for ``None``.

    Raises:
        BadRequest: outside 1…``MAX_LIMIT`` (code ``bad_limit``).
    """
    if limit is None:
        return DEFAULT_LIMIT
    if not 1 <= limit <= MAX_LIMIT:
        raise BadRequest(
            f"A page holds between 1 and {MAX_LIMIT} items; {limit} were asked for.",
            code="bad_limit",
            data={"min": 1, "max": MAX_LIMIT},
        )
    return limit


def encode_cursor(listing: str, key: Sequence[str | int | None]) -> str:
    """A cursor after the row with the sort key ``key``.

    Args:
        listing: name of the list and its order (``jobs:created``); a cursor fits one list only.
        key: values that the list is sorted by, ending with a unique one.
    """
    raw = canonical_json.dumps([listing, *key])
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def decode_cursor(listing: str, cursor: str | None, *, types: Sequence[type]) -> CursorKey | None:
    """The sort key in ``cursor``, or ``None`` for no cursor (the first page).

    Args:
        listing: as given to `encode_cursor`.
        cursor: what the client sent.
        types: type of each part of the key, for example ``(str, int)``.

    Raises:
        BadRequest: not a cursor of this list (code ``bad_cursor``).
    """
    if cursor is None or cursor == "":
        return None
    refused = BadRequest(
        "This cursor does not belong to this list: start again without a cursor.",
        code="bad_cursor",
        data={"cursor": cursor[:100]},
    )
    if len(cursor) > _MAX_CURSOR:
        raise refused
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        parts = canonical_json.loads(raw)
    except (binascii.Error, ValueError, RecursionError) as error:
        raise refused from error
    if not isinstance(parts, list) or len(parts) != len(types) + 1 or parts[0] != listing:
        raise refused
    key = parts[1:]
    # `type(...) is` and not isinstance: true is no integer here.
    if any(type(part) is not kind for part, kind in zip(key, types, strict=True)):
        raise refused
    return tuple(key)


def all_pages(
    read: Callable[..., Page[T]], *, limit: int | None = None, **arguments: Any
) -> Iterator[tuple[T, ...]]:
    """What a paged selector lists, a page each time one is asked for; at least one.

    Args:
        read: a selector with ``limit`` and ``cursor``.
        limit: stop after so many items; None: all.
        arguments: passed on.
    """
    cursor: str | None = None
    left = limit
    while True:
        size = MAX_LIMIT if left is None else min(MAX_LIMIT, left)
        page = read(limit=size, cursor=cursor, **arguments)
        yield page.items
        cursor = page.next_cursor
        left = None if left is None else left - len(page.items)
        if cursor is None or left == 0:
            return


def all_items(
    read: Callable[..., Page[T]], *, limit: int | None = None, **arguments: Any
) -> Iterator[T]:
    """The items of `all_pages`, one by one."""
    for items in all_pages(read, limit=limit, **arguments):
        yield from items
