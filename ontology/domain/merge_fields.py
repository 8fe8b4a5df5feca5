"""The three-way merge of two values that differ, by their shape.

A three-way merge keeps what one side changed and the other left alone, and asks where both
changed the same thing in different ways (the rule of ``diff3``: S. Khanna, K. Kunal,
B. C. Pierce, "A Formal Investigation of Diff3", FSTTCS 2007, applied to trees with keys instead
of lines). Nothing here knows which side is which: exchanging them exchanges the sides of every
``Clash`` and changes nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from oms_project.core.canonical_json import dumps
from ontology.domain.shapes import ABSENT, ATOM, Form, Shape, child, escape, keyed, label_of, same

__all__ = ["Ambiguous", "Clash", "ConflictType", "FieldMerger", "Settle", "plain"]

ConflictType = Literal[
    "edit/edit", "delete/edit", "edit/delete", "add/add", "rename/rename", "order"
]

#: Key of the marker that says that a list's order is ambiguous.
_ORDER = "\0order"


@dataclass(frozen=True, slots=True, eq=False)
class Ambiguous:
    """A value of a virtual merge base whose merge bases disagree. It is like no other value, so
    whatever differs between the two sides there is a conflict.

    Attributes:
        values: the candidates (``ABSENT`` first, then by their JSON), each once.
        key: identity of the item it stands for; empty when it stands for something else.
    """

    values: tuple[Any, ...]
    key: str = ""

    @classmethod
    def of(cls, clash: Clash) -> Ambiguous:
        """The marker for a clash between two merge bases."""
        values: dict[bytes, Any] = {}
        for side in (clash.ours, clash.theirs):
            for value in side.values if isinstance(side, Ambiguous) else (side,):
                values[b"" if value is ABSENT else dumps(plain(value))] = value
        return cls(tuple(values[spelling] for spelling in sorted(values)), clash.place.key)

    @property
    def present(self) -> Any:
        """The only candidate there is beside ``ABSENT``; ``ABSENT`` when there are several."""
        values = [value for value in self.values if value is not ABSENT]
        return values[0] if len(values) == 1 else ABSENT


def plain(value: Any) -> Any:
    """``value`` as JSON; a marker becomes ``{"@ambiguous": [candidate, ...]}``."""
    if isinstance(value, Ambiguous):
        return {"@ambiguous": [plain(candidate) for candidate in value.values]}
    if value is ABSENT:
        return None
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value if not _is_order_marker(item)]
    return value


class Place(NamedTuple):
    """Where a value stands: its path, the path for people, the key it has in a list, and whether
    the thing it stands in is new on both sides.
    """

    path: str = ""
    label: str = ""
    key: str = ""
    added: bool = False
    key_of: Callable[[Any], str] | None = None
    """How the list that the value stands in reads its items' keys."""

    def field(self, name: str) -> Place:
        """The place of a field or of a map's entry."""
        step = "/" + escape(name)
        return Place(self.path + step, self.label + step, "", self.added)

    def item(self, shape: Shape, key: str, label: str) -> Place:
        """The place of an item in a list of ``shape``."""
        path, people = f"{self.path}/{escape(key)}", f"{self.label}/{escape(label)}"
        return Place(path, people, key, self.added, shape.item_key)

    def new(self) -> Place:
        """The same place, in something that both sides added."""
        return self._replace(added=True)


@dataclass(frozen=True, slots=True)
class Clash:
    """Two changes that cannot both hold.

    Attributes:
        base, ours, theirs: the values; ``ABSENT`` where there is none, and of an ``order`` the
            lists of keys. ``base`` may be or hold ``Ambiguous``.
        shape: the values' shape.
        keys: of an ``order``: the keys that any settlement has to arrange.
    """

    type: ConflictType
    place: Place
    shape: Shape
    base: Any
    ours: Any
    theirs: Any
    keys: frozenset[str] = frozenset()


_ROOT = Place()
#: Gives the value that a clash is settled with (``ABSENT`` for none).
Settle = Callable[[Clash], Any]


