"""Which ontology and which branch a request is about, for everybody behind: the second link."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from oms_project.core.context import Place, place_scope, take_place

__all__ = ["DatabaseContextMiddleware"]

SyncNext = Callable[[HttpRequest], HttpResponseBase]
AsyncNext = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


class DatabaseContextMiddleware:
    """Binds `current_place` from the matched address and its query. Nothing is looked up: whether
    there is such an ontology, and who may see it, is the services' to say.
    """

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
        with place_scope():
            return cast("SyncNext", self.get_response)(request)

    async def _call_async(self, request: HttpRequest) -> HttpResponseBase:
        with place_scope():
            return await cast("AsyncNext", self.get_response)(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        """Django calls it when it has matched the address."""
        del view, args
        ontology = kwargs.get("ontology", "")
        branch = kwargs.get("branch") or kwargs.get("ref") or ""
        if ontology and not branch:
            branch = request.GET.get("branch") or request.GET.get("ref") or ""
        if ontology:
            take_place(Place(ontology=str(ontology), branch=str(branch)))
