"""Reads of delegations."""

from __future__ import annotations

from django.db.models import Q

from oms_project.core.authorization import authorizer, permissions
from oms_project.core.clock import utc_now
from oms_project.core.context import current_actor
from oms_project.core.pagination import Page
from oms_project.identity.contract import DelegationInfo
from oms_project.identity.models import Delegation
from oms_project.identity.selectors.paging import newest_first

__all__ = ["delegation_info", "list_delegations"]


def list_delegations(
    *,
    everybody: bool = False,
    ended: bool = False,
    limit: int | None = None,
    cursor: str | None = None,
) -> Page[DelegationInfo]:
    """Delegations that the current actor gave or holds, the newest first.

    Args:
        everybody: everybody's, for who administers identities.
        ended: those that are over as well.
        limit, cursor: which page; see `core.pagination`.

    Raises:
        PermissionDenied: everybody's, and the actor may not.
        BadRequest: a limit or a cursor that is none.
    """
    actor = current_actor()
    rows = Delegation.objects.select_related("user", "service__service_account")
    if everybody:
        authorizer.check(actor, permissions.IDENTITY_ADMINISTER)
    else:
        rows = rows.filter(Q(user_id=actor.id) | Q(service_id=actor.id))
    if not ended:
        rows = rows.filter(revoked_at__isnull=True, expires_at__gt=utc_now())
    found, more = newest_first(rows, "delegations", limit, cursor)
    return Page(tuple(delegation_info(row) for row in found), more)


def delegation_info(row: Delegation) -> DelegationInfo:
    """The plain value of a row."""
    return DelegationInfo(
        id=str(row.pk),
        service=row.service.username,
        client_id=row.service.service_account.client_id,
        user=row.user.username,
        reason=row.reason,
        permissions=tuple(row.permissions),
        ontology=row.ontology,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        created_at=row.created_at,
        created_by=row.created_by,
        holds=row.revoked_at is None and row.expires_at > utc_now(),
    )
