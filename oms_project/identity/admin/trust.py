"""Service accounts, sessions and delegations in the console."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.forms import CharField, ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextInputWidget

from oms_project.core.errors import OmsError
from oms_project.identity import services
from oms_project.identity.admin.common import ForAdministrators
from oms_project.identity.models import ClientSecret, Delegation, ServiceAccount, TokenSession

__all__ = ["DelegationAdmin", "ServiceAccountAdmin", "TokenSessionAdmin"]


class _Kept(ForAdministrators):
    """Rows that history speaks of: they are taken out of use, and not deleted."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class SecretInline(_Kept, TabularInline):
    """Secrets of a service account: when they hold, never what they are."""

    model = ClientSecret
    extra = 0
    fields = ("hint", "created_at", "expires_at", "revoked_at", "last_used_at")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ServiceAccountForm(ModelForm):  # type: ignore[type-arg]
    """A service account with the name of its principal."""

    username = CharField(
        label=_("user name"), max_length=150, required=False, widget=UnfoldAdminTextInputWidget
    )

    class Meta:
        model = ServiceAccount
        fields = ("description", "owner")

    def clean(self) -> dict[str, Any]:
        """A new one is made at once, so that what is refused stands beside its box."""
        cleaned = super().clean() or {}
        if self.instance.pk is None and not self.errors:
            owner = cleaned.get("owner")
            try:
                self.made = services.create_service_account(
                    username=cleaned.get("username", ""),
                    description=cleaned.get("description", ""),
                    owner="" if owner is None else owner.username,
                )
            except OmsError as error:
                raise ValidationError(error.message) from error
        return cleaned


@admin.register(ServiceAccount)
class ServiceAccountAdmin(_Kept, ModelAdmin):
    """Programs that sign in with a client id and a secret."""

    form = ServiceAccountForm
    list_display = ("client_id", "user", "description", "owner", "created_at")
    search_fields = ("client_id", "user__username", "description")
    list_select_related = ("user", "owner")
    inlines = (SecretInline,)
    actions_detail = ("rotate", "toggle")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ("username", "description", "owner")
        return ("client_id", "user", "description", "owner", "created_at", "created_by")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else ("client_id", "user", "created_at", "created_by")

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return () if obj is None else self.inlines

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        """The service has made it; here it is only shown."""
        if change:
            return super().save_form(request, form, change)
        made = form.made
        self._show(request, made.account.client_id, made.secret)
        form.instance = ServiceAccount.objects.get(client_id=made.account.client_id)
        form.save_m2m = lambda: None
        return form.instance

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """A new one is stored already."""
        if change:
            super().save_model(request, obj, form, change)

    @action(description=_("New secret"), url_path="rotate", icon="key")
    def rotate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Make a new secret and show it, this once."""
        account = self._account(request, object_id)
        if request.method != "POST":
            question = _(
                "Make a new secret for %(account)s? Those that it has hold a while longer."
            )
            return self._ask(request, account, _("New secret"), question)
        made = services.rotate_secret(client_id=account.client_id)
        self._show(request, account.client_id, made.secret)
        return self._back(object_id)

    @action(description=_("Take out of use, or back"), url_path="toggle", icon="power_settings_new")
    def toggle(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Shut the service out, or let it in again."""
        account = self._account(request, object_id)
        if request.method != "POST":
            if account.user.is_active:
                title = _("Take out of use")
                question = _("Shut %(account)s out? Its tokens hold no more from the next request.")
            else:
                title, question = _("Take into use"), _("Let %(account)s sign in again?")
            return self._ask(request, account, title, question)
        services.set_service_account_active(
            client_id=account.client_id, active=not account.user.is_active
        )
        return self._back(object_id)

    def _account(self, request: HttpRequest, object_id: str) -> ServiceAccount:
        if not self.has_change_permission(request):
            raise PermissionDenied  # before it is told whether there is such an account
        try:
            return ServiceAccount.objects.select_related("user").get(user_id=object_id)
        except (ServiceAccount.DoesNotExist, ValidationError) as error:
            raise Http404("There is no such service account.") from error

    def _ask(
        self, request: HttpRequest, account: ServiceAccount, title: Any, question: Any
    ) -> HttpResponse:
        """The links of a page are followed with GET, which must change nothing: any other site
        could have them followed.
        """
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "question": question % {"account": account.user.username},
            "back": self._back(str(account.user_id)).url,
        }
        return TemplateResponse(request, "identity/confirm.html", context)

    def _show(self, request: HttpRequest, client_id: str, secret: str) -> None:
        text = _("Client id %(client_id)s, secret %(secret)s: it is not shown again.")
        messages.warning(request, text % {"client_id": client_id, "secret": secret})

    def _back(self, object_id: str) -> HttpResponseRedirect:
        return HttpResponseRedirect(
            reverse("admin:identity_serviceaccount_change", args=(object_id,))
        )


