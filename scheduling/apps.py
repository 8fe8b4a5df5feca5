"""The scheduling app."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _

from oms_project.core.health import register_health_check


class SchedulingConfig(AppConfig):
    """Jobs and their worker."""

    name = "scheduling"
    verbose_name = _("Jobs")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from scheduling.selectors import job_counts

        autodiscover_modules("tasks")  # every app registers its tasks in `tasks.py`
        register_health_check("jobs", job_counts)
