"""An event's own signature: it was OMS that wrote it.

The tree proves that an event which has a place is the one that got it. Until then, and for rows
that somebody else puts into the table, the signature speaks: it is made where the event is made,
with a key that the database does not hold.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Final

from oms_project.core.keys import PublicKey, SigningKey

__all__ = ["sign_event", "witness_problem"]

_PREFIX: Final = b"oms-audit-event-1\n"


def sign_event(body: str, key: SigningKey) -> str:
    """``KEY.SIGNATURE`` over the text of an event."""
    signature = base64.urlsafe_b64encode(key.sign(_PREFIX + body.encode())).rstrip(b"=")
    return f"{key.kid}.{signature.decode('ascii')}"


def witness_problem(body: str, signature: str, keys: Mapping[str, PublicKey]) -> str | None:
    """Why an event was not written by OMS, or None when it was.

    Args:
        keys: ``kid`` -> public key of those that may sign the trail.
    """
    kid, _, encoded = signature.partition(".")
    key = keys.get(kid)
    if key is None or key.purpose != "audit":
        return "it is signed by nobody that is known" if signature else "it is not signed"
    try:
        raw = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    except (binascii.Error, ValueError):
        return "its signature is malformed"
    if not key.verify(raw, _PREFIX + body.encode()):
        return "its signature does not hold"
    return None
