"""Service accounts: a principal without a password, and secrets that come and go."""

from __future__ import annotations

import secrets as random
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from audit.contract import Subject, audit_log
from oms_project.core.authorization import authorizer, permissions
from oms_project.core.clock import isoformat, utc_now
from oms_project.core.context import current_actor
from oms_project.core.errors import Invalid
from oms_project.identity.contract import (
    NewSecret,
    ServiceAccountInfo,
    UnknownServiceAccount,
    UnknownUser,
    UsernameTaken,
)
from oms_project.identity.models import ClientSecret, ServiceAccount, User
from oms_project.identity.selectors.service_accounts import service_account_info
from oms_project.identity.services.sessions import end_sessions_of
from oms_project.identity.services.sign_in import hash_secret, new_client_secret

__all__ = [
    "create_service_account",
    "revoke_secret",
    "rotate_secret",
    "set_service_account_active",
]


def create_service_account(
    *,
    username: str,
    display_name: str = "",
    description: str = "",
    owner: str = "",
    expires_at: datetime | None = None,
) -> NewSecret:
    """Make a service account with its first secret.

    Args:
        username: name of its principal, in the same space as the names of people.
        owner: name of the person who answers for it; empty: nobody.
        expires_at: when the secret ends; None: it does not.

    Raises:
        PermissionDenied: the current actor may not administer identities.
        UsernameTaken: a user or service account has the name, compared without case.
        UnknownUser: there is no such owner.
        Invalid: a malformed name, or an expiry that is over.
    """
    actor = current_actor()
    authorizer.check(actor, permissions.IDENTITY_ADMINISTER)
    _check_expiry(expires_at)
    user = User(
        username=User.normalize_username(username),
        display_name=display_name,
        kind=User.Kind.SERVICE,
        is_staff=False,
    )
    user.set_unusable_password()
    responsible = None
    if owner:
        responsible = User.objects.filter(username__iexact=owner, kind=User.Kind.PERSON).first()
        if responsible is None:
            raise UnknownUser(f"There is no person {owner!r}.", data={"username": owner})
    account = ServiceAccount(
        user=user,
        client_id="svc_" + random.token_hex(10),
        description=description,
        owner=responsible,
        created_by=actor.label[:200],
    )
    if User.objects.filter(username__iexact=user.username).exists():
        raise UsernameTaken(f"There is a user {username!r} already.")
    try:
        user.full_clean(exclude=("password",))
        account.clean_fields(exclude=("user",))
    except ValidationError as error:
        raise Invalid(
            "The service account is not acceptable: " + " ".join(error.messages),
            errors=[
                {"field": field, "message": message}
                for field, messages in error.message_dict.items()
                for message in messages
            ],
        ) from error
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            account.save(force_insert=True)
            secret = _new_secret(account, expires_at)
    except IntegrityError as error:  # somebody was quicker
        raise UsernameTaken(f"There is a user {username!r} already.") from error
    return NewSecret(service_account_info(account), secret, expires_at)


def rotate_secret(
    *,
    client_id: str,
    expires_at: datetime | None = None,
    grace: timedelta | None = None,
) -> NewSecret:
    """Make a new secret; the ones before it hold for a while yet, so that nothing stands still.

    Args:
        expires_at: when the new one ends; None: it does not.
        grace: how long the others go on; None: `OMS_SECRET_GRACE_HOURS`; zero: they end at once,
            with every session.

    Raises:
        PermissionDenied: the current actor may not administer identities.
        UnknownServiceAccount: there is no such client id.
        Invalid: an expiry that is over, a negative grace.
    """
    authorizer.check(current_actor(), permissions.IDENTITY_ADMINISTER)
    _check_expiry(expires_at)
    grace = timedelta(hours=settings.OMS_SECRET_GRACE_HOURS) if grace is None else grace
    if grace < timedelta(0):
        raise Invalid("The grace period cannot be negative.", code="bad_grace")
    now = utc_now()
    with transaction.atomic():
        account = _account(client_id)
        for row in account.secrets.filter(revoked_at__isnull=True):
            if not grace:
                row.revoked_at = now
            elif row.expires_at is None or row.expires_at > now + grace:
                row.expires_at = now + grace
            row.save(update_fields=["expires_at", "revoked_at"])
        secret = _new_secret(account, expires_at)
        if not grace:
            end_sessions_of(user=account.user, reason="the secret was replaced at once")
        audit_log.record(
            "identity.secret_rotated",
            Subject("service_account", str(account.user_id), account.user.username),
            data={
                "client_id": client_id,
                "grace_seconds": int(grace.total_seconds()),
                "expires_at": None if expires_at is None else isoformat(expires_at),
            },
        )
    return NewSecret(service_account_info(account), secret, expires_at)


def revoke_secret(*, client_id: str, secret_id: int) -> ServiceAccountInfo:
    """Let a secret hold no more, and end what was opened with it. A second time is no error.

    Raises:
        PermissionDenied: the current actor may not administer identities.
        UnknownServiceAccount: there is no such client id, or no such secret of it.
    """
    authorizer.check(current_actor(), permissions.IDENTITY_ADMINISTER)
    with transaction.atomic():
        account = _account(client_id)
        row = account.secrets.filter(pk=secret_id).first()
        if row is None:
            raise UnknownServiceAccount(
                f"{client_id} has no secret {secret_id}.", data={"client_id": client_id}
            )
        if row.revoked_at is None:
            row.revoked_at = utc_now()
            row.save(update_fields=["revoked_at"])
            end_sessions_of(user=account.user, reason="a secret was revoked")
            audit_log.record(
                "identity.secret_rotated",
                Subject("service_account", str(account.user_id), account.user.username),
                data={"client_id": client_id, "revoked": row.hint},
            )
    return service_account_info(account)


def set_service_account_active(*, client_id: str, active: bool) -> ServiceAccountInfo:
    """Take a service account out of use, or back into it.

    Raises:
        PermissionDenied: the current actor may not administer identities.
        UnknownServiceAccount: there is no such client id.
    """
    authorizer.check(current_actor(), permissions.IDENTITY_ADMINISTER)
    with transaction.atomic():
        account = _account(client_id)
        account.user.is_active = active
        account.user.save(update_fields=["is_active"])
        if not active:
            end_sessions_of(user=account.user, reason="deactivated")
    return service_account_info(account)


def _account(client_id: str) -> ServiceAccount:
    account = (
        ServiceAccount.objects.select_related("user", "owner")
        .select_for_update(of=("self",))
        .filter(client_id=client_id)
        .first()
    )
    if account is None:
        raise UnknownServiceAccount(
            f"There is no service account {client_id!r}.", data={"client_id": client_id}
        )
    return account


def _new_secret(account: ServiceAccount, expires_at: datetime | None) -> str:
    secret = new_client_secret()
    ClientSecret.objects.create(
        account=account, secret_hash=hash_secret(secret), hint=secret[-4:], expires_at=expires_at
    )
    return secret


def _check_expiry(expires_at: datetime | None) -> None:
    if expires_at is None:
        return
    if expires_at.tzinfo is None or expires_at <= utc_now():
        raise Invalid(
            "The expiry must be a moment that is still to come, with a time zone.",
            code="bad_expiry",
        )