class FieldMerger:
    """Merges values; every clash goes to ``settle`` and its answer takes the value's place."""

    def __init__(self, settle: Settle) -> None:
        self._settle = settle

    def merge(self, shape: Shape, base: Any, ours: Any, theirs: Any, place: Place = _ROOT) -> Any:
        """The merged value, or ``ABSENT``. Values taken from one side are shared, not copied."""
        if same(ours, theirs) or same(base, theirs):
            return ours
        if same(base, ours):
            return theirs
        if isinstance(ours, Ambiguous) or isinstance(theirs, Ambiguous):
            return self._edited(shape, base, ours, theirs, place)
        if shape.form is Form.RECORD:
            return self._record(shape, base, ours, theirs, place)
        if shape.form is Form.ATOM or isinstance(base, Ambiguous):
            return self._edited(shape, base, ours, theirs, place)
        if shape.form is Form.SET:
            return self._set(shape, base, ours, theirs, place)
        if shape.form is Form.MAP:
            was, mine, yours = ({} if value is ABSENT else value for value in (base, ours, theirs))
            return self._fields(shape, was, mine, yours, place) or ABSENT
        return self._list(shape, base, ours, theirs, place)

    def _edited(self, shape: Shape, base: Any, ours: Any, theirs: Any, place: Place) -> Any:
        """Both sides changed a value that cannot be taken apart."""
        kind: ConflictType = "edit/edit"
        if place.added:
            kind = "add/add"
        elif shape.is_name:
            kind = "rename/rename"
        return self._settle(Clash(kind, place, shape, base, ours, theirs))

    def _record(self, shape: Shape, base: Any, ours: Any, theirs: Any, place: Place) -> Any:
        if ours is ABSENT:
            return self._settle(Clash("delete/edit", place, shape, base, ours, theirs))
        if theirs is ABSENT:
            return self._settle(Clash("edit/delete", place, shape, base, ours, theirs))
        if isinstance(base, Ambiguous):
            base = base.present
        if base is ABSENT:
            return self._fields(shape, {}, ours, theirs, place.new())
        return self._fields(shape, base, ours, theirs, place)

    def _fields(
        self, shape: Shape, base: Any, ours: Any, theirs: Any, place: Place
    ) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        names = ours.keys() | theirs.keys()
        ordered = [name for name in shape.fields if name in names]
        for name in (*ordered, *sorted(names.difference(ordered))):
            was, mine, yours = child(base, name), child(ours, name), child(theirs, name)
            if same(mine, yours) or same(was, yours):
                value = mine
            elif same(was, mine):
                value = yours
            else:
                value = self.merge(shape.at(name), was, mine, yours, place.field(name))
            if value is not ABSENT:
                merged[name] = value
        return merged

    def _set(self, shape: Shape, base: Any, ours: Any, theirs: Any, place: Place) -> Any:
        was, mine, yours = (
            frozenset(() if value is ABSENT else value) for value in (base, ours, theirs)
        )
        merged = (mine & yours) | (mine - was) | (yours - was)
        if shape.any_of and _contradict(was, mine, yours, merged):
            return self._edited(shape, base, ours, theirs, place)
        return sorted(merged) or ABSENT

    def _list(self, shape: Shape, base: Any, ours: Any, theirs: Any, place: Place) -> Any:
        (was, unknown), (mine, _), (yours, _) = (
            _items(shape, items) for items in (base, ours, theirs)
        )
        if was is None or mine is None or yours is None:
            # Two items share a key, so keys cannot tell them apart.
            return self._edited(shape, base, ours, theirs, place)
        merged: dict[str, Any] = {}
        for key in sorted(mine.keys() | yours.keys()):
            one, two, three = was.get(key, ABSENT), mine.get(key, ABSENT), yours.get(key, ABSENT)
            if same(two, three) or same(one, three):  # as in `merge`, without a place to name
                value = two
            elif same(one, two):
                value = three
            else:
                at = place.item(shape, key, _label(shape, key, (two, three, one)))
                value = self.merge(shape.item or ATOM, one, two, three, at)
            if value is not ABSENT:
                merged[key] = value
        if shape.twins:
            _join_twins(was, mine, yours, merged)
        if not shape.ordered:
            return list(merged.values()) or ABSENT
        return self._ordered(shape, place, was=unknown or was, sides=(mine, yours), merged=merged)

    def _ordered(
        self,
        shape: Shape,
        place: Place,
        *,
        was: dict[str, Any] | Ambiguous,
        sides: tuple[dict[str, Any], dict[str, Any]],
        merged: dict[str, Any],
    ) -> Any:
        """``merged`` in an order that both sides agree with."""
        mine, yours = sides
        shared = [key for key in mine if key in yours and key in merged]
        other = [key for key in yours if key in mine and key in merged]
        order: Any = shared
        if shared != other:
            order = _one_reordered(was, shared, other)
            if order is None:
                before = was if isinstance(was, Ambiguous) else list(was)
                clash = Clash(
                    "order", place, shape, before, list(mine), list(yours), frozenset(merged)
                )
                order = self._settle(clash)
        marker = order if isinstance(order, Ambiguous) else None
        if marker is not None or order is ABSENT:
            order = min(shared, other)
        arranged = _arrange(order, (list(mine), list(yours)), merged.keys())
        items = [merged[key] for key in arranged]
        if marker is not None:
            items.append(Ambiguous(marker.values, _ORDER))
        return items or ABSENT


