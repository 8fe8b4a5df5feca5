"""Keys: texts that sort as the values do, and the key that stands in an object's ``@id``."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import quote, unquote

__all__ = [
    "KEY",
    "LONGEST",
    "NULL_KEY",
    "key_parts",
    "key_text",
    "object_name_key",
    "order_key",
    "order_keys",
    "parse_key",
    "shortened",
    "typed_key",
]

#: System member of an object: the values of its primary key, in key order.
KEY = "_key"
#: Sorts after every value.
NULL_KEY = "~"
#: PostgreSQL indexes values of up to 2,700 bytes.
LONGEST = 380
#: Between the parts of a key of several values; sorts before every character that prints. Those
#: that it does not sort before are written with it in front: what follows it in a text is never
#: what a part begins with.
_PART = "\x1f"
_ESCAPES = {code: f"{_PART}{chr(0x80 + code)}" for code in range(0x20)}
_BETWEEN = re.compile(f"{_PART}(?=[\x20-\x7f])")
_COMPLEMENT = str.maketrans("0123456789", "9876543210")
_MIDDLE = 5000


def order_key(value: Any) -> str:
    """A text by which values of one data type sort as they should.

    Numbers of all kinds sort by their value (sign, exponent, digits; the digits of a negative
    number are complemented), texts by code point, false before true, nothing after everything.
    Dates and times sort as their normal form does.
    """
    if value is None:
        return NULL_KEY
    if value is True or value is False:
        return "b1" if value else "b0"
    if isinstance(value, int):
        return shortened(_integer_key(value))
    if isinstance(value, float):
        return _decimal_key(Decimal(repr(value)))
    if isinstance(value, Decimal):
        return shortened(_decimal_key(value))
    text = str(value)
    return shortened("s" + (text if text.isprintable() else text.translate(_ESCAPES)))


def typed_key(data_type: str, value: Any) -> str:
    """``order_key`` of a value of a data type in its normal form."""
    if isinstance(value, str):
        if data_type == "decimal":
            return order_key(Decimal(value))
        if data_type in ("time", "timestamp"):
            return order_key(value.removesuffix("Z"))  # "12:00:00Z" is before "12:00:00.5Z"
    return order_key(value)


def order_keys(values: Sequence[Any]) -> str:
    """``order_key`` of several values, which sort as a tuple of them does."""
    return shortened(_PART.join([order_key(value) for value in values]))


def key_parts(key: str) -> list[str]:
    """The parts of what ``order_keys`` made, when it was not too long."""
    return _BETWEEN.split(key)


def _integer_key(value: int) -> str:
    if value == 0:
        return "n5"
    digits = str(abs(value))
    text = f"{_MIDDLE + len(digits) - 1:04d}{digits.rstrip('0')}"
    return f"n6{text}" if value > 0 else f"n4{text.translate(_COMPLEMENT)}~"


def _decimal_key(value: Decimal) -> str:
    if not value:
        return "n5"
    exponent = max(-_MIDDLE, min(_MIDDLE - 1, value.adjusted()))
    digits = "".join(map(str, value.as_tuple().digits)).lstrip("0").rstrip("0")
    text = f"{_MIDDLE + exponent:04d}{digits}"
    return f"n6{text}" if value > 0 else f"n4{text.translate(_COMPLEMENT)}~"


def shortened(key: str) -> str:
    """``key``, or its beginning with a digest where it is too long to index."""
    if len(key) <= LONGEST:
        return key
    return f"{key[:LONGEST]}#{hashlib.sha256(key.encode(errors='surrogatepass')).hexdigest()}"


def object_name_key(type_rid: str, key: Sequence[Any] | None, iri: str | None = None) -> str:
    """What an object is found and listed by: its type, and within it its primary key.

    Args:
        key: values of the primary key; None without one.
        iri: of an imported individual, when it has no key.
    """
    if key is not None:
        return f"{type_rid}:{order_keys(key)}"
    return f"{type_rid}:{shortened('s' + iri)}" if iri else f"{type_rid}:{NULL_KEY}"


def key_text(key: Sequence[Any]) -> str:
    """The key as it stands in ``@id``: its parts percent-encoded, joined by ``+``."""
    return "+".join([_part_text(value) for value in key])


def _part_text(value: Any) -> str:
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, str):
        return quote(value, safe="")
    return quote(str(value), safe="")


def parse_key(text: str) -> list[str]:
    """The parts of a key in ``@id``, decoded; which type they are of is the layout's to say."""
    return [unquote(part) for part in text.split("+")]
