"""The syntax tree of a compiled expression: which names it uses, and what it may cost.

The compiler gives its tree as a message of ``cel/expr/checked.proto``; the few fields that matter
are read here, so that no other library is needed for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["Node", "Size", "cost_of", "free_names", "read_tree", "selections", "size_of"]

#: No comprehension goes on longer, see the library's limit of iterations.
_MOST_ROUNDS: Final = 10_000
#: Cost of making a regular expression ready.
_PATTERN: Final = 5_000
_PER_CHARACTER: Final = 16  # so many characters are compared for the price of one value

#: Functions whose value is a single one, and whose cost is that of looking at what they take.
_PLAIN = frozenset(
    [
        "_&&_",
        "_||_",
        "!_",
        "-_",
        "_-_",
        "_*_",
        "_/_",
        "_%_",
        "_==_",
        "_!=_",
        "_<_",
        "_<=_",
        "_>_",
        "_>=_",
        "@in",
        "@not_strictly_false",
        "size",
        "bool",
        "int",
        "uint",
        "double",
        "timestamp",
        "duration",
        "math.@max",
        "math.@min",
        "math.ceil",
        "math.floor",
        "math.round",
        "math.trunc",
        "math.abs",
        "math.sign",
    ]
)
#: Functions that search the characters of one text for another's.
_SEARCHES = frozenset(["contains", "startsWith", "endsWith", "indexOf", "lastIndexOf"])
#: Functions that give a text no longer than what they take.
_TEXTS = frozenset(["lowerAscii", "upperAscii", "trim", "substring", "charAt", "string"])
_DATES = frozenset(
    [
        "getFullYear",
        "getMonth",
        "getDate",
        "getDayOfMonth",
        "getDayOfWeek",
        "getDayOfYear",
        "getHours",
        "getMinutes",
        "getSeconds",
        "getMilliseconds",
    ]
)
#: Zones as words or as offsets. Others would be looked for among the files of the machine.
_ZONE = re.compile(r"UTC|[+-]\d\d:\d\d", re.ASCII)
_KNOWN = _PLAIN | _SEARCHES | _TEXTS | _DATES | {"_+_", "_?_:_", "_[_]", "matches", "dyn"}


@dataclass(frozen=True, slots=True)
class Node:
    """One expression of the tree.

    Attributes:
        kind: ``constant``, ``name``, ``select``, ``call``, ``list``, ``map`` or ``fold``.
        text: the name, the field, the function, or the text of a constant.
        parts: what it is made of; of a fold: range, start, condition, step, result.
        bound: names that a fold binds: of the items, and of what it collects.
    """

    kind: str
    text: str = ""
    parts: tuple[Node, ...] = ()
    bound: tuple[str, ...] = ()


# --- reading ----------------------------------------------------------------------------------
def read_tree(message: bytes) -> Node:
    """The tree of a serialised ``CheckedExpr`` (inside a ``google.protobuf.Any``).

    Raises:
        ValueError: it uses what is not allowed here; a sentence says what.
    """
    for number, packed in _fields(message):
        if number == 2 and isinstance(packed, bytes):
            for tree in _nodes(packed, 4):
                return tree
    raise ValueError("It cannot be read as an expression.")


def _node(message: bytes) -> Node:
    for field, value in _fields(message):
        if field in _READERS and isinstance(value, bytes):
            return _READERS[field](value)
    return Node("constant")


def _constant(message: bytes) -> Node:
    text = next((v for f, v in _fields(message) if f in (6, 7) and isinstance(v, bytes)), b"")
    return Node("constant", text.decode("utf-8", "replace"))


def _name(message: bytes) -> Node:
    return Node("name", _text(message, 1).removeprefix("."))


def _select(message: bytes) -> Node:
    return Node("select", _text(message, 2), tuple(_nodes(message, 1)))


def _call(message: bytes) -> Node:
    function = _text(message, 2)
    parts = (*_nodes(message, 1), *_nodes(message, 3))
    if function not in _KNOWN:
        shown = function.lstrip("@")
        raise ValueError(f"The function '{shown}' is not available here.")
    if function in _DATES and len(parts) > 1 and not _is_zone(parts[1]):
        raise ValueError(
            f"The zone of {function} is 'UTC' or an offset such as '+09:00', as it stands."
        )
    return Node("call", function, parts)


def _is_zone(part: Node) -> bool:
    return part.kind == "constant" and _ZONE.fullmatch(part.text) is not None


def _list(message: bytes) -> Node:
    return Node("list", parts=tuple(_nodes(message, 1)))


def _map(message: bytes) -> Node:
    if _text(message, 1):
        raise ValueError(f"Messages such as {_text(message, 1)} are not available here.")
    parts: list[Node] = []
    for field, value in _fields(message):
        if field == 2 and isinstance(value, bytes):
            parts += _nodes(value, 3)
            parts += _nodes(value, 4)
    return Node("map", parts=tuple(parts))


def _fold(message: bytes) -> Node:
    parts = tuple(node for field in (2, 4, 5, 6, 7) for node in _nodes(message, field))
    if len(parts) != 5:
        raise ValueError("This form of all, exists, map or filter is not available here.")
    names = tuple(name for field in (1, 3, 8) if (name := _text(message, field)))
    return Node("fold", parts=parts, bound=names)


_READERS = {
    3: _constant, 4: _name, 5: _select, 6: _call, 7: _list, 8: _map, 9: _fold,
}  # fmt: skip


def _nodes(message: bytes, wanted: int) -> Iterator[Node]:
    for field, value in _fields(message):
        if field == wanted and isinstance(value, bytes):
            yield _node(value)


def _text(message: bytes, wanted: int) -> str:
    for field, value in _fields(message):
        if field == wanted and isinstance(value, bytes):
            return value.decode()
    return ""


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(number, value) of the fields of a protobuf message; fixed-width ones are passed over."""
    position, end = 0, len(message)
    while position < end:
        key, position = _varint(message, position)
        wire = key & 7
        if wire == 0:
            value, position = _varint(message, position)
            yield key >> 3, value
        elif wire == 2:
            length, position = _varint(message, position)
            yield key >> 3, message[position : position + length]
            position += length
        else:
            position += 8 if wire == 1 else 4


