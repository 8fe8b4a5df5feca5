"""What TerminusDB answers, as errors. The answers are those of a real server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from oms_project.core.errors import Conflict, Invalid, NotFound, OmsError, Unavailable
from ontology.store.terminusdb.errors import (
    Broken,
    Busy,
    Denied,
    HomeUnavailable,
    NoAnswer,
    error_of,
)


def answer(kind: str, message: str = "", **more: Any) -> dict[str, Any]:
    return {
        "@type": "api:WoqlErrorResponse",
        "api:error": {"@type": kind, **more},
        "api:message": message,
        "api:status": "api:failure",
    }


def of(status: int, content: Any) -> OmsError:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return error_of(status, raw, subject="POST /api/woql")


@pytest.mark.parametrize(
    ("status", "content", "kind", "code"),
    [
        (404, answer("api:UnknownDatabase"), NotFound, "home_database_not_found"),
        (400, answer("api:UnknownOriginDatabase"), NotFound, "home_database_not_found"),
        (
            404,
            answer("api:UnresolvableAbsoluteDescriptor", "The following descriptor could not be …"),
            NotFound,
            "home_database_not_found",
        ),
        (
            400,
            answer("api:UnresolvableAbsoluteDescriptor", "The branch does not exist for 'a/b'"),
            NotFound,
            "home_branch_not_found",
        ),
        (400, answer("api:BranchDoesNotExistError"), NotFound, "home_branch_not_found"),
        (
            400,
            {"api:message": "origin commit abc does not exist", "api:status": "api:failure"},
            NotFound,
            "home_commit_not_found",
        ),
        (400, answer("api:DatabaseAlreadyExists"), Conflict, "home_exists"),
        (400, answer("api:BranchExistsError"), Conflict, "home_exists"),
        (400, answer("api:DataVersionMismatch"), Conflict, "stale_home"),
        (400, answer("vio:WOQLSyntaxError", "Not well formed"), Invalid, "home_refused"),
        (404, answer("api:DocumentNotFound", "Document not found"), Invalid, "home_refused"),
    ],
)
def test_what_is_refused(status: int, content: Any, kind: type[OmsError], code: str) -> None:
    error = of(status, content)
    assert isinstance(error, kind)
    assert error.error_code == code
    assert not isinstance(error, Unavailable)


def test_a_schema_failure_has_its_witnesses() -> None:
    witness = {"@type": "invalid_predicate", "predicate": "altitude"}
    error = of(400, answer("api:WOQLSchemaCheckFailure", "no", **{"api:witnesses": [witness]}))
    assert isinstance(error, Invalid)
    assert error.errors == [witness]
    assert json.loads(error.data["answer"])["api:error"]["api:witnesses"] == [witness]


def test_a_long_answer_is_cut() -> None:
    error = of(400, answer("x", "y" * 100_000))
    assert len(error.data["answer"]) == 4000


@pytest.mark.parametrize(
    ("status", "content", "kind", "repeat", "unwell"),
    [
        (400, b"<html>Bad Request</html>", NoAnswer, True, True),
        (502, b"<html>Bad Gateway</html>", NoAnswer, True, True),
        (503, {"error": "upstream"}, NoAnswer, True, True),
        (301, b"", NoAnswer, True, True),
        (404, [], NoAnswer, True, True),
        (401, answer("api:IncorrectAuthenticationError"), Denied, False, False),
        (403, answer("api:AccessNotAuthorised"), Denied, False, False),
        (
            500,
            {
                "api:message": "Transaction retry count exceeded in internal operation",
                "api:status": "api:server_error",
            },
            Busy,
            True,
            False,
        ),
        (
            500,
            {
                "@type": "api:UnhandledErrorResponse",
                "api:error": {"@type": "api:InternalServerError"},
                "api:message": "An internal server error occurred.",
                "api:status": "api:server_error",
            },
            Broken,
            True,
            False,
        ),
    ],
)
def test_no_answer_of_use(
    status: int, content: Any, kind: type[HomeUnavailable], repeat: bool, unwell: bool
) -> None:
    error = of(status, content)
    assert type(error) is kind
    assert error.error_code == ("home_broken" if kind is Broken else "home_unavailable")
    assert (error.repeat, error.unwell) == (repeat, unwell)


def test_a_wrong_key_says_which_settings() -> None:
    error = of(401, answer("api:IncorrectAuthenticationError", "Incorrect"))
    assert "TERMINUSDB_USER" in error.message
    assert "TERMINUSDB_KEY" in error.message
