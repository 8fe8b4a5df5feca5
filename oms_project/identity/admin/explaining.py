"""Why somebody may do something, and what roles allow, as pages of the console."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from oms_project.core.authorization import SENSITIVITIES, permissions
from oms_project.core.errors import OmsError, PermissionDenied
from oms_project.identity.contract import Role
from oms_project.identity.domain import ROLE_CLEARANCE, ROLE_PERMISSIONS
from oms_project.identity.models.policies import RoleChoice, SensitivityChoice
from oms_project.identity.selectors.explaining import explain

__all__ = ["explain_page", "table_page"]

#: Name in the form -> argument of `explain`.
_ASKED: Final = {
    "user": "username",
    "permission": "permission",
    "ontology": "ontology",
    "branch": "branch",
    "action": "action",
    "object_type": "object_type",
    "property": "property_name",
    "sensitivity": "sensitivity",
}


@require_safe
def explain_page(request: HttpRequest) -> HttpResponse:
    """A form that asks, and below it the decision with every step."""
    values = {name: request.GET.get(name, "").strip()[:200] for name in _ASKED}
    context: dict[str, Any] = {
        "title": _("Why may somebody do something?"),
        "values": values,
        "permissions": permissions.ALL,
        "sensitivities": SensitivityChoice.choices,
        "explanation": None,
        "error": "",
    }
    status = 200
    if values["permission"]:
        try:
            context["explanation"] = explain(
                **{argument: values[name] for name, argument in _ASKED.items() if values[name]}
            )
        except OmsError as error:
            if isinstance(error, PermissionDenied):
                request.oms_denial = error  # type: ignore[attr-defined] # the audit records it
            context["error"] = error.message
            status = 403 if isinstance(error, PermissionDenied) else 422
    return _show(request, "console/explain.html", context, status=status)


@require_safe
def table_page(request: HttpRequest) -> HttpResponse:
    """Roles and permissions, a row for each permission."""
    rows = [
        (permission, [permission in ROLE_PERMISSIONS[role] for role in Role])
        for permission in permissions.ALL
    ]
    context = {
        "title": _("What roles allow"),
        "roles": [(role.value, RoleChoice(role.value).label) for role in Role],
        "rows": rows,
        "clearances": [SensitivityChoice(ROLE_CLEARANCE[role]).label for role in Role],
        "sensitivities": SENSITIVITIES,
    }
    return _show(request, "console/role_table.html", context)


def _show(
    request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    frame = admin.site.each_context(request)
    return render(request, template, {**frame, "is_fullwidth": "1", **context}, status=status)
