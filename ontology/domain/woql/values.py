"""Literals of queries, in the spelling that the native view has for equal values."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from ontology.domain.native.values import NATIVE_TYPES, literal

__all__ = ["XSD", "canonical"]

XSD = "xsd:"
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
_NATIVE = frozenset(NATIVE_TYPES.values())
_INTEGER = re.compile(r"[+-]?[0-9]{1,1000}")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]{1,1000}(?:\.[0-9]{0,1000})?|\.[0-9]{1,1000})")
_WORDS = {"true": True, "1": True, "false": False, "0": False}


def canonical(datatype: str, value: Any) -> str | None:
    """The one spelling of a literal; None: there is no such value.

    Args:
        value: its lexical form, or the JSON value.
    """
    if isinstance(value, bool):
        text = "true" if value else "false"
    else:
        text = format(value, "f") if isinstance(value, Decimal) else str(value)
    if datatype in _INTEGERS:
        return str(int(text)) if _INTEGER.fullmatch(text) else None
    if datatype not in _NATIVE:
        return text
    found = literal(datatype, _meant(datatype, text))
    return None if found is None else found.text


def _meant(datatype: str, text: str) -> Any:
    """The value as the native view takes it."""
    if datatype == "xsd:boolean":
        return _WORDS.get(text)
    if datatype == "xsd:decimal":
        if _DECIMAL.fullmatch(text):
            return Decimal(text)
        return Decimal(repr(float(text))) if _is_float(text) else None
    if datatype == "xsd:double":
        return float(text) if _is_float(text) else None
    return text


def _is_float(text: str) -> bool:
    return re.fullmatch(r"[+-]?[0-9.]{1,400}(?:[eE][+-]?[0-9]{1,4})?", text) is not None and (
        text.count(".") <= 1 and any(character.isdigit() for character in text)
    )
