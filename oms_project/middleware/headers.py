"""Headers of every answer that Django's own middleware does not set.

What a person or a machine gets about data is for that one reader: nobody keeps it (`no-store`)
unless the view says otherwise. Answers that are no pages may load and run nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

__all__ = ["HeadersMiddleware"]

SyncNext = Callable[[HttpRequest], HttpResponseBase]
AsyncNext = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

_NOTHING: Final = "default-src 'none'; frame-ancestors 'none'"
#: What no page of ours asks a browser for.
_FEATURES: Final = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "fullscreen",
        "geolocation", "gyroscope", "magnetometer", "microphone", "midi", "payment",
        "picture-in-picture", "publickey-credentials-get", "screen-wake-lock", "usb",
        "xr-spatial-tracking",
    )
)  # fmt: skip
_PRIVATE: Final = ("/console", "/api/v1/auth", "/api/v1/identity")


class HeadersMiddleware:
    """Stands outside of everything that may answer, so that each answer has them."""

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
        return _finish(request, cast("SyncNext", self.get_response)(request))

    async def _call_async(self, request: HttpRequest) -> HttpResponseBase:
        return _finish(request, await cast("AsyncNext", self.get_response)(request))


def _finish(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    headers = response.headers
    headers.setdefault("Permissions-Policy", _FEATURES)
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    if request.path.startswith(_PRIVATE) and "Cache-Control" not in headers:
        headers["Cache-Control"] = "no-store"
    kind = headers.get("Content-Type", "").partition(";")[0]
    if kind != "text/html" and not request.path.startswith(settings.STATIC_URL):
        headers.setdefault("Content-Security-Policy", _NOTHING)
    for name, value in getattr(request, "oms_rate_headers", {}).items():
        headers.setdefault(name, value)
    wait: int | None = getattr(request, "oms_retry_after", None)
    if wait is not None:  # the sign-in page says that it looks at nothing for a while
        headers.setdefault("Retry-After", str(wait))
        if response.status_code == HTTPStatus.OK:
            response.status_code = HTTPStatus.TOO_MANY_REQUESTS
    return response
