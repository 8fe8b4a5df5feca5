"""Values are erased for good over GraphQL."""

from __future__ import annotations

from typing import Any

import pytest

from oms_project.identity.contract import Role
from ontology import selectors
from tests.integration.graphql.conftest import GraphQLClient
from tests.integration.instances.conftest import NAME, Commit, update

pytestmark = [pytest.mark.django_db, pytest.mark.data]

EMAIL = "ann@example.org"
REDACT = """mutation($input: RedactInput!) { redact(input: $input) { __typename
  ... on RedactionReport { document dryRun messages answers jobs
  redaction { redactionId rid kind fields reason versions authorUsername time } }
  ... on Problem { code detail } } }"""
LIST = """query($first: Int, $after: String) { ontology(name: "people") {
  redactions(first: $first, after: $after) { nodes { fields reason }
  pageInfo { hasNextPage endCursor } } } }"""


def redact(client: GraphQLClient, **input: Any) -> dict[str, Any]:
    given = {"ontology": NAME, "target": "Person/ann", "reason": "Request 7", **input}
    found: dict[str, Any] = client.data(REDACT, {"input": given})["redact"]
    return found


def email() -> Any:
    return selectors.get_document(ontology=NAME, target="Person/ann").body.get("email")


def test_values_are_erased_from_every_version(
    graphql: GraphQLClient, staff: None, commit: Commit
) -> None:
    old = selectors.get_branch(ontology=NAME).head
    commit(update("Person/ann", email="lee@example.org"))
    dry = redact(graphql, fields=["email"], dryRun=True)
    assert (dry["dryRun"], dry["redaction"]["versions"]) == (True, 2)
    assert email() == "lee@example.org"
    done = redact(graphql, fields=["email"])
    assert (done["__typename"], done["document"]) == ("RedactionReport", "Person/ann")
    assert done["redaction"]["fields"] == ["email"]
    assert (done["redaction"]["kind"], done["redaction"]["authorUsername"]) == ("Object", "root")
    found = graphql.data(
        """query($old: String!) { ontology(name: "people") {
           now: object(target: "Person/ann") { redacted values }
           then: object(target: "Person/ann", ref: $old) { redacted json
           history { nodes { json } } } } }""",
        {"old": old},
    )["ontology"]
    assert found["now"]["redacted"] == found["then"]["redacted"] == ["email"]
    assert "email" not in found["now"]["values"]
    assert "@example.org" not in str(found)


def test_what_was_erased_is_listed(graphql: GraphQLClient, staff: None) -> None:
    redact(graphql, fields=["email"], reason="One")
    redact(graphql, fields=["age"], reason="Two")
    first = graphql.data(LIST, {"first": 1})["ontology"]["redactions"]
    assert first["nodes"] == [{"fields": ["age"], "reason": "Two"}]
    rest = graphql.data(LIST, {"after": first["pageInfo"]["endCursor"]})["ontology"]["redactions"]
    assert rest["nodes"] == [{"fields": ["email"], "reason": "One"}]


@pytest.mark.parametrize(
    ("input", "code"),
    [
        ({"reason": ""}, "bad_body"),
        ({"reason": f"Erase {EMAIL}"}, "reason_holds_value"),
        ({"fields": ["height"]}, "unknown_value"),
        ({"target": "ObjectType/Person"}, "not_an_instance"),
        ({"target": "Person/nobody"}, "document_not_found"),
        ({"ref": "nowhere"}, "ref_not_found"),
    ],
)
def test_an_erasure_that_is_refused_erases_nothing(
    graphql: GraphQLClient, staff: None, input: dict[str, Any], code: str
) -> None:
    assert redact(graphql, **{"fields": ["email"], **input})["code"] == code
    assert email() == EMAIL
    assert graphql.data(LIST)["ontology"]["redactions"]["nodes"] == []


def test_who_may_not_erase_does_not_learn_what_was(graphql_as: Any, staff: None) -> None:
    maintainer = graphql_as(Role.MAINTAINER, NAME)
    assert redact(maintainer)["__typename"] == "PermissionDeniedProblem"
    answer = maintainer.ask(LIST)
    assert answer["errors"][0]["extensions"]["code"] == "permission_denied"
    assert email() == EMAIL
