"""Service accounts over GraphQL: a secret is shown once, and stands nowhere afterwards."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from oms_project.identity import services
from oms_project.identity.contract import BadCredentials
from oms_project.identity.models import ClientSecret, User
from oms_project.identity.services.sign_in import sign_in_client
from tests.integration.graphql.conftest import GraphQLClient

pytestmark = [pytest.mark.django_db, pytest.mark.data]

CREATE = """mutation($input: CreateServiceAccountInput!) { createServiceAccount(input: $input) {
  __typename ... on Problem { code errors }
  ... on NewClientSecret { secret expiresAt account {
    id clientId userId username owner isActive secrets { id hint holds revokedAt } } } } }"""
ACCOUNT = """id clientId userId username displayName description owner isActive createdAt createdBy
  secrets { id hint createdAt expiresAt revokedAt lastUsedAt holds }"""


@pytest.fixture
def made(graphql: GraphQLClient) -> dict[str, Any]:
    answer = graphql.data(CREATE, {"input": {"username": "robot", "owner": "root"}})
    found: dict[str, Any] = answer["createServiceAccount"]
    assert found["__typename"] == "NewClientSecret"
    return found


def opens(client_id: str, secret: str) -> bool:
    """Whether a secret lets a service in."""
    try:
        sign_in_client(client_id=client_id, secret=secret, issue=lambda grant: grant)
    except BadCredentials:
        return False
    return True


def test_a_service_account_is_made_and_read(graphql: GraphQLClient, made: dict[str, Any]) -> None:
    account = made["account"]
    assert opens(account["clientId"], made["secret"])
    assert account["secrets"][0]["hint"] == made["secret"][-4:]
    found = graphql.data(
        """query($id: ID!, $client: String!) { node(id: $id) { ... on ServiceAccount { username } }
           serviceAccount(clientId: $client) { username owner isActive }
           serviceAccounts(q: "ROBO") { nodes { clientId } }
           none: serviceAccounts(q: "other") { nodes { clientId } } }""",
        {"id": account["id"], "client": account["clientId"]},
    )
    assert found == {
        "node": {"username": "robot"},
        "serviceAccount": {"username": "robot", "owner": "root", "isActive": True},
        "serviceAccounts": {"nodes": [{"clientId": account["clientId"]}]},
        "none": {"nodes": []},
    }


def test_a_secret_is_shown_once(graphql: GraphQLClient, made: dict[str, Any]) -> None:
    secret = made["secret"]
    client_id = made["account"]["clientId"]
    hashed = ClientSecret.objects.get().secret_hash
    for query in (
        f"{{ serviceAccounts {{ nodes {{ {ACCOUNT} }} }} }}",
        f'{{ serviceAccount(clientId: "{client_id}") {{ {ACCOUNT} }} }}',
        f"""mutation {{ updateServiceAccount(clientId: "{client_id}", isActive: true) {{
            ... on ServiceAccount {{ {ACCOUNT} }} }} }}""",
        "{ auditEvents(first: 100) { nodes { json changes data message } } }",
    ):
        graphql.data(query)
        text = graphql.answer.content.decode()
        assert client_id in text
        assert secret not in text
        assert hashed not in text
    bodies = "".join(Event.objects.values_list("body", flat=True))
    assert client_id in bodies
    assert secret not in bodies
    assert hashed not in bodies


def test_nothing_about_a_secret_is_a_field(graphql: GraphQLClient) -> None:
    fields = graphql.data(
        """{ a: __type(name: "ClientSecret") { fields { name } }
             b: __type(name: "ServiceAccount") { fields { name } } }"""
    )
    assert {one["name"] for one in fields["a"]["fields"]} == {
        "id", "hint", "createdAt", "expiresAt", "revokedAt", "lastUsedAt", "holds",
    }  # fmt: skip
    assert "secret" not in {one["name"] for one in fields["b"]["fields"]}


def test_a_secret_is_replaced_at_once_or_with_grace(
    graphql: GraphQLClient, made: dict[str, Any]
) -> None:
    rotate = """mutation($id: String!, $grace: Int) {
      rotateClientSecret(clientId: $id, graceSeconds: $grace) { __typename ... on Problem { code }
        ... on NewClientSecret { secret account { secrets { holds } } } } }"""
    client_id = made["account"]["clientId"]
    second = graphql.data(rotate, {"id": client_id, "grace": 60})["rotateClientSecret"]
    assert opens(client_id, made["secret"])
    assert opens(client_id, second["secret"])
    third = graphql.data(rotate, {"id": client_id, "grace": 0})["rotateClientSecret"]
    assert not opens(client_id, second["secret"])
    assert opens(client_id, third["secret"])
    assert sorted(one["holds"] for one in third["account"]["secrets"]) == [False, False, True]
    bad = graphql.data(rotate, {"id": client_id, "grace": -1})["rotateClientSecret"]
    assert bad == {"__typename": "InvalidProblem", "code": "bad_grace"}
    assert ClientSecret.objects.count() == 3


def test_a_secret_is_revoked(graphql: GraphQLClient, made: dict[str, Any]) -> None:
    revoke = """mutation($client: String!, $id: ID!) {
      revokeClientSecret(clientId: $client, secretId: $id) { __typename ... on Problem { code }
        ... on ServiceAccount { secrets { holds } } } }"""
    client_id = made["account"]["clientId"]
    for wrong in ("x", "99999", "9" * 30):
        refused = graphql.data(revoke, {"client": client_id, "id": wrong})["revokeClientSecret"]
        assert refused == {"__typename": "NotFoundProblem", "code": "service_account_not_found"}
    assert opens(client_id, made["secret"])
    secret_id = made["account"]["secrets"][0]["id"]
    gone = graphql.data(revoke, {"client": client_id, "id": secret_id})["revokeClientSecret"]
    assert gone == {"__typename": "ServiceAccount", "secrets": [{"holds": False}]}
    assert not opens(client_id, made["secret"])


def test_a_service_account_is_taken_out_of_use(
    graphql: GraphQLClient, made: dict[str, Any]
) -> None:
    client_id = made["account"]["clientId"]
    out = graphql.data(
        f"""mutation {{ updateServiceAccount(clientId: "{client_id}", isActive: false) {{
            ... on ServiceAccount {{ isActive }} }} }}"""
    )
    assert out == {"updateServiceAccount": {"isActive": False}}
    assert not opens(client_id, made["secret"])


def test_more_service_accounts_take_no_more_queries(
    graphql: GraphQLClient, acting: Any, administrator: User
) -> None:
    with acting(administrator):
        for number in range(100):
            made = services.create_service_account(username=f"robot-{number:03}", owner="root")
            services.rotate_secret(client_id=made.account.client_id)
    query = f"query($n: Int) {{ serviceAccounts(first: $n) {{ nodes {{ {ACCOUNT} }} }} }}"
    counts = []
    for size in (10, 100):
        graphql.data(query, {"n": size})
        with CaptureQueriesContext(connection) as queries:
            found = graphql.data(query, {"n": size})["serviceAccounts"]["nodes"]
        assert len(found) == size
        assert len(found[0]["secrets"]) == 2
        counts.append(len(queries))
    assert counts[0] == counts[1]
