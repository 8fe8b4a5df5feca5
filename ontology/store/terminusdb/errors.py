"""What TerminusDB answers, as OMS's own errors.

TerminusDB names the same thing in several ways, depending on the door: the words of its answers are
read here and nowhere else. All of them were seen on a real server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import orjson

from oms_project.core.errors import Conflict, Invalid, NotFound, OmsError, Unavailable

__all__ = [
    "MAX_ANSWER",
    "Broken",
    "Busy",
    "DataVersionStale",
    "Denied",
    "HomeUnavailable",
    "NoAnswer",
    "Unsupported",
    "error_of",
]

#: Characters of an answer that an error repeats.
MAX_ANSWER = 4000

_DATABASE = {"api:UnknownDatabase", "api:UnknownOriginDatabase"}
_BRANCH = {"api:BranchDoesNotExistError", "api:UnknownBranch", "api:UnresolvableBranch"}


class HomeUnavailable(Unavailable):
    """The home gave no answer that is of use.

    Attributes:
        repeat: whether what is safe to repeat should be tried again at once.
        unwell: whether it speaks against the server (the breaker counts it).
    """

    code = "home_unavailable"
    repeat: ClassVar[bool] = False
    unwell: ClassVar[bool] = False


class NoAnswer(HomeUnavailable):
    """No answer, or not TerminusDB's: whether it did what was asked is not known."""

    repeat = True
    unwell = True


class Busy(HomeUnavailable):
    """Other writers were quicker, as often as the server tries: nothing was written."""

    repeat = True


class Broken(HomeUnavailable):
    """The server met an error of its own on this request: nothing was written. It says so of a
    commit that does not exist, and of some content, so it proves nothing about its health. Of
    everything in a database it says so when it was killed while it wrote there: then the database
    is beyond repair (12.0.6 empties the file that names its newest layer before it fills it).
    """

    code = "home_broken"
    repeat = True


class Denied(HomeUnavailable):
    """OMS's own user or key does not hold there."""


class Unsupported(HomeUnavailable):
    """A server that OMS does not work with."""

    code = "home_unsupported"


class DataVersionStale(Conflict):
    """The data version that was sent is not the branch's."""

    code = "stale_home"


def error_of(status: int, content: bytes, *, subject: str) -> OmsError:
    """The error that an answer other than 200 stands for.

    Args:
        subject: what was asked, for the sentence: ``POST /api/woql/admin/oms_1/local/branch/main``.
    """
    answer = _parsed(content)
    if answer is None:
        return NoAnswer(
            f"TerminusDB's answer ({status}) to {subject} is not its own: something else stands at "
            "TERMINUSDB_ENDPOINT, or in between.",
            data={"status": status, "answer": content[:500].decode(errors="replace")},
        )
    message = str(answer.get("api:message") or answer.get("message") or "")
    if status in (401, 403):
        return Denied(
            "TerminusDB does not let OMS in: check TERMINUSDB_USER and TERMINUSDB_KEY "
            f"({status}: {message})."
        )
    kind = _kind(answer)
    if status >= 500:
        if "retry count exceeded" in message.lower():
            return Busy(
                "TerminusDB gave up on this transaction, since others were quicker; "
                "nothing was written."
            )
        if str(answer.get("api:status")) == "api:server_error":
            return Broken(f"TerminusDB met an error of its own on {subject}: {message}")
        return NoAnswer(
            f"TerminusDB is not well: {status} to {subject}.",
            data={"status": status, "answer": _short(answer)},
        )
    missing = _missing(kind, answer, message)
    if missing is not None:
        return missing
    if kind == "api:DatabaseAlreadyExists":
        return Conflict("A database of this name exists in TerminusDB.", code="home_exists")
    if kind == "api:BranchExistsError":
        return Conflict("A branch of this name exists in TerminusDB.", code="home_exists")
    if kind == "api:DataVersionMismatch":
        return DataVersionStale("The branch moved on in TerminusDB.")
    return Invalid(
        f"TerminusDB refuses this ({status}{f', {kind}' if kind else ''}): {message or 'no reason'}",
        code="home_refused",
        data={"answer": _short(answer)},
        errors=_witnesses(answer),
    )


def _missing(kind: str, answer: Mapping[str, Any], message: str) -> NotFound | None:
    if kind in _DATABASE:
        return NotFound(f"TerminusDB: {message}.", code="home_database_not_found")
    if kind == "api:UnresolvableAbsoluteDescriptor":
        # One name for both; a missing branch is told apart by its sentence only.
        code = "branch" if message.startswith("The branch") else "database"
        return NotFound(f"TerminusDB: {message}.", code=f"home_{code}_not_found")
    if kind in _BRANCH:
        return NotFound(f"TerminusDB: {message}.", code="home_branch_not_found")
    if message.startswith("origin commit "):
        return NotFound(f"TerminusDB: {message}.", code="home_commit_not_found")
    if answer.get("@type") == "api:DbListErrorResponse":
        return NotFound(f"TerminusDB: {message}.", code="home_database_not_found")
    return None


def _parsed(content: bytes) -> dict[str, Any] | None:
    """The JSON object that an answer of TerminusDB is; None: it is something else's."""
    try:
        answer = orjson.loads(content)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _kind(answer: Mapping[str, Any]) -> str:
    error = answer.get("api:error")
    return str(error.get("@type", "")) if isinstance(error, dict) else ""


def _witnesses(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    error = answer.get("api:error")
    found = error.get("api:witnesses", []) if isinstance(error, dict) else []
    return [one for one in found if isinstance(one, dict)][:20] if isinstance(found, list) else []


def _short(answer: Mapping[str, Any]) -> str:
    return orjson.dumps(answer).decode()[:MAX_ANSWER]
