"""Keeping the trail: sequencing on demand, checkpoints, proofs, verification."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit import selectors
from audit.contract import Outcome, Subject, audit_log
from audit.domain.merkle import leaf_hash
from audit.models import Leaf
from audit.selectors import EventNotFound
from audit.sequencing import sequence_events, signed_head
from audit.tree import Head, stored_tree
from audit.verification import Report, verify_trail
from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import current_actor
from oms_project.core.errors import Invalid, NotFound, Unavailable
from oms_project.core.keys import PublicKey

__all__ = [
    "Proof",
    "consistency_proof",
    "prove_event",
    "record_verification",
    "sequence_now",
    "verify",
    "write_checkpoint",
]

# So many problems stand in the event that tells of a verification.
_RECORDED_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class Proof:
    """That an event is in the trail, checkable without OMS (RFC 9162 §2.1.3.2).

    Attributes:
        body: the text that is hashed: SHA-256(0x00 || body) is the leaf.
        hashes: from the leaf to the root, nearest first.
        checkpoint: the signed note over the tree of ``size`` leaves.
    """

    event_id: str
    body: str
    index: int
    leaf: bytes
    size: int
    root: bytes
    hashes: tuple[bytes, ...]
    checkpoint: str

    def members(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "event_id": self.event_id,
            "body": self.body,
            "index": self.index,
            "leaf": self.leaf.hex(),
            "size": self.size,
            "root": self.root.hex(),
            "hashes": [step.hex() for step in self.hashes],
            "checkpoint": self.checkpoint,
        }


def sequence_now() -> int:
    """Give every event that waits its place; how many there were.

    Raises:
        TrailDamaged: somebody changed the stored tree.
    """
    return sequence_events()


def write_checkpoint() -> Head:
    """Sign what there is, and hand out the newest head, to be kept elsewhere.

    Raises:
        PermissionDenied: the actor may not read the trail.
        NotFound: ``audit_trail_empty``; nothing has happened yet.
        TrailDamaged: somebody changed the stored tree.
    """
    authorizer.check(current_actor(), permissions.AUDIT_READ)
    sequence_events()
    head = _head()
    audit_log.record(
        "audit.checkpoint",
        Subject("audit"),
        data={"size": head.checkpoint.size, "root": head.checkpoint.root.hex()},
    )
    return head


def prove_event(*, event_id: str) -> Proof:
    """That the event is in the tree of the newest head.

    Raises:
        PermissionDenied: the actor may not read the trail.
        EventNotFound: there is no such event.
        TrailDamaged: somebody changed the stored tree.
    """
    authorizer.check(current_actor(), permissions.AUDIT_READ)
    event = selectors.get_event(event_id=event_id)
    sequence_events()
    leaf = Leaf.objects.filter(event_id=event.id).first()
    if leaf is None:
        raise EventNotFound(f"The audit event {event_id!r} has no place yet.")
    head = _head()
    tree = stored_tree(head.checkpoint.size)
    return Proof(
        event_id=event.id,
        body=event.body,
        index=leaf.idx,
        leaf=leaf_hash(event.body.encode()),
        size=head.checkpoint.size,
        root=head.checkpoint.root,
        hashes=tuple(tree.inclusion_proof(leaf.idx)),
        checkpoint=head.note,
    )


def consistency_proof(*, old_size: int, size: int | None = None) -> tuple[int, tuple[bytes, ...]]:
    """That the tree of ``size`` leaves begins with the one of ``old_size``: the size, the hashes.

    Args:
        size: that of the newest head when None.

    Raises:
        PermissionDenied: the actor may not read the trail.
        Invalid: ``bad_tree_size``; there are no such trees.
    """
    authorizer.check(current_actor(), permissions.AUDIT_READ)
    sequence_events()
    largest = _head().checkpoint.size
    chosen = largest if size is None else size
    if not 0 < old_size <= chosen <= largest:
        raise Invalid(
            f"Sizes must be in order, and between 1 and {largest}.",
            code="bad_tree_size",
            data={"largest": largest},
        )
    return chosen, tuple(stored_tree(chosen).consistency_proof(old_size))


def verify(
    *,
    checkpoint: str | None = None,
    keys: Mapping[str, PublicKey] | None = None,
    sealed: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Verify the trail, and record what came out. See `verify_trail`.

    What waits for its place gets it first, so that the report is about everything there is.

    Raises:
        PermissionDenied: the actor may not read the trail.
        Invalid: ``bad_checkpoint``.
    """
    authorizer.check(current_actor(), permissions.AUDIT_READ)
    with suppress(Unavailable):  # a damaged tree takes nothing up any more; the report says where
        sequence_events()
    report = verify_trail(checkpoint=checkpoint, keys=keys, sealed=sealed, progress=progress)
    record_verification(report)
    return report


def record_verification(report: Report) -> None:
    """Write an ``audit.verified`` event."""
    summary = report.members()
    summary["problems"] = summary["problems"][:_RECORDED_PROBLEMS]
    audit_log.record(
        "audit.verified",
        Subject("audit"),
        outcome=Outcome.SUCCESS if report.is_intact else Outcome.FAILURE,
        data=summary,
    )


def _head() -> Head:
    head = signed_head()
    if head is None:
        raise NotFound("The audit trail is empty.", code="audit_trail_empty")
    return head
