"""Questions about objects: filters, sorts, pages, figures, full text, links."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from oms_project.core.errors import BadRequest, NotFound
from ontology import selectors, services
from ontology.contract import Change
from ontology.domain.query import parse_condition, parse_filter, parse_measure, parse_sort
from tests.integration.instances.conftest import NAME, Commit, delete, link, thing, update


def ids(where: Any = None, *, of: str = "Person", ref: str = "", **options: Any) -> list[str]:
    """``@id``s of a whole list, read in pages of two."""
    parsed = parse_condition(where) if isinstance(where, str) else where and parse_filter(where)
    found: list[str] = []
    cursor = None
    if "sort" in options:
        options["sort"] = parse_sort(options["sort"])
    while True:
        page = selectors.list_objects(
            ontology=NAME, type=of, ref=ref, where=parsed, limit=2, cursor=cursor, **options
        )
        found += [item.id for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return [item.partition("/")[2] for item in found]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("age:eq:34", ["ann"]),
        ("age:ne:34", ["bob", "cho"]),
        ("age:gt:28", ["ann", "bob"]),
        ("age:gte:34", ["ann", "bob"]),
        ("age:lt:34", ["cho"]),
        ("age:in:28,51", ["bob", "cho"]),
        ("age:isNull:false", ["ann", "bob", "cho"]),
        ("grade:isNull", ["cho"]),
        ("grade:eq:A", ["ann"]),
        ("grade:ne:A", ["bob", "cho"]),
        ("name:contains:o", ["bob", "cho"]),
        ("name:startsWith:Ann", ["ann"]),
        ("nicknames:contains:al", ["ann"]),
        ("nicknames:eq:al", ["ann"]),
        ("nicknames:ne:al", ["bob", "cho"]),
        ("salary:gt:4100", ["ann"]),
        ("salary:lte:5200.5", ["ann", "bob"]),
        ("salary:eq:5200.50", ["ann"]),
        ("born:eq:1992-03-01T00:00:00Z", ["ann"]),
        ("born:lt:2000-01-01T00:00:00+09:00", ["ann"]),
        ("home.city:eq:Seoul", ["ann"]),
        ("email:eq:ann@example.org", ["ann"]),
        ("worksFor.name:eq:Acme Ltd", ["ann", "bob"]),
        ("employer.country:eq:DE", ["cho"]),
        ({"not": {"property": "employer.country", "value": "DE"}}, ["ann", "bob"]),
        (
            {"or": [{"property": "age", "value": 28}, {"property": "grade", "value": "B"}]},
            ["bob", "cho"],
        ),
        (
            {
                "and": [
                    {"property": "age", "op": "gt", "value": 1},
                    {"link": "worksFor", "where": {"property": "country", "value": "GB"}},
                    {"not": {"property": "grade", "value": "A"}},
                ]
            },
            ["bob"],
        ),
    ],
)
def test_filters(staff: None, where: Any, expected: list[str]) -> None:
    assert ids(where) == expected
    parsed = parse_condition(where) if isinstance(where, str) else parse_filter(where)
    assert selectors.count_objects(ontology=NAME, type="Person", where=parsed) == len(expected)


def test_filters_against_the_direction(staff: None) -> None:
    assert ids("employees.age:gt:50", of="Company") == ["acme"]
    assert ids({"link": "worksFor", "direction": "incoming"}, of="Company") == ["acme", "bolt"]
    assert ids({"link": "owns"}, of="Company") == []


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        (["age"], ["cho", "ann", "bob"]),
        (["-age"], ["bob", "ann", "cho"]),
        (["salary"], ["bob", "ann", "cho"]),
        (["-salary"], ["ann", "bob", "cho"]),
        (["grade", "-age"], ["ann", "bob", "cho"]),
        (["-grade"], ["bob", "ann", "cho"]),
        (["email"], ["ann", "bob", "cho"]),
        (["name"], ["ann", "bob", "cho"]),
    ],
)
def test_sorts(staff: None, sort: list[str], expected: list[str]) -> None:
    found = ids(sort=sort)
    if sort == ["email"]:  # two have none: they come last, in no order that people know
        assert found[0] == "ann"
        assert set(found) == set(expected)
    else:
        assert found == expected


def test_subtypes_come_along(staff: None) -> None:
    assert set(ids(of="Party")) == {"ann", "bob", "cho", "acme", "bolt"}
    assert ids(of="Party", subtypes=False) == []
    assert set(ids("name:startsWith:B", of="Party", sort=["name"])) == {"bob", "bolt"}


def test_any_ref(commit: Commit, staff: None) -> None:
    first = selectors.resolve_ref(ontology=NAME, ref="main").id
    services.create_branch(ontology=NAME, name="work", from_ref="main")
    commit(update("Person/ann", age=60), thing("Person", code="dee", age=34), branch="work")
    commit(delete("Person/bob"), branch="work")
    commit(update("Person/cho", age=34))
    assert ids("age:eq:34") == ["ann", "cho"]
    assert ids("age:eq:34", ref="work") == ["dee"]
    assert ids("age:eq:34", ref=first) == ["ann"]
    assert ids(sort=["age"], ref="work") == ["cho", "dee", "ann"]
    assert ids(sort=["-age"], ref=first) == ["bob", "ann", "cho"]
    assert ids(ref="work") == ["ann", "cho", "dee"]
    assert ids("employer.code:eq:acme", ref="work") == ["ann"]
    services.merge(ontology=NAME, source="work", into="main")
    assert ids("age:eq:34") == ["cho", "dee"]
    assert ids(sort=["age"])[2:] == ["ann"]
    assert ids("age:eq:34", ref=first) == ["ann"]


def test_figures(commit: Commit, staff: None) -> None:
    def figures(*measures: str, group_by: tuple[str, ...] = (), ref: str = "") -> Any:
        found = selectors.aggregate_objects(
            ontology=NAME,
            type="Person",
            ref=ref,
            measures=[parse_measure(text) for text in measures],
            group_by=group_by,
        )
        return [(dict(row.group), dict(row.figures)) for row in found.rows]

    assert figures("count", "sum:age", "min:age", "max:age", "avg:salary") == [
        (
            {},
            {
                "count": 3,
                "sum(age)": 113,
                "min(age)": 28,
                "max(age)": 51,
                "avg(salary)": 4650.25,
            },
        )
    ]
    assert figures("count", group_by=("grade",)) == [
        ({"grade": "A"}, {"count": 1}),
        ({"grade": "B"}, {"count": 1}),
        ({"grade": None}, {"count": 1}),
    ]
    services.create_branch(ontology=NAME, name="work", from_ref="main")
    commit(update("Person/cho", grade="A"), branch="work")
    assert figures("count", "max:age", group_by=("grade",), ref="work")[0] == (
        {"grade": "A"},
        {"count": 2, "max(age)": 34},
    )
    assert figures("min:born") == [({}, {"min(born)": "1992-03-01T00:00:00Z"})]


def test_search(commit: Commit, staff: None) -> None:
    def found(text: str, **options: Any) -> list[str]:
        hits = selectors.search_objects(ontology=NAME, text=text, **options).items
        return sorted(hit.document.id for hit in hits)

    first = selectors.resolve_ref(ontology=NAME, ref="main").id
    assert found("acme") == ["Company/acme"]
    assert found("LTD acm") == ["Company/acme"]
    assert found("b") == ["Company/bolt", "Person/bob"]
    assert found("b", type="Person") == ["Person/bob"]
    commit(update("Person/bob", name="Robert 김민지"))
    assert found("bob") == []
    assert found("김민") == ["Person/bob"]
    assert found("bob", ref=first) == ["Person/bob"]
    services.create_branch(ontology=NAME, name="work", from_ref=first)
    commit(delete("Person/bob"), branch="work")
    assert found("bob", ref="work") == []
    with pytest.raises(BadRequest):
        found("-- ;")
    assert found('") OR 1=1 --') == []


def test_linked_objects(commit: Commit, staff: None) -> None:
    def linked(target: str, **options: Any) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        cursor = None
        while True:
            page = selectors.linked_objects(
                ontology=NAME, target=target, limit=1, cursor=cursor, **options
            )
            found += [(item.object.id, item.direction) for item in page.items]
            cursor = page.next_cursor
            if cursor is None:
                return sorted(found)

    assert linked("Person/ann") == [("Company/acme", "outgoing")]
    assert linked("Company/acme") == [("Person/ann", "incoming"), ("Person/bob", "incoming")]
    assert linked("Company/acme", link="employees") == linked("Company/acme")
    assert linked("Company/acme", link="owns") == []
    with pytest.raises(NotFound):
        linked("Company/acme", link="nothing")
    commit(link("owns", "Company/acme", "Company/bolt"))
    assert linked("Company/acme", direction="outgoing") == [("Company/bolt", "outgoing")]


def test_traversal(commit: Commit, staff: None) -> None:
    commit(link("owns", "Company/acme", "Company/bolt"))
    walk = selectors.traverse(ontology=NAME, target="Person/ann", depth=2)
    assert [(node.document.id, node.depth) for node in walk.nodes] == [
        ("Person/ann", 0),
        ("Company/acme", 1),
        ("Company/bolt", 2),
    ]
    assert len(walk.links) == 2
    everybody = selectors.traverse(ontology=NAME, target="Person/ann", depth=5, direction="both")
    assert len(everybody.nodes) == 5
    some = selectors.traverse(ontology=NAME, target="Person/ann", depth=5, limit=2)
    assert (len(some.nodes), some.truncated) == (2, True)


@pytest.mark.parametrize(
    "where",
    [
        "shoe:eq:1",
        "age:eq:many",
        "age:contains:3",
        "home:eq:x",
        "home.street:eq:x",
        "age:like:3",
        "age",
        {"property": "age", "op": "eq", "value": "34"},
        {"property": "age", "op": "eq", "value": 34, "extra": 1},
        {"link": "nothing"},
        {"and": []},
        {
            "not": {
                "not": {"not": {"not": {"not": {"not": {"not": {"not": {"not": {"not": {}}}}}}}}}
            }
        },
    ],
)
def test_what_cannot_be_asked(staff: None, where: Any) -> None:
    with pytest.raises(BadRequest) as error:
        ids(where)
    assert error.value.error_code == "bad_filter"


def test_a_cursor_fits_one_list(staff: None) -> None:
    page = selectors.list_objects(ontology=NAME, type="Person", limit=1)
    with pytest.raises(BadRequest):
        selectors.list_objects(
            ontology=NAME, type="Person", sort=parse_sort(["age"]), cursor=page.next_cursor
        )


def test_verify_holds_the_index_against_the_values(commit: Commit, staff: None) -> None:
    services.create_branch(ontology=NAME, name="work", from_ref="main")
    commit(update("Person/ann", age=60, name="Anna Lee"), delete("Person/bob"), branch="work")
    commit(update("Person/cho", age=34))
    services.merge(ontology=NAME, source="work", into="main")
    assert selectors.verify(ontology=NAME).problems == ()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM ontology_valueentry WHERE seq_to IS NULL AND key LIKE 'n6%%'")
    (problem, *_) = selectors.verify(ontology=NAME).problems
    assert "index entries differ" in problem.message


def test_figures_of_nothing(staff: None) -> None:
    for where in ("age:eq:999", "salary:eq:999"):  # with an index and without
        found = selectors.aggregate_objects(
            ontology=NAME,
            type="Person",
            where=parse_condition(where),
            measures=[parse_measure("count"), parse_measure("avg:age")],
        )
        assert [dict(row.figures) for row in found.rows] == [{"count": 0, "avg(age)": None}]


def test_an_index_follows_the_data_type(commit: Commit, people: None) -> None:
    def typed(data_type: str) -> list[dict[str, Any]]:
        return [
            {"rid": "p-code", "apiName": "code", "dataTypes": ["string"], "required": True},
            {"rid": "p-size", "apiName": "size", "dataTypes": [data_type], "indexed": True},
        ]

    fields = {"apiName": "Box", "primaryKey": ["code"], "properties": typed("string")}
    commit(Change(op="create", kind="ObjectType", fields=fields))
    commit(thing("Box", code="a", size="9.5"), thing("Box", code="b", size="10"))
    assert ids(of="Box", sort=["-size"]) == ["a", "b"]
    change = {"properties": typed("decimal")}
    commit(Change(op="update", target="ObjectType/Box", fields=change))
    assert ids("size:eq:9.5", of="Box") == ["a"]
    assert ids("size:gt:9.5", of="Box") == ["b"]
    assert ids(of="Box", sort=["-size"]) == ["b", "a"]
