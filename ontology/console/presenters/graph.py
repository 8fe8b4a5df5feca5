"""The commit graph of one page of the log, as lines for SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ontology.contract import CommitInfo

__all__ = ["GraphRow", "draw"]

#: Pixels between two lines, and the height of a row; the template draws with the same.
LANE = 14
ROW = 60
#: Colours repeat after this many lines.
COLOURS = 6
#: More lines than this are drawn on top of each other at the right.
MOST_LANES = 10


@dataclass(frozen=True, slots=True)
class GraphRow:
    """One commit and the lines beside it.

    Attributes:
        x, y: the commit's dot.
        colour: index of its colour.
        lines: SVG paths with their colour, from the row's top to its bottom.
        width: of the drawing, the same in every row of a page.
    """

    commit: CommitInfo
    x: int
    y: int
    colour: int
    lines: tuple[tuple[str, int], ...]
    width: int
    is_merge: bool


def draw(commits: Sequence[CommitInfo]) -> tuple[GraphRow, ...]:
    """Lay out ``commits`` (newest first), each line in its own lane.

    A lane waits for the commit it leads to. A commit takes the first lane that waits for it,
    gives the lane to its first parent, and opens lanes for the others.
    """
    waiting: list[str | None] = []
    drawn: list[tuple[CommitInfo, int, list[tuple[str, int]]]] = []
    widest = 1
    for commit in commits:
        arriving = [lane for lane, wanted in enumerate(waiting) if wanted == commit.id]
        is_tip = not arriving
        lane = arriving[0] if arriving else _free(waiting)
        lines = [
            (_line(other, 0, lane if other in arriving else other, ROW // 2), other)
            for other, wanted in enumerate(waiting)
            if wanted is not None and not (is_tip and other == lane)
        ]
        passing = [
            other
            for other, wanted in enumerate(waiting)
            if wanted is not None and other not in arriving
        ]
        for other in arriving:
            waiting[other] = None
        lines.extend((_line(other, ROW // 2, other, ROW), other) for other in passing)
        for place, parent in enumerate(commit.parents):
            known = [other for other, wanted in enumerate(waiting) if wanted == parent]
            target = known[0] if known else (lane if place == 0 else _free(waiting))
            _put(waiting, target, parent)
            lines.append((_line(lane, ROW // 2, target, ROW), target if place else lane))
        widest = max(widest, lane + 1, len(waiting))
        drawn.append((commit, lane, lines))
    width = (min(widest, MOST_LANES) + 1) * LANE
    return tuple(
        GraphRow(
            commit=commit,
            x=_x(lane),
            y=ROW // 2,
            colour=lane % COLOURS,
            lines=tuple((path, colour % COLOURS) for path, colour in lines),
            width=width,
            is_merge=len(commit.parents) > 1,
        )
        for commit, lane, lines in drawn
    )


def _free(waiting: list[str | None]) -> int:
    for lane, wanted in enumerate(waiting):
        if wanted is None:
            return lane
    waiting.append(None)
    return len(waiting) - 1


def _put(waiting: list[str | None], lane: int, commit: str) -> None:
    while len(waiting) <= lane:
        waiting.append(None)
    waiting[lane] = commit


def _x(lane: int) -> int:
    return LANE + min(lane, MOST_LANES - 1) * LANE


def _line(from_lane: int, top: int, to_lane: int, bottom: int) -> str:
    start, end = _x(from_lane), _x(to_lane)
    if start == end:
        return f"M{start} {top}V{bottom}"
    middle = (top + bottom) // 2
    return f"M{start} {top}C{start} {middle} {end} {middle} {end} {bottom}"
