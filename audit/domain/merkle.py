"""Merkle trees as RFC 9162 §2.1 defines them: hashes, inclusion and consistency proofs.

A tree is kept in tiles of 256 hashes: tiles of level 0 hold the leaves, each entry of a tile of
level 8 stands for a whole tile of level 0, and so on. What a proof needs lies in two tiles per
level (its own path and the right edge), whatever the size of the tree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Final

__all__ = [
    "EMPTY_ROOT",
    "TILE_BITS",
    "TILE_WIDTH",
    "Frontier",
    "TileHashes",
    "Tree",
    "leaf_hash",
    "node_hash",
    "range_root",
    "root_of",
    "verify_consistency",
    "verify_inclusion",
]

TILE_BITS: Final = 8
TILE_WIDTH: Final = 1 << TILE_BITS
EMPTY_ROOT: Final = sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """The hash of one entry."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees."""
    return sha256(b"\x01" + left + right).digest()


def _fold(hashes: Sequence[bytes]) -> bytes:
    """The root over 2^k hashes of one level."""
    level = list(hashes)
    while len(level) > 1:
        level = [
            sha256(b"\x01" + left + right).digest()
            for left, right in zip(level[::2], level[1::2], strict=True)
        ]
    return level[0]


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over these leaf hashes (`EMPTY_ROOT` for none)."""
    frontier = Frontier()
    frontier.extend(list(leaves))
    return frontier.root()


class Frontier:
    """A growing tree's right edge: the roots of its complete subtrees, largest first."""

    def __init__(self, size: int = 0, subtrees: Sequence[bytes] = ()) -> None:
        self.size = size
        self._subtrees = list(subtrees)

    def copy(self) -> Frontier:
        """One that grows apart from this one."""
        return Frontier(self.size, self._subtrees)

    def append(self, subtree: bytes, level: int = 0) -> None:
        """Add the root of the next 2^``level`` leaves; the size must be a multiple of that."""
        remaining = self.size >> level
        while remaining & 1:
            subtree = sha256(b"\x01" + self._subtrees.pop() + subtree).digest()
            remaining >>= 1
        self._subtrees.append(subtree)
        self.size += 1 << level

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Add leaf hashes."""
        at = 0
        while at < len(leaves):
            if self.size % TILE_WIDTH == 0 and len(leaves) - at >= TILE_WIDTH:
                self.append(_fold(leaves[at : at + TILE_WIDTH]), TILE_BITS)
                at += TILE_WIDTH
            else:
                self.append(leaves[at])
                at += 1

    def root(self, behind: Sequence[bytes] = ()) -> bytes:
        """The root of the tree as it is now, with the subtrees ``behind`` at its end."""
        if not self._subtrees and not behind:
            return EMPTY_ROOT
        *others, root = (*self._subtrees, *behind)
        for subtree in reversed(others):
            root = sha256(b"\x01" + subtree + root).digest()
        return root


class TileHashes:
    """The hashes inside one tile, at every level: for roots of trees that end in it."""

    def __init__(self, hashes: Sequence[bytes]) -> None:
        self.hashes = hashes
        self._levels = [hashes]
        while len(self._levels[-1]) > 1:
            level = self._levels[-1]
            self._levels.append(
                [
                    sha256(b"\x01" + left + right).digest()
                    for left, right in zip(level[::2], level[1::2], strict=False)
                ]
            )

    def root(self) -> bytes:
        """The root over a whole tile."""
        return self._levels[-1][0]

    def root_behind(self, frontier: Frontier, count: int) -> bytes:
        """The root of ``frontier`` (which ends where this tile begins) with the first ``count``
        hashes of this tile behind it.
        """
        parts = [
            self._levels[level][(count >> level + 1) << 1]
            for level in range(len(self._levels) - 1, -1, -1)
            if count >> level & 1
        ]
        return frontier.root(parts)


class Tree:
    """A tree of ``size`` leaves whose hashes are read when they are needed.

    Args:
        size: number of leaves.
        tile: ``tile(level, index, width)`` gives the first ``width`` hashes of a tile; ``level``
            is a multiple of 8, and an entry of it covers 2^level leaves.
    """

    def __init__(self, size: int, tile: Callable[[int, int, int], Sequence[bytes]]) -> None:
        self.size = size
        self._tile = tile
        self._tiles: dict[tuple[int, int], Sequence[bytes]] = {}

    def root(self) -> bytes:
        """The root over all leaves."""
        return self._hash(0, self.size) if self.size else EMPTY_ROOT

    def frontier(self) -> Frontier:
        """The right edge, ready to grow."""
        subtrees, at = [], 0
        for level in range(self.size.bit_length() - 1, -1, -1):
            if self.size >> level & 1:
                subtrees.append(self._subtree(level, at >> level))
                at += 1 << level
        return Frontier(self.size, subtrees)

    def range_hash(self, first: int, end: int) -> bytes:
        """The root over the leaves ``first`` … ``end - 1`` as a tree of their own."""
        return range_root(self._leaf_run(first, end))

    def inclusion_proof(self, index: int) -> list[bytes]:
        """The hashes that lead from leaf ``index`` to the root, nearest first (§2.1.3.1)."""
        if not 0 <= index < self.size:
            raise ValueError(f"A tree of {self.size} leaves has no leaf {index}.")
        path: list[bytes] = []
        first, end = 0, self.size
        while end - first > 1:
            middle = first + _split(end - first)
            if index < middle:
                path.append(self._hash(middle, end))
                end = middle
            else:
                path.append(self._hash(first, middle))
                first = middle
        return path[::-1]

    def consistency_proof(self, old_size: int) -> list[bytes]:
        """That this tree begins with the one of ``old_size`` leaves (§2.1.4.1)."""
        if not 0 < old_size <= self.size:
            raise ValueError(f"A tree of {self.size} leaves does not begin with one of {old_size}.")
        path: list[bytes] = []
        first, end, whole = 0, self.size, True
        while old_size != end:
            middle = first + _split(end - first)
            if old_size <= middle:
                path.append(self._hash(middle, end))
                end = middle
            else:
                path.append(self._hash(first, middle))
                first, whole = middle, False
        if not whole:
            path.append(self._hash(first, end))
        return path[::-1]

    def _hash(self, first: int, end: int) -> bytes:
        """MTH over a run that starts where a subtree of at least its size does."""
        length = end - first
        if length & (length - 1) == 0:
            level = length.bit_length() - 1
            return self._subtree(level, first >> level)
        middle = first + _split(length)
        return node_hash(self._hash(first, middle), self._hash(middle, end))

    def _subtree(self, level: int, index: int) -> bytes:
        base = level - level % TILE_BITS
        width = 1 << (level - base)
        tile, offset = divmod(index * width, TILE_WIDTH)
        return _fold(self._entries(base, tile)[offset : offset + width])

    def _entries(self, level: int, index: int) -> Sequence[bytes]:
        key = (level, index)
        if key not in self._tiles:
            width = min(TILE_WIDTH, (self.size >> level) - index * TILE_WIDTH)
            found = self._tile(level, index, width)
            if len(found) != width:
                raise LookupError(f"Hashes of the audit tree are missing: level {level}, {index}.")
            self._tiles[key] = found
        return self._tiles[key]

    def _leaf_run(self, first: int, end: int) -> Iterable[bytes]:
        for tile in range(first // TILE_WIDTH, -(-end // TILE_WIDTH)):
            at = tile * TILE_WIDTH
            yield from self._tile(0, tile, min(TILE_WIDTH, self.size - at))[
                max(first - at, 0) : end - at
            ]


def range_root(leaves: Iterable[bytes]) -> bytes:
    """The root over a run of leaf hashes, as a tree of their own."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def _split(length: int) -> int:
    """The largest power of two below ``length``."""
    return 1 << ((length - 1).bit_length() - 1)


def verify_inclusion(
    *, leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether ``proof`` shows that leaf ``index`` of the tree with ``root`` is ``leaf``
    (§2.1.3.2).
    """
    if not 0 <= index < size:
        return False
    node, last, current = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            current = node_hash(step, current)
            while not node & 1 and node != 0:
                node >>= 1
                last >>= 1
        else:
            current = node_hash(current, step)
        node >>= 1
        last >>= 1
    return last == 0 and current == root


def verify_consistency(
    *, old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether ``proof`` shows that the tree with ``root`` begins with the one with ``old_root``
    (§2.1.4.2).
    """
    if not 0 < old_size <= size:
        return False
    if old_size == size:
        return not proof and old_root == root
    steps = list(proof)
    if old_size & (old_size - 1) == 0:
        steps.insert(0, old_root)
    if not steps:
        return False
    node, last = old_size - 1, size - 1
    while node & 1:
        node >>= 1
        last >>= 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not node & 1 and node != 0:
                node >>= 1
                last >>= 1
        else:
            new = node_hash(new, step)
        node >>= 1
        last >>= 1
    return last == 0 and old == old_root and new == root
