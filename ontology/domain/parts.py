"""A body taken apart into the smallest values that have a history of their own."""

from __future__ import annotations

from typing import Any, NamedTuple

from ontology.domain.documents import Body
from ontology.domain.kinds import Kind
from ontology.domain.shapes import ATOM, Form, Shape, escape, keyed, label_of, shape_of

__all__ = ["Part", "parts_of"]


class Part(NamedTuple):
    """One value of a body.

    Attributes:
        path, label: as in ``ontology.contract.FieldChange``.
        value: a JSON value.
    """

    path: str
    label: str
    value: Any


def parts_of(kind: Kind, body: Body) -> dict[str, Part]:
    """Path -> part, in the order of the kind's fields; the paths are those of ``field_changes``.

    Maps are taken apart by key, sets by member, lists of things by the things' keys and then by
    their fields, everything else stands as a whole. What is empty is one part of its own.
    """
    found: dict[str, Part] = {}
    _record(shape_of(kind), body, "", "", found)
    return found


def _record(shape: Shape, value: Any, path: str, label: str, found: dict[str, Part]) -> None:
    known = [name for name in shape.fields if name in value]
    for name in known + sorted(set(value).difference(known)):
        step = "/" + escape(name)
        _take(shape.at(name), value[name], path + step, label + step, found)


def _take(shape: Shape, value: Any, path: str, label: str, found: dict[str, Part]) -> None:
    if value and shape.form in (Form.MAP, Form.RECORD) and isinstance(value, dict):
        _record(shape, value, path, label, found)
        return
    if value and shape.form is Form.SET:
        for member in sorted(set(value)):
            step = "/" + escape(member)
            found[path + step] = Part(path + step, label + step, member)
        return
    items = keyed(shape, value) if shape.form is Form.LIST else None
    if not items:  # an atom, something empty, or a list whose items share a key
        found[path] = Part(path, label, value)
        return
    for key, item in items.items():
        step, name = "/" + escape(key), "/" + escape(label_of(shape, item))
        _take(shape.item or ATOM, item, path + step, label + name, found)
