"""Long work: 202 with the job to watch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from rest_framework.request import Request

from ontology.api.endpoint import Answer
from ontology.api.rendering import json_response
from scheduling.api.serializers import JobSerializer, render_job
from scheduling.contract import job_service

__all__ = ["JOB_STARTED", "started_job", "wants_job"]

JOB_STARTED = Answer(
    202,
    "A job does it; `Location` leads to its state, progress and result.",
    JobSerializer,
    "Job",
    headers=("Location",),
)


def wants_job(request: Request) -> bool:
    """Whether the client prefers a job (RFC 7240)."""
    preferences = request.headers.get("Prefer", "").split(",")
    return any(item.partition(";")[0].strip().lower() == "respond-async" for item in preferences)


def started_job(task: str, arguments: Mapping[str, Any]) -> HttpResponse:
    """Submit a job and answer with it."""
    job = job_service.submit(task=task, arguments=arguments)
    return json_response(
        render_job(job), status=202, Location=reverse("job", kwargs={"job_id": job.id})
    )
