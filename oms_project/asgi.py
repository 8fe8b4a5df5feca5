"""The ASGI application: HTTP, and WebSockets for GraphQL."""

from __future__ import annotations

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

from oms_project.settings.env import use_settings

use_settings("oms_project.settings.prod")
_http = get_asgi_application()  # sets up the apps, before anything below imports them

from audit.sequencer import start_sequencer  # noqa: E402
from events.relay.process import start_relay  # noqa: E402
from oms_project.graphql.routing import sockets  # noqa: E402
from oms_project.middleware.declarations import check_routes  # noqa: E402
from oms_project.serving import teach_daphne  # noqa: E402
from ontology.services.homes.loop import start_reconciler  # noqa: E402
from scheduling.worker import start_worker  # noqa: E402

application = ProtocolTypeRouter({"http": _http, "websocket": sockets})
check_routes(application)  # nothing is served while a route does not say who may use it
teach_daphne()
start_worker()
start_sequencer()
start_relay()
start_reconciler()
