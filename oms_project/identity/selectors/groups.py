"""Reads of groups."""

from __future__ import annotations

from django.contrib.auth.models import Group

from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import current_actor
from oms_project.core.pagination import Page
from oms_project.identity.contract import GroupInfo, UnknownGroup
from oms_project.identity.models import User
from oms_project.identity.selectors.paging import by_name

__all__ = ["get_group", "group_info", "list_groups"]


def list_groups(*, limit: int | None = None, cursor: str | None = None) -> Page[GroupInfo]:
    """Groups, by name.

    Args:
        limit, cursor: which page; see `core.pagination`.

    Raises:
        PermissionDenied: the current actor may not administer identities.
        BadRequest: a limit or a cursor that is none.
    """
    authorizer.check(current_actor(), permissions.IDENTITY_ADMINISTER)
    rows = Group.objects.prefetch_related("user_set")
    found, more = by_name(rows, "groups", "name", limit, cursor)
    return Page(tuple(group_info(group) for group in found), more)


def get_group(*, name: str) -> GroupInfo:
    """One group, by its name without regard to case.

    Raises:
        PermissionDenied: the current actor may not administer identities.
        UnknownGroup: there is none.
    """
    authorizer.check(current_actor(), permissions.IDENTITY_ADMINISTER)
    group = Group.objects.filter(name__iexact=name).first()
    if group is None:
        raise UnknownGroup(f"There is no group {name!r}.", data={"group": name})
    return group_info(group)


def group_info(group: Group) -> GroupInfo:
    """The plain value of a row."""
    members: list[User] = list(group.user_set.all())
    return GroupInfo(name=group.name, members=tuple(sorted(user.username for user in members)))
