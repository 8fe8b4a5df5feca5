"""Every address: health, metrics, the REST API, the console, and what answers when there is none."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from django.views.i18n import set_language

from oms_project.api.views import unknown_endpoint
from oms_project.core.routes import PUBLIC, declared
from oms_project.identity.api.urls import well_known
from oms_project.observability import health
from oms_project.observability.health import urlpatterns as health_urls
from oms_project.observability.metrics import urlpatterns as metrics_urls
from ontology.api.kernel_urls import terminus_patterns

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    *health_urls,
    *metrics_urls,
    path(".well-known/", include(well_known)),
    path("api/v1/kernel/health", health.overview),
    path("api/v1/kernel/health/live", health.live),
    path("api/v1/kernel/health/ready", health.ready),
    path("terminusdb/", include(terminus_patterns)),
    path("api", unknown_endpoint),
    path("api/", include("oms_project.api.urls")),
    path("", include("oms_project.graphql.urls")),
    path("", include("ontology.graphql.typed.urls")),
    path(
        "i18n/setlang/",
        declared(set_language, PUBLIC("the sign-in page has languages as well")),
        name="set_language",
    ),
    path("console/ontology/", include("ontology.console.urls")),
    path("console/audit/", include("audit.console.urls")),
    path("console/events/", include("events.console.urls")),
    path("console/", admin.site.urls),
    path(
        "",
        declared(
            RedirectView.as_view(pattern_name="admin:index"), PUBLIC("it leads to the sign-in page")
        ),
        name="home",
    ),
]

handler400 = "oms_project.api.handlers.bad_request"
handler403 = "oms_project.api.handlers.permission_denied"
handler404 = "oms_project.api.handlers.not_found"
handler500 = "oms_project.api.handlers.server_error"
