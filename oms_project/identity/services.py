"""Writes of users and roles."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import current_actor
from oms_project.core.errors import Invalid
from oms_project.identity import selectors
from oms_project.identity.contract import (
    EVERYTHING,
    BindingInfo,
    Role,
    UnknownUser,
    UserInfo,
    UsernameTaken,
    WeakPassword,
)
from oms_project.identity.models import RoleBinding, User

__all__ = ["create_user", "grant_role", "revoke_role"]


def create_user(
    *,
    username: str,
    password: str,
    display_name: str = "",
    email: str = "",
    bindings: Sequence[BindingInfo] = (),
    is_superuser: bool = False,
) -> UserInfo:
    """Make a user who can sign in.

    Raises:
        PermissionDenied: the current actor may not administer identities.
        WeakPassword: the password breaks a rule.
        UsernameTaken: another user has the name, compared without case.
        Invalid: the name or the address is malformed.
    """
    actor = current_actor()
    authorizer.check(actor, permissions.IDENTITY_ADMINISTER)
    user = User(
        username=User.normalize_username(username),
        display_name=display_name,
        email=User.objects.normalize_email(email),
        is_superuser=is_superuser,
    )
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise WeakPassword(
            "The password is too weak: " + " ".join(error.messages),
            errors=[{"field": "password", "message": message} for message in error.messages],
        ) from error
    user.set_password(password)
    if User.objects.filter(username__iexact=user.username).exists():
        raise UsernameTaken(f"There is a user {user.username!r} already.")
    try:
        user.full_clean(validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        raise Invalid(
            "The user is not valid: " + " ".join(error.messages),
            errors=[
                {"field": field, "message": message}
                for field, messages in error.message_dict.items()
                for message in messages
            ],
        ) from error
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            for binding in bindings:
                _bind(user, binding.role, binding.ontology)
    except IntegrityError as error:  # somebody was quicker
        raise UsernameTaken(f"There is a user {user.username!r} already.") from error
    return selectors.get_user(username=user.username)


def grant_role(*, username: str, role: Role, ontology: str = EVERYTHING) -> UserInfo:
    """Give a role; a role that is held already stays as it is.

    Raises:
        PermissionDenied: the current actor may not administer identities.
        UnknownUser: there is no such user.
    """
    authorizer.check(current_actor(), permissions.IDENTITY_ADMINISTER)
    with transaction.atomic():
        _bind(_user(username), role, ontology)
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


def _user(username: str) -> User:
    user = User.objects.filter(username__iexact=username).first()
    if user is None:
        raise UnknownUser(f"There is no user {username!r}.", data={"username": username})
    return user


def _bind(user: User, role: Role, ontology: str) -> None:
    RoleBinding.objects.get_or_create(
        user=user,
        role=role,
        ontology=ontology,
        defaults={"created_by": current_actor().label},
    )
