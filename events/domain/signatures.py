"""Signatures of webhooks, as Standard Webhooks 1.0 defines them (symmetric, ``v1``).

What is signed is ``{id}.{timestamp}.{body}`` with HMAC-SHA256. While a secret is replaced, two of
them sign side by side, and a receiver accepts what either has signed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets as random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from standardwebhooks import Webhook

__all__ = ["new_secret", "secret_problem", "signed_headers"]

_PREFIX: Final = "whsec_"
#: Printable ASCII without the full stop, which separates what is signed.
_MESSAGE_ID = re.compile(r"[!-\-/-~]{1,200}")


def new_secret() -> str:
    """A new secret: ``whsec_`` and 32 random bytes in base64."""
    return _PREFIX + base64.b64encode(random.token_bytes(32)).decode("ascii")


def secret_problem(text: str) -> str | None:
    """What is wrong with a secret that somebody entered; None: nothing. Never quotes it."""
    if not text.startswith(_PREFIX):
        return f"A secret starts with {_PREFIX}."
    try:
        key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return f"What follows {_PREFIX} must be base64."
    if not 24 <= len(key) <= 64:
        return f"A secret has 24 to 64 bytes, this one has {len(key)}."
    return None


def signed_headers(
    *, message_id: str, timestamp: int, body: bytes, secrets: Sequence[str]
) -> dict[str, str]:
    """The headers that identify, date and sign a message.

    Args:
        message_id: the same for every attempt; printable ASCII without full stops.
        timestamp: of this attempt, in seconds since 1970. Receivers refuse what is five minutes old.
        body: exactly the bytes that are sent.
        secrets: one or more, each with its ``whsec_``; one signature each, in this order.

    Raises:
        ValueError: no secret, one that is malformed, or an id that cannot be signed.
    """
    if not _MESSAGE_ID.fullmatch(message_id):
        raise ValueError(f"{message_id!r} cannot be the id of a message.")
    if not secrets:
        raise ValueError("A message needs a secret that signs it.")
    for secret in secrets:
        if problem := secret_problem(secret):
            raise ValueError(problem)
    signatures = (_signature(secret, message_id, timestamp, body) for secret in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


def _signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        # The library signs text only. In CloudEvents' binary mode a body may be any bytes; these
        # are signed as the specification says, which for text is what the library does.
        key = base64.b64decode(secret.removeprefix(_PREFIX))
        signed = f"{message_id}.{timestamp}.".encode() + body
        digest = hmac.new(key, signed, hashlib.sha256).digest()
        return f"v1,{base64.b64encode(digest).decode('ascii')}"
    # The library overwrites the time zone with UTC, hence the moment has to be in UTC before.
    return Webhook(secret).sign(message_id, datetime.fromtimestamp(timestamp, UTC), text)
