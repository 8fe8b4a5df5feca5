"""What was issued and may be taken back: sessions, tokens, delegations."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from oms_project.core.clock import utc_now
from oms_project.identity.models.people import User

__all__ = ["Delegation", "RevokedToken", "TokenSession"]


class Delegation(models.Model):
    """A service may act for a user, for a stated reason, until it expires (RFC 8693)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    service = models.ForeignKey(
        User,
        verbose_name=_("service account"),
        on_delete=models.CASCADE,
        related_name="delegations_held",
        limit_choices_to={"kind": User.Kind.SERVICE},
    )
    user = models.ForeignKey(
        User,
        verbose_name=_("on behalf of"),
        on_delete=models.CASCADE,
        related_name="delegations_given",
        limit_choices_to={"kind": User.Kind.PERSON},
    )
    reason = models.CharField(_("reason"), max_length=500)
    permissions = models.JSONField(
        _("permissions"),
        default=list,
        blank=True,
        help_text=_("Only these permissions; empty: all that both have."),
    )
    ontology = models.CharField(
        _("ontology"),
        max_length=200,
        blank=True,
        default="",
        help_text=_("Name of the one ontology that it is for; empty: for everything."),
    )
    expires_at = models.DateTimeField(_("expires"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=utc_now, editable=False)
    created_by = models.CharField(_("granted by"), max_length=200, blank=True, editable=False)

    class Meta:
        verbose_name = _("delegation")
        verbose_name_plural = _("delegations")
        ordering = ("-created_at",)
        constraints = (
            models.CheckConstraint(
                condition=~Q(service=models.F("user")), name="identity_delegation_parties"
            ),
        )

    def __str__(self) -> str:
        return f"{self.service} → {self.user}"


class TokenSession(models.Model):
    """All tokens that go back to one sign-in: they end together.

    ``refresh_jti`` is the one refresh token that may still be used. An older one that turns up
    again was copied by somebody, and ends the session (RFC 9700, section 4.14).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="token_sessions")
    delegation = models.ForeignKey(
        Delegation, on_delete=models.CASCADE, null=True, related_name="sessions"
    )
    refresh_jti = models.CharField(max_length=64, blank=True)
    #: What the passwords were when the session began, as a keyed hash: new ones end it.
    credential = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(_("created"), default=utc_now)
    last_used_at = models.DateTimeField(_("last used"), default=utc_now)
    expires_at = models.DateTimeField(_("expires"))
    revoked_at = models.DateTimeField(_("ended"), null=True)
    revoked_reason = models.CharField(_("why"), max_length=100, blank=True)
    address = models.CharField(_("address"), max_length=100, blank=True)
    agent = models.CharField(_("program"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        ordering = ("-created_at",)
        indexes = (models.Index(fields=("user", "-created_at"), name="identity_session_user"),)

    def __str__(self) -> str:
        return f"{self.user} {self.created_at:%Y-%m-%d %H:%M}"


class RevokedToken(models.Model):
    """One token that no longer holds, until it would have expired."""

    jti = models.CharField(max_length=64, primary_key=True)
    expires_at = models.DateTimeField(db_index=True)
    revoked_at = models.DateTimeField(default=utc_now)
    reason = models.CharField(max_length=100, blank=True)

    class Meta:
        verbose_name = _("revoked token")
        verbose_name_plural = _("revoked tokens")

    def __str__(self) -> str:
        return str(self.jti)
