"""What the resolvers of one operation share."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

import strawberry
from django.http import HttpRequest

from oms_project.core.context import Actor
from oms_project.core.errors import PermissionDenied

__all__ = ["Context", "Info", "Siblings", "of_each", "siblings"]

T = TypeVar("T")


@dataclass(slots=True)
class Context:
    """Handed to every resolver as ``info.context``; one per operation.

    Attributes:
        actor: who asks; the same as `current_actor()`.
        request: over HTTP; None over a socket.
        deadline: moment of `time.monotonic` at which a query is given up; None: never.
        denials: what was refused on the way, to be recorded when the operation has ended.
        loaded: for `once`.
        check: of a subscription: asks whether who began it still may; raises when not.
        resume_from: of a subscription: a resume token that came beside the document.
    """

    actor: Actor
    request: HttpRequest | None = None
    deadline: float | None = None
    denials: list[PermissionDenied] = field(default_factory=list)
    loaded: dict[Hashable, Any] = field(default_factory=dict)
    check: Callable[[], None] | None = None
    resume_from: str = ""

    @property
    def out_of_time(self) -> bool:
        """Whether the operation has taken longer than it may."""
        return self.deadline is not None and time.monotonic() > self.deadline

    def once(self, key: Hashable, load: Callable[[], T]) -> T:
        """What ``load`` gives, the first time in this operation; kept for the next."""
        if key not in self.loaded:
            self.loaded[key] = load()
        return self.loaded[key]  # type: ignore[no-any-return]


#: The second argument of resolvers.
Info: TypeAlias = strawberry.Info[Context, Any]


class Siblings:
    """Items that were listed together, and what was loaded for all of them at once.

    A resolver asks for one item and loads for all: the number of database queries is the number of
    fields in the document, whatever the number of rows. The children of all siblings are siblings
    again. What a data loader does by waiting a tick, this does by knowing who is next; so it works
    where nothing waits, and resolvers stay plain functions.
    """

    __slots__ = ("items", "loaded")

    def __init__(self, items: Sequence[Any]) -> None:
        self.items = items
        self.loaded: dict[Hashable, Mapping[int, Any]] = {}


def siblings(items: Sequence[T]) -> Sequence[T]:
    """Tell items, which have an attribute ``siblings``, that they were listed together."""
    shared = Siblings(items)
    for item in items:
        item.siblings = shared  # type: ignore[attr-defined]
    return items


def of_each(item: Any, key: Hashable, load: Callable[[Sequence[Any]], Sequence[Any]]) -> Any:
    """What ``load`` finds for ``item``, loaded for all its siblings in one go.

    Args:
        item: an item that `siblings` has seen, or one that stands alone.
        key: the field and its arguments.
        load: all siblings -> a value for each, in their order. Values that have an attribute
            ``siblings`` themselves, or lists of such, become siblings of each other.
    """
    shared: Siblings | None = getattr(item, "siblings", None)
    if shared is None:
        shared = item.siblings = Siblings([item])
    found = shared.loaded.get(key)
    if found is None:
        values = load(shared.items)
        _join(values)
        found = {id(one): value for one, value in zip(shared.items, values, strict=True)}
        shared.loaded[key] = found
    return found[id(item)]


def _join(values: Sequence[Any]) -> None:
    children: list[Any] = []
    for value in values:
        children += value if isinstance(value, list | tuple) else [value]
    known = {id(child): child for child in children if hasattr(child, "siblings")}
    if known:
        siblings(list(known.values()))
