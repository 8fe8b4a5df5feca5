"""``/api/v1/policies/…`` and ``/api/v1/authorization/…``."""

from __future__ import annotations

from django.urls import path

from oms_project.identity.api.policies import views

__all__ = ["urlpatterns"]

_ID = "<str:policy_id>"

urlpatterns = [
    path("policies/roles", views.RolesView.as_view(), name="policies-roles"),
    path("policies/role-bindings", views.RoleBindingsView.as_view(), name="policies-bindings"),
    path(f"policies/role-bindings/{_ID}", views.RoleBindingView.as_view(), name="policies-binding"),
    path(
        "policies/protection-rules",
        views.ProtectionRulesView.as_view(),
        name="policies-protections",
    ),
    path(
        f"policies/protection-rules/{_ID}",
        views.ProtectionRuleView.as_view(),
        name="policies-protection",
    ),
    path("policies/attribute-rules", views.AttributeRulesView.as_view(), name="policies-rules"),
    path(
        f"policies/attribute-rules/{_ID}", views.AttributeRuleView.as_view(), name="policies-rule"
    ),
    path("policies/action-rules", views.ActionRulesView.as_view(), name="policies-action-rules"),
    path(
        f"policies/action-rules/{_ID}", views.ActionRuleView.as_view(), name="policies-action-rule"
    ),
    path("authorization/explain", views.ExplainView.as_view(), name="authorization-explain"),
]
