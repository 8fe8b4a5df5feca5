"""Objects and links over REST: written, read, filtered, added up, followed, and masked."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from rest_framework.test import APIClient

from oms_project.identity.contract import Role
from tests.conftest import MakePerson
from tests.integration.api.conftest import BASE, head_of, problem
from tests.integration.instances.conftest import DEFINITIONS

pytestmark = [pytest.mark.data, pytest.mark.django_db]


@pytest.fixture
def people(api: APIClient) -> str:
    """The address of an ontology of people and companies, without any yet."""
    made = api.post(BASE, {"name": "people", "baseIri": "https://example.org/people/"})
    assert made.status_code == 201, made.content
    address = f"{BASE}/people"
    changes = [{"op": "create", "kind": kind, "fields": fields} for kind, fields in DEFINITIONS]
    assert api.post(f"{address}/changesets", {"changes": changes}).status_code == 201
    return address


@pytest.fixture
def staff(api: APIClient, people: str) -> str:
    """Three people, two companies, who works where."""
    for type_name, values in (
        ("Company", {"code": "acme", "name": "Acme Ltd", "country": "GB"}),
        ("Company", {"code": "bolt", "name": "Bolt GmbH", "country": "DE"}),
        ("Person", {"code": "ann", "name": "Ann Lee", "age": 34, "grade": "A", "salary": 5200.5}),
        ("Person", {"code": "bob", "name": "Bob Stone", "age": 51, "grade": "B", "salary": 4100}),
        ("Person", {"code": "cho", "name": "Cho, Min: ji", "age": 28}),
    ):
        made = api.post(f"{people}/objects/{type_name}", values)
        assert made.status_code == 201, made.content
    for person, company in (("ann", "acme"), ("bob", "acme"), ("cho", "bolt")):
        ends = {"@source": f"Person/{person}", "@target": f"Company/{company}"}
        made = api.post(f"{people}/links/worksFor", {**ends, "since": "2020-01-01"})
        assert made.status_code == 201, made.content
    return people


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [item["@id"] for item in answer.json()["items"]]


# -- one object ------------------------------------------------------------------------------------


def test_an_object_through_its_life(api: APIClient, people: str) -> None:
    made = api.post(
        f"{people}/objects/Person?message=Hired",
        {"code": "ann", "name": "Ann Lee", "age": 34, "home": {"city": "Seoul", "zip": "04524"}},
    )
    assert made.status_code == 201
    assert made["Location"] == f"{people}/objects/Person/ann"
    assert made["X-OMS-Commit"] == head_of(api, people)
    assert api.get(f"{people}/commits").json()["items"][0]["message"] == "Hired"
    body = made.json()
    assert (body["@id"], body["@type"], body["age"]) == ("Person/ann", "Person", 34)

    read = api.get(made["Location"])
    assert read.json() == body
    assert read["ETag"] == made["ETag"]
    assert api.get(made["Location"], HTTP_IF_NONE_MATCH=read["ETag"]).status_code == 304
    assert api.get(f"{people}/objects/Person/{body['rid']}").json() == body
    assert api.get(f"{people}/objects/Party/ann").json() == body
    few = api.get(made["Location"], {"fields": "age"}).json()
    assert few["age"] == 34
    assert "name" not in few

    patched = api.patch(
        made["Location"], {"age": 35, "home": {"zip": None}}, HTTP_IF_MATCH=read["ETag"]
    )
    assert patched.status_code == 200
    assert (patched.json()["age"], patched.json()["home"]) == (35, {"city": "Seoul"})
    stale = api.patch(made["Location"], {"age": 36}, HTTP_IF_MATCH=read["ETag"])
    problem(stale, 412, "precondition_failed")
    assert api.get(made["Location"]).json()["age"] == 35

    whole = api.put(made["Location"], {**patched.json(), "name": "Ann Park", "age": None})
    assert whole.status_code == 200
    assert whole.json()["name"] == "Ann Park"
    assert "age" not in whole.json()

    gone = api.delete(made["Location"])
    assert (gone.status_code, gone["X-OMS-Commit"]) == (204, head_of(api, people))
    problem(api.get(made["Location"]), 404, "document_not_found")
    assert api.get(made["Location"], {"include_deleted": "true"}).json()["_deleted"] is True
    before = api.get(made["Location"], {"ref": made["X-OMS-Commit"]})
    assert before.json() == body
    assert "immutable" in before["Cache-Control"]

    back = api.post(f"{made['Location']}/restore")
    assert back.status_code == 200
    assert back["Location"] == made["Location"]
    assert api.get(made["Location"]).json()["name"] == "Ann Park"

    history = api.get(f"{made['Location']}/history").json()
    assert [item["operation"] for item in history["items"]] == [
        "create", "delete", "update", "update", "create",
    ]  # fmt: skip
    assert history["items"][-1]["document"]["age"] == 34


def test_a_branch_of_its_own(api: APIClient, staff: str) -> None:
    api.post(f"{staff}/branches", {"name": "draft"})
    changed = api.patch(f"{staff}/objects/Person/ann?branch=draft", {"age": 60})
    assert changed.status_code == 200
    assert api.get(f"{staff}/objects/Person/ann").json()["age"] == 34
    assert api.get(f"{staff}/objects/Person/ann?ref=draft").json()["age"] == 60
    assert ids(api.get(f"{staff}/objects/Person?ref=draft&where=age:gt:50")) == [
        "Person/ann", "Person/bob",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "key", ["a/b", "a+b", "50%", "%41", "Ä ö", "a?b#c", "a/history/x", "한글", "..", "a&b=c;d"]
)
def test_any_key_has_an_address(api: APIClient, people: str, key: str) -> None:
    made = api.post(f"{people}/objects/Person", {"code": key})
    assert made.status_code == 201, made.content
    encoded = quote(key, safe="")
    assert made.json()["@id"] == f"Person/{encoded}"
    assert made["Location"] == f"{people}/objects/Person/{encoded}"
    read = api.get(f"{people}/objects/{made.json()['@id']}")
    assert read.status_code == 200, read.content
    assert read.json()["code"] == key
    twice = api.get(f"{people}/objects/Person/{quote(encoded, safe='')}")
    if key != "%41":  # an address that is encoded twice means another key here
        assert twice.json()["code"] == key
    changed = api.patch(f"{people}/objects/Person/{encoded}", {"age": 1})
    assert changed.json()["age"] == 1
    assert api.get(f"{people}/objects/Person/{encoded}/links").json()["items"] == []


def test_a_key_of_several_parts(api: APIClient, people: str) -> None:
    fields = {
        "apiName": "Seat",
        "primaryKey": ["row", "letter"],
        "properties": [
            {"apiName": "row", "dataTypes": ["integer"], "required": True},
            {"apiName": "letter", "dataTypes": ["string"], "required": True},
        ],
    }
    assert api.post(f"{people}/object-types", fields).status_code == 201
    for letter in ("A", "+", "A+B"):
        made = api.post(f"{people}/objects/Seat", {"row": 12, "letter": letter})
        assert made["Location"] == f"{people}/objects/Seat/12+{quote(letter, safe='')}"
        assert api.get(made["Location"]).json()["letter"] == letter


def test_what_is_wrong_is_listed_with_pointers(api: APIClient, staff: str) -> None:
    head = head_of(api, staff)
    answer = api.post(
        f"{staff}/objects/Person", {"age": -1, "grade": "Z", "home": {"zip": 1}, "nope": True}
    )
    errors = problem(answer, 422, "invalid_state")["errors"]
    assert {error["field"] for error in errors} == {
        "/age", "/grade", "/home", "/nope", "/code",
    }  # fmt: skip
    assert all(error["rule"] and error["message"] for error in errors)
    taken = api.post(f"{staff}/objects/Person", {"code": "ann"})
    assert {error["rule"] for error in problem(taken, 422, "invalid_state")["errors"]} == {
        "primary-key"
    }
    unknown = api.post(f"{staff}/objects/Nothing", {"code": "x"})
    problem(unknown, 422, "invalid_state")
    problem(api.post(f"{staff}/objects/worksFor", {}), 422, "invalid_state")
    problem(api.post(f"{staff}/objects/Person", [1]), 422, "bad_body")
    problem(api.patch(f"{staff}/objects/Person/ann?upsert=1", {}), 400, "bad_query")
    assert head_of(api, staff) == head


def test_deprecated_use_is_a_warning_in_the_answer(api: APIClient, people: str) -> None:
    made = api.post(f"{people}/objects/Person", {"code": "ann", "fax": "1234"})
    assert made.status_code == 201
    (warning,) = made.json()["_warnings"]
    assert (warning["field"], warning["document"]) == ("/fax", "Person/ann")
    back = api.put(made["Location"], {**made.json(), "fax": None})
    assert back.status_code == 200
    assert "_warnings" not in back.json()
    many = api.post(
        f"{people}/changesets",
        {"changes": [{"op": "update", "target": "Person/ann", "fields": {"fax": "5"}}]},
    )
    assert [item["field"] for item in many.json()["warnings"]] == ["/fax"]


def test_a_repeated_request_is_done_once(api: APIClient, people: str) -> None:
    first, second = (
        api.post(f"{people}/objects/Person", {"code": "ann"}, HTTP_IDEMPOTENCY_KEY="the-same-key-1")
        for _ in range(2)
    )
    assert first.json() == second.json()
    assert second["Idempotency-Replayed"] == "true"
    assert second["Location"] == first["Location"]


def test_what_is_no_object_has_no_address_here(api: APIClient, staff: str) -> None:
    for path in (
        "objects/Person/nobody", "objects/Nothing/1", "objects/ObjectType/Person",
        "objects/LinkType/worksFor", "links/worksFor/ann", "objects/Person/nobody/history",
        "objects/Person/nobody/traverse",
    ):  # fmt: skip
        problem(api.get(f"{staff}/{path}"), 404, "document_not_found")
    rid = api.get(f"{staff}/object-types/Person").json()["rid"]
    problem(api.get(f"{staff}/objects/Person/{rid}"), 404, "document_not_found")
    link = api.get(f"{staff}/links/worksFor").json()["items"][0]["rid"]
    problem(api.get(f"{staff}/objects/Person/{link}"), 404, "document_not_found")
    problem(api.get(f"{staff}/objects/worksFor/{link}"), 404, "document_not_found")
    problem(api.get(f"{staff}/objects/Nothing"), 404, "type_not_found")
    problem(api.get(f"{staff}/objects/worksFor"), 404, "type_not_found")
    problem(api.get(f"{staff}/links/Person"), 404, "type_not_found")
    problem(api.get(f"{staff}/objects/worksFor/aggregate"), 404, "type_not_found")


def test_what_depends_on_an_object_decides_over_its_end(api: APIClient, staff: str) -> None:
    insured = {"@source": "Company/acme", "@target": "Person/ann"}
    made = api.post(f"{staff}/links/insures", insured)
    refused = api.delete(f"{staff}/objects/Person/ann")
    assert problem(refused, 422, "invalid_state")["errors"]
    assert api.delete(made["Location"]).status_code == 204
    assert api.delete(f"{staff}/objects/Person/ann").status_code == 204
    assert len(api.get(f"{staff}/links/worksFor").json()["items"]) == 2


# -- links -----------------------------------------------------------------------------------------


def test_a_link_through_its_life(api: APIClient, staff: str) -> None:
    made = api.post(f"{staff}/links/owns", {"@source": "Company/acme", "@target": "Company/bolt"})
    assert made.status_code == 201, made.content
    body = made.json()
    assert (body["@id"], body["@source"], body["@target"]) == (
        f"owns/{body['rid']}", "Company/acme", "Company/bolt",
    )  # fmt: skip
    assert made["Location"] == f"{staff}/links/{body['@id']}"
    assert api.get(made["Location"]).json() == body
    (works, *_) = api.get(f"{staff}/links/worksFor", {"where": "since:isNull:false"}).json()[
        "items"
    ]
    link = f"{staff}/links/{works['@id']}"
    changed = api.patch(link, {"since": "2021-02-03"}, HTTP_IF_MATCH=f'"{works["_etag"]}"')
    assert (changed.status_code, changed.json()["since"]) == (200, "2021-02-03")
    assert api.delete(link).status_code == 204
    problem(api.get(link), 404, "document_not_found")
    assert api.post(f"{link}/restore").json()["since"] == "2021-02-03"
    assert [item["operation"] for item in api.get(f"{link}/history").json()["items"]] == [
        "create", "delete", "update", "create",
    ]  # fmt: skip
    again = api.post(f"{staff}/links/owns", {"@source": "Company/acme", "@target": "Company/bolt"})
    assert problem(again, 422, "invalid_state")["errors"][0]["rule"] == "duplicate-link"
    lost = api.post(f"{staff}/links/owns", {"@source": "Company/acme"})
    assert problem(lost, 422, "invalid_state")["errors"][0]["rule"] == "unknown-reference"


def test_links_at_an_object_and_what_is_beyond(api: APIClient, staff: str) -> None:
    owns = {"@source": "Company/acme", "@target": "Company/bolt"}
    assert api.post(f"{staff}/links/owns", owns).status_code == 201
    company = f"{staff}/objects/Company/acme"

    def found(**query: Any) -> list[tuple[str, str]]:
        answer = api.get(f"{company}/links", query).json()
        return [(item["object"]["@id"], item["direction"]) for item in answer["items"]]

    assert found() == [
        ("Company/bolt", "outgoing"), ("Person/ann", "incoming"), ("Person/bob", "incoming"),
    ] or sorted(found()) == [
        ("Company/bolt", "outgoing"), ("Person/ann", "incoming"), ("Person/bob", "incoming"),
    ]  # fmt: skip
    assert found(direction="outgoing") == [("Company/bolt", "outgoing")]
    assert sorted(found(link="employees")) == [
        ("Person/ann", "incoming"),
        ("Person/bob", "incoming"),
    ]
    first = api.get(f"{company}/links", {"limit": 2}).json()
    rest = api.get(f"{company}/links", {"limit": 2, "cursor": first["next"]}).json()
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (2, 1, None)
    problem(api.get(f"{company}/links", {"link": "nope"}), 404, "type_not_found")

    walk = api.get(f"{staff}/objects/Person/ann/traverse", {"depth": 2}).json()
    assert [(node["document"]["@id"], node["depth"]) for node in walk["nodes"]] == [
        ("Person/ann", 0), ("Company/acme", 1), ("Company/bolt", 2),
    ]  # fmt: skip
    assert {link["@type"] for link in walk["links"]} == {"worksFor", "owns"}
    assert walk["truncated"] is False
    one = api.get(f"{staff}/objects/Person/ann/traverse", {"link": "worksFor", "depth": 3}).json()
    assert len(one["nodes"]) == 2
    few = api.get(f"{staff}/objects/Person/ann/traverse", {"depth": 2, "limit": 2}).json()
    assert (len(few["nodes"]), few["truncated"]) == (2, True)
    problem(api.get(f"{staff}/objects/Person/ann/traverse", {"depth": 99}), 400, "bad_query")


# -- questions -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["ann", "bob", "cho"]),
        ({"where": "age:gt:30"}, ["ann", "bob"]),
        ({"where": ["age:gt:30", "grade:eq:B"]}, ["bob"]),
        ({"where": "name:eq:Cho, Min: ji"}, ["cho"]),
        ({"where": "code:in:ann,cho"}, ["ann", "cho"]),
        ({"where": "employer.country:eq:DE"}, ["cho"]),
        ({"filter": json.dumps({"not": {"property": "grade", "value": "A"}})}, ["bob", "cho"]),
        (
            {"filter": json.dumps({"link": "worksFor"}), "where": "age:lt:30"},
            ["cho"],
        ),
        ({"sort": "-age"}, ["bob", "ann", "cho"]),
        ({"sort": "grade,-age"}, ["ann", "bob", "cho"]),
    ],
)
def test_filters_and_sorts(
    api: APIClient, staff: str, query: dict[str, Any], expected: list[str]
) -> None:
    answer = api.get(f"{staff}/objects/Person", {**query, "count": "true"})
    assert ids(answer) == [f"Person/{key}" for key in expected]
    assert answer.json()["total"] == len(expected)


def test_the_same_by_a_body(api: APIClient, staff: str) -> None:
    body: dict[str, Any] = {
        "filter": {"property": "age", "op": "gt", "value": 1},
        "sort": ["age"],
        "fields": ["age"],
        "limit": 2,
        "count": True,
    }
    first = api.post(f"{staff}/objects/Person/query", body)
    assert ids(first) == ["Person/cho", "Person/ann"]
    assert first.json()["total"] == 3
    assert "name" not in first.json()["items"][0]
    assert first["X-OMS-Commit"] == head_of(api, staff)
    assert "Link" not in first
    api.patch(f"{staff}/objects/Person/bob", {"age": 1})
    cursor = first.json()["next"]
    last = api.post(f"{staff}/objects/Person/query", {**body, "cursor": cursor})
    assert ids(last) == ["Person/bob"]
    assert last.json()["commit"] == first.json()["commit"]
    other = {**body, "filter": None, "cursor": cursor}
    refused = problem(api.post(f"{staff}/objects/Person/query", other), 400, "bad_cursor")
    assert refused["errors"][0]["field"] == "/cursor"


def test_pages_are_of_one_commit(api: APIClient, staff: str) -> None:
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 1, "sort": "-age"}
    first = api.get(f"{staff}/objects/Person", query)
    assert f"cursor={first.json()['next']}" in first["Link"]
    api.post(f"{staff}/objects/Person", {"code": "dee", "age": 40})
    answer = first
    while True:
        seen += ids(answer)
        cursor = answer.json()["next"]
        if cursor is None:
            break
        answer = api.get(f"{staff}/objects/Person", {**query, "cursor": cursor})
        assert answer["X-OMS-Commit"] == first["X-OMS-Commit"]
    assert seen == ["Person/bob", "Person/ann", "Person/cho"]
    wrong = api.get(f"{staff}/objects/Person", {"limit": 1, "cursor": first.json()["next"]})
    problem(wrong, 400, "bad_cursor")


def test_a_page_that_has_not_changed_is_not_sent_again(api: APIClient, staff: str) -> None:
    first = api.get(f"{staff}/objects/Person", {"where": "age:gt:30"})
    again = api.get(
        f"{staff}/objects/Person", {"where": "age:gt:30"}, HTTP_IF_NONE_MATCH=first["ETag"]
    )
    assert (again.status_code, again.content) == (304, b"")
    api.patch(f"{staff}/objects/Person/ann", {"age": 20})
    now = api.get(
        f"{staff}/objects/Person", {"where": "age:gt:30"}, HTTP_IF_NONE_MATCH=first["ETag"]
    )
    assert ids(now) == ["Person/bob"]


@pytest.mark.parametrize(
    ("query", "code", "parameter"),
    [
        ({"filter": "{"}, "bad_filter", "filter"),
        ({"filter": '{"property":"nope","value":1}'}, "bad_filter", "filter"),
        ({"where": "age"}, "bad_filter", "where"),
        ({"where": "age:eq:old"}, "bad_filter", "where"),
        ({"sort": "nicknames"}, "bad_sort", "sort"),
        ({"sort": "nope"}, "bad_sort", "sort"),
        ({"fields": "nope"}, "bad_fields", "fields"),
        ({"cursor": "AAAA"}, "bad_cursor", "cursor"),
        ({"limit": "0"}, "bad_query", "limit"),
        ({"filters": "{}"}, "bad_query", "filters"),
    ],
)
def test_a_question_that_cannot_be_asked(
    api: APIClient, staff: str, query: dict[str, Any], code: str, parameter: str
) -> None:
    answer = problem(api.get(f"{staff}/objects/Person", query), 400, code)
    assert answer["errors"][0]["parameter"] == parameter


def test_a_body_that_cannot_be_asked(api: APIClient, staff: str) -> None:
    query = f"{staff}/objects/Person/query"
    filter_ = {"and": [{"property": "age", "op": "above", "value": 1}]}
    answer = problem(api.post(query, {"filter": filter_}), 400, "bad_filter")
    assert answer["errors"][0]["field"] == "/filter/and/0/op"
    answer = problem(api.post(query, {"sort": ["nope"]}), 400, "bad_sort")
    assert answer["errors"][0]["field"] == "/sort"
    problem(api.post(query, {"where": ["age:gt:1"]}), 422, "bad_body")


def test_figures(api: APIClient, staff: str) -> None:
    found = api.get(
        f"{staff}/objects/Person/aggregate",
        {"measure": ["count", "avg:salary", "max:age"], "where": "age:gt:30"},
    )
    assert found.status_code == 200, found.content
    assert found.json()["rows"] == [
        {"group": {}, "figures": {"count": 2, "avg(salary)": 4650.25, "max(age)": 51}}
    ]
    grouped = api.post(f"{staff}/objects/Person/aggregate", {"by": ["grade"]})
    assert grouped.json()["rows"][0] == {"group": {"grade": "A"}, "figures": {"count": 1}}
    assert grouped.json()["truncated"] is False
    links = api.get(f"{staff}/links/worksFor/aggregate", {"by": "since"})
    assert links.json()["rows"] == [{"group": {"since": "2020-01-01"}, "figures": {"count": 3}}]
    bad = problem(
        api.get(f"{staff}/objects/Person/aggregate", {"measure": "avg:name"}), 400, "bad_measure"
    )
    assert bad["errors"][0]["parameter"] == "measure"
    problem(api.get(f"{staff}/objects/Person/aggregate", {"by": "nicknames"}), 400, "bad_group")


def test_how_many_there_are_of_each_type(api: APIClient, staff: str) -> None:
    def counts(path: str, **query: Any) -> dict[str, tuple[int, int]]:
        items = api.get(f"{staff}/{path}", query).json()["items"]
        return {item["type"]: (item["count"], item["withSubtypes"]) for item in items}

    assert counts("objects") == {"Company": (2, 2), "Party": (0, 5), "Person": (3, 3)}
    assert counts("links") == {"worksFor": (3, 3)}
    assert counts("links", empty="true") == {"insures": (0, 0), "owns": (0, 0), "worksFor": (3, 3)}
    first = api.get(f"{staff}/commits").json()["items"][-2]["id"]
    assert counts("objects", ref=first) == {}


def test_search(api: APIClient, staff: str) -> None:
    found = api.get(f"{staff}/search", {"q": "ann"}).json()
    assert [hit["document"]["@id"] for hit in found["items"]] == ["Person/ann"]
    assert found["items"][0]["score"] > 0
    narrowed = api.get(f"{staff}/search", {"q": "b", "type": "Company"}).json()["items"]
    assert [hit["document"]["@id"] for hit in narrowed] == ["Company/bolt"]
    bad = problem(api.get(f"{staff}/search", {"q": "-- ;"}), 400, "bad_search")
    assert bad["errors"][0]["parameter"] == "q"
    problem(api.get(f"{staff}/search"), 400, "bad_query")


def test_definitions_and_data_in_one_change_set(api: APIClient, people: str) -> None:
    type_fields = {
        "apiName": "Site",
        "primaryKey": ["id"],
        "properties": [{"apiName": "id", "dataTypes": ["string"], "required": True}],
    }
    link_fields = {"apiName": "at", "sources": ["Company"], "targets": ["Site"]}
    changes = [
        {"op": "create", "kind": "ObjectType", "fields": type_fields},
        {"op": "create", "kind": "LinkType", "fields": link_fields},
        {"op": "create", "type": "Site", "fields": {"id": "hq"}},
        {"op": "create", "type": "Company", "fields": {"code": "acme"}},
        {"op": "create", "type": "at", "source": "Company/acme", "target": "Site/hq"},
    ]
    dry = api.post(f"{people}/changesets", {"changes": changes, "dryRun": True})
    assert dry.status_code == 200
    problem(api.get(f"{people}/objects/Site"), 404, "type_not_found")
    assert api.post(f"{people}/changesets", {"changes": changes}).status_code == 201
    links = api.get(f"{people}/objects/Company/acme/links").json()["items"]
    assert [item["object"]["@id"] for item in links] == ["Site/hq"]
    broken = [*changes[3:], {"op": "create", "type": "Company", "fields": {"code": "x", "age": 1}}]
    head = head_of(api, people)
    problem(api.post(f"{people}/changesets", {"changes": broken}), 422, "invalid_state")
    assert head_of(api, people) == head


# -- what may not be seen --------------------------------------------------------------------------


@pytest.fixture
def secretive(api: APIClient, staff: str) -> str:
    """Salaries and names are restricted; a viewer sees no more than what is internal."""
    person = api.get(f"{staff}/object-types/Person").json()
    for item in person["properties"]:
        if item["apiName"] == "salary":
            item["sensitivity"] = "restricted"
    assert api.put(f"{staff}/object-types/Person", person).status_code == 200
    party = api.get(f"{staff}/object-types/Party").json()
    for item in party["properties"]:
        if item["apiName"] == "name":
            item["sensitivity"] = "restricted"
    assert api.put(f"{staff}/object-types/Party", party).status_code == 200
    return staff


def test_masked_values_are_left_out_everywhere(
    viewer: APIClient, api: APIClient, secretive: str
) -> None:
    answers = [
        viewer.get(f"{secretive}/objects/Person"),
        viewer.get(f"{secretive}/objects/Person", {"fields": "salary,age"}),
        viewer.post(f"{secretive}/objects/Person/query", {}),
        viewer.get(f"{secretive}/objects/Person/ann"),
        viewer.get(f"{secretive}/objects/Person/ann/history"),
        viewer.get(f"{secretive}/objects/Company/acme/links"),
        viewer.get(f"{secretive}/objects/Person/ann/traverse"),
        viewer.get(f"{secretive}/documents/Person/ann"),
    ]
    for answer in answers:
        assert answer.status_code == 200, answer.content
        for secret in (b"5200.5", b"4100", b"Ann Lee", b"Acme"):
            assert secret not in answer.content
        assert b'"_masked"' in answer.content
    assert b"5200.5" in api.get(f"{secretive}/objects/Person/ann").content
    assert viewer.get(f"{secretive}/search", {"q": "ann"}).json()["items"] == []
    assert len(api.get(f"{secretive}/search", {"q": "ann"}).json()["items"]) == 1


def test_what_is_masked_cannot_be_asked_about(viewer: APIClient, secretive: str) -> None:
    path = f"{secretive}/objects/Person"
    for answer in (
        viewer.get(path, {"where": "salary:gt:5000"}),
        viewer.get(path, {"where": "employer.name:startsWith:A"}),
        viewer.get(path, {"filter": '{"not":{"property":"salary","op":"isNull"}}'}),
        viewer.get(path, {"sort": "salary"}),
        viewer.get(path, {"sort": "-name"}),
        viewer.post(f"{path}/query", {"sort": ["salary"]}),
        viewer.post(f"{path}/query", {"filter": {"property": "salary", "value": 1}}),
        viewer.get(f"{path}/aggregate", {"measure": "max:salary"}),
        viewer.get(f"{path}/aggregate", {"by": "name"}),
        viewer.post(f"{path}/aggregate", {"measures": ["sum:salary"]}),
        viewer.get(f"{secretive}/objects/Party", {"where": "name:eq:Acme"}),
    ):
        problem(answer, 403, "masked_property")


def test_cursors_hold_no_masked_value(viewer: APIClient, api: APIClient, secretive: str) -> None:
    import base64

    first = api.get(f"{secretive}/objects/Person", {"sort": "salary", "limit": 1}).json()["next"]
    outer = base64.urlsafe_b64decode(first + "=" * (-len(first) % 4))
    inner = json.loads(outer)[-1]
    told = outer + base64.urlsafe_b64decode(inner + "=" * (-len(inner) % 4))
    assert b"4100" not in told
    stolen = viewer.get(
        f"{secretive}/objects/Person", {"sort": "salary", "limit": 1, "cursor": first}
    )
    problem(stolen, 403, "masked_property")


def test_a_masked_key_is_in_no_id(viewer: APIClient, api: APIClient, staff: str) -> None:
    party = api.get(f"{staff}/object-types/Party").json()
    for item in party["properties"]:
        if item["apiName"] == "code":
            item["sensitivity"] = "restricted"
    assert api.put(f"{staff}/object-types/Party", party).status_code == 200
    answer = viewer.get(f"{staff}/objects/Person")
    for item in answer.json()["items"]:
        assert item["@id"] == f"Person/{item['rid']}"
        assert "_key" not in item
        assert viewer.get(f"{staff}/objects/{item['@id']}").status_code == 200
    links = viewer.get(f"{staff}/links/worksFor")
    # Who may not see keys cannot try which there are.
    for path in ("objects/Person/ann", "objects/Person/nobody", "documents/Person/ann"):
        problem(viewer.get(f"{staff}/{path}"), 404, "document_not_found")
    for content in (answer.content, links.content):
        assert b"/ann" not in content
        assert b"/acme" not in content


def test_an_etag_of_one_is_none_of_another(
    viewer: APIClient, api: APIClient, secretive: str
) -> None:
    for path in ("objects/Person", "objects/Person/ann"):
        full = api.get(f"{secretive}/{path}")
        masked = viewer.get(f"{secretive}/{path}", HTTP_IF_NONE_MATCH=full["ETag"])
        assert masked.status_code == 200
        assert masked["ETag"] != full["ETag"]


# -- who may ---------------------------------------------------------------------------------------


def test_viewers_do_not_write_and_strangers_do_not_read(
    viewer: APIClient, client_of: Any, person: MakePerson, api: APIClient, staff: str
) -> None:
    head = head_of(api, staff)
    link = api.get(f"{staff}/links/worksFor").json()["items"][0]["@id"]
    for answer in (
        viewer.post(f"{staff}/objects/Person", {"code": "x"}),
        viewer.patch(f"{staff}/objects/Person/ann", {"age": 1}),
        viewer.put(f"{staff}/objects/Person/ann", {"code": "ann"}),
        viewer.delete(f"{staff}/objects/Person/ann"),
        viewer.post(f"{staff}/objects/Person/ann/restore"),
        viewer.delete(f"{staff}/links/{link}"),
        viewer.post(f"{staff}/links/owns", {"@source": "Company/acme", "@target": "Company/bolt"}),
    ):
        problem(answer, 403, "permission_denied")
    assert head_of(api, staff) == head
    stranger = client_of(person("stan", Role.VIEWER, "elsewhere"))
    for path in (
        "objects", "links", "objects/Person", "objects/Person/ann", "search?q=ann",
        "objects/Person/ann/links", "objects/Person/ann/traverse", "objects/Person/aggregate",
    ):  # fmt: skip
        problem(stranger.get(f"{staff}/{path}"), 403, "permission_denied")
    problem(stranger.post(f"{staff}/objects/Person/query", {}), 403, "permission_denied")
