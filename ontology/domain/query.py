"""Questions about objects: filters as they are written, and how a value answers them.

A filter is JSON::

    {"property": "carrier", "op": "eq", "value": "UA"}
    {"and": [...]}  {"or": [...]}  {"not": {...}}
    {"link": "flownBy", "direction": "outgoing", "where": {...}}

or, for one condition, text: ``carrier:eq:UA``. A property may be a path: into a struct
(``address.city``) or across a link (``flownBy.model``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from oms_project.core.canonical_json import loads
from oms_project.core.errors import BadRequest

__all__ = [
    "OPERATORS",
    "All",
    "AnyOf",
    "Condition",
    "Direction",
    "Filter",
    "Linked",
    "Measure",
    "Negation",
    "Sort",
    "parse_condition",
    "parse_filter",
    "parse_measure",
    "parse_sort",
]

Direction = Literal["outgoing", "incoming", "both"]
OPERATORS = ("eq", "ne", "lt", "lte", "gt", "gte", "in", "contains", "startsWith", "isNull")
MEASURES = ("count", "sum", "min", "max", "avg")
#: What a filter may be made of: more is a mistake or an attack.
_MOST_NODES = 200
_DEEPEST = 10
_MOST_VALUES = 10_000


@dataclass(frozen=True, slots=True)
class Condition:
    """What is asked of one property.

    Attributes:
        path: ``apiName``, perhaps after names of links or of struct properties.
        value: JSON; a list for ``in``, a boolean for ``isNull``.
        text: whether the value is text that stands for a value of whatever type the property has.
    """

    path: tuple[str, ...]
    op: str
    value: Any
    text: bool = False


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One part holds, at least."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """The part does not hold."""

    part: Filter


@dataclass(frozen=True, slots=True)
class Linked:
    """There is a linked object that answers ``where`` (any, when it is None).

    Attributes:
        link: ``apiName`` of the link type, or the name of one of its ends.
    """

    link: str
    direction: Direction
    where: Filter | None


Filter = Condition | All | AnyOf | Negation | Linked


@dataclass(frozen=True, slots=True)
class Sort:
    """One property to sort by; objects without a value come last in either direction."""

    name: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure of an aggregate: ``count``, or ``sum``, ``min``, ``max``, ``avg`` of a property.

    Attributes:
        label: the name of the figure in the answer.
    """

    function: str
    name: str = ""

    @property
    def label(self) -> str:
        return f"{self.function}({self.name})" if self.name else self.function


def parse_filter(value: Any) -> Filter:
    """A filter from JSON (see above), as a value or as text.

    Raises:
        BadRequest: ``bad_filter``, with a JSON pointer in ``errors``.
    """
    if isinstance(value, str):
        try:
            value = loads(value)
        except ValueError as error:
            raise _refused("", f"The filter is not JSON: {error}.") from error
    return _Parser().parse(value, "", 1)


class _Parser:
    def __init__(self) -> None:
        self._nodes = 0

    def parse(self, value: Any, pointer: str, depth: int) -> Filter:
        self._nodes += 1
        if self._nodes > _MOST_NODES or depth > _DEEPEST:
            raise _refused(
                pointer,
                f"A filter has at most {_MOST_NODES} parts, {_DEEPEST} deep. Ask for less at once.",
            )
        if not isinstance(value, Mapping):
            raise _refused(pointer, "Use an object such as {property, op, value}.")
        kind = next(
            (name for name in ("and", "or", "not", "link", "property") if name in value), None
        )
        if kind in ("and", "or"):
            _refuse_members(value, pointer, {kind})
            parts = value[kind]
            if not isinstance(parts, list) or not parts:
                raise _refused(f"{pointer}/{kind}", "Use a list of filters.")
            parsed = tuple(
                self.parse(part, f"{pointer}/{kind}/{position}", depth + 1)
                for position, part in enumerate(parts)
            )
            return All(parsed) if kind == "and" else AnyOf(parsed)
        if kind == "not":
            _refuse_members(value, pointer, {"not"})
            return Negation(self.parse(value["not"], f"{pointer}/not", depth + 1))
        if kind == "link":
            return self._link(value, pointer, depth)
        if kind == "property":
            return self._condition(value, pointer)
        raise _refused(pointer, "Use property, and, or, not or link.")

    def _link(self, value: Mapping[str, Any], pointer: str, depth: int) -> Filter:
        _refuse_members(value, pointer, {"link", "direction", "where"})
        direction = value.get("direction", "outgoing")
        if direction not in ("outgoing", "incoming", "both"):
            raise _refused(f"{pointer}/direction", "Use outgoing, incoming or both.")
        if not isinstance(value["link"], str):
            raise _refused(f"{pointer}/link", "Name a link type.")
        where = value.get("where")
        inner = None if where is None else self.parse(where, f"{pointer}/where", depth + 1)
        return Linked(value["link"], direction, inner)

    def _condition(self, value: Mapping[str, Any], pointer: str) -> Condition:
        _refuse_members(value, pointer, {"property", "op", "value"})
        op = value.get("op", "eq")
        return _condition(str(value["property"]), op, value.get("value"), pointer, text=False)


