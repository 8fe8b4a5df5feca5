"""Data types: the names, their parameters, and whether a JSON value is one of them.

A data type is written ``string``, ``decimal(12,2)`` or ``vector(512)``. Each maps to one XSD (or
named) datatype and back, see ``DATATYPE_IRIS``.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import math
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

__all__ = [
    "DATATYPE_IRIS",
    "PRIMITIVES",
    "DataType",
    "comparable",
    "data_type_from_iri",
    "is_absolute_iri",
    "parse_data_type",
    "value_problem",
]

_XSD = "http://www.w3.org/2001/XMLSchema#"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_GEO = "http://www.opengis.net/ont/geosparql#"
_OMS = "urn:oms:datatype:"

#: data type name -> datatype IRI; one to one, so that both directions are lossless.
DATATYPE_IRIS: dict[str, str] = {
    "boolean": _XSD + "boolean",
    "integer": _XSD + "integer",
    "long": _XSD + "long",
    "decimal": _XSD + "decimal",
    "double": _XSD + "double",
    "string": _XSD + "string",
    "langString": _RDF + "langString",
    "date": _XSD + "date",
    "timestamp": _XSD + "dateTime",
    "time": _XSD + "time",
    "duration": _XSD + "duration",
    "uri": _XSD + "anyURI",
    "uuid": _OMS + "uuid",
    "binary": _XSD + "base64Binary",
    "json": _RDF + "JSON",
    "geopoint": _GEO + "wktLiteral",
    "geoshape": _GEO + "geoJSONLiteral",
    "vector": _OMS + "vector",
}

PRIMITIVES: tuple[str, ...] = tuple(DATATYPE_IRIS)
_BY_IRI = {iri: name for name, iri in DATATYPE_IRIS.items()}
_EXPRESSION = re.compile(r"([A-Za-z]+)(?:\(\s*(\d{1,5})\s*(?:,\s*(\d{1,5})\s*)?\))?", re.ASCII)
_DURATION = re.compile(
    r"-?P(?=\d|T\d)(\d+Y)?(\d+M)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?", re.ASCII
)
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>\"{}|\\^`]*")
_DIGITS = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
#: The common ground of XSD and ISO 8601; Python's own parsers take much more.
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = re.compile(r"\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_LONG = 2**63
_BEGINNING = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class DataType:
    """A parsed data type.

    Attributes:
        name: one of ``PRIMITIVES``.
        parameters: ``(precision, scale)`` of a decimal, ``(dimensions,)`` of a vector, else empty.
    """

    name: str
    parameters: tuple[int, ...] = ()

    def __str__(self) -> str:
        if not self.parameters:
            return self.name
        return f"{self.name}({','.join(map(str, self.parameters))})"


@lru_cache(maxsize=4096)
def parse_data_type(text: str) -> DataType:
    """Parse a data type expression.

    Raises:
        ValueError: with a sentence that says what is wrong and what is possible.
    """
    match = _EXPRESSION.fullmatch(text)
    name = match.group(1) if match else ""
    if match is None or name not in DATATYPE_IRIS:
        raise ValueError(f"'{text}' is not a data type. Data types: {', '.join(PRIMITIVES)}.")
    parameters = tuple(int(group) for group in match.groups()[1:] if group is not None)
    if name == "decimal":
        if len(parameters) == 1:
            parameters = (parameters[0], 0)
        if parameters and not (1 <= parameters[0] <= 1000 and parameters[1] <= parameters[0]):
            raise ValueError(
                f"'{text}': a decimal is decimal(precision,scale), scale <= precision."
            )
    elif name == "vector":
        if len(parameters) != 1 or not 1 <= parameters[0] <= 16000:
            raise ValueError(f"'{text}': a vector is vector(n) with n from 1 to 16000 dimensions.")
    elif parameters:
        raise ValueError(f"'{text}': {name} takes no parameters.")
    return DataType(name, parameters)


def data_type_from_iri(iri: str) -> str | None:
    """The data type whose datatype IRI is exactly ``iri``, or None."""
    return _BY_IRI.get(iri)


def is_absolute_iri(text: str) -> bool:
    """Whether ``text`` is an absolute IRI (RFC 3987), as far as its characters tell."""
    return _IRI.fullmatch(text) is not None


def value_problem(data_type: DataType, value: Any) -> str | None:
    """Say what stops a JSON ``value`` from being of ``data_type``, or None when nothing does.

    Numbers: ``integer`` has no bound, ``long`` is 64-bit, ``decimal(p,s)`` is checked for its
    digits (a JSON number or a string of one). Dates and times are ISO 8601 text.
    """
    check = _CHECKS[data_type.name]
    problem = check(value, data_type)
    return None if problem is None else f"{_short(value)} is not a {data_type}: {problem}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _boolean(value: Any, _: DataType) -> str | None:
    return None if isinstance(value, bool) else "use true or false"


def _integer(value: Any, _: DataType) -> str | None:
    ok = isinstance(value, int) and not isinstance(value, bool)
    return None if ok else "use a whole number"


def _long(value: Any, data_type: DataType) -> str | None:
    problem = _integer(value, data_type)
    if problem is None and not -_LONG <= value < _LONG:
        return "it does not fit in 64 bits"
    return problem


def _decimal(value: Any, data_type: DataType) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal, str)):
        return "use a number, or its digits as text"
    if isinstance(value, str) and _DIGITS.fullmatch(value) is None:
        return "use a number, or its digits as text"
    try:
        number = _number(value)
    except ArithmeticError:
        return "its exponent is out of range"
    if not number.is_finite():
        return "use a finite number"
    if data_type.parameters and number:
        precision, scale = data_type.parameters
        _, digits, exponent = number.as_tuple()
        assert isinstance(exponent, int)
        # By hand: Decimal.normalize rounds to 28 digits.
        zeros = len(digits) - len("".join(map(str, digits)).rstrip("0"))
        decimals = max(0, -exponent - zeros)
        whole = max(0, len(digits) + exponent)
        if decimals > scale or whole > precision - scale:
            return f"at most {precision - scale} digits before the point and {scale} after it"
    return None


def _number(value: Any) -> Decimal:
    return Decimal(repr(value) if isinstance(value, float) else value)


def _double(value: Any, _: DataType) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return "use a number"
    return None if isinstance(value, int) or math.isfinite(value) else "use a finite number"


def _string(value: Any, _: DataType) -> str | None:
    return None if isinstance(value, str) else "use text"


def _lang_string(value: Any, _: DataType) -> str | None:
    ok = isinstance(value, dict) and all(isinstance(text, str) for text in value.values())
    return None if ok else 'use an object of language tag to text, such as {"en": "..."}'


def _iso(parse: Any, example: str) -> Any:
    def check(value: Any, _: DataType) -> str | None:
        try:
            if not isinstance(value, str):
                raise TypeError(value)
            parse(value)
        except (TypeError, ValueError):
            return f"use ISO 8601 text such as {example}"
        return None

    return check


def _parse_date(value: str) -> dt.date:
    if _DATE.fullmatch(value) is None:
        raise ValueError(value)
    return dt.date.fromisoformat(value)


def _parse_time(value: str) -> dt.time:
    if _TIME.fullmatch(value) is None:
        raise ValueError(value)
    return dt.time.fromisoformat(value)


def _parse_timestamp(value: str) -> dt.datetime:
    date, _, time = value.partition("T")
    _parse_date(date)
    _parse_time(time)
    return dt.datetime.fromisoformat(value)


def comparable(data_type: DataType, value: Any) -> Any:
    """``value`` as something that is ordered as ``data_type`` is (a time without a zone is UTC's);
    None where the type has no order, or ``value`` is not of it.
    """
    if data_type.name not in _ORDERS or value_problem(data_type, value) is not None:
        return None
    return _ORDERS[data_type.name](value)


def _seconds(value: str) -> dt.timedelta:
    time = _parse_time(value)
    moment = dt.datetime.combine(dt.date.min, time.replace(tzinfo=dt.UTC))
    return moment - _BEGINNING - (time.utcoffset() or dt.timedelta())


def _moment(value: str) -> dt.timedelta:
    moment = _parse_timestamp(value)
    return moment.replace(tzinfo=dt.UTC) - _BEGINNING - (moment.utcoffset() or dt.timedelta())


_ORDERS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("integer", "long", "decimal", "double"), _number),
    "date": _parse_date,
    "time": _seconds,
    "timestamp": _moment,
}


def _duration(value: Any, _: DataType) -> str | None:
    ok = isinstance(value, str) and _DURATION.fullmatch(value) is not None
    return None if ok else "use an ISO 8601 duration such as P1DT2H"


def _uri(value: Any, _: DataType) -> str | None:
    return None if isinstance(value, str) and is_absolute_iri(value) else "use an absolute IRI"


def _uuid(value: Any, _: DataType) -> str | None:
    try:
        uuid.UUID(value)
    except (AttributeError, TypeError, ValueError):
        return "use a UUID"
    return None


def _binary(value: Any, _: DataType) -> str | None:
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, TypeError, ValueError):
        return "use base64 text"
    return None


def _json(_: Any, __: DataType) -> str | None:
    return None


def _geopoint(value: Any, _: DataType) -> str | None:
    if isinstance(value, dict) and set(value) == {"latitude", "longitude"}:
        numbers = (value["latitude"], value["longitude"])
        if all(_double(number, _) is None for number in numbers):
            inside = abs(numbers[0]) <= 90 and abs(numbers[1]) <= 180
            return None if inside else "latitude is -90 to 90, longitude -180 to 180"
    return 'use {"latitude": ..., "longitude": ...} in degrees (WGS 84)'


def _geoshape(value: Any, _: DataType) -> str | None:
    ok = isinstance(value, dict) and isinstance(value.get("type"), str)
    return None if ok else "use a GeoJSON geometry"


def _vector(value: Any, data_type: DataType) -> str | None:
    size = data_type.parameters[0]
    if not isinstance(value, list) or len(value) != size:
        return f"use a list of {size} numbers"
    return None if all(_double(item, data_type) is None for item in value) else "use numbers only"


_CHECKS: dict[str, Any] = {
    "boolean": _boolean,
    "integer": _integer,
    "long": _long,
    "decimal": _decimal,
    "double": _double,
    "string": _string,
    "langString": _lang_string,
    "date": _iso(_parse_date, "2026-07-05"),
    "timestamp": _iso(_parse_timestamp, "2026-07-05T12:00:00Z"),
    "time": _iso(_parse_time, "12:00:00"),
    "duration": _duration,
    "uri": _uri,
    "uuid": _uuid,
    "binary": _binary,
    "json": _json,
    "geopoint": _geopoint,
    "geoshape": _geoshape,
    "vector": _vector,
}
