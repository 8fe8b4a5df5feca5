"""Identifiers: random, and derived from what a thing is."""

from __future__ import annotations

import re
import uuid

__all__ = ["RID_PATTERN", "derived_id", "is_rid", "new_id"]

RID_PATTERN = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")


def new_id() -> str:
    """A random UUID in its 36-character lower-case form."""
    return str(uuid.uuid4())


def derived_id(namespace: str, *parts: str) -> str:
    """The UUIDv5 of ``parts`` in ``namespace`` (itself a UUID): same input, same id, anywhere.

    Parts are joined with a character that cannot stand in names or IRIs.
    """
    return str(uuid.uuid5(uuid.UUID(namespace), "\x1f".join(parts)))


def is_rid(text: str) -> bool:
    """Whether ``text`` has the form of a resource identifier."""
    return RID_PATTERN.match(text) is not None
