"""The ONE mapping from errors to HTTP: RFC 9457 ``application/problem+json``.

Members: ``type``, ``title``, ``status``, ``detail``, ``instance``, ``code``, ``request_id``,
``retryable``, and ``errors`` and ``data`` where there are any. ``docs/reference/errors.md`` lists
the codes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from django.core.exceptions import (
    BadRequest,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from psycopg_pool import PoolTimeout
from rest_framework import exceptions as drf
from rest_framework.request import Request
from rest_framework.response import Response

from oms_project.api.json import to_json
from oms_project.core import errors
from oms_project.core.context import current_request_id
from oms_project.core.problem import problem_members

__all__ = ["MEDIA_TYPE", "STATUS", "as_oms_error", "exception_handler", "problem_for", "status_of"]

MEDIA_TYPE = "application/problem+json"
# Seconds after which it is worth to try again when a part is unavailable.
RETRY_AFTER = 2

log = structlog.get_logger("oms.api")

# The nearest class of an error decides.
STATUS: Mapping[type[errors.OmsError], HTTPStatus] = {
    errors.OmsError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.BadRequest: HTTPStatus.BAD_REQUEST,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.BadRequest: HTTPStatus.BAD_REQUEST,
    errors.Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
    errors.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    errors.PermissionDenied: HTTPStatus.FORBIDDEN,
    errors.TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.Cancelled: HTTPStatus.CONFLICT,
}


class ProblemResponse(Response):
    """Renders itself: what the view renders, or the client accepts, may be no JSON at all."""

    @property
    def rendered_content(self) -> str:
        self["Content-Type"] = MEDIA_TYPE
        return to_json(self.data).decode()


class _HttpError(errors.OmsError):
    """What HTTP itself refuses; the status is REST framework's."""

    def __init__(self, message: str, *, code: str, title: str) -> None:
        super().__init__(message, code=code)
        self.title = title  # type: ignore[misc]


def status_of(error: BaseException) -> int:
    """The HTTP status of an error; 500 for what OMS did not raise on purpose."""
    for base in type(error).__mro__:
        if base in STATUS:
            return STATUS[base]
    return HTTPStatus.INTERNAL_SERVER_ERROR


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response:
    """REST framework's hook: every exception of a view becomes a problem."""
    request = context.get("request")
    if request is not None:
        _note_denial(error, getattr(request, "_request", request))
    translated, status, headers = _translate(error)
    body = _body(translated, status, request)
    return ProblemResponse(body, status=status, headers=headers)


def problem_for(error: Exception, request: HttpRequest) -> HttpResponse:
    """The same answer for a view that is not REST framework's."""
    _note_denial(error, request)
    translated, status, headers = _translate(error)
    return HttpResponse(
        to_json(_body(translated, status, request)),
        status=status,
        content_type=MEDIA_TYPE,
        headers=headers,
    )


def _note_denial(error: Exception, request: HttpRequest) -> None:
    """Leave it for `AuditMiddleware`, which records it when the transaction has ended."""
    if isinstance(error, errors.PermissionDenied):
        request.oms_denial = error  # type: ignore[attr-defined]


def _body(error: Exception, status: int, request: HttpRequest | Request | None) -> dict[str, Any]:
    members = problem_members(error)
    body: dict[str, Any] = {
        "type": members["type"],
        "title": members["title"],
        "status": int(status),
        "detail": members["detail"],
        "instance": request.path if request is not None else None,
        "code": members["code"],
        "request_id": current_request_id(),
        "retryable": members["retryable"],
    }
    if members["errors"]:
        body["errors"] = members["errors"]
    if members["data"]:
        body["data"] = members["data"]
    return body


def _translate(error: Exception) -> tuple[Exception, int, dict[str, str]]:
    """To our own error, with status and headers; logs what is nobody's intention."""
    if isinstance(error, drf.APIException):
        return _from_drf(error)
    ours = as_oms_error(error)
    status = status_of(ours)
    headers: dict[str, str] = {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="oms"'
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_AFTER)
    if isinstance(ours, errors.TooManyRequests) and "retry_after" in ours.data:
        headers["Retry-After"] = str(ours.data["retry_after"])
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("unexpected error", exc_info=error)
    elif status == HTTPStatus.SERVICE_UNAVAILABLE:
        log.warning("unavailable", reason=str(error))
    return ours, status, headers


