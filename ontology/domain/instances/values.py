"""Values of properties: checked against their data types, and brought into one spelling.

A checker is made once for a property and called for every value, so that a hundred thousand objects
cost a hundred thousand calls and no look at the schema. Equal values get equal spellings: a
timestamp is told in UTC, a decimal without zeros that say nothing, a UUID in lower case.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from oms_project.core.canonical_json import dumps_text
from oms_project.core.ids import is_rid
from ontology.domain.constraints import constraint_problem
from ontology.domain.datatypes import DataType, parse_data_type, value_problem
from ontology.domain.documents import Body
from ontology.domain.kinds import Kind
from ontology.domain.schema import EffectiveProperty, Schema

__all__ = [
    "Checker",
    "Report",
    "base_type",
    "checker_of",
    "normal_decimal",
    "normal_timestamp",
    "normalised_value",
]

#: ``(JSON pointer, rule, message)``
Report = Callable[[str, str, str], None]
#: ``(value, JSON pointer, report) -> normal value``; a wrong value is reported and comes back as is.
Checker = Callable[[Any, str, Report], Any]
#: What becomes of one value of one data type: the normal value, or a sentence that says no.
_Single = Callable[[Any], tuple[Any, str | None]]

_MAX_ITEMS = 100_000


def checker_of(schema: Schema, part: EffectiveProperty) -> Checker:
    """The checker of a property: its data types, its array, and whatever its types demand."""
    single = _any_of(schema, part.data_types)
    return _one(single) if part.array is None else _array(part.array, single)


def base_type(schema: Schema, data_types: tuple[str, ...]) -> DataType | None:
    """The primitive type by which values of a property are compared; None where they are not all
    of one, or where they are structs.
    """
    found = {_base_of(schema, text) for text in data_types}
    return found.pop() if len(found) == 1 else None


def _base_of(schema: Schema, text: str) -> DataType | None:
    if is_rid(text):
        document = schema.get(text)
        if document is None or document.kind == Kind.STRUCT_TYPE:
            return None
        if document.kind == Kind.ENUM_TYPE:
            return DataType("string")
        text = document.body["baseType"]
    try:
        return parse_data_type(text)
    except ValueError:
        return None


def _one(single: _Single) -> Checker:
    def check(value: Any, pointer: str, report: Report) -> Any:
        normal, problem = single(value)
        if problem is not None:
            report(pointer, _rule_of(problem), _sentence(problem))
            return value
        return normal

    return check


def _array(array: Body, single: _Single) -> Checker:
    low, high = array.get("minItems"), array.get("maxItems")
    unique = array.get("unique", False)

    def check(value: Any, pointer: str, report: Report) -> Any:
        if not isinstance(value, list):
            report(pointer, "array", "This property holds a list: use [ ... ].")
            return value
        if low is not None and len(value) < low:
            report(pointer, "array", f"Give at least {low} items; there are {len(value)}.")
        if len(value) > (_MAX_ITEMS if high is None else high):
            most = _MAX_ITEMS if high is None else high
            report(pointer, "array", f"Give at most {most} items; there are {len(value)}.")
            return value
        normal = []
        for position, item in enumerate(value):
            found, problem = single(item)
            if problem is not None:
                report(f"{pointer}/{position}", _rule_of(problem), _sentence(problem))
            normal.append(item if problem is not None else found)
        if unique and len({dumps_text(item) for item in normal}) < len(normal):
            report(pointer, "array", "The items must differ from each other.")
        return normal

    return check


class _Problem(str):
    """A sentence with the code of the rule that it is about."""

    __slots__ = ("rule",)
    rule: str


def _problem(rule: str, text: str) -> _Problem:
    made = _Problem(text)
    made.rule = rule
    return made


def _rule_of(problem: str) -> str:
    return problem.rule if isinstance(problem, _Problem) else "data-type"


def _sentence(problem: str) -> str:
    return problem[:1].upper() + problem[1:].rstrip(".") + "."


def _any_of(schema: Schema, data_types: tuple[str, ...]) -> _Single:
    singles = [_single_of(schema, text) for text in data_types]
    if len(singles) == 1:
        return singles[0]
    if not singles:
        return lambda value: (value, None)

    def check(value: Any) -> tuple[Any, str | None]:
        first: str | None = None
        for single in singles:
            normal, problem = single(value)
            if problem is None:
                return normal, None
            first = first or problem
        return value, first

    return check


def _single_of(schema: Schema, text: str) -> _Single:
    if not is_rid(text):
        try:
            return _primitive(parse_data_type(text))
        except ValueError:
            return lambda value: (value, None)  # reported where the data type stands
    document = schema.get(text)
    if document is None:
        return lambda value: (value, None)  # reported as a dangling reference
    if document.kind == Kind.ENUM_TYPE:
        return _enum(document.body)
    if document.kind == Kind.VALUE_TYPE:
        return _value_type(document.body)
    return _struct(schema, text, document.body)


def _primitive(data_type: DataType) -> _Single:
    quick = _QUICK.get(data_type.name)
    normal = _NORMAL.get(data_type.name)
    if normal is None:
        if quick is not None:
            wanted = quick

            def check_quick(value: Any) -> tuple[Any, str | None]:
                if type(value) is wanted:
                    return value, None
                return value, value_problem(data_type, value)

            return check_quick
        return lambda value: (value, value_problem(data_type, value))
    spelled = normal

    def check(value: Any) -> tuple[Any, str | None]:
        problem = value_problem(data_type, value)
        return (value, problem) if problem is not None else (spelled(value), None)

    return check


def _enum(body: Body) -> _Single:
    codes = {member["code"] for member in body.get("members", ())}
    name = body.get("apiName", "the enum")
    shown = ", ".join(sorted(codes)[:10]) + (", ..." if len(codes) > 10 else "")

    def check(value: Any) -> tuple[Any, str | None]:
        if isinstance(value, str) and value in codes:
            return value, None
        return value, _problem("enum", f"{value!r:.60} is no member of {name}: use {shown}")

    return check


def _value_type(body: Body) -> _Single:
    try:
        base = parse_data_type(body["baseType"])
    except ValueError:
        return lambda value: (value, None)  # reported where it stands
    single = _primitive(base)
    constraints = body.get("constraints") or {}
    if not constraints:
        return single

    def check(value: Any) -> tuple[Any, str | None]:
        normal, problem = single(value)
        if problem is None:
            broken = constraint_problem(base, constraints, normal)
            problem = None if broken is None else _problem("value-type", broken)
        return (normal, None) if problem is None else (value, problem)

    return check


def _struct(schema: Schema, rid: str, body: Body) -> _Single:
    """A struct's fields are checked when one is met: structs may be many and nest deep."""
    name = body.get("apiName", "the struct")
    made: dict[str, tuple[Checker, bool]] = {}

    def check(value: Any) -> tuple[Any, str | None]:
        if not isinstance(value, Mapping):
            return value, f"{value!r:.60} is not a {name}: use an object with its fields"
        if not made:
            for part in schema.own_properties(rid):
                made[part.api_name] = checker_of(schema, part), part.required
        found: list[str] = []

        def report(pointer: str, rule: str, message: str) -> None:
            found.append(f"{pointer or '/'} ({rule}): {message}")

        normal: dict[str, Any] = {}
        for field, given in value.items():
            known = made.get(field)
            if known is None:
                report(f"/{field}", "unknown-property", f"{name} has no such field.")
            elif given is not None:
                normal[field] = known[0](given, f"/{field}", report)
        for field, (_, required) in made.items():
            if required and normal.get(field) is None:
                report(f"/{field}", "required", "This field is required.")
        if found:
            return value, _problem("struct", f"not a valid {name}: " + " ".join(found))
        return normal, None

    return check


