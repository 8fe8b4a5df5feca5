"""What a body is made of, as far as diff and merge need to know it.

The shapes are read off the models of ``ontology.domain.kinds``, so a field that is added there is
compared and merged by what its type says, without a second list to keep.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin

from pydantic import BaseModel

from oms_project.core.canonical_json import dumps
from ontology.domain.documents import LIST_KEYS, SET_FIELDS
from ontology.domain.kinds import MODELS, Kind

__all__ = [
    "ABSENT",
    "ANY_OF",
    "ATOM",
    "ORDERED_LISTS",
    "Absent",
    "Form",
    "Shape",
    "child",
    "escape",
    "keyed",
    "label_of",
    "same",
    "shape_of",
]


class Absent(Enum):
    """The type of ``ABSENT``: no value at all, which is not the same as JSON's null."""

    ABSENT = "absent"

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent.ABSENT

#: Keyed lists whose order is the author's; that of every other keyed list follows from its items.
ORDERED_LISTS = frozenset({"members", "parameters", "rules", "sideEffects", "submissionCriteria"})
#: Sets that read "one of these", where an empty one means "anything".
ANY_OF = frozenset({"dataTypes", "sources", "targets"})


class Form(StrEnum):
    """How a value is taken apart."""

    ATOM = "atom"
    """Not at all."""
    SET = "set"
    """By member."""
    MAP = "map"
    """By key; an empty one and none at all are the same."""
    RECORD = "record"
    """By field; being there says something, even when it is empty."""
    LIST = "list"
    """By the key of its items."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of a value.

    Attributes:
        fields: of a record, in the order people expect to see them; others are atoms.
        default: what an absent atom means, when it means something.
        is_name: of an atom: whether it names the thing it stands in, which has another identity.
        any_of: of a set: see ``ANY_OF``.
        item, item_key, item_label: of a list: its items' shape, identity, and name for people.
        ordered: of a list: whether its order says something.
        twins: of a list: whether its items are identified by a ``rid`` that two sides may have
            given independently.
    """

    form: Form
    fields: Mapping[str, Shape] = field(default_factory=lambda: MappingProxyType({}))
    default: Any = None
    is_name: bool = False
    any_of: bool = False
    item: Shape | None = None
    item_key: Callable[[Any], str] | None = None
    item_label: Callable[[Any], str] | None = None
    ordered: bool = False
    twins: bool = False

    def at(self, name: str) -> Shape:
        """The shape of a record's field or of a map's value."""
        return self.fields.get(name, ATOM)


ATOM: Final = Shape(Form.ATOM)
_NAME: Final = Shape(Form.ATOM, is_name=True)
_SET: Final = Shape(Form.SET)
_ANY_OF: Final = Shape(Form.SET, any_of=True)
_MAP: Final = Shape(Form.MAP)


@cache
def shape_of(kind: Kind) -> Shape:
    """The shape of a body of ``kind``."""
    model = MODELS.get(kind)
    if model is None:
        # An instance's values belong to its type: each is atomic.
        return Shape(
            Form.RECORD,
            MappingProxyType(
                {"_annotations": _list_shape("_annotations", ATOM), "_redacted": _SET}
            ),
        )
    return _record(model)


def _record(model: type[BaseModel]) -> Shape:
    fields: dict[str, Shape] = {}
    for name, info in model.model_fields.items():
        alias = info.alias or name
        fields[alias] = _field(alias, info.annotation, info.get_default(call_default_factory=True))
    return Shape(Form.RECORD, MappingProxyType(fields))


def _field(alias: str, annotation: Any, default: Any) -> Shape:
    if get_origin(annotation) in (Union, UnionType):
        annotation = next(part for part in get_args(annotation) if part is not NoneType)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is dict:
        return _MAP
    if origin is list and _is_model(arguments[0]):
        # An annotation is its own key, so it can only come and go.
        item = ATOM if alias == "annotations" else _record(arguments[0])
        return _list_shape(alias, item)
    if origin is list and alias in SET_FIELDS:
        return _ANY_OF if alias in ANY_OF else _SET
    if _is_model(annotation):
        return _record(annotation)
    if alias == "apiName":
        return _NAME
    known = isinstance(default, (str, int)) and not isinstance(default, Enum)
    return Shape(Form.ATOM, default=default) if known else ATOM


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _list_shape(alias: str, item: Shape) -> Shape:
    by_rid = "rid" in item.fields
    label = LIST_KEYS[alias]
    if by_rid:
        label = _api_name
    elif alias in ("annotations", "_annotations"):
        label = _predicate
    return Shape(
        Form.LIST,
        item=item,
        item_key=LIST_KEYS[alias],
        item_label=label,
        ordered=alias in ORDERED_LISTS,
        twins=by_rid,
    )


def _api_name(item: Any) -> str:
    return str(item.get("apiName") or item["rid"])


def _predicate(item: Any) -> str:
    return str(item["predicate"])


def keyed(shape: Shape, items: Any) -> dict[str, Any] | None:
    """``items`` of a list by their key, in order; None when two of them share one."""
    assert shape.item_key is not None
    found = {shape.item_key(item): item for item in items}
    return found if len(found) == len(items) else None


def label_of(shape: Shape, item: Any) -> str:
    """What people call an item of a list."""
    assert shape.item_label is not None
    return shape.item_label(item)


def escape(key: str) -> str:
    """``key`` as one step of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def child(value: Any, key: str) -> Any:
    """The value under ``key`` in a record or map; ``ABSENT`` when there is none."""
    return ABSENT if value is ABSENT else value.get(key, ABSENT)


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same, spelled the same.

    Python's ``==`` takes ``1``, ``1.0`` and ``True`` for equal; they are three JSON values with
    three hashes. What ``==`` tells apart costs no more than ``==``.
    """
    if one is other:
        return True
    if one != other:
        return False
    if isinstance(one, str):
        return True
    try:
        return dumps(one) == dumps(other)
    except TypeError:  # it holds a marker of a virtual merge base: look at its parts instead
        return False
