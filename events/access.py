"""What webhooks and rules share: a checked filter, within what the owner may see."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from events.domain.filters import EventFilter
from events.models import Filtered, Rule, Webhook
from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import Actor, current_actor
from oms_project.core.errors import Invalid

__all__ = [
    "FILTER_FIELDS",
    "administers",
    "changes_of",
    "check_administers",
    "checked_filter",
    "lane_ontologies",
    "set_owner",
]

FILTER_FIELDS = ("types", "ontologies", "branches", "object_types", "expression")


def administers(actor: Actor, ontologies: Sequence[str]) -> bool:
    """Whether ``actor`` runs events about all of ``ontologies`` (about everything, for none)."""
    if not ontologies:
        return authorizer.decide(actor, permissions.EVENTS_ADMINISTER).allowed
    return all(
        authorizer.decide(actor, permissions.EVENTS_ADMINISTER, ontology=name).allowed
        for name in ontologies
    )


def check_administers(ontologies: Collection[str]) -> None:
    """Raise PermissionDenied unless the current actor runs events about all of ``ontologies``."""
    actor = current_actor()
    for name in sorted(ontologies) or (None,):
        authorizer.check(actor, permissions.EVENTS_ADMINISTER, ontology=name)


def checked_filter(wanted: EventFilter) -> EventFilter:
    """``wanted``, when it can be used.

    Raises:
        Invalid: ``invalid_filter``; ``errors`` names each member that is wrong.
    """
    problems = wanted.problems()
    if problems:
        first = problems[0]
        raise Invalid(
            f"The filter cannot be used: {first['field']}: {first['message']}",
            code="invalid_filter",
            errors=problems,
        )
    return wanted


def lane_ontologies(lane: str) -> list[str]:
    """What somebody must run to act on a lane: names of ontologies; empty: everything."""
    first, _, rest = lane.partition(":")
    if len(rest) != 36:
        return []
    model = Webhook if first == "webhook" else Rule
    row = model.objects.filter(pk=rest).first()
    return [] if row is None else list(row.ontologies)


def set_owner(row: Filtered, actor: Actor) -> None:
    """Let ``row`` receive with the rights of ``actor``."""
    # Of a delegate the service stays: a delegation ends, and then nothing must go on through it.
    row.owner_id, row.owner_username, row.owner_kind = actor.id, actor.username, actor.kind


def changes_of(row: Webhook | Rule, before: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Field -> (before, after) of what differs, for the audit trail."""
    return {
        name: (before[name], getattr(row, name))
        for name in names
        if before[name] != getattr(row, name)
    }
