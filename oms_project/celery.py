"""The Celery application: the broker is Redis where it is configured.

Workers: ``celery -A oms_project worker``. The queue is a doorbell: what must not be lost is a row.
"""

from __future__ import annotations

from celery import Celery
from django.conf import settings

from oms_project.settings.env import use_settings

__all__ = ["app"]

use_settings("oms_project.settings.prod")

app = Celery("oms")
app.config_from_object(
    {
        "broker_url": settings.OMS_BROKER_URL,
        "broker_connection_timeout": 4,
        "broker_transport_options": {"socket_timeout": 5, "socket_connect_timeout": 4},
        "broker_connection_retry_on_startup": True,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "timezone": "UTC",
        "worker_hijack_root_logger": False,
    }
)
app.autodiscover_tasks()
