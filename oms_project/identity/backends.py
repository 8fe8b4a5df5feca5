"""Django's way into `services.check_password`: for the console's sign-in page."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from oms_project.identity.contract import BadCredentials
from oms_project.identity.models import User
from oms_project.identity.services.sign_in import check_password

__all__ = ["PasswordBackend"]


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
