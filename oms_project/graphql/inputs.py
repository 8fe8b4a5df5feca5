"""What arguments say: members that were given, texts within bounds; and pages of short lists."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import strawberry

from oms_project.core.errors import BadRequest, Invalid
from oms_project.core.pagination import Page, checked_limit, decode_cursor, encode_cursor

__all__ = ["bounded", "check_texts", "filter_text", "given", "page_by_name"]

T = TypeVar("T")
#: Characters of the longest text that is searched for.
_LONGEST_FILTER = 10_000


def check_texts(arguments: Mapping[str, Any]) -> None:
    """Refuse texts that not every database can keep. JSON is left to whoever reads it.

    Raises:
        BadRequest: ``bad_parameter``: a text holds U+0000.
    """
    for name, value in arguments.items():
        _check_text(name, value)


def _check_text(name: str, value: Any) -> None:
    if isinstance(value, str):
        if "\x00" in value:
            message = "A text cannot hold the character U+0000."
            raise BadRequest(
                f"`{name}`: {message}",
                code="bad_parameter",
                errors=[{"field": name, "message": message}],
            )
    elif isinstance(value, list):
        for one in value:
            _check_text(name, one)
    elif hasattr(value, "__strawberry_definition__") and dataclasses.is_dataclass(value):
        for part in dataclasses.fields(value):
            _check_text(part.name, getattr(value, part.name))


def given(source: Any, *names: str) -> dict[str, Any]:
    """The members of an input that were said, and are not null."""
    found = {name: getattr(source, name) for name in names}
    return {
        name: value
        for name, value in found.items()
        if value is not strawberry.UNSET and value is not None
    }


def bounded(value: str, name: str, most: int) -> str:
    """A text that is kept, or made into a hash.

    Raises:
        Invalid: ``invalid``: it is longer than ``most`` characters.
    """
    if len(value) > most:
        message = f"At most {most} characters."
        raise Invalid(
            f"`{name}` is too long. {message}", errors=[{"field": name, "message": message}]
        )
    return value


def filter_text(value: str | None, name: str, most: int = _LONGEST_FILTER) -> str:
    """A text that rows are searched by; empty when it was not said.

    Raises:
        BadRequest: ``bad_filter``: nothing that is stored can be like it.
    """
    text = value or ""
    if "\x00" in text or len(text) > most:
        message = f"{name} is no text of at most {most} characters."
        raise BadRequest(message, code="bad_filter", errors=[{"field": name, "message": message}])
    return text


def page_by_name(
    items: Sequence[T],
    *,
    listing: str,
    key: Callable[[T], str],
    limit: int | None = None,
    cursor: str | None = None,
) -> Page[T]:
    """A page of a list that is had as a whole, in the order of a key that no two items share.

    Args:
        listing: see `encode_cursor`.

    Raises:
        BadRequest: ``bad_limit``, ``bad_cursor``.
    """
    size = checked_limit(limit)
    after = decode_cursor(listing, cursor, types=(str,))
    left = sorted(items, key=key)
    if after is not None:
        left = [item for item in left if key(item) > str(after[0])]
    more = encode_cursor(listing, (key(left[size - 1]),)) if len(left) > size else None
    return Page(tuple(left[:size]), more)
