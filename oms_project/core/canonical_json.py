"""One spelling of a JSON value, so that equal values have equal bytes and equal hashes.

Rules: UTF-8, object members sorted by code point, no white space, and numbers keep their value:
a number that a 64-bit integer or a binary double cannot hold travels as ``int`` or ``Decimal``.
The fast path is orjson; the exact path (simplejson with ``Decimal``) is taken only where a number
needs it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson
import simplejson

__all__ = ["canonical_digest", "dumps", "dumps_text", "loads", "with_large_integers"]

_LARGE = 2**63
# Sixteen digits (with a point among them or not) may be a number that a double cannot hold; a
# 3-digit exponent overflows one. Looking for the classes of characters as substrings is many times
# quicker than a pattern, and finds such text anywhere, in UUIDs and hashes too; the pattern, asked
# only then, finds it where a number stands. A false alarm (such text inside a string) only costs
# the slower path.
_CLASSES = bytes.maketrans(b"123456789.E-", b"0000000000e+")
_NEEDS_EXACT = re.compile(rb"(?:^|[:,\[\s])-?(?:[0-9.]{16}|[0-9.]+[eE][+-]?[0-9]{3})")


def dumps(value: Any) -> bytes:
    """Canonical UTF-8 bytes of a JSON-compatible value.

    Raises:
        TypeError: the value holds something JSON cannot say (also NaN and infinities).
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return _dumps_exact(value).encode()


def dumps_text(value: Any) -> str:
    """``dumps`` as text."""
    return dumps(value).decode()


def loads(text: str | bytes) -> Any:
    """Parse JSON without changing the value of any number.

    Raises:
        ValueError: not JSON; the message says where.
    """
    raw = text.encode() if isinstance(text, str) else text
    if not _is_suspicious(raw) or _NEEDS_EXACT.search(raw) is None:
        return orjson.loads(raw)
    return simplejson.loads(raw.decode(), parse_float=_exact_float, parse_constant=_refuse_constant)


def with_large_integers(value: Any, plain: Callable[[Any], Any] | None = None) -> Any:
    """``value`` with every integer beyond 64 bits as an ``orjson.Fragment`` of its digits: the one
    thing that orjson refuses without asking its ``default``.

    Args:
        plain: opens a value that is no JSON but holds some; gives others back as they are, for
            ``default``.
    """
    match value:
        case None | bool() | str() | float() | Decimal():
            return value
        case int():
            return value if -_LARGE <= value < _LARGE else orjson.Fragment(str(value))
        case Mapping():
            return {key: with_large_integers(item, plain) for key, item in value.items()}
        case list() | tuple():
            return [with_large_integers(item, plain) for item in value]
        case _:
            opened = value if plain is None else plain(value)
            return value if opened is value else with_large_integers(opened, plain)


def _is_suspicious(raw: bytes) -> bool:
    classes = raw.translate(_CLASSES)
    return b"0" * 16 in classes or b"0e000" in classes or b"0e+000" in classes


def canonical_digest(value: Any) -> str:
    """SHA-256 of the canonical bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(dumps(value)).hexdigest()


def _exact_float(text: str) -> float | Decimal:
    number = float(text)
    try:
        exact = Decimal(text)
    except InvalidOperation as error:  # an exponent beyond what Decimal holds
        raise ValueError(f"The number {text[:40]} is out of range.") from error
    if number in (float("inf"), float("-inf")) or Decimal(repr(number)) != exact:
        return exact
    return number


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value.")


def _dumps_exact(value: Any) -> str:
    return simplejson.dumps(
        value,
        use_decimal=True,
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
        namedtuple_as_object=False,
        tuple_as_array=True,
    )
