"""Text of a cell to the value of a property, by the property's data type.

Only spellings are changed here (``TRUE`` to true, ``2013-01-01 05:00`` to ISO 8601); whether a
value obeys its property is the domain's to say. Every function takes the cell's text, and raises
ValueError with the end of a sentence: "'x' is not a whole number".
"""

from __future__ import annotations

import base64
import datetime as dt
import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from oms_project.core.canonical_json import loads
from ontology.domain.datatypes import PRIMITIVES, parse_data_type
from ontology.domain.kinds import NO_LANGUAGE

__all__ = ["LIST_SEPARATOR", "NULL_WORDS", "Coercer", "coercer_of", "shown"]

Coercer = Callable[[str], Any]

#: What stands for nothing where no text of that kind can be a value.
NULL_WORDS: Final = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "\\n", "-"})
LIST_SEPARATOR: Final = "|"
_INTEGER = re.compile(r"[+-]?\d+(\.0*)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_DATE = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)", re.ASCII)
_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d?:\d\d(?::\d\d(?:[.,]\d+)?)?) ?(Z|UTC|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII | re.IGNORECASE,
)
_TIME = re.compile(
    r"(\d\d?:\d\d(?::\d\d(?:[.,]\d+)?)?) ?(Z|UTC|[+-]\d\d(?::?\d\d)?)?", re.ASCII | re.IGNORECASE
)
_POINT = re.compile(
    r"(?:<[^>]*>\s*)?POINT\s*Z?\s*\(\s*([-+\d.eE]+)\s+([-+\d.eE]+)(?:\s+[-+\d.eE]+)?\s*\)",
    re.ASCII | re.IGNORECASE,
)
_TRUE = frozenset({"true", "t", "yes", "y", "1"})
_FALSE = frozenset({"false", "f", "no", "n", "0"})
_MAX_DIGITS: Final = 4000
_SHOWN: Final = 60


def coercer_of(
    data_types: tuple[str, ...],
    *,
    array: bool = False,
    date_format: str | None = None,
    separator: str = LIST_SEPARATOR,
) -> Coercer:
    """What turns the text of a cell into a value; None for a word that stands for nothing.

    Args:
        data_types: names of data types (``decimal(12,2)``); the first that fits is taken. Anything
            else is text; empty is any literal.
        array: the property holds a list: JSON, or items between ``separator``s.
        date_format: as in ``strptime``, for dates, times and timestamps.
    """
    tried = sorted(data_types, key=_certainty)
    singles = [_single(text, date_format) for text in tried] or [_string]
    single = singles[0] if len(singles) == 1 else _first_of(singles)
    return _list_of(single, separator) if array else single


def shown(text: str) -> str:
    """``text`` in a message: quoted, and never long."""
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "...")


#: Of several data types, text is tried last.
_LAST = ("string", "langString", "json")


def _certainty(text: str) -> int:
    return _LAST.index(text) + 1 if text in _LAST else 0


def _single(text: str, date_format: str | None) -> Coercer:
    try:
        name = parse_data_type(text).name
    except ValueError:
        name = "string"
    if date_format and name in _FORMATTED:
        return _formatted(name, date_format)
    return _COERCERS[name]


def _first_of(singles: list[Coercer]) -> Coercer:
    def coerce(text: str) -> Any:
        problem: ValueError | None = None
        for single in singles:
            try:
                return single(text)
            except ValueError as error:
                problem = problem or error
        assert problem is not None
        raise problem

    return coerce


def _list_of(single: Coercer, separator: str) -> Coercer:
    def coerce(text: str) -> Any:
        stripped = text.strip()
        if not stripped:
            return None
        if stripped.startswith("["):
            try:
                found = loads(stripped)
            except ValueError:
                found = None
            if isinstance(found, list):
                return [single(item) if isinstance(item, str) else item for item in found]
        return [single(item.strip()) for item in stripped.split(separator)]

    return coerce


def _string(text: str) -> Any:
    return text


def _worded(coerce: Coercer) -> Coercer:
    """``coerce`` for stripped text that is no word for nothing."""

    def wrapped(text: str) -> Any:
        stripped = text.strip()
        return None if stripped.lower() in NULL_WORDS else coerce(stripped)

    return wrapped


def _boolean(text: str) -> bool:
    word = text.lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError(f"{shown(text)} is not true or false")


def _integer(text: str) -> int:
    if len(text) > _MAX_DIGITS or _INTEGER.fullmatch(text) is None:
        raise ValueError(f"{shown(text)} is not a whole number")
    return int(text.partition(".")[0])


