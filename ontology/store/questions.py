"""What a store is asked about objects and links: names resolved, values in normal form.

The domain's own questions are in ``ontology.domain.query``; ``ontology.selectors.questions`` makes
these of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as member
from typing import Any, Protocol

from ontology.domain.kinds import Kind

__all__ = [
    "Both",
    "Field",
    "Figure",
    "Has",
    "InstanceQuery",
    "Not",
    "Order",
    "Test",
    "Where",
    "position_of",
    "value_at",
]


@dataclass(frozen=True, slots=True)
class Field:
    """A property as a question sees it.

    Attributes:
        path: ``apiName``, then names of struct fields.
        type: name of the data type by which its values are compared; empty where they are not.
        array: whether it holds a list (or texts by language): one of its values has to fit.
    """

    path: tuple[str, ...]
    type: str
    array: bool = False


@dataclass(frozen=True, slots=True)
class Test:
    """A condition on one field.

    Attributes:
        op: one of ``ontology.domain.query.OPERATORS``.
        value: in normal form; a tuple for ``in``.
        indexes: numbers of the field's index entries, one for each type asked; empty: no index.
        keys: order keys of the value or values, where there is an index.
    """

    field: Field
    op: str
    value: Any
    indexes: tuple[int, ...] = ()
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Both:
    """Several tests, all (``every``) or any of which hold."""

    parts: tuple[Where, ...]
    every: bool = True


@dataclass(frozen=True, slots=True)
class Not:
    """A test that does not hold."""

    part: Where


@dataclass(frozen=True, slots=True)
class Has:
    """An object has a link to another that answers ``where``.

    Attributes:
        links: ``rid``s of link types.
        outgoing: whether the object asked about is the link's source.
    """

    links: tuple[str, ...]
    outgoing: bool
    where: Where | None


Where = Test | Both | Not | Has


@dataclass(frozen=True, slots=True)
class Order:
    """A field to sort by; what has no value comes last.

    Attributes:
        indexes: ``rid`` of a type -> number of the field's index entries; empty: no index.
    """

    field: Field
    descending: bool = False
    indexes: Mapping[str, int] = member(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InstanceQuery:
    """Objects or links to list, count or add up.

    Attributes:
        types: ``rid``s of the types, exactly these; in the order in which they are listed.
        order: empty: by type and key.
        rids: only these.
    """

    kind: Kind
    types: tuple[str, ...]
    where: Where | None = None
    order: tuple[Order, ...] = ()
    rids: frozenset[str] | None = None
    include_deleted: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """What to add up: ``count``, ``sum``, ``min``, ``max``, ``avg``; a count needs no field."""

    function: str
    field: Field | None = None


class Placed(Protocol):
    """What a position is read from."""

    @property
    def key(self) -> str: ...
    @property
    def rid(self) -> str: ...
    @property
    def body(self) -> Mapping[str, Any]: ...


def value_at(body: Mapping[str, Any], path: Sequence[str]) -> Any:
    """The value under a path of names; None where there is none."""
    value: Any = body
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def position_of(query: InstanceQuery, document: Placed) -> tuple[Any, ...]:
    """Where a document stands in the order of a query: a page goes on after it."""
    if not query.order:
        return document.key, document.rid
    values = [value_at(document.body, order.field.path) for order in query.order]
    return (*values, document.rid)
