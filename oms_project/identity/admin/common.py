"""What every page of identity shares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from oms_project.core.authorization import authorizer, permissions
from oms_project.core.errors import OmsError, PermissionDenied
from oms_project.identity.contract import actor_of

__all__ = ["ForAdministrators", "may_administer", "told"]


def told(request: HttpRequest, act: Callable[[], HttpResponse], *, back: str) -> HttpResponse:
    """What ``act`` answers, in one transaction; what a service refuses is told on the page ``back``
    (the name of an address).
    """
    try:
        with transaction.atomic():
            return act()
    except OmsError as error:
        if isinstance(error, PermissionDenied):
            request.oms_denial = error  # type: ignore[attr-defined] # the audit records it
        messages.error(request, error.message)
        return redirect(back)


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
