"""Every root field of the platform's schema × every role: who lacks what a field needs is refused,
by that and by nothing else, and refusals are in the audit trail.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from audit.models import Event as AuditEvent
from oms_project.core.routes import Authenticated, Public
from oms_project.graphql.fields import declared_needs, undeclared_fields
from oms_project.graphql.schema import platform_schema
from oms_project.identity.contract import Role
from tests.conftest import MakePerson
from tests.faults.graphql_fields import operation_of, root_fields
from tests.faults.test_permission_matrix import HELD
from tests.integration.graphql.conftest import RESPONSE_JSON, GraphQLClient

pytestmark = [pytest.mark.django_db, pytest.mark.data]


def ask(client: GraphQLClient, text: str, variables: dict[str, Any]) -> dict[str, Any]:
    """The answer, with a file for every upload that is wanted."""
    if not variables:
        return client.ask(text)
    client.answer = client.http.post(
        "/graphql",
        {
            "operations": json.dumps({"query": text, "variables": variables}),
            "map": json.dumps({str(n): [f"variables.{key}"] for n, key in enumerate(variables)}),
            **{str(n): SimpleUploadedFile("a.ttl", b"") for n, _ in enumerate(variables)},
        },
        headers={**client.headers, "Accept": RESPONSE_JSON},
    )
    found: dict[str, Any] = json.loads(client.answer.content)
    return found


def refusal(answer: dict[str, Any]) -> dict[str, Any] | None:
    """Code and data of a problem or an error; None: it was answered."""
    for error in answer.get("errors", ()):
        return {"code": error["extensions"]["code"], "data": error["extensions"].get("data", {})}
    made = answer["data"]["it"]
    if isinstance(made, dict) and made.get("__typename", "").endswith("Problem"):
        return {"code": made["code"], "data": made["data"]}
    return None


def test_every_field_says_what_it_needs() -> None:
    assert undeclared_fields(platform_schema().schema) == []


def guarded() -> Iterator[tuple[str, str, str]]:
    """Queries and mutations that need a permission; subscriptions are asked over a socket."""
    for kind, name, need in declared_needs(platform_schema().schema):
        if isinstance(need, str) and kind != "subscription":
            yield kind, name, need


@pytest.mark.parametrize("role", [None, *Role])
def test_fields_are_refused_by_what_they_need(person: MakePerson, role: Role | None) -> None:
    held = HELD[role] if role is not None else set()
    client = GraphQLClient(person(f"matrix-{role or 'none'}", role))
    fields = {(kind, name): field for kind, name, field in root_fields(platform_schema().schema)}
    wrong = []
    for kind, name, need in guarded():
        answer = ask(client, *operation_of(kind, name, fields[kind, name]))
        found = refusal(answer)
        missing = (
            found is not None
            and found["code"] == "permission_denied"
            and found["data"].get("permission") == need
        )
        if need not in held and not missing:
            wrong.append((kind, name, need, "was let in", answer))
        if found is not None and found["code"] == "internal":
            wrong.append((kind, name, need, "broke", answer))
    assert wrong == []


def test_what_needs_nothing_says_why() -> None:
    reasons = {
        name: need.why
        for _kind, name, need in declared_needs(platform_schema().schema)
        if isinstance(need, Authenticated | Public)
    }
    assert all(len(why) > 10 for why in reasons.values())
    assert not [
        name
        for _kind, name, need in declared_needs(platform_schema().schema)
        if isinstance(need, Public)
    ]


def test_a_refusal_is_in_the_audit_trail(person: MakePerson) -> None:
    client = GraphQLClient(person("nosy"))
    before = AuditEvent.objects.filter(action="access.denied").count()
    client.ask('{ ontology(name: "fleet") { name } }')
    client.ask('mutation { deleteOntology(ontology: "fleet") { __typename } }')
    found = AuditEvent.objects.filter(action="access.denied").order_by("-pk")[:2]
    assert AuditEvent.objects.filter(action="access.denied").count() == before + 2
    assert {event.actor_username for event in found} == {"nosy"}
