"""The events app."""

from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _

from oms_project.core.health import register_health_check


class EventsConfig(AppConfig):
    """The outbox, what drains it, and where events go."""

    name = "events"
    verbose_name = _("Events")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from events.selectors.lag import relay_health

        register_health_check("events", relay_health)
        if settings.NATS_URL:
            from events.adapters.streams import stream_health

            # Events wait while it is away; nothing else does.
            register_health_check("nats", stream_health, reported=True)
        autodiscover_modules("consumers")  # every app registers its consumers in `consumers.py`
