"""Signing and verifying: simplejwt's token backend over the keyring, and stricter.

The key decides about the algorithm, never the token (RFC 8725, 3.1). A token names its key in
``kid`` and its kind in ``typ`` (RFC 9068); every other header (``crit``, ``jku``, ``jwk``, ``x5u``,
…) is refused, because nothing here would look at it. There is one spelling of each token: base64url
without padding or loose bits, JSON without members that stand twice.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import jwt
from django.conf import settings
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenBackendExpiredToken

from oms_project.core.clock import utc_now
from oms_project.core.errors import Unavailable
from oms_project.core.ids import is_rid
from oms_project.core.keys import PublicKey, keyring

__all__ = ["ACCESS_TYPE", "AUDIENCE", "ISSUER", "REFRESH_TYPE", "KeyringTokenBackend"]

PURPOSE: Final = "token"
ISSUER: Final = "oms"
AUDIENCE: Final = "oms"
#: ``typ`` of the header, by ``token_type``.
ACCESS_TYPE: Final = "at+jwt"
REFRESH_TYPE: Final = "refresh+jwt"
_TYPES: Final = {"access": ACCESS_TYPE, "refresh": REFRESH_TYPE}
#: Characters of the longest token: a signature of RSA 3072 and our claims come to about 1,200.
MAX_LENGTH: Final = 4096
#: Seconds that the clocks of our own processes may differ.
SKEW: Final = 30
_REQUIRED: Final = ("iss", "aud", "sub", "jti", "iat", "exp", "sid", "token_type")
_SHAPE: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_TOKEN_ID: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class _Verifier:
    algorithm: str
    key: Any


class KeyringTokenBackend(TokenBackend):
    """simplejwt's port, with keys from the keyring (or `JWT_SECRET`, for HS algorithms)."""

    def __init__(self) -> None:
        super().__init__(
            algorithm=settings.SIMPLE_JWT["ALGORITHM"],
            signing_key="",
            audience=AUDIENCE,
            issuer=ISSUER,
        )

    def encode(self, payload: dict[str, Any]) -> str:
        """The signed token.

        Raises:
            Unavailable: there is no key of the algorithm that `JWT_ALGORITHM` names.
        """
        claims = {**payload, "iss": ISSUER, "aud": AUDIENCE}
        headers = {"typ": _TYPES[payload["token_type"]]}
        algorithm = settings.SIMPLE_JWT["ALGORITHM"]
        if algorithm.startswith("HS"):
            return jwt.encode(claims, settings.JWT_SECRET, algorithm=algorithm, headers=headers)
        key = _signing_key(algorithm)
        return jwt.encode(
            claims, key.private, algorithm=algorithm, headers={**headers, "kid": key.kid}
        )

    def check_key(self) -> None:
        """Return when there is a key to sign with.

        Raises:
            Unavailable: as `encode`.
        """
        algorithm = settings.SIMPLE_JWT["ALGORITHM"]
        if not algorithm.startswith("HS"):
            _signing_key(algorithm)

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        """The claims of a genuine token that has not expired.

        Raises:
            TokenBackendError: whatever is wrong with it.
            TokenBackendExpiredToken: only its time is over.
        """
        if not verify:
            raise TokenBackendError("A token that is not verified says nothing.")
        text = _text(token)
        header_part, payload_part, signature = text.split(".")
        header = _json(_segment(header_part))
        claims = _json(_segment(payload_part))
        _segment(signature)
        verifier = _verifier(header, claims)
        try:
            jwt.decode(
                text,
                verifier.key,
                algorithms=[verifier.algorithm],
                audience=AUDIENCE,
                issuer=ISSUER,
                options={
                    "require": list(_REQUIRED),
                    "strict_aud": True,
                    "verify_iat": False,  # below, with a margin for clocks
                    "verify_nbf": False,
                },
            )
        except jwt.ExpiredSignatureError as error:
            raise TokenBackendExpiredToken("The token has expired.") from error
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as error:
            raise TokenBackendError("The token is not valid.") from error
        _check_claims(header, claims)
        return claims


