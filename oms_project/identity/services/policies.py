"""Writes of policies: who holds which role."""

from __future__ import annotations

from django.db import transaction

from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import current_actor
from oms_project.identity import selectors
from oms_project.identity.contract import EVERYTHING, Role, UnknownUser, UserInfo
from oms_project.identity.models import RoleBinding, User

__all__ = ["bind", "grant_role", "revoke_role"]


def grant_role(*, username: str, role: Role, ontology: str = EVERYTHING) -> UserInfo:
    """Give a role; a role that is held already stays as it is.

    Raises:
        PermissionDenied: the current actor may not administer identities.
        UnknownUser: there is no such user.
    """
    authorizer.check(current_actor(), permissions.IDENTITY_ADMINISTER)
    with transaction.atomic():
        bind(_user(username), role, ontology)
    return selectors.get_user(username=username)


def revoke_role(*, username: str, role: Role, ontology: str = EVERYTHING) -> UserInfo:
    """Take a role away; one that is not held is no error.

    Raises:
        PermissionDenied: the current actor may not administer identities.
        UnknownUser: there is no such user.
    """
    authorizer.check(current_actor(), permissions.IDENTITY_ADMINISTER)
    with transaction.atomic():
        RoleBinding.objects.filter(user=_user(username), role=role, ontology=ontology).delete()
    return selectors.get_user(username=username)


def bind(user: User, role: Role, ontology: str) -> None:
    """Give a role in the open transaction; the caller has checked that it may."""
    RoleBinding.objects.get_or_create(
        user=user,
        role=role,
        ontology=ontology,
        defaults={"created_by": current_actor().label},
    )


def _user(username: str) -> User:
    user = User.objects.filter(username__iexact=username).first()
    if user is None:
        raise UnknownUser(f"There is no user {username!r}.", data={"username": username})
    return user
