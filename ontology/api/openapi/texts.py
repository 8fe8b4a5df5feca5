"""What the OpenAPI document says about parameters, headers and problems."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from ontology.api.openapi.examples import COMMIT_ID, EXAMPLES, RID

__all__ = ["HEADERS", "PATH_PARAMETERS", "PROBLEMS", "REQUEST_HEADERS", "example"]

_TEXT: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 400}


def example(name: str) -> Any:
    """The example called ``name``; raises KeyError when there is none."""
    return EXAMPLES[name]


PATH_PARAMETERS: dict[str, dict[str, Any]] = {
    "ontology": {
        "description": "Name or id of the ontology.",
        "schema": _TEXT,
        "example": "fleet",
    },
    "branch": {
        "description": "Name of the branch; a `/` in it may stand as it is or as `%2F`.",
        "schema": _TEXT,
        "example": "feature/booking",
    },
    "tag": {
        "description": "Name of the tag; a `/` in it may stand as it is or as `%2F`.",
        "schema": _TEXT,
        "example": "v1.0",
    },
    "commit": {
        "description": "Id of the commit, or a unique prefix of at least 7 digits.",
        "schema": _TEXT,
        "example": COMMIT_ID,
    },
    "ref": {
        "description": "A branch, a tag, a commit id or `branch@timestamp`.",
        "schema": _TEXT,
        "example": "main",
    },
    "item": {
        "description": "`apiName` (also an earlier one) or `rid`.",
        "schema": _TEXT,
        "example": "Person",
    },
    "type_name": {
        "description": "`apiName` (also an earlier one) or `rid` of the type.",
        "schema": _TEXT,
        "example": "Person",
    },
    "key": {
        "description": "What stands behind the `/` of its `@id`, or its `rid`. A key that ends "
        "like an address beneath it (`/history`), or is `query` or `aggregate`: by `rid`.",
        "schema": _TEXT,
        "example": "42",
    },
    "action": {
        "description": "Name of the action type (also an earlier one) or its `rid`.",
        "schema": _TEXT,
        "example": "bookSeat",
    },
    "target": {
        "description": "`rid`, `Kind/apiName` or IRI.",
        "schema": _TEXT,
        "example": "ObjectType/Person",
    },
    "stray": {
        "description": "Number of the stray.",
        "schema": {"type": "integer", "minimum": 0},
        "example": 12,
    },
    "job": {
        "description": "Id of the job.",
        "schema": {"type": "string", "format": "uuid"},
        "example": RID,
    },
}

REQUEST_HEADERS: dict[str, dict[str, Any]] = {
    "If-None-Match": {
        "description": "ETags that you have; answered with 304 when one is current.",
        "schema": {"type": "string"},
    },
    "If-Match": {
        "description": "The ETag of what you have seen; refused with 412 when it has changed.",
        "schema": {
            "type": "string",
            "pattern": r'^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$',
        },
        "example": "*",
    },
    "Idempotency-Key": {
        "description": "Your own key for this request, such as a UUID. Sent again within 24 hours, "
        "the request is answered as it was and not done again.",
        "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    },
    "X-Commit-Message": {
        "description": "Message of the commit, as UTF-8 or as `UTF-8''` with percent-encoding.",
        "schema": {"type": "string"},
    },
    "Prefer": {
        "description": "`respond-async`: answer at once with a job.",
        "schema": {"type": "string"},
        "example": "respond-async",
    },
}

HEADERS: dict[str, dict[str, Any]] = {
    "ETag": {
        "description": "Names this state; for `If-None-Match`, and for `If-Match` of a write.",
        "schema": {"type": "string"},
    },
    "Location": {"description": "Where it is.", "schema": {"type": "string"}},
    "Link": {
        "description": '`rel="next"` leads to the next page.',
        "schema": {"type": "string"},
    },
    "X-OMS-Commit": {
        "description": "Id of the commit that was read, or that the branch points at now.",
        "schema": {"type": "string"},
    },
    "Content-Disposition": {
        "description": "A file name for the answer.",
        "schema": {"type": "string"},
    },
}


def _problem(
    status: HTTPStatus, code: str, title: str, detail: str, **members: Any
) -> tuple[str, dict[str, Any]]:
    return f"{title}.", {
        "type": f"urn:oms:problem:{code}",
        "title": title,
        "status": int(status),
        "detail": detail,
        "instance": "/api/v1/ontologies/fleet",
        "code": code,
        "request_id": "0c0f7dbb-6f7b-4c2e-9a54-1f3d1c8a7b11",
        "retryable": False,
        **members,
    }


#: status -> (description, example)
PROBLEMS: dict[int, tuple[str, dict[str, Any]]] = {
    400: _problem(
        HTTPStatus.BAD_REQUEST,
        "bad_query",
        "Bad request",
        "The query cannot be used: see 'limit'.",
        errors=[{"parameter": "limit", "message": "Use a whole number."}],
    ),
    401: _problem(
        HTTPStatus.UNAUTHORIZED,
        "unauthenticated",
        "Authentication required",
        "Sign in first: no credentials were given.",
    ),
    403: _problem(
        HTTPStatus.FORBIDDEN,
        "permission_denied",
        "Permission denied",
        "ana needs ontology.write on fleet for this.",
        data={"permission": "ontology.write", "ontology": "fleet", "branch": "main"},
    ),
    404: _problem(HTTPStatus.NOT_FOUND, "not_found", "Not found", "There is no ontology 'fleet'."),
    406: _problem(
        HTTPStatus.NOT_ACCEPTABLE,
        "not_acceptable",
        "Not Acceptable",
        "Could not satisfy the request Accept header.",
    ),
    409: _problem(
        HTTPStatus.CONFLICT,
        "stale_head",
        "Conflict",
        "The branch main has moved: read it again and repeat the change.",
        data={"head": COMMIT_ID},
    ),
    412: _problem(
        HTTPStatus.PRECONDITION_FAILED,
        "precondition_failed",
        "Precondition failed",
        "ObjectType/Person has changed since it was read.",
    ),
    413: _problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "too_large",
        "Too large",
        "The body is larger than 64 MB.",
        data={"max_bytes": 67108864},
    ),
    415: _problem(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        "Unsupported Media Type",
        'Unsupported media type "text/plain" in request.',
    ),
    422: _problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "invalid",
        "Invalid",
        "The change breaks a rule: see errors.",
        errors=[
            {
                "document": "ObjectType/Person",
                "rid": RID,
                "field": "/parents/0",
                "rule": "dangling_reference",
                "message": "There is no ObjectType 'Agent'. Create it, or remove the reference.",
            }
        ],
    ),
    503: _problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "sparql_busy",
        "Unavailable",
        "Other SPARQL queries are running: try again in a moment.",
        retryable=True,
        data={"limit": 4},
    ),
}
