"""People and groups over GraphQL."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from oms_project.identity import services
from oms_project.identity.contract import Role
from oms_project.identity.models import RoleBinding, ServiceAccount, User
from tests.conftest import PASSWORD, MakePerson
from tests.integration.graphql.conftest import GraphQLClient

pytestmark = [pytest.mark.django_db, pytest.mark.data]

CREATE_USER = """mutation($input: CreateUserInput!) { createUser(input: $input) {
  __typename ... on User { id userId username displayName email isActive bindings { role } }
  ... on Problem { code errors } } }"""
USERS = """query($n: Int, $after: String, $q: String! = "") {
  users(first: $n, after: $after, q: $q) {
    nodes { username bindings { role ontology group } }
    pageInfo { hasNextPage endCursor } } }"""
#: Each mutation of an administrator of identities, about people who are there.
ADMINISTRATION = {
    "createUser": f'createUser(input: {{username: "new", password: "{PASSWORD}"}})',
    "updateUser": 'updateUser(username: "ann", input: {displayName: "X", isActive: false})',
    "setUserPassword": 'setUserPassword(username: "ann", password: "another-good-phrase-77")',
    "createGroup": 'createGroup(name: "new")',
    "deleteGroup": 'deleteGroup(name: "crew")',
    "addGroupMember": 'addGroupMember(group: "crew", username: "ann")',
    "removeGroupMember": 'removeGroupMember(group: "crew", username: "bob")',
    "createServiceAccount": 'createServiceAccount(input: {username: "new-service"})',
    "updateServiceAccount": 'updateServiceAccount(clientId: "CLIENT", isActive: false)',
    "rotateClientSecret": 'rotateClientSecret(clientId: "CLIENT", graceSeconds: 0)',
    "revokeClientSecret": 'revokeClientSecret(clientId: "CLIENT", secretId: "SECRET")',
}


def problem(answer: dict[str, Any]) -> tuple[str, str]:
    return answer["__typename"], answer["code"]


def stored() -> list[Any]:
    """Everything that administration of identities changes."""
    return [
        list(
            User.objects.order_by("pk").values_list("pk", "display_name", "is_active", "password")
        ),
        sorted((group.name, group.user_set.count()) for group in Group.objects.all()),
        list(ServiceAccount.objects.values_list("secrets", "secrets__revoked_at", "secrets__hint")),
    ]


# -- users and groups ------------------------------------------------------------------------------


def test_a_user_is_made_read_changed_and_shut_out(graphql: GraphQLClient) -> None:
    made = graphql.data(
        CREATE_USER,
        {"input": {"username": "ann", "password": PASSWORD, "email": "ann@example.org"}},
    )["createUser"]
    row = User.objects.get(username="ann")
    assert row.check_password(PASSWORD)
    assert (made["__typename"], made["userId"], made["email"]) == (
        "User", str(row.pk), "ann@example.org",
    )  # fmt: skip
    changed = graphql.data(
        """mutation { updateUser(username: "ANN", input: {displayName: "Ann B"}) {
           ... on User { username displayName email isActive } } }"""
    )["updateUser"]
    assert changed == {
        "username": "ann", "displayName": "Ann B", "email": "ann@example.org", "isActive": True,
    }  # fmt: skip
    out = graphql.data(
        """mutation { updateUser(username: "ann", input: {isActive: false, email: ""}) {
           ... on User { isActive email } } }"""
    )["updateUser"]
    assert out == {"isActive": False, "email": ""}
    again = graphql.data(
        """query($id: ID!) { node(id: $id) { ... on User { displayName isActive } }
           user(username: "Ann") { id } }""",
        {"id": made["id"]},
    )
    assert again["node"] == {"displayName": "Ann B", "isActive": False}
    assert again["user"]["id"] == made["id"]


def test_a_password_is_judged_and_never_told(graphql: GraphQLClient) -> None:
    weak = graphql.data(CREATE_USER, {"input": {"username": "ann", "password": "1234"}})
    assert problem(weak["createUser"]) == ("InvalidProblem", "weak_password")
    long = graphql.data(CREATE_USER, {"input": {"username": "ann", "password": "x" * 4097}})
    assert problem(long["createUser"]) == ("InvalidProblem", "invalid")
    assert not User.objects.filter(username="ann").exists()
    graphql.data(CREATE_USER, {"input": {"username": "ann", "password": PASSWORD}})
    new = "another-good-phrase-77"
    done = graphql.data(
        """mutation($p: String!) { setUserPassword(username: "ann", password: $p) {
           ... on Done { done } } }""",
        {"p": new},
    )
    assert done == {"setUserPassword": {"done": True}}
    ann = User.objects.get(username="ann")
    assert ann.check_password(new)
    bodies = "".join(Event.objects.values_list("body", flat=True))
    assert "identity.password_changed" in bodies
    assert PASSWORD not in bodies
    assert new not in bodies
    assert ann.password not in bodies
    types = graphql.data('{ __type(name: "User") { fields { name } } }')["__type"]["fields"]
    assert not [one for one in types if "password" in one["name"].lower()]


def test_a_change_that_is_refused_in_its_second_part_changes_nothing(
    graphql: GraphQLClient,
) -> None:
    refused = graphql.data(
        """mutation { updateUser(username: "root", input: {displayName: "X", isActive: false}) {
           __typename ... on Problem { code } } }"""
    )["updateUser"]
    assert problem(refused) == ("PermissionDeniedProblem", "permission_denied")
    row = User.objects.get(username="root")
    assert (row.display_name, row.is_active) == ("Root", True)


def test_groups_are_made_filled_emptied_and_deleted(
    graphql: GraphQLClient, person: MakePerson
) -> None:
    person("ann")
    made = graphql.data(
        'mutation { createGroup(name: "crew") { ... on Group { id name members } } }'
    )
    assert made["createGroup"]["members"] == []
    full = graphql.data(
        """mutation { addGroupMember(group: "crew", username: "ann") { ... on Group { members } } }"""
    )
    assert full["addGroupMember"] == {"members": ["ann"]}
    seen = graphql.data(
        """query($id: ID!) { groups { nodes { name members } } group(name: "CREW") { name }
           node(id: $id) { ... on Group { members } } }""",
        {"id": made["createGroup"]["id"]},
    )
    assert seen == {
        "groups": {"nodes": [{"name": "crew", "members": ["ann"]}]},
        "group": {"name": "crew"},
        "node": {"members": ["ann"]},
    }
    empty = graphql.data(
        """mutation { removeGroupMember(group: "crew", username: "ann") {
           ... on Group { members } } }"""
    )
    assert empty["removeGroupMember"] == {"members": []}
    gone = graphql.data('mutation { deleteGroup(name: "crew") { ... on Deleted { name } } }')
    assert gone == {"deleteGroup": {"name": "crew"}}
    assert not Group.objects.exists()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.AUDITOR])
@pytest.mark.parametrize("name", sorted(ADMINISTRATION))
def test_who_does_not_administer_identities_changes_nothing(
    graphql_as: Any, person: MakePerson, acting: Any, administrator: User, name: str, role: Role
) -> None:
    person("ann")
    bob = person("bob")
    bob.groups.add(Group.objects.create(name="crew"))
    with acting(administrator):
        made = services.create_service_account(username="robot")
    before = stored()
    text = ADMINISTRATION[name].replace("CLIENT", made.account.client_id)
    text = text.replace("SECRET", str(made.account.secrets[0].id))
    client = graphql_as(role)
    before[0] = stored()[0]
    answer = client.data(
        f"mutation {{ {text} {{ __typename ... on PermissionDeniedProblem {{ code data }} }} }}"
    )[name]
    assert problem(answer) == ("PermissionDeniedProblem", "permission_denied")
    assert answer["data"]["permission"] == "identity.administer"
    assert stored() == before


@pytest.mark.parametrize(
    "field",
    [
        "users { nodes { username } }",
        'user(username: "root") { username }',
        "groups { nodes { name } }",
        'group(name: "crew") { name }',
        "serviceAccounts { nodes { clientId } }",
        'serviceAccount(clientId: "x") { clientId }',
        'sessions(username: "root") { nodes { id } }',
        "delegations(everybody: true) { nodes { id } }",
    ],
)
@pytest.mark.parametrize("role", [Role.EDITOR, Role.AUDITOR])
def test_who_does_not_administer_identities_reads_nobody(
    graphql_as: Any, administrator: User, role: Role, field: str
) -> None:
    answer = graphql_as(role).ask(f"{{ {field} }}")
    assert answer["data"] is None
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["permission_denied"]


def test_an_id_of_a_person_opens_nothing_for_others(
    graphql: GraphQLClient, graphql_as: Any, person: MakePerson
) -> None:
    person("ann")
    found = graphql.data('{ user(username: "ann") { id } }')["user"]["id"]
    answer = graphql_as(Role.MAINTAINER).ask(
        "query($id: ID!) { node(id: $id) { ... on User { email } } }", {"id": found}
    )
    assert answer["data"] == {"node": None}
    assert answer["errors"][0]["extensions"]["code"] == "permission_denied"
    local = graphql_as(Role.ADMINISTRATOR, "alpha")  # of one ontology: people are not its own
    answer = local.ask('{ user(username: "ann") { email } }')
    assert answer["data"] is None
    assert answer["errors"][0]["extensions"]["code"] == "permission_denied"


def test_users_come_in_pages_and_by_a_text(graphql: GraphQLClient, person: MakePerson) -> None:
    for number in range(5):
        person(f"user-{number}")
    seen: list[str] = []
    after = None
    while True:
        page = graphql.data(USERS, {"n": 2, "after": after})["users"]
        seen += [node["username"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == ["root", *(f"user-{number}" for number in range(5))]
    assert graphql.data(USERS, {"q": "SER-3"})["users"]["nodes"] == [
        {"username": "user-3", "bindings": []}
    ]
    foreign = graphql.ask(USERS, {"after": "e30"})
    assert foreign["errors"][0]["extensions"]["code"] == "bad_cursor"


def test_more_people_take_no_more_queries(graphql: GraphQLClient, person: MakePerson) -> None:
    crew = Group.objects.create(name="a-crew")
    RoleBinding.objects.create(group=crew, role=Role.EDITOR)
    for number in range(100):
        person(f"user-{number:03}", Role.VIEWER).groups.add(crew)
        Group.objects.create(name=f"group-{number:03}").user_set.add(crew.user_set.all()[0])
    query = """query($n: Int) {
      users(first: $n, q: "user-") { nodes { id username bindings { role group } } }
      groups(first: $n) { nodes { id name members } }
      roleBindings(first: $n) { nodes { id user group role } } }"""
    counts = []
    for size in (10, 100):
        graphql.data(query, {"n": size})
        with CaptureQueriesContext(connection) as queries:
            found = graphql.data(query, {"n": size})
        assert [len(found[name]["nodes"]) for name in found] == [size] * 3
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert found["users"]["nodes"][0]["bindings"] == [
        {"role": "VIEWER", "group": ""}, {"role": "EDITOR", "group": "a-crew"},
    ]  # fmt: skip
