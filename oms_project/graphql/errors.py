"""Errors over GraphQL: one mapping, for the ``errors`` of an answer and for the unions of mutations.

Members of ``extensions``: ``code``, ``title``, ``retryable``, ``requestId``, and ``errors`` and
``data`` where there are any: the same as a problem over REST has.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import strawberry
import structlog
from graphql import GraphQLError
from strawberry.scalars import JSON

from oms_project.api.errors import as_oms_error, status_of
from oms_project.core import errors
from oms_project.core.context import current_request_id
from oms_project.core.problem import problem_members

__all__ = [
    "PROBLEMS",
    "Problem",
    "RequestRefused",
    "formatted",
    "graphql_error",
    "note_denials",
    "problem_of",
]

log = structlog.get_logger("oms.graphql")

_SERVER_ERROR: Final = 500


class RequestRefused(Exception):
    """An operation that is not run at all.

    Attributes:
        errors: as they stand in the answer.
        status: of the answer, for who accepts ``application/graphql-response+json``.
        headers: for the answer.
    """

    def __init__(
        self,
        errors_: Iterable[GraphQLError],
        *,
        status: int = 400,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.errors = list(errors_)
        self.status = status
        self.headers = headers or {}
        super().__init__("; ".join(error.message for error in self.errors))


def graphql_error(error: Exception, **located: Any) -> GraphQLError:
    """One of our errors as one of GraphQL's."""
    return GraphQLError(str(error), original_error=error, **located)


def formatted(error: GraphQLError, *, code: str = "graphql_invalid") -> dict[str, Any]:
    """An error as it stands in an answer.

    Args:
        code: of one that GraphQL itself raised, about the document or its variables.
    """
    original = error.original_error
    while isinstance(original, GraphQLError):
        original = original.original_error
    extensions: dict[str, Any]
    if original is None:
        message, extensions = error.message, {"code": code, "title": "Bad request"}
        extensions.update(error.extensions or {})
        extensions["retryable"] = False
    else:
        ours = as_oms_error(original)
        members = problem_members(ours)
        message = members["detail"]
        extensions = {
            "code": members["code"],
            "title": members["title"],
            "retryable": members["retryable"],
        }
        for name in ("errors", "data"):
            if members[name]:
                extensions[name] = members[name]
        if status_of(ours) >= _SERVER_ERROR and not isinstance(ours, errors.OmsError):
            log.error("unexpected error", exc_info=original)
    extensions["requestId"] = current_request_id()
    body: dict[str, Any] = {"message": message}
    if error.locations:
        body["locations"] = [place.formatted for place in error.locations]
    if error.path is not None:
        body["path"] = error.path
    body["extensions"] = extensions
    return body


def note_denials(found: Iterable[GraphQLError], denials: list[errors.PermissionDenied]) -> None:
    """Keep what was refused among ``found``, so that it can be recorded."""
    for error in found:
        original = error.original_error
        while isinstance(original, GraphQLError):
            original = original.original_error
        if isinstance(original, errors.PermissionDenied):
            denials.append(original)


@strawberry.interface(description="Why something was not done. Nothing was changed.")
class Problem:
    """What every problem says; one type for each class of `oms_project.core.errors`."""

    code: str = strawberry.field(description="Stable, for programs: `branch_not_found`.")
    title: str = strawberry.field(description="The class of the problem, in a few words.")
    detail: str = strawberry.field(description="What, where, and what to do.")
    retryable: bool = strawberry.field(description="Whether the same call may succeed later.")
    errors: list[JSON] = strawberry.field(description="Every single thing that is wrong.")
    data: JSON = strawberry.field(description="Details for programs.")


def _problem(name: str, error: type[errors.OmsError], description: str) -> Any:
    made = strawberry.type(type(name, (Problem,), {"__annotations__": {}}), description=description)
    _BY_ERROR[error] = made
    return made


_BY_ERROR: dict[type[errors.OmsError], Any] = {}

BadRequestProblem = _problem(
    "BadRequestProblem", errors.BadRequest, "What was asked cannot be understood."
)
NotFoundProblem = _problem(
    "NotFoundProblem", errors.NotFound, "Something that was named does not exist."
)
InvalidProblem = _problem(
    "InvalidProblem", errors.Invalid, "The input breaks rules; `errors` names each."
)
ConflictProblem = _problem(
    "ConflictProblem", errors.Conflict, "The request contradicts the present state."
)
PreconditionFailedProblem = _problem(
    "PreconditionFailedProblem", errors.PreconditionFailed, "What was expected no longer holds."
)
PermissionDeniedProblem = _problem(
    "PermissionDeniedProblem", errors.PermissionDenied, "You may not; it says what is missing."
)
UnavailableProblem = _problem(
    "UnavailableProblem", errors.Unavailable, "A part that is needed does not answer now."
)

#: The members of the union of every mutation, beside what it makes.
PROBLEMS: Final = tuple(_BY_ERROR.values())


def problem_of(error: Exception) -> Problem | None:
    """An error as an object of a union; None: it belongs into the ``errors`` of the answer."""
    ours = as_oms_error(error)
    for base in type(ours).__mro__:
        if base in _BY_ERROR:
            members = problem_members(ours)
            made: Problem = _BY_ERROR[base](
                **{
                    name: members[name]
                    for name in ("code", "title", "detail", "retryable", "errors", "data")
                }
            )
            return made
    return None
