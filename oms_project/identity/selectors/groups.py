"""Reads of groups."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.models import Group

from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import current_actor
from oms_project.identity.contract import GroupInfo
from oms_project.identity.models import User

__all__ = ["group_info", "list_groups"]


def list_groups() -> Sequence[GroupInfo]:
    """Every group, by name.

    Raises:
        PermissionDenied: the current actor may not administer identities.
    """
    authorizer.check(current_actor(), permissions.IDENTITY_ADMINISTER)
    return [
        group_info(group) for group in Group.objects.prefetch_related("user_set").order_by("name")
    ]


def group_info(group: Group) -> GroupInfo:
    """The plain value of a row."""
    members: list[User] = list(group.user_set.all())
    return GroupInfo(name=group.name, members=tuple(sorted(user.username for user in members)))
