"""The shape of a job over REST."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from scheduling.contract import JobInfo, JobState

__all__ = ["JobPageSerializer", "JobSerializer", "render_job"]


class ProgressSerializer(serializers.Serializer[Any]):
    """How far."""

    done = serializers.IntegerField()
    total = serializers.IntegerField(allow_null=True, help_text="null: not known.")
    phase = serializers.CharField(allow_blank=True)


@extend_schema_field({})
class AnyValueField(serializers.JSONField):
    """Any JSON value, null as well."""


@extend_schema_field({"type": ["object", "null"], "additionalProperties": True})
class AnyObjectField(serializers.JSONField):
    """An object, or null."""


class JobSerializer(serializers.Serializer[Any]):
    """Long work: its state, how far it is, and what came out of it."""

    id = serializers.UUIDField()
    task = serializers.CharField()
    arguments = AnyObjectField()
    state = serializers.ChoiceField(choices=[state.value for state in JobState])
    progress = ProgressSerializer()
    result = AnyValueField(help_text="What the task gave; null until then.")
    error = AnyObjectField(help_text="A problem when it failed, else null.")
    submitted_by = serializers.CharField()
    attempt = serializers.IntegerField()
    cancel_requested = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class JobPageSerializer(serializers.Serializer[Any]):
    """A page of jobs."""

    items = JobSerializer(many=True)
    next = serializers.CharField(allow_null=True)


def render_job(job: JobInfo) -> dict[str, Any]:
    """The JSON members of a job; other apps answer with it when they start one (202)."""
    return {
        "id": job.id,
        "task": job.task,
        "arguments": job.arguments,
        "state": job.state.value,
        "progress": {
            "done": job.progress.done,
            "total": job.progress.total,
            "phase": job.progress.phase,
        },
        "result": job.result,
        "error": job.error,
        "submitted_by": job.actor.username,
        "attempt": job.attempt,
        "cancel_requested": job.cancel_requested,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
    }
