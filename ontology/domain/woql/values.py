"""Literals: the spelling in which they are kept and compared, their order, and their JSON."""

from __future__ import annotations

import math
import re
from decimal import Decimal, InvalidOperation
from typing import Any

from oms_project.core.errors import Invalid

__all__ = ["XSD", "canonical", "json_value", "kind_of", "spelled"]

XSD = "http://www.w3.org/2001/XMLSchema#"
_INTEGERS = frozenset(
    XSD + name
    for name in (
        "integer",
        "long",
        "int",
        "short",
        "byte",
        "nonNegativeInteger",
        "positiveInteger",
        "nonPositiveInteger",
        "negativeInteger",
        "unsignedLong",
        "unsignedInt",
        "unsignedShort",
        "unsignedByte",
    )
)
_DECIMALS = _INTEGERS | {XSD + "decimal"}
_DOUBLES = frozenset({XSD + "double", XSD + "float"})
_INTEGER = re.compile(r"[+-]?[0-9]{1,1000}")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]{1,1000}(?:\.[0-9]{0,1000})?|\.[0-9]{1,1000})")
_TIMES = {
    XSD + "date": re.compile(r"-?\d{4,}-\d\d-\d\d(?:Z|[+-]\d\d:\d\d)?"),
    XSD + "dateTime": re.compile(
        r"-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?"
    ),
    XSD + "time": re.compile(r"\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?"),
}
_WORDS = {"true": "true", "1": "true", "false": "false", "0": "false"}


def kind_of(datatype: str) -> str:
    """``exact`` numbers, ``float`` numbers, or empty."""
    if datatype in _DECIMALS:
        return "exact"
    return "float" if datatype in _DOUBLES else ""


def spelled(value: Any) -> str:
    """The lexical form of a JSON value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def canonical(datatype: str, text: str) -> str | None:
    """The one spelling of a literal; None: there is no such value."""
    if datatype == XSD + "boolean":
        return _WORDS.get(text)
    if datatype in _INTEGERS:
        return str(int(text)) if _INTEGER.fullmatch(text) else None
    if datatype in _DECIMALS:
        return _decimal(text) if _DECIMAL.fullmatch(text) else None
    if datatype in _DOUBLES:
        return _double(text)
    pattern = _TIMES.get(datatype)
    if pattern is not None:
        return _time(text) if pattern.fullmatch(text) else None
    return text


def _decimal(text: str) -> str | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    plain = format(number, "f")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return "0" if plain in ("-0", "") else plain


def _double(text: str) -> str | None:
    try:
        number = float(text)
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    return repr(number)


def _time(text: str) -> str:
    """Without zeros at the end of a fraction; UTC is ``Z``."""
    text = re.sub(r"(\.\d*?)0+(?=Z|[+-]|$)", r"\1", text).replace(".Z", "Z")
    text = re.sub(r"\.(?=[+-]|$)", "", text)
    return re.sub(r"[+-]00:00$", "Z", text)


def json_value(datatype: str, text: str) -> Any:
    """The ``@value`` of a literal in canonical spelling, as TerminusDB writes it.

    Raises:
        Invalid: never for what ``canonical`` gave.
    """
    if datatype == XSD + "boolean":
        return text == "true"
    if datatype in _INTEGERS:
        return int(text)
    if datatype in _DECIMALS:
        number = Decimal(text)
        return int(number) if number == number.to_integral_value() else number
    if datatype in _DOUBLES:
        value = float(text)
        if not math.isfinite(value):
            raise Invalid("There is no JSON for a number that is not finite.", code="woql_invalid")
        return value
    return text