def parse_condition(text: str) -> Condition:
    """``property:op:value``; the value is taken by the property's type. ``in`` takes ``a,b``.

    Raises:
        BadRequest: ``bad_filter``.
    """
    name, _, rest = text.partition(":")
    op, colon, value = rest.partition(":")
    if not name or not op or (not colon and op != "isNull"):
        raise _refused("", f"'{text[:100]}' is no condition. Write it as property:op:value.")
    given: Any = value
    if op == "in":
        given = value.split(",")
    elif op == "isNull":
        if value not in ("", "true", "false"):
            raise _refused("", "isNull takes true or false.")
        given = value != "false"
    return _condition(name, op, given, "", text=True)


def _condition(name: str, op: Any, value: Any, pointer: str, *, text: bool) -> Condition:
    path = tuple(name.split("."))
    if not all(path) or len(path) > _DEEPEST:
        raise _refused(f"{pointer}/property", f"'{name[:100]}' names no property.")
    if op not in OPERATORS:
        raise _refused(f"{pointer}/op", f"'{op!s:.40}' is no operator: {', '.join(OPERATORS)}.")
    if op == "in":
        if not isinstance(value, list) or len(value) > _MOST_VALUES:
            raise _refused(f"{pointer}/value", f"in takes a list of at most {_MOST_VALUES} values.")
    elif op == "isNull":
        value = True if value is None else value
        if not isinstance(value, bool):
            raise _refused(f"{pointer}/value", "isNull takes true or false.")
    elif value is None or isinstance(value, (list, Mapping)):
        raise _refused(f"{pointer}/value", f"{op} takes one value; for none there is isNull.")
    elif op == "startsWith" and not isinstance(value, str):
        raise _refused(f"{pointer}/value", f"{op} takes text.")
    return Condition(path, op, value, text)


def parse_sort(texts: Sequence[str]) -> tuple[Sort, ...]:
    """``name`` or ``-name`` (descending) each."""
    found = tuple(Sort(text.removeprefix("-"), text.startswith("-")) for text in texts if text)
    if len(found) > 5:
        raise BadRequest("Sort by at most 5 properties.", code="bad_sort")
    return found


def parse_measure(text: str) -> Measure:
    """``count`` or ``function:property``.

    Raises:
        BadRequest: ``bad_measure``.
    """
    function, _, name = text.partition(":")
    if function not in MEASURES or (function != "count" and not name):
        raise BadRequest(
            f"'{text[:100]}' is no measure: use count, or one of {', '.join(MEASURES[1:])} "
            "with a property, such as avg:price.",
            code="bad_measure",
        )
    return Measure(function, name)


def _refuse_members(value: Mapping[str, Any], pointer: str, known: set[str]) -> None:
    for name in value:
        if name not in known:
            raise _refused(
                f"{pointer}/{name}",
                f"There is no such member here. Known: {', '.join(sorted(known))}.",
            )


def _refused(pointer: str, message: str) -> BadRequest:
    return BadRequest(
        f"The filter cannot be used: {pointer or '/'}: {message}",
        code="bad_filter",
        errors=[{"field": pointer, "rule": "filter", "message": message}],
    )
