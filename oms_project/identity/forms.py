"""The console's sign-in page."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import ngettext
from unfold.forms import AuthenticationForm

from oms_project.identity.contract import TooManyAttempts

__all__ = ["SignInForm"]


class SignInForm(AuthenticationForm):
    """Says when too many sign-ins have failed; the answer is then a 429 with Retry-After."""

    def clean(self) -> dict[str, Any]:
        """Check name and password."""
        try:
            cleaned: dict[str, Any] = super().clean()
        except TooManyAttempts as error:
            if self.request is not None:
                self.request.oms_retry_after = error.retry_after
            minutes = -(-error.retry_after // 60)
            raise ValidationError(
                ngettext(
                    "Too many failed attempts to sign in. Try again in %(count)d minute.",
                    "Too many failed attempts to sign in. Try again in %(count)d minutes.",
                    minutes,
                )
                % {"count": minutes},
                code="too_many_attempts",
            ) from error
        return cleaned
