"""Where a request comes from."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.http import HttpRequest

from oms_project.core.context import Source

__all__ = ["client_address", "source_of"]

_DOORS: Final = (("/api", "rest"), ("/console", "console"), ("/graphql", "graphql"))
_MAX_AGENT: Final = 300


def source_of(request: HttpRequest) -> Source:
    """Door, address, program and operation of a request."""
    path = request.path
    return Source(
        door=next((door for prefix, door in _DOORS if path.startswith(prefix)), "http"),
        address=client_address(request),
        agent=_printable(request.headers.get("User-Agent", ""))[:_MAX_AGENT],
        operation=f"{request.method} {path}"[:1000],
    )


def client_address(request: HttpRequest) -> str:
    """The client's network address.

    With `TRUST_PROXY_HEADERS` the one that the outermost of our own gateways saw: each appends the
    address it was called from to ``X-Forwarded-For``, so it stands `TRUSTED_PROXY_COUNT` places
    from the right. What stands further left was written by whoever called, and proves nothing.
    """
    direct = str(request.META.get("REMOTE_ADDR", ""))
    if not settings.TRUST_PROXY_HEADERS:
        return direct
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
    hops = [hop for hop in hops if hop]
    if not hops:
        return direct
    return hops[-min(settings.TRUSTED_PROXY_COUNT, len(hops))][:100]


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "�" for letter in text)
