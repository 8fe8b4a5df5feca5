"""Addresses of GraphQL."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from oms_project.graphql.views import graphql, schema_text

__all__ = ["urlpatterns"]

urlpatterns: list[URLPattern | URLResolver] = [
    path("graphql", graphql, name="graphql"),
    path("graphql/schema.graphql", schema_text, name="graphql-schema"),
]