def _text(token: Any) -> str:
    try:
        text = token.decode("ascii") if isinstance(token, bytes) else str(token)
    except UnicodeDecodeError as error:
        raise TokenBackendError("The token is not ASCII.") from error
    if len(text) > MAX_LENGTH or _SHAPE.fullmatch(text) is None:
        raise TokenBackendError("The token is not of three parts.")
    return text


def _segment(part: str) -> bytes:
    """The bytes of a part, when this is the one way to write them."""
    try:
        data = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (ValueError, binascii.Error) as error:
        raise TokenBackendError("A part of the token is not base64url.") from error
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != part:
        raise TokenBackendError("A part of the token is written in another way.")
    return data


def _json(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise TokenBackendError("A part of the token is not JSON.") from error
    if not isinstance(value, dict):
        raise TokenBackendError("A part of the token is no JSON object.")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member stands twice")
    return found


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _verifier(header: dict[str, Any], claims: dict[str, Any]) -> _Verifier:
    algorithm = settings.SIMPLE_JWT["ALGORITHM"]
    if algorithm.startswith("HS"):
        if set(header) != {"alg", "typ"} or header["alg"] != algorithm:
            raise TokenBackendError("The token's header is not ours.")
        return _Verifier(algorithm, settings.JWT_SECRET)
    if set(header) != {"alg", "kid", "typ"} or not isinstance(header["kid"], str):
        raise TokenBackendError("The token's header is not ours.")
    key = keyring.public_keys(PURPOSE).get(header["kid"])
    # Whoever has a lost key writes any date, so that nothing it signed holds, whenever it was.
    if key is None or key.revoked is not None or header["alg"] != key.algorithm:
        raise TokenBackendError("There is no such key.")
    _not_before_its_key(key, claims)
    return _Verifier(key.algorithm, key.key)


def _not_before_its_key(key: PublicKey, claims: dict[str, Any]) -> None:
    issued = claims.get("iat")
    if type(issued) is not int or issued < key.created.timestamp() - SKEW:
        raise TokenBackendError("The token is older than its key.")


def _check_claims(header: dict[str, Any], claims: dict[str, Any]) -> None:
    now = utc_now().timestamp()
    times = [claims[name] for name in ("iat", "exp", "nbf") if name in claims]
    sound = (
        all(type(moment) is int for moment in times)  # a bool is an int, and no time
        and claims["iat"] <= now + SKEW
        and claims.get("nbf", 0) <= now + SKEW
        and claims["iat"] < claims["exp"]
        and header["typ"] == _TYPES.get(_string(claims["token_type"]))
        and is_rid(_string(claims["sub"]))
        and is_rid(_string(claims["sid"]))
        and _TOKEN_ID.fullmatch(_string(claims["jti"])) is not None
    )
    if sound and "act" in claims:
        act = claims["act"]
        sound = (
            isinstance(act, dict)
            and set(act) == {"sub", "client_id"}
            and is_rid(_string(act["sub"]))
            and is_rid(_string(claims.get("delegation")))
        )
    elif "delegation" in claims:
        sound = False
    if not sound:
        raise TokenBackendError("The token's claims are not ours.")
    if claims["exp"] <= now:
        raise TokenBackendExpiredToken("The token has expired.")


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _signing_key(algorithm: str) -> Any:
    known = keyring.public_keys(PURPOSE)
    newest = max(
        (key for key in known.values() if key.revoked is None),
        key=lambda key: (key.created, key.kid),
        default=None,
    )
    if settings.OMS_KEYS_CREATE and (newest is None or newest.algorithm != algorithm):
        keyring.rotate(PURPOSE, algorithm=algorithm)
    key = keyring.signing_key(PURPOSE)
    if key.public.algorithm != algorithm:
        raise Unavailable(
            f"The newest key for tokens is for {key.public.algorithm}, and JWT_ALGORITHM is "
            f"{algorithm}. Make one: manage.py keys rotate token --algorithm {algorithm}",
            code="key_missing",
            data={"purpose": PURPOSE},
        )
    return key


def epoch(moment: datetime) -> int:
    """Seconds since 1970, as a token counts them."""
    return int(moment.timestamp())


def from_epoch(seconds: int) -> datetime:
    """The moment of a claim."""
    return datetime.fromtimestamp(seconds, UTC)
