"""Who there is: people and service accounts, and how a service account proves itself."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, PermissionsMixin, UserManager
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from oms_project.core.clock import utc_now

__all__ = ["ClientSecret", "ServiceAccount", "User"]


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in, or the principal of a service account, which has no password.

    The id never changes and never comes back; names may change.
    """

    class Kind(models.TextChoices):
        PERSON = "user", _("Person")
        SERVICE = "service", _("Service account")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = models.CharField(
        _("user name"),
        max_length=150,
        unique=True,
        validators=[UnicodeUsernameValidator()],
        help_text=_("Letters, digits and @ . + - _ only; unique without regard to case."),
        error_messages={"unique": _("A user with that name already exists.")},
    )
    kind = models.CharField(
        _("kind"), max_length=10, choices=Kind.choices, default=Kind.PERSON, editable=False
    )
    display_name = models.CharField(_("display name"), max_length=200, blank=True)
    email = models.EmailField(_("e-mail address"), blank=True)
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Clear this instead of deleting a user.")
    )
    is_staff = models.BooleanField(
        _("console access"), default=True, help_text=_("May sign in to the console.")
    )
    created_at = models.DateTimeField(_("created"), default=utc_now, editable=False)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["email"]

    objects = UserManager["User"]()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ("username",)
        constraints = (
            models.UniqueConstraint(
                Lower("username"),
                name="identity_user_name_caseless",
                violation_error_message=_("A user with that name already exists."),
            ),
        )

    def __str__(self) -> str:
        return self.username

    def get_full_name(self) -> str:
        return self.display_name or self.username

    def get_short_name(self) -> str:
        return self.username


class ServiceAccount(models.Model):
    """What a service account has besides its principal: a client id, and somebody responsible."""

    user = models.OneToOneField(
        User,
        verbose_name=_("principal"),
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="service_account",
    )
    client_id = models.CharField(_("client id"), max_length=64, unique=True, editable=False)
    description = models.CharField(_("description"), max_length=500, blank=True)
    owner = models.ForeignKey(
        User,
        verbose_name=_("responsible"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="owned_service_accounts",
    )
    created_at = models.DateTimeField(_("created"), default=utc_now, editable=False)
    created_by = models.CharField(_("created by"), max_length=200, blank=True, editable=False)

    class Meta:
        verbose_name = _("service account")
        verbose_name_plural = _("service accounts")
        ordering = ("client_id",)

    def __str__(self) -> str:
        return str(self.client_id)


class ClientSecret(models.Model):
    """A secret of a service account, as a hash. Two may hold at once, while one replaces the
    other.
    """

    account = models.ForeignKey(
        ServiceAccount,
        verbose_name=_("service account"),
        on_delete=models.CASCADE,
        related_name="secrets",
    )
    secret_hash = models.CharField(max_length=200, editable=False)
    hint = models.CharField(
        _("ends with"), max_length=8, editable=False, help_text=_("The last characters.")
    )
    created_at = models.DateTimeField(_("created"), default=utc_now, editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("client secret")
        verbose_name_plural = _("client secrets")
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"…{self.hint}"
