"""The OpenAPI document: which endpoints it lists, and the one shape of every error."""

from __future__ import annotations

from typing import Any

__all__ = ["describe_problems", "only_the_api"]

_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "detail", "code", "request_id", "retryable"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:oms:problem:not_found"]},
        "title": {"type": "string", "examples": ["Not found"]},
        "status": {"type": "integer", "examples": [404]},
        "detail": {"type": "string", "description": "A sentence for a person."},
        "instance": {"type": ["string", "null"], "description": "The path that was asked for."},
        "code": {"type": "string", "description": "Stable, for machines; see the reference."},
        "request_id": {"type": "string", "description": "Finds the request in the log."},
        "retryable": {"type": "boolean", "description": "Whether trying again may help."},
        "errors": {
            "type": "array",
            "description": "Every single problem, where there are several.",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
                "additionalProperties": True,
            },
        },
        "data": {"type": "object", "additionalProperties": True},
    },
}
_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})


def only_the_api(endpoints: list[Any]) -> list[Any]:
    """Leave out what is not under ``/api/``, and the page that catches unknown addresses."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith("/api/v1/")]


def describe_problems(result: dict[str, Any], **_options: Any) -> dict[str, Any]:
    """Give every operation a ``default`` answer: a problem."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = _PROBLEM
    components.setdefault("responses", {})["Problem"] = {
        "description": "A problem: what, where, and what to do.",
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        },
    }
    for path in result["paths"].values():
        for method, operation in path.items():
            if method in _METHODS:
                operation.setdefault("responses", {}).setdefault(
                    "default", {"$ref": "#/components/responses/Problem"}
                )
    return result
