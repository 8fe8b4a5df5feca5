"""Rules of passwords that Django does not ship; named in ``AUTH_PASSWORD_VALIDATORS``.

Length and a list of known passwords, and no rule about kinds of characters: OWASP ASVS 5 (6.2) and
NIST SP 800-63B say why.
"""

from __future__ import annotations

import itertools

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

__all__ = ["MaximumLengthValidator", "TrivialPasswordValidator"]


class MaximumLengthValidator:
    """Long phrases are welcome; what is longer than this only keeps the server busy."""

    def __init__(self, max_length: int = 256) -> None:
        self.max_length = max_length

    def validate(self, password: str, user: object | None = None) -> None:
        """Django's hook.

        Raises:
            ValidationError: it is too long.
        """
        if len(password) > self.max_length:
            raise ValidationError(self.get_help_text(), code="password_too_long")

    def get_help_text(self) -> str:
        """The rule in words."""
        return ngettext(
            "Your password may have at most %(count)d character.",
            "Your password may have at most %(count)d characters.",
            self.max_length,
        ) % {"count": self.max_length}


class TrivialPasswordValidator:
    """No single letter over and over, no run along the alphabet or the digits."""

    def __init__(self, min_distinct: int = 5) -> None:
        self.min_distinct = min_distinct

    def validate(self, password: str, user: object | None = None) -> None:
        """Django's hook.

        Raises:
            ValidationError: it repeats or counts.
        """
        steps = {ord(b) - ord(a) for a, b in itertools.pairwise(password)}
        if password.isdigit():
            steps = {step % 10 for step in steps}
        if len(set(password)) < self.min_distinct or len(steps) == 1:
            raise ValidationError(self.get_help_text(), code="password_trivial")

    def get_help_text(self) -> str:
        """The rule in words."""
        return _("Your password cannot be a repetition or a simple sequence.")
