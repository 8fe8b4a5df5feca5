"""Jobs as rows: the truth about what is queued, running and done."""

from __future__ import annotations

import uuid

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext_lazy as _

from oms_project.core.clock import utc_now

__all__ = ["Job"]


class Job(models.Model):
    """One run of a task, on behalf of one actor."""

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        SUCCEEDED = "succeeded", _("succeeded")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    task = models.CharField(_("task"), max_length=100)
    arguments = models.JSONField(_("arguments"), default=dict, encoder=DjangoJSONEncoder)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.QUEUED)

    done = models.BigIntegerField(_("done"), default=0)
    total = models.BigIntegerField(_("total"), null=True, blank=True)
    phase = models.CharField(_("phase"), max_length=200, blank=True)
    result = models.JSONField(_("result"), null=True, blank=True, encoder=DjangoJSONEncoder)
    error = models.JSONField(_("error"), null=True, blank=True, encoder=DjangoJSONEncoder)

    actor_id = models.CharField(max_length=64)
    actor_username = models.CharField(_("started by"), max_length=150)
    actor_display_name = models.CharField(max_length=200, blank=True)
    actor_kind = models.CharField(max_length=10, default="user")
    #: For whom a service started it, why, and what lets it; empty when it acted for itself.
    acting_for = models.JSONField(default=dict, blank=True)
    request_id = models.CharField(max_length=128, blank=True)

    created_at = models.DateTimeField(_("created"), default=utc_now)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    cancel_requested = models.BooleanField(_("cancel requested"), default=False)
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=0)
    # Which process runs it, and when it last said so.
    worker = models.CharField(max_length=200, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering = ("-created_at", "-id")
        indexes = (
            models.Index(fields=("-created_at", "-id"), name="scheduling_job_newest"),
            models.Index(
                fields=("actor_id", "-created_at", "-id"), name="scheduling_job_own_newest"
            ),
            models.Index(
                fields=("state", "created_at", "id"),
                name="scheduling_job_open",
                condition=models.Q(state__in=("queued", "running")),
            ),
        )

    def __str__(self) -> str:
        return f"{self.task} {self.id} ({self.state})"
