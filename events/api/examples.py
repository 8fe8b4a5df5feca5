"""Examples for the OpenAPI document."""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.utils import OpenApiExample

__all__ = [
    "ATTEMPT",
    "DELIVERY",
    "EVENT",
    "FIGURES",
    "HOURS",
    "OUTSIDE",
    "REPLAYED",
    "RULE",
    "VERIFICATION",
    "WEBHOOK",
    "answered",
    "asked",
]

_TIME: Final = "2026-05-04T09:30:00.000000Z"
_COMMIT: Final = "io.oms.ontology.commit.created.v1"
_ID: Final = "0196a1f0-7a10-7c3e-9d51-0d6b1c2f3a45"

EVENT: Final[dict[str, Any]] = {
    "sequence": "00000000000000000042",
    "specversion": "1.0",
    "id": _ID,
    "source": "https://oms.example.com/api/v1/ontologies/logistics",
    "type": _COMMIT,
    "subject": "commits/8c1f6c0a",
    "time": _TIME,
    "datacontenttype": "application/json",
    "dataschema": f"https://oms.example.com/api/v1/event-types/{_COMMIT}/schema",
    "partitionkey": "logistics/main",
    "ontology": "logistics",
    "branch": "main",
    "data": {"ontology": "logistics", "branch": "main", "commit": "8c1f6c0a", "documents": 3},
}
OUTSIDE: Final[dict[str, Any]] = {
    "specversion": "1.0",
    "id": "A-1",
    "source": "https://erp.example.com/orders",
    "type": "com.example.order.placed",
    "data": {"order": 17},
}
_FILTER: Final[dict[str, Any]] = {
    "types": ["io.oms.ontology.*"],
    "ontologies": ["logistics"],
    "branches": ["main"],
    "object_types": [],
    "expression": "",
}
_OWNED: Final[dict[str, Any]] = {
    **_FILTER,
    "owner": "ann",
    "created_at": _TIME,
    "updated_at": _TIME,
}
WEBHOOK: Final[dict[str, Any]] = {
    "id": "5a4c7f7e-2f6a-4d1e-9d1c-3f0f6f5b2a10",
    "name": "warehouse",
    "url": "https://warehouse.example.com/hook",
    "description": "",
    "state": "active",
    "notice": "",
    "format": "structured",
    "order": "ordered",
    "concurrency": 4,
    "batch_size": 1,
    "timeout": 15.0,
    "rate": 0,
    "verified_at": _TIME,
    "disabled_at": None,
    "failing_since": None,
    **_OWNED,
}
FIGURES: Final[dict[str, Any]] = {
    "waiting": 0, "lag_seconds": 0.0, "delivered": 120, "dead": 0, "retry_at": None, "error": "",
}  # fmt: skip
HOURS: Final[list[dict[str, Any]]] = [{"hour": _TIME, "succeeded": 12, "failed": 1}]
VERIFICATION: Final[dict[str, Any]] = {
    "ok": True,
    "method": "options",
    "allowed_rate": None,
    "detail": "The receiver allows https://oms.example.com.",
}
REPLAYED: Final[dict[str, Any]] = {
    "looked_at": 100, "matched": 12, "queued": 12, "dry_run": False,
}  # fmt: skip
RULE: Final[dict[str, Any]] = {
    "id": "2f0d9c52-90a7-4f4f-9a55-5a1d3c1b7e01",
    "name": "commits",
    "description": "",
    "enabled": True,
    "sink": "webhook",
    "target": "warehouse",
    **_OWNED,
}
DELIVERY: Final[dict[str, Any]] = {
    "id": 7,
    "lane": "webhook:5a4c7f7e-2f6a-4d1e-9d1c-3f0f6f5b2a10",
    "name": "warehouse",
    "sequence": "00000000000000000042",
    "type": _COMMIT,
    "state": "delivered",
    "origin": "event",
    "attempts": 1,
    "status": 204,
    "error": "",
    "created_at": _TIME,
    "first_at": _TIME,
    "retry_at": None,
    "finished_at": _TIME,
}
ATTEMPT: Final[dict[str, Any]] = {
    "number": 1,
    "request": "0196a1f0-7a11-7d20-8c3b-51b1de0c9f77",
    "at": _TIME,
    "milliseconds": 12.5,
    "status": 204,
    "error": "",
    "detail": "",
    "request_headers": {"webhook-id": _ID, "webhook-signature": "v1,…"},
    "response_headers": {},
    "response_body": "",
}


def asked(value: Any, media: str = "application/json") -> OpenApiExample:
    """The example of a body that is sent."""
    return OpenApiExample(f"Request {media}", value=value, request_only=True, media_type=media)


def answered(value: Any, status: int = 200, media: str = "application/json") -> OpenApiExample:
    """The example of an answer."""
    return OpenApiExample(
        f"Answer {status} {media}",
        value=value,
        response_only=True,
        status_codes=[str(status)],
        media_type=media,
    )
