"""Writes of the audit trail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from django.db import connection, transaction

from audit import doorbell
from audit.contract import ACTIONS, Outcome, Subject
from audit.domain.event import event_body
from audit.domain.witness import sign_event
from oms_project.core.clock import utc_now
from oms_project.core.context import Actor, current_request_id, current_source, try_current_actor
from oms_project.core.ids import ordered_id
from oms_project.core.keys import keyring

__all__ = ["DatabaseAuditLog"]

log = structlog.get_logger("oms.audit")

_EVENT = "INSERT INTO audit_event (id, body) VALUES (%s, %s)"
_PENDING = "INSERT INTO audit_pending (event_id, signature) VALUES (%s, %s)"


class DatabaseAuditLog:
    """The trail in this database: two short INSERTs per event, in the transaction of the change."""

    def record(
        self,
        action: str,
        subject: Subject,
        *,
        outcome: Outcome = Outcome.SUCCESS,
        ontology: str = "",
        branch: str = "",
        commit: str = "",
        changes: Mapping[str, tuple[Any, Any]] | None = None,
        data: Mapping[str, Any] | None = None,
        message: str = "",
        actor: Actor | None = None,
    ) -> str:
        """See `AuditLog.record`."""
        event_id, body = _event(
            action, subject, outcome, ontology, branch, commit, changes, data, message, actor
        )
        signature = sign_event(body, keyring.signing_key("audit"))
        with transaction.atomic(savepoint=False):
            _write(event_id, body, signature)
        transaction.on_commit(doorbell.ring)
        return event_id

    def record_apart(
        self,
        action: str,
        subject: Subject,
        *,
        outcome: Outcome,
        ontology: str = "",
        branch: str = "",
        commit: str = "",
        changes: Mapping[str, tuple[Any, Any]] | None = None,
        data: Mapping[str, Any] | None = None,
        message: str = "",
        actor: Actor | None = None,
    ) -> str | None:
        """See `AuditLog.record_apart`.

        Inside a transaction that is still open the event shares its fate, so doors call this after
        theirs has ended; inside one that is broken already, nothing can be written but the log.
        """
        event_id, body = _event(
            action, subject, outcome, ontology, branch, commit, changes, data, message, actor
        )
        try:
            signature = sign_event(body, keyring.signing_key("audit"))
            # A savepoint: what fails here breaks no transaction around it.
            with transaction.atomic():
                _write(event_id, body, signature)
        except Exception as error:  # noqa: BLE001 - the refusal stands, whatever is wrong here
            log.error("audit event lost", body=body, reason=str(error))  # noqa: TRY400
            return None
        transaction.on_commit(doorbell.ring)
        return event_id


def _write(event_id: str, body: str, signature: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_EVENT, (event_id, body))
        cursor.execute(_PENDING, (event_id, signature))


def _event(
    action: str,
    subject: Subject,
    outcome: Outcome,
    ontology: str,
    branch: str,
    commit: str,
    changes: Mapping[str, tuple[Any, Any]] | None,
    data: Mapping[str, Any] | None,
    message: str,
    actor: Actor | None,
) -> tuple[str, str]:
    if action not in ACTIONS:
        raise ValueError(f"{action!r} is no action of the audit trail: add it to audit.contract.")
    moment = utc_now()
    event_id = ordered_id(moment)
    body = event_body(
        event_id=event_id,
        moment=moment,
        action=action,
        outcome=outcome,
        subject=subject,
        actor=actor or try_current_actor(),
        source=current_source(),
        request_id=current_request_id(),
        ontology=ontology,
        branch=branch,
        commit=commit,
        changes=changes,
        data=data,
        message=message,
    )
    return event_id, body
