"""``/api/v1/``: the apps' endpoints side by side, the document, and an answer for the rest."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path, re_path

from oms_project.api.views import DocsView, SchemaView, unknown_endpoint

__all__ = ["urlpatterns"]

_v1: list[URLPattern | URLResolver] = [
    path("schema", SchemaView.as_view(), name="schema"),
    path("docs", DocsView.as_view(), name="api-docs"),
    path("", include("oms_project.identity.api.urls")),
    path("", include("oms_project.identity.api.policies.urls")),
    path("", include("audit.api.urls")),
    path("", include("scheduling.api.urls")),
    path("", include("events.api.urls")),
    path("", include("ontology.api.urls")),
]
urlpatterns = [
    path("v1/", include(_v1)),
    re_path(r"^.*$", unknown_endpoint),
]
