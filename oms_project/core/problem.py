"""An error as plain JSON members, the same in an HTTP answer and in a failed job."""

from __future__ import annotations

from typing import Any

from oms_project.core.errors import OmsError

__all__ = ["INTERNAL_DETAIL", "problem_members", "problem_type"]

INTERNAL_DETAIL = "Something went wrong on our side; the request id finds it in the log."


def problem_type(code: str) -> str:
    """The identifier of a kind of problem (RFC 9457 ``type``)."""
    return f"urn:oms:problem:{code}"


def problem_members(error: BaseException) -> dict[str, Any]:
    """``type``, ``title``, ``detail``, ``code``, ``retryable``, ``errors`` and ``data`` of an error.

    An error that OMS did not raise on purpose tells nothing about its inside.
    """
    if not isinstance(error, OmsError):
        return {
            "type": problem_type("internal"),
            "title": "Internal error",
            "detail": INTERNAL_DETAIL,
            "code": "internal",
            "retryable": False,
            "errors": [],
            "data": {},
        }
    return {
        "type": problem_type(error.error_code),
        "title": error.title,
        "detail": error.message,
        "code": error.error_code,
        "retryable": error.retryable,
        "errors": error.errors,
        "data": error.data,
    }
