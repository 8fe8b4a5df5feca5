"""The shapes of events, webhooks, rules and deliveries over REST."""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from events.models import Delivery, Rule, Webhook

__all__ = [
    "CLOUD_EVENT",
    "CloudEventPageSerializer",
    "DeliveryDetailSerializer",
    "DeliveryPageSerializer",
    "DeliverySerializer",
    "EmptySerializer",
    "EnableSerializer",
    "EventTypeListSerializer",
    "EventTypeSerializer",
    "LaneListSerializer",
    "MatchSerializer",
    "NewRuleSerializer",
    "NewSecretSerializer",
    "NewWebhookSerializer",
    "PreviewSerializer",
    "PublishedSerializer",
    "QuarantineSerializer",
    "QueuedSerializer",
    "RegisteredWebhookSerializer",
    "ReleaseSerializer",
    "ReplaySerializer",
    "ReplayedSerializer",
    "RotatedWebhookSerializer",
    "RuleChangeSerializer",
    "RuleListSerializer",
    "RuleSerializer",
    "StreamListSerializer",
    "StreamReplaySerializer",
    "VerifiedWebhookSerializer",
    "WaitingLaneListSerializer",
    "WebhookChangeSerializer",
    "WebhookDetailSerializer",
    "WebhookListSerializer",
]

_MOST: Final = 2**63 - 1

#: A CloudEvent as JSON.
CLOUD_EVENT: Final[dict[str, Any]] = {
    "type": "object",
    "description": "A CloudEvent 1.0 as JSON. Further members are extensions.",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"type": "string", "const": "1.0"},
        "id": {"type": "string", "description": "Unique within the source."},
        "source": {"type": "string", "description": "Where it happened."},
        "type": {"type": "string", "description": "What happened, with the version."},
        "subject": {"type": "string", "description": "To what, within the source."},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"type": "string"},
        "dataschema": {"type": "string", "format": "uri"},
        "sequence": {"type": "string", "description": "Its place; sorts as text."},
        "partitionkey": {"type": "string", "description": "Events of one key keep their order."},
        "ontology": {"type": "string"},
        "branch": {"type": "string"},
        "data": {"description": "What it says."},
        "data_base64": {"type": "string", "description": "The same, when it is bytes."},
    },
    "additionalProperties": True,
}


@extend_schema_field(CLOUD_EVENT)
class _EventField(serializers.JSONField):
    """A CloudEvent."""


@extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}})
class _HeadersField(serializers.JSONField):
    """Headers of HTTP."""


class _StrictSerializer(serializers.Serializer[Any]):
    """Refuses members that it does not know: a misspelt filter must not want everything."""

    def to_internal_value(self, data: Any) -> Any:
        """Raises ``ValidationError`` for unknown members."""
        if isinstance(data, dict):
            unknown = sorted(set(data) - set(self.fields))
            if unknown:
                raise serializers.ValidationError(
                    {name[:100]: ["There is no such member."] for name in unknown[:20]}
                )
        return super().to_internal_value(data)


class EmptySerializer(_StrictSerializer):
    """Nothing."""


# -- events ----------------------------------------------------------------------------------------


class _PublishedEventSerializer(serializers.Serializer[Any]):
    """An event that was taken in."""

    id = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    sequence = serializers.CharField(help_text="Its place: 20 digits, which sort as text.")
    duplicate = serializers.BooleanField(
        help_text="It was there already, from the same source with the same id: nothing was done."
    )


class PublishedSerializer(serializers.Serializer[Any]):
    """What became of each event, in their order."""

    items = _PublishedEventSerializer(many=True)


class CloudEventPageSerializer(serializers.Serializer[Any]):
    """A page of events."""

    items = serializers.ListField(child=_EventField())
    next = serializers.CharField(
        allow_null=True, help_text="The next `cursor`; with `after`, the sequence to go on after."
    )


class _LaneSerializer(serializers.Serializer[Any]):
    """A way that events go."""

    lane = serializers.CharField()
    name = serializers.CharField(help_text="Of the webhook or rule.")


class LaneListSerializer(serializers.Serializer[Any]):
    """Lanes."""

    items = _LaneSerializer(many=True)


class EventTypeSerializer(serializers.Serializer[Any]):
    """A type of event that OMS publishes."""

    type = serializers.CharField()
    title = serializers.CharField()
    needs = serializers.CharField(help_text="The permission that a receiver must hold.")
    schema = serializers.URLField(help_text="The JSON Schema of its data.")


class EventTypeListSerializer(serializers.Serializer[Any]):
    """Every type of event that OMS publishes."""

    items = EventTypeSerializer(many=True)


