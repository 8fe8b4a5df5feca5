"""The console's own pages about who is signed in: signing out, and changing one's password."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from unfold.forms import AdminOwnPasswordChangeForm
from unfold.sites import UnfoldAdminSite

from oms_project.identity.backends import sign_out_of_console, wait
from oms_project.identity.contract import BadCredentials, TooManyAttempts
from oms_project.identity.models import User
from oms_project.identity.services.users import check_own_password, note_password_change

__all__ = ["ConsoleSite"]


class OwnPasswordForm(AdminOwnPasswordChangeForm):
    """Counts guesses at the current password as the REST door does, and records the change."""

    user: User

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_old_password(self) -> str:
        """Check the current password."""
        password: str = self.cleaned_data["old_password"]
        try:
            check_own_password(user=self.user, password=password)
        except TooManyAttempts as error:
            raise wait(self.request, error) from error
        except BadCredentials as error:
            raise ValidationError(
                self.error_messages["password_incorrect"], code="password_incorrect"
            ) from error
        return password

    def save(self, commit: bool = True) -> User:
        """Store the new password; tokens of the old one end, and it is on record."""
        with transaction.atomic():
            super().save(commit=commit)
            note_password_change(user=self.user)
        return self.user


class OwnPasswordView(PasswordChangeView):
    """Django's page, with our form."""

    form_class = OwnPasswordForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "request": self.request}


class ConsoleSite(UnfoldAdminSite):
    """The console: what it does to sign-ins is on record."""

    def logout(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Sign out and say so."""
        if request.method == "POST":
            sign_out_of_console(request)
        page: HttpResponse = super().logout(request, extra_context)
        return page

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """Change one's own password."""
        request.current_app = self.name
        return OwnPasswordView.as_view(
            success_url=reverse("admin:password_change_done", current_app=self.name),
            template_name=self.password_change_template or OwnPasswordView.template_name,
            extra_context={**self.each_context(request), **(extra_context or {})},
        )(request)


# The theme makes the site itself, before any app is asked what it registers: it is the same site
# with what stands above.
admin.site.__class__ = ConsoleSite
