"""Policies and explanations over REST; lists that ask no query per row."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from oms_project.core.authorization import permissions
from oms_project.identity.contract import Role
from oms_project.identity.models import AttributeRule, ProtectionRule, RoleBinding, User
from ontology import services
from ontology.contract import Change
from ontology.domain.kinds import Kind
from tests.conftest import MakePerson

pytestmark = pytest.mark.django_db

BASE = "/api/v1/policies"
EXPLAIN = "/api/v1/authorization/explain"
ClientOf = Callable[[User], APIClient]
Acting = Callable[[User], AbstractContextManager[None]]


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["code"] == code
    return body


def test_a_role_is_given_bounded_and_taken_away(
    admin_client: APIClient, person: MakePerson, client_of: ClientOf
) -> None:
    ann = client_of(person("ann"))
    problem(ann.get("/api/v1/ontologies/a"), 403, "permission_denied")
    made = admin_client.post(
        f"{BASE}/role-bindings",
        {"role": "editor", "user": "ann", "ontology": "a", "branch": "work/*"},
    )
    assert made.status_code == 201
    body = made.json()
    assert {key: body[key] for key in ("role", "user", "group", "ontology", "branch")} == {
        "role": "editor", "user": "ann", "group": "", "ontology": "a", "branch": "work/*",
    }  # fmt: skip
    assert body["created_by"].startswith("root (")
    one = f"{BASE}/role-bindings/{body['id']}"
    assert admin_client.get(one).json() == body
    problem(ann.get("/api/v1/ontologies/a"), 404, "ontology_not_found")
    changed = admin_client.patch(one, {"expires_at": "2999-01-01T00:00:00Z"})
    assert changed.json()["expires_at"].startswith("2999-01-01")
    problem(admin_client.patch(one, {"expires_at": "1999-01-01T00:00:00Z"}), 422, "invalid")
    problem(admin_client.patch(one, {"role": "administrator"}), 422, "invalid")
    assert admin_client.delete(one).status_code == 204
    problem(admin_client.get(one), 404, "policy_not_found")
    problem(ann.get("/api/v1/ontologies/a"), 403, "permission_denied")


def test_rules_are_made_changed_and_deleted(admin_client: APIClient) -> None:
    Group.objects.create(name="pilots")
    for kind, new, change in (
        ("protection-rules", {"pattern": "release/*"}, {"note": "shipped"}),
        (
            "attribute-rules",
            {"level": "internal", "group": "pilots", "object_type": "Person"},
            {"level": "public", "note": "asked for"},
        ),
        (
            "action-rules",
            {"group": "pilots", "action": "Book", "ontology": "a", "branch": "main"},
            {"allowed": False, "note": "asked for"},
        ),
    ):
        made = admin_client.post(f"{BASE}/{kind}", new)
        assert made.status_code == 201, made.content
        one = f"{BASE}/{kind}/{made.json()['id']}"
        changed = admin_client.patch(one, change)
        assert {key: changed.json()[key] for key in change} == change
        assert [item["id"] for item in admin_client.get(f"{BASE}/{kind}").json()["items"]] == [
            made.json()["id"]
        ]
        problem(admin_client.post(f"{BASE}/{kind}", new), 409, "policy_exists")
        assert admin_client.delete(one).status_code == 204
        problem(admin_client.get(one), 404, "policy_not_found")


def test_the_last_administrator_stays(admin_client: APIClient, administrator: User) -> None:
    one = f"{BASE}/role-bindings/{administrator.bindings.get().pk}"
    told = problem(admin_client.delete(one), 409, "last_administrator")
    assert "Make somebody else administrator first" in told["detail"]
    assert admin_client.get(one).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"role": "king", "user": "root"},
        {"role": "editor", "user": "root", "ontologie": "a"},
        {"role": "editor", "user": "root", "branch": "a b"},
        {"role": "editor", "user": ["root"]},
        {"role": "editor", "user": "root", "expires_at": "soon"},
        ["role"],
    ],
)
def test_what_is_no_role_is_refused(admin_client: APIClient, wrong: Any) -> None:
    problem(admin_client.post(f"{BASE}/role-bindings", wrong), 422, "invalid")
    assert RoleBinding.objects.count() == 1


def test_a_parameter_that_is_not_known_is_refused(admin_client: APIClient) -> None:
    problem(admin_client.get(f"{BASE}/role-bindings?users=ann"), 400, "bad_request")
    problem(admin_client.get(f"{EXPLAIN}?permision=x"), 400, "bad_request")


def test_pages_and_filters(admin_client: APIClient, person: MakePerson) -> None:
    for number in range(5):
        person(f"p{number}", Role.VIEWER, "a" if number % 2 else "")
    first = admin_client.get(f"{BASE}/role-bindings?limit=4")
    assert [item["user"] for item in first.json()["items"]] == ["root", "p0", "p1", "p2"]
    assert 'rel="next"' in first["Link"]
    rest = admin_client.get(f"{BASE}/role-bindings?limit=4&cursor={first.json()['next']}").json()
    assert ([item["user"] for item in rest["items"]], rest["next"]) == (["p3", "p4"], None)

    def users(query: str) -> list[str]:
        found = admin_client.get(f"{BASE}/role-bindings?{query}").json()["items"]
        return [item["user"] for item in found]

    assert users("ontology=a") == ["p1", "p3"]
    assert users("ontology=&role=viewer") == ["p0", "p2", "p4"]
    assert users("user=P1") == ["p1"]


def test_the_table_of_roles(person: MakePerson, client_of: ClientOf) -> None:
    told = client_of(person("ann")).get(f"{BASE}/roles").json()["items"]
    assert [entry["role"] for entry in told] == [role.value for role in Role]
    by_role = {entry["role"]: entry for entry in told}
    assert by_role["viewer"] == {
        "role": "viewer", "permissions": ["ontology.read", "jobs.read", "events.read", "kernel.query"], "clearance": "internal",
    }  # fmt: skip
    assert by_role["administrator"]["permissions"] == list(permissions.ALL)
    assert by_role["gateway"] == {
        "role": "gateway", "permissions": ["kernel.home"], "clearance": "public",
    }  # fmt: skip


def test_a_decision_is_explained(
    admin_client: APIClient, person: MakePerson, client_of: ClientOf, anonymous_client: APIClient
) -> None:
    ann = client_of(person("ann", Role.EDITOR, "a"))
    told = ann.get(f"{EXPLAIN}?permission=ontology.write&ontology=a&branch=main").json()
    assert told["allowed"] is True
    assert told["reason"] == "allowed because ann is editor for ontology a"
    assert told["sees"]["restricted"] is True
    told = admin_client.get(f"{EXPLAIN}?user=ann&permission=ontology.merge&ontology=a").json()
    assert told["allowed"] is False
    assert told["reason"].startswith("denied because ann lacks ontology.merge on ontology a")
    assert told["steps"] == ["ann is editor for ontology a: editor does not have ontology.merge"]
    assert ann.get(EXPLAIN).json()["permission"] == "ontology.read"
    problem(ann.get(f"{EXPLAIN}?user=root"), 403, "permission_denied")
    problem(admin_client.get(f"{EXPLAIN}?user=nobody"), 404, "user_not_found")
    problem(ann.get(f"{EXPLAIN}?permission=fly"), 422, "invalid")
    problem(anonymous_client.get(EXPLAIN), 401, "unauthenticated")


# -- no query per row ------------------------------------------------------------------------------


def asked(client: APIClient, address: str, rows: int) -> int:
    client.get(address)  # what is asked once per process is not counted
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(address)
    assert answer.status_code == 200
    assert len(answer.json()["items"]) == rows, address
    return len(queries)


@pytest.mark.parametrize("who", ["administrator", "scoped"])
def test_lists_ask_as_much_for_100_rows_as_for_10(
    administrator: User, person: MakePerson, client_of: ClientOf, acting: Acting, who: str
) -> None:
    reader = administrator
    with acting(administrator):
        services.create_ontology(name="fleet", base_iri="https://example.org/fleet/")
    if who == "scoped":
        reader = person("ada", Role.ADMINISTRATOR, "fleet")
    client = client_of(reader)
    counts: dict[str, list[int]] = {}
    made = 0
    for rows in (10, 100):
        with acting(administrator):
            services.commit_changes(
                ontology="fleet",
                branch="",
                message="more",
                changes=[
                    Change(op="create", kind=Kind.OBJECT_TYPE, fields={"apiName": f"Type{number}"})
                    for number in range(made, rows)
                ],
            )
            for number in range(made, rows - (1 if made == 0 else 0)):
                services.create_branch(ontology="fleet", name=f"work/{number}")
        for number in range(made, rows):
            user = person(f"p{number}")
            RoleBinding.objects.create(user=user, role=Role.VIEWER, ontology="fleet")
            AttributeRule.objects.create(user=user, level="public", ontology="fleet")
            ProtectionRule.objects.create(pattern=f"release/{number}/*", ontology="fleet")
        made = rows
        more = int(who == "scoped")
        for address, expected in (
            (f"{BASE}/role-bindings?ontology=fleet&limit=500", rows + more),
            (f"{BASE}/attribute-rules?ontology=fleet&limit=500", rows),
            (f"{BASE}/protection-rules?ontology=fleet&limit=500", rows),
            ("/api/v1/ontologies/fleet/object-types?limit=500", rows),
            ("/api/v1/ontologies/fleet/branches?limit=500", rows),
        ):
            counts.setdefault(address, []).append(asked(client, address, expected))
    assert all(few == many for few, many in counts.values()), counts
    assert max(many for _, many in counts.values()) <= 16, counts
