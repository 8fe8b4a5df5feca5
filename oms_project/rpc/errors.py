"""The ONE mapping from errors to gRPC, and back.

The status code is the nearest that gRPC has, the details are the sentence. Everything else travels
in the trailing metadata ``oms-error-bin``: JSON with ``class``, ``code``, ``title``, ``detail``,
``retryable``, ``data`` and ``errors``, from which the caller gets the same error again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import grpc

from oms_project.core import errors
from oms_project.core.canonical_json import dumps, loads
from oms_project.core.problem import problem_members

__all__ = [
    "ERROR_KEY",
    "LIMIT_KEY",
    "PORTABLE",
    "STATUS",
    "UNREACHED",
    "error_bytes",
    "error_of",
    "status_of",
]

#: Trailing metadata with the error, and what a caller says that it takes of it (bytes).
ERROR_KEY: Final = "oms-error-bin"
LIMIT_KEY: Final = "oms-error-limit"
#: Bytes when the caller says nothing: gRPC refuses metadata beyond eight kilobytes.
_LIMIT: Final = 5000
_MOST: Final = 1024 * 1024

_Code = grpc.StatusCode

# The nearest class of an error decides.
STATUS: Final[Mapping[type[errors.OmsError], grpc.StatusCode]] = {
    errors.OmsError: _Code.INTERNAL,
    errors.BadRequest: _Code.INVALID_ARGUMENT,
    errors.NotFound: _Code.NOT_FOUND,
    errors.Invalid: _Code.INVALID_ARGUMENT,
    errors.TooLarge: _Code.OUT_OF_RANGE,
    errors.Conflict: _Code.ABORTED,
    errors.PreconditionFailed: _Code.FAILED_PRECONDITION,
    errors.Unauthenticated: _Code.UNAUTHENTICATED,
    errors.PermissionDenied: _Code.PERMISSION_DENIED,
    errors.TooManyRequests: _Code.RESOURCE_EXHAUSTED,
    errors.Unavailable: _Code.UNAVAILABLE,
    errors.Cancelled: _Code.CANCELLED,
}
#: Name -> class of the errors that pass from one process to another.
PORTABLE: Final = {one.__name__: one for one in STATUS}

#: Codes of calls that did not reach anybody, or whose answer did not come back.
UNREACHED: Final = frozenset({_Code.UNAVAILABLE, _Code.DEADLINE_EXCEEDED, _Code.CANCELLED})

# What a server says that knows nothing of OMS's errors, or that is no OMS.
_PLAIN: Final[Mapping[grpc.StatusCode, type[errors.OmsError]]] = {
    _Code.INVALID_ARGUMENT: errors.BadRequest,
    _Code.NOT_FOUND: errors.NotFound,
    _Code.UNAUTHENTICATED: errors.Unauthenticated,
    _Code.PERMISSION_DENIED: errors.PermissionDenied,
    _Code.RESOURCE_EXHAUSTED: errors.TooLarge,
}


def status_of(error: BaseException) -> grpc.StatusCode:
    """The status code of an error; INTERNAL for what OMS did not raise on purpose."""
    for base in type(error).__mro__:
        if base in STATUS:
            return STATUS[base]
    return _Code.INTERNAL


def error_bytes(error: BaseException, limit: str = "") -> bytes:
    """What ``oms-error-bin`` holds.

    Args:
        limit: what the caller says that it takes, as it stands in its metadata.
    """
    room = min(int(limit), _MOST) if limit.isascii() and limit.isdigit() else _LIMIT
    members = problem_members(error)
    body: dict[str, Any] = {
        "class": _portable(error),
        **{name: members[name] for name in ("code", "title", "detail", "retryable")},
        "data": members["data"],
        "errors": members["errors"],
    }
    raw = dumps(body)
    if len(raw) <= room:
        return raw
    body["truncated"] = True
    while len(raw) > room and body["errors"]:
        body["errors"] = body["errors"][: len(body["errors"]) // 2]
        raw = dumps(body)
    if len(raw) > room:
        body["data"] = {
            name: value for name, value in body["data"].items() if len(dumps(value)) < room // 8
        }
        body["detail"] = body["detail"][: room // 8]
        raw = dumps(body)
    return raw


def error_of(
    code: grpc.StatusCode, details: str | None, trailing: Iterable[tuple[str, str | bytes]] | None
) -> errors.OmsError | None:
    """The error that a call ended with; None: nobody says, the call reached nobody."""
    raw = next((value for key, value in trailing or () if key == ERROR_KEY), None)
    if raw is not None:
        try:
            return _rebuilt(loads(raw))
        except (ValueError, KeyError, TypeError):
            pass  # somebody else's: the status code is what remains
    if code in UNREACHED:
        return None
    kind = _PLAIN.get(code, errors.OmsError)
    return kind(details or f"The call ended with {code.name}.", data={"grpc": code.name})


def _rebuilt(said: Mapping[str, Any]) -> errors.OmsError:
    error = PORTABLE[said["class"]](
        str(said["detail"]),
        code=str(said["code"]),
        data=said.get("data") or {},
        errors=said.get("errors") or (),
    )
    # A subclass on the other side says more precisely what it is.
    error.title = str(said["title"])  # type: ignore[misc]
    error.retryable = bool(said["retryable"])  # type: ignore[misc]
    return error


def _portable(error: BaseException) -> str:
    return next((one.__name__ for one in type(error).__mro__ if one in STATUS), "OmsError")
