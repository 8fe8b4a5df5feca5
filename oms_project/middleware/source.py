"""Where a request comes from."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.http import HttpRequest

from oms_project.core.context import Source

__all__ = ["address_behind", "client_address", "source_of"]

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
    """The client's network address, see `address_behind`."""
    return address_behind(
        str(request.META.get("REMOTE_ADDR", "")), request.headers.get("X-Forwarded-For", "")
    )


def address_behind(direct: str, forwarded: str) -> str:
    """The network address of a client, at any door.

    With `TRUST_PROXY_HEADERS` the one that the outermost of our own gateways saw: each appends the
    address it was called from to ``X-Forwarded-For``, so it stands `TRUSTED_PROXY_COUNT` places
    from the right. What stands further left was written by whoever called, and proves nothing.

    Args:
        direct: who opened the connection.
        forwarded: ``X-Forwarded-For``; empty: there is none.
    """
    if not settings.TRUST_PROXY_HEADERS:
        return direct
    hops = [hop for part in forwarded.split(",") if (hop := part.strip())]
    if not hops:
        return direct
    return hops[-min(settings.TRUSTED_PROXY_COUNT, len(hops))][:100]


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "�" for letter in text)
