"""What happened, in its order, for whoever follows it: the port that `events` implements.

It stands here, not in ``events.contract``, because doors of apps beside and below events follow the
log as well. A follower keeps the sequence that it has read up to, and loses nothing::

    page = event_log.after(sequence, wanted=Wanted(types=("io.oms.job.*",)), actor=actor)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from oms_project.core.context import Actor
from oms_project.core.services import service

__all__ = ["EventLog", "LogPage", "LoggedEvent", "News", "Place", "Wanted", "event_log"]

#: Type, ontology and branch of an event.
Place: TypeAlias = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events; what is empty is not asked about. All members must hold.

    Attributes:
        types: patterns of event types: ``io.oms.ontology.*``.
        ontologies: names.
        branches: patterns of names.
        object_types: names of types, one of which the event must be about.
        expression: CEL over ``event`` and ``data``.
    """

    types: tuple[str, ...] = ()
    ontologies: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    object_types: tuple[str, ...] = ()
    expression: str = ""


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event of the log.

    Attributes:
        sequence: its place: what comes later is higher.
        id, source, type, subject, ontology, branch: as in the CloudEvent; may be empty.
        time: when it happened.
        data: what it says; JSON values.
        text: the CloudEvent as structured JSON, without its sequence.
    """

    sequence: int
    id: str
    source: str
    type: str
    subject: str
    ontology: str
    branch: str
    time: datetime
    data: Any = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LogPage:
    """Some events.

    Attributes:
        events: oldest first.
        sequence: where to go on after; also past events that were not wanted.
        more: whether there may be more already.
    """

    events: Sequence[LoggedEvent]
    sequence: int
    more: bool


@dataclass(frozen=True, slots=True)
class News:
    """What was added to the log.

    Attributes:
        end: everything up to it is there for good, and nothing will come between.
        places: of what was added; None: too many different ones to tell.
    """

    end: int
    places: Collection[Place] | None


class EventLog(Protocol):
    """Reads the log. What an actor may not see, is not there for the actor."""

    def after(
        self, sequence: int, *, wanted: Wanted, actor: Actor | None = None, limit: int = 50
    ) -> LogPage:
        """Events after ``sequence``.

        Args:
            actor: who reads; None: the current one.
            limit: so many are looked at, at most.

        Raises:
            PermissionDenied: without ``events.read`` for anything.
        """
        ...

    def end(self) -> int:
        """The sequence up to which nothing will be added any more; 0 for an empty log."""
        ...

    def news(self, sequence: int) -> News:
        """What was added after ``sequence``; for processes, which pass it on to nobody."""
        ...

    def concerns(self, wanted: Wanted, places: Collection[Place]) -> bool:
        """Whether an event of one of the places may be wanted."""
        ...

    def problems(self, wanted: Wanted) -> list[dict[str, str]]:
        """What is wrong with a wish, an entry per member."""
        ...

    def reaches(self, sequence: int, *, at: datetime) -> bool:
        """Whether nothing after ``sequence`` was deleted, because it was old.

        Args:
            at: the time of the event that has the sequence.
        """
        ...

    def listen(self, ring: Callable[[], None]) -> Callable[[], None]:
        """Call ``ring`` whenever this process may have added something, from whichever thread.

        Returns:
            Call it to hear no more.
        """
        ...


event_log: EventLog = service("event_log", EventLog)
