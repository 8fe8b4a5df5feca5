"""Sessions: opened by a sign-in, renewed by their refresh token, ended by whoever may."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.crypto import constant_time_compare

from audit.contract import Outcome, Subject, audit_log
from oms_project.core.authorization import authorizer, permissions
from oms_project.core.clock import utc_now
from oms_project.core.context import Actor, current_actor, current_source
from oms_project.core.errors import PermissionDenied
from oms_project.core.ids import is_rid
from oms_project.identity.contract import (
    BadToken,
    SessionGrant,
    TokenClaims,
    UnknownSession,
    actor_of,
)
from oms_project.identity.models import (
    Delegation,
    RevokedToken,
    TokenSession,
    User,
)
from oms_project.identity.selectors.sessions import credential_of
from oms_project.identity.services.throttle import purge_attempts

__all__ = [
    "end_own_sessions",
    "end_session",
    "end_sessions_of",
    "note_sign_out",
    "open_session",
    "purge",
    "renew_session",
    "revoke_token",
    "revoke_token_id",
    "sign_out",
]

T = TypeVar("T")
_SIGNED_OUT = "signed out"
_REFUSED = "The refresh token is not valid or has expired: sign in again."


def open_session(
    *,
    user: User,
    delegation: Delegation | None = None,
    client_id: str = "",
    renewable: bool = True,
) -> SessionGrant:
    """A new session of somebody who has proved who they are.

    Args:
        user: who signs in; with a delegation, the service.
        delegation: what lets the service act for somebody else; it bounds the session.
        client_id: the service account's.
        renewable: whether a refresh token belongs to it.
    """
    now = utc_now()
    expires = now + timedelta(
        **(
            {"days": settings.JWT_REFRESH_DAYS}
            if renewable
            else {"minutes": settings.JWT_ACCESS_MINUTES}
        )
    )
    if delegation is not None:
        expires = min(expires, delegation.expires_at)
    source = current_source()
    session = TokenSession.objects.create(
        user=user,
        delegation=delegation,
        refresh_jti=uuid.uuid4().hex if renewable else "",
        credential=credential_of(user, delegation),
        created_at=now,
        last_used_at=now,
        expires_at=expires,
        address=source.address[:100],
        agent=source.agent[:300],
    )
    return _grant(session, now, client_id=client_id)


def renew_session(*, claims: TokenClaims, issue: Callable[[SessionGrant], T]) -> T:
    """Trade a refresh token, whose signature was verified, for the next one.

    Each refresh token is good once. One that comes a second time was copied: by whom, nobody can
    tell, so its session ends (RFC 9700, 4.14). Of two that come at once, one wins.

    Args:
        issue: makes the next tokens, in the transaction that uses up this one: when it raises, the
            token is still good.

    Raises:
        BadToken: the token was used before, its session has ended, the user is gone.
    """
    now = utc_now()
    with transaction.atomic():
        session = (
            TokenSession.objects.select_related("user", "delegation")
            .select_for_update(of=("self",))
            .filter(pk=claims.session)
            .first()
        )
        refusal = _refusal(session, claims, now)
        reused = (
            session is not None
            and refusal is None
            and not constant_time_compare(session.refresh_jti, claims.token_id)
        )
        if session is not None and refusal is None and not reused:
            session.refresh_jti = uuid.uuid4().hex
            session.last_used_at = now
            session.save(update_fields=["refresh_jti", "last_used_at"])
            audit_log.record(
                "identity.token_refreshed",
                _subject(session),
                actor=actor_of(session.user),
            )
            return issue(_grant(session, now))
        if session is not None and reused:
            _end(session, "a refresh token was used twice", now)
            audit_log.record(
                "identity.token_reused",
                _subject(session),
                outcome=Outcome.FAILURE,
                actor=actor_of(session.user),
                message="A refresh token was used a second time: its session was ended.",
            )
    raise BadToken(_REFUSED)


def end_session(*, session: str, reason: str = "ended") -> None:
    """End a session: one's own, or anybody's for whoever administers identities.

    Raises:
        UnknownSession: there is none, or it is somebody else's.
    """
    actor = current_actor()
    with transaction.atomic():
        found = (
            TokenSession.objects.select_related("user").filter(pk=session).first()
            if is_rid(session)
            else None
        )
        if found is None or not _may_end(actor, found):
            raise UnknownSession("There is no such session.", data={"session": session})
        if found.revoked_at is None:
            _end(found, reason, utc_now())
            action = "identity.logout" if reason == _SIGNED_OUT else "identity.token_revoked"
            audit_log.record(action, _subject(found))


def sign_out(*, session: str) -> None:
    """End the session that the current request belongs to.

    Raises:
        UnknownSession: it is somebody else's.
    """
    end_session(session=session, reason=_SIGNED_OUT)


def note_sign_out(*, user: User) -> None:
    """Record, in the open transaction, that somebody leaves the console, whose sessions are not
    kept here.
    """
    audit_log.record(
        "identity.logout", Subject("user", str(user.pk), user.username), actor=actor_of(user)
    )


def end_own_sessions(*, keep: str = "") -> int:
    """End the current actor's own sessions; how many.

    Args:
        keep: id of one that goes on.
    """
    actor = current_actor()
    if actor.on_behalf_of is not None:
        raise PermissionDenied("Not allowed: who acts for another ends its own session only.")
    user = User.objects.get(pk=actor.id)
    with transaction.atomic():
        return end_sessions_of(user=user, reason="ended by the user", keep=keep)


def end_sessions_of(*, user: User, reason: str, keep: str = "") -> int:
    """End every session of a user, in the open transaction; the caller has checked that it may.

    Args:
        keep: id of one that goes on.
    """
    mine = TokenSession.objects.filter(
        Q(user=user) | Q(delegation__user=user), revoked_at__isnull=True, expires_at__gt=utc_now()
    ).exclude(pk__in=[keep] if is_rid(keep) else [])
    ended = mine.update(revoked_at=utc_now(), revoked_reason=reason[:100])
    if ended:
        audit_log.record(
            "identity.token_revoked",
            Subject("user", str(user.pk), user.username),
            data={"sessions": ended, "reason": reason},
        )
    return ended


def revoke_token(*, claims: TokenClaims) -> None:
    """Take back a token whose signature was verified (RFC 7009): a refresh token with its whole
    session, an access token alone. One that was taken back before is no error.

    Whoever holds a token may take it back.
    """
    now = utc_now()
    with transaction.atomic():
        session = TokenSession.objects.select_related("user").filter(pk=claims.session).first()
        if session is None or session.revoked_at is not None:
            return
        if claims.token_type == "refresh":  # noqa: S105 - a kind of token
            _end(session, "revoked", now)
        else:
            _row, created = RevokedToken.objects.get_or_create(
                jti=claims.token_id,
                defaults={"expires_at": claims.expires_at, "reason": "revoked"},
            )
            if not created:
                return
        audit_log.record(
            "identity.token_revoked",
            _subject(session),
            actor=actor_of(session.user),
            data={"token_type": claims.token_type, "jti": claims.token_id},
        )


def revoke_token_id(*, token_id: str) -> None:
    """Take back an access token by its ``jti``, for whoever administers identities.

    Raises:
        PermissionDenied: the current actor may not.
    """
    authorizer.check(current_actor(), permissions.IDENTITY_ADMINISTER)
    # Nobody keeps a list of what was issued; an access token is gone by then for sure.
    until = utc_now() + timedelta(minutes=settings.JWT_ACCESS_MINUTES)
    with transaction.atomic():
        _row, created = RevokedToken.objects.get_or_create(
            jti=token_id, defaults={"expires_at": until, "reason": "revoked"}
        )
        if created:
            audit_log.record("identity.token_revoked", Subject("session"), data={"jti": token_id})


def purge() -> dict[str, int]:
    """Delete what has expired: sessions (with the tokens of them), revoked tokens.

    Sessions stay for 30 days after their end, so that one can still see them.
    """
    now = utc_now()
    kept_until = now - timedelta(days=30)
    return {
        "sessions": TokenSession.objects.filter(
            Q(expires_at__lt=kept_until) | Q(revoked_at__lt=kept_until)
        ).delete()[0],
        "revoked_tokens": RevokedToken.objects.filter(expires_at__lt=now).delete()[0],
        "failed_sign_ins": purge_attempts(),
    }


def _refusal(session: TokenSession | None, claims: TokenClaims, now: datetime) -> str | None:
    if session is None:
        return "unknown"
    if session.revoked_at is not None or session.expires_at <= now or not session.refresh_jti:
        return "ended"
    if str(session.user_id) != claims.subject or not session.user.is_active:
        return "user"
    if not constant_time_compare(session.credential, credential_of(session.user)):
        return "password"
    return None


def _grant(session: TokenSession, now: datetime, *, client_id: str = "") -> SessionGrant:
    access = min(now + timedelta(minutes=settings.JWT_ACCESS_MINUTES), session.expires_at)
    delegation = session.delegation
    return SessionGrant(
        session=str(session.pk),
        subject=str(session.user_id if delegation is None else delegation.user_id),
        access_expires_at=access,
        refresh_expires_at=session.expires_at if session.refresh_jti else None,
        refresh_id=session.refresh_jti,
        actor="" if delegation is None else str(session.user_id),
        client_id=client_id,
        delegation="" if delegation is None else str(delegation.pk),
    )


def _end(session: TokenSession, reason: str, now: datetime) -> None:
    TokenSession.objects.filter(pk=session.pk, revoked_at__isnull=True).update(
        revoked_at=now, revoked_reason=reason[:100]
    )


def _may_end(actor: Actor, session: TokenSession) -> bool:
    # A delegate's own session is that of its delegation.
    own = actor.id == str(session.user_id) and actor.grant == (
        "" if session.delegation_id is None else str(session.delegation_id)
    )
    return own or authorizer.decide(actor, permissions.IDENTITY_ADMINISTER).allowed


def _subject(session: TokenSession) -> Subject:
    return Subject("session", str(session.pk), session.user.username)
