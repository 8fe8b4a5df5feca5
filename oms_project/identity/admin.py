"""Users and roles in the console, for those who may administer identities."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import current_actor
from oms_project.identity.contract import actor_of
from oms_project.identity.models import RoleBinding, User

__all__ = ["RoleBindingAdmin", "UserAdmin"]

admin.site.unregister(Group)  # roles take the place of Django's groups


def _may_administer(request: HttpRequest) -> bool:
    user = request.user
    return (
        user.is_authenticated
        and user.is_active
        and authorizer.decide(actor_of(user), permissions.IDENTITY_ADMINISTER).allowed
    )


class _ForAdministrators:
    """Asks the authorizer instead of Django's own permissions."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return _may_administer(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _may_administer(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _may_administer(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _may_administer(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _may_administer(request)


class RoleBindingInline(_ForAdministrators, TabularInline):
    """A user's roles."""

    model = RoleBinding
    extra = 0
    fields = ("role", "ontology")


@admin.register(User)
class UserAdmin(_ForAdministrators, DjangoUserAdmin, ModelAdmin):  # type: ignore[type-arg]
    """Users, with their roles."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "display_name", "email", "is_active", "last_login")
    list_filter = ("is_active", "is_superuser", "bindings__role")
    search_fields = ("username", "display_name", "email")
    ordering = ("username",)
    filter_horizontal = ()
    readonly_fields = ("id", "created_at", "last_login")
    inlines = (RoleBindingInline,)
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("display_name", "email")}),
        (_("Access"), {"fields": ("is_active", "is_staff", "is_superuser")}),
        (_("Record"), {"fields": ("id", "created_at", "last_login")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": ("username", "display_name", "usable_password", "password1", "password2"),
            },
        ),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: history names users, so they are deactivated instead."""
        return False

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Note who granted a role."""
        for binding in formset.save(commit=False):
            if isinstance(binding, RoleBinding) and not binding.created_by:
                binding.created_by = current_actor().label
        super().save_formset(request, form, formset, change)


@admin.register(RoleBinding)
class RoleBindingAdmin(_ForAdministrators, ModelAdmin):
    """Every role that is held."""

    list_display = ("user", "role", "ontology", "created_by", "created_at")
    list_filter = ("role",)
    search_fields = ("user__username", "ontology")
    autocomplete_fields = ("user",)
    list_select_related = ("user",)
    fields = ("user", "role", "ontology", "created_by", "created_at")
    readonly_fields = ("created_by", "created_at")

    def save_model(
        self, request: HttpRequest, obj: RoleBinding, form: ModelForm[RoleBinding], change: bool
    ) -> None:
        """Note who granted it."""
        if not change:
            obj.created_by = current_actor().label
        super().save_model(request, obj, form, change)
