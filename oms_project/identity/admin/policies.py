"""Roles and rules in the console; what is saved there goes through the services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from unfold.admin import ModelAdmin, TabularInline

from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import try_current_actor
from oms_project.core.errors import OmsError
from oms_project.core.routes import declared
from oms_project.identity.admin.common import ForAdministrators, may_administer, told
from oms_project.identity.admin.explaining import explain_page, table_page
from oms_project.identity.contract import Role
from oms_project.identity.models import ActionRule, AttributeRule, ProtectionRule, RoleBinding
from oms_project.identity.selectors import policies as selectors
from oms_project.identity.services import policies as services

__all__ = [
    "ActionRuleAdmin",
    "AttributeRuleAdmin",
    "ProtectionRuleAdmin",
    "RoleBindingAdmin",
    "RoleBindingInline",
]


def _may(permission: str) -> bool:
    actor = try_current_actor()
    return actor is not None and authorizer.anywhere(actor, permission).allowed


class _PolicyForm(ModelForm):  # type: ignore[type-arg] # not to be subscribed at run time
    """Asks the service before it says that it is valid: what it refuses is an error of the form."""

    def clean(self) -> dict[str, Any]:
        """Try it out, and take it back."""
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        try:
            with transaction.atomic():
                self.apply(cleaned)
                transaction.set_rollback(True)
        except OmsError as error:
            raise ValidationError(error.message) from error
        return cleaned

    def validate_unique(self) -> None:
        """The service says it."""

    def validate_constraints(self) -> None:
        """The service says it."""

    def apply(self, values: dict[str, Any]) -> str:
        """Make or change the policy; its id."""
        # Every form below has its own; a form's metaclass leaves no room for an abstract class.
        raise NotImplementedError


class _RoleBindingForm(_PolicyForm):
    def apply(self, values: dict[str, Any]) -> str:
        if self.instance.pk:
            return services.update_role_binding(
                binding_id=str(self.instance.pk), expires_at=values["expires_at"]
            ).id
        user, group = values.get("user"), values.get("group")
        return services.create_role_binding(
            role=Role(values["role"]),
            user=user.username if user else "",
            group=group.name if group else "",
            ontology=values["ontology"],
            branch=values["branch"],
            expires_at=values["expires_at"],
        ).id


class _ProtectionRuleForm(_PolicyForm):
    def apply(self, values: dict[str, Any]) -> str:
        if self.instance.pk:
            return services.update_protection_rule(
                rule_id=str(self.instance.pk), note=values["note"]
            ).id
        return services.create_protection_rule(
            pattern=values["pattern"], ontology=values["ontology"], note=values["note"]
        ).id


class _AttributeRuleForm(_PolicyForm):
    def apply(self, values: dict[str, Any]) -> str:
        if self.instance.pk:
            return services.update_attribute_rule(
                rule_id=str(self.instance.pk), level=values["level"], note=values["note"]
            ).id
        user, group = values.get("user"), values.get("group")
        return services.create_attribute_rule(
            level=values["level"],
            role=values["role"],
            user=user.username if user else "",
            group=group.name if group else "",
            ontology=values["ontology"],
            object_type=values["object_type"],
            property_name=values["property_name"],
            note=values["note"],
        ).id


class _ActionRuleForm(_PolicyForm):
    def apply(self, values: dict[str, Any]) -> str:
        if self.instance.pk:
            return services.update_action_rule(
                rule_id=str(self.instance.pk), allowed=values["allowed"], note=values["note"]
            ).id
        user, group = values.get("user"), values.get("group")
        return services.create_action_rule(
            allowed=values["allowed"],
            role=values["role"],
            user=user.username if user else "",
            group=group.name if group else "",
            ontology=values["ontology"],
            action=values["action"],
            branch=values["branch"],
            note=values["note"],
        ).id


class _PolicyAdmin(ModelAdmin):
    """A table of policies: seen with ``policy.read``, changed with ``policy.administer``."""

    #: The service refuses what it must; these decide what is offered.
    required_permissions = {
        "GET": permissions.POLICY_READ,
        "POST": permissions.POLICY_ADMINISTER,
    }
    #: What of a row may change; the rest makes it another policy.
    changeable: tuple[str, ...] = ()
    remove: Callable[[str], None]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return _may(permissions.POLICY_READ)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _may(permissions.POLICY_READ)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _may(permissions.POLICY_ADMINISTER)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _may(permissions.POLICY_ADMINISTER)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _may(permissions.POLICY_ADMINISTER)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """What the actor may see, and no more."""
        return selectors.visible(self.model)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Of what there is, only little changes."""
        always = ("created_by", "created_at")
        if obj is None:
            return always
        return tuple(name for name in self.fields if name not in self.changeable)

    def save_model(self, request: HttpRequest, obj: Model, form: _PolicyForm, change: bool) -> None:
        """Through the service, which records it."""
        obj.pk = int(form.apply(form.cleaned_data))
        obj.refresh_from_db()

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        """Through the service, which records it."""
        type(self).remove(str(obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """All, or none when one must stay."""
        with transaction.atomic():
            for row in queryset:
                type(self).remove(str(row.pk))

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """What must stay is told on the list."""
        view = super().delete_view
        return self._told(request, lambda: view(request, *args, **kwargs))

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The list, and actions on several rows."""
        view = super().changelist_view
        return self._told(request, lambda: view(request, *args, **kwargs))

    def _told(self, request: HttpRequest, act: Callable[[], HttpResponse]) -> HttpResponse:
        if request.method != "POST":
            return act()
        return told(request, act, back=f"admin:identity_{self.opts.model_name}_changelist")


@admin.register(RoleBinding)
class RoleBindingAdmin(_PolicyAdmin):
    """Every role that is held."""

    form = _RoleBindingForm
    list_display = (
        "user", "group", "role", "ontology", "branch", "expires_at", "created_by", "created_at",
    )  # fmt: skip
    list_filter = ("role",)
    search_fields = ("user__username", "group__name", "ontology")
    fields = (
        "user", "group", "role", "ontology", "branch", "expires_at", "created_by", "created_at",
    )  # fmt: skip
    changeable = ("expires_at",)

    @staticmethod
    def remove(policy_id: str) -> None:
        """Take the role away."""
        services.delete_role_binding(binding_id=policy_id)

    def get_autocomplete_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """People are searched for by who sees them; others have a plain list."""
        return ("user",) if may_administer(request) else ()

    def get_urls(self) -> list[URLPattern]:
        """Also: why somebody may do something, and what roles allow."""
        view = self.admin_site.admin_view
        return [
            path(
                "explain/",
                declared(view(explain_page), permissions.POLICY_READ),
                name="identity_explain",
            ),
            path(
                "table/",
                declared(view(table_page), permissions.POLICY_READ),
                name="identity_role_table",
            ),
            *super().get_urls(),
        ]


@admin.register(ProtectionRule)
class ProtectionRuleAdmin(_PolicyAdmin):
    """Branches that are protected by their name."""

    form = _ProtectionRuleForm
    list_display = ("pattern", "ontology", "note", "created_by", "created_at")
    search_fields = ("pattern", "ontology", "note")
    fields = ("pattern", "ontology", "note", "created_by", "created_at")
    changeable = ("note",)

    @staticmethod
    def remove(policy_id: str) -> None:
        """Protect them no more."""
        services.delete_protection_rule(rule_id=policy_id)


@admin.register(AttributeRule)
class AttributeRuleAdmin(_PolicyAdmin):
    """How sensitive the values are that somebody sees."""

    form = _AttributeRuleForm
    list_display = (
        "role", "user", "group", "ontology", "object_type", "property_name", "level", "created_by",
    )  # fmt: skip
    list_display_links = ("level",)
    list_filter = ("role", "level")
    search_fields = ("user__username", "group__name", "ontology", "object_type", "property_name")
    fields = (
        "role", "user", "group", "ontology", "object_type", "property_name", "level", "note",
        "created_by", "created_at",
    )  # fmt: skip
    changeable = ("level", "note")

    @staticmethod
    def remove(policy_id: str) -> None:
        """What roles allow holds again."""
        services.delete_attribute_rule(rule_id=policy_id)

    def get_autocomplete_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """People are searched for by who sees them; others have a plain list."""
        return ("user",) if may_administer(request) else ()


@admin.register(ActionRule)
class ActionRuleAdmin(_PolicyAdmin):
    """Who may run which action, or may not."""

    form = _ActionRuleForm
    list_display = (
        "action", "ontology", "branch", "role", "user", "group", "allowed", "created_by",
    )  # fmt: skip
    list_display_links = ("action", "ontology", "allowed")
    list_filter = ("role", "allowed")
    search_fields = ("user__username", "group__name", "ontology", "action")
    fields = (
        "role", "user", "group", "ontology", "action", "branch", "allowed", "note", "created_by",
        "created_at",
    )  # fmt: skip
    changeable = ("allowed", "note")

    @staticmethod
    def remove(policy_id: str) -> None:
        """What roles allow holds again."""
        services.delete_action_rule(rule_id=policy_id)

    def get_autocomplete_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """People are searched for by who sees them; others have a plain list."""
        return ("user",) if may_administer(request) else ()


class RoleBindingInline(ForAdministrators, TabularInline):
    """A user's roles, to look at: they are given and taken on their own page."""

    model = RoleBinding
    extra = 0
    fields = ("role", "ontology", "branch", "expires_at")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
