"""Routing rules: list, make, change, delete, try, replay."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, Final, cast

import strawberry
import strawberry_django
from strawberry import relay

from events import models
from events.domain.filters import EVERYTHING
from events.graphql.filters import EventFilterInput, wanted_of
from events.graphql.log import Event
from events.graphql.replays import Replayed, ReplayInput
from events.graphql.rows import Column, RowNode, column
from events.selectors.receivers import list_rules, preview
from events.services import rules as services
from events.services.deliveries import replay_events
from events.targets import filter_of
from oms_project.core.authorization import permissions
from oms_project.core.pagination import checked_limit
from oms_project.graphql.context import Info
from oms_project.graphql.fields import Pages, connection, listing, mutation, query
from oms_project.graphql.inputs import filter_text, given, page_by_name
from oms_project.graphql.payloads import Deleted

__all__ = ["Mutations", "Queries", "RoutingRule"]

_TARGET: Final = "Name of the stream, webhook, task or channel group."

strawberry.enum(models.Rule.Sink, name="SinkKind", description="What a rule passes events to.")


@strawberry_django.type(
    models.Rule,
    field_cls=Column,
    name="RoutingRule",
    description="Which events go to which sink.",
    fields=["name", "description", "enabled", "target", "expression", "created_at", "updated_at"],
)
class RoutingRule(RowNode, relay.Node):
    """A row as it is."""

    sink: models.Rule.Sink
    types: list[str] = column("Types of events; empty: all.")
    ontologies: list[str] = column("Empty: all, and events of none.")
    branches: list[str] = column("Empty: all.")
    object_types: list[str] = column("Empty: all.")
    owner: str = column("It passes on what this one may see.", "owner_username")

    @classmethod
    def of(cls, rule: models.Rule) -> RoutingRule:
        return cast("RoutingRule", rule)

    @strawberry.field(description="The id that REST and lanes name it by.")
    def rule_id(self) -> strawberry.ID:
        return strawberry.ID(str(cast("Any", self).pk))

    @classmethod
    def resolve_nodes(cls, *, info: Any, node_ids: Iterable[str], required: bool = False) -> Any:
        return [cls.of(services.get_rule(rule=one)) for one in node_ids]


@strawberry.type(description="What a filter would have wanted of the last events.")
class EventMatches:
    nodes: list[Event] = strawberry.field(description="Newest first.")
    looked_at: int = strawberry.field(description="How many events were looked at.")


@strawberry.type
class Queries:
    """Reads."""

    @connection(requires=permissions.EVENTS_ADMINISTER)
    def routing_rules(self, info: Info) -> Pages[RoutingRule]:
        """The routing rules that you run, by name."""
        found = list_rules()
        return listing(
            partial(page_by_name, found, listing="routing-rules", key=lambda rule: rule.name),
            RoutingRule.of,
            count=lambda: len(found),
        )

    @query(requires=permissions.EVENTS_ADMINISTER)
    def routing_rule(self, info: Info, rule: str) -> RoutingRule:
        """One routing rule by id or name."""
        return RoutingRule.of(services.get_rule(rule=filter_text(rule, "rule")))

    @query(requires=permissions.EVENTS_ADMINISTER)
    def preview_routing_rule(
        self, info: Info, filter: EventFilterInput, limit: int = 50
    ) -> EventMatches:
        """Try a filter: which of the last events that you may see it would have wanted. Nothing is
        sent.
        """
        wanted = wanted_of(filter) or EVERYTHING
        matches, looked_at = preview(wanted=wanted, limit=checked_limit(limit))
        return EventMatches(nodes=[Event.of(match.event) for match in matches], looked_at=looked_at)


@strawberry.input(description="What is to be otherwise; what is not said stays.")
class UpdateRoutingRuleInput(EventFilterInput):
    name: str | None = strawberry.field(default=strawberry.UNSET, description="Unique.")
    description: str | None = strawberry.UNSET
    enabled: bool | None = strawberry.UNSET
    target: str | None = strawberry.field(default=strawberry.UNSET, description=_TARGET)


@strawberry.input(description="A routing rule to be made.")
class CreateRoutingRuleInput(UpdateRoutingRuleInput):
    name: str = strawberry.field(description="Unique.")
    sink: models.Rule.Sink
    target: str = strawberry.field(description=_TARGET)


@strawberry.type
class Mutations:
    """Writes."""

    @mutation(requires=permissions.EVENTS_ADMINISTER)
    def create_routing_rule(self, info: Info, input: CreateRoutingRuleInput) -> RoutingRule:
        """Make a routing rule. It holds for what happens from now on, and passes on what you may
        see.
        """
        asked = services.NewRule(
            **given(input, "name", "description", "enabled", "target"),
            sink=input.sink.value,
            wanted=wanted_of(input) or EVERYTHING,
        )
        return RoutingRule.of(services.create_rule(asked=asked))

    @mutation(requires=permissions.EVENTS_ADMINISTER)
    def update_routing_rule(
        self, info: Info, rule: str, input: UpdateRoutingRuleInput
    ) -> RoutingRule:
        """Change a routing rule; it keeps its sink. Who changes it owns it from then on."""
        present = services.get_rule(rule=filter_text(rule, "rule"))
        return RoutingRule.of(
            services.update_rule(
                rule=str(present.pk),
                changes=given(input, "name", "description", "enabled", "target"),
                wanted=wanted_of(input, filter_of(present)),
            )
        )

    @mutation(requires=permissions.EVENTS_ADMINISTER)
    def delete_routing_rule(self, info: Info, rule: str) -> Deleted:
        """Delete a routing rule with what waits because of it."""
        services.delete_rule(rule=filter_text(rule, "rule"))
        return Deleted(name=rule)

    @mutation(requires=permissions.EVENTS_ADMINISTER)
    def replay_routing_rule(self, info: Info, rule: str, input: ReplayInput) -> Replayed:
        """Send a range of events down a rule again, as far as it wants them, in order; events keep
        their ids. Say where the range begins.
        """
        return Replayed.of(replay_events(rule=filter_text(rule, "rule"), **input.members()))
