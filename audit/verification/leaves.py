"""Bodies against leaves, leaves against tiles, tiles against signed heads: one pass in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256

from django.db import connection

from audit.domain.checkpoint import Checkpoint
from audit.domain.merkle import TILE_BITS, TILE_WIDTH, Frontier, TileHashes
from audit.domain.seal import SealStatement
from audit.verification.heads import SignedRoot
from audit.verification.report import Kind, Reporter

__all__ = ["Leaves", "check_leaves"]

# Leaves of one query: whole tiles, and few enough that they stay in the processor's cache.
_CHUNK = 4 * TILE_WIDTH

# Index, event id, hash, body (None when it is gone), in the order of places.
_ROW = tuple[int, bytes, bytes, bytes | None]


@dataclass
class Leaves:
    """What the pass found out.

    Attributes:
        events: leaves whose event was there.
        root: the root over all leaves; empty when it cannot be computed.
    """

    events: int = 0
    root: bytes = b""


@dataclass
class _State:
    """Where the pass stands.

    Attributes:
        main: the tree as the leaves have it; None when leaves are missing.
        stored: the tree as the stored nodes have it, where that is another one.
        differs: first and last place of the tiles in which they differ.
        good: size of the largest head that fits.
        lost: whether a head did not fit, so that those after it say nothing.
        nodes: the computed hash of every whole tile; None where it cannot be computed.
    """

    main: Frontier | None = field(default_factory=Frontier)
    stored: Frontier | None = None
    differs: tuple[int, int] | None = None
    good: int = 0
    lost: bool = False
    nodes: list[bytes | None] = field(default_factory=list)


def check_leaves(
    *,
    size: int,
    heads: Sequence[SignedRoot],
    trusted: Checkpoint | None,
    seals: Sequence[SealStatement],
    seals_now: Callable[[], Sequence[SealStatement]],
    reporter: Reporter,
    progress: Callable[[int, int], None],
) -> Leaves:
    """Check every leaf, node and head.

    Args:
        size: how many places there are.
        heads: those that are genuine, smallest first.
        trusted: a checkpoint that was kept elsewhere.
        seals: ranges whose events may be gone.
        seals_now: reads them again.
    """
    return _Pass(size, heads, trusted, seals, seals_now, reporter, progress).run()


class _Pass:
    def __init__(
        self,
        size: int,
        heads: Sequence[SignedRoot],
        trusted: Checkpoint | None,
        seals: Sequence[SealStatement],
        seals_now: Callable[[], Sequence[SealStatement]],
        reporter: Reporter,
        progress: Callable[[int, int], None],
    ) -> None:
        self._size = size
        self._heads = heads
        self._next_head = 0
        self._trusted = trusted
        self._seals = seals
        self._seals_now = seals_now
        self._reporter = reporter
        self._progress = progress
        self._state = _State()
        self._result = Leaves()
        # Leaf hash that the body has -> where it stands, for what does not fit.
        self._misfits: dict[bytes, tuple[int, str, bytes]] = {}

    def run(self) -> Leaves:
        for first in range(0, self._size, _CHUNK):
            end = min(first + _CHUNK, self._size)
            rows, nodes = _read(first, end)
            at = 0
            for start in range(first, end, TILE_WIDTH):
                stop = min(start + TILE_WIDTH, end)
                upto = at
                while upto < len(rows) and rows[upto][0] < stop:
                    upto += 1
                self._tile(start, stop, rows[at:upto], nodes.get(start >> TILE_BITS))
                at = upto
            self._progress(end, self._size)
        self._report_misfits()
        self._check_end()
        self._check_upper_nodes()
        if self._state.main is not None:
            self._result.root = self._state.main.root()
        return self._result

    # -- bodies

    def _tile(self, start: int, stop: int, rows: Sequence[_ROW], node: bytes | None) -> None:
        hashes = [row[2] for row in rows]
        if len(rows) != stop - start:
            self._gaps(start, stop, rows)
        if not _fits(rows, hashes):
            self._each(rows)
        else:
            self._result.events += len(rows)
        whole = stop - start == TILE_WIDTH
        complete = len(rows) == stop - start
        self._grow(start, stop, hashes if complete else None, node, whole=whole)

    def _gaps(self, start: int, stop: int, rows: Sequence[_ROW]) -> None:
        present = {row[0] for row in rows}
        missing = [index for index in range(start, stop) if index not in present]
        run = missing[0]
        for at, index in enumerate(missing):
            if at + 1 == len(missing) or missing[at + 1] != index + 1:
                self._reporter.add(
                    Kind.DELETED, "The leaves of these places are gone", first=run, last=index
                )
                run = missing[at + 1] if at + 1 < len(missing) else 0

    def _each(self, rows: Sequence[_ROW]) -> None:
        for index, name, leaf, body in rows:
            event_id = name.decode(errors="replace")
            if body is None:
                if not self._is_sealed(index):
                    self._reporter.add(
                        Kind.DELETED, "The event is gone", first=index, event_id=event_id
                    )
                continue
            self._result.events += 1
            actual = sha256(b"\x00" + body).digest()
            if actual != leaf:
                self._misfits[actual] = (index, event_id, leaf)
            elif b'"id":"' + name + b'"' not in body:
                self._reporter.add(
                    Kind.ALTERED,
                    "The event has another id than its body",
                    first=index,
                    event_id=event_id,
                )

    def _is_sealed(self, index: int) -> bool:
        if any(seal.first <= index <= seal.last for seal in self._seals):
            return True
        self._seals = self._seals_now()  # sealed since this pass began?
        return any(seal.first <= index <= seal.last for seal in self._seals)

    def _report_misfits(self) -> None:
        stored = {leaf: index for index, _, leaf in self._misfits.values()}
        for actual, (index, event_id, _leaf) in self._misfits.items():
            other = stored.get(actual)
            if other is None:
                self._reporter.add(
                    Kind.ALTERED, "The event was altered", first=index, event_id=event_id
                )
            else:
                self._reporter.add(
                    Kind.REORDERED,
                    f"Here stands the event of place {other}",
                    first=index,
                    event_id=event_id,
                )

    # -- the tree

    def _grow(
        self,
        start: int,
        stop: int,
        hashes: list[bytes] | None,
        node: bytes | None,
        *,
        whole: bool,
    ) -> None:
        state = self._state
        tile = None if hashes is None else TileHashes(hashes)
        for signed in self._heads_in(start, stop):
            self._check_head(signed, start, tile)
        if self._trusted is not None and start < self._trusted.size <= stop:
            self._check_trusted(start, tile)
        computed = tile.root() if tile is not None and whole else None
        if whole:
            state.nodes.append(computed)
            if tile is not None and node is None:
                self._reporter.add(
                    Kind.ALTERED_NODE, "The hash of this tile is gone", first=start, last=stop - 1
                )
        if not whole:
            state.main = _grown(state.main, tile)
            return
        taken = node if tile is None else computed
        if tile is not None and node is not None and node != computed:
            self._differ(start, stop)
        if state.stored is not None:
            if node is None:
                state.stored = None
            else:
                state.stored.append(node, TILE_BITS)
        if state.main is not None:
            if taken is None:
                state.main = None
            else:
                state.main.append(taken, TILE_BITS)

    def _differ(self, start: int, stop: int) -> None:
        state = self._state
        if state.stored is None and state.main is not None:
            state.stored = state.main.copy()
        first = start if state.differs is None else state.differs[0]
        state.differs = (first, stop - 1)

    def _heads_in(self, start: int, stop: int) -> Iterator[SignedRoot]:
        while self._next_head < len(self._heads) and self._heads[self._next_head].size <= stop:
            head = self._heads[self._next_head]
            self._next_head += 1
            if head.size > start:
                yield head

    def _check_head(self, signed: SignedRoot, start: int, tile: TileHashes | None) -> None:
        state = self._state
        inside = signed.size - start
        if state.main is None or tile is None:
            return  # leaves are missing, which has been said
        if tile.root_behind(state.main, inside) == signed.root:
            self._settle(Kind.ALTERED_NODE, "A stored hash is not that of the leaves under it")
            state.good, state.lost = signed.size, False
        elif state.stored is not None and tile.root_behind(state.stored, inside) == signed.root:
            state.main = state.stored
            self._settle(Kind.ALTERED, "Leaves were altered: the stored hash over them tells")
            state.good, state.lost = signed.size, False
        elif not state.lost:
            state.lost = True
            self._reporter.add(
                Kind.ALTERED,
                f"The leaves are not those that the head of {signed.size} leaves was signed over",
                first=state.good,
                last=signed.size - 1,
                about=f"head {signed.size}",
            )

    def _settle(self, kind: Kind, message: str) -> None:
        """Say what the tiles were that differed from their stored hash."""
        state = self._state
        if state.differs is not None:
            self._reporter.add(kind, message, first=state.differs[0], last=state.differs[1])
        state.stored = state.differs = None

    def _check_trusted(self, start: int, tile: TileHashes | None) -> None:
        trusted, state = self._trusted, self._state
        assert trusted is not None
        if state.main is None or tile is None:
            return
        if tile.root_behind(state.main, trusted.size - start) != trusted.root and not state.lost:
            # Heads that fit what the checkpoint contradicts are no evidence.
            first = 0 if state.good >= trusted.size else state.good
            self._reporter.add(
                Kind.ALTERED,
                f"The leaves are not those of the checkpoint of {trusted.size} leaves",
                first=first,
                last=trusted.size - 1,
                about="checkpoint",
            )

    def _check_end(self) -> None:
        self._settle(Kind.ALTERED_NODE, "A stored hash is not that of the leaves under it")
        signed = max((head.size for head in self._heads), default=0)
        expected = max(signed, self._trusted.size if self._trusted else 0)
        if expected > self._size:
            # Where in the leaves behind the last head that fits something is gone, nothing tells.
            self._reporter.add(
                Kind.TRUNCATED,
                f"{expected} leaves were signed, {self._size} are there",
                first=self._size if self._state.lost else min(self._state.good, self._size),
                last=expected - 1,
            )
        elif self._size > signed:
            self._reporter.add(
                Kind.INSERTED,
                "No genuine head covers these places",
                first=signed,
                last=self._size - 1,
            )

    def _check_upper_nodes(self) -> None:
        """Tiles of tiles, and nodes where there should be none."""
        level, below = 2 * TILE_BITS, self._state.nodes
        expected: dict[tuple[int, int], bytes | None] = {}
        while below:
            above: list[bytes | None] = []
            for first in range(0, len(below) // TILE_WIDTH * TILE_WIDTH, TILE_WIDTH):
                part = below[first : first + TILE_WIDTH]
                known = [entry for entry in part if entry is not None]
                above.append(TileHashes(known).root() if len(known) == TILE_WIDTH else None)
            expected |= {(level, index): entry for index, entry in enumerate(above)}
            level, below = level + TILE_BITS, above
        with connection.cursor() as cursor:
            cursor.execute("SELECT level, idx, hash FROM audit_node WHERE level > %s", (TILE_BITS,))
            stored = {(row[0], row[1]): bytes(row[2]) for row in cursor.fetchall()}
        for (level, index), computed in expected.items():
            if computed is not None and stored.get((level, index)) != computed:
                self._reporter.add(
                    Kind.ALTERED_NODE,
                    f"The stored hash {index} of level {level} is not that of the leaves under it",
                    first=index << level,
                    last=(index + 1 << level) - 1,
                )


def _grown(frontier: Frontier | None, tile: TileHashes | None) -> Frontier | None:
    if frontier is None or tile is None:
        return None
    frontier.extend(tile.hashes)
    return frontier


def _fits(rows: Sequence[_ROW], hashes: Sequence[bytes]) -> bool:
    """Whether every body is there, has the hash of its leaf, and names its own id."""
    try:
        if [sha256(b"\x00" + row[3]).digest() for row in rows] != hashes:  # type: ignore[operator]
            return False
    except TypeError:  # a body is missing
        return False
    return all([b'"id":"' + row[1] + b'"' in row[3] for row in rows])  # type: ignore[operator]  # noqa: C419 - quicker than a generator


def _read(first: int, end: int) -> tuple[list[_ROW], dict[int, bytes]]:
    with connection.cursor() as cursor, _texts_as_bytes():
        cursor.execute(
            "SELECT l.idx, l.event_id, l.hash, e.body FROM audit_leaf l"
            " LEFT JOIN audit_event e ON e.id = l.event_id"
            " WHERE l.idx >= %s AND l.idx < %s ORDER BY l.idx",
            (first, end),
        )
        rows = cursor.fetchall()
        cursor.execute(
            "SELECT idx, hash FROM audit_node WHERE level = %s AND idx >= %s AND idx < %s",
            (TILE_BITS, first >> TILE_BITS, -(-end >> TILE_BITS)),
        )
        nodes = {int(row[0]): bytes(row[1]) for row in cursor.fetchall()}
    if connection.vendor != "sqlite":
        rows = [
            (index, event_id.encode(), leaf, None if body is None else body.encode())
            for index, event_id, leaf, body in rows
        ]
    return rows, nodes


@contextmanager
def _texts_as_bytes() -> Iterator[None]:
    """Take texts from SQLite as they lie there: what is hashed need not become text first."""
    if connection.vendor != "sqlite":
        yield
        return
    raw = connection.connection
    before = raw.text_factory
    raw.text_factory = bytes
    try:
        yield
    finally:
        raw.text_factory = before