def normalised_value(data_type: DataType, value: Any) -> Any:
    """A value of a primitive type in its one spelling."""
    normal = _NORMAL.get(data_type.name)
    return value if normal is None else normal(value)


# --- one spelling ---------------------------------------------------------------------------------
@lru_cache(maxsize=8192)
def normal_timestamp(value: str) -> str:
    """In UTC with a ``Z``; a time without a zone is UTC's. Fractions as far as they say anything."""
    moment = dt.datetime.fromisoformat(value)
    try:
        moment = (
            moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
        )
    except OverflowError:  # in the first or last hours that the calendar has
        return value
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    if len(text) < 19:  # strftime does not fill up years before 1000 everywhere
        text = text.rjust(19, "0")
    fraction = f"{moment.microsecond:06d}".rstrip("0")
    return f"{text}.{fraction}Z" if fraction else f"{text}Z"


def normal_decimal(value: Any) -> Any:
    """As text without zeros that say nothing; whole numbers of up to 15 digits as numbers."""
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if number == number.to_integral_value() and abs(number) < 10**15:
        return int(number)
    sign, digits, exponent = number.as_tuple()
    text = "".join(map(str, digits))
    stripped = text.rstrip("0") or "0"
    assert isinstance(exponent, int)
    made = Decimal((sign, tuple(map(int, stripped)), exponent + len(text) - len(stripped)))
    return format(made, "f") if abs(made.adjusted()) < 400 else str(made)


def _normal_time(value: str) -> str:
    time = dt.time.fromisoformat(value)
    text = time.strftime("%H:%M:%S")
    fraction = f"{time.microsecond:06d}".rstrip("0")
    zone = ""
    if time.tzinfo is not None:
        offset = time.utcoffset() or dt.timedelta()
        minutes = int(offset.total_seconds()) // 60
        hours, rest = divmod(abs(minutes), 60)
        zone = f"{'-' if minutes < 0 else '+'}{hours:02d}:{rest:02d}" if minutes else "Z"
    return text + (f".{fraction}" if fraction else "") + zone


def _normal_double(value: Any) -> Any:
    # A whole number and the same with a point are one value; JSON knows no difference either.
    whole = isinstance(value, float) and value.is_integer() and abs(value) < 1e15
    return int(value) if whole else value


_QUICK: dict[str, type] = {"string": str, "integer": int, "boolean": bool}
_NORMAL: dict[str, Callable[[Any], Any]] = {
    "decimal": normal_decimal,
    "double": _normal_double,
    "timestamp": normal_timestamp,
    "time": _normal_time,
    "uuid": lambda value: str(uuid.UUID(value)),
}
