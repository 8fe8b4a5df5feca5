"""ETags, preconditions and caching (RFC 9110).

An ETag is ``"<state>-<representation>"``. The state is what a writer cares about: the etag of a
document, or the id of the commit that was read. The representation tells different views of that
state apart. ``If-None-Match`` compares the whole, ``If-Match`` the state: so the ETag of any read of
a document guards a write of it, and the ETag of any read at a branch guards a commit on it.
Who asks is part of it as far as what he may see differs: a rule that masks more, or less, makes a
new ETag. ``Cache-Control: private`` and ``Vary`` keep the answers of different people apart.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from oms_project.core.errors import PreconditionFailed

__all__ = [
    "IfMatch",
    "document_etag",
    "if_match",
    "is_unchanged",
    "not_modified",
    "set_validators",
    "state_etag",
]

_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_FOREVER = "private, max-age=31536000, immutable"
_CHECK = "private, no-cache"


@dataclass(frozen=True, slots=True)
class IfMatch:
    """A parsed ``If-Match``: the states that the caller has seen; ``any`` for ``*``."""

    states: tuple[str, ...] = ()
    any: bool = False


def document_etag(etag: str, content: bytes) -> str:
    """The ETag of a document with the stored ``etag`` that is sent as ``content``."""
    return f'"{etag}-{_digest(content)}"'


def state_etag(state: str, request: HttpRequest, visibility: str) -> str:
    """The ETag of what ``request`` asks for at ``state``, known before it is read.

    Args:
        visibility: tells answers apart that differ by what the actor may see.
    """
    query = "&".join(sorted(request.META.get("QUERY_STRING", "").split("&")))
    return f'"{state}-{_digest(f"{request.path}?{query}#{visibility}".encode())}"'


def is_unchanged(request: HttpRequest, etag: str) -> bool:
    """Whether ``If-None-Match`` names ``etag`` (weak comparison)."""
    header = request.headers.get("If-None-Match")
    if header is None or header.strip() == "*":  # `*` says nothing about what the client has
        return False
    # What is no ETag is none that the client can have.
    return any(match.group(2) == etag.strip('"') for match in _TAG.finditer(header))


def not_modified(etag: str, *, immutable: bool = False) -> HttpResponse:
    """304, with the headers that the full answer would have."""
    response = HttpResponse(status=304)
    del response["Content-Type"]
    set_validators(response, etag, immutable=immutable)
    return response


def set_validators(response: HttpResponseBase, etag: str, *, immutable: bool = False) -> None:
    """Put ETag and caching on an answer; ``immutable`` for what a commit id names."""
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = _FOREVER if immutable else _CHECK
    patch_vary_headers(response, ("Authorization", "Cookie"))


def if_match(request: HttpRequest) -> IfMatch | None:
    """The ``If-Match`` of a write, or None.

    Raises:
        PreconditionFailed: it holds no strong ETag, and so matches nothing.
    """
    header = request.headers.get("If-Match")
    if header is None:
        return None
    if header.strip() == "*":
        return IfMatch(any=True)
    states = tuple(_state(found.group(2)) for found in _TAG.finditer(header) if not found.group(1))
    if not states:
        raise PreconditionFailed(
            'If-Match matches nothing: use a strong ETag in double quotes, such as "abc", or *.',
            code="if_match_failed",
        )
    return IfMatch(states=states)


def _state(tag: str) -> str:
    return tag.rpartition("-")[0] or tag


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
