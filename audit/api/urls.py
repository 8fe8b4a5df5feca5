"""``/api/v1/audit/…``."""

from __future__ import annotations

from django.urls import path

from audit.api import views

__all__ = ["urlpatterns"]

urlpatterns = [
    path("audit/events", views.EventsView.as_view(), name="audit-events"),
    path("audit/events/<str:event_id>", views.EventView.as_view(), name="audit-event"),
    path("audit/export", views.ExportView.as_view(), name="audit-export"),
    path("audit/checkpoint", views.CheckpointView.as_view(), name="audit-checkpoint"),
    path("audit/consistency", views.ConsistencyView.as_view(), name="audit-consistency"),
    path("audit/state", views.StateView.as_view(), name="audit-state"),
    path("audit/verify", views.VerifyView.as_view(), name="audit-verify"),
]
