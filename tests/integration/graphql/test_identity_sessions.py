"""Oneself, sessions and delegations over GraphQL."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from oms_project.core.clock import utc_now
from oms_project.graphql.context import Context
from oms_project.graphql.engine import GraphQLRequest, prepare, run
from oms_project.graphql.schema import platform_schema
from oms_project.identity import services
from oms_project.identity.contract import Role, actor_of
from oms_project.identity.models import Delegation, TokenSession, User
from tests.conftest import PASSWORD, tokens_of
from tests.integration.graphql.conftest import GraphQLClient
from tests.integration.graphql.test_identity import problem

pytestmark = [pytest.mark.django_db, pytest.mark.data]


def test_everybody_sees_who_he_is(graphql_as: Any) -> None:
    me = graphql_as(Role.VIEWER, "alpha").data(
        """{ me { username displayName kind onBehalfOf { username } reason
             roles { role ontology branch expiresAt } permissions } }"""
    )["me"]
    assert me == {
        "username": "vieweralpha",
        "displayName": "Vieweralpha",
        "kind": "user",
        "onBehalfOf": None,
        "reason": "",
        "roles": [{"role": "VIEWER", "ontology": "alpha", "branch": "", "expiresAt": None}],
        "permissions": [],
    }


def test_nobody_is_told_who_he_is() -> None:
    client = GraphQLClient(None)
    answer = client.ask("{ me { username } }")
    assert client.answer.status_code == 401
    assert "data" not in answer


def test_one_sees_and_ends_ones_own_sessions_and_nobody_elses(
    graphql_as: Any, administrator: User
) -> None:
    viewer = graphql_as(Role.VIEWER)
    token = {"Authorization": f"Bearer {tokens_of(viewer.user).access}"}
    tokens_of(viewer.user)
    foreign = str(TokenSession.objects.get(pk=_session_of(administrator)).pk)
    found = viewer.data("{ sessions { nodes { id current username } } }", headers=token)
    sessions = found["sessions"]["nodes"]
    assert {one["username"] for one in sessions} == {"viewer"}
    assert [one["current"] for one in sessions].count(True) == 1
    refused = viewer.data(
        f'mutation {{ endSession(id: "{foreign}") {{ __typename ... on Problem {{ code }} }} }}',
        headers=token,
    )["endSession"]
    assert problem(refused) == ("NotFoundProblem", "session_not_found")
    assert TokenSession.objects.get(pk=foreign).revoked_at is None
    other = next(one["id"] for one in sessions if not one["current"])
    ended = viewer.data(
        f'mutation {{ endSession(id: "{other}") {{ ... on Done {{ done }} }} }}', headers=token
    )
    assert ended == {"endSession": {"done": True}}
    assert TokenSession.objects.get(pk=other).revoked_at is not None
    viewer.data("mutation { endOtherSessions { ... on Done { done } } }", headers=token)
    left = viewer.data("{ sessions { nodes { current } } }", headers=token)["sessions"]["nodes"]
    assert left == [{"current": True}]


def _session_of(user: User) -> Any:
    tokens_of(user)
    return TokenSession.objects.filter(user=user).latest("created_at").pk


def test_who_leaves_is_out(graphql_as: Any) -> None:
    viewer = graphql_as(Role.VIEWER)
    token = {"Authorization": f"Bearer {tokens_of(viewer.user).access}"}
    done = viewer.data("mutation { logout { ... on Done { done } } }", headers=token)
    assert done == {"logout": {"done": True}}
    viewer.ask("{ me { username } }", headers=token)
    assert viewer.answer.status_code == 401
    ended = TokenSession.objects.filter(user=viewer.user, revoked_at__isnull=False)
    assert [one.revoked_reason for one in ended] == ["signed out"]


def test_ones_own_password_is_changed_with_the_present_one(graphql_as: Any) -> None:
    change = """mutation($old: String!, $new: String!) {
      changePassword(currentPassword: $old, newPassword: $new) { __typename } }"""
    new = "another-good-phrase-77"
    viewer = graphql_as(Role.VIEWER)
    wrong = viewer.ask(change, {"old": "guess", "new": new})
    assert wrong["errors"][0]["extensions"]["code"] == "wrong_password"
    assert User.objects.get(username="viewer").check_password(PASSWORD)
    done = viewer.data(change, {"old": PASSWORD, "new": new})
    assert done["changePassword"]["__typename"] == "Done"
    assert User.objects.get(username="viewer").check_password(new)
    assert not TokenSession.objects.filter(user=viewer.user, revoked_at=None).exists()
    bodies = "".join(Event.objects.values_list("body", flat=True))
    assert PASSWORD not in bodies
    assert new not in bodies


# -- delegations -----------------------------------------------------------------------------------

GRANT = """mutation($input: GrantDelegationInput!) { grantDelegation(input: $input) {
  __typename ... on Delegation { id user clientId permissions holds } ... on Problem { code } } }"""


def test_a_delegation_is_granted_seen_and_taken_back(
    graphql_as: Any, acting: Any, administrator: User
) -> None:
    with acting(administrator):
        account = services.create_service_account(username="robot").account
    viewer = graphql_as(Role.VIEWER)
    asked = {
        "clientId": account.client_id,
        "reason": "nightly import",
        "expiresAt": (utc_now() + dt.timedelta(days=1)).isoformat(),
        "permissions": ["ontology.read"],
    }
    made = viewer.data(GRANT, {"input": asked})["grantDelegation"]
    assert (made["user"], made["permissions"], made["holds"]) == ("viewer", ["ontology.read"], True)
    bad = viewer.data(GRANT, {"input": {**asked, "permissions": ["everything"]}})
    assert problem(bad["grantDelegation"]) == ("InvalidProblem", "bad_delegation")
    foreign = viewer.data(GRANT, {"input": {**asked, "username": "root"}})["grantDelegation"]
    assert problem(foreign) == ("PermissionDeniedProblem", "permission_denied")
    assert Delegation.objects.count() == 1
    listed = viewer.data("{ delegations { nodes { id } } }")["delegations"]["nodes"]
    assert listed == [{"id": made["id"]}]
    revoke = """mutation($id: ID!) { revokeDelegation(id: $id) { __typename
      ... on Delegation { holds } ... on Problem { code } } }"""
    other = graphql_as(Role.EDITOR).data(revoke, {"id": made["id"]})["revokeDelegation"]
    assert problem(other) == ("NotFoundProblem", "delegation_not_found")
    assert Delegation.objects.get().revoked_at is None
    gone = viewer.data(revoke, {"id": made["id"]})["revokeDelegation"]
    assert gone == {"__typename": "Delegation", "holds": False}
    assert viewer.data("{ delegations { nodes { id } } }")["delegations"]["nodes"] == []
    ended = viewer.data("{ delegations(ended: true) { nodes { holds } } }")
    assert ended["delegations"]["nodes"] == [{"holds": False}]


def test_where_there_is_no_request_no_session_is_taken_for_ones_own(
    administrator: User, acting: Any
) -> None:
    """Over a socket: nothing ends but what is named."""
    tokens_of(administrator)
    compiled = platform_schema()
    actor = actor_of(administrator)
    with acting(administrator):
        for name in ("logout", "endOtherSessions"):
            asked = GraphQLRequest(f"mutation {{ {name} {{ __typename }} }}")
            result = run(prepare(compiled, asked, actor=actor), Context(actor=actor))
            assert result.data == {name: {"__typename": "BadRequestProblem"}}
        asked = GraphQLRequest("{ sessions { nodes { current } } }")
        result = run(prepare(compiled, asked, actor=actor), Context(actor=actor))
    assert result.data == {"sessions": {"nodes": [{"current": False}]}}
    assert not TokenSession.objects.exclude(revoked_at=None).exists()


def test_more_sessions_and_delegations_take_no_more_queries(
    graphql: GraphQLClient, acting: Any, administrator: User
) -> None:
    with acting(administrator):
        account = services.create_service_account(username="robot").account
        for _ in range(100):
            tokens_of(administrator)
            services.grant_delegation(
                client_id=account.client_id,
                reason="nightly import",
                expires_at=utc_now() + dt.timedelta(days=1),
            )
    query = """query($n: Int) {
      sessions(first: $n) { nodes { id username onBehalfOf current } }
      delegations(first: $n, everybody: true) { nodes { id service clientId user } } }"""
    counts = []
    for size in (10, 100):
        graphql.data(query, {"n": size})
        with CaptureQueriesContext(connection) as queries:
            found = graphql.data(query, {"n": size})
        assert [len(found[name]["nodes"]) for name in found] == [size, size]
        counts.append(len(queries))
    assert counts[0] == counts[1]
