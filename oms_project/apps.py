"""The platform as a Django app: its commands, and what must hold before anything is served."""

from __future__ import annotations

import gc

from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class OmsProjectConfig(AppConfig):
    """Sets up logging and resolves the service switch."""

    name = "oms_project"
    verbose_name = _("OMS")

    def ready(self) -> None:
        from oms_project.core.services import check_services
        from oms_project.middleware.declarations import register_route_check
        from oms_project.observability import checks, logs

        logs.configure(settings.OMS_LOGGING)
        check_services()
        checks.register_platform_checks()
        register_route_check()
        _relax_garbage_collector()


def _relax_garbage_collector() -> None:
    """Collect cycles less often, and never look again at what was loaded at start.

    By default Python walks young objects after every 700 allocations. Imports, diffs and lists
    allocate hundreds of thousands of plain values without cycles; walking them took a third of an
    import's time. What the start loaded lives as long as the process.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
