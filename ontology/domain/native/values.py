"""Values of properties as native literals.

A literal has one spelling for equal values, which is the one that TerminusDB 12 gives back: numbers
without zeros that say nothing, moments in UTC with no fraction or one of three or six digits. What
its type cannot hold there is left out of the native view; documents keep it.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from oms_project.core.canonical_json import dumps_text
from ontology.domain.datatypes import DataType, value_problem
from ontology.domain.instances.values import normal_timestamp
from ontology.domain.native.terms import Literal

__all__ = ["NATIVE_TYPES", "TEXT", "literal", "literals"]

TEXT = "xsd:string"
#: Data type -> native type; all others are text: their own, or canonical JSON.
NATIVE_TYPES: dict[str, str] = {
    "boolean": "xsd:boolean",
    "integer": "xsd:integer",
    "long": "xsd:integer",
    "decimal": "xsd:decimal",
    "double": "xsd:double",
    "date": "xsd:date",
    "timestamp": "xsd:dateTime",
    "time": "xsd:time",
}

#: TerminusDB keeps twenty decimals, cuts off more, and fails where nothing is left.
_MOST_DECIMALS = 20
_MOST_DIGITS = 1000
_SURROGATE = re.compile("[\ud800-\udfff]")
_DATE = DataType("date")
_TIME = DataType("time")
_TIMESTAMP = DataType("timestamp")


def literals(target: str, value: Any, *, many: bool) -> tuple[Literal, ...]:
    """The literals of a property's value, without repeats; none where it does not fit.

    Args:
        target: the native type of the property's member.
        many: whether the member is a set; then the items of a list are its values.
    """
    if value is None:
        return ()
    if many and isinstance(value, list):
        return tuple(
            dict.fromkeys(
                found
                for item in value
                if item is not None and (found := literal(target, item)) is not None
            )
        )
    found = literal(target, value)
    return () if found is None else (found,)


def literal(target: str, value: Any) -> Literal | None:
    """One value as a literal of the native type ``target``; None where it is no such value."""
    text = _SPELLINGS[target](value)
    return None if text is None else Literal(target, text)


def _text(value: Any) -> str | None:
    text = value if isinstance(value, str) else dumps_text(value)
    return text if text.isascii() or _SURROGATE.search(text) is None else None


def _boolean(value: Any) -> str | None:
    return ("true" if value else "false") if isinstance(value, bool) else None


def _integer(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    try:
        return str(value)
    except ValueError:  # longer than Python spells
        return None


def _decimal(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal, str)):
        return None
    if isinstance(value, int):
        return _integer(value)
    try:
        number = Decimal(repr(value) if isinstance(value, float) else value)
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number.adjusted()) > _MOST_DIGITS:
        return None
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
        if len(text.partition(".")[2]) > _MOST_DECIMALS:
            return None
    return "0" if text in ("-0", "") else text.lstrip("+")


def _double(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return repr(number + 0.0) if math.isfinite(number) else None  # + 0.0: there is one zero


def _date(value: Any) -> str | None:
    return value if value_problem(_DATE, value) is None else None


@lru_cache(maxsize=8192)
def _moment(value: str) -> str | None:
    if value_problem(_TIMESTAMP, value) is not None:
        return None
    text = normal_timestamp(value)
    if not text.endswith("Z"):  # in the first or last hours that the calendar has
        return None
    whole, point, fraction = text[:-1].partition(".")
    return (
        f"{whole}{point}{fraction.ljust(3 if len(fraction) <= 3 else 6, '0')}Z" if point else text
    )


def _timestamp(value: Any) -> str | None:
    return _moment(value) if isinstance(value, str) else None


def _time(value: Any) -> str | None:
    """In UTC. TerminusDB adds an offset where it should take it away, and forgets fractions."""
    if value_problem(_TIME, value) is not None:
        return None
    time = dt.time.fromisoformat(value)
    if time.microsecond:
        return None
    # Any day but the first and the last: the offset may lead to the one before or after.
    moment = dt.datetime.combine(dt.date(2000, 1, 1), time)
    if moment.tzinfo is not None:
        moment = moment.astimezone(dt.UTC)
    return moment.strftime("%H:%M:%SZ")


_SPELLINGS: Mapping[str, Callable[[Any], str | None]] = {
    TEXT: _text,
    "xsd:boolean": _boolean,
    "xsd:integer": _integer,
    "xsd:decimal": _decimal,
    "xsd:double": _double,
    "xsd:date": _date,
    "xsd:dateTime": _timestamp,
    "xsd:time": _time,
}
