"""Objects, links and actions changed through a typed endpoint."""

from __future__ import annotations

from typing import Any

import pytest

from audit.models import Event
from oms_project.core.context import SYSTEM, acting_as
from oms_project.identity.contract import Role
from ontology import selectors, services
from ontology.demo.seed import seed
from tests.integration.graphql.conftest import GraphQLClient
from tests.integration.instances.conftest import NAME

pytestmark = [pytest.mark.django_db, pytest.mark.data]

PROBLEM = "... on Problem { __typename code detail errors data }"
CREATE = f"""mutation($values: PersonCreateInput!, $branch: String, $head: ID, $dry: Boolean! = false) {{
  createPerson(values: $values, branch: $branch, expectedHead: $head, dryRun: $dry) {{ __typename
    ... on PersonWritten {{ commit head dryRun warnings node {{ _id _rid _etag code name age salary
      home {{ city }} employer {{ code }} }} }} {PROBLEM} }} }}"""
UPDATE = f"""mutation($id: ID!, $values: PersonUpdateInput!, $etag: String, $branch: String) {{
  updatePerson(id: $id, values: $values, ifMatch: $etag, branch: $branch) {{ __typename
    ... on PersonWritten {{ commit node {{ _etag code age email nicknames home {{ city zip }} }} }}
    {PROBLEM} }} }}"""


@pytest.fixture
def typed_people(graphql: GraphQLClient, staff: None) -> GraphQLClient:
    graphql.path = "/graphql/people"
    return graphql


def head(branch: str = "main") -> str:
    with acting_as(SYSTEM):
        return selectors.get_branch(ontology=NAME, name=branch).head


def message() -> str:
    with acting_as(SYSTEM):
        return selectors.resolve_ref(ontology=NAME).message


def test_an_object_is_created(typed_people: GraphQLClient) -> None:
    values = {"code": "dan", "name": "Dan", "age": 7, "salary": "10.50", "home": {"city": "Ulsan"}}
    made = typed_people.data(CREATE, {"values": values})["createPerson"]
    assert made["__typename"] == "PersonWritten"
    assert made["commit"] == made["head"] == head()
    node = made["node"]
    assert (node["_id"], node["salary"], node["home"]) == ("Person/dan", "10.5", {"city": "Ulsan"})
    assert message() == "Create Person"
    read = typed_people.data('{ person(code: "dan") { _rid ... on Person { age } } }')["person"]
    assert read == {"_rid": node["_rid"], "age": 7}


def test_a_dry_run_changes_nothing(typed_people: GraphQLClient) -> None:
    before = head()
    made = typed_people.data(CREATE, {"values": {"code": "dan"}, "dry": True})["createPerson"]
    assert (made["commit"], made["dryRun"], made["node"], made["head"]) == (
        None,
        True,
        None,
        before,
    )
    assert head() == before


def test_what_is_wrong_is_a_problem_and_nothing_is_changed(typed_people: GraphQLClient) -> None:
    before = head()
    bad = typed_people.data(CREATE, {"values": {"code": "dan", "age": -1}})["createPerson"]
    assert (bad["__typename"], bad["code"]) == ("InvalidProblem", "invalid_state")
    assert [error["field"] for error in bad["errors"]] == ["/age"]
    stale = typed_people.data(CREATE, {"values": {"code": "dan"}, "head": "0" * 64})["createPerson"]
    assert (stale["__typename"], stale["code"]) == ("ConflictProblem", "stale_head")
    assert stale["data"]["head"] == before
    nowhere = typed_people.data(CREATE, {"values": {"code": "dan"}, "branch": "none"})
    assert nowhere["createPerson"]["__typename"] == "NotFoundProblem"
    assert head() == before


def test_an_object_is_changed_as_a_merge_patch(typed_people: GraphQLClient) -> None:
    values = {"age": 35, "email": None, "nicknames": ["a"], "home": {"city": "Busan", "zip": "1"}}
    made = typed_people.data(UPDATE, {"id": "Person/ann", "values": values})["updatePerson"]
    etag = made["node"].pop("_etag")
    assert made["node"] == {
        "code": "ann",
        "age": 35,
        "email": None,
        "nicknames": ["a"],
        "home": {"city": "Busan", "zip": "1"},
    }
    before = head()
    seen = {"id": "Person/ann", "values": {"age": 36}, "etag": "0" * 64}
    refused = typed_people.data(UPDATE, seen)["updatePerson"]
    assert refused["__typename"] == "PreconditionFailedProblem"
    assert head() == before
    done = typed_people.data(UPDATE, {**seen, "etag": etag})["updatePerson"]
    assert done["node"]["age"] == 36


