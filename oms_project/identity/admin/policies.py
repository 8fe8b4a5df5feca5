"""Roles in the console."""

from __future__ import annotations

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from oms_project.core.context import current_actor
from oms_project.identity.admin.common import ForAdministrators
from oms_project.identity.models import RoleBinding

__all__ = ["RoleBindingAdmin", "RoleBindingInline"]


class RoleBindingInline(ForAdministrators, TabularInline):
    """A user's roles."""

    model = RoleBinding
    extra = 0
    fields = ("role", "ontology")


@admin.register(RoleBinding)
class RoleBindingAdmin(ForAdministrators, ModelAdmin):
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