def _varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7


# --- names ------------------------------------------------------------------------------------
def free_names(node: Node, bound: frozenset[str] = frozenset()) -> Iterator[str]:
    """Names that no fold binds."""
    if node.kind == "name":
        if node.text not in bound:
            yield node.text
        return
    for place, part in enumerate(node.parts):
        # What is gone through stands outside of what it binds.
        inside = bound | set(node.bound) if node.kind == "fold" and place else bound
        yield from free_names(part, inside)


def selections(node: Node, bound: frozenset[str] = frozenset()) -> Iterator[tuple[str, str]]:
    """(name, field) for every ``name.field`` of a name that no fold binds."""
    if node.kind == "select" and node.parts[0].kind == "name":
        if node.parts[0].text not in bound:
            yield node.parts[0].text, node.text
        return
    for place, part in enumerate(node.parts):
        inside = bound | set(node.bound) if node.kind == "fold" and place else bound
        yield from selections(part, inside)


# --- cost -------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Size:
    """How large a value is, or is at most.

    Attributes:
        count: its items or members.
        values, characters: all that are in it, itself included.
        inner: at least as large as every one of its items and members; None: it has none.
    """

    count: int = 0
    values: int = 1
    characters: int = 0
    inner: Size | None = None

    @property
    def looking(self) -> int:
        """The price of looking at all of it."""
        return self.values + self.characters // _PER_CHARACTER

    @property
    def part(self) -> Size:
        """What stands for any one item or member."""
        return self.inner or _ONE


_ONE = Size()


