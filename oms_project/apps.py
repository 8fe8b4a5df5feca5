"""The platform as a Django app: its commands, and what must hold before anything is served."""

from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class OmsProjectConfig(AppConfig):
    """Sets up logging and resolves the service switch."""

    name = "oms_project"
    verbose_name = _("OMS")

    def ready(self) -> None:
        from oms_project.core.services import check_services
        from oms_project.observability import checks, logs

        logs.configure(settings.OMS_LOGGING)
        check_services()
        checks.register_platform_checks()
