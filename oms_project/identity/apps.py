"""The identity app."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IdentityConfig(AppConfig):
    """Users, roles, tokens."""

    name = "oms_project.identity"
    label = "identity"
    verbose_name = _("Users and roles")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.contrib.auth.models import Group

        from audit.contract import row_watch
        from oms_project.identity import models

        row_watch.watch(models.User, exclude=("last_login",), links=("groups",))
        row_watch.watch(models.ClientSecret, exclude=("last_used_at",))
        for model in (
            Group,
            models.RoleBinding,
            models.ProtectionRule,
            models.AttributeRule,
            models.ActionRule,
            models.ServiceAccount,
            models.Delegation,
        ):
            row_watch.watch(model)
