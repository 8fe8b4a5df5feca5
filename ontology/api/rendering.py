"""Answers from values."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from ontology.wire import json_bytes

__all__ = ["JSON", "json_response"]

JSON = "application/json"


def json_response(value: Any, *, status: int = 200, **headers: str) -> HttpResponse:
    """An answer with ``value`` as JSON (bytes are taken for JSON already).

    ``headers`` are named with underscores: ``X_OMS_Commit``.
    """
    content = value if isinstance(value, bytes) else json_bytes(value)
    response = HttpResponse(content, status=status, content_type=JSON)
    for name, text in headers.items():
        response.headers[name.replace("_", "-")] = text
    return response
