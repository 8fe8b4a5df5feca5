"""Writes of the audit trail, and reads that are themselves recorded."""

from __future__ import annotations

from audit.services.following import DatabaseAuditTrail
from audit.services.keeping import (
    Proof,
    consistency_proof,
    prove_event,
    record_verification,
    sequence_now,
    verify,
    write_checkpoint,
)
from audit.services.log import DatabaseAuditLog
from audit.services.reading import export, follow, followed, get_event, search, state
from audit.services.sealing import seal

__all__ = [
    "DatabaseAuditLog",
    "DatabaseAuditTrail",
    "Proof",
    "consistency_proof",
    "export",
    "follow",
    "followed",
    "get_event",
    "prove_event",
    "record_verification",
    "seal",
    "search",
    "sequence_now",
    "state",
    "verify",
    "write_checkpoint",
]
