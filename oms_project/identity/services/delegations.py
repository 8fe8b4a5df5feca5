"""Delegations (RFC 8693): a service may act for a user, for a reason, until a moment.

What a delegate may do is what both parties may, and no more than the delegation says; the
authorizer sees to that each time it is asked. There are no chains: a delegate cannot delegate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from django.conf import settings
from django.db import transaction

from audit.contract import Subject, audit_log
from oms_project.core.authorization import authorizer, permissions
from oms_project.core.clock import isoformat, utc_now
from oms_project.core.context import current_actor
from oms_project.core.errors import Invalid, PermissionDenied
from oms_project.core.ids import is_rid
from oms_project.identity.contract import (
    DelegationInfo,
    DelegationRefused,
    SessionGrant,
    UnknownDelegation,
    UnknownServiceAccount,
    UnknownUser,
)
from oms_project.identity.models import Delegation, TokenSession, User
from oms_project.identity.selectors.delegations import delegation_info
from oms_project.identity.selectors.sessions import delegate
from oms_project.identity.services.sessions import open_session
from oms_project.identity.services.sign_in import authenticate_client

__all__ = ["exchange_token", "grant_delegation", "revoke_delegation"]

T = TypeVar("T")
_MAX_REASON = 500


def grant_delegation(
    *,
    client_id: str,
    reason: str,
    expires_at: datetime,
    username: str | None = None,
    only: Sequence[str] = (),
    ontology: str = "",
) -> DelegationInfo:
    """Let a service act for a user.

    Args:
        client_id: the service account's.
        reason: why; it stands in every commit and event of the delegate.
        expires_at: until when; at most `OMS_DELEGATION_MAX_DAYS` from now.
        username: for whom; None: for the current actor, which everybody may.
        only: permissions that it is restricted to; empty: all that both have.
        ontology: name of the one ontology that it is for; empty: every one.

    Raises:
        PermissionDenied: for somebody else, and the actor may not administer identities; or the
            actor is itself a delegate.
        UnknownUser, UnknownServiceAccount: no such active party.
        Invalid: no reason, an expiry that is over or too far, an unknown permission.
    """
    actor = current_actor()
    if actor.on_behalf_of is not None:
        raise PermissionDenied("Not allowed: who acts for another cannot delegate that further.")
    own = username is None or username.casefold() == actor.username.casefold()
    if not own:
        authorizer.check(actor, permissions.IDENTITY_ADMINISTER)
    user = User.objects.filter(
        username__iexact=actor.username if username is None else username,
        kind=User.Kind.PERSON,
        is_active=True,
    ).first()
    if user is None:
        raise UnknownUser("There is no such active person.", data={"username": username})
    service = User.objects.filter(service_account__client_id=client_id, is_active=True).first()
    if service is None:
        raise UnknownServiceAccount(
            f"There is no active service account {client_id!r}.", data={"client_id": client_id}
        )
    _check(reason, expires_at, only, ontology)
    with transaction.atomic():
        row = Delegation.objects.create(
            service=service,
            user=user,
            reason=reason.strip(),
            permissions=sorted(set(only)),
            ontology=ontology,
            expires_at=expires_at,
            created_by=actor.label[:200],
        )
        audit_log.record(
            "identity.delegation_granted",
            _subject(row),
            ontology=ontology,
            data={
                "service": service.username,
                "user": user.username,
                "reason": row.reason,
                "permissions": row.permissions,
                "expires_at": isoformat(expires_at),
            },
        )
    return delegation_info(row)


def revoke_delegation(*, delegation: str) -> DelegationInfo:
    """Take a delegation back; tokens of it hold no more from the next request on.

    Either party may, and whoever administers identities. A second time is no error.

    Raises:
        UnknownDelegation: there is none, or it is none of the actor's business.
    """
    actor = current_actor()
    with transaction.atomic():
        row = (
            Delegation.objects.select_related("user", "service__service_account")
            .filter(pk=delegation)
            .first()
            if is_rid(delegation)
            else None
        )
        if row is None or not (
            actor.id in {str(row.user_id), str(row.service_id)}
            or authorizer.decide(actor, permissions.IDENTITY_ADMINISTER).allowed
        ):
            raise UnknownDelegation("There is no such delegation.", data={"delegation": delegation})
        if row.revoked_at is None:
            now = utc_now()
            row.revoked_at = now
            row.save(update_fields=["revoked_at"])
            TokenSession.objects.filter(delegation=row, revoked_at__isnull=True).update(
                revoked_at=now, revoked_reason="the delegation was revoked"
            )
            audit_log.record("identity.delegation_revoked", _subject(row), ontology=row.ontology)
    return delegation_info(row)


def exchange_token(
    *,
    client_id: str,
    secret: str,
    issue: Callable[[SessionGrant], T],
    subject: str = "",
    delegation: str = "",
) -> T:
    """Trade client credentials and a delegation for a session in which the service acts for a
    user (RFC 8693).

    Args:
        issue: as for `sign_in`.
        subject: id of the user, from a token that the user holds or as the service names it.
        delegation: id of the delegation; empty: the one that lasts longest between the two.

    Raises:
        BadCredentials, TooManyAttempts: as `authenticate_client`.
        DelegationRefused: no delegation holds between the two.
    """
    service = authenticate_client(client_id=client_id, secret=secret)
    rows = Delegation.objects.select_related("user", "service").filter(
        service=service,
        revoked_at__isnull=True,
        expires_at__gt=utc_now(),
        user__is_active=True,
    )
    if subject:
        rows = rows.filter(user_id=subject) if is_rid(subject) else rows.none()
    if delegation:
        rows = rows.filter(pk=delegation) if is_rid(delegation) else rows.none()
    row = rows.order_by("-expires_at").first() if subject or delegation else None
    if row is None:
        raise DelegationRefused("No delegation lets this service act for this user now.")
    with transaction.atomic():
        grant = open_session(user=service, delegation=row, client_id=client_id, renewable=False)
        audit_log.record(
            "identity.delegation_used",
            _subject(row),
            actor=delegate(service, row),
            ontology=row.ontology,
            data={"session": grant.session, "client_id": client_id},
        )
        return issue(grant)


def _check(reason: str, expires_at: datetime, only: Sequence[str], ontology: str) -> None:
    now = utc_now()
    furthest = now + timedelta(days=settings.OMS_DELEGATION_MAX_DAYS)
    problems = []
    if not reason.strip():
        problems.append(("reason", "Say why: a delegation needs a reason."))
    if len(reason) > _MAX_REASON:
        problems.append(("reason", f"At most {_MAX_REASON} characters."))
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in reason):
        problems.append(("reason", "One line, without control characters."))
    if expires_at.tzinfo is None or expires_at <= now:
        problems.append(("expires_at", "Name a moment that is still to come, with a time zone."))
    elif expires_at > furthest:
        problems.append(
            ("expires_at", f"At most {settings.OMS_DELEGATION_MAX_DAYS} days from now.")
        )
    problems += [
        ("permissions", f"There is no permission '{name}'.")
        for name in only
        if name not in permissions.ALL
    ]
    if len(ontology) > 200 or "\x00" in ontology:
        problems.append(("ontology", "That is no name of an ontology."))
    if problems:
        raise Invalid(
            "The delegation cannot be granted: " + " ".join(text for _field, text in problems),
            code="bad_delegation",
            errors=[{"field": field, "message": text} for field, text in problems],
        )


def _subject(row: Delegation) -> Subject:
    return Subject("delegation", str(row.pk), f"{row.service.username} for {row.user.username}")
