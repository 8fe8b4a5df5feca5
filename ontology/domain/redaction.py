"""Values that were erased for good: what is left of a body, and the signed word that it was meant so.

A version keeps the hash that it had, because commits are made of those hashes. What its text may be
instead is said by a *redaction*: the hashes of the text before and after, which names were erased,
by whom, when and why, signed with the author key. ``docs/adr/0017-redaction.md`` says what that
does and does not promise.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from oms_project.core.canonical_json import dumps
from oms_project.core.keys import PublicKey, SigningKey
from ontology.domain.authorship import time_text
from ontology.domain.documents import Body

__all__ = [
    "REDACTED",
    "RedactionClaim",
    "erasable_names",
    "erased_values",
    "excused",
    "redacted_body",
    "redaction_problem",
    "sign_redaction",
    "with_gaps",
]

#: System member of an instance: names of the values that were erased.
KEY = "_key"
REDACTED = "_redacted"
#: System members of an instance that hold what people said of it.
_ERASABLE = frozenset({"_iri", "_annotations"})
_FORMAT = "oms-redaction-1"
#: The clocks of two servers that share a key may differ by so much.
_CLOCK_SKEW = dt.timedelta(minutes=5)


def excused(body: Body) -> frozenset[str]:
    """Names of required values that may be missing, because they were erased."""
    return frozenset(body.get(REDACTED, ()))


def with_gaps(before: Body | None, after: Body) -> Body:
    """``after`` from elsewhere, which knows nothing of erasures, with the names of erased values of
    ``before`` that it brings no new values for.
    """
    names = sorted((frozenset() if before is None else excused(before)) - after.keys())
    if REDACTED not in after and not names:
        return after
    made = {name: value for name, value in after.items() if name != REDACTED}
    return {**made, REDACTED: names} if names else made


def erasable_names(body: Body) -> frozenset[str]:
    """Names of the values in a body that can be erased."""
    return frozenset(name for name in body if not name.startswith("_") or name in _ERASABLE)


def erased_values(body: Body, names: Collection[str]) -> list[Any]:
    """The values that an erasure of ``names`` takes out of ``body``, single ones of lists too."""
    found: list[Any] = []
    todo = [body[name] for name in names if name in body]
    while todo:
        value = todo.pop()
        if isinstance(value, Mapping):
            todo += value.values()
        elif isinstance(value, (list, tuple)):
            todo += value
        else:
            found.append(value)
    return found


def redacted_body(body: Body, names: Collection[str]) -> dict[str, Any] | None:
    """``body`` without the values called ``names``; None when it has none of them.

    The key by which an object is found goes too when one of the values stands in it: the object is
    then shown by its ``rid``.
    """
    gone = {name for name in names if name in body} & erasable_names(body)
    if not gone:
        return None
    left = {name: value for name, value in body.items() if name not in gone}
    if any(_same(part, body[name]) for part in body.get(KEY, ()) for name in gone):
        del left[KEY]
    left[REDACTED] = sorted(gone.union(body.get(REDACTED, ())))
    return left


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


@dataclass(frozen=True, slots=True)
class RedactionClaim:
    """What a redaction says of one version's text, as its signature binds it.

    Attributes:
        ontology: the ontology's id.
        body_hash: the hash that the version was committed with.
        before, after: hashes of its text before and after the erasure.
        fields: names of the values that were erased from it, sorted.
        batch: id of the erasure, which is made of ``size`` redactions; ``position`` counts from 0.
        on_behalf_of: id of the user for whom a service acted; empty when it acted for itself.
    """

    ontology: str
    rid: str
    body_hash: str
    before: str
    after: str
    fields: tuple[str, ...]
    reason: str
    author_id: str
    author_username: str
    time: dt.datetime
    batch: str
    position: int
    size: int
    on_behalf_of: str = ""


def sign_redaction(claim: RedactionClaim, key: SigningKey) -> str:
    """The signature of a redaction: ``KID.SIGNATURE``."""
    signature = base64.urlsafe_b64encode(key.sign(_signed_bytes(claim))).rstrip(b"=")
    return f"{key.kid}.{signature.decode('ascii')}"


def redaction_problem(
    text: str, claim: RedactionClaim, keys: Mapping[str, PublicKey]
) -> str | None:
    """Why ``text`` is no genuine signature of a redaction, or None when it is.

    Args:
        keys: ``kid`` -> public key, of those that may sign authors.
    """
    kid, _, encoded = text.partition(".")
    key = keys.get(kid)
    if key is None or key.purpose != "author":
        return f"its redaction is signed with an unknown key ({kid[:64]})"
    try:
        signature = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    except (binascii.Error, ValueError):
        return "the signature of its redaction is malformed"
    if not key.verify(signature, _signed_bytes(claim)):
        return "the signature of its redaction does not hold"
    if claim.time < key.created - _CLOCK_SKEW:
        return f"its redaction is older than the key that signed it ({kid})"
    if key.revoked is not None and claim.time >= key.revoked:
        return f"the key that signed its redaction was revoked before ({kid})"
    return None


def _signed_bytes(claim: RedactionClaim) -> bytes:
    return dumps(
        {
            "format": _FORMAT,
            "ontology": claim.ontology,
            "rid": claim.rid,
            "bodyHash": claim.body_hash,
            "before": claim.before,
            "after": claim.after,
            "fields": list(claim.fields),
            "reason": claim.reason,
            "author": {"id": claim.author_id, "username": claim.author_username},
            "onBehalfOf": claim.on_behalf_of,
            "time": time_text(claim.time),
            "batch": claim.batch,
            "position": claim.position,
            "size": claim.size,
        }
    )
