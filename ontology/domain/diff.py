"""What differs between two bodies of one document, field by field."""

from __future__ import annotations

from typing import Any, Literal

from ontology.contract import FieldChange
from ontology.domain.documents import Body
from ontology.domain.kinds import Kind
from ontology.domain.shapes import (
    ABSENT,
    ATOM,
    Form,
    Shape,
    escape,
    keyed,
    label_of,
    same,
    shape_of,
)

__all__ = ["field_changes"]


def field_changes(kind: Kind, before: Body | None, after: Body | None) -> tuple[FieldChange, ...]:
    """The differences between two bodies in normal form; empty exactly when they are the same.

    Maps are compared by key, sets by member, lists of things by the things' keys, everything else
    as a whole. A thing that came or went is one change, as is the new order of an ordered list.
    None stands for a body without any field.

    Returns:
        The changes, in the order of the kind's fields.
    """
    found = _Differences()
    if before is not after:
        found.in_record(shape_of(kind), before or {}, after or {}, "", "")
    return tuple(found.changes)


class _Differences:
    """The changes found so far."""

    def __init__(self) -> None:
        self.changes: list[FieldChange] = []

    def in_record(self, shape: Shape, before: Any, after: Any, path: str, label: str) -> None:
        """Add the differences of two records or maps."""
        changed = [
            name
            for name in before.keys() | after.keys()
            if not same(before.get(name, ABSENT), after.get(name, ABSENT))
        ]
        for name in _in_order(shape, changed) if len(changed) > 1 else changed:
            one, other = before.get(name, ABSENT), after.get(name, ABSENT)
            step = "/" + escape(name)
            self._compare(shape.at(name), one, other, path + step, label + step)

    def _compare(self, shape: Shape, before: Any, after: Any, path: str, label: str) -> None:
        """Add the differences of two values that are not the same."""
        if shape.form is Form.SET:
            self._set(before, after, path, label)
        elif shape.form is Form.MAP:
            one, other = ({} if value is ABSENT else value for value in (before, after))
            self.in_record(shape, one, other, path, label)
        elif shape.form is Form.LIST:
            self._list(shape, before, after, path, label)
        elif shape.form is Form.RECORD and before is not ABSENT and after is not ABSENT:
            self.in_record(shape, before, after, path, label)
        else:
            self.changes.append(_change(path, label, before, after))

    def _set(self, before: Any, after: Any, path: str, label: str) -> None:
        one, other = (set() if value is ABSENT else set(value) for value in (before, after))
        for member in sorted(one ^ other):
            step = "/" + escape(member)
            was = member if member in one else ABSENT
            now = member if member in other else ABSENT
            self.changes.append(_change(path + step, label + step, was, now))

    def _list(self, shape: Shape, before: Any, after: Any, path: str, label: str) -> None:
        one, other = (keyed(shape, () if items is ABSENT else items) for items in (before, after))
        if one is None or other is None:  # two items share a key: keys cannot tell them apart
            self.changes.append(_change(path, label, before, after))
            return
        for key in dict.fromkeys((*one, *other)):
            was, now = one.get(key, ABSENT), other.get(key, ABSENT)
            if same(was, now):
                continue
            step = "/" + escape(key)
            name = "/" + escape(label_of(shape, was if now is ABSENT else now))
            self._compare(shape.item or ATOM, was, now, path + step, label + name)
        if shape.ordered and _order_differs(one, other):
            self.changes.append(_change(path, label, list(one), list(other)))


def _in_order(shape: Shape, names: list[str]) -> list[str]:
    """``names`` in the order of the shape's fields."""
    known = [name for name in shape.fields if name in names]
    return known + sorted(set(names).difference(known))


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