def _contradict(
    was: frozenset[str], mine: frozenset[str], yours: frozenset[str], merged: frozenset[str]
) -> bool:
    """Whether two changes of a set that reads "one of these" cannot be put together: one side
    replaced what the other changed, both narrowed down "anything" in their own way, or nothing
    is left, which would mean anything.
    """
    if not merged and mine and yours:
        return True
    if not was:
        return bool(mine and yours)
    return _replaced(was, mine) or _replaced(was, yours)


def _replaced(was: frozenset[str], now: frozenset[str]) -> bool:
    return bool(was - now and now - was)


def _items(shape: Shape, items: Any) -> tuple[dict[str, Any] | None, Ambiguous | None]:
    """Items by key (None: keys are not unique), and the marker of an ambiguous order."""
    if items is ABSENT:
        return {}, None
    if isinstance(items, Ambiguous):
        return None, None
    markers = {item.key: item for item in items if isinstance(item, Ambiguous)}
    if not markers:
        return keyed(shape, items), None
    assert shape.item_key is not None
    return {
        item.key if isinstance(item, Ambiguous) else shape.item_key(item): item
        for item in items
        if not _is_order_marker(item)
    }, markers.get(_ORDER)


def _is_order_marker(item: Any) -> bool:
    return isinstance(item, Ambiguous) and item.key == _ORDER


def _label(shape: Shape, key: str, candidates: Iterable[Any]) -> str:
    for item in candidates:
        if item is not ABSENT and not isinstance(item, Ambiguous):
            return label_of(shape, item)
    return key


def _join_twins(
    was: Mapping[str, Any],
    mine: Mapping[str, Any],
    yours: Mapping[str, Any],
    merged: dict[str, Any],
) -> None:
    """Keep one of two items that both sides added alike, apart from the ``rid`` they drew."""
    added = mine.keys() - was.keys() - yours.keys()
    by_name = {mine[key]["apiName"]: key for key in added}
    for key in yours.keys() - was.keys() - mine.keys():
        twin = by_name.get(yours[key]["apiName"])
        if twin is not None and same({**mine[twin], "rid": ""}, {**yours[key], "rid": ""}):
            merged.pop(max(twin, key), None)


def _one_reordered(
    was: Mapping[str, Any] | Ambiguous, mine: list[str], yours: list[str]
) -> list[str] | None:
    """The order of the one side that changed the base's order; None when both or neither did."""
    if isinstance(was, Ambiguous):
        return None
    shared = set(mine)
    before = [key for key in was if key in shared]
    kept_mine = [key for key in mine if key in was] == before
    kept_yours = [key for key in yours if key in was] == before
    if kept_mine == kept_yours:
        return None
    return yours if kept_mine else mine


def _arrange(
    order: Iterable[str], sides: tuple[list[str], list[str]], alive: Iterable[str]
) -> list[str]:
    """The keys of ``alive``: those of ``order`` as they stand there, each other one behind the key
    that it follows on its side. Where both sides put something in the same gap, the smaller run
    comes first, whichever side it is from.
    """
    alive = set(alive)
    spine = [key for key in order if key in alive]
    fixed = frozenset(spine)
    placed = set(spine)
    gaps: dict[str | None, list[list[str]]] = {}
    for side in sorted(sides):
        anchor: str | None = None
        runs: dict[str | None, list[str]] = {}
        for key in side:
            if key in placed:
                anchor = key if key in fixed else anchor
            elif key in alive:
                runs.setdefault(anchor, []).append(key)
        for anchor, run in runs.items():
            placed.update(run)
            gaps.setdefault(anchor, []).append(run)
    arranged: list[str] = []
    for gap in (None, *spine):
        if gap is not None:
            arranged.append(gap)
        for run in sorted(gaps.get(gap, ())):
            arranged.extend(run)
    return arranged
