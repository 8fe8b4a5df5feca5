"""Lines: where a commit stands, which lines a read goes through, and a commit's ancestry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection

from oms_project.core.errors import NotFound
from ontology.contract import CommitInfo
from ontology.store.orm.sql import COMMIT_COLUMNS, commit_from_row, rows

__all__ = [
    "MAX_CHAIN",
    "Ancestry",
    "LineInfo",
    "Place",
    "ancestry",
    "best_common_ancestors",
    "forget",
    "lineage",
    "load_line",
    "no_commit",
    "place_of",
]

#: A read goes through at most this many lines; a fork that would need more is flattened.
MAX_CHAIN = 8


@dataclass(frozen=True, slots=True)
class Place:
    """Where a commit stands."""

    line: int
    seq: int


@dataclass(frozen=True, slots=True)
class LineInfo:
    """What never changes of a line.

    Attributes:
        fork: the place it was forked from, None for the first line.
        chain: the places a read goes on to, nearest first.
    """

    id: int
    fork: Place | None
    chain: tuple[Place, ...]


# Lines and commits never change after they were made, so they can be kept; the bound is for very long-lived
# processes. Nothing is kept from inside a transaction: it may be rolled back, and the id reused.
_cache: dict[int, LineInfo] = {}
_commits: dict[tuple[str, str], tuple[CommitInfo, Place]] = {}
_CACHE_SIZE = 20_000


def load_line(line: int) -> LineInfo:
    """A line by id."""
    info = _cache.get(line)
    if info is None:
        found = rows("SELECT parent_id, fork_seq, chain FROM ontology_line WHERE id = %s", [line])
        if not found:
            raise NotFound(f"There is no line {line}.", code="line_not_found")
        parent, fork_seq, chain = found[0]
        info = LineInfo(
            id=line,
            fork=None if parent is None else Place(parent, fork_seq),
            chain=tuple(Place(*item) for item in orjson.loads(chain)),
        )
        if not connection.in_atomic_block:
            if len(_cache) >= _CACHE_SIZE:
                _cache.clear()
            _cache[line] = info
    return info


def forget() -> None:
    """Forget what is cached (the database was replaced)."""
    _cache.clear()
    _commits.clear()


def place_of(ontology_id: str, commit: str) -> tuple[CommitInfo, Place]:
    """A commit by full id, and where it stands. Raises NotFound."""
    known = _commits.get((ontology_id, commit))
    if known is not None:
        return known
    found = rows(
        f"SELECT {COMMIT_COLUMNS} FROM ontology_commit c WHERE c.id = %s AND c.ontology_id = %s",
        [commit, ontology_id],
    )
    if not found:
        raise no_commit(commit)
    placed = commit_from_row(found[0]), Place(found[0][-2], found[0][-1])
    if not connection.in_atomic_block:
        if len(_commits) >= _CACHE_SIZE:
            _commits.clear()
        _commits[ontology_id, commit] = placed
    return placed


def no_commit(commit: str) -> NotFound:
    """The error for a commit that the ontology does not have."""
    return NotFound(
        f"There is no commit '{commit}' in this ontology.",
        code="commit_not_found",
        data={"commit": commit},
    )


def lineage(place: Place) -> list[Place]:
    """The first-parent path to the first commit: the place, then each fork point."""
    path = [place]
    while (fork := load_line(path[-1].line).fork) is not None:
        path.append(fork)
    return path


@dataclass(frozen=True, slots=True)
class Ancestry:
    """All ancestors of a commit, itself included.

    Lines are straight, so the ancestors on one line are all its commits up to a sequence number.

    Attributes:
        reach: line -> the highest sequence number that is an ancestor.
        edges: ``(line, seq, other line, other seq)``: the forks and merges on the way; the commit
            at ``(line, seq)`` has the other as a parent.
    """

    reach: dict[int, int]
    edges: list[tuple[int, int, int, int]]

    def __contains__(self, place: Place) -> bool:
        return self.reach.get(place.line, -1) >= place.seq


def ancestry(place: Place) -> Ancestry:
    """The ancestors of the commit at ``place``; costs its lines and merges, not its commits."""
    reach: dict[int, int] = {}
    edges: list[tuple[int, int, int, int]] = []
    todo: list[tuple[int, int]] = [(place.line, place.seq)]
    while todo:
        line, seq = todo.pop()
        known = reach.get(line)
        if known is not None and known >= seq:
            continue
        reach[line] = seq
        if known is None:
            fork = load_line(line).fork
            if fork is not None:
                edges.append((line, fork.seq + 1, fork.line, fork.seq))
                todo.append((fork.line, fork.seq))
        for edge in _merges(line, -1 if known is None else known, seq):
            edges.append(edge)
            todo.append((edge[2], edge[3]))
    return Ancestry(reach, edges)


def _merges(line: int, after: int, up_to: int) -> list[Any]:
    return rows(
        "SELECT c.line_id, c.seq, m.line_id, m.seq FROM ontology_commit c "
        "JOIN ontology_commit m ON m.id = c.merged "
        "WHERE c.line_id = %s AND c.seq > %s AND c.seq <= %s AND c.merged <> ''",
        [line, after, up_to],
    )


def best_common_ancestors(one: Ancestry, other: Ancestry) -> list[Place]:
    """Common ancestors that are no ancestors of other common ancestors.

    On each line both reach, the highest common commit is a candidate; it is dominated when some
    candidate's line, at or below that candidate, has a parent edge to it or above it. (Every path
    between candidates runs through common ancestors, so single edges suffice.)
    """
    common = {
        line: min(seq, other.reach[line]) for line, seq in one.reach.items() if line in other.reach
    }
    dominated = {
        target
        for line, seq, target, target_seq in {*one.edges, *other.edges}
        if line in common
        and seq <= common[line]
        and target in common
        and target_seq >= common[target]
    }
    return [Place(line, seq) for line, seq in common.items() if line not in dominated]
