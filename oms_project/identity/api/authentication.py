"""Bearer tokens: one place that decides whether a token holds, for every door."""

from __future__ import annotations

from typing import cast

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException, AuthenticationFailed
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication

from oms_project.core.errors import Unauthenticated
from oms_project.identity.models import User

__all__ = ["BearerAuthentication", "bearer_user"]

_jwt = JWTAuthentication()
_REFUSED = "The access token is not valid or has expired: sign in again."


def bearer_user(request: HttpRequest) -> User | None:
    """The user whose access token stands in ``Authorization``; ``None`` without a bearer token.

    Raises:
        Unauthenticated: the token does not hold. The answer is the same for every reason, so that
            it tells nothing to somebody who guesses.
    """
    try:
        # simplejwt reads `META` only, which both kinds of request have.
        found = _jwt.authenticate(cast("Request", request))
    except (APIException, ValidationError) as error:  # a subject may be no UUID
        raise Unauthenticated(_REFUSED, code="bad_token") from error
    return None if found is None else cast("User", found[0])


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