def as_oms_error(error: Exception) -> Exception:
    """One of our errors for what Django and its databases raise; else ``error`` itself."""
    match error:
        case errors.OmsError():
            return error
        case Http404():
            return errors.NotFound("There is nothing at this address.")
        case DjangoPermissionDenied():
            return errors.PermissionDenied(str(error) or "You are not allowed to do this.")
        case RequestDataTooBig():
            return errors.TooLarge("The body of the request is too large.")
        case SuspiciousOperation() | BadRequest():
            return errors.BadRequest("The request is not acceptable.")
        case OperationalError() | PoolTimeout():
            return errors.Unavailable(
                "The database does not answer now: try again.", code="database_unavailable"
            )
        case _:
            return error


def _from_drf(error: drf.APIException) -> tuple[Exception, int, dict[str, str]]:
    status = error.status_code
    headers: dict[str, str] = {}
    if (scheme := getattr(error, "auth_header", None)) is not None:
        headers["WWW-Authenticate"] = scheme
    if (wait := getattr(error, "wait", None)) is not None:
        headers["Retry-After"] = str(int(wait))
    match error:
        case drf.ValidationError():
            problems = list(_flatten(error.detail))
            ours: errors.OmsError = errors.Invalid(
                "The request breaks a rule: "
                + "; ".join(_sentence(problem) for problem in problems[:5])
                + ("; …" if len(problems) > 5 else ""),
                errors=problems,
            )
            status = HTTPStatus.UNPROCESSABLE_ENTITY
        case drf.ParseError():
            ours = errors.BadRequest(_text(error.detail))
        case drf.NotAuthenticated():
            ours = errors.Unauthenticated("Sign in first: no credentials were given.")
        case drf.AuthenticationFailed():
            ours = errors.Unauthenticated(_text(error.detail), code=_code(error))
        case drf.PermissionDenied():
            ours = errors.PermissionDenied(_text(error.detail))
        case drf.NotFound():
            ours = errors.NotFound(_text(error.detail))
        case _:
            ours = _HttpError(
                _text(error.detail), code=_code(error), title=HTTPStatus(status).phrase
            )
    if status == HTTPStatus.UNAUTHORIZED:
        headers.setdefault("WWW-Authenticate", 'Bearer realm="oms"')
    return ours, status, headers


def _code(error: drf.APIException) -> str:
    code = error.detail.get("code") if isinstance(error.detail, dict) else error.get_codes()
    return str(code) if isinstance(code, str) else error.default_code


def _text(detail: Any) -> str:
    if isinstance(detail, Mapping):
        return _text(detail.get("detail", next(iter(detail.values()), "")))
    if isinstance(detail, Sequence) and not isinstance(detail, str):
        return " ".join(_text(part) for part in detail)
    return str(detail)


def _flatten(detail: Any, path: str = "") -> Sequence[dict[str, str]]:
    """REST framework's nested messages as a list of ``{"field", "message", "code"}``."""
    if isinstance(detail, Mapping):
        return [
            problem
            for key, value in detail.items()
            for problem in _flatten(value, _join(path, "" if key == "non_field_errors" else key))
        ]
    if isinstance(detail, Sequence) and not isinstance(detail, str):
        nested = any(isinstance(part, Mapping) for part in detail)
        return [
            problem
            for index, part in enumerate(detail)
            for problem in _flatten(part, _join(path, index) if nested else path)
        ]
    return [
        {"field": path, "message": str(detail), "code": str(getattr(detail, "code", "invalid"))}
    ]


def _join(path: str, key: object) -> str:
    return ".".join(part for part in (path, str(key)) if part)


def _sentence(problem: Mapping[str, str]) -> str:
    field, message = problem["field"], problem["message"]
    return f"{field}: {message}" if field else message
