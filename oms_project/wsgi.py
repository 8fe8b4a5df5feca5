"""The WSGI application: REST and console on a synchronous server."""

from __future__ import annotations

from django.core.wsgi import get_wsgi_application

from oms_project.settings.env import use_settings

use_settings("oms_project.settings.prod")
application = get_wsgi_application()  # sets up the apps, before anything below imports them

from scheduling.worker import start_worker  # noqa: E402

start_worker()
