"""The audit app."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from oms_project.core.health import register_health_check


class AuditConfig(AppConfig):
    """The audit trail and what watches rows for it."""

    name = "audit"
    verbose_name = _("Audit trail")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit.selectors import trail_health

        register_health_check("audit", trail_health)
