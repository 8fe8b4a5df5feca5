"""Writes of people."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import current_actor
from oms_project.core.errors import Invalid
from oms_project.identity import selectors
from oms_project.identity.contract import BindingInfo, UserInfo, UsernameTaken, WeakPassword
from oms_project.identity.models import User
from oms_project.identity.services.policies import bind

__all__ = ["create_user"]


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
                bind(user, binding.role, binding.ontology)
    except IntegrityError as error:  # somebody was quicker
        raise UsernameTaken(f"There is a user {user.username!r} already.") from error
    return selectors.get_user(username=user.username)
