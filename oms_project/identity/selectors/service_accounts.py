"""Reads of service accounts."""

from __future__ import annotations

from oms_project.core.authorization import authorizer, permissions
from oms_project.core.clock import utc_now
from oms_project.core.context import current_actor
from oms_project.core.pagination import Page
from oms_project.identity.contract import SecretInfo, ServiceAccountInfo, UnknownServiceAccount
from oms_project.identity.models import ServiceAccount
from oms_project.identity.selectors.paging import by_name, containing

__all__ = ["get_service_account", "list_service_accounts", "service_account_info"]


def list_service_accounts(
    *, q: str = "", limit: int | None = None, cursor: str | None = None
) -> Page[ServiceAccountInfo]:
    """Service accounts, by the name of their principal.

    Args:
        q: only those with this text in the client id, a name or the description; empty: all.
        limit, cursor: which page; see `core.pagination`.

    Raises:
        PermissionDenied: the current actor may not administer identities.
        BadRequest: a limit, a cursor or a text that is none.
    """
    authorizer.check(current_actor(), permissions.IDENTITY_ADMINISTER)
    rows = ServiceAccount.objects.select_related("user", "owner").prefetch_related("secrets")
    rows = containing(rows, q, "client_id", "user__username", "user__display_name", "description")
    found, more = by_name(rows, "service-accounts", "user__username", limit, cursor)
    return Page(tuple(service_account_info(row) for row in found), more)


def get_service_account(*, client_id: str) -> ServiceAccountInfo:
    """One service account.

    Raises:
        PermissionDenied: the current actor may not administer identities.
        UnknownServiceAccount: there is none.
    """
    authorizer.check(current_actor(), permissions.IDENTITY_ADMINISTER)
    row = ServiceAccount.objects.select_related("user", "owner").filter(client_id=client_id).first()
    if row is None:
        raise UnknownServiceAccount(
            f"There is no service account {client_id!r}.", data={"client_id": client_id}
        )
    return service_account_info(row)


def service_account_info(row: ServiceAccount) -> ServiceAccountInfo:
    """The plain value of a row."""
    now = utc_now()
    return ServiceAccountInfo(
        id=str(row.user_id),
        client_id=row.client_id,
        username=row.user.username,
        display_name=row.user.display_name,
        description=row.description,
        owner="" if row.owner is None else row.owner.username,
        is_active=row.user.is_active,
        created_at=row.created_at,
        created_by=row.created_by,
        secrets=tuple(
            SecretInfo(
                id=secret.pk,
                hint=secret.hint,
                created_at=secret.created_at,
                expires_at=secret.expires_at,
                revoked_at=secret.revoked_at,
                last_used_at=secret.last_used_at,
                holds=secret.revoked_at is None
                and (secret.expires_at is None or secret.expires_at > now),
            )
            for secret in row.secrets.all()
        ),
    )
