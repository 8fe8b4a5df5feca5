"""Addresses of the typed endpoints."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from ontology.graphql.typed.views import schema_text, typed

__all__ = ["urlpatterns"]

urlpatterns: list[URLPattern | URLResolver] = [
    path("graphql/<str:ontology>", typed, name="graphql-typed"),
    path("graphql/<str:ontology>/schema.graphql", schema_text, name="graphql-typed-schema"),
]
