"""Reads of users and roles."""

from __future__ import annotations

from oms_project.identity.contract import BindingInfo, Role, UnknownUser, UserInfo
from oms_project.identity.models import User

__all__ = ["get_user", "has_administrator"]


def get_user(*, username: str) -> UserInfo:
    """The user with this name, compared without case.

    Raises:
        UnknownUser: there is none.
    """
    user = User.objects.filter(username__iexact=username).prefetch_related("bindings").first()
    if user is None:
        raise UnknownUser(f"There is no user {username!r}.", data={"username": username})
    return UserInfo(
        id=str(user.pk),
        username=user.username,
        display_name=user.display_name,
        email=user.email,
        is_active=user.is_active,
        created_at=user.created_at,
        bindings=tuple(
            BindingInfo(role=Role(binding.role), ontology=binding.ontology)
            for binding in user.bindings.all()
        ),
    )


def has_administrator() -> bool:
    """Whether an active user may administer everything."""
    active = User.objects.filter(is_active=True)
    return (
        active.filter(is_superuser=True).exists()
        or active.filter(bindings__role=Role.ADMINISTRATOR, bindings__ontology="").exists()
    )
