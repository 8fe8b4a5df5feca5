"""What a column holds, judged by the values that stand in it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations
from typing import Any, Final

from ontology.domain.datatypes import is_absolute_iri, parse_data_type, value_problem
from ontology.interop.tabular.values import NULL_WORDS, coercer_of

__all__ = ["Found", "codes_of_rows", "data_type_of", "find_key", "null_words"]

_PLAIN_INTEGER = re.compile(r"[+-]?(0|[1-9]\d*)(\.0+)?", re.ASCII)
_ID_LIKE = re.compile(r"(^|_|(?<=[a-z]))(id|key|code|no|nr|num|number|uuid|iri)$", re.IGNORECASE)
_MONEY = re.compile(r"[+-]?\d+\.\d\d", re.ASCII)
_WORDS: Final = frozenset({"true", "false", "yes", "no", "t", "f", "y", "n"})
#: Data types whose values can name a thing.
_NAMING: Final = {
    "string": 0,
    "uuid": 0,
    "uri": 0,
    "date": 0,
    "timestamp": 0,
    "integer": 1,
    "long": 1,
}
_MAX_PARTS: Final = 4
_MAX_TRIES: Final = 3000
_MAX_CANDIDATES: Final = 24


@dataclass(frozen=True, slots=True)
class Found:
    """A column of the sample.

    Attributes:
        name: of the column.
        data_type: one of the data types' names; ``array`` when it holds lists.
        codes: for each row the number of its value; -1: none.
        distinct: number of values that differ.
        missing: rows without a value.
    """

    name: str
    data_type: str
    array: bool
    codes: Sequence[int]
    distinct: int
    missing: int


def codes_of_rows(values: Sequence[Any]) -> tuple[list[Any], list[int]]:
    """Distinct values and, for each row, the position of its value (-1: none)."""
    known: dict[Any, int] = {}
    distinct: list[Any] = []
    codes: list[int] = []
    for value in values:
        if value is None:
            codes.append(-1)
            continue
        key: Any = value if isinstance(value, str) else (type(value).__name__, repr(value))
        code = known.get(key)
        if code is None:
            code = known[key] = len(distinct)
            distinct.append(value)
        codes.append(code)
    return distinct, codes


def null_words(texts: Collection[str]) -> frozenset[str]:
    """The words among a column's texts that stand for nothing, where the rest is no free text."""
    words = {text for text in texts if text and text.strip().lower() in NULL_WORDS}
    rest = [text for text in texts if text and text not in words]
    if not words or not rest or _of_texts(rest) == "string":
        return frozenset()
    return frozenset(words)


def data_type_of(values: Collection[Any], declared: str = "") -> tuple[str, bool]:
    """The data type of a column, and whether it holds lists.

    Args:
        values: the distinct values.
        declared: what a typed file says: a data type, ``list:`` before the type of items, or
            ``text``.
    """
    if declared.startswith("list:"):
        return _declared(declared.removeprefix("list:")), True
    if declared and declared not in ("text", "string", "json"):
        return _declared(declared), False
    if values and all(isinstance(value, list) for value in values):
        items = [item for value in values for item in value if item is not None]
        return _of_values(items), True
    return _of_values(list(values)), False


def _declared(text: str) -> str:
    try:
        return str(parse_data_type(text))
    except ValueError:
        return "json"


def _of_values(values: Sequence[Any]) -> str:
    if not values:
        return "string"
    if all(isinstance(value, str) for value in values):
        return _of_texts(values)
    if all(isinstance(value, bool) for value in values):
        return "boolean"
    if all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        return "integer"
    if all(
        isinstance(value, (int, float, Decimal)) and not isinstance(value, bool) for value in values
    ):
        return "double"
    point = parse_data_type("geopoint")
    if all(value_problem(point, value) is None for value in values):
        return "geopoint"
    return "json"


def _is_integer(text: str) -> bool:
    # A leading zero is part of a name (a postal code); so are digits beyond 64 bits.
    return _PLAIN_INTEGER.fullmatch(text) is not None and len(text) <= 18


def _reads_as(name: str) -> Callable[[str], bool]:
    coerce = coercer_of((name,))
    data_type = parse_data_type(name)

    def test(text: str) -> bool:
        try:
            value = coerce(text)
        except ValueError:
            return False
        return value is not None and value_problem(data_type, value) is None

    return test


def _is_web_address(text: str) -> bool:
    return text.startswith(("http://", "https://", "urn:")) and is_absolute_iri(text)


def _is_number(text: str) -> bool:
    plain = text.lstrip("+-")
    # A number begins with its digits; zeros before them are part of a name.
    if plain[:1] == "0" and plain[1:2].isdigit():
        return False
    try:
        return math.isfinite(float(text)) and "_" not in text
    except ValueError:
        return False


def _is_timestamp(text: str) -> bool:
    return ":" in text and _TIMESTAMP(text)


def _is_date(text: str) -> bool:
    return "-" in text and _DATE(text)


def _is_document(text: str) -> bool:
    return text[:1] in "{[" and _JSON(text)


_TIMESTAMP, _DATE, _JSON = _reads_as("timestamp"), _reads_as("date"), _reads_as("json")
_TESTS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("boolean", lambda text: text.lower() in _WORDS),
    ("integer", _is_integer),
    ("decimal", lambda text: _MONEY.fullmatch(text) is not None),
    ("double", _is_number),
    ("date", _is_date),
    ("timestamp", _is_timestamp),
    ("time", lambda text: ":" in text and _reads_as("time")(text)),
    ("uuid", lambda text: len(text) in (36, 38) and _reads_as("uuid")(text)),
    ("uri", _is_web_address),
    ("json", _is_document),
)


def _of_texts(texts: Collection[str]) -> str:
    stripped = [text.strip() for text in texts]
    if not all(stripped):
        stripped = [text for text in stripped if text]
    if not stripped:
        return "string"
    for name, test in _TESTS:
        if all(test(text) for text in stripped):
            return name
    return "string"


def find_key(columns: Sequence[Found], rows: int) -> tuple[str, ...]:
    """Names of the fewest columns that together tell all rows apart; empty without such.

    A column whose name says that it identifies comes first, then texts and times, then numbers,
    each in the order of the file. Measures (doubles, decimals) and columns with gaps name nothing.
    """
    if rows < 2:
        return ()
    able = [
        column
        for column in columns
        if column.data_type in _NAMING and not column.array and not column.missing
    ]

    def rank(column: Found) -> tuple[int, int]:
        named = _ID_LIKE.search(column.name) is not None
        return (0 if named else 1 + _NAMING[column.data_type], columns.index(column))

    able.sort(key=rank)
    alone = next((column for column in able if column.distinct == rows), None)
    if alone is not None:
        return (alone.name,)
    able = [column for column in able if column.distinct > 1][:_MAX_CANDIDATES]
    tries = 0
    for size in range(2, _MAX_PARTS + 1):
        sets = sorted(
            combinations(able, size), key=lambda parts: sum(rank(part)[0] for part in parts)
        )
        for parts in sets:
            if math.prod(part.distinct for part in parts) < rows:
                continue
            tries += 1
            if tries > _MAX_TRIES:
                return ()
            if _tell_apart(parts, rows):
                return tuple(part.name for part in sorted(parts, key=columns.index))
    return ()


def _tell_apart(parts: Sequence[Found], rows: int) -> bool:
    """Whether no two rows agree in all of ``parts``; most do soon, so the first rows come first."""
    for count in (500, rows):
        taken = min(count, rows)
        keys = zip(*(part.codes[:taken] for part in parts), strict=True)
        if len(set(keys)) < taken:
            return False
    return True
