"""Keyset pages over REST: ``?limit=&cursor=`` in, ``{"items": […], "next": …}`` out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from oms_project.core.errors import BadRequest
from oms_project.core.pagination import DEFAULT_LIMIT, MAX_LIMIT, Page, checked_limit

__all__ = ["PAGE_PARAMETERS", "page_request", "page_response"]

T = TypeVar("T")

PAGE_PARAMETERS = [
    OpenApiParameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
        description="How many items a page holds.",
    ),
    OpenApiParameter(
        "cursor", str, description="Where the page starts: `next` of the page before."
    ),
]


def page_request(request: Request) -> tuple[int, str | None]:
    """Limit and cursor of a list request.

    Raises:
        BadRequest: the limit is no number or out of bounds.
    """
    raw = request.query_params.get("limit")
    if raw is None:
        limit = checked_limit(None)
    elif raw.isascii() and raw.lstrip("-").isdigit() and len(raw) < 10:
        limit = checked_limit(int(raw))
    else:
        raise BadRequest(
            f"limit must be a number between 1 and {MAX_LIMIT}.",
            code="bad_limit",
            data={"min": 1, "max": MAX_LIMIT},
        )
    return limit, request.query_params.get("cursor") or None


def page_response(
    request: Request, page: Page[T], render: Callable[[T], Any], **headers: str
) -> Response:
    """One page; a ``Link`` header leads to the next one."""
    if page.next_cursor is not None:
        query = request.query_params.copy()
        query["cursor"] = page.next_cursor
        headers["Link"] = f'<{request.path}?{query.urlencode()}>; rel="next"'
    return Response(
        {"items": [render(item) for item in page.items], "next": page.next_cursor},
        headers=headers,
    )
