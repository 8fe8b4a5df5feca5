"""Reads of users and roles."""

from __future__ import annotations

from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import current_actor
from oms_project.core.ids import is_rid
from oms_project.core.pagination import Page
from oms_project.identity.contract import BindingInfo, Role, UnknownUser, UserInfo
from oms_project.identity.models import User
from oms_project.identity.selectors.paging import by_name, containing

__all__ = ["get_user", "get_user_by_id", "has_administrator", "list_users", "user_info"]


def get_user(*, username: str) -> UserInfo:
    """The user with this name, compared without case.

    Raises:
        UnknownUser: there is none.
    """
    user = (
        User.objects.filter(username__iexact=username)
        .prefetch_related("bindings", "groups__bindings")
        .first()
    )
    if user is None:
        raise UnknownUser(f"There is no user {username!r}.", data={"username": username})
    return user_info(user)


def get_user_by_id(*, user_id: str) -> UserInfo:
    """The user with this id.

    Raises:
        UnknownUser: there is none.
    """
    rows = User.objects.prefetch_related("bindings", "groups__bindings")
    user = rows.filter(pk=user_id).first() if is_rid(user_id) else None
    if user is None:
        raise UnknownUser("There is no user with this id.", data={"id": user_id})
    return user_info(user)


def user_info(user: User) -> UserInfo:
    """The plain value of a row, with the roles held directly and through groups."""
    held = [(binding, "") for binding in user.bindings.all()]
    held += [
        (binding, group.name) for group in user.groups.all() for binding in group.bindings.all()
    ]
    return UserInfo(
        id=str(user.pk),
        username=user.username,
        display_name=user.display_name,
        email=user.email,
        is_active=user.is_active,
        created_at=user.created_at,
        bindings=tuple(
            BindingInfo(
                role=Role(binding.role),
                ontology=binding.ontology,
                branch=binding.branch,
                group=group,
                expires_at=binding.expires_at,
            )
            for binding, group in held
        ),
    )


def has_administrator() -> bool:
    """Whether an active user may administer everything."""
    active = User.objects.filter(is_active=True)
    return (
        active.filter(is_superuser=True).exists()
        or active.filter(bindings__role=Role.ADMINISTRATOR, bindings__ontology="").exists()
    )


def list_users(
    *, q: str = "", limit: int | None = None, cursor: str | None = None
) -> Page[UserInfo]:
    """People, by name, with roles.

    Args:
        q: only those with this text in the user name, the display name or the address; empty: all.
        limit, cursor: which page; see `core.pagination`.

    Raises:
        PermissionDenied: the current actor may not administer identities.
        BadRequest: a limit, a cursor or a text that is none.
    """
    authorizer.check(current_actor(), permissions.IDENTITY_ADMINISTER)
    rows = User.objects.filter(kind=User.Kind.PERSON).prefetch_related(
        "bindings", "groups__bindings"
    )
    rows = containing(rows, q, "username", "display_name", "email")
    found, more = by_name(rows, "users", "username", limit, cursor)
    return Page(tuple(user_info(user) for user in found), more)
