"""The admin's sidebar: ontologies first, then what an administrator needs."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import gettext as _

from oms_project.console.pages import allowed, allowed_anywhere
from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import current_actor
from ontology import selectors

__all__ = ["sidebar"]

#: Ontologies in the sidebar; the page of ontologies has them all.
LISTED = 12


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups of the sidebar (``UNFOLD["SIDEBAR"]["navigation"]``)."""
    every = selectors.list_ontologies()
    ontologies: list[dict[str, Any]] = [
        {
            "title": _("All ontologies"),
            "icon": "dashboard",
            "link": reverse("console:index"),
            "active": request.path in {reverse("console:index"), reverse("admin:index")},
        }
    ]
    for info in every[:LISTED]:
        link = reverse("console:explorer", args=(info.name,))
        ontologies.append(
            {
                # The theme prints titles as they are.
                "title": escape(info.name),
                "icon": "account_tree",
                "link": link,
                "active": request.path.startswith(link),
            }
        )
    groups: list[dict[str, Any]] = [{"title": _("Ontologies"), "items": ontologies}]
    system: list[dict[str, Any]] = []
    if allowed(permissions.IDENTITY_ADMINISTER):
        system += [
            {
                "title": _("Users"),
                "icon": "group",
                "link": reverse("admin:identity_user_changelist"),
            },
            {
                "title": _("Groups"),
                "icon": "groups",
                "link": reverse("admin:auth_group_changelist"),
            },
            {
                "title": _("Service accounts"),
                "icon": "smart_toy",
                "link": reverse("admin:identity_serviceaccount_changelist"),
            },
            {
                "title": _("Delegations"),
                "icon": "handshake",
                "link": reverse("admin:identity_delegation_changelist"),
            },
            {
                "title": _("Sessions"),
                "icon": "devices",
                "link": reverse("admin:identity_tokensession_changelist"),
            },
        ]
    if authorizer.anywhere(current_actor(), permissions.POLICY_READ).allowed:
        system += [
            {
                "title": _("Roles"),
                "icon": "shield_person",
                "link": reverse("admin:identity_rolebinding_changelist"),
            },
            {
                "title": _("Branch protection"),
                "icon": "lock",
                "link": reverse("admin:identity_protectionrule_changelist"),
            },
            {
                "title": _("Sensitive values"),
                "icon": "visibility_off",
                "link": reverse("admin:identity_attributerule_changelist"),
            },
            {
                "title": _("Who runs actions"),
                "icon": "bolt",
                "link": reverse("admin:identity_actionrule_changelist"),
            },
            {
                "title": _("Explain a decision"),
                "icon": "help",
                "link": reverse("admin:identity_explain"),
            },
        ]
    if allowed(permissions.AUDIT_READ):
        trail = reverse("audit_console:timeline")
        system.append(
            {
                "title": _("Audit trail"),
                "icon": "history",
                "link": trail,
                "active": request.path.startswith(trail),
            }
        )
    system += _events(request)
    system += [
        {"title": _("REST API"), "icon": "api", "link": "/api/v1/docs"},
        {"title": _("GraphQL"), "icon": "hub", "link": reverse("graphql")},
    ]
    groups.append({"title": _("System"), "separator": True, "items": system})
    return groups


def _events(request: HttpRequest) -> list[dict[str, Any]]:
    """The pages about events that this person may open."""
    pages = (
        ("log", _("Events"), "rss_feed", permissions.EVENTS_READ),
        ("webhooks", _("Webhooks"), "webhook", permissions.EVENTS_ADMINISTER),
        ("deliveries", _("Deliveries"), "local_shipping", permissions.EVENTS_ADMINISTER),
        ("rules", _("Routing"), "alt_route", permissions.EVENTS_ADMINISTER),
    )
    log = reverse("events_console:log")
    found = []
    for name, title, icon, permission in pages:
        link = reverse(f"events_console:{name}")
        if not allowed_anywhere(permission):
            continue
        below = request.path.startswith((f"{log}log/", f"{log}tail/"))
        is_here = request.path == link or below if name == "log" else request.path.startswith(link)
        found.append({"title": title, "icon": icon, "link": link, "active": is_here})
    return found
