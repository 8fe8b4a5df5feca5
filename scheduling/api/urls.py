"""``/api/v1/jobs…``."""

from __future__ import annotations

from django.urls import path

from scheduling.api import views

__all__ = ["urlpatterns"]

urlpatterns = [
    path("jobs", views.JobListView.as_view(), name="jobs"),
    path("jobs/<uuid:job_id>", views.JobView.as_view(), name="job"),
    path("jobs/<uuid:job_id>/cancel", views.JobCancelView.as_view(), name="job-cancel"),
]
