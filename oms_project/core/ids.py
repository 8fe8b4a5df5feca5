"""Identifiers: random, and derived from what a thing is."""

from __future__ import annotations

import hashlib
import re
import secrets
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

__all__ = [
    "RID_PATTERN",
    "derived_id",
    "derived_ids",
    "first_id_at",
    "is_rid",
    "new_id",
    "ordered_id",
    "time_of_id",
]

RID_PATTERN = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

#: A hexadecimal digit -> the one in its place that says how the UUID is laid out.
_VARIANTS = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


def new_id() -> str:
    """A random UUID in its 36-character lower-case form."""
    return str(uuid.uuid4())


def ordered_id(moment: datetime) -> str:
    """A UUIDv7 (RFC 9562 §5.7, with §6.2 method 3 for what is below a millisecond) for
    ``moment``: ids sort as the times do, to the microsecond.
    """
    millis, micros = divmod((moment - _EPOCH) // _MICROSECOND, 1000)
    tail = secrets.token_hex(8)
    variant = "89ab"[int(tail[0], 16) & 3]
    head = f"{millis:012x}"
    return f"{head[:8]}-{head[8:]}-7{micros:03x}-{variant}{tail[1:4]}-{tail[4:]}"


def first_id_at(moment: datetime) -> str:
    """The least id that ``ordered_id`` can make for ``moment``: bounds of a time range, for the index."""
    micros_since = max((moment - _EPOCH) // _MICROSECOND, 0)
    millis, micros = divmod(micros_since, 1000)
    head = f"{millis:012x}"
    return f"{head[:8]}-{head[8:]}-7{micros:03x}-8000-000000000000"


def time_of_id(event_id: str) -> datetime:
    """When this id was made.

    Raises:
        ValueError: not an id that `ordered_id` made.
    """
    if len(event_id) != 36 or event_id[14] != "7":
        raise ValueError(f"{event_id!r} was not made by ordered_id.")
    millis = int(event_id[:8] + event_id[9:13], 16)
    return _EPOCH + timedelta(milliseconds=millis, microseconds=int(event_id[15:18], 16))


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
