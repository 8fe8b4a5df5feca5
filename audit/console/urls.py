"""Addresses of the trail's pages, below the console's ``audit/``."""

from __future__ import annotations

from django.urls import path

from audit.console import views

__all__ = ["app_name", "urlpatterns"]

app_name = "audit_console"

urlpatterns = [
    path("", views.timeline, name="timeline"),
    path("state/", views.state, name="state"),
    path("state/verify/", views.verify, name="verify"),
    path("events/<str:event_id>/", views.event, name="event"),
]
