"""Who may do what, as rows that people edit."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from oms_project.core.clock import utc_now
from oms_project.identity.models.people import User

__all__ = [
    "ActionRule",
    "AttributeRule",
    "ProtectionRule",
    "RoleBinding",
    "RoleChoice",
    "SensitivityChoice",
]


class RoleChoice(models.TextChoices):
    """Roles, as the console names them."""

    VIEWER = "viewer", _("Viewer: reads and exports")
    EDITOR = "editor", _("Editor: also commits and branches")
    REVIEWER = "reviewer", _("Reviewer: also approves what others propose")
    MAINTAINER = "maintainer", _("Maintainer: also merges into protected branches")
    ADMINISTRATOR = "administrator", _("Administrator: also settings, users, deletion")
    AUDITOR = "auditor", _("Auditor: reads the audit trail and the policies, changes nothing")
    GATEWAY = (
        "gateway",
        _("Gateway: lets another OMS process use the data kernel as its store, nothing else"),
    )


class SensitivityChoice(models.TextChoices):
    """How far values may be shown."""

    PUBLIC = "public", _("Public")
    INTERNAL = "internal", _("Internal")
    RESTRICTED = "restricted", _("Restricted")
    SECRET = "secret", _("Secret")


class RoleBinding(models.Model):
    """A user, service account or group holds a role: for everything, for one ontology, or for
    the branches of a pattern.
    """

    user = models.ForeignKey(
        User,
        verbose_name=_("user or service account"),
        on_delete=models.CASCADE,
        related_name="bindings",
        null=True,
        blank=True,
    )
    group = models.ForeignKey(
        Group,
        verbose_name=_("group"),
        on_delete=models.CASCADE,
        related_name="bindings",
        null=True,
        blank=True,
    )
    role = models.CharField(_("role"), max_length=20, choices=RoleChoice.choices)
    ontology = models.CharField(
        _("ontology"),
        max_length=200,
        blank=True,
        default="",
        help_text=_("Name of the one ontology that the role is for; empty: for everything."),
    )
    branch = models.CharField(
        _("branches"),
        max_length=200,
        blank=True,
        default="",
        help_text=_(
            "Branches that the role is for, such as release/* (* stands for any text); "
            "empty: for all."
        ),
    )
    expires_at = models.DateTimeField(
        _("expires"), null=True, blank=True, help_text=_("Empty: it does not.")
    )
    created_at = models.DateTimeField(_("created"), default=utc_now, editable=False)
    created_by = models.CharField(_("granted by"), max_length=200, blank=True, editable=False)

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        ordering = ("user__username", "group__name", "ontology", "branch", "role")
        constraints = (
            models.UniqueConstraint(
                fields=("user", "role", "ontology", "branch"), name="identity_rolebinding_once"
            ),
            models.UniqueConstraint(
                fields=("group", "role", "ontology", "branch"), name="identity_rolebinding_group"
            ),
            models.CheckConstraint(
                condition=Q(role__in=RoleChoice.values), name="identity_rolebinding_role"
            ),
            models.CheckConstraint(
                condition=Q(user__isnull=True) ^ Q(group__isnull=True),
                name="identity_rolebinding_principal",
                violation_error_message=_("Name a user or a group, and not both."),
            ),
        )

    def __str__(self) -> str:
        where = f"{self.ontology or '*'}{':' + self.branch if self.branch else ''}"
        return f"{self.user or self.group}: {self.role} ({where})"


class ProtectionRule(models.Model):
    """Branches that are protected by their name, whether they exist already or not."""

    ontology = models.CharField(
        _("ontology"),
        max_length=200,
        blank=True,
        default="",
        help_text=_("Name of the one ontology that the rule is for; empty: for all."),
    )
    pattern = models.CharField(
        _("branches"),
        max_length=200,
        help_text=_("Such as release/* (* stands for any text)."),
    )
    note = models.CharField(_("note"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("created"), default=utc_now, editable=False)
    created_by = models.CharField(_("created by"), max_length=200, blank=True, editable=False)

    class Meta:
        verbose_name = _("branch protection")
        verbose_name_plural = _("branch protections")
        ordering = ("ontology", "pattern")
        constraints = (
            models.UniqueConstraint(
                fields=("ontology", "pattern"), name="identity_protectionrule_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.ontology or '*'}:{self.pattern}"


class AttributeRule(models.Model):
    """How sensitive values may be that a role, user or group sees: of everything, of an object
    type, or of a property.
    """

    role = models.CharField(
        _("role"), max_length=20, choices=RoleChoice.choices, blank=True, default=""
    )
    user = models.ForeignKey(
        User,
        verbose_name=_("user or service account"),
        on_delete=models.CASCADE,
        related_name="attribute_rules",
        null=True,
        blank=True,
    )
    group = models.ForeignKey(
        Group,
        verbose_name=_("group"),
        on_delete=models.CASCADE,
        related_name="attribute_rules",
        null=True,
        blank=True,
    )
    ontology = models.CharField(
        _("ontology"),
        max_length=200,
        blank=True,
        default="",
        help_text=_("Name of the one ontology that the rule is for; empty: for all."),
    )
    object_type = models.CharField(
        _("object type"),
        max_length=200,
        blank=True,
        default="",
        help_text=_("Name of an object type; its subtypes are meant too. Empty: every type."),
    )
    property_name = models.CharField(
        _("property"),
        max_length=200,
        blank=True,
        default="",
        help_text=_("Name of a property; empty: every property."),
    )
    level = models.CharField(
        _("sees up to"),
        max_length=20,
        choices=SensitivityChoice.choices,
        help_text=_("Values of properties that are more sensitive are masked."),
    )
    note = models.CharField(_("note"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("created"), default=utc_now, editable=False)
    created_by = models.CharField(_("created by"), max_length=200, blank=True, editable=False)

    class Meta:
        verbose_name = _("attribute rule")
        verbose_name_plural = _("attribute rules")
        ordering = ("ontology", "object_type", "property_name", "role")
        constraints = (
            models.CheckConstraint(
                condition=Q(level__in=SensitivityChoice.values), name="identity_attributerule_level"
            ),
            models.CheckConstraint(
                condition=(
                    (~Q(role="") & Q(user__isnull=True) & Q(group__isnull=True))
                    | (Q(role="") & Q(user__isnull=False) & Q(group__isnull=True))
                    | (Q(role="") & Q(user__isnull=True) & Q(group__isnull=False))
                ),
                name="identity_attributerule_whom",
                violation_error_message=_("Name one of these: a role, a user, a group."),
            ),
        )

    def __str__(self) -> str:
        whom = self.role or self.user or self.group
        return f"{whom}: {self.object_type or '*'}.{self.property_name or '*'} ≤ {self.level}"


class ActionRule(models.Model):
    """Whether a role, user or group may run an action, whatever roles allow besides."""

    allowed = models.BooleanField(
        _("may run it"),
        default=True,
        help_text=_("Off: may not, whatever roles and other rules allow."),
    )
    role = models.CharField(
        _("role"), max_length=20, choices=RoleChoice.choices, blank=True, default=""
    )
    user = models.ForeignKey(
        User,
        verbose_name=_("user or service account"),
        on_delete=models.CASCADE,
        related_name="action_rules",
        null=True,
        blank=True,
    )
    group = models.ForeignKey(
        Group,
        verbose_name=_("group"),
        on_delete=models.CASCADE,
        related_name="action_rules",
        null=True,
        blank=True,
    )
    ontology = models.CharField(
        _("ontology"),
        max_length=200,
        blank=True,
        default="",
        help_text=_("Name of the one ontology that the rule is for; empty: for all."),
    )
    action = models.CharField(
        _("action"),
        max_length=200,
        blank=True,
        default="",
        help_text=_("Name of an action type; empty: every action."),
    )
    branch = models.CharField(
        _("branches"),
        max_length=200,
        blank=True,
        default="",
        help_text=_(
            "Branches that the rule is for, such as main or release/* (* stands for any text), "
            "protected ones too; empty: all that are not protected."
        ),
    )
    note = models.CharField(_("note"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("created"), default=utc_now, editable=False)
    created_by = models.CharField(_("created by"), max_length=200, blank=True, editable=False)

    class Meta:
        verbose_name = _("action rule")
        verbose_name_plural = _("action rules")
        ordering = ("ontology", "action", "role")
        constraints = (
            models.CheckConstraint(
                condition=(
                    (~Q(role="") & Q(user__isnull=True) & Q(group__isnull=True))
                    | (Q(role="") & Q(user__isnull=False) & Q(group__isnull=True))
                    | (Q(role="") & Q(user__isnull=True) & Q(group__isnull=False))
                ),
                name="identity_actionrule_whom",
                violation_error_message=_("Name one of these: a role, a user, a group."),
            ),
        )

    def __str__(self) -> str:
        whom = self.role or self.user or self.group
        may = "may" if self.allowed else "may not"
        return f"{whom} {may} {self.ontology or '*'}:{self.action or '*'}"
