"""May this actor come in here at all? The third link: what a route declares is asked for.

It is the coarse check: "for anything at all". The service asks again about the ontology and the
branch. A route that declares nothing is refused here as well, should one get past the boot.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url

from audit.denials import record_denial
from oms_project.api.errors import problem_for
from oms_project.api.handlers import for_machines
from oms_project.console.pages import error_page
from oms_project.core.authorization import authorizer
from oms_project.core.context import try_current_actor
from oms_project.core.errors import OmsError, PermissionDenied, Unauthenticated
from oms_project.core.memory import remembering
from oms_project.core.routes import Need, Public, need_of
from oms_project.middleware.declarations import declared_for

__all__ = ["RolesMiddleware"]

SyncNext = Callable[[HttpRequest], HttpResponseBase]
AsyncNext = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

# What changes nothing: what is looked up about the actor is kept until the answer.
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


class RolesMiddleware:
    """Asks the authorizer for what the matched route declares, and records its own denials."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: SyncNext | AsyncNext) -> None:
        self.get_response = get_response
        self._async = iscoroutinefunction(get_response)
        if self._async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self._async:
            return self._call_async(request)
        with _memory(request):
            return cast("SyncNext", self.get_response)(request)

    async def _call_async(self, request: HttpRequest) -> HttpResponseBase:
        with _memory(request):
            return await cast("AsyncNext", self.get_response)(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Django calls it when it has matched the address; an answer ends the way here."""
        del args
        match = request.resolver_match
        declaration = declared_for(view, match.url_name if match else None)
        if declaration is None:
            return _refused(
                request, PermissionDenied("This address does not say who may use it."), kwargs
            )
        need = need_of(declaration, request.method or "GET")
        if need is None:
            # A class without a handler says 405 itself; whatever has one might do anything.
            behind = getattr(view, "cls", None) or getattr(view, "view_class", None)
            silent = behind is not None and not hasattr(behind, (request.method or "").lower())
            return None if silent else HttpResponseNotAllowed(sorted(declaration))
        try:
            _ask(request, need)
        except Unauthenticated as error:
            if for_machines(request):
                return problem_for(error, request)
            return redirect_to_login(request.get_full_path(), resolve_url(settings.LOGIN_URL))
        except PermissionDenied as error:
            record_denial(error)
            return _refused(request, error, kwargs)
        return None


def _memory(request: HttpRequest) -> AbstractContextManager[None]:
    return remembering() if request.method in _READS else nullcontext()


def _ask(request: HttpRequest, need: Need) -> None:
    if isinstance(need, Public):
        return
    failure: OmsError | None = getattr(request, "oms_auth_failure", None)
    if failure is not None:
        raise failure
    actor = try_current_actor()
    if actor is None:
        raise Unauthenticated("Sign in first: no credentials were given.")
    if not isinstance(need, str):
        return
    decision = authorizer.anywhere(actor, need)
    if not decision.allowed:
        raise PermissionDenied(f"Not allowed: {decision.reason}.", data={"permission": need})


def _refused(request: HttpRequest, error: PermissionDenied, kwargs: dict[str, Any]) -> HttpResponse:
    if for_machines(request):
        return problem_for(error, request)
    return error_page(request, error, str(kwargs.get("ontology", "")))
