"""What shows that the audit trail is whole: heads, proofs, reports."""

from __future__ import annotations

import datetime as dt

import strawberry
from strawberry.scalars import JSON

from audit.selectors import SealInfo, TrailState
from audit.services import Proof
from audit.tree import Head
from audit.verification import Kind, Problem, Report
from oms_project.graphql.scalars import Long

__all__ = ["AuditCheckpoint", "AuditConsistency", "AuditProof", "AuditReport", "AuditState"]

strawberry.enum(Kind, name="AuditFindingKind", description="What was done to the trail.")


@strawberry.type(description="A signed tree head.")
class AuditCheckpoint:
    origin: str
    size: Long
    root: str = strawberry.field(description="Hexadecimal.")
    time: dt.datetime
    kid: str = strawberry.field(description="The key that signed it.")
    note: str = strawberry.field(description="C2SP tlog-checkpoint: keep this elsewhere.")

    @classmethod
    def of(cls, head: Head) -> AuditCheckpoint:
        return cls(
            origin=head.checkpoint.origin,
            size=Long(head.checkpoint.size),
            root=head.checkpoint.root.hex(),
            time=_moment(head.checkpoint.time),
            kid=head.kid,
            note=head.note,
        )


@strawberry.type(description="An inclusion proof (RFC 9162 §2.1.3); hashes in hexadecimal.")
class AuditProof:
    event_id: strawberry.ID
    body: str = strawberry.field(description="What is hashed: leaf = SHA-256(0x00 || body).")
    index: Long
    leaf: str
    size: Long
    root: str
    hashes: list[str]
    checkpoint: str = strawberry.field(description="The signed note over the root.")

    @classmethod
    def of(cls, proof: Proof) -> AuditProof:
        return cls(
            event_id=strawberry.ID(proof.event_id),
            body=proof.body,
            index=Long(proof.index),
            leaf=proof.leaf.hex(),
            size=Long(proof.size),
            root=proof.root.hex(),
            hashes=[step.hex() for step in proof.hashes],
            checkpoint=proof.checkpoint,
        )


@strawberry.type(description="A consistency proof (RFC 9162 §2.1.4); hashes in hexadecimal.")
class AuditConsistency:
    old_size: Long
    size: Long
    hashes: list[str]


@strawberry.type(description="Something that verification found.")
class AuditFinding:
    kind: Kind
    message: str
    first: Long | None
    last: Long | None
    event_id: str
    about: str

    @classmethod
    def of(cls, found: Problem) -> AuditFinding:
        return cls(
            kind=found.kind,
            message=found.message,
            first=None if found.first is None else Long(found.first),
            last=None if found.last is None else Long(found.last),
            event_id=found.event_id,
            about=found.about,
        )


@strawberry.type(description="The outcome of a verification.")
class AuditReport:
    intact: bool
    size: Long
    events: Long
    sealed: Long
    heads: Long
    root: str
    checkpoint_size: Long | None
    seconds: float
    found: Long = strawberry.field(description="How many problems; the first 1000 are listed.")
    problems: list[AuditFinding]

    @classmethod
    def of(cls, report: Report) -> AuditReport:
        members = report.members()
        members["problems"] = [AuditFinding.of(one) for one in report.problems]
        return cls(**members)


@strawberry.type(description="A range of events in a file.")
class AuditSeal:
    first: Long
    last: Long
    file: str
    sha256: str
    time: dt.datetime
    sealed_by: str

    @classmethod
    def of(cls, seal: SealInfo) -> AuditSeal:
        return cls(
            first=Long(seal.first),
            last=Long(seal.last),
            file=seal.file,
            sha256=seal.sha256,
            time=_moment(seal.time),
            sealed_by=seal.sealed_by,
        )


@strawberry.type(description="How the trail stands.")
class AuditState:
    size: Long = strawberry.field(description="Events that have their place.")
    pending: Long = strawberry.field(description="Events that wait for one.")
    lag_seconds: float = strawberry.field(description="How long the oldest of them waits.")
    head: AuditCheckpoint | None
    seals: list[AuditSeal]
    verified_at: dt.datetime | None
    verification: JSON | None = strawberry.field(
        description="The last report, with its first problems."
    )

    @classmethod
    def of(cls, state: TrailState) -> AuditState:
        last = state.verification
        return cls(
            size=Long(state.size),
            pending=Long(state.pending),
            lag_seconds=round(state.lag.total_seconds(), 3),
            head=None if state.head is None else AuditCheckpoint.of(state.head),
            seals=[AuditSeal.of(one) for one in state.seals],
            verified_at=None if last is None else _moment(last.members["time"]),
            verification=None if last is None else JSON(last.members.get("data")),
        )


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)
