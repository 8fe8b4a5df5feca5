"""What the relay must know of a lane's receiver: whether it takes events now, and how many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q

from events.contract import registered_consumers
from events.domain.lanes import ROUTE, STREAM
from events.models import Rule, Webhook
from events.services.vault import unseal
from events.targets import owner_of
from oms_project.core.clock import utc_now
from oms_project.core.context import Actor

__all__ = [
    "LaneSetting",
    "WebhookSetting",
    "concurrency",
    "receives",
    "setting_of",
    "signing_secrets",
]


@dataclass(frozen=True, slots=True)
class WebhookSetting:
    """A webhook as its sink needs it."""

    id: str
    name: str
    url: str
    format: str
    secrets: tuple[str, ...]
    timeout: float
    rate: int


@dataclass(frozen=True, slots=True)
class LaneSetting:
    """How a lane is drained.

    Attributes:
        value: what its sink gets to see.
        batch: events of one go; 0: as the sink wants.
        concurrency: keys side by side; 0: as the relay wants.
        owners: whose rights bound what goes down it; empty: it is part of OMS.
    """

    value: Any = None
    batch: int = 0
    concurrency: int = 0
    owners: tuple[Actor, ...] = ()


_PLAIN = LaneSetting()
#: Deliveries of a lane with an order, in one go, when the receiver takes them one by one: settled
#: together, so that what is settled costs less than what is sent.
_ONE_BY_ONE = 50


def setting_of(lane: str) -> LaneSetting | None:
    """The setting of a lane; None when nothing may go down it now. What waits there is kept."""
    first, _, rest = lane.partition(":")
    if lane in {ROUTE, STREAM}:
        return _PLAIN
    if first == "consumer":
        return next((_PLAIN for one in registered_consumers() if one.name == rest), None)
    try:
        if first == "webhook":
            return _webhook(rest)
        rule = Rule.objects.filter(pk=rest, enabled=True).first()
    except ValidationError:  # no UUID
        return None
    return None if rule is None else LaneSetting(rule.target, owners=(owner_of(rule),))


def receives(lane: str) -> bool:
    """Whether something may go down a lane now."""
    first, _, rest = lane.partition(":")
    if first != "webhook":
        return setting_of(lane) is not None
    return Webhook.objects.filter(pk=rest, state=Webhook.State.ACTIVE).exists()


def concurrency(lane: str, default: int) -> int:
    """How many keys of a lane go side by side."""
    first, _, rest = lane.partition(":")
    if first != "webhook":
        return default
    row = Webhook.objects.filter(pk=rest).values_list("concurrency", flat=True).first()
    return default if row is None else int(row)


def _webhook(pk: str) -> LaneSetting | None:
    hook = Webhook.objects.filter(pk=pk, state=Webhook.State.ACTIVE).first()
    if hook is None:
        return None
    batched = hook.format == Webhook.Format.BATCH
    rules = Rule.objects.filter(sink=Rule.Sink.WEBHOOK, target=hook.name, enabled=True)
    return LaneSetting(
        WebhookSetting(
            id=str(hook.pk),
            name=hook.name,
            url=hook.url,
            format=hook.format,
            secrets=signing_secrets(hook),
            timeout=hook.timeout,
            rate=hook.rate,
        ),
        batch=hook.batch_size if batched else _ONE_BY_ONE,
        concurrency=hook.concurrency,
        # Rules bring what their owners may see.
        owners=tuple(dict.fromkeys(owner_of(row) for row in (hook, *rules))),
    )


def signing_secrets(hook: Webhook) -> tuple[str, ...]:
    """The secrets that sign now, the newest first; while a new one is introduced there are two."""
    now = utc_now()
    valid = hook.secrets.filter(Q(expires_at=None) | Q(expires_at__gt=now))
    return tuple(unseal(secret.sealed) for secret in valid)
