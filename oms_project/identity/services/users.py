"""Writes of people."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from audit.contract import Outcome, Subject, audit_log
from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import current_actor, current_source
from oms_project.core.errors import Invalid, PermissionDenied
from oms_project.identity import selectors
from oms_project.identity.contract import (
    BadCredentials,
    BindingInfo,
    UnknownUser,
    UserInfo,
    UsernameTaken,
    WeakPassword,
)
from oms_project.identity.models import User
from oms_project.identity.services.policies import bind, keeping_an_administrator
from oms_project.identity.services.sessions import end_sessions_of
from oms_project.identity.services.throttle import begin_attempt

__all__ = [
    "change_own_password",
    "change_user",
    "check_own_password",
    "check_strength",
    "create_user",
    "note_password_change",
    "set_password",
    "set_user_active",
]


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
    check_strength(password, user)
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


def change_user(
    *,
    username: str,
    display_name: str | None = None,
    email: str | None = None,
    active: bool | None = None,
) -> UserInfo:
    """Change what a user is called, and whether the user may sign in; None leaves it as it is.
    All of it, or nothing.

    Raises:
        PermissionDenied: the current actor may not administer identities, or would shut itself out.
        UnknownUser: there is no such user.
        Invalid: the name or the address is malformed.
    """
    authorizer.check(current_actor(), permissions.IDENTITY_ADMINISTER)
    user = _person(username)
    if display_name is not None:
        user.display_name = display_name
    if email is not None:
        user.email = User.objects.normalize_email(email)
    try:
        user.clean_fields(exclude=("password", "username"))
    except ValidationError as error:
        raise Invalid(
            "The user is not valid: " + " ".join(error.messages),
            errors=[
                {"field": field, "message": message}
                for field, messages in error.message_dict.items()
                for message in messages
            ],
        ) from error
    with transaction.atomic():
        user.save(update_fields=["display_name", "email"])
        if active is not None:
            return set_user_active(username=user.username, active=active)
    return selectors.get_user(username=user.username)


def set_user_active(*, username: str, active: bool) -> UserInfo:
    """Shut a user out, or let the user in again. Tokens and sessions of who is out hold no more.

    Raises:
        PermissionDenied: the current actor may not administer identities, or would shut itself out.
        UnknownUser: there is no such user.
    """
    actor = current_actor()
    authorizer.check(actor, permissions.IDENTITY_ADMINISTER)
    user = _person(username)
    if not active and str(user.pk) == actor.id:
        raise PermissionDenied("Not allowed: nobody shuts himself out.")
    with keeping_an_administrator():
        user.is_active = active
        user.save(update_fields=["is_active"])
        if not active:
            end_sessions_of(user=user, reason="deactivated")
    return selectors.get_user(username=user.username)


def set_password(*, username: str, password: str) -> None:
    """Give a person a new password; every session of the person ends.

    Raises:
        PermissionDenied: the current actor may not administer identities.
        UnknownUser: there is no such person.
        WeakPassword: the password breaks a rule.
    """
    authorizer.check(current_actor(), permissions.IDENTITY_ADMINISTER)
    user = _person(username)
    check_strength(password, user)
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        note_password_change(user=user)


def change_own_password(*, current: str, new: str) -> None:
    """Change the current actor's own password; every session of his ends, also this one.

    Raises:
        PermissionDenied: a service, or somebody who acts for another.
        BadCredentials: the current password is another one.
        TooManyAttempts: it was guessed too often.
        WeakPassword: the new one breaks a rule.
    """
    actor = current_actor()
    if actor.kind != User.Kind.PERSON or actor.on_behalf_of is not None:
        raise PermissionDenied("Not allowed: only a person who is signed in has a password.")
    user = _person(actor.username)
    check_own_password(user=user, password=current)
    if new == current:
        raise WeakPassword(
            "The new password is the current one.",
            errors=[{"field": "password", "message": "The new password is the current one."}],
        )
    check_strength(new, user)
    with transaction.atomic():
        user.set_password(new)
        user.save(update_fields=["password"])
        note_password_change(user=user)


def check_own_password(*, user: User, password: str) -> None:
    """Return when it is the current password of who wants a new one.

    Raises:
        BadCredentials: it is another one.
        TooManyAttempts: it was guessed too often.
    """
    attempt = begin_attempt(username=user.username, address=current_source().address)
    if not user.check_password(password):
        audit_log.record_apart(
            "identity.password_changed",
            Subject("user", str(user.pk), user.username),
            outcome=Outcome.FAILURE,
            message="The current password was wrong.",
        )
        raise BadCredentials("The current password is not right.", code="wrong_password")
    attempt.succeeded()


def note_password_change(*, user: User) -> None:
    """What follows a new password, in the open transaction: sessions end, and it is on record."""
    end_sessions_of(user=user, reason="the password was changed")
    audit_log.record("identity.password_changed", Subject("user", str(user.pk), user.username))


def check_strength(password: str, user: User) -> None:
    """Hold a password against the rules.

    Raises:
        WeakPassword: ``errors`` says which it breaks.
    """
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise WeakPassword(
            "The password is too weak: " + " ".join(error.messages),
            errors=[{"field": "password", "message": message} for message in error.messages],
        ) from error


def _person(username: str) -> User:
    user = User.objects.filter(username__iexact=username, kind=User.Kind.PERSON).first()
    if user is None:
        raise UnknownUser(f"There is no user {username!r}.", data={"username": username})
    return user
