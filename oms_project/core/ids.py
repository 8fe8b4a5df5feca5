"""Identifiers: random, and derived from what a thing is."""

from __future__ import annotations

import hashlib
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
    # The same as uuid.uuid5, without its detour over big integers: imports make thousands.
    name = bytes.fromhex(namespace.replace("-", "")) + "\x1f".join(parts).encode()
    text = hashlib.sha1(name, usedforsecurity=False).hexdigest()
    variant = "89ab"[int(text[16], 16) & 3]
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{variant}{text[17:20]}-{text[20:32]}"


def is_rid(text: str) -> bool:
    """Whether ``text`` has the form of a resource identifier."""
    return RID_PATTERN.fullmatch(text) is not None
