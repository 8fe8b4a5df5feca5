"""Whether a receiver wants events: asked before the first one is sent.

First as "HTTP 1.1 Web Hooks for Event Delivery" (CloudEvents, §4) asks it: OPTIONS with our origin,
and an answer that allows it. Whatever status other servers give to OPTIONS says nothing, as the
specification stresses; the header alone counts. Receivers that do not know that handshake get a
challenge: a signed event with a random text, which they give back.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets as random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from events.domain.signatures import signed_headers

__all__ = ["Reply", "Send", "Verification", "verify"]

#: Failures that a second request of another method would meet again.
_HOPELESS: Final = frozenset({"bad_url", "connect", "dns", "refused_address", "tls"})
_RATE = re.compile("[1-9][0-9]{0,8}")


class Reply(Protocol):
    """What is read of an answer; see `events.adapters.http.Answer`."""

    @property
    def status(self) -> int | None: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> str: ...
    @property
    def error(self) -> str: ...
    @property
    def detail(self) -> str: ...


class Send(Protocol):
    """Sends a request; see `events.adapters.http.WebhookClient.send`."""

    def __call__(
        self, url: str, *, method: str = ..., headers: Mapping[str, str], body: bytes
    ) -> Awaitable[Reply]: ...


@dataclass(frozen=True, slots=True)
class Verification:
    """What the receiver answered.

    Attributes:
        ok: it wants events.
        method: ``options`` or ``challenge``: which question decided.
        allowed_rate: requests per minute; None: as many as come.
        detail: one sentence for people.
    """

    ok: bool
    method: str
    allowed_rate: int | None
    detail: str


async def verify(
    send: Send,
    *,
    url: str,
    origin: str,
    secrets: Sequence[str],
    make_challenge_body: Callable[[str, str], bytes],
    clock: Callable[[], float] = time.time,
) -> Verification:
    """Ask a receiver whether it wants events from us.

    Args:
        send: sends a request and never raises for what the network does.
        origin: our DNS name, such as ``oms.example.com``.
        secrets: they sign the challenge.
        make_challenge_body: from an event's id and the challenge to a structured CloudEvent (as
            JSON), whose data is ``{"challenge": "<challenge>"}``.
        clock: seconds since 1970.
    """
    answer = await send(url, method="OPTIONS", headers={"webhook-request-origin": origin}, body=b"")
    if answer.error in _HOPELESS:
        return Verification(ok=False, method="options", allowed_rate=None, detail=answer.detail)
    allowed = answer.headers.get("webhook-allowed-origin", "").strip()
    if allowed and not answer.error:
        return _granted(origin, allowed, answer.headers.get("webhook-allowed-rate", "").strip())

    challenge = random.token_urlsafe(24)
    message_id = f"msg_{random.token_hex(16)}"
    body = make_challenge_body(message_id, challenge)
    signed = signed_headers(
        message_id=message_id, timestamp=int(clock()), body=body, secrets=secrets
    )
    answer = await send(
        url,
        method="POST",
        headers={
            "content-type": "application/cloudevents+json; charset=utf-8",
            "webhook-request-origin": origin,
            **signed,
        },
        body=body,
    )
    detail = _challenge_problem(answer, challenge)
    return Verification(
        ok=detail is None,
        method="challenge",
        allowed_rate=None,
        detail=detail or "The receiver gave the challenge back.",
    )


def _granted(origin: str, allowed: str, rate: str) -> Verification:
    """What an answer with WebHook-Allowed-Origin means."""
    detail = f"The receiver allows events from {allowed[:100]}."
    ok = allowed == "*" or allowed.lower() == origin.lower()
    if not ok:
        detail = f"The receiver allows events from {allowed[:100]}, not from {origin}."
    elif rate not in {"", "*"} and not _RATE.fullmatch(rate):
        # One who limits us, in words that we do not understand, must not get any number.
        ok = False
        detail = "WebHook-Allowed-Rate must be requests per minute, at least 1, or *."
    limit = int(rate) if ok and rate not in {"", "*"} else None
    return Verification(ok=ok, method="options", allowed_rate=limit, detail=detail)


def _challenge_problem(answer: Reply, challenge: str) -> str | None:
    if answer.error or answer.status is None:
        return answer.detail or "The receiver did not answer."
    if not 200 <= answer.status < 300:
        return f"The receiver answered {answer.status} to the challenge; it should answer 200."
    text = answer.body.strip()
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    given = document.get("challenge") if isinstance(document, dict) else text
    if isinstance(given, str) and hmac.compare_digest(
        given.encode(errors="replace"), challenge.encode()
    ):
        return None
    return "The receiver's answer is not the challenge that it was sent."
