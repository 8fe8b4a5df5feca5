"""The audit trail: search, one event, proofs, state, verification; for auditors."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

import orjson
import strawberry
from django.conf import settings
from strawberry import relay
from strawberry.scalars import JSON

from audit import services
from audit.contract import Outcome
from audit.graphql.proofs import (
    AuditCheckpoint,
    AuditConsistency,
    AuditProof,
    AuditReport,
    AuditState,
)
from audit.selectors import EventFilter, EventInfo
from oms_project.core.authorization import permissions
from oms_project.graphql.context import Info
from oms_project.graphql.fields import Pages, connection, listing, mutation, query
from oms_project.graphql.inputs import bounded, filter_text
from oms_project.graphql.scalars import Long

__all__ = ["AuditEvent", "AuditEventFilter", "Mutations", "Queries", "event_filter"]

_LONGEST: Final = 500
_MAX_NOTE: Final = 65_536
_TEXTS: Final = (
    "actor", "action", "ontology", "branch", "commit", "subject", "door", "address", "request_id",
    "text",
)  # fmt: skip

strawberry.enum(Outcome, name="AuditOutcome", description="How it ended.")


@strawberry.enum(description="CSV or JSON lines.")
class AuditExportFormat(enum.Enum):
    JSONL = "jsonl"
    CSV = "csv"


@strawberry.type(description="Who did it.")
class AuditActor:
    id: str
    username: str
    kind: str = strawberry.field(description="`user`, `service` or `system`.")
    grant: str = strawberry.field(description="The delegation or session used; may be empty.")


@strawberry.type(description="On whose behalf.")
class AuditPrincipal:
    id: str
    username: str


@strawberry.type(description="What an event is about.")
class AuditSubject:
    type: str
    id: str
    name: str


@strawberry.type(description="Where it came in.")
class AuditSource:
    door: str
    address: str
    agent: str
    operation: str


@strawberry.type(description="Something that happened, as the audit trail keeps it.")
class AuditEvent(relay.Node):
    key: relay.NodeID[str]
    event_id: strawberry.ID = strawberry.field(description="What `auditEvent` names it by.")
    index: Long | None = strawberry.field(
        description="Its place in the signed tree; null while it waits for one."
    )
    time: dt.datetime
    action: str
    outcome: Outcome
    actor: AuditActor | None = strawberry.field(description="Null: nobody was known.")
    on_behalf_of: AuditPrincipal | None = strawberry.field(
        description="Of a service that acts for somebody: for whom."
    )
    reason: str
    subject: AuditSubject = strawberry.field(description="What it is about.")
    source: AuditSource | None = strawberry.field(description="Null: from inside.")
    ontology: str
    branch: str
    commit: str
    request_id: str
    changes: JSON | None = strawberry.field(description="field → [before, after].")
    data: JSON | None = strawberry.field(description="More, for programs.")
    message: str
    json: JSON = strawberry.field(description="The event as it is kept: its hash is in the tree.")

    @classmethod
    def of(cls, info: EventInfo) -> AuditEvent:
        """An event as the trail shows it; also what subscriptions send."""
        members = info.members
        actor, principal, source = (members.get(name) for name in ("actor", "onBehalfOf", "source"))
        return cls(
            key=info.id,
            event_id=strawberry.ID(info.id),
            index=None if info.index is None else Long(info.index),
            time=dt.datetime.fromisoformat(members["time"]),
            action=members["action"],
            outcome=Outcome(members["outcome"]),
            actor=actor and AuditActor(**_texts(actor, "id", "username", "kind", "grant")),
            on_behalf_of=principal and AuditPrincipal(**_texts(principal, "id", "username")),
            reason=members.get("reason", ""),
            subject=AuditSubject(**_texts(members["subject"], "type", "id", "name")),
            source=source
            and AuditSource(**_texts(source, "door", "address", "agent", "operation")),
            ontology=members.get("ontology", ""),
            branch=members.get("branch", ""),
            commit=members.get("commit", ""),
            request_id=members.get("requestId", ""),
            changes=_value(members.get("changes")),
            data=_value(members.get("data")),
            message=members.get("message", ""),
            json=JSON(orjson.Fragment(info.body)),
        )

    @classmethod
    def resolve_nodes(cls, *, info: Any, node_ids: Iterable[str], required: bool = False) -> Any:
        return [cls.of(services.get_event(event_id=one)) for one in node_ids]


def _texts(members: Mapping[str, Any], *names: str) -> dict[str, str]:
    return {name: members.get(name, "") for name in names}


def _value(found: Any) -> JSON | None:
    return None if found is None else JSON(found)


@strawberry.input(description="Which events; what is not said is not asked about.")
class AuditEventFilter:
    actor: str | None = strawberry.field(
        default=None,
        description="User name or id of who did it, or user name of whom it was done for.",
    )
    action: str | None = strawberry.field(
        default=None,
        description="An action (`ontology.committed`), or the beginning of several (`ontology.`).",
    )
    outcome: Outcome | None = None
    ontology: str | None = None
    branch: str | None = None
    commit: str | None = None
    subject: str | None = strawberry.field(default=None, description="A type, an id, or `type:id`.")
    door: str | None = strawberry.field(
        default=None, description="Where it came in: `rest`, `graphql`, `console`, `command`, …"
    )
    address: str | None = strawberry.field(
        default=None, description="The client's network address."
    )
    request_id: str | None = None
    since: dt.datetime | None = strawberry.field(default=None, description="From then on.")
    until: dt.datetime | None = strawberry.field(default=None, description="Before then.")
    text: str | None = strawberry.field(
        default=None, description="What stands anywhere in the event, without regard to case."
    )


def event_filter(asked: AuditEventFilter | None) -> EventFilter:
    """The filter that an input says.

    Raises:
        BadRequest: ``bad_filter``; a text is too long.
    """
    if asked is None:
        return EventFilter()
    return EventFilter(
        **{name: filter_text(getattr(asked, name), name, _LONGEST) for name in _TEXTS},
        outcome="" if asked.outcome is None else asked.outcome.value,
        since=asked.since,
        until=asked.until,
    )


@strawberry.type
class Queries:
    """Reads; those of events are recorded."""

    @connection(requires=permissions.AUDIT_READ)
    def audit_events(self, info: Info, filter: AuditEventFilter | None = None) -> Pages[AuditEvent]:
        """Events of the audit trail, newest first. The search itself is recorded."""
        return listing(partial(services.search, where=event_filter(filter)), AuditEvent.of)

    @query(requires=permissions.AUDIT_READ)
    def audit_event(self, info: Info, event_id: strawberry.ID) -> AuditEvent:
        """One event of the audit trail."""
        return AuditEvent.of(services.get_event(event_id=event_id))

    @query(requires=permissions.AUDIT_READ)
    def audit_proof(self, info: Info, event_id: strawberry.ID) -> AuditProof:
        """That an event is in the signed tree; to be checked without OMS."""
        return AuditProof.of(services.prove_event(event_id=event_id))

    @query(requires=permissions.AUDIT_READ)
    def audit_consistency(
        self, info: Info, old_size: Long, size: Long | None = None
    ) -> AuditConsistency:
        """That the trail has only grown: a proof between the trees of two checkpoints; without
        `size` the later one is the newest.
        """
        found, hashes = services.consistency_proof(old_size=old_size, size=size)
        return AuditConsistency(
            old_size=old_size, size=Long(found), hashes=[step.hex() for step in hashes]
        )

    @query(requires=permissions.AUDIT_READ)
    def audit_state(self, info: Info) -> AuditState:
        """How the trail stands: its size, what waits, the newest head, sealed ranges, and the last
        verification.
        """
        return AuditState.of(services.state())

    @query(requires=permissions.AUDIT_READ)
    def audit_export_url(
        self,
        info: Info,
        format: AuditExportFormat = AuditExportFormat.JSONL,
        filter: AuditEventFilter | None = None,
    ) -> str:
        """Where the events are to be had as a file; ask with the same token. The export is
        recorded.
        """
        members = event_filter(filter).members()
        return (
            f"{settings.OMS_PUBLIC_URL}/api/v1/audit/export?"
            f"{urlencode({'format': format.value, **members})}"
        )


@strawberry.type
class Mutations:
    """What is asked of the trail and recorded in it."""

    @mutation(requires=permissions.AUDIT_READ)
    def write_audit_checkpoint(self, info: Info) -> AuditCheckpoint:
        """Sign the trail as it is now. Keep the checkpoint elsewhere: with it, a later
        verification proves that nothing before it was changed or cut off.
        """
        return AuditCheckpoint.of(services.write_checkpoint())

    @mutation(requires=permissions.AUDIT_READ, cost=100)
    def verify_audit_trail(self, info: Info, checkpoint: str = "") -> AuditReport:
        """Check every event, leaf and head now (a few seconds for a million events), against a
        `checkpoint` that was kept elsewhere if you have one; the outcome is recorded.
        """
        note = bounded(checkpoint, "checkpoint", _MAX_NOTE)
        return AuditReport.of(services.verify(checkpoint=note or None))
