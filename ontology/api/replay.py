"""``Idempotency-Key``: a write that is sent again is answered again, and done once."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from oms_project.core.canonical_json import canonical_digest
from oms_project.core.context import current_actor
from oms_project.core.errors import BadRequest
from oms_project.idempotency.contract import StoredAnswer, idempotency

__all__ = ["HEADER", "REPLAYED", "answer_once"]

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_KEPT = ("Content-Type", "ETag", "Location", "X-OMS-Commit", "Cache-Control", "Vary", "Link")
# Headers that make a request another one.
_MEANT = ("If-Match", "X-Commit-Message", "Prefer")


def answer_once(
    request: Request, *, fingerprint: str, perform: Callable[[], HttpResponseBase]
) -> HttpResponseBase:
    """``perform()``, or the answer that the same request with the same key had before.

    Args:
        request: the write.
        fingerprint: hash of its body.
        perform: serves the request.

    Raises:
        BadRequest: the key is malformed.
        Invalid, Conflict: see ``IdempotencyService.run_once``.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return perform()
    if _KEY.fullmatch(key) is None:
        raise BadRequest(
            f"{HEADER} must be 1 to 255 visible ASCII characters, such as a UUID.",
            code="bad_header",
            errors=[{"header": HEADER, "message": "Use 1 to 255 visible ASCII characters."}],
        )
    answer, replayed = idempotency.run_once(
        actor_id=current_actor().id,
        key=key,
        fingerprint=canonical_digest(
            [
                request.method,
                request.path,
                request.META.get("QUERY_STRING", ""),
                fingerprint,
                [request.headers.get(name) for name in _MEANT],
            ]
        ),
        perform=lambda: _stored(perform()),
    )
    response = HttpResponse(answer.body, status=answer.status)
    del response["Content-Type"]
    for name, value in answer.headers.items():
        response[name] = value
    if replayed:
        response[REPLAYED] = "true"
    return response


def _stored(response: HttpResponseBase) -> StoredAnswer:
    assert isinstance(response, HttpResponse)
    return StoredAnswer(
        status=response.status_code,
        headers={name: response[name] for name in _KEPT if name in response},
        body=response.content,
    )