def test_a_field_is_for_objects_of_its_type(typed_people: GraphQLClient) -> None:
    before = head()
    wrong = typed_people.data(UPDATE, {"id": "Company/acme", "values": {"age": 1}})["updatePerson"]
    assert (wrong["__typename"], wrong["code"]) == ("NotFoundProblem", "document_not_found")
    gone = typed_people.data(
        f'mutation {{ deletePerson(id: "Company/acme") {{ __typename {PROBLEM} }} }}'
    )["deletePerson"]
    assert gone["__typename"] == "NotFoundProblem"
    assert head() == before


def test_an_object_is_deleted(typed_people: GraphQLClient) -> None:
    done = typed_people.data(
        f"""mutation {{ deletePerson(id: "Person/cho", message: "Gone") {{ __typename
              ... on OmsDeleted {{ id commit head dryRun }} {PROBLEM} }} }}"""
    )["deletePerson"]
    assert done == {
        "__typename": "OmsDeleted",
        "id": "Person/cho",
        "commit": head(),
        "head": head(),
        "dryRun": False,
    }
    assert message() == "Gone"
    assert typed_people.data('{ person(_id: "Person/cho") { _id } }') == {"person": None}


def test_links_are_made_changed_and_deleted(typed_people: GraphQLClient) -> None:
    made = typed_people.data(
        f"""mutation {{ createInsuresLink(source: "Company/bolt", target: "Person/ann") {{ __typename
              ... on InsuresLinkWritten {{ node {{ _id _source {{ _id }} _target {{ _id }} }} }}
              {PROBLEM} }} }}"""
    )["createInsuresLink"]
    assert made["node"]["_source"] == {"_id": "Company/bolt"}
    assert made["node"]["_target"] == {"_id": "Person/ann"}
    second = typed_people.data(
        f"""mutation {{ createWorksForLink(source: "Person/ann", target: "Company/bolt",
              values: {{since: "2024-05-01"}}) {{ __typename {PROBLEM} }} }}"""
    )["createWorksForLink"]
    assert second["__typename"] == "InvalidProblem"  # she works for one company already
    links = typed_people.data(
        "{ worksForLinkList(filter: {since: {isNull: false}}) { nodes { _id since } } }"
    )["worksForLinkList"]["nodes"]
    assert [one["since"] for one in links] == ["2020-01-01"]
    changed = typed_people.data(
        f"""mutation($id: ID!) {{ updateWorksForLink(id: $id, values: {{since: "2021-02-03"}}) {{
              ... on WorksForLinkWritten {{ node {{ since }} }} {PROBLEM} }} }}""",
        {"id": links[0]["_id"]},
    )["updateWorksForLink"]
    assert changed == {"node": {"since": "2021-02-03"}}
    deleted = typed_people.data(
        f"""mutation($id: ID!) {{ deleteWorksForLink(id: $id) {{ ... on OmsDeleted {{ id }}
              {PROBLEM} }} }}""",
        {"id": links[0]["_id"]},
    )["deleteWorksForLink"]
    assert deleted == {"id": links[0]["_id"]}
    assert typed_people.data('{ person(code: "ann") { ... on Person { employer { code } } } }') == {
        "person": {"employer": None}
    }


def test_a_write_goes_to_the_branch_of_the_address(typed_people: GraphQLClient) -> None:
    services.create_branch(ontology=NAME, name="work")
    services.create_tag(ontology=NAME, name="v1")
    before = head()
    made = typed_people.data(CREATE, {"values": {"code": "dan"}}, path="/graphql/people?ref=work")[
        "createPerson"
    ]
    assert made["head"] == head("work")
    assert head() == before
    for ref in ("v1", before):
        refused = typed_people.data(
            CREATE, {"values": {"code": "eve"}}, path=f"/graphql/people?ref={ref}"
        )["createPerson"]
        assert (refused["__typename"], refused["code"]) == ("BadRequestProblem", "branch_needed")
    explicit = typed_people.data(
        CREATE, {"values": {"code": "eve"}, "branch": "main"}, path="/graphql/people?ref=v1"
    )["createPerson"]
    assert explicit["head"] == head() != before


def test_a_query_after_a_mutation_in_one_batch_sees_it(typed_people: GraphQLClient) -> None:
    answer = typed_people.http.post(
        "/graphql/people",
        data=[
            {"query": "{ companyList { totalCount } }"},
            {"query": CREATE, "variables": {"values": {"code": "dan"}}},
            {"query": '{ person(code: "dan") { code } _commit }'},
        ],
        content_type="application/json",
        headers=typed_people.headers,
    ).json()
    assert answer[0]["data"] == {"companyList": {"totalCount": 2}}
    assert answer[1]["data"]["createPerson"]["__typename"] == "PersonWritten"
    assert answer[2]["data"] == {"person": {"code": "dan"}, "_commit": head()}


