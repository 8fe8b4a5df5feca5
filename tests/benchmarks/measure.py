"""Taking turns, and comparing medians."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

#: Does the work once (with what must be prepared, untimed) and gives the seconds it took.
Work = Callable[[], float]


@dataclass(frozen=True)
class Comparison:
    """One line of the table: two series of seconds, and how their medians should compare.

    Attributes:
        row: number of the row in the list of targets.
        work: what is measured.
        against: what the second series is.
        ours, theirs: seconds, one for each round.
        target: the ratio ``ours / theirs`` that is wanted, at most.
        scale: what ``theirs`` is multiplied with first, for "linear in".
    """

    row: int
    work: str
    against: str
    ours: list[float]
    theirs: list[float]
    target: float
    scale: float = 1.0

    @property
    def ratio(self) -> float:
        return statistics.median(self.ours) / (statistics.median(self.theirs) * self.scale)

    @property
    def best(self) -> float:
        """The ratio of the fastest rounds: what a busy machine disturbs least."""
        return min(self.ours) / (min(self.theirs) * self.scale)

    @property
    def reached(self) -> bool:
        return self.ratio <= self.target

    def as_dict(self) -> dict[str, Any]:
        return {
            "row": self.row,
            "work": self.work,
            "against": self.against,
            "oursMs": [round(seconds * 1e3, 3) for seconds in self.ours],
            "theirsMs": [round(seconds * 1e3, 3) for seconds in self.theirs],
            "scale": self.scale,
            "ratio": round(self.ratio, 3),
            "best": round(self.best, 3),
            "target": self.target,
            "reached": self.reached,
        }


@dataclass
class Series:
    """Seconds by name, one for each round."""

    seconds: dict[str, list[float]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> list[float]:
        return self.seconds[name]


def in_turn(rounds: int, works: Mapping[str, Work], *, warm: int = 1) -> Series:
    """Do all ``works`` once, then all again, every other round backwards.

    Args:
        warm: rounds before those that count, so that caches are warm alike.
    """
    series = Series({name: [] for name in works})
    for number in range(-warm, rounds):
        for name in works if number % 2 else reversed(works):
            gc.collect()
            seconds = works[name]()
            if number >= 0:
                series[name].append(seconds)
    return series


def timed(work: Callable[[], object]) -> float:
    """Seconds that ``work`` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def table(comparisons: list[Comparison]) -> str:
    """The comparisons for people."""
    head = ("row", "work", "OMS ms", "against", "ms", "ratio", "best", "target", "")
    lines = [
        (
            str(item.row),
            item.work,
            f"{statistics.median(item.ours) * 1e3:.2f}",
            item.against,
            f"{statistics.median(item.theirs) * item.scale * 1e3:.2f}",
            f"{item.ratio:.2f}",
            f"{item.best:.2f}",
            f"{item.target:g}",
            "reached" if item.reached else "missed",
        )
        for item in comparisons
    ]
    widths = [max(len(line[column]) for line in [head, *lines]) for column in range(len(head))]
    left = {1, 3, 8}
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in [head, *lines]
    )
