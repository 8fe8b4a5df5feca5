"""Identifiers: random, and derived from what a thing is."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterable

__all__ = ["RID_PATTERN", "derived_id", "derived_ids", "is_rid", "new_id"]

RID_PATTERN = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")

#: A hexadecimal digit -> the one in its place that says how the UUID is laid out.
_VARIANTS = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


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


def derived_ids(namespace: str, names: Iterable[str]) -> list[str]:
    """``derived_id`` of many names of one part in one namespace."""
    start = hashlib.sha1(bytes.fromhex(namespace.replace("-", "")), usedforsecurity=False)
    found: list[str] = []
    for name in names:
        digest = start.copy()
        digest.update(name.encode())
        text = digest.hexdigest()
        found.append(
            f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{_VARIANTS[text[16]]}{text[17:20]}"
            f"-{text[20:32]}"
        )
    return found


def is_rid(text: str) -> bool:
    """Whether ``text`` has the form of a resource identifier."""
    return RID_PATTERN.fullmatch(text) is not None
