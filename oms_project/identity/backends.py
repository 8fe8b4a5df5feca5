"""Where the console's sessions begin and end: Django's own ways into and out of them."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user, logout
from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import ngettext

from oms_project.identity.contract import BadCredentials, TooManyAttempts
from oms_project.identity.models import User
from oms_project.identity.services.sessions import note_sign_out
from oms_project.identity.services.sign_in import check_password

__all__ = ["PasswordBackend", "sign_out_of_console", "wait"]


class PasswordBackend(ModelBackend):
    """Counts, records and checks as the REST door does; no permissions of Django's own."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """The person, or None.

        Raises:
            TooManyAttempts: the page has to say so.
        """
        if username is None or password is None:
            return None
        try:
            return check_password(username=username, password=password)
        except BadCredentials:
            return None

    def user_can_authenticate(self, user: Any) -> bool:
        """People only, and active ones: asked again for each request of a session."""
        return bool(user.is_active) and user.kind == User.Kind.PERSON


def sign_out_of_console(request: HttpRequest) -> None:
    """End the console session of a request, and record that; there may be none."""
    user = get_user(request)  # the session's: a token beside it may be somebody else's
    with transaction.atomic():
        if isinstance(user, User):
            note_sign_out(user=user)
        logout(request)


def wait(request: HttpRequest | None, error: TooManyAttempts) -> ValidationError:
    """What a form says when too many attempts failed; the answer becomes a 429."""
    if request is not None:
        request.oms_retry_after = error.retry_after  # type: ignore[attr-defined] # for the headers
    minutes = -(-error.retry_after // 60)
    return ValidationError(
        ngettext(
            "Too many failed attempts to sign in. Try again in %(count)d minute.",
            "Too many failed attempts to sign in. Try again in %(count)d minutes.",
            minutes,
        )
        % {"count": minutes},
        code="too_many_attempts",
    )
