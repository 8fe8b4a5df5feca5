"""Users and groups in the console, for those who may administer identities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.forms import ModelForm, ModelMultipleChoiceField
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminSelect2MultipleWidget

from oms_project.identity.admin.common import ForAdministrators, told
from oms_project.identity.admin.policies import RoleBindingInline
from oms_project.identity.models import User
from oms_project.identity.services.policies import keeping_an_administrator
from oms_project.identity.services.sessions import end_sessions_of
from oms_project.identity.services.users import note_password_change

__all__ = ["GroupAdmin", "UserAdmin"]

admin.site.unregister(Group)


class _KeepsAnAdministrator:
    """What would leave nobody in charge is refused, and told on the list."""

    list_page = ""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Django's page for adding and changing."""
        return self._kept(request, super().changeform_view, *args, **kwargs)  # type: ignore[misc]

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Django's page for deleting."""
        return self._kept(request, super().delete_view, *args, **kwargs)  # type: ignore[misc]

    def _kept(
        self, request: HttpRequest, view: Callable[..., HttpResponse], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if request.method != "POST":
            return view(request, *args, **kwargs)

        def change() -> HttpResponse:
            with keeping_an_administrator():
                return view(request, *args, **kwargs)

        return told(request, change, back=self.list_page)


@admin.register(User)
class UserAdmin(
    _KeepsAnAdministrator,
    ForAdministrators,
    DjangoUserAdmin,  # type: ignore[type-arg]
    ModelAdmin,
):
    """People, with their roles."""

    list_page = "admin:identity_user_changelist"
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

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Who is shut out, or has a new password, is signed out everywhere."""
        before = User.objects.filter(pk=obj.pk).first() if change else None
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            if before is not None and before.is_active and not obj.is_active:
                end_sessions_of(user=obj, reason="deactivated")
            if before is not None and before.password != obj.password:
                note_password_change(user=obj)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:  # noqa: A002 - Django's name
        """Django's page saves the user itself: what follows a new password is added here."""
        before = User.objects.filter(pk=id).values_list("password", flat=True).first()
        with transaction.atomic():
            response = super().user_change_password(request, id, form_url)
            user = User.objects.filter(pk=id).first()
            if user is not None and before is not None and user.password != before:
                note_password_change(user=user)
        return response


class GroupForm(ModelForm):  # type: ignore[type-arg]
    """A name, and who is in it."""

    members = ModelMultipleChoiceField(
        queryset=User.objects.order_by("username"),
        required=False,
        label=_("members"),
        widget=UnfoldAdminSelect2MultipleWidget,
    )

    class Meta:
        model = Group
        fields = ("name",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["members"].initial = User.objects.filter(groups=self.instance)


@admin.register(Group)
class GroupAdmin(_KeepsAnAdministrator, ForAdministrators, DjangoGroupAdmin, ModelAdmin):
    """Groups: who is in them holds their roles."""

    list_page = "admin:auth_group_changelist"
    form = GroupForm
    fields = ("name", "members")
    filter_horizontal = ()
    list_display = ("name",)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Put the chosen ones into the group, and take the others out."""
        super().save_related(request, form, formsets, change)
        form.instance.user_set.set(form.cleaned_data["members"])
