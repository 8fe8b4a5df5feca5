"""What differs between two bodies of one document, field by field."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from ontology.contract import FieldChange
from ontology.domain.documents import Body
from ontology.domain.kinds import Kind
from ontology.domain.shapes import ABSENT, ATOM, Form, Shape, child, escape, keyed, same, shape_of

__all__ = ["field_changes"]


def field_changes(kind: Kind, before: Body | None, after: Body | None) -> tuple[FieldChange, ...]:
    """The differences between two bodies in normal form; empty exactly when they are the same.

    Maps are compared by key, sets by member, lists of things by the things' keys, everything else
    as a whole. A thing that came or went is one change, as is the new order of an ordered list.
    None stands for a body without any field.

    Returns:
        The changes, in the order of the kind's fields.
    """
    found: list[FieldChange] = []
    if before is not after:
        _record(found, shape_of(kind), before or {}, after or {}, "", "")
    return tuple(found)


def _compare(
    found: list[FieldChange], shape: Shape, before: Any, after: Any, path: str, label: str
) -> None:
    """Add the differences of two values that are not the same."""
    if shape.form is Form.SET:
        _set(found, before, after, path, label)
    elif shape.form is Form.MAP:
        _record(
            found,
            shape,
            {} if before is ABSENT else before,
            {} if after is ABSENT else after,
            path,
            label,
        )
    elif shape.form is Form.LIST:
        _list(found, shape, before, after, path, label)
    elif shape.form is Form.RECORD and before is not ABSENT and after is not ABSENT:
        _record(found, shape, before, after, path, label)
    else:
        found.append(_change(path, label, before, after))


def _record(
    found: list[FieldChange], shape: Shape, before: Any, after: Any, path: str, label: str
) -> None:
    for name in _names(shape, before, after):
        one, other = child(before, name), child(after, name)
        if not same(one, other):
            step = "/" + escape(name)
            _compare(found, shape.at(name), one, other, path + step, label + step)


def _names(shape: Shape, before: Any, after: Any) -> list[str]:
    names = before.keys() | after.keys()
    known = [name for name in shape.fields if name in names]
    return known + sorted(names.difference(known))


def _set(found: list[FieldChange], before: Any, after: Any, path: str, label: str) -> None:
    one, other = _members(before), _members(after)
    for member in sorted(one ^ other):
        step = "/" + escape(member)
        was = member if member in one else ABSENT
        now = member if member in other else ABSENT
        found.append(_change(path + step, label + step, was, now))


def _members(value: Any) -> set[str]:
    return set() if value is ABSENT else set(value)


def _list(
    found: list[FieldChange], shape: Shape, before: Any, after: Any, path: str, label: str
) -> None:
    one = keyed(shape, () if before is ABSENT else before)
    other = keyed(shape, () if after is ABSENT else after)
    if one is None or other is None:  # two items share a key, so keys cannot tell them apart
        found.append(_change(path, label, before, after))
        return
    assert shape.item_label is not None
    for key in _both(one, other):
        was, now = one.get(key, ABSENT), other.get(key, ABSENT)
        if same(was, now):
            continue
        step = "/" + escape(key)
        name = "/" + escape(shape.item_label(was if now is ABSENT else now))
        _compare(found, shape.item or ATOM, was, now, path + step, label + name)
    if shape.ordered and _order_differs(one, other):
        found.append(_change(path, label, list(one), list(other)))


def _both(one: Iterable[str], other: Iterable[str]) -> list[str]:
    """Keys of either, first in the order of ``one``."""
    return list(dict.fromkeys((*one, *other)))


def _order_differs(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether what stands in both stands in another order. Comings and goings say so themselves."""
    return [key for key in one if key in other] != [key for key in other if key in one]


def _change(path: str, label: str, before: Any, after: Any) -> FieldChange:
    operation: Literal["add", "remove", "change"] = "change"
    if before is ABSENT:
        operation, before = "add", None
    elif after is ABSENT:
        operation, after = "remove", None
    return FieldChange(path, label, before, after, operation)
