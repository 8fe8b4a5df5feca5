"""PUBLIC: how everything above records what happens.

An event is written in the transaction that is open where `AuditLog.record` is called: with the
change, or not at all. Denials and failed sign-ins, which change nothing, are recorded by the door
after their transaction has ended (`AuditLog.record_apart`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Protocol

from oms_project.core.context import Actor
from oms_project.core.services import service

if TYPE_CHECKING:
    from django.db.models import Model

__all__ = [
    "ACTIONS",
    "AuditLog",
    "AuditTrail",
    "Outcome",
    "RowWatch",
    "Subject",
    "audit_log",
    "audit_trail",
    "row_watch",
]


class Outcome(StrEnum):
    """How it ended."""

    SUCCESS = "success"
    FAILURE = "failure"  # tried, and refused for what it was: a wrong password, a stale token
    DENIED = "denied"  # tried by somebody who may not


@dataclass(frozen=True, slots=True)
class Subject:
    """What an event is about.

    Attributes:
        type: ``ontology``, ``branch``, ``tag``, ``commit``, ``document``, ``user``,
            ``service_account``, ``group``, ``role_binding``, ``key``, ``session``, ``audit``, …
        id: stable identifier; may be empty.
        name: for people, at the time of the event.
    """

    type: str
    id: str = ""
    name: str = ""


#: Every action that is recorded, and what it means. A new action is added here first; recording
#: one that is not listed is a bug.
ACTIONS: Final[Mapping[str, str]] = {
    # -- who
    "identity.login": "Somebody signed in",
    "identity.login_failed": "A sign-in was refused",
    "identity.locked_out": "Too many failed sign-ins: locked for a while",
    "identity.logout": "Somebody signed out",
    "identity.token_issued": "Tokens were issued",
    "identity.token_refreshed": "Tokens were renewed",
    "identity.token_revoked": "A token or session was revoked",
    "identity.token_reused": "A renewed refresh token was used again: its session was ended",
    "identity.password_changed": "A password was changed",
    "identity.delegation_granted": "A service was allowed to act for a user",
    "identity.delegation_revoked": "A service may no longer act for a user",
    "identity.delegation_used": "A service took a token to act for a user",
    "identity.secret_rotated": "The secret of a service account was replaced",
    "identity.key_rotated": "A new signing key was made",
    "identity.key_retired": "A signing key was destroyed",
    "identity.key_revoked": "A signing key was declared lost",
    # -- rows of users, roles and rules, as django-auditlog sees them
    "record.created": "A row was added",
    "record.changed": "A row was changed",
    "record.deleted": "A row was deleted",
    # -- ontologies
    "ontology.created": "An ontology was created",
    "ontology.changed": "Settings of an ontology were changed",
    "ontology.deleted": "An ontology was taken out of use",
    "ontology.committed": "A commit was made",
    "ontology.fast_forwarded": "A branch was moved forward",
    "ontology.branch_created": "A branch was created",
    "ontology.branch_changed": "The protection of a branch was changed",
    "ontology.branch_deleted": "A branch was deleted",
    "ontology.tag_created": "A tag was created",
    "ontology.tag_deleted": "A tag was deleted",
    "action.run": "An action was run",
    "action.reverted": "A run of an action was taken back",
    "ontology.restricted_read": "Restricted or secret values were read",
    "ontology.redacted": "Values of an object or link were erased for good",
    "kernel.queried": "An ontology's home answered a query itself, with all that it holds",
    # -- homes of ontologies outside the ORM
    "home.stray_found": "Something was changed in an ontology's home behind OMS's back",
    "home.stray_settled": "A change behind OMS's back was settled",
    "home.transferred": "An ontology moved to another home",
    "home.rebuilt": "The index of an ontology was made anew from its home",
    "home.rewritten": "The home of an ontology was written anew from its index",
    # -- access
    "access.denied": "Something was not allowed",
    # -- the configuration and the trail itself
    "configuration.changed": "The configuration was changed",
    "audit.read": "The audit trail was searched",
    "audit.exported": "The audit trail was exported",
    "audit.checkpoint": "A checkpoint was written",
    "audit.sealed": "A range of the trail was sealed",
    "audit.verified": "The trail was verified",
    # -- events
    "webhook.created": "A webhook was registered",
    "webhook.changed": "A webhook was changed",
    "webhook.deleted": "A webhook was deleted",
    "webhook.verified": "The receiver of a webhook proved that it wants its events",
    "webhook.enabled": "A webhook was enabled",
    "webhook.paused": "A webhook was paused",
    "webhook.disabled": "A webhook was disabled, because its receiver is gone or dead",
    "webhook.secret_rotated": "A webhook got a new secret",
    "webhook.tested": "A webhook was tried",
    "routing.created": "A routing rule was made",
    "routing.changed": "A routing rule was changed",
    "routing.deleted": "A routing rule was deleted",
    "event.replayed": "Events were sent again",
    "event.released": "A quarantined event was sent again, or dropped",
    # -- jobs
    "job.submitted": "A job was submitted",
    "job.cancelled": "A job was cancelled",
}


class AuditLog(Protocol):
    """Takes events."""

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
        """Write one event in the open transaction (in one of its own when none is open).

        Time, actor, on whose behalf, request id and source come from the context.

        Args:
            action: one of `ACTIONS`.
            ontology, branch, commit: which one it is about: name, name, id.
            changes: field -> (before, after), JSON values; secrets must not be in it.
            data: more, for machines; JSON values.
            message: one sentence, for people.
            actor: who did it when it is not the context's actor (at sign-in).

        Returns:
            The event's id.

        Raises:
            ValueError: ``action`` is not listed.
        """
        ...

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
        """As ``record``, for something that changed nothing: when the trail cannot be written
        now, that is logged and None is returned, because the refusal stands all the same.
        """
        ...


class AuditTrail(Protocol):
    """Reads the trail in its order, for what follows it."""

    def placed(self, first: int, *, limit: int) -> tuple[list[tuple[int, str]], int]:
        """Events that have got their place.

        Args:
            first: from this place on.
            limit: so many places at most.

        Returns:
            (place, body as JSON) of each that is still there, and the place after the last that
            was looked at.
        """
        ...


class RowWatch(Protocol):
    """Sees to it that changes of rows are recorded (``record.created``, ``.changed``,
    ``.deleted``), with the values before and after.
    """

    def watch(
        self,
        model: type[Model],
        *,
        exclude: Sequence[str] = (),
        mask: Sequence[str] = (),
        links: Sequence[str] = (),
    ) -> None:
        """Record every ``save`` and ``delete`` of the model's rows, from ``AppConfig.ready`` on.

        What writes around them (``QuerySet.update``, ``bulk_create``) is not seen: record it.

        Args:
            exclude: fields that say nothing (``last_login``).
            mask: fields whose change is told, and whose values are not. Passwords, secrets,
                tokens and hashes are masked anyway.
            links: many-to-many fields to watch.
        """
        ...


audit_log: AuditLog = service("audit", AuditLog)
audit_trail: AuditTrail = service("audit_trail", AuditTrail)
row_watch: RowWatch = service("row_watch", RowWatch)
