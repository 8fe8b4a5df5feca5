"""The tokens themselves: simplejwt's classes with our claims.

``iss aud sub jti iat exp sid token_type``; of a delegate also ``act`` (RFC 8693, 4.1) and
``delegation``; of a service ``client_id`` (RFC 9068). ``sub`` is the user, of a delegate the one on
whose behalf. ``sid`` names the session, which knows whether the token still holds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError
from rest_framework_simplejwt.tokens import AccessToken as SimpleAccessToken
from rest_framework_simplejwt.tokens import RefreshToken as SimpleRefreshToken

from oms_project.core.clock import utc_now
from oms_project.identity.contract import BadToken, SessionGrant, TokenClaims
from oms_project.identity.tokens.backend import KeyringTokenBackend, epoch, from_epoch

__all__ = ["AccessToken", "RefreshToken", "Tokens", "issuer", "mint", "read_token"]

_REFUSED = "The access token is not valid or has expired: sign in again."
_backend = KeyringTokenBackend()


class AccessToken(SimpleAccessToken):
    """Lets in, for minutes."""

    @property
    def token_backend(self) -> TokenBackend:
        """Ours."""
        return _backend


class RefreshToken(SimpleRefreshToken):
    """Renews the session, once."""

    access_token_class = AccessToken

    @property
    def token_backend(self) -> TokenBackend:
        """Ours."""
        return _backend


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a client receives.

    Attributes:
        expires_in: seconds until the access token ends.
    """

    access: str
    refresh: str
    expires_in: int


def issuer() -> Callable[[SessionGrant], Tokens]:
    """What a service that opens or renews sessions makes their tokens with (`mint`). The key is
    looked up now, before anybody proves anything and before anything is written.

    Raises:
        Unavailable: there is no key to sign with.
    """
    _backend.check_key()
    return mint


def mint(grant: SessionGrant) -> Tokens:
    """The tokens of a session that was opened or renewed.

    Raises:
        Unavailable: there is no key to sign with.
    """
    access = AccessToken()
    _fill(access, grant, grant.access_expires_at)
    refresh = ""
    if grant.refresh_id and grant.refresh_expires_at is not None:
        token = RefreshToken()
        _fill(token, grant, grant.refresh_expires_at)
        token["jti"] = grant.refresh_id
        refresh = str(token)
    seconds = int((grant.access_expires_at - utc_now()).total_seconds())
    return Tokens(access=str(access), refresh=refresh, expires_in=max(1, seconds))


def read_token(text: str | bytes, *, token_type: str | None = "access") -> TokenClaims:  # noqa: S107 - a kind of token
    """What a token says, when it is genuine and its time has not run out.

    Args:
        token_type: ``access`` or ``refresh``; None: either.

    Raises:
        BadToken: it is not; in one sentence whatever the reason.
    """
    try:
        claims = _backend.decode(text)
    except TokenBackendError as error:
        raise BadToken(_REFUSED) from error
    if token_type is not None and claims["token_type"] != token_type:
        raise BadToken(_REFUSED)
    act: dict[str, Any] = claims.get("act", {})
    return TokenClaims(
        token_type=claims["token_type"],
        token_id=claims["jti"],
        subject=claims["sub"],
        session=claims["sid"],
        issued_at=from_epoch(claims["iat"]),
        expires_at=from_epoch(claims["exp"]),
        actor=act.get("sub", ""),
        client_id=str(claims.get("client_id", "")),
        delegation=str(claims.get("delegation", "")) if act else "",
    )


def _fill(token: Any, grant: SessionGrant, expires_at: datetime) -> None:
    token["iat"] = epoch(utc_now())
    token["exp"] = max(epoch(expires_at), token["iat"] + 1)
    token["sub"] = grant.subject
    token["sid"] = grant.session
    if grant.client_id:
        token["client_id"] = grant.client_id
    if grant.actor:
        token["act"] = {"sub": grant.actor, "client_id": grant.client_id}
        token["delegation"] = grant.delegation
