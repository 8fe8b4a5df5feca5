"""Asks a receiver whether it wants the events of a webhook."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from django.conf import settings

from events.adapters.webhook_sink import client
from events.domain.cloudevents import make_event, stored_text
from events.domain.handshake import Verification, verify
from oms_project.core.clock import utc_now

__all__ = ["ask_receiver"]


async def ask_receiver(*, url: str, secrets: Sequence[str], timeout: float) -> Verification:  # noqa: ASYNC109
    """See `events.domain.handshake.verify`; ``timeout`` in seconds, for each question."""
    asking = client(timeout=timeout)
    try:
        return await verify(
            asking.send,
            url=url,
            origin=urlsplit(settings.OMS_PUBLIC_URL).hostname or "localhost",
            secrets=secrets,
            make_challenge_body=_challenge,
        )
    finally:
        await asking.aclose()


def _challenge(identity: str, challenge: str) -> bytes:
    kind = "io.oms.webhook.verification.v1"
    event = make_event(
        id=identity,
        source=settings.OMS_PUBLIC_URL,
        type=kind,
        time=utc_now(),
        data={"challenge": challenge},
        dataschema=f"{settings.OMS_PUBLIC_URL}/api/v1/event-types/{kind}/schema",
    )
    return stored_text(event).encode()
