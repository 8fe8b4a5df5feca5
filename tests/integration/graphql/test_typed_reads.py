"""Objects, links and figures through a typed endpoint."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oms_project.core.context import SYSTEM, acting_as
from oms_project.identity.contract import Role
from ontology import services
from ontology.contract import Change
from tests.integration.graphql.conftest import GraphQLClient
from tests.integration.graphql.typed import key_of, made, prop
from tests.integration.instances.conftest import Commit, delete, link, thing, update

pytestmark = [pytest.mark.django_db, pytest.mark.data]

ANN = """{ person(code: "ann") { __typename _id _rid _type _etag _title _iri _deleted _masked
  _createdBy code name ... on Person { age grade email salary born nicknames home { city zip }
  employer { code employees { totalCount nodes { code } } } } } }"""


@pytest.fixture
def typed_people(graphql: GraphQLClient, staff: None) -> GraphQLClient:
    graphql.path = "/graphql/people"
    return graphql


def test_an_object_with_its_values_and_links(typed_people: GraphQLClient) -> None:
    ann = typed_people.data(ANN)["person"]
    assert len(ann.pop("_rid")) == 36
    assert len(ann.pop("_etag")) == 64
    assert ann == {
        "__typename": "Person",
        "_id": "Person/ann",
        "_type": "Person",
        "_title": "Ann Lee",
        "_iri": None,
        "_deleted": False,
        "_masked": None,
        "_createdBy": "system",
        "code": "ann",
        "name": "Ann Lee",
        "age": 34,
        "grade": "A",
        "email": "ann@example.org",
        "salary": "5200.5",
        "born": "1992-03-01T00:00:00Z",
        "nicknames": ["annie", "al"],
        "home": {"city": "Seoul", "zip": None},
        "employer": {
            "code": "acme",
            "employees": {"totalCount": 2, "nodes": [{"code": "ann"}, {"code": "bob"}]},
        },
    }


def test_an_object_is_found_by_any_of_its_names(typed_people: GraphQLClient) -> None:
    rid = typed_people.data('{ person(code: "bob") { _rid } }')["person"]["_rid"]
    for id_ in ("Person/bob", rid):
        found = typed_people.data(
            "query($id: ID!) { person(_id: $id) { code } node(id: $id) { __typename _id } "
            "company(_id: $id) { code } party(_id: $id) { code } }",
            {"id": id_},
        )
        assert found == {
            "person": {"code": "bob"},
            "node": {"__typename": "Person", "_id": "Person/bob"},
            "company": None,
            "party": {"code": "bob"},
        }
    assert typed_people.data(
        '{ person(code: "nobody") { code } node(id: "Person/x") { _id } }'
    ) == {
        "person": None,
        "node": None,
    }
    refused = typed_people.ask("{ person { code } }")
    assert refused["errors"][0]["extensions"]["code"] == "bad_id"
    assert refused["errors"][0]["message"] == "Say which: `_id` or `code`."


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("{age: {gte: 34}}", ["ann", "bob"]),
        ("{age: {gt: 28, lt: 51}}", ["ann"]),
        ("{grade: {in: [A, B]}}", ["ann", "bob"]),
        ("{grade: {isNull: true}}", ["cho"]),
        ('{name: {startsWith: "Ann"}}', ["ann"]),
        ('{nicknames: {contains: "al"}}', ["ann"]),
        ('{salary: {gt: "4100"}}', ["ann"]),
        ('{born: {lt: "2000-01-01T00:00:00Z"}}', ["ann"]),
        ('{home: {city: {eq: "Seoul"}}}', ["ann"]),
        ("{home: {_isNull: true}}", ["bob", "cho"]),
        ("{_not: {age: {eq: 34}}}", ["bob", "cho"]),
        ("{_or: [{age: {eq: 28}}, {grade: {eq: B}}]}", ["bob", "cho"]),
        ("{_and: [{age: {lt: 50}}, {grade: {eq: A}}]}", ["ann"]),
        ('{employer: {country: {eq: "DE"}}}', ["cho"]),
        ("{employer: {employees: {age: {gt: 50}}}}", ["ann", "bob"]),
        ("{_not: {insuresSources: {}}}", ["ann", "bob", "cho"]),
        ("{}", ["ann", "bob", "cho"]),
        ("{_or: [{}, {age: {eq: 28}}]}", ["ann", "bob", "cho"]),
    ],
)
def test_filters(typed_people: GraphQLClient, where: str, expected: list[str]) -> None:
    found = typed_people.data(
        f"{{ personList(filter: {where}) {{ totalCount nodes {{ code }} }} }}"
    )["personList"]
    assert (key_of(found["nodes"]), found["totalCount"]) == (expected, len(expected))


def test_a_filter_as_a_variable(typed_people: GraphQLClient) -> None:
    query = "query($where: PersonFilter) { personList(filter: $where) { nodes { code } } }"
    where = {"employer": {"code": {"in": ["acme"]}}, "age": {"lte": 34}}
    assert typed_people.data(query, {"where": where}) == {
        "personList": {"nodes": [{"code": "ann"}]}
    }


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ("{age: {eq: null}}", "bad_filter"),
        ("{_not: {}}", "bad_filter"),
        ("{_or: []}", "bad_filter"),
        ('{age: {eq: "old"}}', "graphql_invalid"),
        ('{born: {eq: "yesterday"}}', "graphql_invalid"),
        ('{salary: {eq: "much"}}', "graphql_invalid"),
        ("{nothing: {eq: 1}}", "graphql_invalid"),
    ],
)
def test_filters_that_say_nothing_are_refused(
    typed_people: GraphQLClient, where: str, code: str
) -> None:
    answer = typed_people.ask(f"{{ personList(filter: {where}) {{ nodes {{ code }} }} }}")
    assert answer["errors"][0]["extensions"]["code"] == code
    assert answer.get("data") is None


def test_a_filter_has_the_bounds_of_the_rest_api(typed_people: GraphQLClient) -> None:
    where: dict[str, Any] = {"age": {"eq": 1}}
    for _ in range(12):
        where = {"_not": where}
    query = "query($where: PersonFilter) { personList(filter: $where) { nodes { code } } }"
    answer = typed_people.ask(query, {"where": where})
    assert answer["errors"][0]["extensions"]["code"] == "bad_filter"
    assert "10 deep" in answer["errors"][0]["message"]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("[age_ASC]", ["cho", "ann", "bob"]),
        ("[age_DESC]", ["bob", "ann", "cho"]),
        ("[grade_ASC, code_DESC]", ["ann", "bob", "cho"]),
        ("[]", ["ann", "bob", "cho"]),
    ],
)
def test_orders(typed_people: GraphQLClient, order: str, expected: list[str]) -> None:
    found = typed_people.data(f"{{ personList(orderBy: {order}) {{ nodes {{ code }} }} }}")
    assert key_of(found["personList"]["nodes"]) == expected


def test_pages_are_of_one_commit(typed_people: GraphQLClient, commit: Commit) -> None:
    query = """query($after: String) { partyList(first: 2, after: $after) { totalCount
      edges { cursor node { _id } } pageInfo { hasNextPage endCursor } } }"""
    first = typed_people.data(query)["partyList"]
    commit(delete("Person/cho"), thing("Company", code="zinc", name="Zinc"))
    seen = [edge["node"]["_id"] for edge in first["edges"]]
    page = first
    while page["pageInfo"]["hasNextPage"]:
        page = typed_people.data(query, {"after": page["pageInfo"]["endCursor"]})["partyList"]
        seen += [edge["node"]["_id"] for edge in page["edges"]]
    assert sorted(seen) == [
        "Company/acme",
        "Company/bolt",
        "Person/ann",
        "Person/bob",
        "Person/cho",
    ]


def test_pages_of_links(typed_people: GraphQLClient) -> None:
    query = """query($after: String) { companyList { nodes { code employees(first: 1, after: $after)
      { totalCount edges { cursor node { code } link { since _source { _id } } }
        pageInfo { hasNextPage hasPreviousPage endCursor } } } } }"""
    acme, bolt = typed_people.data(query)["companyList"]["nodes"]
    assert [edge["node"]["code"] for edge in acme["employees"]["edges"]] == ["ann"]
    assert acme["employees"]["edges"][0]["link"] == {
        "since": "2020-01-01",
        "_source": {"_id": "Person/ann"},
    }
    assert acme["employees"]["totalCount"] == 2
    assert acme["employees"]["pageInfo"]["hasNextPage"] is True
    assert bolt["employees"]["pageInfo"]["hasNextPage"] is False
    after = acme["employees"]["pageInfo"]["endCursor"]
    acme = typed_people.data(query, {"after": after})["companyList"]["nodes"][0]
    assert [edge["node"]["code"] for edge in acme["employees"]["edges"]] == ["bob"]
    assert acme["employees"]["pageInfo"]["hasNextPage"] is False


def test_the_number_of_queries_does_not_depend_on_rows(
    typed_people: GraphQLClient, commit: Commit
) -> None:
    query = """query($n: Int) { personList(first: $n, orderBy: [code_ASC]) { totalCount nodes { code
      _createdAt employer { name employees(first: 3) { totalCount nodes { code employer { code } } }
        ownsSources(first: 2) { nodes { code } } } insuresSources(first: 2) { edges { link { _source { _id } } } } } } }"""

    def cost(count: int) -> int:
        typed_people.data(query, {"n": count})
        with CaptureQueriesContext(connection) as captured:
            found = typed_people.data(query, {"n": count})
        assert len(found["personList"]["nodes"]) == count
        return len(captured)

    for number in range(100):
        code = f"z{number:03}"
        commit(
            thing("Person", code=code, name=code),
            thing("Company", code=f"c{code}", name=code),
            link("worksFor", f"Person/{code}", f"Company/c{code}"),
            link("insures", f"Company/c{code}", f"Person/{code}"),
        )
    assert cost(10) == cost(100)


def test_aggregates(typed_people: GraphQLClient) -> None:
    found = typed_people.data(
        """{ personAggregate { commit truncated groups { count sum { age salary } avg { age }
             min { born name } max { age name } } } }"""
    )["personAggregate"]
    assert len(found.pop("commit")) == 64
    assert found == {
        "truncated": False,
        "groups": [
            {
                "count": 3,
                "sum": {"age": 113, "salary": 9300.5},
                "avg": {"age": pytest.approx(113 / 3)},
                "min": {"born": "1992-03-01T00:00:00Z", "name": "Ann Lee"},
                "max": {"age": 51, "name": "Cho Min-ji"},
            }
        ],
    }
    grouped = typed_people.data(
        """fragment Sums on PersonNumbers { old: age }
           { personAggregate(groupBy: [grade], filter: {age: {gt: 30}}) {
             groups { count by { grade } ... on PersonGroup { sum { ...Sums } } } } }"""
    )["personAggregate"]["groups"]
    assert sorted(grouped, key=lambda one: one["by"]["grade"]) == [
        {"count": 1, "by": {"grade": "A"}, "sum": {"old": 34}},
        {"count": 1, "by": {"grade": "B"}, "sum": {"old": 51}},
    ]


def test_search(typed_people: GraphQLClient) -> None:
    query = """query($type: String) { search(text: "a", type: $type) {
      edges { score node { _id _title ... on Person { age } } } } }"""
    found = typed_people.data(query, {"type": "Company"})["search"]["edges"]
    assert [edge["node"] for edge in found] == [{"_id": "Company/acme", "_title": "Acme Ltd"}]
    assert found[0]["score"] > 0
    everything = typed_people.data(query)["search"]["edges"]
    assert {edge["node"]["_id"] for edge in everything} == {"Company/acme", "Person/ann"}


def test_the_past_by_as_of_and_by_ref(typed_people: GraphQLClient, commit: Commit) -> None:
    before = typed_people.data("{ _commit }")["_commit"]
    moment = dt.datetime.now(dt.UTC).isoformat()
    commit(update("Person/ann", age=35), delete("Person/cho"))
    services.create_tag(ontology="people", name="v1", ref=before)
    query = (
        '{ personList { nodes { code age } } person(_id: "Person/ann") { ... on Person { age } } }'
    )
    now = {"personList": {"nodes": [{"code": "ann", "age": 35}, {"code": "bob", "age": 51}]}}
    old = {
        "personList": {
            "nodes": [
                {"code": "ann", "age": 34},
                {"code": "bob", "age": 51},
                {"code": "cho", "age": 28},
            ]
        },
        "person": {"age": 34},
    }
    assert typed_people.data(query) == {**now, "person": {"age": 35}}
    for ref in (before, before[:12], "v1", f"main@{moment}".replace("+00:00", "Z")):
        assert typed_people.data(query, path=f"/graphql/people?ref={ref}") == old
    as_of = typed_people.data(
        """query($t: String) { personList(asOf: $t) { nodes { code age } }
             person(code: "ann", _asOf: $t) { ... on Person { age } } }""",
        {"t": moment},
    )
    assert as_of == old
    refused = typed_people.ask(
        f'{{ personList(asOf: "{moment}") {{ totalCount }} }}', path="/graphql/people?ref=v1"
    )
    assert refused["errors"][0]["extensions"]["code"] == "bad_as_of"


def test_deleted_objects_are_there_when_asked_for(
    typed_people: GraphQLClient, commit: Commit
) -> None:
    commit(delete("Person/cho"))
    found = typed_people.data(
        """{ personList(includeDeleted: true) { nodes { code _deleted } }
             gone: person(_id: "Person/cho", _includeDeleted: true) { code _deleted }
             none: person(_id: "Person/cho") { code } }"""
    )
    assert found["personList"]["nodes"][2] == {"code": "cho", "_deleted": True}
    assert found["gone"] == {"code": "cho", "_deleted": True}
    assert found["none"] is None


def test_a_value_that_does_not_fit_is_the_error_of_its_field(
    typed_people: GraphQLClient, commit: Commit
) -> None:
    commit(update("Person/bob", age=3_000_000_000))
    answer = typed_people.ask("{ personList { nodes { code age _json } } }")
    nodes = answer["data"]["personList"]["nodes"]
    assert [(node["code"], node["age"]) for node in nodes] == [
        ("ann", 34),
        ("bob", None),
        ("cho", 28),
    ]
    assert nodes[1]["_json"]["age"] == 3_000_000_000
    assert [error["path"] for error in answer["errors"]] == [["personList", "nodes", 1, "age"]]


def test_masked_values_are_null_and_cannot_be_asked_about(
    graphql_as: Any, graphql: GraphQLClient, db: None
) -> None:
    made(
        "vault",
        (
            "ObjectType",
            {
                "apiName": "Person",
                "primaryKey": ["code"],
                "properties": [
                    prop("code", "string", required=True),
                    prop("pay", "integer", sensitivity="secret"),
                ],
            },
        ),
        ("LinkType", {"apiName": "knows", "sources": ["Person"], "targets": ["Person"]}),
    )
    with acting_as(SYSTEM):
        services.commit_changes(
            ontology="vault",
            changes=[
                thing("Person", code="a", pay=1),
                thing("Person", code="b", pay=2),
                link("knows", "Person/a", "Person/b"),
            ],
            message="Two",
        )
    viewer = graphql_as(Role.VIEWER)
    query = "{ personList { nodes { code pay _masked knows { nodes { code pay _masked } } } } }"
    graphql.path = viewer.path = "/graphql/vault"
    far = {"code": "b", "pay": None, "_masked": ["pay"]}
    assert viewer.data(query)["personList"]["nodes"] == [
        {"code": "a", "pay": None, "_masked": ["pay"], "knows": {"nodes": [far]}},
        {"code": "b", "pay": None, "_masked": ["pay"], "knows": {"nodes": []}},
    ]
    assert graphql.data(query)["personList"]["nodes"][0]["pay"] == 1
    for asked in (
        "{ personList(filter: {pay: {eq: 1}}) { nodes { code } } }",
        "{ personList(filter: {knows: {pay: {eq: 2}}}) { nodes { code } } }",
        "{ personList(orderBy: [pay_ASC]) { nodes { code } } }",
        "{ personAggregate { groups { sum { pay } } } }",
    ):
        refused = viewer.ask(asked)
        assert refused["errors"][0]["extensions"]["code"] == "masked_property", asked
        assert refused["data"] is None


def test_who_may_not_read_learns_nothing(graphql_as: Any, people: None) -> None:
    stranger = graphql_as()
    there = stranger.ask("{ personList { totalCount } }", path="/graphql/people")
    status = stranger.answer.status_code
    missing = stranger.ask("{ personList { totalCount } }", path="/graphql/other")
    assert (status, stranger.answer.status_code) == (403, 403)
    for answer, name in ((there, "people"), (missing, "other")):
        assert "data" not in answer
        error = answer["errors"][0]
        assert error["extensions"]["code"] == "permission_denied"
        error["message"] = error["message"].replace(name, "X")
    assert there["errors"][0]["message"] == missing["errors"][0]["message"]


def test_nobody_and_what_is_not_there(graphql: GraphQLClient, people: None) -> None:
    graphql.path = "/graphql/nothing"
    answer = graphql.ask("{ _commit }")
    assert graphql.answer.status_code == 404
    assert answer["errors"][0]["extensions"]["code"] == "ontology_not_found"
    answer = graphql.ask("{ _commit }", path="/graphql/people?ref=nothing")
    assert graphql.answer.status_code == 404
    assert answer["errors"][0]["extensions"]["code"] == "ref_not_found"
    nobody = GraphQLClient(None, "/graphql/people")
    answer = nobody.ask("{ _commit }")
    assert nobody.answer.status_code == 401
    assert "data" not in answer


def test_symmetric_links_are_one_field(graphql: GraphQLClient, db: None) -> None:
    made(
        "ports",
        (
            "ObjectType",
            {
                "apiName": "Port",
                "primaryKey": ["code"],
                "properties": [prop("code", "string", required=True)],
            },
        ),
        (
            "LinkType",
            {"apiName": "near", "sources": ["Port"], "targets": ["Port"], "symmetric": True},
        ),
        ("LinkType", {"apiName": "about", "sources": ["Port"]}),
    )
    with acting_as(SYSTEM):
        services.commit_changes(
            ontology="ports",
            changes=[
                *(thing("Port", code=code) for code in "abc"),
                link("near", "Port/a", "Port/b"),
                link("near", "Port/c", "Port/a"),
                link("about", "Port/a", "Port/c"),
            ],
            message="Three",
        )
    graphql.path = "/graphql/ports"
    nodes = graphql.data(
        """{ portList { nodes { code near { totalCount nodes { code } }
             about { nodes { __typename _id } } } } }"""
    )["portList"]["nodes"]
    assert [
        (one["code"], one["near"]["totalCount"], sorted(key_of(one["near"]["nodes"])))
        for one in nodes
    ] == [("a", 2, ["b", "c"]), ("b", 1, ["a"]), ("c", 1, ["a"])]
    assert nodes[0]["about"]["nodes"] == [{"__typename": "Port", "_id": "Port/c"}]
    query = "{ portList(filter: {about: {_exists: %s}}) { nodes { code } } }"
    found = [
        key_of(graphql.data(query % value)["portList"]["nodes"]) for value in ("true", "false")
    ]
    assert found == [["a"], ["b", "c"]]
    pages: list[str] = []
    after = None
    while True:
        page = graphql.data(
            """query($after: String) { port(code: "a") { near(first: 1, after: $after) {
                 nodes { code } pageInfo { hasNextPage endCursor } } } }""",
            {"after": after},
        )["port"]["near"]
        pages += key_of(page["nodes"])
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert sorted(pages) == ["b", "c"]


def test_an_ontology_without_types_has_an_endpoint(graphql: GraphQLClient, db: None) -> None:
    made("bare", ("EnumType", {"apiName": "Only", "members": [{"code": "ONE"}]}))
    graphql.path = "/graphql/bare"
    assert graphql.data('{ _names { name } node(id: "x") { _id } }') == {"_names": [], "node": None}


def test_a_type_that_is_renamed_keeps_its_objects(
    typed_people: GraphQLClient, commit: Commit
) -> None:
    commit(Change(op="rename", target="ObjectType/Company", api_name="Firm"))
    assert typed_people.data('{ firm(code: "acme") { __typename code } }') == {
        "firm": {"__typename": "Firm", "code": "acme"}
    }
