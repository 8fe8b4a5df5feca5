"""Keys and the answers that were given for them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

__all__ = ["IdempotencyKey"]


class IdempotencyKey(models.Model):
    """One key of one actor. ``status`` is empty while its request is being served."""

    actor_id = models.CharField(_("actor"), max_length=64)
    key = models.CharField(_("key"), max_length=255)
    fingerprint = models.CharField(_("fingerprint of the request"), max_length=64)
    attempt = models.CharField(_("attempt"), max_length=36)
    claimed_at = models.DateTimeField(_("claimed"))
    expires_at = models.DateTimeField(_("expires"), db_index=True)
    status = models.PositiveSmallIntegerField(_("status"), null=True)
    headers = models.JSONField(_("headers"), default=dict)
    body = models.BinaryField(_("compressed body"), default=b"")

    class Meta:
        verbose_name = _("idempotency key")
        verbose_name_plural = _("idempotency keys")
        constraints = (
            models.UniqueConstraint(fields=("actor_id", "key"), name="idempotency_key_unique"),
        )

    def __str__(self) -> str:
        return self.key
