"""The shapes of the audit trail over REST."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from audit.contract import ACTIONS, Outcome
from audit.selectors import EventInfo, TrailState
from audit.tree import Head
from audit.verification import Kind

__all__ = [
    "CheckpointSerializer",
    "ConsistencySerializer",
    "EventDetailSerializer",
    "EventPageSerializer",
    "EventSerializer",
    "ReportSerializer",
    "StateSerializer",
    "VerifySerializer",
    "render_event",
    "render_head",
    "render_state",
]


@extend_schema_field({"type": "object", "additionalProperties": True})
class _ObjectField(serializers.JSONField):
    """Any object."""


class _ActorSerializer(serializers.Serializer[Any]):
    """Who."""

    id = serializers.CharField()
    username = serializers.CharField()
    kind = serializers.CharField(help_text="`user`, `service` or `system`.")
    grant = serializers.CharField(required=False, help_text="The delegation or session used.")


class _PrincipalSerializer(serializers.Serializer[Any]):
    """On whose behalf."""

    id = serializers.CharField()
    username = serializers.CharField()


class _SubjectSerializer(serializers.Serializer[Any]):
    """What about."""

    type = serializers.CharField()
    id = serializers.CharField(required=False)
    name = serializers.CharField(required=False)


class _SourceSerializer(serializers.Serializer[Any]):
    """Where from."""

    door = serializers.CharField(required=False)
    address = serializers.CharField(required=False)
    agent = serializers.CharField(required=False)
    operation = serializers.CharField(required=False)


class EventSerializer(serializers.Serializer[Any]):
    """Something that happened. Members that are empty are left out."""

    id = serializers.CharField()
    index = serializers.IntegerField(
        allow_null=True, help_text="Its place in the signed tree; null while it waits for one."
    )
    time = serializers.DateTimeField()
    action = serializers.ChoiceField(choices=sorted(ACTIONS))
    outcome = serializers.ChoiceField(choices=[outcome.value for outcome in Outcome])
    actor = _ActorSerializer(required=False)
    onBehalfOf = _PrincipalSerializer(required=False)  # noqa: N815 - a member's name
    reason = serializers.CharField(required=False)
    subject = _SubjectSerializer()
    source = _SourceSerializer(required=False)  # type: ignore[assignment]
    ontology = serializers.CharField(required=False)
    branch = serializers.CharField(required=False)
    commit = serializers.CharField(required=False)
    requestId = serializers.CharField(required=False)  # noqa: N815 - a member's name
    changes = _ObjectField(required=False, help_text="field → [before, after].")
    data = _ObjectField(required=False)  # type: ignore[assignment]
    message = serializers.CharField(required=False)


class EventPageSerializer(serializers.Serializer[Any]):
    """A page of events."""

    items = EventSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class _ProofSerializer(serializers.Serializer[Any]):
    """An inclusion proof (RFC 9162 §2.1.3); hashes in hexadecimal."""

    event_id = serializers.CharField()
    body = serializers.CharField(help_text="What is hashed: leaf = SHA-256(0x00 || body).")
    index = serializers.IntegerField()
    leaf = serializers.CharField()
    size = serializers.IntegerField()
    root = serializers.CharField()  # type: ignore[assignment]
    hashes = serializers.ListField(child=serializers.CharField())
    checkpoint = serializers.CharField(help_text="The signed note over the root.")


class EventDetailSerializer(serializers.Serializer[Any]):
    """An event, and the proof that it is in the trail."""

    event = EventSerializer()
    proof = _ProofSerializer()


class CheckpointSerializer(serializers.Serializer[Any]):
    """A signed tree head."""

    origin = serializers.CharField()
    size = serializers.IntegerField()
    root = serializers.CharField(help_text="Hexadecimal.")  # type: ignore[assignment]
    time = serializers.DateTimeField()
    kid = serializers.CharField(help_text="The key that signed it.")
    note = serializers.CharField(help_text="C2SP tlog-checkpoint: keep this elsewhere.")


class ConsistencySerializer(serializers.Serializer[Any]):
    """A consistency proof (RFC 9162 §2.1.4); hashes in hexadecimal."""

    old_size = serializers.IntegerField()
    size = serializers.IntegerField()
    hashes = serializers.ListField(child=serializers.CharField())


class _ProblemSerializer(serializers.Serializer[Any]):
    """A finding."""

    kind = serializers.ChoiceField(choices=[kind.value for kind in Kind])
    message = serializers.CharField()
    first = serializers.IntegerField(allow_null=True)
    last = serializers.IntegerField(allow_null=True)
    event_id = serializers.CharField(allow_blank=True)
    about = serializers.CharField(allow_blank=True)


class ReportSerializer(serializers.Serializer[Any]):
    """The outcome of a verification."""

    intact = serializers.BooleanField()
    size = serializers.IntegerField()
    events = serializers.IntegerField()
    sealed = serializers.IntegerField()
    heads = serializers.IntegerField()
    root = serializers.CharField(allow_blank=True)  # type: ignore[assignment]
    checkpoint_size = serializers.IntegerField(allow_null=True)
    seconds = serializers.FloatField()
    found = serializers.IntegerField()
    problems = _ProblemSerializer(many=True)


class VerifySerializer(serializers.Serializer[Any]):
    """What to hold the trail against."""

    checkpoint = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=65536, trim_whitespace=False,
        help_text="A note that was kept elsewhere.",
    )  # fmt: skip


class _SealSerializer(serializers.Serializer[Any]):
    """A range in a file."""

    first = serializers.IntegerField()
    last = serializers.IntegerField()
    file = serializers.CharField()
    sha256 = serializers.CharField()
    time = serializers.DateTimeField()
    sealed_by = serializers.CharField()


class StateSerializer(serializers.Serializer[Any]):
    """How the trail stands."""

    size = serializers.IntegerField(help_text="Events that have their place.")
    pending = serializers.IntegerField(help_text="Events that wait for one.")
    lag_seconds = serializers.FloatField(help_text="How long the oldest of them waits.")
    head = CheckpointSerializer(allow_null=True)
    seals = _SealSerializer(many=True)
    verified_at = serializers.DateTimeField(allow_null=True)
    verification = _ObjectField(
        allow_null=True, help_text="The last report, with its first problems."
    )


def render_event(event: EventInfo) -> dict[str, Any]:
    """The members of an event."""
    return {"index": event.index, **event.members}


def render_head(head: Head) -> dict[str, Any]:
    """The members of a tree head."""
    return {
        "origin": head.checkpoint.origin,
        "size": head.checkpoint.size,
        "root": head.checkpoint.root.hex(),
        "time": head.checkpoint.time,
        "kid": head.kid,
        "note": head.note,
    }


def render_state(state: TrailState) -> dict[str, Any]:
    """The members of the state."""
    last = state.verification
    return {
        "size": state.size,
        "pending": state.pending,
        "lag_seconds": round(state.lag.total_seconds(), 3),
        "head": None if state.head is None else render_head(state.head),
        "seals": [
            {
                "first": seal.first,
                "last": seal.last,
                "file": seal.file,
                "sha256": seal.sha256,
                "time": seal.time,
                "sealed_by": seal.sealed_by,
            }
            for seal in state.seals
        ],
        "verified_at": None if last is None else last.members["time"],
        "verification": None if last is None else last.members.get("data"),
    }
