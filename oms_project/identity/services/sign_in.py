"""Proving who one is: with a password, or with a client secret. Every attempt is on record."""

from __future__ import annotations

import hashlib
import hmac
import secrets as random
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import update_last_login
from django.db import transaction

from audit.contract import Outcome, Subject, audit_log
from oms_project.core.clock import utc_now
from oms_project.core.context import current_source
from oms_project.identity.contract import (
    BadCredentials,
    SessionGrant,
    TooManyAttempts,
    actor_of,
)
from oms_project.identity.models import ClientSecret, User
from oms_project.identity.services.sessions import open_session
from oms_project.identity.services.throttle import Attempt, begin_attempt

__all__ = [
    "CLIENT_SECRET_PREFIX",
    "MAX_PASSWORD",
    "authenticate_client",
    "check_password",
    "hash_secret",
    "new_client_secret",
    "sign_in",
    "sign_in_client",
]

CLIENT_SECRET_PREFIX = "oms_sk_"  # noqa: S105 - lets scanners find a secret that leaked
#: Characters of the longest password; more is no password but an attempt to keep us busy.
MAX_PASSWORD = 256

T = TypeVar("T")
_REFUSED = "No active account found with the given credentials"
_CLIENT_REFUSED = "The client id and the secret do not belong together, or no longer hold."


def sign_in(*, username: str, password: str, issue: Callable[[SessionGrant], T]) -> T:
    """Trade a name and a password for a session, and what ``issue`` makes of it.

    Args:
        issue: makes the tokens of the session, in the transaction that opens it: what it raises
            undoes the session.

    Raises:
        BadCredentials: whatever is wrong, in the same words and after the same work.
        TooManyAttempts: see `throttle`.
    """
    user = check_password(username=username, password=password)
    with transaction.atomic():
        update_last_login(None, user)  # type: ignore[arg-type] # there is no sender
        grant = open_session(user=user)
        audit_log.record(
            "identity.token_issued",
            Subject("session", grant.session, user.username),
            actor=actor_of(user),
        )
        return issue(grant)


def check_password(*, username: str, password: str) -> User:
    """The active person whose name and password these are; on record either way.

    A name that nobody has, a service account, somebody deactivated: each costs one password hash
    as well, so that the time tells nothing.

    Raises:
        BadCredentials, TooManyAttempts: as `sign_in`.
    """
    attempt = _begin(username)
    user = _person(username)
    if user is None or len(password) > MAX_PASSWORD:
        make_password(password[:MAX_PASSWORD])
        matches = False
    else:
        matches = user.check_password(password)
    if user is None or not matches or not user.is_active or user.kind != User.Kind.PERSON:
        _failed(attempt, "user", user, _REFUSED)
        raise BadCredentials(_REFUSED)
    with transaction.atomic():
        attempt.succeeded()
        audit_log.record(
            "identity.login",
            Subject("user", str(user.pk), user.username),
            actor=actor_of(user),
            data={"method": "password"},
        )
    return user


def sign_in_client(*, client_id: str, secret: str, issue: Callable[[SessionGrant], T]) -> T:
    """Trade a client id and a secret for a session without a refresh token (RFC 6749, 4.4).

    Args:
        issue: as for `sign_in`.

    Raises:
        BadCredentials: unknown client, wrong, expired or revoked secret, deactivated account.
        TooManyAttempts: too many failures from this address.
    """
    user = authenticate_client(client_id=client_id, secret=secret)
    with transaction.atomic():
        grant = open_session(user=user, client_id=client_id, renewable=False)
        audit_log.record(
            "identity.token_issued",
            Subject("session", grant.session, user.username),
            actor=actor_of(user),
            data={"client_id": client_id},
        )
        return issue(grant)


def authenticate_client(*, client_id: str, secret: str) -> User:
    """The principal of the service account.

    Raises:
        BadCredentials, TooManyAttempts: as `sign_in_client`.
    """
    attempt = _begin("")
    now = utc_now()
    offered = hash_secret(secret)
    found: ClientSecret | None = None
    rows = ClientSecret.objects.filter(account__client_id=client_id).select_related("account__user")
    # Every secret is compared, and in constant time: neither which one nor how far is to be seen.
    for row in rows:
        same = hmac.compare_digest(row.secret_hash, offered)
        holds = row.revoked_at is None and (row.expires_at is None or row.expires_at > now)
        if same and holds and row.account.user.is_active:
            found = row
    if found is None:
        _failed(attempt, "service_account", None, _CLIENT_REFUSED)
        raise BadCredentials(_CLIENT_REFUSED, code="invalid_client")
    attempt.succeeded()
    stale = found.last_used_at is None or found.last_used_at < now - timedelta(minutes=1)
    if stale:  # a service that asks often is not a write each time
        ClientSecret.objects.filter(pk=found.pk).update(last_used_at=now)
    return found.account.user


def new_client_secret() -> str:
    """256 random bits, with a prefix that says what it is."""
    return CLIENT_SECRET_PREFIX + random.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """What is stored of a client secret.

    A plain SHA-256: the slow, salted hashes for passwords make guessing dear, and 256 random bits
    cannot be guessed at any price. A service that asks for a token each minute would pay for them.
    """
    return "sha256$" + hashlib.sha256(secret.encode()).hexdigest()


def _person(username: str) -> User | None:
    if "\x00" in username:  # PostgreSQL stores no such text
        return None
    return User.objects.filter(username__iexact=username).first()


def _begin(username: str) -> Attempt:
    try:
        return begin_attempt(username=username, address=current_source().address)
    except TooManyAttempts:
        audit_log.record_apart(
            "identity.login_failed",
            Subject("user"),
            outcome=Outcome.FAILURE,
            data={"reason": "locked_out"},
            message="A sign-in was refused without looking at it: too many failed before.",
        )
        raise


def _failed(attempt: Attempt, kind: str, user: User | None, message: str) -> None:
    # A name that nobody has is not recorded: it may be a password that was typed a line too early.
    known = Subject(kind) if user is None else Subject(kind, str(user.pk), user.username)
    audit_log.record_apart(
        "identity.login_failed",
        known,
        outcome=Outcome.FAILURE,
        message=message,
        data={"known": user is not None},
    )
    if attempt.locks_out():
        audit_log.record_apart("identity.locked_out", known, outcome=Outcome.FAILURE)
