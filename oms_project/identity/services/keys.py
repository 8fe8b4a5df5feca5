"""Signing keys: made, retired, declared lost; and every change is on record."""

from __future__ import annotations

from datetime import datetime

from audit.contract import Subject, audit_log
from oms_project.core.authorization import authorizer, permissions
from oms_project.core.clock import isoformat
from oms_project.core.context import current_actor
from oms_project.core.keys import PublicKey, keyring

__all__ = ["retire_key", "revoke_key", "rotate_key"]


def rotate_key(*, purpose: str, algorithm: str = "EdDSA") -> PublicKey:
    """Make the key that signs from now on.

    Raises:
        PermissionDenied: the current actor may not administer identities.
        Invalid: an unknown purpose or algorithm.
    """
    authorizer.check(current_actor(), permissions.IDENTITY_ADMINISTER)
    key = keyring.rotate(purpose, algorithm=algorithm)
    audit_log.record("identity.key_rotated", _subject(key), data=_told(key))
    return key


def retire_key(*, purpose: str, kid: str) -> PublicKey:
    """Destroy the private part of a key; what it signed goes on counting.

    Raises:
        PermissionDenied: the current actor may not administer identities.
        NotFound: there is no such key.
    """
    authorizer.check(current_actor(), permissions.IDENTITY_ADMINISTER)
    key = keyring.retire(purpose, kid)
    audit_log.record("identity.key_retired", _subject(key), data=_told(key))
    return key


def revoke_key(*, purpose: str, kid: str, since: datetime) -> PublicKey:
    """Declare a key lost: what it signed from ``since`` on does not count, and no token of it.

    Raises:
        PermissionDenied: the current actor may not administer identities.
        NotFound: there is no such key.
    """
    authorizer.check(current_actor(), permissions.IDENTITY_ADMINISTER)
    key = keyring.revoke(purpose, kid, since=since)
    audit_log.record(
        "identity.key_revoked", _subject(key), data={**_told(key), "since": isoformat(since)}
    )
    return key


def _subject(key: PublicKey) -> Subject:
    return Subject("key", key.kid, key.purpose)


def _told(key: PublicKey) -> dict[str, str]:
    return {"purpose": key.purpose, "algorithm": key.algorithm}
