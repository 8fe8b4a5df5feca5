"""Users in the console, for those who may administer identities."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from oms_project.identity.admin.common import ForAdministrators, told
from oms_project.identity.admin.policies import RoleBindingInline
from oms_project.identity.models import User
from oms_project.identity.services.policies import keeping_an_administrator

__all__ = ["UserAdmin"]

admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(ForAdministrators, DjangoUserAdmin, ModelAdmin):
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

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """What would leave nobody in charge is told on the list."""
        view = super().changeform_view
        if request.method != "POST":
            return view(request, *args, **kwargs)

        def change() -> HttpResponse:
            with keeping_an_administrator():
                return view(request, *args, **kwargs)

        return told(request, change, back="admin:identity_user_changelist")
