"""The addresses of a data kernel (``manage.py kernel``): health, metrics, the kernel's own REST."""

from __future__ import annotations

from django.urls import re_path

from oms_project.api.views import unknown_endpoint
from oms_project.observability.health import urlpatterns as health_urls
from oms_project.observability.metrics import urlpatterns as metrics_urls
from ontology.api.kernel_urls import kernel_patterns, terminus_patterns

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    *health_urls,
    *metrics_urls,
    *kernel_patterns,
    *terminus_patterns,
    re_path("", unknown_endpoint),
]

handler400 = "oms_project.api.handlers.bad_request"
handler403 = "oms_project.api.handlers.permission_denied"
handler404 = "oms_project.api.handlers.not_found"
handler500 = "oms_project.api.handlers.server_error"
