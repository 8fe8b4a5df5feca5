"""Bearer tokens: one place that decides whether a token holds, for every door."""

from __future__ import annotations

import base64

from django.conf import settings
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from oms_project.core.errors import Unauthenticated
from oms_project.identity import selectors
from oms_project.identity.contract import BadToken, actor_of
from oms_project.identity.models import User
from oms_project.identity.selectors import Holder
from oms_project.identity.services.sign_in import authenticate_client
from oms_project.identity.tokens import read_token

__all__ = [
    "BearerAuthentication",
    "bearer_holder",
    "bearer_token",
    "native_holder",
    "token_holder",
]

_REFUSED = "The access token is not valid or has expired: sign in again."


def bearer_token(request: HttpRequest) -> str | None:
    """What stands in ``Authorization: Bearer``; None: another scheme, or nothing.

    Raises:
        BadToken: the header is malformed.
    """
    scheme, _space, rest = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    token: str = rest.strip(" ")
    if not token:
        raise BadToken(_REFUSED)
    return token


def bearer_holder(request: HttpRequest) -> Holder | None:
    """Who the request's access token lets in; None without a bearer token. One query.

    Raises:
        BadToken: the token does not hold. The answer is the same for every reason, so that it
            tells nothing to somebody who guesses.
    """
    token = bearer_token(request)
    return None if token is None else token_holder(token)


def native_holder(request: HttpRequest) -> Holder | None:
    """Who the credentials of a client of TerminusDB let in, where such clients ask: a service
    account's id and secret, any name with an access token as its password, or ``Token``. None where
    they do not, and for other schemes.

    Raises:
        BadToken: the token does not hold. BadCredentials, TooManyAttempts: the secret does not.
    """
    if not _is_native(request.path):
        return None
    scheme, _space, rest = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() == "token":
        return token_holder(rest.strip())
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = (
            base64.b64decode(rest.strip(), validate=True).decode().partition(":")
        )
    except ValueError as error:
        raise BadToken(_REFUSED) from error
    if not colon or "\x00" in name:
        raise BadToken(_REFUSED)
    if password.count(".") == 2:
        return token_holder(password)
    user = authenticate_client(client_id=name, secret=password)
    return Holder(user, actor_of(user), "")


def _is_native(path: str) -> bool:
    at_root = settings.ROOT_URLCONF == settings.OMS_KERNEL_URLCONF
    return path.startswith("/api/" if at_root else "/terminusdb/api/")


def token_holder(token: str) -> Holder:
    """Who an access token lets in now: for doors that take it from elsewhere than a header.

    Raises:
        BadToken: it does not hold.
    """
    return selectors.holder_of(read_token(token))


class BearerAuthentication(BaseAuthentication):
    """REST framework's view of what `ActorMiddleware` found out."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        """The user of the token, or ``None`` when there is no token."""
        inner = request._request  # noqa: SLF001 - where the middleware left its finding
        failure: Unauthenticated | None = getattr(inner, "oms_auth_failure", None)
        if failure is not None:
            raise AuthenticationFailed(failure.message, code=failure.error_code)
        user: User | None = getattr(inner, "oms_bearer_user", None)
        return None if user is None else (user, None)

    def authenticate_header(self, request: Request) -> str:
        """What ``WWW-Authenticate`` says in a 401."""
        return 'Bearer realm="oms"'
