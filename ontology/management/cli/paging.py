"""All of a list that the selectors give in pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from ontology.contract import Page

__all__ = ["all_pages"]

T = TypeVar("T")
_PAGE = 200


def all_pages(
    read: Callable[..., Page[T]], *, limit: int | None = None, **arguments: Any
) -> Iterator[T]:
    """Items of a paged selector, a page at a time as they are consumed.

    Args:
        read: a selector with ``limit`` and ``cursor``.
        limit: stop after so many; None for all.
        arguments: passed on.
    """
    cursor: str | None = None
    left = limit
    while left is None or left > 0:
        size = _PAGE if left is None else min(_PAGE, left)
        page = read(limit=size, cursor=cursor, **arguments)
        yield from page.items
        if left is not None:
            left -= len(page.items)
        cursor = page.next_cursor
        if cursor is None:
            return
