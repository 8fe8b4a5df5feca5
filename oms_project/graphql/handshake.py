"""Before the first message of a WebSocket: where it comes from, and what it may be taken for."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from oms_project.core.context import Source
from oms_project.core.errors import Unauthenticated
from oms_project.middleware.source import address_behind

if TYPE_CHECKING:
    from oms_project.graphql.sessions import LiveSession

__all__ = ["Caller", "MessageRate", "caller_of"]

_MAX_AGENT = 300
_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who knocks.

    Attributes:
        welcome: the host is ours, and the page that asks, if any, is of our own origin or of one
            that a setting names.
        own_page: it is a page of ours: only there a cookie says who is there.
        source: for the trail.
        ref: what the address asks for.
        cookie: key of the console's session; empty without one.
    """

    welcome: bool
    own_page: bool
    source: Source
    ref: str = ""
    cookie: str = field(default="", repr=False)

    def session(self, payload: Mapping[str, Any]) -> LiveSession:
        """The session that the first message names, or else the cookie of our own page.

        Args:
            payload: ``{"Authorization": "Bearer …"}`` or ``{"authToken": "…"}``.

        Raises:
            Unauthenticated: nobody, or the credentials do not hold.
        """
        from oms_project.graphql.sessions import session_of_cookie, session_of_token

        token = _token(payload)
        if token:
            return session_of_token(token)
        if self.cookie and self.own_page:
            return session_of_cookie(self.cookie)
        raise Unauthenticated(
            'Send {"Authorization": "Bearer …"} as the payload of connection_init.'
        )


def _token(payload: Mapping[str, Any]) -> str:
    for name, value in payload.items():
        if not isinstance(value, str):
            continue
        if name.lower() == "authorization":
            scheme, _, rest = value.partition(" ")
            if scheme.lower() == "bearer":
                return rest.strip()
        elif name == "authToken":
            return value.strip()
    return ""


def caller_of(scope: Mapping[str, Any]) -> Caller:
    """What an ASGI scope says."""
    headers: dict[str, str] = {}
    for raw, value in scope.get("headers", ()):
        name = raw.decode("latin1").lower()
        text = value.decode("latin1")
        headers[name] = f"{headers[name]},{text}" if name in headers else text
    host = headers.get("host", "")
    origin = headers.get("origin")
    secure = _is_secure(scope, headers)
    own = origin is not None and _same_origin(origin, host, secure)
    trusted = origin is not None and origin in settings.CSRF_TRUSTED_ORIGINS
    allowed = origin is None or own or trusted or origin in settings.CORS_ALLOWED_ORIGINS
    query = parse_qs(scope.get("query_string", b"").decode("latin1"), max_num_fields=20)
    return Caller(
        welcome=allowed and _known_host(host) and (secure or not _must_be_secure()),
        own_page=own or trusted,
        source=Source(
            door="websocket",
            address=_address(scope, headers),
            agent=_printable(headers.get("user-agent", ""))[:_MAX_AGENT],
            operation=f"WEBSOCKET {scope.get('path', '')}"[:1000],
        ),
        ref=query.get("ref", [""])[0],
        cookie=_cookie(headers.get("cookie", "")),
    )


def _known_host(host: str) -> bool:
    allowed = settings.ALLOWED_HOSTS
    if settings.DEBUG and not allowed:
        allowed = [".localhost", "127.0.0.1", "[::1]"]  # as Django has it
    domain, _port = split_domain_port(host)
    return bool(domain) and validate_host(domain, allowed)


def _must_be_secure() -> bool:
    """Whether what comes without TLS is refused: over HTTP it would be sent to HTTPS. Only a gateway
    can tell.
    """
    return bool(settings.SECURE_SSL_REDIRECT and settings.TRUST_PROXY_HEADERS)


def _is_secure(scope: Mapping[str, Any], headers: Mapping[str, str]) -> bool:
    if settings.TRUST_PROXY_HEADERS:
        return headers.get("x-forwarded-proto", "").split(",")[0].strip() == "https"
    return scope.get("scheme") in ("wss", "https")


def _same_origin(origin: str, host: str, secure: bool) -> bool:
    try:
        parts = urlsplit(origin)
        port = parts.port or _PORTS.get(parts.scheme)
        own = urlsplit(f"//{host}")
        own_port = own.port or (443 if secure else 80)
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or (secure and parts.scheme != "https"):
        return False
    # A gateway that ends TLS without saying so: the origin's own standard port is meant.
    standard = own.port is None and port == _PORTS[parts.scheme]
    return (
        bool(parts.hostname) and parts.hostname == own.hostname and (port == own_port or standard)
    )


def _address(scope: Mapping[str, Any], headers: Mapping[str, str]) -> str:
    direct = str((scope.get("client") or ("",))[0])
    return address_behind(direct, headers.get("x-forwarded-for", ""))


def _cookie(header: str) -> str:
    try:
        cookies = SimpleCookie(header)
    except CookieError:
        return ""
    morsel = cookies.get(settings.SESSION_COOKIE_NAME)
    return "" if morsel is None else morsel.value


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "�" for letter in text)


class MessageRate:
    """A bucket of messages: so many a second, and ten times as many at once."""

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._left = float(per_second * 10)
        self._at = time.monotonic()

    def take(self) -> bool:
        """Whether one more may be taken now."""
        now = time.monotonic()
        full = float(self._per_second * 10)
        self._left = min(full, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
