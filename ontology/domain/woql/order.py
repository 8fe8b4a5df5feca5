"""The order of values: what ``OrderBy`` sorts by and comparisons compare, as TerminusDB has it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ontology.domain.native.terms import Literal, Node

__all__ = ["NUMBERS", "sort_key"]

#: What numbers are exact and what they are not: the two are never compared.
NUMBERS = {
    "xsd:integer": "exact",
    "xsd:decimal": "exact",
    "xsd:double": "float",
    "xsd:float": "float",
}
_TIMES = {"xsd:time": 4, "xsd:date": 5, "xsd:dateTime": 6}
_LAST = "\U0010ffff"
_NOTHING, _NODE, _NUMBER, _TEXT, _OTHER = 0, 1, 2, 3, 7


def sort_key(value: Any) -> tuple[int, Any, str]:
    """Where a value stands: nothing, nodes by name, numbers by value, texts by code point, times,
    dates, moments, and what is put together last.
    """
    if value is None:
        return (_NOTHING, "", "")
    if isinstance(value, Node):
        # By IRI: that of @base stands before that of @schema.
        return (_NODE, value.name.replace("@schema:", _LAST, 1), "")
    if isinstance(value, Literal):
        if value.type in NUMBERS:
            return (_NUMBER, Decimal(value.text), value.type)
        return (_TIMES.get(value.type, _TEXT), value.text, value.type)
    return (_OTHER, repr(value), "")
