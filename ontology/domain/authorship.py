"""Signed authors: who made a commit, in one line that can be verified without OMS.

An author string has one of three forms::

    alice.smith (0f3c…)|verified|ts:2026-07-05T12:00:00.000000Z|sig:KEY.SIGNATURE
    deployment-service (9b1d…) [service]|verified|ts:…|sig:…
    etl-service (77aa…) [service] [delegated|on_behalf_of:john.doe|reason:scheduled import]|ts:…|sig:…

The signature is made over `signed_bytes`: the string up to ``|sig:`` together with the ontology,
the parents, the content, the time and the message of the commit. So it cannot be moved to another
commit, and no part of it can be changed. Whoever has the public keys can check it with
`author_problem`; nothing else of OMS has to run.

A name or reason is percent-encoded where it holds a character that has a meaning here, and there
is exactly one spelling of every author string: no text can forge a segment.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from oms_project.core.canonical_json import dumps
from oms_project.core.context import Actor
from oms_project.core.keys import PublicKey, SigningKey

__all__ = [
    "AuthorString",
    "CommitClaim",
    "author_problem",
    "parse_author",
    "sign_author",
    "signed_bytes",
    "time_text",
]

_FORMAT = "oms-author-1"
#: The clocks of two servers that share a key may differ by so much.
_CLOCK_SKEW = dt.timedelta(minutes=5)
_STRUCTURAL = frozenset("|()[]:%")
_FORM = re.compile(
    r"(?P<name>[^|()\[\]:]+) \((?P<id>[^|()\[\]:]+)\)"
    r"(?:(?P<service> \[service\])"
    r"(?: \[delegated\|on_behalf_of:(?P<behalf>[^|()\[\]:]+)\|reason:(?P<reason>[^|()\[\]:]*)\])?)?"
    r"(?P<verified>\|verified)?"
    r"\|ts:(?P<time>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z)"
    r"\|sig:(?P<kid>[A-Za-z0-9_-]{8,64})\.(?P<signature>[A-Za-z0-9_-]+)"
)


@dataclass(frozen=True, slots=True)
class CommitClaim:
    """What a commit says of itself, as its signature binds it.

    Attributes:
        ontology: the ontology's id.
        parents: the parents' ids, in order.
        content: the commit's content hash.
        on_behalf_of: id of the user for whom a service acted; empty when it acted for itself.
    """

    ontology: str
    parents: tuple[str, ...]
    content: str
    author_id: str
    author_username: str
    time: dt.datetime
    message: str
    on_behalf_of: str = ""


@dataclass(frozen=True, slots=True)
class AuthorString:
    """The parts of an author string, decoded."""

    username: str
    id: str
    service: bool
    on_behalf_of: str
    reason: str
    time: str
    kid: str
    signature: bytes

    @property
    def delegated(self) -> bool:
        """Whether a service acted for a user."""
        return bool(self.on_behalf_of)

    @property
    def text(self) -> str:
        """The string again: equal to what was parsed."""
        return f"{self.unsigned}|sig:{self.kid}.{_base64(self.signature)}"

    @property
    def unsigned(self) -> str:
        """The string up to the signature."""
        return _unsigned(
            self.username, self.id, self.service, self.on_behalf_of, self.reason, self.time
        )


def time_text(time: dt.datetime) -> str:
    """ISO 8601 in UTC with microseconds, the one spelling that is hashed, signed and rendered."""
    return time.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def sign_author(actor: Actor, claim: CommitClaim, key: SigningKey) -> str:
    """The signed author string of ``actor`` for the commit that ``claim`` describes."""
    behalf = actor.on_behalf_of
    unsigned = _unsigned(
        actor.username,
        actor.id,
        actor.kind != "user",
        "" if behalf is None else behalf.username,
        actor.reason,
        time_text(claim.time),
    )
    signature = key.sign(signed_bytes(unsigned, claim))
    return f"{unsigned}|sig:{key.kid}.{_base64(signature)}"


def parse_author(text: str) -> AuthorString | None:
    """The parts of an author string, or None when ``text`` is none in its one spelling."""
    found = _FORM.fullmatch(text)
    if found is None or bool(found["verified"]) == (found["behalf"] is not None):
        return None
    try:
        signature = base64.urlsafe_b64decode(
            found["signature"] + "=" * (-len(found["signature"]) % 4)
        )
        parsed = AuthorString(
            username=unquote(found["name"], errors="strict"),
            id=unquote(found["id"], errors="strict"),
            service=bool(found["service"]),
            on_behalf_of=unquote(found["behalf"] or "", errors="strict"),
            reason=unquote(found["reason"] or "", errors="strict"),
            time=found["time"],
            kid=found["kid"],
            signature=signature,
        )
    except (binascii.Error, UnicodeDecodeError):
        return None
    return parsed if parsed.text == text else None


def signed_bytes(unsigned: str, claim: CommitClaim) -> bytes:
    """What is signed: canonical JSON of the author string and of what it is the author of."""
    return dumps(
        {
            "format": _FORMAT,
            "author": unsigned,
            "onBehalfOf": claim.on_behalf_of,
            "ontology": claim.ontology,
            "parents": list(claim.parents),
            "content": claim.content,
            "time": time_text(claim.time),
            "message": claim.message,
        }
    )


def author_problem(text: str, claim: CommitClaim, keys: Mapping[str, PublicKey]) -> str | None:
    """Why ``text`` is not the genuine author of the commit, or None when it is.

    Args:
        text: the author string that stands with the commit.
        claim: what the commit says of itself.
        keys: ``kid`` -> public key, of those that may sign authors.
    """
    if not text:
        return "it is not signed"
    parsed = parse_author(text)
    if parsed is None:
        return "its author string is malformed"
    if (parsed.id, parsed.username) != (claim.author_id, claim.author_username):
        return "its author string names somebody else"
    if parsed.delegated != bool(claim.on_behalf_of):
        return "its author string does not say on whose behalf it was made"
    if parsed.time != time_text(claim.time):
        return "its author string has another time"
    key = keys.get(parsed.kid)
    if key is None or key.purpose != "author":
        return f"it is signed with an unknown key ({parsed.kid})"
    if not key.verify(parsed.signature, signed_bytes(parsed.unsigned, claim)):
        return "its signature does not hold"
    if claim.time < key.created - _CLOCK_SKEW:
        return f"it is older than the key that signed it ({parsed.kid})"
    if key.revoked is not None and claim.time >= key.revoked:
        return f"the key that signed it was revoked before ({parsed.kid})"
    return None


def _unsigned(
    username: str, identifier: str, service: bool, on_behalf_of: str, reason: str, time: str
) -> str:
    who = f"{_encoded(username)} ({_encoded(identifier)})"
    if service:
        who += " [service]"
    if on_behalf_of:
        return (
            f"{who} [delegated|on_behalf_of:{_encoded(on_behalf_of)}|reason:{_encoded(reason)}]"
            f"|ts:{time}"
        )
    return f"{who}|verified|ts:{time}"


def _encoded(text: str) -> str:
    """``text`` with everything percent-encoded that has a meaning here or is no plain character."""
    if text.isalnum() and text.isascii():
        return text
    return "".join(
        "".join(f"%{byte:02X}" for byte in character.encode())
        if character in _STRUCTURAL or not character.isprintable()
        else character
        for character in text
    )


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
