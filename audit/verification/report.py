"""What verification says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

__all__ = ["Kind", "Problem", "Report", "Reporter"]

#: More problems than these are counted, not listed.
MAX_LISTED: Final = 1000


class Kind(StrEnum):
    """What was done to the trail."""

    ALTERED = "altered"  # an event, or its leaf, is not what it was
    DELETED = "deleted"  # an event, or its leaf, is gone
    INSERTED = "inserted"  # an event or a leaf that the sequencer did not place
    REORDERED = "reordered"  # the events of two places were exchanged
    TRUNCATED = "truncated"  # the end of the trail is gone
    FORGED_HEAD = "forged_head"  # a head that no known key has signed
    MISSING_HEAD = "missing_head"  # a head was taken out of the chain
    ALTERED_NODE = "altered_node"  # a stored hash that is not that of the leaves under it
    FORGED_SEAL = "forged_seal"  # a seal that no known key has signed, or that does not fit
    SEALED_FILE = "sealed_file"  # a file of sealed events is gone or changed
    UNSEQUENCED = "unsequenced"  # an event waits too long for its place
    UNPROTECTED = "unprotected"  # a trigger that keeps the trail append-only is gone


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding, and where it is.

    Attributes:
        first, last: the places (indexes of leaves) that it is about, both included; None where it
            is about none.
        event_id: the event, where it is about a single one that has a row or a leaf.
        about: a table, file or head size, where that says more.
    """

    kind: Kind
    message: str
    first: int | None = None
    last: int | None = None
    event_id: str = ""
    about: str = ""

    def members(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "kind": self.kind.value,
            "message": self.message,
            "first": self.first,
            "last": self.last,
            "event_id": self.event_id,
            "about": self.about,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome.

    Attributes:
        size: leaves in the tree.
        events: leaves whose event was there and was checked.
        sealed: leaves whose events are in sealed files.
        heads: signed heads.
        root: the root over all leaves; empty when it cannot be computed.
        checkpoint_size: size of the checkpoint that it was held against; None without one.
        seconds: how long it took.
        found: number of problems; ``problems`` joins those that lie side by side, and lists 1,000.
    """

    size: int
    events: int
    sealed: int
    heads: int
    root: bytes
    checkpoint_size: int | None
    seconds: float
    problems: tuple[Problem, ...]
    found: int

    @property
    def is_intact(self) -> bool:
        """Whether nothing was found."""
        return self.found == 0

    def members(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "intact": self.is_intact,
            "size": self.size,
            "events": self.events,
            "sealed": self.sealed,
            "heads": self.heads,
            "root": self.root.hex(),
            "checkpoint_size": self.checkpoint_size,
            "seconds": round(self.seconds, 3),
            "found": self.found,
            "problems": [problem.members() for problem in self.problems],
        }


class Reporter:
    """Collects problems; of what is found many times, runs are joined."""

    def __init__(self) -> None:
        self.count = 0
        self._listed: list[Problem] = []

    def add(
        self,
        kind: Kind,
        message: str,
        *,
        first: int | None = None,
        last: int | None = None,
        event_id: str = "",
        about: str = "",
    ) -> None:
        """Add one."""
        self.count += 1
        before = self._listed[-1] if self._listed else None
        if (
            before is not None
            and (before.kind, before.message, before.about) == (kind, message, about)
            and before.last is not None
            and first == before.last + 1
        ):
            end = first if last is None else last
            self._listed[-1] = replace(before, last=end, event_id="")
            return
        if len(self._listed) < MAX_LISTED:
            self._listed.append(
                Problem(
                    kind=kind,
                    message=message,
                    first=first,
                    last=first if last is None else last,
                    event_id=event_id,
                    about=about,
                )
            )

    def problems(self) -> tuple[Problem, ...]:
        """What was found, in the order of places; what has none first."""
        return tuple(sorted(self._listed, key=lambda problem: problem.first or -1))
