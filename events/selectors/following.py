"""The outbox as the log that others follow: `oms_project.core.event_log`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import orjson
from django.conf import settings
from django.db.models import Max

from events import doorbell
from events.domain.filters import EventFilter
from events.horizon import horizon
from events.models import Event
from events.selectors.log import EventQuery, EventView, events_page
from oms_project.core.clock import utc_now
from oms_project.core.context import Actor
from oms_project.core.event_log import LoggedEvent, LogPage, News, Place, Wanted

__all__ = ["DatabaseEventLog"]

#: So many different places of new events are told; with more, everybody looks.
_PLACES: Final = 200


class DatabaseEventLog:
    """Reads the events of this database."""

    def after(
        self, sequence: int, *, wanted: Wanted, actor: Actor | None = None, limit: int = 50
    ) -> LogPage:
        """See `EventLog.after`."""
        where = EventQuery(wanted=_filter(wanted))
        found, last, more = events_page(sequence, where=where, limit=limit, actor=actor)
        return LogPage([_logged(view) for view in found], last, more)

    def end(self) -> int:
        """See `EventLog.end`."""
        end = horizon()
        last = int(Event.objects.aggregate(last=Max("seq"))["last"] or 0)
        return last if end is None else min(last, end)

    def news(self, sequence: int) -> News:
        """See `EventLog.news`."""
        end = self.end()
        if end <= sequence:
            return News(sequence, ())
        rows = (
            Event.objects.filter(seq__gt=sequence, seq__lte=end)
            .order_by()
            .values_list("type", "ontology", "branch")
            .distinct()[: _PLACES + 1]
        )
        places = frozenset(rows)
        return News(end, places if len(places) <= _PLACES else None)

    def concerns(self, wanted: Wanted, places: Collection[Place]) -> bool:
        """See `EventLog.concerns`."""
        return any(_filter(wanted).matches_place(*place) for place in places)

    def problems(self, wanted: Wanted) -> list[dict[str, str]]:
        """See `EventLog.problems`."""
        return _filter(wanted).problems()

    def reaches(self, sequence: int, *, at: datetime) -> bool:
        """See `EventLog.reaches`."""
        if at >= utc_now() - timedelta(days=settings.OMS_EVENTS_RETENTION_DAYS):
            return True
        return Event.objects.filter(seq__lte=sequence + 1).exists()

    def listen(self, ring: Callable[[], None]) -> Callable[[], None]:
        """See `EventLog.listen`."""
        doorbell.listen(ring)
        return lambda: doorbell.unlisten(ring)


@lru_cache(maxsize=1000)
def _filter(wanted: Wanted) -> EventFilter:
    return EventFilter(
        types=wanted.types,
        ontologies=wanted.ontologies,
        branches=wanted.branches,
        object_types=wanted.object_types,
        expression=wanted.expression,
    )


def _logged(view: EventView) -> LoggedEvent:
    attributes: dict[str, Any] = orjson.loads(view.text)
    data = attributes.pop("data", None)
    return LoggedEvent(
        sequence=view.sequence,
        id=attributes["id"],
        source=attributes["source"],
        type=attributes["type"],
        subject=attributes.get("subject", ""),
        ontology=attributes.get("ontology", ""),
        branch=attributes.get("branch", ""),
        time=datetime.fromisoformat(attributes["time"]),
        data=data,
        text=view.text,
    )
