"""``/api/v1/auth/…``."""

from __future__ import annotations

from django.urls import path

from oms_project.identity.api import openapi, views

__all__ = ["openapi", "urlpatterns"]

urlpatterns = [
    path("auth/token", views.TokenView.as_view(), name="auth-token"),
    path("auth/refresh", views.RefreshView.as_view(), name="auth-refresh"),
    path("auth/verify", views.VerifyView.as_view(), name="auth-verify"),
    path("auth/me", views.MeView.as_view(), name="auth-me"),
]
