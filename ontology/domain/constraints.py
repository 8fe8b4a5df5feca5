"""Constraints of value types."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ontology.domain.datatypes import DataType, comparable
from ontology.domain.documents import Body

__all__ = ["constraint_problem"]


def constraint_problem(base: DataType, constraints: Body, value: Any) -> str | None:
    """Which constraint of a value type ``value`` breaks, or None.

    Args:
        base: the base type, which ``value`` is of.
        constraints: those that make no sense for ``base`` count for nothing here.
    """
    for name, holds, words in _BOUNDS:
        bound = comparable(base, constraints.get(name))
        if bound is not None and not holds(comparable(base, value), bound):
            return f"{value!r} must be {words} {constraints[name]}"
    length = len(value) if isinstance(value, (str, list)) else None
    if length is not None:
        low, high = constraints.get("minLength"), constraints.get("maxLength")
        if low is not None and length < low:
            return f"{value!r} is shorter than {low}"
        if high is not None and length > high:
            return f"{value!r} is longer than {high}"
    pattern = constraints.get("pattern")
    if pattern is not None and isinstance(value, str) and not _matches(pattern, value):
        return f"{value!r} does not match {pattern}"
    allowed = constraints.get("enum")
    if allowed and value not in allowed:
        return f"{value!r} is not one of the allowed values"
    return None


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error:
        return True  # reported where the pattern stands


_BOUNDS: tuple[tuple[str, Callable[[Any, Any], bool], str], ...] = (
    ("minimum", lambda value, bound: value >= bound, "at least"),
    ("maximum", lambda value, bound: value <= bound, "at most"),
    ("exclusiveMinimum", lambda value, bound: value > bound, "more than"),
    ("exclusiveMaximum", lambda value, bound: value < bound, "less than"),
)
