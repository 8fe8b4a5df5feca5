"""Who wants events: webhooks, rules and consumers, each within what its owner may see."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
from django.conf import settings

from events.contract import registered_consumers
from events.domain.filters import EventFilter
from events.domain.types import event_type
from events.models import Filtered, Rule, Webhook
from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import Actor

__all__ = ["Target", "filter_of", "may_receive", "owner_of", "targets", "wanting"]


@dataclass(frozen=True, slots=True)
class Target:
    """Somebody who wants events.

    Attributes:
        lane: the way there.
        owner: whose rights bound what it gets; None: it is part of OMS.
        shards: over how many keys events are spread that need no order; 0: they keep theirs.
    """

    lane: str
    wanted: EventFilter
    owner: Actor | None = None
    shards: int = 0
    name: str = ""

    def key(self, key: str, seq: int) -> str:
        """The key under which an event waits there."""
        return f"~{seq % self.shards}" if self.shards else key


@lru_cache(maxsize=1000)
def _filter(identity: tuple[Any, ...]) -> EventFilter:
    return EventFilter(*identity)


def filter_of(row: Filtered) -> EventFilter:
    """What a webhook or a rule wants."""
    return _filter(
        (
            tuple(row.types),
            tuple(row.ontologies),
            tuple(row.branches),
            tuple(row.object_types),
            row.expression,
        )
    )


def owner_of(row: Filtered) -> Actor:
    """With whose rights it receives."""
    return Actor(id=row.owner_id, username=row.owner_username, kind=row.owner_kind)


def targets() -> list[Target]:
    """Everybody who wants events now, as far as settings and states go; two queries."""
    receiving = Webhook.objects.filter(state__in=(Webhook.State.ACTIVE, Webhook.State.PAUSED))
    webhooks = {hook.name: hook for hook in receiving}
    found = [_webhook_target(hook, filter_of(hook), owner_of(hook)) for hook in webhooks.values()]
    for rule in Rule.objects.filter(enabled=True):
        if rule.sink == Rule.Sink.WEBHOOK:
            if (hook := webhooks.get(rule.target)) is not None:
                found.append(_webhook_target(hook, filter_of(rule), owner_of(rule)))
        elif rule.sink != Rule.Sink.STREAM or settings.NATS_URL:
            found.append(Target(rule.lane, filter_of(rule), owner_of(rule), name=rule.name))
    if not settings.NATS_URL:  # with it they read from the streams
        found += [
            Target(f"consumer:{one.name}", EventFilter(types=one.types), name=one.name)
            for one in registered_consumers()
        ]
    return found


def _webhook_target(hook: Webhook, wanted: EventFilter, owner: Actor) -> Target:
    parallel = hook.order == Webhook.Order.PARALLEL
    return Target(hook.lane, wanted, owner, hook.concurrency if parallel else 0, hook.name)


def may_receive(owner: Actor, kind: str, ontology: str) -> bool:
    """Whether ``owner`` may see events of a type about an ontology. Outside events are for those
    who may read events at all.
    """
    known = event_type(kind)
    needs = permissions.EVENTS_READ if known is None else known.needs
    if ontology:
        return authorizer.decide(owner, needs, ontology=ontology).allowed
    return (
        authorizer.anywhere(owner, needs).allowed
        if needs == permissions.EVENTS_READ
        else authorizer.decide(owner, needs).allowed
    )


def wanting(
    found: Iterable[Target],
    *,
    kind: str,
    ontology: str,
    branch: str,
    body: str,
    allowed: Callable[[Actor, str, str], bool] = may_receive,
) -> list[Target]:
    """Those of ``found`` who want an event and may have it, each lane once.

    Args:
        body: the CloudEvent as structured JSON; parsed only when somebody looks inside.
    """
    event: Mapping[str, Any] | None = None
    lanes: dict[str, Target] = {}
    for target in found:
        if target.lane in lanes or not target.wanted.matches_place(kind, ontology, branch):
            continue
        if target.wanted.needs_data:
            event = orjson.loads(body) if event is None else event
            if not target.wanted.matches_content(event):
                continue
        if target.owner is None or allowed(target.owner, kind, ontology):
            lanes[target.lane] = target
    return list(lanes.values())