# -- filters ---------------------------------------------------------------------------------------


def _texts(help_text: str) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(trim_whitespace=False), required=False, help_text=help_text
    )


def _moment() -> serializers.DateTimeField:
    return serializers.DateTimeField(allow_null=True)


class _FilterSerializer(_StrictSerializer):
    """Which events; what is empty wants all."""

    types = _texts("Types of events; `*` stands for any text.")
    ontologies = _texts("Names of ontologies.")
    branches = _texts("Names of branches; `*` stands for any text.")
    object_types = _texts("Names of types that the event is about.")
    expression = serializers.CharField(
        required=False, allow_blank=True, trim_whitespace=False,
        help_text="CEL over `event` (the attributes) and `data`.",
    )  # fmt: skip


class _FilteredSerializer(serializers.Serializer[Any]):
    """What a webhook or a rule wants, and whose it is."""

    types = serializers.ListField(child=serializers.CharField())
    ontologies = serializers.ListField(child=serializers.CharField())
    branches = serializers.ListField(child=serializers.CharField())
    object_types = serializers.ListField(child=serializers.CharField())
    expression = serializers.CharField(allow_blank=True)
    owner = serializers.CharField(help_text="It receives what this one may see.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


# -- webhooks --------------------------------------------------------------------------------------


class WebhookChangeSerializer(_FilterSerializer):
    """What is to be otherwise; what is not named stays."""

    name = serializers.CharField(required=False, help_text="Unique.")
    url = serializers.CharField(required=False, help_text="Where events are posted to.")
    description = serializers.CharField(required=False, allow_blank=True)
    format = serializers.ChoiceField(choices=Webhook.Format.values, required=False)
    order = serializers.ChoiceField(choices=Webhook.Order.values, required=False)
    concurrency = serializers.IntegerField(
        required=False, help_text="Keys that are sent side by side: 1 to 64."
    )
    batch_size = serializers.IntegerField(
        required=False, help_text="Events of a request, with the format `batch`: 1 to 500."
    )
    timeout = serializers.FloatField(required=False, help_text="Seconds: 1 to 60.")
    rate = serializers.IntegerField(required=False, help_text="Requests a minute; 0: any number.")


class NewWebhookSerializer(WebhookChangeSerializer):
    """A webhook to be registered."""

    name = serializers.CharField(help_text="Unique.")
    url = serializers.CharField(help_text="Where events are posted to.")
    secret = serializers.CharField(
        required=False, help_text="`whsec_…` of your own; without it one is made."
    )
    verify = serializers.BooleanField(
        required=False, default=True, help_text="Ask the receiver at once."
    )


class _HourSerializer(serializers.Serializer[Any]):
    """Requests of an hour."""

    hour = serializers.DateTimeField()
    succeeded = serializers.IntegerField()
    failed = serializers.IntegerField()


class _FiguresSerializer(serializers.Serializer[Any]):
    """How a receiver does."""

    waiting = serializers.IntegerField(help_text="Events that still have to go out.")
    lag_seconds = serializers.FloatField(help_text="Age of the oldest of them.")
    delivered = serializers.IntegerField()
    dead = serializers.IntegerField(help_text="Dead letters.")
    retry_at = _moment()
    error = serializers.CharField(allow_blank=True)


class _DetailedFiguresSerializer(_FiguresSerializer):
    """How a receiver does, hour by hour."""

    hours = _HourSerializer(many=True, help_text="The last 24 hours; those without any left out.")


class _PlainWebhookSerializer(_FilteredSerializer):
    """A webhook."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    url = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField(choices=Webhook.State.values)
    notice = serializers.CharField(
        allow_blank=True, help_text="Why it is disabled, or could not be verified."
    )
    format = serializers.ChoiceField(choices=Webhook.Format.values)
    order = serializers.ChoiceField(choices=Webhook.Order.values)
    concurrency = serializers.IntegerField()
    batch_size = serializers.IntegerField()
    timeout = serializers.FloatField()
    rate = serializers.IntegerField()
    verified_at = _moment()
    disabled_at = _moment()
    failing_since = _moment()


class WebhookSerializer(_PlainWebhookSerializer):
    """A webhook, and how it does."""

    figures = _FiguresSerializer()


class WebhookDetailSerializer(_PlainWebhookSerializer):
    """A webhook, and how it does hour by hour."""

    figures = _DetailedFiguresSerializer()


class WebhookListSerializer(serializers.Serializer[Any]):
    """Webhooks, by name."""

    items = WebhookSerializer(many=True)


class _VerificationSerializer(serializers.Serializer[Any]):
    """How the receiver answered."""

    ok = serializers.BooleanField()
    method = serializers.CharField(help_text="`options` or `challenge`.")
    allowed_rate = serializers.IntegerField(allow_null=True)
    detail = serializers.CharField(allow_blank=True)


class VerifiedWebhookSerializer(_PlainWebhookSerializer):
    """A webhook, and how its receiver answered."""

    verification = _VerificationSerializer()


class RegisteredWebhookSerializer(_PlainWebhookSerializer):
    """A new webhook with its secret, which is shown this once."""

    secret = serializers.CharField()
    verification = _VerificationSerializer(
        allow_null=True, help_text="null: the receiver was not asked yet."
    )


class RotatedWebhookSerializer(_PlainWebhookSerializer):
    """A webhook with its new secret, which is shown this once."""

    secret = serializers.CharField()


class EnableSerializer(_StrictSerializer):
    """How to go on."""

    replay = serializers.BooleanField(
        required=False, default=False, help_text="Also send what happened while it was disabled."
    )


class NewSecretSerializer(_StrictSerializer):
    """The new secret."""

    secret = serializers.CharField(
        required=False, help_text="`whsec_…` of your own; without it one is made."
    )
    overlap_seconds = serializers.IntegerField(
        required=False, default=86_400, min_value=0, max_value=30 * 86_400,
        help_text="For so long the old secret signs, too.",
    )  # fmt: skip


class ReplaySerializer(_StrictSerializer):
    """A range of events, by their places or by when they were written."""

    from_sequence = serializers.IntegerField(
        required=False, min_value=0, max_value=_MOST, help_text="Included."
    )
    to_sequence = serializers.IntegerField(
        required=False, min_value=0, max_value=_MOST, help_text="Included."
    )
    from_time = serializers.DateTimeField(required=False, help_text="Included.")
    to_time = serializers.DateTimeField(required=False, help_text="Not included.")
    dry_run = serializers.BooleanField(
        required=False, default=False, help_text="Only say how many."
    )


class StreamReplaySerializer(_StrictSerializer):
    """A range of events."""

    from_sequence = serializers.IntegerField(min_value=0, max_value=_MOST, help_text="Included.")
    to_sequence = serializers.IntegerField(
        required=False, min_value=0, max_value=_MOST, help_text="Included."
    )


class ReplayedSerializer(serializers.Serializer[Any]):
    """What a replay came to."""

    looked_at = serializers.IntegerField(help_text="Events in the range.")
    matched = serializers.IntegerField(help_text="Those that are wanted, and may be had.")
    queued = serializers.IntegerField(help_text="Those that go out (again).")
    dry_run = serializers.BooleanField()


class QueuedSerializer(serializers.Serializer[Any]):
    """How many go out again."""

    queued = serializers.IntegerField()


# -- deliveries ------------------------------------------------------------------------------------


class DeliverySerializer(serializers.Serializer[Any]):
    """An event on its way to a receiver, and how that ended."""

    id = serializers.IntegerField()
    lane = serializers.CharField(help_text="`webhook:<id>`, `task:<id of a rule>`, …")
    name = serializers.CharField(help_text="Of the webhook or rule.")
    sequence = serializers.CharField(help_text="The event's place: `events/{sequence}`.")
    type = serializers.CharField()
    state = serializers.ChoiceField(choices=Delivery.State.values)
    origin = serializers.ChoiceField(choices=Delivery.Origin.values)
    attempts = serializers.IntegerField()
    status = serializers.IntegerField(allow_null=True, help_text="HTTP's, of the last attempt.")
    error = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    first_at = _moment()
    retry_at = _moment()
    finished_at = _moment()


class DeliveryPageSerializer(serializers.Serializer[Any]):
    """A page of deliveries."""

    items = DeliverySerializer(many=True)
    next = serializers.CharField(allow_null=True)


class _AttemptSerializer(serializers.Serializer[Any]):
    """A request, and its answer."""

    number = serializers.IntegerField()
    request = serializers.CharField(help_text="Deliveries of one batch share it.")
    at = serializers.DateTimeField()
    milliseconds = serializers.FloatField()
    status = serializers.IntegerField(allow_null=True)
    error = serializers.CharField(allow_blank=True)
    detail = serializers.CharField(allow_blank=True)
    request_headers = _HeadersField()
    response_headers = _HeadersField()
    response_body = serializers.CharField(allow_blank=True)


class DeliveryDetailSerializer(DeliverySerializer):
    """A delivery with its last 100 attempts, newest first."""

    log = _AttemptSerializer(many=True)


# -- rules -----------------------------------------------------------------------------------------


class RuleChangeSerializer(_FilterSerializer):
    """What is to be otherwise; what is not named stays."""

    name = serializers.CharField(required=False, help_text="Unique.")
    description = serializers.CharField(required=False, allow_blank=True)
    enabled = serializers.BooleanField(required=False)
    target = serializers.CharField(
        required=False, help_text="Name of the stream, webhook, task or channel group."
    )


class NewRuleSerializer(RuleChangeSerializer):
    """A rule to be made."""

    name = serializers.CharField(help_text="Unique.")
    sink = serializers.ChoiceField(choices=Rule.Sink.values)
    target = serializers.CharField(help_text="Name of the stream, webhook, task or channel group.")


class RuleSerializer(_FilteredSerializer):
    """Which events go to which sink."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    enabled = serializers.BooleanField()
    sink = serializers.ChoiceField(choices=Rule.Sink.values)
    target = serializers.CharField()


class RuleListSerializer(serializers.Serializer[Any]):
    """Rules, by name."""

    items = RuleSerializer(many=True)


class PreviewSerializer(_FilterSerializer):
    """A filter to be tried."""

    limit = serializers.IntegerField(required=False, default=50, min_value=1, max_value=500)


class MatchSerializer(serializers.Serializer[Any]):
    """What a filter would have wanted of the last events, newest first."""

    items = serializers.ListField(child=_EventField())
    looked_at = serializers.IntegerField(help_text="How many events were looked at.")


# -- streams, lanes, quarantine --------------------------------------------------------------------


class _ConsumerSerializer(serializers.Serializer[Any]):
    """A reader of a stream."""

    name = serializers.CharField()
    lag = serializers.IntegerField(help_text="Messages that were not handed out yet.")
    unacknowledged = serializers.IntegerField()
    redelivered = serializers.IntegerField()
    waiting = serializers.IntegerField(help_text="0: nobody reads now.")
    durable = serializers.BooleanField()


class _StreamSerializer(serializers.Serializer[Any]):
    """A stream of events."""

    name = serializers.CharField()
    ontology = serializers.CharField(allow_blank=True)
    subjects = serializers.ListField(child=serializers.CharField())
    messages = serializers.IntegerField()
    bytes = serializers.IntegerField(allow_null=True)
    first_sequence = serializers.IntegerField()
    last_sequence = serializers.IntegerField()
    first_time = _moment()
    last_time = _moment()
    lag = serializers.IntegerField(help_text="Events that still have to be published into it.")
    consumers = _ConsumerSerializer(many=True)


class StreamListSerializer(serializers.Serializer[Any]):
    """Every stream; without a stream server the outbox alone."""

    items = _StreamSerializer(many=True)


class _StoredMessageSerializer(serializers.Serializer[Any]):
    """An event as a stream keeps it."""

    stream = serializers.CharField()
    subject = serializers.CharField()
    sequence = serializers.IntegerField(help_text="The stream's own number of it.")
    time = _moment()
    event = serializers.JSONField(help_text="The CloudEvent.")


class StoredMessageListSerializer(serializers.Serializer[Any]):
    """A part of a stream; ``next`` is the number to go on from, null at its end."""

    items = _StoredMessageSerializer(many=True)
    next = serializers.IntegerField(allow_null=True)


class _WaitingLaneSerializer(_LaneSerializer):
    """A lane in which something waits."""

    waiting = serializers.IntegerField()
    lag_seconds = serializers.FloatField(help_text="Age of the oldest event.")
    failing = serializers.IntegerField(help_text="Keys that wait because of failures.")
    error = serializers.CharField(allow_blank=True)


class WaitingLaneListSerializer(serializers.Serializer[Any]):
    """Every lane in which something waits."""

    items = _WaitingLaneSerializer(many=True)


class _QuarantinedSerializer(_LaneSerializer):
    """An event that a lane could not take."""

    id = serializers.IntegerField()
    key = serializers.CharField()
    sequence = serializers.CharField()
    error = serializers.CharField()
    failures = serializers.IntegerField()
    at = serializers.DateTimeField()


class QuarantineSerializer(serializers.Serializer[Any]):
    """What is in quarantine, newest first."""

    items = _QuarantinedSerializer(many=True)


class ReleaseSerializer(_StrictSerializer):
    """What to do with it."""

    drop = serializers.BooleanField(
        required=False, default=False, help_text="Forget it instead of sending it again."
    )
