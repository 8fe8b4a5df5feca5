"""Deliveries: list, look at, send again, give up; and trying a webhook, which makes one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, cast

import strawberry
import strawberry_django
from strawberry import relay
from strawberry.scalars import JSON

from events import models
from events.domain.sequence import sequence_text
from events.graphql.filters import number
from events.graphql.log import Event
from events.graphql.rows import Column, RowNode, column
from events.graphql.webhooks import Webhook
from events.selectors.lag import lane_names
from events.selectors.log import get_events
from events.selectors.receivers import (
    DeliveryQuery,
    attempts_of_each,
    get_delivery,
    list_deliveries,
    webhooks_of,
)
from events.services.deliveries import cancel_delivery, redeliver
from events.services.rules import get_rule
from events.services.webhooks import get_webhook, test_webhook
from oms_project.core.authorization import permissions
from oms_project.core.errors import BadRequest, NotFound
from oms_project.graphql.context import Info, of_each
from oms_project.graphql.fields import Pages, connection, listing, mutation, query
from oms_project.graphql.inputs import filter_text
from oms_project.graphql.scalars import Long

__all__ = ["Delivery", "Mutations", "Queries"]

strawberry.enum(models.Delivery.State, name="DeliveryState", description="How it stands.")
strawberry.enum(models.Delivery.Origin, name="DeliveryOrigin", description="Why it is sent.")


@strawberry_django.type(
    models.Attempt,
    field_cls=Column,
    name="DeliveryAttempt",
    description="A request, and its answer.",
    fields=[
        "number", "request", "at", "milliseconds", "status", "error", "detail", "response_body",
    ],
)  # fmt: skip
class DeliveryAttempt:
    """A row as it is. Of a secret, its headers have no more than what it signed."""

    request_headers: JSON
    response_headers: JSON


@strawberry_django.type(
    models.Delivery,
    field_cls=Column,
    name="Delivery",
    description="An event on its way to a receiver, and how that ended.",
    fields=[
        "lane", "type", "attempts", "status", "error", "created_at", "first_at", "retry_at",
        "finished_at",
    ],
)  # fmt: skip
class Delivery(RowNode, relay.Node):
    """A row as it is; what hangs on it is loaded for all rows of a list at once."""

    state: models.Delivery.State
    origin: models.Delivery.Origin
    delivery_id: strawberry.ID = column("What mutations name it by.", "id")

    @classmethod
    def of(cls, row: models.Delivery) -> Delivery:
        row.siblings = None  # type: ignore[attr-defined] # for `of_each`
        return cast("Delivery", row)

    @strawberry.field(description="The event's place: 20 digits, which sort as text.")
    def sequence(self) -> str:
        return sequence_text(cast("Any", self).seq)

    @strawberry.field(description="Of the webhook or rule.")
    def name(self) -> str:
        return of_each(self, "name", _names)  # type: ignore[no-any-return]

    @strawberry.field(description="What is sent; null: it is not kept any more, or not for you.")
    def event(self) -> Event | None:
        return of_each(self, "event", _events)  # type: ignore[no-any-return]

    @strawberry.field(description="Where it goes; null: to no webhook, or to none of yours.")
    def webhook(self) -> Webhook | None:
        return of_each(self, "webhook", _webhooks)  # type: ignore[no-any-return]

    @strawberry.field(description="Its last 100 requests and their answers, newest first.")
    def log(self) -> list[DeliveryAttempt]:
        return of_each(self, "log", _logs)  # type: ignore[no-any-return]

    @classmethod
    def resolve_nodes(cls, *, info: Any, node_ids: Iterable[str], required: bool = False) -> Any:
        return [cls.of(get_delivery(delivery=_number(one))) for one in node_ids]


def _number(delivery: str) -> int:
    missing = NotFound(f"There is no delivery {delivery[:40]}.", code="delivery_not_found")
    return number(delivery, missing)


def _names(rows: Sequence[Any]) -> list[str]:
    found = lane_names(sorted({row.lane for row in rows}))
    return [found.get(row.lane, row.lane) for row in rows]


def _events(rows: Sequence[Any]) -> list[Event | None]:
    found = get_events(sequences={row.seq for row in rows})
    return [Event.of(found[row.seq]) if row.seq in found else None for row in rows]


def _webhooks(rows: Sequence[Any]) -> list[Webhook | None]:
    found = {lane: Webhook.of(hook) for lane, hook in webhooks_of({r.lane for r in rows}).items()}
    return [found.get(row.lane) for row in rows]


def _logs(rows: Sequence[Any]) -> list[Any]:
    found = attempts_of_each(rows)
    return [found[row.pk] for row in rows]


@strawberry.input(description="Which deliveries; what is not said is not asked about.")
class DeliveryFilter:
    webhook: str | None = strawberry.field(default=None, description="Id or name of a webhook.")
    rule: str | None = strawberry.field(default=None, description="Id or name of a routing rule.")
    state: models.Delivery.State | None = None
    type: str | None = strawberry.field(default=None, description="A type of event.")
    origin: models.Delivery.Origin | None = None
    event: Long | None = strawberry.field(default=None, description="Sequence of an event.")
    since: dt.datetime | None = strawberry.field(default=None, description="Made from then on.")
    until: dt.datetime | None = strawberry.field(default=None, description="Made before then.")


def _lane(webhook: str, rule: str) -> str:
    if webhook and rule:
        raise BadRequest(
            "Name a webhook or a rule, not both.",
            code="bad_filter",
            errors=[{"field": "rule", "message": "Not together with a webhook."}],
        )
    if rule:
        found = get_rule(rule=rule)
        if found.sink != models.Rule.Sink.WEBHOOK:
            return found.lane
        webhook = found.target
    return get_webhook(webhook=webhook).lane if webhook else ""


@strawberry.type
class Queries:
    """Reads."""

    @connection(requires=permissions.EVENTS_ADMINISTER)
    def deliveries(self, info: Info, filter: DeliveryFilter | None = None) -> Pages[Delivery]:
        """Deliveries, newest first. Who runs events of some ontologies names a webhook or a
        rule.
        """
        asked = filter or DeliveryFilter()
        where = DeliveryQuery(
            lane=_lane(filter_text(asked.webhook, "webhook"), filter_text(asked.rule, "rule")),
            state="" if asked.state is None else asked.state.value,
            type=filter_text(asked.type, "type"),
            origin="" if asked.origin is None else asked.origin.value,
            event=asked.event,
            since=asked.since,
            until=asked.until,
        )
        return listing(partial(list_deliveries, where=where), Delivery.of)

    @query(requires=permissions.EVENTS_ADMINISTER)
    def delivery(self, info: Info, delivery_id: strawberry.ID) -> Delivery:
        """One delivery."""
        return Delivery.of(get_delivery(delivery=_number(delivery_id)))


@strawberry.type
class Mutations:
    """Writes."""

    @mutation(requires=permissions.EVENTS_ADMINISTER)
    def test_webhook(self, info: Info, webhook: str) -> Delivery:
        """Send a test event, `io.oms.webhook.test.v1`, to this webhook alone. Look at the delivery
        to see how it went.
        """
        return Delivery.of(test_webhook(webhook=filter_text(webhook, "webhook")))

    @mutation(requires=permissions.EVENTS_ADMINISTER)
    def redeliver(self, info: Info, delivery_id: strawberry.ID) -> Delivery:
        """Send a delivery again, whatever became of it; its event keeps its id."""
        return Delivery.of(redeliver(delivery=_number(delivery_id)))

    @mutation(requires=permissions.EVENTS_ADMINISTER)
    def cancel_delivery(self, info: Info, delivery_id: strawberry.ID) -> Delivery:
        """Give a pending delivery up; what is behind it goes on."""
        return Delivery.of(cancel_delivery(delivery=_number(delivery_id)))