@admin.register(TokenSession)
class TokenSessionAdmin(_Kept, ModelAdmin):
    """Who is signed in with tokens."""

    list_display = ("user", "delegation", "created_at", "expires_at", "revoked_at", "address")
    list_filter = ("revoked_at",)
    search_fields = ("user__username", "address")
    list_select_related = ("user", "delegation__user", "delegation__service")
    actions = ("end",)
    fields = (
        "user", "delegation", "created_at", "last_used_at", "expires_at", "revoked_at",
        "revoked_reason", "address", "agent",
    )  # fmt: skip
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.action(description=_("End the selected sessions"))
    def end(self, request: HttpRequest, queryset: Any) -> None:
        """End sessions with all their tokens."""
        with transaction.atomic():
            for session in queryset:
                services.end_session(session=str(session.pk))


class DelegationForm(ModelForm):  # type: ignore[type-arg]
    """What the service refuses stands in the form."""

    class Meta:
        model = Delegation
        fields = ("service", "user", "reason", "permissions", "ontology", "expires_at")

    def clean(self) -> dict[str, Any]:
        """Grant it at once, so that what is refused stands in the form."""
        cleaned = super().clean() or {}
        if not self.errors:
            only = cleaned.get("permissions") or []
            if not isinstance(only, list) or not all(isinstance(one, str) for one in only):
                raise ValidationError({"permissions": _("A list of names of permissions.")})
            service = ServiceAccount.objects.filter(user=cleaned["service"]).first()
            try:
                self.made = services.grant_delegation(
                    client_id="" if service is None else service.client_id,
                    username=cleaned["user"].username,
                    reason=cleaned["reason"],
                    expires_at=cleaned["expires_at"],
                    only=only,
                    ontology=cleaned.get("ontology", ""),
                )
            except OmsError as error:
                raise ValidationError(error.message) from error
        return cleaned


@admin.register(Delegation)
class DelegationAdmin(_Kept, ModelAdmin):
    """Which services act for whom, and why."""

    form = DelegationForm
    list_display = ("service", "user", "reason", "ontology", "expires_at", "revoked_at")
    list_filter = ("revoked_at",)
    search_fields = ("service__username", "user__username", "reason")
    list_select_related = ("service", "user")
    actions = ("revoke",)
    fields = ("service", "user", "reason", "permissions", "ontology", "expires_at")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A delegation is taken back and given anew, and not rewritten."""
        return obj is None and super().has_change_permission(request, obj)

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        """The service has granted it; here it is only shown."""
        form.instance = Delegation.objects.get(pk=form.made.id)
        form.save_m2m = lambda: None
        return form.instance

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """It is stored already."""

    @admin.action(description=_("Take the selected delegations back"))
    def revoke(self, request: HttpRequest, queryset: Any) -> None:
        """Their tokens hold no more."""
        with transaction.atomic():
            for delegation in queryset:
                services.revoke_delegation(delegation=str(delegation.pk))