def size_of(value: Any) -> Size:
    """The size of a JSON value."""
    if isinstance(value, str):
        return Size(characters=len(value))
    if isinstance(value, Mapping):
        keys = Size(characters=max(map(len, value), default=0))
        inner = _largest([keys, *map(size_of, value.values())])
        return _made_of(len(value), [size_of(item) for item in (*value, *value.values())], inner)
    if isinstance(value, (list, tuple)):
        parts = [size_of(item) for item in value]
        return _made_of(len(parts), parts, _largest(parts))
    return _ONE


def _made_of(count: int, parts: Sequence[Size], inner: Size | None) -> Size:
    return Size(
        count,
        1 + sum(part.values for part in parts),
        sum(part.characters for part in parts),
        inner,
    )


def _largest(sizes: Sequence[Size]) -> Size | None:
    """At least as large as each of ``sizes`` in every respect; None for none."""
    if not sizes:
        return None
    return Size(
        max(size.count for size in sizes),
        max(size.values for size in sizes),
        max(size.characters for size in sizes),
        _largest([size.inner for size in sizes if size.inner is not None]),
    )


def _joined(one: Size, other: Size, times: int = 1) -> Size:
    """``one`` with ``other`` added to it so many times."""
    return Size(
        one.count + times * other.count,
        one.values + times * other.values,
        one.characters + times * other.characters,
        _largest([size.inner for size in (one, other) if size.inner is not None]),
    )


def cost_of(node: Node, sizes: Mapping[str, Size]) -> int:
    """What an evaluation costs at most when the names have values of these sizes, with what
    reading the result costs.
    """
    size, cost = _weigh(node, sizes)
    return cost + size.looking


def _weigh(node: Node, sizes: Mapping[str, Size]) -> tuple[Size, int]:
    """(the most that its value may be, what it costs at most)."""
    if node.kind == "constant":
        return Size(characters=len(node.text)), 1
    if node.kind == "name":
        return sizes.get(node.text, _ONE), 1
    if node.kind == "fold":
        return _weigh_fold(node, sizes)
    weighed = [_weigh(part, sizes) for part in node.parts]
    parts = [size for size, _ in weighed]
    cost = 1 + sum(one for _, one in weighed)
    if node.kind == "select":
        return parts[0].part, cost
    if node.kind in ("list", "map"):
        return _made_of(len(parts), parts, _largest(parts)), cost
    return _weigh_call(node, parts, cost)


def _weigh_call(node: Node, parts: Sequence[Size], cost: int) -> tuple[Size, int]:
    function = node.text
    if function == "dyn":
        return parts[0], cost
    if function == "_[_]":
        return parts[0].part, cost + parts[1].looking
    if function == "_?_:_":
        return _largest(parts[1:]) or _ONE, cost
    looking = sum(part.looking for part in parts)
    if function == "_+_":
        return _joined(parts[0], parts[1]), cost + looking
    if function in _TEXTS:
        return Size(characters=max(parts[0].characters, 64)), cost + looking
    if function in _SEARCHES or function == "matches":
        sought = parts[-1].characters
        searching = parts[0].characters * (1 + sought // _PER_CHARACTER) // 8
        ready = _PATTERN + sought * 100 if function == "matches" else 0
        return _ONE, cost + looking + searching + ready
    return _ONE, cost + looking


def _weigh_fold(node: Node, sizes: Mapping[str, Size]) -> tuple[Size, int]:
    source, start, condition, step, result = node.parts
    items, cost = _weigh(source, sizes)
    rounds = min(items.count, _MOST_ROUNDS)
    collected, at_start = _weigh(start, sizes)
    name = node.bound[1]
    # What is collected grows by the same in every round: a fold is only what a macro made of it.
    inside = {**sizes, **dict.fromkeys(node.bound, items.part), name: Size(values=0)}
    _, asking = _weigh(condition, inside)
    grown, stepping = _weigh(step, inside)
    collected = _joined(collected, grown, rounds)
    value, at_end = _weigh(result, {**inside, name: collected})
    return value, cost + at_start + at_end + rounds * (asking + stepping + 1)
