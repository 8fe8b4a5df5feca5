"""Webhooks: list, register, change, verify, pause, enable, rotate, try, send again.

Secrets are in two answers only: of what registers a webhook, and of what gives it a new one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Final, cast

import strawberry
import strawberry_django
from strawberry import relay

from events import models
from events.domain.filters import EVERYTHING
from events.domain.handshake import Verification
from events.graphql.filters import EventFilterInput, wanted_of
from events.graphql.replays import Queued, Replayed, ReplayInput
from events.graphql.rows import Column, RowNode, column
from events.selectors.receivers import (
    Figures,
    HourFigures,
    attempt_hours_of,
    figures_of,
    list_webhooks,
)
from events.services import webhooks as services
from events.services.deliveries import redeliver_dead, replay_events
from events.targets import filter_of
from oms_project.core.authorization import permissions
from oms_project.graphql.context import Info, of_each
from oms_project.graphql.fields import Pages, connection, listing, mutation, query
from oms_project.graphql.inputs import filter_text, given, page_by_name
from oms_project.graphql.payloads import Deleted
from oms_project.graphql.scalars import Long

__all__ = ["Mutations", "Queries", "Webhook"]

_DAY: Final = 86_400
_PLAIN: Final = (
    "name", "url", "description", "format", "order", "concurrency", "batch_size", "timeout", "rate",
)  # fmt: skip

strawberry.enum(models.Webhook.State, name="WebhookState", description="Whether it receives.")
strawberry.enum(
    models.Webhook.Format,
    name="WebhookFormat",
    description="How CloudEvents are put into requests.",
)
strawberry.enum(
    models.Webhook.Order, name="WebhookOrder", description="In order, per key; or as they come."
)


@strawberry.type(description="Requests of an hour.")
class WebhookHour:
    hour: dt.datetime
    succeeded: Long
    failed: Long

    @classmethod
    def of(cls, found: HourFigures) -> WebhookHour:
        return cls(hour=found.hour, succeeded=Long(found.succeeded), failed=Long(found.failed))


@strawberry.type(description="How a receiver does.")
class WebhookFigures:
    waiting: Long = strawberry.field(description="Events that still have to go out.")
    lag_seconds: float = strawberry.field(description="Age of the oldest of them.")
    delivered: Long
    dead: Long = strawberry.field(description="Dead letters.")
    retry_at: dt.datetime | None
    error: str
    lane: strawberry.Private[str]
    siblings: strawberry.Private[Any] = None

    @classmethod
    def of(cls, lane: str, found: Figures) -> WebhookFigures:
        return cls(
            waiting=Long(found.waiting),
            lag_seconds=round(found.lag, 3),
            delivered=Long(found.delivered),
            dead=Long(found.dead),
            retry_at=found.retry_at,
            error=found.error,
            lane=lane,
        )

    @strawberry.field(description="The last 24 hours; those without any request are left out.")
    def hours(self) -> list[WebhookHour]:
        return of_each(self, "hours", _hours)  # type: ignore[no-any-return]


@strawberry_django.type(
    models.Webhook,
    field_cls=Column,
    name="Webhook",
    description="Where events are posted to.",
    fields=[
        "name", "url", "description", "notice", "expression", "concurrency", "batch_size",
        "timeout", "rate", "verified_at", "disabled_at", "failing_since", "created_at",
        "updated_at",
    ],
)  # fmt: skip
class Webhook(RowNode, relay.Node):
    """A row as it is; never its secrets, which are rows of another table."""

    state: models.Webhook.State
    format: models.Webhook.Format
    order: models.Webhook.Order
    types: list[str] = column("Types of events; empty: all.")
    ontologies: list[str] = column("Empty: all, and events of none.")
    branches: list[str] = column("Empty: all.")
    object_types: list[str] = column("Empty: all.")
    owner: str = column("It receives what this one may see.", "owner_username")

    @classmethod
    def of(cls, hook: models.Webhook) -> Webhook:
        hook.siblings = None  # type: ignore[attr-defined] # for `of_each`
        return cast("Webhook", hook)

    @strawberry.field(description="The id that REST and lanes name it by.")
    def webhook_id(self) -> strawberry.ID:
        return strawberry.ID(str(cast("Any", self).pk))

    @strawberry.field(description="How it does.")
    def figures(self) -> WebhookFigures:
        return of_each(self, "figures", _figures)  # type: ignore[no-any-return]

    @classmethod
    def resolve_nodes(cls, *, info: Any, node_ids: Iterable[str], required: bool = False) -> Any:
        return [cls.of(services.get_webhook(webhook=one)) for one in node_ids]


def _figures(hooks: Sequence[Any]) -> list[WebhookFigures]:
    found = figures_of([hook.lane for hook in hooks])
    return [WebhookFigures.of(hook.lane, found[hook.lane]) for hook in hooks]


def _hours(figures: Sequence[WebhookFigures]) -> list[list[WebhookHour]]:
    found = attempt_hours_of([one.lane for one in figures])
    return [[WebhookHour.of(hour) for hour in found[one.lane]] for one in figures]


@strawberry.type(description="How a receiver answered.")
class WebhookVerification:
    ok: bool
    method: str = strawberry.field(description="`options` or `challenge`.")
    allowed_rate: int | None
    detail: str

    @classmethod
    def of(cls, found: Verification) -> WebhookVerification:
        return cls(
            ok=found.ok,
            method=found.method,
            allowed_rate=found.allowed_rate,
            detail=found.detail,
        )


@strawberry.type(description="A new webhook with its secret, which is shown this once.")
class RegisteredWebhook:
    webhook: Webhook
    secret: str
    verification: WebhookVerification | None = strawberry.field(
        description="Null: the receiver was not asked yet."
    )


@strawberry.type(description="A webhook with its new secret, which is shown this once.")
class RotatedWebhook:
    webhook: Webhook
    secret: str


@strawberry.type(description="A webhook, and how its receiver answered.")
class VerifiedWebhook:
    webhook: Webhook
    verification: WebhookVerification


@strawberry.type
class Queries:
    """Reads."""

    @connection(requires=permissions.EVENTS_ADMINISTER)
    def webhooks(self, info: Info, state: models.Webhook.State | None = None) -> Pages[Webhook]:
        """The webhooks that you run, by name. Who runs events of some ontologies sees the webhooks
        that are about those alone.
        """
        found = list_webhooks(state="" if state is None else state.value)
        return listing(
            partial(page_by_name, found, listing="webhooks", key=lambda hook: hook.name),
            Webhook.of,
            count=lambda: len(found),
        )

    @query(requires=permissions.EVENTS_ADMINISTER)
    def webhook(self, info: Info, webhook: str) -> Webhook:
        """One webhook by id or name."""
        return Webhook.of(services.get_webhook(webhook=filter_text(webhook, "webhook")))


@strawberry.input(description="What is to be otherwise; what is not said stays.")
class UpdateWebhookInput(EventFilterInput):
    name: str | None = strawberry.field(default=strawberry.UNSET, description="Unique.")
    url: str | None = strawberry.field(
        default=strawberry.UNSET, description="With another one it has to be verified again."
    )
    description: str | None = strawberry.UNSET
    format: models.Webhook.Format | None = strawberry.UNSET
    order: models.Webhook.Order | None = strawberry.UNSET
    concurrency: int | None = strawberry.field(
        default=strawberry.UNSET, description="Keys that are sent side by side: 1 to 64."
    )
    batch_size: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="Events of a request, with the format `BATCH`: 1 to 500.",
    )
    timeout: float | None = strawberry.field(
        default=strawberry.UNSET, description="Seconds: 1 to 60."
    )
    rate: int | None = strawberry.field(
        default=strawberry.UNSET, description="Requests a minute; 0: any number."
    )


@strawberry.input(description="A webhook to be registered.")
class CreateWebhookInput(UpdateWebhookInput):
    name: str = strawberry.field(description="Unique.")
    url: str = strawberry.field(description="Where events are posted to.")
    secret: str | None = strawberry.field(
        default=None, description="`whsec_…` of your own; without it one is made."
    )
    verify: bool = strawberry.field(default=True, description="Ask the receiver at once.")


@strawberry.type
class Mutations:
    """Writes."""

    @mutation(requires=permissions.EVENTS_ADMINISTER)
    def create_webhook(self, info: Info, input: CreateWebhookInput) -> RegisteredWebhook:
        """Register a webhook. It gets events once its receiver has proved that it wants them, and
        it gets what you may see. The answer shows the secret this once.
        """
        asked = services.NewWebhook(
            **_plain(input), wanted=wanted_of(input) or EVERYTHING, secret=input.secret or ""
        )
        made = services.create_webhook(asked=asked, verify=input.verify)
        found = made.verification
        return RegisteredWebhook(
            webhook=Webhook.of(made.webhook),
            secret=made.secret,
            verification=None if found is None else WebhookVerification.of(found),
        )

    @mutation(requires=permissions.EVENTS_ADMINISTER)
    def update_webhook(self, info: Info, webhook: str, input: UpdateWebhookInput) -> Webhook:
        """Change a webhook. Who changes it owns it from then on."""
        present = services.get_webhook(webhook=filter_text(webhook, "webhook"))
        return Webhook.of(
            services.update_webhook(
                webhook=str(present.pk),
                changes=_plain(input),
                wanted=wanted_of(input, filter_of(present)),
            )
        )

    @mutation(requires=permissions.EVENTS_ADMINISTER)
    def delete_webhook(self, info: Info, webhook: str) -> Deleted:
        """Delete a webhook with its secrets, its deliveries, and what waits for it."""
        services.delete_webhook(webhook=filter_text(webhook, "webhook"))
        return Deleted(name=webhook)

    @mutation(requires=permissions.EVENTS_ADMINISTER)
    def verify_webhook(self, info: Info, webhook: str) -> VerifiedWebhook:
        """Ask the receiver whether it wants the events: by the handshake of CloudEvents, else by a
        signed challenge.
        """
        found = services.verify_webhook(webhook=filter_text(webhook, "webhook"))
        return VerifiedWebhook(
            webhook=Webhook.of(services.get_webhook(webhook=webhook)),
            verification=WebhookVerification.of(found),
        )

    @mutation(requires=permissions.EVENTS_ADMINISTER)
    def pause_webhook(self, info: Info, webhook: str) -> Webhook:
        """Deliver nothing for a while; what happens meanwhile waits."""
        return Webhook.of(services.pause_webhook(webhook=filter_text(webhook, "webhook")))

    @mutation(requires=permissions.EVENTS_ADMINISTER)
    def enable_webhook(self, info: Info, webhook: str, replay: bool = False) -> Webhook:
        """Let a paused or disabled webhook receive again, beginning with what waits for it; with
        `replay` also what happened while it was disabled.
        """
        return Webhook.of(
            services.enable_webhook(webhook=filter_text(webhook, "webhook"), replay=replay)
        )

    @mutation(requires=permissions.EVENTS_ADMINISTER)
    def rotate_webhook_secret(
        self, info: Info, webhook: str, secret: str | None = None, overlap_seconds: int = _DAY
    ) -> RotatedWebhook:
        """Give a webhook a new secret, of your own (`whsec_…`) or a made one; for a while both
        sign, so that no delivery is refused. The answer shows it this once.
        """
        made = services.rotate_secret(
            webhook=filter_text(webhook, "webhook"),
            secret=secret or "",
            overlap=dt.timedelta(seconds=overlap_seconds),
        )
        return RotatedWebhook(webhook=Webhook.of(made.webhook), secret=made.secret)

    @mutation(requires=permissions.EVENTS_ADMINISTER)
    def redeliver_dead(self, info: Info, webhook: str) -> Queued:
        """Send every dead letter of a webhook again."""
        return Queued(queued=Long(redeliver_dead(webhook=filter_text(webhook, "webhook"))))

    @mutation(requires=permissions.EVENTS_ADMINISTER)
    def replay_webhook(self, info: Info, webhook: str, input: ReplayInput) -> Replayed:
        """Send a range of events to a webhook again, as far as it wants them, in order; events
        keep their ids. Say where the range begins.
        """
        return Replayed.of(
            replay_events(webhook=filter_text(webhook, "webhook"), **input.members())
        )


def _plain(input: UpdateWebhookInput) -> dict[str, Any]:
    said = given(input, *_PLAIN)
    for name in ("format", "order"):
        if name in said:
            said[name] = said[name].value
    return said
