"""Events as they happen."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import strawberry

from events.domain.filters import EVERYTHING
from events.graphql.filters import EventFilterInput, wanted_of
from events.graphql.log import Event
from events.selectors.log import EventView
from oms_project.core.authorization import permissions
from oms_project.core.event_log import LoggedEvent, Wanted
from oms_project.graphql.context import Info
from oms_project.graphql.fields import subscription
from oms_project.graphql.live import live_events, token_of

__all__ = ["EventTold", "Subscriptions"]


@strawberry.type(description="An event, and where to go on after it.")
class EventTold:
    event: Event
    resume_token: str = strawberry.field(description="For `resumeFrom`: what comes after this.")

    @classmethod
    def of(cls, event: LoggedEvent) -> EventTold:
        return cls(
            event=Event.of(EventView(event.sequence, event.text)), resume_token=token_of(event)
        )


@strawberry.type
class Subscriptions:
    """What happens."""

    @subscription(requires=permissions.EVENTS_READ)
    async def events(
        self, info: Info, filter: EventFilterInput | None = None, resume_from: str | None = None
    ) -> AsyncGenerator[EventTold, None]:
        """Events that you may see, in the order in which they were written."""
        found = (wanted_of(filter) if filter is not None else None) or EVERYTHING
        wanted = Wanted(
            types=tuple(found.types),
            ontologies=tuple(found.ontologies),
            branches=tuple(found.branches),
            object_types=tuple(found.object_types),
            expression=found.expression,
        )
        async for told in live_events(info.context, wanted, EventTold.of, resume_from=resume_from):
            yield told
