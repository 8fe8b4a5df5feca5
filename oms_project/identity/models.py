"""Users and their roles as rows."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, PermissionsMixin, UserManager
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from oms_project.core.clock import utc_now

__all__ = ["RoleBinding", "User"]


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in. The id never changes and never comes back; names may change."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = models.CharField(
        _("user name"),
        max_length=150,
        unique=True,
        validators=[UnicodeUsernameValidator()],
        help_text=_("Letters, digits and @ . + - _ only; unique without regard to case."),
        error_messages={"unique": _("A user with that name already exists.")},
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


class RoleBinding(models.Model):
    """A user holds a role, for everything or for one ontology."""

    class RoleChoice(models.TextChoices):
        VIEWER = "viewer", _("Viewer: reads and exports")
        EDITOR = "editor", _("Editor: also commits and branches")
        MAINTAINER = "maintainer", _("Maintainer: also merges into protected branches")
        ADMINISTRATOR = "administrator", _("Administrator: also settings, users, deletion")

    user = models.ForeignKey(
        User, verbose_name=_("user"), on_delete=models.CASCADE, related_name="bindings"
    )
    role = models.CharField(_("role"), max_length=20, choices=RoleChoice.choices)
    ontology = models.CharField(
        _("ontology"),
        max_length=200,
        blank=True,
        default="",
        help_text=_("Name of the one ontology that the role is for; empty: for everything."),
    )
    created_at = models.DateTimeField(_("created"), default=utc_now, editable=False)
    created_by = models.CharField(_("granted by"), max_length=200, blank=True, editable=False)

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        ordering = ("user__username", "ontology", "role")
        constraints = (
            models.UniqueConstraint(
                fields=("user", "role", "ontology"), name="identity_rolebinding_once"
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=("viewer", "editor", "maintainer", "administrator")),
                name="identity_rolebinding_role",
            ),
        )

    def __str__(self) -> str:
        return f"{self.user}: {self.role} ({self.ontology or '*'})"
