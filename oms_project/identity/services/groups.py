"""Groups: people and service accounts that hold roles together."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction

from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import current_actor
from oms_project.core.errors import Conflict, Invalid
from oms_project.identity.contract import GroupInfo, UnknownGroup, UnknownUser
from oms_project.identity.models import User
from oms_project.identity.selectors.groups import group_info
from oms_project.identity.services.policies import keeping_an_administrator

__all__ = ["add_to_group", "create_group", "delete_group", "remove_from_group"]


def create_group(*, name: str) -> GroupInfo:
    """Make an empty group.

    Raises:
        PermissionDenied: the current actor may not administer identities.
        Conflict: there is one with the name, compared without case.
        Invalid: an empty name, or one of more than 150 characters.
    """
    authorizer.check(current_actor(), permissions.IDENTITY_ADMINISTER)
    name = name.strip()
    if not name or len(name) > 150 or not name.isprintable() or "/" in name:
        raise Invalid(
            "The name of a group has 1 to 150 printable characters and no '/'.",
            code="bad_group_name",
        )
    taken = Conflict(f"There is a group {name!r} already.", code="group_exists")
    if Group.objects.filter(name__iexact=name).exists():
        raise taken
    try:
        with transaction.atomic():
            group = Group.objects.create(name=name)
    except IntegrityError as error:  # somebody was quicker
        raise taken from error
    return group_info(group)


def delete_group(*, name: str) -> None:
    """Delete a group with the roles that it holds.

    Raises:
        PermissionDenied: the current actor may not administer identities.
        UnknownGroup: there is none.
    """
    authorizer.check(current_actor(), permissions.IDENTITY_ADMINISTER)
    with keeping_an_administrator():
        _group(name).delete()


def add_to_group(*, name: str, username: str) -> GroupInfo:
    """Put a user or service account into a group; who is in it stays in it.

    Raises:
        PermissionDenied: the current actor may not administer identities.
        UnknownGroup, UnknownUser: there is none.
    """
    authorizer.check(current_actor(), permissions.IDENTITY_ADMINISTER)
    with transaction.atomic():
        group = _group(name)
        _user(username).groups.add(group)
    return group_info(group)


def remove_from_group(*, name: str, username: str) -> GroupInfo:
    """Take somebody out of a group; who is not in it is no error.

    Raises:
        PermissionDenied: the current actor may not administer identities.
        UnknownGroup, UnknownUser: there is none.
    """
    authorizer.check(current_actor(), permissions.IDENTITY_ADMINISTER)
    with keeping_an_administrator():
        group = _group(name)
        _user(username).groups.remove(group)
    return group_info(group)


def _group(name: str) -> Group:
    group = Group.objects.filter(name__iexact=name).first()
    if group is None:
        raise UnknownGroup(f"There is no group {name!r}.", data={"group": name})
    return group


def _user(username: str) -> User:
    user = User.objects.filter(username__iexact=username).first()
    if user is None:
        raise UnknownUser(f"There is no user {username!r}.", data={"username": username})
    return user
