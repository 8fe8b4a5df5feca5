"""Reads of sessions, and the one question behind every request with a token: does it still hold?"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.db.models import DEFERRED, Q
from django.utils.crypto import constant_time_compare, salted_hmac

from oms_project.core.authorization import authorizer, permissions
from oms_project.core.clock import utc_now
from oms_project.core.context import Actor, current_actor
from oms_project.core.pagination import Page
from oms_project.identity.contract import (
    BadToken,
    SessionInfo,
    TokenClaims,
    UnknownUser,
    actor_of,
)
from oms_project.identity.grants import session_row
from oms_project.identity.models import Delegation, TokenSession, User
from oms_project.identity.selectors.paging import newest_first

__all__ = [
    "Holder",
    "check_token",
    "credential_of",
    "delegate",
    "holder_of",
    "list_sessions",
    "session_info",
]

_REFUSED = "The access token is not valid or has expired: sign in again."


@dataclass(frozen=True, slots=True)
class Holder:
    """Who a token lets in.

    Attributes:
        user: who acts; of a delegate, the service.
        actor: the same as it travels in the context, with on whose behalf.
        session: the session's id.
    """

    user: User
    actor: Actor
    session: str


def holder_of(claims: TokenClaims) -> Holder:
    """Who a genuine token lets in now. One query, and one more for a delegate.

    Raises:
        BadToken: session ended or expired, token revoked, somebody deactivated, a password
            changed, the delegation revoked or over. The words are the same each time.
    """
    row = session_row(claims.session, claims.token_id) if _is_uuid(claims.session) else None
    if row is None or row.token_revoked or row.revoked:
        raise BadToken(_REFUSED)
    columns = [field.attname for field in User._meta.concrete_fields]  # noqa: SLF001 - public
    user = User.from_db(
        connection.alias, columns, [row.user.get(name, DEFERRED) for name in columns]
    )
    if row.expires_at is None or row.expires_at <= utc_now() or not user.is_active:
        raise BadToken(_REFUSED)
    delegation = None
    if row.delegated:
        found = TokenSession.objects.filter(pk=claims.session).select_related("delegation__user")
        delegation = getattr(found.first(), "delegation", None)
        if delegation is None:
            raise BadToken(_REFUSED)
    if not constant_time_compare(row.credential, credential_of(user, delegation)):
        raise BadToken(_REFUSED)
    if delegation is None:
        if claims.subject != str(user.pk) or claims.actor or claims.delegation:
            raise BadToken(_REFUSED)
        return Holder(user, actor_of(user), claims.session)
    if (claims.subject, claims.actor, claims.delegation) != (
        str(delegation.user_id),
        str(user.pk),
        str(delegation.pk),
    ):
        raise BadToken(_REFUSED)
    if (
        delegation.revoked_at is not None
        or delegation.expires_at <= utc_now()
        or not delegation.user.is_active
    ):
        raise BadToken(_REFUSED)
    return Holder(user, delegate(user, delegation), claims.session)


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def check_token(claims: TokenClaims) -> None:
    """Return when a genuine token, of either kind, still holds.

    Raises:
        BadToken: it does not.
    """
    holder_of(claims)
    if claims.token_type == "refresh":  # noqa: S105 - a kind of token
        waiting = TokenSession.objects.filter(pk=claims.session, refresh_jti=claims.token_id)
        if not waiting.exists():
            raise BadToken(_REFUSED)


def delegate(service: User, delegation: Delegation) -> Actor:
    """The actor of a service that acts for somebody."""
    plain = actor_of(service)
    return Actor(
        id=plain.id,
        username=plain.username,
        display_name=plain.display_name,
        kind=plain.kind,
        on_behalf_of=actor_of(delegation.user),
        reason=delegation.reason,
        grant=str(delegation.pk),
    )


def credential_of(user: User, delegation: Delegation | None = None) -> str:
    """What the passwords of the parties are now, as a keyed hash: a new one changes it."""
    parts = [user.password] if delegation is None else [user.password, delegation.user.password]
    return salted_hmac("oms.identity.session", "\x1f".join(parts), algorithm="sha256").hexdigest()


def list_sessions(
    *,
    username: str | None = None,
    ended: bool = False,
    limit: int | None = None,
    cursor: str | None = None,
) -> Page[SessionInfo]:
    """Sessions, the newest first: of the current actor, or of anybody for administrators.

    Args:
        username: whose; None: one's own.
        ended: those that are over as well.
        limit, cursor: which page; see `core.pagination`.

    Raises:
        PermissionDenied: somebody else's, and the actor may not administer identities.
        UnknownUser: there is no such user.
        BadRequest: a limit or a cursor that is none.
    """
    actor = current_actor()
    rows = TokenSession.objects.select_related("user", "delegation__user")
    if username is None or username.casefold() == actor.username.casefold():
        rows = rows.filter(user_id=actor.id)
    else:
        authorizer.check(actor, permissions.IDENTITY_ADMINISTER)
        user = User.objects.filter(username__iexact=username).first()
        if user is None:
            raise UnknownUser(f"There is no user {username!r}.", data={"username": username})
        rows = rows.filter(Q(user=user) | Q(delegation__user=user))
    if not ended:
        rows = rows.filter(revoked_at__isnull=True, expires_at__gt=utc_now())
    found, more = newest_first(rows, "sessions", limit, cursor)
    return Page(tuple(session_info(row) for row in found), more)


def session_info(row: TokenSession) -> SessionInfo:
    """The plain value of a row."""
    return SessionInfo(
        id=str(row.pk),
        username=row.user.username,
        on_behalf_of="" if row.delegation is None else row.delegation.user.username,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        revoked_reason=row.revoked_reason,
        address=row.address,
        agent=row.agent,
    )
