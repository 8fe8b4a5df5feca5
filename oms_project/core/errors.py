"""The platform's own errors.

Every error has a stable ``code``, a sentence for a person, machine-readable ``data`` and says
whether the same call may succeed when repeated. The doors map them in one place each
(``oms_project/api/errors.py`` for REST).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

__all__ = [
    "BadRequest",
    "Cancelled",
    "Conflict",
    "Invalid",
    "NotFound",
    "OmsError",
    "PermissionDenied",
    "PreconditionFailed",
    "TooLarge",
    "TooManyRequests",
    "Unauthenticated",
    "Unavailable",
]


class OmsError(Exception):
    """Base of every error that OMS raises on purpose.

    Args:
        message: one sentence: what, where, and what to do.
        code: overrides the class's ``code`` with a more precise one.
        data: JSON-compatible details for machines.
        errors: a list of single problems (``{"document", "field", "message", ...}``) when there
            is more than one thing wrong.
    """

    code: ClassVar[str] = "error"
    title: ClassVar[str] = "Error"
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        data: Mapping[str, Any] | None = None,
        errors: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.error_code = code or self.code
        self.data: dict[str, Any] = dict(data or {})
        self.errors: list[dict[str, Any]] = [dict(error) for error in errors]

    def __str__(self) -> str:
        return self.message


class BadRequest(OmsError):
    """The request itself cannot be understood (400): an unknown parameter, a malformed header."""

    code = "bad_request"
    title = "Bad request"


class NotFound(OmsError):
    """Something that was named does not exist (404)."""

    code = "not_found"
    title = "Not found"


class Invalid(OmsError):
    """The input breaks a rule (422); ``errors`` names every rule it breaks."""

    code = "invalid"
    title = "Invalid"


class TooLarge(Invalid):
    """The input is larger, deeper or longer than a stated bound (413)."""

    code = "too_large"
    title = "Too large"


class Conflict(OmsError):
    """The request contradicts the current state (409)."""

    code = "conflict"
    title = "Conflict"


class PreconditionFailed(OmsError):
    """An ``If-Match`` no longer holds (412)."""

    code = "precondition_failed"
    title = "Precondition failed"


class Unauthenticated(OmsError):
    """Nobody is signed in, or the credentials do not hold (401)."""

    code = "unauthenticated"
    title = "Authentication required"


class PermissionDenied(OmsError):
    """The actor is known and not allowed (403); the message says which permission is missing."""

    code = "permission_denied"
    title = "Permission denied"


class TooManyRequests(OmsError):
    """A client asks, or fails, too often (429); ``data["retry_after"]``: seconds to wait."""

    code = "too_many_requests"
    title = "Too many requests"
    retryable = True


class Unavailable(OmsError):
    """A part that is needed does not answer now (503); trying again may help."""

    code = "unavailable"
    title = "Unavailable"
    retryable = True


class Cancelled(OmsError):
    """The work was cancelled on request before it changed anything."""

    code = "cancelled"
    title = "Cancelled"
