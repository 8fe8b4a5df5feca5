"""Searching and exporting: for auditors, and recorded."""

from __future__ import annotations

from collections.abc import Iterator

from audit import selectors
from audit.contract import Subject, audit_log
from audit.domain.checkpoint import NotGenuine
from audit.selectors import EventFilter, EventInfo, TrailState
from audit.sequencing import TrailDamaged
from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import current_actor
from oms_project.core.pagination import Page

__all__ = ["export", "follow", "followed", "get_event", "search", "state"]


def search(
    *, where: EventFilter, limit: int | None = None, cursor: str | None = None
) -> Page[EventInfo]:
    """Events, newest first.

    Raises:
        PermissionDenied: the actor may not read the trail.
        BadRequest: a bad limit or cursor.
    """
    authorizer.check(current_actor(), permissions.AUDIT_READ)
    page = selectors.list_events(where=where, limit=limit, cursor=cursor)
    audit_log.record(
        "audit.read",
        Subject("audit"),
        data={"filters": where.members(), "found": len(page.items), "more": bool(cursor)},
    )
    return page


def get_event(*, event_id: str) -> EventInfo:
    """One event.

    Raises:
        PermissionDenied: the actor may not read the trail.
        EventNotFound: there is none with this id, or it is in a sealed file.
    """
    authorizer.check(current_actor(), permissions.AUDIT_READ)
    event = selectors.get_event(event_id=event_id)
    audit_log.record("audit.read", Subject("audit", event_id))
    return event


def follow(*, where: EventFilter) -> None:
    """Begin to follow the trail. That it was begun is recorded, and not each event that is told:
    that would be an event again.

    Raises:
        PermissionDenied: the actor may not read the trail.
    """
    authorizer.check(current_actor(), permissions.AUDIT_READ)
    audit_log.record("audit.read", Subject("audit"), data={"follows": where.members()})


def followed(*, event_id: str, where: EventFilter) -> EventInfo | None:
    """An event for who follows the trail; None: it is not one of those, or not here any more.

    Raises:
        PermissionDenied: the actor may not read the trail.
    """
    authorizer.check(current_actor(), permissions.AUDIT_READ)
    try:
        event = selectors.get_event(event_id=event_id)
    except selectors.EventNotFound:
        return None
    return event if where.matches(event.members) else None


def export(*, where: EventFilter, form: str) -> Iterator[EventInfo]:
    """Events, oldest first, of all that was there when the export began.

    Args:
        form: ``csv`` or ``jsonl``; recorded with the export.

    Raises:
        PermissionDenied: the actor may not read the trail.
    """
    authorizer.check(current_actor(), permissions.AUDIT_READ)
    last = audit_log.record(
        "audit.exported", Subject("audit"), data={"filters": where.members(), "format": form}
    )
    return selectors.iterate_events(where=where, before_id=last)


def state() -> TrailState:
    """How the trail stands.

    Raises:
        PermissionDenied: the actor may not read the trail.
        TrailDamaged: the newest head is no signed note.
    """
    authorizer.check(current_actor(), permissions.AUDIT_READ)
    try:
        return selectors.trail_state()
    except NotGenuine as error:
        raise TrailDamaged(f"The newest head of the audit trail is damaged: {error}") from error