def _double(text: str) -> float:
    if _NUMBER.fullmatch(text) is None or not math.isfinite(number := float(text)):
        raise ValueError(f"{shown(text)} is not a number")
    return number


def _decimal(text: str) -> Any:
    if len(text) > _MAX_DIGITS or _NUMBER.fullmatch(text) is None:
        raise ValueError(f"{shown(text)} is not a decimal number")
    return Decimal(text)


def _date(text: str) -> str:
    match = _DATE.fullmatch(text[:10] if text[10:] in _MIDNIGHT else text)
    try:
        if match is None:
            raise ValueError(text)
        return dt.date(*map(int, match.groups())).isoformat()
    except ValueError as error:
        raise ValueError(f"{shown(text)} is not a date such as 2026-07-05") from error


_MIDNIGHT = frozenset({" 00:00:00", "T00:00:00", "T00:00:00Z", " 00:00", "T00:00"})


def _zone(text: str | None) -> str:
    if not text:
        return ""
    if text.upper() in ("Z", "UTC"):
        return "Z"
    digits = text[1:].replace(":", "").ljust(4, "0")
    return f"{text[0]}{digits[:2]}:{digits[2:]}"


def _clock(text: str) -> str:
    return text.replace(",", ".").rjust(len(text) + (text[1] == ":"), "0")


def _timestamp(text: str) -> str:
    match = _MOMENT.fullmatch(text)
    try:
        if match is None:
            raise ValueError(text)
        date, clock, zone = match.groups()
        made = f"{date}T{_clock(clock or '00:00')}{_zone(zone)}"
        dt.datetime.fromisoformat(made)
    except ValueError as error:
        raise ValueError(
            f"{shown(text)} is not a timestamp such as 2026-07-05T12:00:00Z"
        ) from error
    return made


def _time(text: str) -> str:
    match = _TIME.fullmatch(text)
    try:
        if match is None:
            raise ValueError(text)
        made = f"{_clock(match[1])}{_zone(match[2])}"
        dt.time.fromisoformat(made)
    except ValueError as error:
        raise ValueError(f"{shown(text)} is not a time such as 12:00:00") from error
    return made


def _formatted(name: str, date_format: str) -> Coercer:
    def coerce(text: str) -> str:
        try:
            moment = dt.datetime.strptime(text, date_format)  # noqa: DTZ007 - a zone may be in it
        except ValueError as error:
            raise ValueError(f"{shown(text)} is not a {name} in the form {date_format}") from error
        if name == "date":
            return moment.date().isoformat()
        return moment.timetz().isoformat() if name == "time" else moment.isoformat()

    return _worded(coerce)


def _binary(text: str) -> str:
    squeezed = "".join(text.split())
    try:
        base64.b64decode(squeezed, validate=True)
    except ValueError as error:
        raise ValueError(f"{shown(text)} is not base64 text") from error
    return squeezed


def _json(text: str) -> Any:
    try:
        return loads(text)
    except ValueError as error:
        raise ValueError(f"{shown(text)} is not JSON") from error


def _lang_string(text: str) -> Any:
    if text.lstrip().startswith("{"):
        found = _json(text)
        if isinstance(found, dict):
            return found
    return {NO_LANGUAGE: text} if text else None


def _geopoint(text: str) -> Any:
    if text.startswith("{"):
        return _json(text)
    match = _POINT.fullmatch(text)
    parts = [match[2], match[1]] if match else text.replace(";", ",").split(",")
    try:
        latitude, longitude = (_double(part.strip()) for part in parts)
    except ValueError as error:
        raise ValueError(
            f"{shown(text)} is not a point such as 37.57,126.98 or POINT(126.98 37.57)"
        ) from error
    return {"latitude": latitude, "longitude": longitude}


def _vector(text: str) -> Any:
    if text.startswith("["):
        return _json(text)
    return [_double(part) for part in text.replace(",", " ").split()]


_FORMATTED = frozenset({"date", "time", "timestamp"})
_COERCERS: dict[str, Coercer] = {
    **{name: _worded(_string) for name in PRIMITIVES},  # uri, uuid, duration
    "string": _string,
    "langString": _lang_string,
    "boolean": _worded(_boolean),
    "integer": _worded(_integer),
    "long": _worded(_integer),
    "decimal": _worded(_decimal),
    "double": _worded(_double),
    "date": _worded(_date),
    "timestamp": _worded(_timestamp),
    "time": _worded(_time),
    "binary": _worded(_binary),
    "json": _worded(_json),
    "geopoint": _worded(_geopoint),
    "geoshape": _worded(_json),
    "vector": _worded(_vector),
}
