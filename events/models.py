"""The outbox as rows: what happened, what still has to go where, and how it went.

Every way out is a *lane* (``route``, ``stream``, ``webhook:<id>``, …). A row of `Pending` says that
an event still has to go down a lane; rows of one lane and key go in the order of their numbers.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from oms_project.core.clock import utc_now

__all__ = [
    "Attempt",
    "Delivery",
    "Event",
    "InboxEntry",
    "Lease",
    "Pending",
    "Position",
    "Quarantined",
    "Rule",
    "Secret",
    "Webhook",
]


class Event(models.Model):
    """Something that happened and was committed."""

    seq = models.BigAutoField(primary_key=True)
    id = models.CharField(max_length=200)
    source = models.CharField(max_length=1000)
    type = models.CharField(max_length=300)
    subject = models.CharField(max_length=1000, blank=True)
    key = models.CharField(max_length=600)
    ontology = models.CharField(max_length=100, blank=True)
    branch = models.CharField(max_length=300, blank=True)
    time = models.DateTimeField()
    #: When it was written here; outside events bring a time of their own.
    added = models.DateTimeField(default=utc_now)
    #: The CloudEvent as structured JSON, without its sequence.
    body = models.TextField()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ("-seq",)
        constraints = (
            models.UniqueConstraint(fields=("source", "id"), name="events_event_identity"),
        )
        indexes = (
            models.Index(fields=("type", "seq"), name="events_event_type"),
            models.Index(fields=("ontology", "seq"), name="events_event_ontology"),
            models.Index(fields=("added",), name="events_event_added"),
        )

    def __str__(self) -> str:
        return f"{self.seq} {self.type}"


class Pending(models.Model):
    """An event that still has to go down a lane."""

    pk = models.CompositePrimaryKey("lane", "key", "seq")
    lane = models.CharField(max_length=120)
    key = models.CharField(max_length=600)
    seq = models.BigIntegerField()
    #: Not before this time (seconds since 1970): of lanes without an order, where one event that
    #: has to wait lets the others pass.
    due = models.FloatField(default=0)

    class Meta:
        verbose_name = _("pending event")
        verbose_name_plural = _("pending events")

    def __str__(self) -> str:
        return f"{self.lane} {self.key} {self.seq}"


class Lease(models.Model):
    """Who works through a key of a lane, until when; and since when it fails."""

    pk = models.CompositePrimaryKey("lane", "key")
    lane = models.CharField(max_length=120)
    key = models.CharField(max_length=600)
    owner = models.CharField(max_length=200)
    until = models.FloatField()
    failures = models.IntegerField(default=0)
    #: Not before this time (seconds since 1970).
    retry_at = models.FloatField(default=0)
    error = models.CharField(max_length=1000, blank=True)

    class Meta:
        verbose_name = _("lease")
        verbose_name_plural = _("leases")

    def __str__(self) -> str:
        return f"{self.lane} {self.key} {self.owner}"


class Quarantined(models.Model):
    """An event that a lane could not take; an operator looks at it, and sends it again or not."""

    id = models.BigAutoField(primary_key=True)
    lane = models.CharField(max_length=120)
    key = models.CharField(max_length=600)
    seq = models.BigIntegerField()
    error = models.CharField(max_length=1000)
    failures = models.IntegerField()
    at = models.DateTimeField(default=utc_now)

    class Meta:
        verbose_name = _("quarantined event")
        verbose_name_plural = _("quarantined events")
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(fields=("lane", "seq"), name="events_quarantined_once"),
        )

    def __str__(self) -> str:
        return f"{self.lane} {self.seq}"


class Filtered(models.Model):
    """Which events are wanted; empty lists want all."""

    types = models.JSONField(_("types"), default=list, blank=True)
    ontologies = models.JSONField(_("ontologies"), default=list, blank=True)
    branches = models.JSONField(_("branches"), default=list, blank=True)
    object_types = models.JSONField(_("object types"), default=list, blank=True)
    expression = models.TextField(_("expression"), blank=True)

    owner_id = models.CharField(max_length=64)
    owner_username = models.CharField(_("owner"), max_length=150)
    owner_kind = models.CharField(max_length=10, default="user")
    created_at = models.DateTimeField(_("created"), default=utc_now)
    updated_at = models.DateTimeField(_("changed"), default=utc_now)

    class Meta:
        abstract = True


class Webhook(Filtered):
    """Where events are posted to."""

    class State(models.TextChoices):
        UNVERIFIED = "unverified", _("waits for verification")
        ACTIVE = "active", _("active")
        PAUSED = "paused", _("paused")
        DISABLED = "disabled", _("disabled")

    class Format(models.TextChoices):
        STRUCTURED = "structured", _("CloudEvents, structured")
        BINARY = "binary", _("CloudEvents, binary")
        BATCH = "batch", _("CloudEvents, batches")

    class Order(models.TextChoices):
        ORDERED = "ordered", _("in order, per branch")
        PARALLEL = "parallel", _("as they come")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=100, unique=True)
    url = models.CharField(_("URL"), max_length=2000)
    description = models.CharField(_("description"), max_length=1000, blank=True)
    state = models.CharField(
        _("state"), max_length=12, choices=State.choices, default=State.UNVERIFIED
    )
    #: Why it is disabled, or could not be verified; for people.
    notice = models.CharField(_("notice"), max_length=1000, blank=True)
    format = models.CharField(
        _("format"), max_length=12, choices=Format.choices, default=Format.STRUCTURED
    )
    order = models.CharField(_("order"), max_length=12, choices=Order.choices, default="ordered")
    concurrency = models.PositiveSmallIntegerField(_("concurrency"), default=4)
    batch_size = models.PositiveSmallIntegerField(_("events of a batch"), default=1)
    timeout = models.FloatField(_("timeout in seconds"), default=15)
    #: Requests a minute that the receiver allows; 0: any number.
    rate = models.PositiveIntegerField(_("requests a minute"), default=0)
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)
    disabled_at = models.DateTimeField(_("disabled"), null=True, blank=True)
    #: Since when no delivery succeeded although some were tried.
    failing_since = models.DateTimeField(null=True, blank=True)
    #: The outbox's end when it was disabled: what came after can be replayed.
    disabled_seq = models.BigIntegerField(null=True, blank=True)

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def lane(self) -> str:
        """Its lane."""
        return f"webhook:{self.pk}"


class Secret(models.Model):
    """A signing secret of a webhook, encrypted; while two are there, both sign."""

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="secrets")
    sealed = models.TextField()
    created_at = models.DateTimeField(default=utc_now)
    #: Until when it still signs, after a newer one was made; None: it is the newest.
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("webhook secret")
        verbose_name_plural = _("webhook secrets")
        ordering = ("-created_at", "-id")

    def __str__(self) -> str:
        return f"{self.webhook} {self.created_at:%Y-%m-%d}"


class Rule(Filtered):
    """Which events go to which sink."""

    class Sink(models.TextChoices):
        STREAM = "stream", _("stream")
        WEBHOOK = "webhook", _("webhook")
        TASK = "task", _("Celery task")
        CHANNEL = "channel", _("channel group")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=100, unique=True)
    description = models.CharField(_("description"), max_length=1000, blank=True)
    enabled = models.BooleanField(_("enabled"), default=True)
    sink = models.CharField(_("sink"), max_length=12, choices=Sink.choices)
    #: Name of the stream, webhook, task or group.
    target = models.CharField(_("target"), max_length=200)

    class Meta:
        verbose_name = _("routing rule")
        verbose_name_plural = _("routing rules")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def lane(self) -> str:
        """The lane of what it matches, but for webhooks, which have their own."""
        return f"{self.sink}:{self.pk}"


class Delivery(models.Model):
    """One event on its way to one receiver, and how that ended."""

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        DELIVERED = "delivered", _("delivered")
        DEAD = "dead", _("dead letter")
        CANCELLED = "cancelled", _("cancelled")

    class Origin(models.TextChoices):
        EVENT = "event", _("event")
        REPLAY = "replay", _("replay")
        REDELIVERY = "redelivery", _("redelivery")
        TEST = "test", _("test")

    id = models.BigAutoField(primary_key=True)
    lane = models.CharField(max_length=120)
    seq = models.BigIntegerField()
    key = models.CharField(max_length=600)
    type = models.CharField(max_length=300)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    origin = models.CharField(max_length=12, choices=Origin.choices, default=Origin.EVENT)
    attempts = models.IntegerField(default=0)
    #: Of the attempt before: status, error.
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=utc_now)
    first_at = models.DateTimeField(null=True, blank=True)
    retry_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(fields=("lane", "seq"), name="events_delivery_once"),
        )
        indexes = (
            models.Index(fields=("lane", "state", "id"), name="events_delivery_state"),
            models.Index(
                fields=("id",), name="events_delivery_dead", condition=models.Q(state="dead")
            ),
            models.Index(fields=("created_at",), name="events_delivery_created"),
        )

    def __str__(self) -> str:
        return f"{self.lane} {self.seq} {self.state}"


class Attempt(models.Model):
    """One request of a delivery, and its answer."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="log")
    number = models.IntegerField()
    #: Deliveries that went in one request (a batch) share it.
    request = models.CharField(max_length=36)
    at = models.DateTimeField()
    milliseconds = models.FloatField()
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    error = models.CharField(max_length=50, blank=True)
    detail = models.CharField(max_length=500, blank=True)
    request_headers = models.JSONField(default=dict)
    response_headers = models.JSONField(default=dict)
    response_body = models.TextField(blank=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ("-id",)
        indexes = (models.Index(fields=("at",), name="events_attempt_at"),)

    def __str__(self) -> str:
        return f"{self.delivery} {self.number}"


class InboxEntry(models.Model):
    """That a consumer has done what an event asks for: an event that comes again does nothing."""

    pk = models.CompositePrimaryKey("consumer", "source", "event")
    consumer = models.CharField(max_length=100)
    source = models.CharField(max_length=1000)
    event = models.CharField(max_length=200)
    at = models.DateTimeField(default=utc_now)

    class Meta:
        verbose_name = _("inbox entry")
        verbose_name_plural = _("inbox entries")
        indexes = (models.Index(fields=("at",), name="events_inbox_at"),)

    def __str__(self) -> str:
        return f"{self.consumer} {self.event}"


class Position(models.Model):
    """How far something that is read in order has been read."""

    name = models.CharField(primary_key=True, max_length=100)
    value = models.BigIntegerField()

    class Meta:
        verbose_name = _("position")
        verbose_name_plural = _("positions")

    def __str__(self) -> str:
        return f"{self.name} {self.value}"
