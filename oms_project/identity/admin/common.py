"""What every page of identity shares."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from oms_project.core.authorization import authorizer, permissions
from oms_project.identity.contract import actor_of

__all__ = ["ForAdministrators", "may_administer"]


def may_administer(request: HttpRequest) -> bool:
    """Whether the signed-in user may administer identities."""
    user = request.user
    return (
        user.is_authenticated
        and user.is_active
        and authorizer.decide(actor_of(user), permissions.IDENTITY_ADMINISTER).allowed
    )


class ForAdministrators:
    """Asks the authorizer instead of Django's own permissions."""

    required_permission = permissions.IDENTITY_ADMINISTER

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may_administer(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_administer(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_administer(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_administer(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_administer(request)
