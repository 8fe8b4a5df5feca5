"""The console's sign-in page."""

from __future__ import annotations

from typing import Any

from unfold.forms import AuthenticationForm

from oms_project.identity.backends import wait
from oms_project.identity.contract import TooManyAttempts

__all__ = ["SignInForm"]


class SignInForm(AuthenticationForm):
    """Says when too many sign-ins have failed; the answer is then a 429 with Retry-After."""

    def clean(self) -> dict[str, Any]:
        """Check name and password."""
        try:
            cleaned: dict[str, Any] = super().clean()
        except TooManyAttempts as error:
            raise wait(self.request, error) from error
        return cleaned
