"""Webhooks: register, change, verify, pause, enable, rotate secrets, try, delete."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.module_loading import import_string

from audit.contract import Subject, audit_log
from events import doorbell
from events.access import (
    FILTER_FIELDS,
    changes_of,
    check_administers,
    checked_filter,
    set_owner,
)
from events.domain.addresses import url_problem
from events.domain.filters import EVERYTHING, EventFilter
from events.domain.handshake import Verification
from events.domain.lanes import ROUTE
from events.domain.signatures import new_secret, secret_problem
from events.models import Attempt, Delivery, Event, Lease, Pending, Quarantined, Secret, Webhook
from events.services.lanes import insert_pending
from events.services.receivers import signing_secrets
from events.services.vault import reseal, seal
from oms_project.core.clock import utc_now
from oms_project.core.context import current_actor
from oms_project.core.errors import Conflict, Invalid, NotFound
from oms_project.core.outbox import NewEvent, outbox

__all__ = [
    "NewWebhook",
    "RegisteredWebhook",
    "create_webhook",
    "delete_webhook",
    "enable_webhook",
    "get_webhook",
    "pause_webhook",
    "reseal_secrets",
    "rotate_secret",
    "test_webhook",
    "update_webhook",
    "verify_webhook",
]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,99}")
_PLAIN: Final = (
    "name", "url", "description", "format", "order", "concurrency", "batch_size", "timeout", "rate",
)  # fmt: skip
_BOUNDS: Final[Mapping[str, tuple[float, float]]] = {
    "concurrency": (1, 64),
    "batch_size": (1, 500),
    "timeout": (1, 60),
    "rate": (0, 1_000_000),
}


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """What somebody asks for; see `events.models.Webhook` for the members.

    Attributes:
        secret: ``whsec_…`` of one's own; empty: OMS makes one.
    """

    name: str
    url: str
    wanted: EventFilter = EVERYTHING
    description: str = ""
    format: str = "structured"
    order: str = "ordered"
    concurrency: int = 4
    batch_size: int = 1
    timeout: float = 15
    rate: int = 0
    secret: str = ""


@dataclass(frozen=True, slots=True)
class RegisteredWebhook:
    """A webhook and its secret, which is shown this once.

    Attributes:
        verification: how the receiver answered the handshake; None: it was not asked yet.
    """

    webhook: Webhook
    secret: str
    verification: Verification | None = None


def create_webhook(*, asked: NewWebhook, verify: bool = True) -> RegisteredWebhook:
    """Register a webhook; it gets events once its receiver has proved that it wants them.

    Args:
        verify: ask the receiver at once.

    Raises:
        PermissionDenied: without ``events.administer`` for every ontology it wants (for all, when
            it names none).
        Invalid: ``errors`` names each member that is wrong. Conflict: ``already_exists``.
    """
    check_administers(asked.wanted.ontologies)
    checked_filter(asked.wanted)
    hook = Webhook(**{name: getattr(asked, name) for name in _PLAIN})
    _set_filter(hook, asked.wanted)
    set_owner(hook, current_actor())
    secret = asked.secret or new_secret()
    _check(hook, secret)
    try:
        with transaction.atomic():
            hook.save(force_insert=True)
            Secret.objects.create(webhook=hook, sealed=seal(secret))
            audit_log.record(
                "webhook.created", Subject("webhook", str(hook.pk), hook.name), data=_told(hook)
            )
    except IntegrityError:
        raise _taken(hook.name) from None
    verification = verify_webhook(webhook=str(hook.pk)) if verify else None
    hook.refresh_from_db()
    return RegisteredWebhook(hook, secret, verification)


def get_webhook(*, webhook: str) -> Webhook:
    """A webhook by id or name.

    Raises:
        NotFound: ``webhook_not_found``; also when it is about what the actor does not run.
    """
    hook = _find(webhook)
    check_administers(hook.ontologies)
    return hook


def update_webhook(
    *, webhook: str, changes: Mapping[str, Any], wanted: EventFilter | None = None
) -> Webhook:
    """Change members of a webhook (those of `NewWebhook`, but for the secret).

    Who changes it owns it from then on. With another URL it has to be verified again.

    Raises:
        NotFound, PermissionDenied, Invalid, Conflict: as ``create_webhook``.
    """
    unknown = sorted(set(changes) - set(_PLAIN))
    if unknown:
        raise Invalid(f"A webhook has no '{unknown[0]}' that can be changed.", code="unknown_field")
    hook = get_webhook(webhook=webhook)
    names = (*_PLAIN, *FILTER_FIELDS, "state")
    before = {name: getattr(hook, name) for name in names}
    if wanted is not None:
        check_administers(wanted.ontologies)
        _set_filter(hook, checked_filter(wanted))
    for name, value in changes.items():
        setattr(hook, name, value)
    if hook.url != before["url"]:
        hook.state, hook.verified_at = Webhook.State.UNVERIFIED, None
    _check(hook, None)
    told = changes_of(hook, before, names)
    if not told:
        return hook
    set_owner(hook, current_actor())
    hook.updated_at = utc_now()
    try:
        with transaction.atomic():
            hook.save()
            if hook.order != before["order"] or hook.concurrency != before["concurrency"]:
                _spread(hook)
            audit_log.record(
                "webhook.changed", Subject("webhook", str(hook.pk), hook.name), changes=told
            )
    except IntegrityError:
        raise _taken(hook.name) from None
    return hook


def verify_webhook(*, webhook: str) -> Verification:
    """Ask the receiver whether it wants the events: CloudEvents' handshake, else a challenge.

    Not to be called inside a transaction: the receiver may take its time.

    Raises:
        NotFound, PermissionDenied.
    """
    hook = get_webhook(webhook=webhook)
    ask = import_string(settings.OMS_WEBHOOK_VERIFIER)
    found: Verification = asyncio.run(
        ask(url=hook.url, secrets=signing_secrets(hook), timeout=hook.timeout)
    )
    with transaction.atomic():
        hook = Webhook.objects.select_for_update().get(pk=hook.pk)
        if found.ok:
            hook.verified_at = utc_now()
            hook.notice = ""
            if found.allowed_rate is not None:
                hook.rate = found.allowed_rate
            if hook.state == Webhook.State.UNVERIFIED:
                hook.state = Webhook.State.ACTIVE
            audit_log.record(
                "webhook.verified",
                Subject("webhook", str(hook.pk), hook.name),
                data={"method": found.method},
            )
        else:
            hook.notice = found.detail[:1000]
        hook.save()
    transaction.on_commit(doorbell.ring)
    return found


def pause_webhook(*, webhook: str) -> Webhook:
    """Deliver nothing for a while; what happens meanwhile waits. Raises NotFound, Conflict."""
    hook = get_webhook(webhook=webhook)
    if hook.state != Webhook.State.ACTIVE:
        raise Conflict(f"The webhook is {hook.state}, so it cannot be paused.", code="not_active")
    return _set_state(hook, Webhook.State.PAUSED, "webhook.paused")


def enable_webhook(*, webhook: str, replay: bool = False) -> Webhook:
    """Let a paused or disabled webhook receive again, beginning with what waits for it.

    Args:
        replay: also send what happened while it was disabled.

    Raises:
        NotFound, PermissionDenied. Conflict: ``not_verified``; verify it first.
    """
    hook = get_webhook(webhook=webhook)
    if hook.verified_at is None:
        raise Conflict(
            "The receiver has not proved yet that it wants these events: verify it first.",
            code="not_verified",
        )
    missed = hook.disabled_seq
    with transaction.atomic():
        hook = _set_state(hook, Webhook.State.ACTIVE, "webhook.enabled")
        if replay and missed is not None:
            from events.services.deliveries import replay_events

            replay_events(webhook=str(hook.pk), from_sequence=missed + 1)
    return hook


def rotate_secret(
    *, webhook: str, secret: str = "", overlap: timedelta = timedelta(hours=24)
) -> RegisteredWebhook:
    """Give a webhook a new secret; for ``overlap`` both sign, so that no delivery is refused.

    Raises:
        NotFound, PermissionDenied. Invalid: the secret, or an overlap over 30 days.
    """
    hook = get_webhook(webhook=webhook)
    secret = secret or new_secret()
    _check(hook, secret)
    if not timedelta(0) <= overlap <= timedelta(days=30):
        raise Invalid("The old secret stays valid for 0 seconds to 30 days.", code="bad_overlap")
    now = utc_now()
    with transaction.atomic():
        # Two at once, not more: an older one ends now.
        hook.secrets.exclude(expires_at=None).delete()
        hook.secrets.update(expires_at=now + overlap)
        Secret.objects.create(webhook=hook, sealed=seal(secret))
        audit_log.record(
            "webhook.secret_rotated",
            Subject("webhook", str(hook.pk), hook.name),
            data={"overlapSeconds": int(overlap.total_seconds())},
        )
    return RegisteredWebhook(hook, secret)


def reseal_secrets() -> int:
    """Encrypt every secret with the present ``SECRET_KEY``; how many."""
    check_administers(())
    with transaction.atomic():
        rows = list(Secret.objects.select_for_update())
        for row in rows:
            row.sealed = reseal(row.sealed)
            row.save(update_fields=("sealed",))
    return len(rows)


def test_webhook(*, webhook: str) -> Delivery:
    """Send one ``io.oms.webhook.test.v1`` to this webhook alone; its delivery, to be watched.

    Raises:
        NotFound, PermissionDenied. Conflict: ``not_active``.
    """
    hook = get_webhook(webhook=webhook)
    if hook.state != Webhook.State.ACTIVE:
        raise Conflict(
            f"The webhook is {hook.state}: verify or enable it first.", code="not_active"
        )
    actor = current_actor()
    with transaction.atomic():
        outbox.append(
            NewEvent(
                "io.oms.webhook.test.v1",
                {
                    "webhook": str(hook.pk),
                    "name": hook.name,
                    "actor": {"id": actor.id, "username": actor.username, "kind": actor.kind},
                },
                subject=f"webhooks/{hook.pk}",
                key=f"webhooks/{hook.pk}",
            )
        )
        event = Event.objects.filter(
            type="io.oms.webhook.test.v1", subject=f"webhooks/{hook.pk}"
        ).latest("seq")
        key = f"~{event.seq % hook.concurrency}" if hook.order == "parallel" else event.key
        delivery = Delivery.objects.create(
            lane=hook.lane, seq=event.seq, key=key, type=event.type, origin="test"
        )
        insert_pending([(hook.lane, key, event.seq)])
        Pending.objects.filter(lane=ROUTE, seq=event.seq).delete()  # for nobody else
        audit_log.record("webhook.tested", Subject("webhook", str(hook.pk), hook.name))
    return delivery


def delete_webhook(*, webhook: str) -> None:
    """Forget a webhook with its secrets, deliveries and what waits for it. Raises NotFound."""
    hook = get_webhook(webhook=webhook)
    with transaction.atomic():
        lane = hook.lane
        Pending.objects.filter(lane=lane).delete()
        Lease.objects.filter(lane=lane).delete()
        Quarantined.objects.filter(lane=lane).delete()
        Attempt.objects.filter(delivery__lane=lane).delete()
        Delivery.objects.filter(lane=lane).delete()
        audit_log.record(
            "webhook.deleted", Subject("webhook", str(hook.pk), hook.name), data=_told(hook)
        )
        hook.delete()


# --- shared ---------------------------------------------------------------------------------------
def _find(webhook: str) -> Webhook:
    rows = Webhook.objects.filter(name=webhook)
    if re.fullmatch(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", webhook):
        rows = rows | Webhook.objects.filter(pk=webhook)
    found = rows.first()
    if found is None:
        raise NotFound(
            f"There is no webhook '{webhook}'.", code="webhook_not_found", data={"webhook": webhook}
        )
    return found


def _set_state(hook: Webhook, state: str, action: str) -> Webhook:
    before = hook.state
    hook.state = state
    hook.updated_at = utc_now()
    hook.notice, hook.disabled_at, hook.disabled_seq, hook.failing_since = "", None, None, None
    with transaction.atomic():
        hook.save()
        # What was put off because of failures is tried at once.
        Lease.objects.filter(lane=hook.lane, until__lte=0).update(retry_at=0)
        Pending.objects.filter(lane=hook.lane, due__gt=0).update(due=0)
        audit_log.record(
            action, Subject("webhook", str(hook.pk), hook.name), changes={"state": (before, state)}
        )
    transaction.on_commit(doorbell.ring)
    return hook


def _spread(hook: Webhook) -> None:
    """Put what waits under the keys that its new order wants."""
    waiting = Pending.objects.filter(lane=hook.lane)
    rows = list(waiting.values_list("seq", flat=True))
    waiting.delete()
    keys = dict(Event.objects.filter(seq__in=rows).values_list("seq", "key"))
    if hook.order == Webhook.Order.PARALLEL:
        keys = {seq: f"~{seq % hook.concurrency}" for seq in rows}
    insert_pending([(hook.lane, keys[seq], seq) for seq in rows if seq in keys])


def _set_filter(hook: Webhook, wanted: EventFilter) -> None:
    for name in FILTER_FIELDS:
        value = getattr(wanted, name)
        setattr(hook, name, value if isinstance(value, str) else list(value))


def _check(hook: Webhook, secret: str | None) -> None:
    problems: list[tuple[str, str]] = []
    if not _NAME.fullmatch(str(hook.name)):
        problems.append(("name", "1 to 100 letters, digits, spaces and . _ -."))
    address = url_problem(str(hook.url), allow_http=settings.OMS_WEBHOOK_ALLOW_HTTP)
    if address is not None:
        problems.append(("url", address))
    if len(str(hook.description)) > 1000:
        problems.append(("description", "At most 1,000 characters."))
    problems += [
        (name, f"One of {', '.join(choices.values)}.")
        for name, choices in (("format", Webhook.Format), ("order", Webhook.Order))
        if getattr(hook, name) not in choices.values
    ]
    for name, (least, most) in _BOUNDS.items():
        value = getattr(hook, name)
        whole = name != "timeout"
        if (
            isinstance(value, bool)
            or not isinstance(value, int if whole else int | float)
            or (not least <= value <= most)
        ):
            kind = "A whole number" if whole else "A number"
            problems.append((name, f"{kind} from {least:g} to {most:g}."))
    if hook.format != Webhook.Format.BATCH and hook.batch_size != 1:
        problems.append(("batch_size", "More than 1 is for the format 'batch' only."))
    if hook.order == "parallel" and hook.format == "batch":
        problems.append(("order", "Batches go in order."))
    if secret is not None and (reason := secret_problem(secret)) is not None:
        problems.append(("secret", reason))
    if problems:
        raise Invalid(
            f"The webhook cannot be used: {problems[0][0]}: {problems[0][1]}",
            code="invalid_webhook",
            errors=[{"field": name, "message": message} for name, message in problems],
        )


def _told(hook: Webhook) -> dict[str, Any]:
    return {
        "url": hook.url,
        **{name: getattr(hook, name) for name in FILTER_FIELDS},
    }


def _taken(name: str) -> Conflict:
    return Conflict(f"There is a webhook named '{name}' already.", code="already_exists")
