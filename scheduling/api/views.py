"""Jobs over REST: list, look, cancel. What starts them are the endpoints of the work itself."""

from __future__ import annotations

import uuid
from typing import ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oms_project.api.pages import PAGE_PARAMETERS, page_request, page_response
from oms_project.core.authorization import permissions
from oms_project.core.errors import BadRequest
from oms_project.core.routes import Declaration
from scheduling.api.serializers import JobPageSerializer, JobSerializer, render_job
from scheduling.contract import JobState, job_service

__all__ = ["JobCancelView", "JobListView", "JobView"]


class JobListView(APIView):
    """Jobs, newest first."""

    required_permissions: ClassVar[Declaration] = {"GET": permissions.JOBS_READ}

    @extend_schema(
        tags=["jobs"],
        operation_id="jobs_list",
        summary="List jobs",
        description="One's own jobs, newest first; everybody's for administrators.",
        parameters=[
            *PAGE_PARAMETERS,
            OpenApiParameter("state", str, enum=[state.value for state in JobState]),
            OpenApiParameter("task", str, description="The name of the task."),
        ],
        responses=JobPageSerializer,
    )
    def get(self, request: Request) -> Response:
        limit, cursor = page_request(request)
        page = job_service.list(
            state=_state(request.query_params.get("state")),
            task=request.query_params.get("task") or None,
            limit=limit,
            cursor=cursor,
        )
        return page_response(request, page, render_job)


class JobView(APIView):
    """One job."""

    required_permissions: ClassVar[Declaration] = {"GET": permissions.JOBS_READ}

    @extend_schema(
        tags=["jobs"], operation_id="jobs_get", summary="Look at a job", responses=JobSerializer
    )
    def get(self, _request: Request, job_id: uuid.UUID) -> Response:
        return Response(render_job(job_service.get(job_id=str(job_id))))


class JobCancelView(APIView):
    """A request to stop: for one's own jobs, and for administrators."""

    required_permissions: ClassVar[Declaration] = {"POST": permissions.JOBS_READ}

    @extend_schema(
        tags=["jobs"],
        operation_id="jobs_cancel",
        summary="Cancel a job",
        description="A queued job is cancelled at once, a running one at its next report.",
        request=None,
        responses=JobSerializer,
    )
    def post(self, _request: Request, job_id: uuid.UUID) -> Response:
        return Response(render_job(job_service.cancel(job_id=str(job_id))))


def _state(raw: str | None) -> JobState | None:
    if not raw:
        return None
    try:
        return JobState(raw)
    except ValueError as error:
        raise BadRequest(
            f"state must be one of {', '.join(JobState)}; it is {raw!r}.",
            errors=[{"field": "state", "message": "Not a state."}],
        ) from error