def test_two_mutations_of_one_document_build_on_each_other(typed_people: GraphQLClient) -> None:
    answer = typed_people.data(
        f"""mutation {{
          a: createCompany(values: {{code: "zinc", name: "Zinc"}}) {{ __typename {PROBLEM} }}
          b: createOwnsLink(source: "Company/zinc", target: "Company/acme") {{ __typename
            ... on OwnsLinkWritten {{ node {{ _source {{ _title }} }} }} {PROBLEM} }} }}"""
    )
    assert answer["a"] == {"__typename": "CompanyWritten"}
    assert answer["b"]["node"] == {"_source": {"_title": "Zinc"}}


def test_who_may_read_may_not_write(graphql_as: Any, people: None, staff: None) -> None:
    viewer = graphql_as(Role.VIEWER)
    viewer.path = "/graphql/people"
    before = head()
    for query, variables in (
        (CREATE, {"values": {"code": "dan"}}),
        (UPDATE, {"id": "Person/ann", "values": {"age": 1}}),
        (UPDATE, {"id": "Person/nobody", "values": {"age": 1}}),
    ):
        (refused,) = viewer.data(query, variables).values()
        assert refused["__typename"] == "PermissionDeniedProblem"
        assert refused["data"]["permission"] == "ontology.write"
    assert head() == before
    assert Event.objects.filter(action="access.denied").exists()


def test_actions_are_mutations_with_typed_parameters(graphql: GraphQLClient, db: None) -> None:
    seed()
    graphql.path = "/graphql/logistics"
    deliver = f"""mutation($given: DeliverShipmentParameters!, $dry: Boolean! = false) {{
      deliverShipment(parameters: $given, dryRun: $dry) {{ __typename
        ... on OmsActionRun {{ created changed deleted runs dryRun commit head }} {PROBLEM} }} }}"""
    fields = graphql.data(
        '{ __type(name: "DeliverShipmentParameters") { inputFields { name type { kind ofType { name } } } } }'
    )["__type"]["inputFields"]
    assert {one["name"]: one["type"]["ofType"]["name"] for one in fields} == {
        "shipment": "ID",
        "lastLeg": "ID",
        "arrivedAt": "DateTime",
    }
    moving = graphql.data(
        """{ shipmentList(filter: {status: {eq: IN_TRANSIT}}, orderBy: [code_ASC]) {
             nodes { _id status legs { nodes { _id } } } } }"""
    )["shipmentList"]["nodes"][0]
    given = {
        "shipment": moving["_id"],
        "lastLeg": moving["legs"]["nodes"][-1]["_id"],
        "arrivedAt": "2026-11-01T10:00:00Z",
    }
    tried = graphql.data(deliver, {"given": given, "dry": True})["deliverShipment"]
    assert (tried["__typename"], tried["commit"], tried["dryRun"]) == ("OmsActionRun", None, True)
    status = "query($id: ID!) { shipment(_id: $id) { status } }"
    assert graphql.data(status, {"id": moving["_id"]})["shipment"] == {"status": "IN_TRANSIT"}
    done = graphql.data(deliver, {"given": given})["deliverShipment"]
    assert done["commit"] == done["head"]
    assert moving["_id"] in done["changed"]
    assert graphql.data(status, {"id": moving["_id"]})["shipment"] == {"status": "DELIVERED"}
    again = graphql.data(deliver, {"given": given})["deliverShipment"]
    assert (again["__typename"], again["code"]) == ("InvalidProblem", "action_refused")
    missing = graphql.ask(deliver, {"given": {"shipment": moving["_id"]}})
    assert missing["errors"][0]["extensions"]["code"] == "graphql_invalid"


def test_wrong_values_are_refused_before_anything_runs(typed_people: GraphQLClient) -> None:
    before = head()
    for values in (
        {"code": "dan", "age": "old"},
        {"code": "dan", "salary": "much"},
        {"code": "dan", "born": "2026-13-01T00:00:00Z"},
        {"code": "dan", "grade": "C"},
        {"code": "dan", "unknown": 1},
        {"name": "Dan"},
    ):
        answer = typed_people.ask(CREATE, {"values": values})
        assert answer["errors"][0]["extensions"]["code"] == "graphql_invalid", values
        assert answer.get("data") is None
    assert head() == before
