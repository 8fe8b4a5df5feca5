"""The WSGI application: REST and console on a synchronous server."""

from __future__ import annotations

from django.core.wsgi import get_wsgi_application

from oms_project.settings.env import use_settings

use_settings("oms_project.settings.prod")
application = get_wsgi_application()  # sets up the apps, before anything below imports them

from audit.sequencer import start_sequencer  # noqa: E402
from events.relay.process import start_relay  # noqa: E402
from oms_project.middleware.declarations import check_routes  # noqa: E402
from ontology.services.homes.loop import start_reconciler  # noqa: E402
from scheduling.worker import start_worker  # noqa: E402

check_routes()  # nothing is served while a route does not say who may use it
start_worker()
start_sequencer()
start_relay()
start_reconciler()
