"""The audit trail as it grows, for auditors."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from functools import partial
from typing import Final

import strawberry
from django.conf import settings

from audit import services
from audit.graphql.trail import AuditEvent, AuditEventFilter, event_filter
from audit.selectors import EventFilter
from oms_project.core.authorization import permissions
from oms_project.core.errors import BadRequest
from oms_project.core.event_log import LoggedEvent, Wanted
from oms_project.graphql.context import Info
from oms_project.graphql.fields import subscription
from oms_project.graphql.live import ask, live_events, token_of

__all__ = ["AuditEventTold", "Subscriptions"]

_RECORDED: Final = Wanted(types=("io.oms.audit.recorded.v1",))


@strawberry.type(description="An event that got its place in the trail.")
class AuditEventTold:
    event: AuditEvent
    resume_token: str = strawberry.field(description="For `resumeFrom`: what comes after this.")


def _told(where: EventFilter, event: LoggedEvent) -> AuditEventTold | None:
    found = services.followed(event_id=str(event.data["event"]), where=where)
    if found is None:
        return None
    return AuditEventTold(event=AuditEvent.of(found), resume_token=token_of(event))


@strawberry.type
class Subscriptions:
    """What gets its place in the trail."""

    @subscription(requires=permissions.AUDIT_READ)
    async def audit_tail(
        self, info: Info, filter: AuditEventFilter | None = None, resume_from: str | None = None
    ) -> AsyncGenerator[AuditEventTold, None]:
        """Events of the audit trail, in its order. That you follow it is recorded."""
        if not settings.OMS_EVENTS_AUDIT:
            raise BadRequest(
                "The audit trail is not told as events here: OMS_EVENTS_AUDIT is off.",
                code="audit_events_off",
            )
        where = event_filter(filter)
        await ask(info.context, partial(services.follow, where=where))
        async for told in live_events(
            info.context, _RECORDED, partial(_told, where), resume_from=resume_from
        ):
            yield told
