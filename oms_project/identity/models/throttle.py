"""Failed sign-ins, counted."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

__all__ = ["LoginThrottle"]


class LoginThrottle(models.Model):
    """How often something failed lately: a name from an address, a name, an address.

    The key is a hash: what people type as their name is, now and then, their password.
    """

    key = models.CharField(max_length=64, primary_key=True)
    failures = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("failed sign-ins")
        verbose_name_plural = _("failed sign-ins")

    def __str__(self) -> str:
        return f"{self.key[:8]}: {self.failures}"
