"""Roles and rules over GraphQL, and why somebody may do something."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oms_project.core.clock import utc_now
from oms_project.identity.contract import Role
from oms_project.identity.models import ActionRule, AttributeRule, ProtectionRule, RoleBinding, User
from tests.conftest import MakePerson
from tests.integration.graphql.conftest import GraphQLClient

pytestmark = [pytest.mark.django_db, pytest.mark.data]

BIND = """mutation($input: CreateRoleBindingInput!) { createRoleBinding(input: $input) {
  __typename ... on Problem { code }
  ... on RoleBinding { id bindingId role user group ontology branch expiresAt createdBy } } }"""
#: Each mutation about policies; ID stands for the row that it is about.
CHANGES = {
    "createRoleBinding": 'createRoleBinding(input: {role: VIEWER, user: "ann"})',
    "updateRoleBinding": 'updateRoleBinding(bindingId: "BINDING", expiresAt: null)',
    "deleteRoleBinding": 'deleteRoleBinding(bindingId: "BINDING")',
    "createProtectionRule": 'createProtectionRule(input: {pattern: "x/*"})',
    "updateProtectionRule": 'updateProtectionRule(ruleId: "PROTECTION", note: "y")',
    "deleteProtectionRule": 'deleteProtectionRule(ruleId: "PROTECTION")',
    "createAttributeRule": "createAttributeRule(input: {level: SECRET, role: EDITOR})",
    "updateAttributeRule": 'updateAttributeRule(ruleId: "ATTRIBUTE", input: {level: SECRET})',
    "deleteAttributeRule": 'deleteAttributeRule(ruleId: "ATTRIBUTE")',
    "createActionRule": "createActionRule(input: {allowed: false, role: EDITOR})",
    "updateActionRule": 'updateActionRule(ruleId: "ACTION", input: {allowed: true})',
    "deleteActionRule": 'deleteActionRule(ruleId: "ACTION")',
}
MODELS = (RoleBinding, ProtectionRule, AttributeRule, ActionRule)


@pytest.fixture
def rows(person: MakePerson) -> dict[str, str]:
    """One of each; their ids by the words that `CHANGES` uses."""
    ann = person("ann", Role.VIEWER)
    return {
        "BINDING": str(RoleBinding.objects.get(user=ann).pk),
        "PROTECTION": str(ProtectionRule.objects.create(pattern="release/*").pk),
        "ATTRIBUTE": str(AttributeRule.objects.create(user=ann, level="public").pk),
        "ACTION": str(ActionRule.objects.create(user=ann, allowed=False).pk),
    }


def stored() -> list[Any]:
    return [list(model.objects.order_by("pk").values()) for model in MODELS]


def test_a_role_is_given_prolonged_and_taken_away(
    graphql: GraphQLClient, person: MakePerson
) -> None:
    person("ann")
    until = utc_now() + dt.timedelta(days=1)
    made = graphql.data(
        BIND,
        {
            "input": {
                "role": "EDITOR", "user": "ann", "ontology": "alpha", "branch": "work/*",
                "expiresAt": until.isoformat(),
            }
        },
    )["createRoleBinding"]  # fmt: skip
    row = RoleBinding.objects.get(user__username="ann")
    assert (row.role, row.ontology, row.branch, row.expires_at) == (
        "editor", "alpha", "work/*", until,
    )  # fmt: skip
    assert (made["bindingId"], made["role"], made["user"]) == (str(row.pk), "EDITOR", "ann")
    update = """mutation($id: ID!, $until: DateTime) {
      updateRoleBinding(bindingId: $id, expiresAt: $until) { __typename ... on Problem { code }
        ... on RoleBinding { expiresAt } } }"""
    unsaid = graphql.data(update, {"id": made["bindingId"]})["updateRoleBinding"]
    assert unsaid == {"__typename": "BadRequestProblem", "code": "bad_request"}
    for_good = graphql.data(update, {"id": made["bindingId"], "until": None})["updateRoleBinding"]
    assert for_good == {"__typename": "RoleBinding", "expiresAt": None}
    found = graphql.data(
        """query($id: ID!, $binding: ID!) { node(id: $id) { ... on RoleBinding { role } }
           roleBinding(bindingId: $binding) { branch }
           roleBindings(user: "ann", role: EDITOR, ontology: "alpha") { nodes { bindingId } }
           none: roleBindings(user: "ann", ontology: "") { nodes { bindingId } } }""",
        {"id": made["id"], "binding": made["bindingId"]},
    )
    assert found == {
        "node": {"role": "EDITOR"},
        "roleBinding": {"branch": "work/*"},
        "roleBindings": {"nodes": [{"bindingId": made["bindingId"]}]},
        "none": {"nodes": []},
    }
    gone = graphql.data(
        """mutation($id: ID!) { deleteRoleBinding(bindingId: $id) { ... on Deleted { name } } }""",
        {"id": made["bindingId"]},
    )
    assert gone == {"deleteRoleBinding": {"name": made["bindingId"]}}
    assert not RoleBinding.objects.filter(user__username="ann").exists()


def test_the_last_administrator_stays(graphql: GraphQLClient, administrator: User) -> None:
    binding = RoleBinding.objects.get(user=administrator)
    refused = graphql.data(
        f"""mutation {{ deleteRoleBinding(bindingId: "{binding.pk}") {{
            __typename ... on Problem {{ code }} }} }}"""
    )["deleteRoleBinding"]
    assert refused == {"__typename": "ConflictProblem", "code": "last_administrator"}
    assert RoleBinding.objects.filter(pk=binding.pk).exists()


def test_branches_are_protected_by_name(graphql: GraphQLClient) -> None:
    made = graphql.data(
        """mutation { createProtectionRule(input: {pattern: "release/*", note: "ours"}) {
           ... on ProtectionRule { id ruleId pattern ontology note createdBy } } }"""
    )["createProtectionRule"]
    assert (made["pattern"], made["ontology"], made["note"]) == ("release/*", "", "ours")
    rule = made["ruleId"]
    twice = graphql.data(
        """mutation { createProtectionRule(input: {pattern: "release/*"}) {
           __typename ... on Problem { code } } }"""
    )["createProtectionRule"]
    assert twice == {"__typename": "ConflictProblem", "code": "policy_exists"}
    changed = graphql.data(
        f"""mutation {{ updateProtectionRule(ruleId: "{rule}", note: "why") {{
            ... on ProtectionRule {{ note }} }} }}"""
    )
    assert changed == {"updateProtectionRule": {"note": "why"}}
    found = graphql.data(
        f"""query($id: ID!) {{ protectionRules {{ nodes {{ pattern }} }}
            protectionRule(ruleId: "{rule}") {{ note }}
            node(id: $id) {{ ... on ProtectionRule {{ note }} }} }}""",
        {"id": made["id"]},
    )
    assert found == {
        "protectionRules": {"nodes": [{"pattern": "release/*"}]},
        "protectionRule": {"note": "why"},
        "node": {"note": "why"},
    }
    graphql.data(f'mutation {{ deleteProtectionRule(ruleId: "{rule}") {{ __typename }} }}')
    assert not ProtectionRule.objects.exists()


def test_who_sees_what_values(graphql: GraphQLClient) -> None:
    made = graphql.data(
        """mutation { createAttributeRule(input: {level: RESTRICTED, role: VIEWER,
             objectType: "Truck", propertyName: "vin"}) {
           ... on AttributeRule { id ruleId level role user objectType propertyName } } }"""
    )["createAttributeRule"]
    assert (made["level"], made["role"], made["user"]) == ("RESTRICTED", "VIEWER", "")
    rule = made["ruleId"]
    changed = graphql.data(
        f"""mutation {{ updateAttributeRule(ruleId: "{rule}", input: {{level: PUBLIC}}) {{
            ... on AttributeRule {{ level note }} }} }}"""
    )
    assert changed == {"updateAttributeRule": {"level": "PUBLIC", "note": ""}}
    found = graphql.data(
        f"""query($id: ID!) {{ attributeRules(ontology: "") {{ nodes {{ ruleId }} }}
            attributeRule(ruleId: "{rule}") {{ propertyName }}
            node(id: $id) {{ ... on AttributeRule {{ level }} }} }}""",
        {"id": made["id"]},
    )
    assert found == {
        "attributeRules": {"nodes": [{"ruleId": rule}]},
        "attributeRule": {"propertyName": "vin"},
        "node": {"level": "PUBLIC"},
    }
    nobody = graphql.data(
        """mutation { createAttributeRule(input: {level: PUBLIC}) {
           __typename ... on Problem { errors } } }"""
    )["createAttributeRule"]
    assert nobody["__typename"] == "InvalidProblem"
    assert nobody["errors"][0]["field"] == "role"
    graphql.data(f'mutation {{ deleteAttributeRule(ruleId: "{rule}") {{ __typename }} }}')
    assert not AttributeRule.objects.exists()


def test_who_runs_which_action(graphql: GraphQLClient) -> None:
    made = graphql.data(
        """mutation { createActionRule(input: {allowed: false, role: EDITOR, action: "scrap"}) {
           ... on ActionPolicy { id ruleId allowed role action branch } } }"""
    )["createActionRule"]
    assert (made["allowed"], made["role"], made["action"]) == (False, "EDITOR", "scrap")
    rule = made["ruleId"]
    changed = graphql.data(
        f"""mutation {{ updateActionRule(ruleId: "{rule}", input: {{allowed: true, note: "n"}}) {{
            ... on ActionPolicy {{ allowed note }} }} }}"""
    )
    assert changed == {"updateActionRule": {"allowed": True, "note": "n"}}
    found = graphql.data(
        f"""query($id: ID!) {{ actionRules {{ nodes {{ ruleId }} }}
            actionRule(ruleId: "{rule}") {{ action }}
            node(id: $id) {{ ... on ActionPolicy {{ allowed }} }} }}""",
        {"id": made["id"]},
    )
    assert found == {
        "actionRules": {"nodes": [{"ruleId": rule}]},
        "actionRule": {"action": "scrap"},
        "node": {"allowed": True},
    }
    graphql.data(f'mutation {{ deleteActionRule(ruleId: "{rule}") {{ __typename }} }}')
    assert not ActionRule.objects.exists()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.AUDITOR, Role.GATEWAY])
@pytest.mark.parametrize("name", sorted(CHANGES))
def test_who_does_not_administer_policies_changes_nothing(
    graphql_as: Any, rows: dict[str, str], name: str, role: Role
) -> None:
    text = CHANGES[name]
    for word, row in rows.items():
        text = text.replace(word, row)
    client = graphql_as(role)
    before = stored()
    answer = client.data(f"mutation {{ {text} {{ __typename ... on Problem {{ code data }} }} }}")
    assert answer[name]["__typename"] == "PermissionDeniedProblem"
    assert answer[name]["data"]["permission"] == "policy.administer"
    assert stored() == before


def test_who_administers_one_ontology_gives_no_role_for_another(
    graphql_as: Any, person: MakePerson
) -> None:
    person("ann")
    local = graphql_as(Role.ADMINISTRATOR, "alpha")
    given = local.data(BIND, {"input": {"role": "VIEWER", "user": "ann", "ontology": "alpha"}})
    assert given["createRoleBinding"]["__typename"] == "RoleBinding"
    for ontology in ("", "beta"):
        refused = local.data(
            BIND, {"input": {"role": "VIEWER", "user": "ann", "ontology": ontology}}
        )["createRoleBinding"]
        assert refused == {"__typename": "PermissionDeniedProblem", "code": "permission_denied"}
    held = RoleBinding.objects.filter(user__username="ann")
    assert [row.ontology for row in held] == ["alpha"]


@pytest.mark.parametrize(
    "field", ["roleBindings", "protectionRules", "attributeRules", "actionRules"]
)
def test_policies_are_seen_by_auditors_and_not_by_editors(
    graphql_as: Any, rows: dict[str, str], field: str
) -> None:
    query = f"{{ {field} {{ nodes {{ id }} }} }}"
    assert graphql_as(Role.AUDITOR).data(query)[field]["nodes"]
    refused = graphql_as(Role.EDITOR).ask(query)
    assert refused["data"] is None
    assert refused["errors"][0]["extensions"]["code"] == "permission_denied"


def test_the_table_of_roles_is_for_everybody(graphql_as: Any) -> None:
    roles = graphql_as(None).data("{ roles { role permissions clearance } }")["roles"]
    assert [one["role"] for one in roles] == [role.name for role in Role]
    by_role = {one["role"]: one for one in roles}
    assert by_role["VIEWER"]["clearance"] == "INTERNAL"
    assert "audit.read" in by_role["AUDITOR"]["permissions"]
    assert "audit.read" not in by_role["VIEWER"]["permissions"]
    assert by_role["GATEWAY"]["permissions"] == ["kernel.home"]


def test_it_is_explained_why(graphql: GraphQLClient, graphql_as: Any) -> None:
    viewer = graphql_as(Role.VIEWER)
    explain = """query($user: String! = "") { explainAuthorization(
      permission: "ontology.write", ontology: "alpha", user: $user) {
        user permission allowed reason steps sees { sensitivity shown } seesReason } }"""
    own = viewer.data(explain)["explainAuthorization"]
    assert (own["user"], own["allowed"]) == ("viewer", False)
    assert own["reason"].startswith("denied because ")
    assert own["steps"]
    assert own["sees"] == [
        {"sensitivity": "PUBLIC", "shown": True},
        {"sensitivity": "INTERNAL", "shown": True},
        {"sensitivity": "RESTRICTED", "shown": False},
        {"sensitivity": "SECRET", "shown": False},
    ]
    assert graphql.data(explain, {"user": "viewer"})["explainAuthorization"] == own
    refused = viewer.ask(explain, {"user": "root"})
    assert refused["errors"][0]["extensions"]["code"] == "permission_denied"
    unknown = viewer.ask('{ explainAuthorization(permission: "fly") { allowed } }')
    assert unknown["errors"][0]["extensions"]["code"] == "invalid"


def test_more_rules_take_no_more_queries(graphql: GraphQLClient, person: MakePerson) -> None:
    for number in range(100):
        ann = person(f"ann-{number:03}", Role.VIEWER)
        ProtectionRule.objects.create(pattern=f"release/{number}/*")
        AttributeRule.objects.create(user=ann, level="public")
        ActionRule.objects.create(user=ann, allowed=False)
    query = """query($n: Int) {
      roleBindings(first: $n) { nodes { id user group } }
      protectionRules(first: $n) { nodes { id pattern } }
      attributeRules(first: $n) { nodes { id user group level } }
      actionRules(first: $n) { nodes { id user group } } }"""
    counts = []
    for size in (10, 100):
        graphql.data(query, {"n": size})
        with CaptureQueriesContext(connection) as queries:
            found = graphql.data(query, {"n": size})
        assert [len(found[name]["nodes"]) for name in found] == [size] * 4
        counts.append(len(queries))
    assert counts[0] == counts[1]
