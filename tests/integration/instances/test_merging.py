"""Branches with data: what merges, what conflicts, and what only breaks together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from oms_project.core.canonical_json import loads
from oms_project.core.context import acting_as
from oms_project.core.errors import Invalid
from oms_project.identity.contract import Role, actor_of
from ontology import selectors, services
from ontology.contract import Change, MergeResult, Resolution
from ontology.domain.query import parse_condition
from tests.conftest import MakePerson
from tests.integration.instances.conftest import NAME, Commit, delete, link, thing, update


@pytest.fixture
def merge(staff: None) -> Callable[..., MergeResult]:
    """``work`` stands on its own from here on; ``merge()`` takes it into ``main``."""
    services.create_branch(ontology=NAME, name="work", from_ref="main")

    def run(**options: Any) -> MergeResult:
        return services.merge(ontology=NAME, source="work", into="main", **options)

    return run


Merge = Callable[..., MergeResult]


def shown(target: str, ref: str = "") -> dict[str, Any]:
    view: dict[str, Any] = loads(selectors.get_document(ontology=NAME, target=target, ref=ref).json)
    return view


def rules(result: MergeResult) -> set[str]:
    return {problem["rule"] for problem in result.problems}


def renamed(old: str, new: str, *, branch: str, commit: Commit) -> None:
    body = selectors.get_document(ontology=NAME, target="ObjectType/Person", ref=branch).body
    properties = [
        {**item, "apiName": new} if item["apiName"] == old else item for item in body["properties"]
    ]
    change = Change("update", target="ObjectType/Person", fields={"properties": properties})
    commit(change, branch=branch)


def test_different_values_merge(commit: Commit, merge: Merge) -> None:
    commit(update("Person/ann", age=35), branch="work")
    commit(update("Person/ann", grade="B"))
    assert merge().status == "merged"
    assert (shown("Person/ann")["age"], shown("Person/ann")["grade"]) == (35, "B")


def test_the_same_object_made_twice_meets(commit: Commit, merge: Merge) -> None:
    commit(thing("Person", code="dee", age=1), branch="work")
    commit(thing("Person", code="dee", age=1, grade="A"))
    result = merge()
    assert [(item.document, item.path) for item in result.conflicts] == []
    assert result.status == "merged"
    assert shown("Person/dee")["grade"] == "A"


def test_a_conflict_is_told_and_settled_by_name(commit: Commit, merge: Merge) -> None:
    commit(update("Person/ann", age=35), branch="work")
    commit(update("Person/ann", age=36))
    (conflict,) = merge().conflicts
    assert (conflict.id, conflict.ours, conflict.theirs) == ("Person/ann#/age", 36, 35)
    result = merge(resolutions=[Resolution("theirs", document="Person/ann", path="/age")])
    assert (result.status, shown("Person/ann")["age"]) == ("merged", 35)


def test_keys_are_never_in_conflict_by_themselves(commit: Commit, merge: Merge) -> None:
    commit(update("Person/ann", code="anna"), branch="work")
    commit(update("Person/ann", code="anne"))
    (conflict,) = merge().conflicts
    assert conflict.path == "/code"
    merge(resolutions=[Resolution("theirs", document=conflict.rid)])
    assert shown("Person/anna")["name"] == "Ann Lee"


def test_what_breaks_only_together(commit: Commit, merge: Merge) -> None:
    commit(update("Person/bob", email="x@x"), branch="work")
    commit(update("Person/cho", email="x@x"))
    assert rules(merge()) == {"unique"}
    commit(update("Person/cho", email=None))
    assert merge(dry_run=True).status == "merged"
    links = selectors.linked_objects(ontology=NAME, target="Person/cho").items
    commit(delete(links[0].link.rid), link("worksFor", "Person/cho", "Company/acme"))
    commit(delete(links[0].link.rid), branch="work")
    commit(thing("Company", code="third"), branch="work")
    commit(link("worksFor", "Person/cho", "Company/third"), branch="work")
    assert rules(merge()) == {"cardinality"}


def test_an_object_that_is_linked_on_the_other_side(commit: Commit, merge: Merge) -> None:
    commit(thing("Person", code="dee"))
    services.merge(ontology=NAME, source="main", into="work")
    commit(delete("Person/dee"), branch="work")
    commit(link("worksFor", "Person/dee", "Company/acme"))
    result = merge()
    assert result.status == "invalid"
    assert rules(result) & {"linked", "dangling-reference"}


def test_a_type_that_becomes_stricter(commit: Commit, merge: Merge) -> None:
    body = selectors.get_document(ontology=NAME, target="ObjectType/Person").body
    properties = [
        {**item, "required": True} if item["apiName"] == "age" else item
        for item in body["properties"]
    ]
    commit(
        Change("update", target="ObjectType/Person", fields={"properties": properties}),
        branch="work",
    )
    commit(thing("Person", code="dee"))
    result = merge()
    assert rules(result) == {"existing-data"}
    assert result.problems[0]["message"] == "1 have no 'age'. First: Person/dee"


@pytest.mark.parametrize("side", ["work", "main"])
def test_a_renamed_property_finds_what_the_other_side_wrote(
    commit: Commit, merge: Merge, side: str
) -> None:
    other = "main" if side == "work" else "work"
    renamed("age", "years", branch=side, commit=commit)
    commit(thing("Person", code="dee", age=7), update("Person/ann", age=35), branch=other)
    result = merge()
    assert (result.status, result.problems, result.conflicts) == ("merged", (), ())
    assert [shown(f"Person/{code}")["years"] for code in ("ann", "bob", "dee")] == [35, 51, 7]
    found = selectors.list_objects(
        ontology=NAME, type="Person", where=parse_condition("years:eq:7")
    )
    assert [item.id for item in found.items] == ["Person/dee"]


def test_an_index_made_on_a_branch_knows_the_other_side(commit: Commit, merge: Merge) -> None:
    body = selectors.get_document(ontology=NAME, target="ObjectType/Person").body
    properties = [
        {**item, "indexed": True} if item["apiName"] == "grade" else item
        for item in body["properties"]
    ]
    commit(
        Change("update", target="ObjectType/Person", fields={"properties": properties}),
        branch="work",
    )
    commit(thing("Person", code="dee", grade="A"))
    commit(update("Person/ann", grade="B"), branch="work")
    assert merge().status == "merged"
    where = {name: parse_condition(f"grade:eq:{name}") for name in ("A", "B")}
    found = {
        name: [
            item.id
            for item in selectors.list_objects(ontology=NAME, type="Person", where=asked).items
        ]
        for name, asked in where.items()
    }
    assert found == {"A": ["Person/dee"], "B": ["Person/ann", "Person/bob"]}
    assert selectors.verify(ontology=NAME).problems == ()


def test_revert_brings_objects_and_links_back(commit: Commit, staff: None) -> None:
    gone = commit(delete("Company/acme"))
    assert gone.commit is not None
    services.revert(ontology=NAME, commit=gone.commit.id)
    assert len(selectors.linked_objects(ontology=NAME, target="Company/acme").items) == 2


def test_a_conflict_tells_no_secret(commit: Commit, merge: Merge, person: MakePerson) -> None:
    body = selectors.get_document(ontology=NAME, target="ObjectType/Person").body
    properties = [
        {**item, "sensitivity": "secret"} if item["apiName"] == "salary" else item
        for item in body["properties"]
    ]
    commit(Change("update", target="ObjectType/Person", fields={"properties": properties}))
    services.merge(ontology=NAME, source="main", into="work")
    commit(update("Person/ann", salary=7777), branch="work")
    commit(update("Person/ann", salary=8888))
    with acting_as(actor_of(person("max", Role.MAINTAINER))):
        result = merge()
    (conflict,) = result.conflicts
    assert conflict.path == "/salary"
    assert "7777" not in repr(result.conflicts)
    assert "8888" not in repr(result.conflicts)


def test_a_rename_is_no_change_of_the_objects_that_go(commit: Commit, staff: None) -> None:
    renamed("age", "years", branch="main", commit=commit)
    undone = selectors.resolve_ref(ontology=NAME, ref="main").id
    commit(delete("Person/bob"), update("Person/ann", years=35))
    assert services.revert(ontology=NAME, commit=undone, branch="main").status == "merged"
    assert shown("Person/ann")["age"] == 35


def test_a_value_goes_back_under_its_new_name(commit: Commit, staff: None) -> None:
    commit(update("Person/ann", age=35))
    undone = selectors.resolve_ref(ontology=NAME, ref="main").id
    renamed("age", "years", branch="main", commit=commit)
    commit(update("Person/ann", grade="B"))
    assert services.revert(ontology=NAME, commit=undone, branch="main").status == "merged"
    assert (shown("Person/ann")["years"], shown("Person/ann")["grade"]) == (34, "B")


@pytest.mark.parametrize(("choice", "name"), [("ours", "years"), ("theirs", "alter")])
def test_both_sides_rename_one_property(
    commit: Commit, merge: Merge, choice: Any, name: str
) -> None:
    renamed("age", "years", branch="main", commit=commit)
    renamed("age", "alter", branch="work", commit=commit)
    commit(delete("Person/bob"), update("Person/ann", years=35))
    commit(update("Person/cho", alter=29), branch="work")
    assert {conflict.document for conflict in merge().conflicts} == {"ObjectType/Person"}
    settled = Resolution(choice, document="ObjectType/Person")
    assert merge(resolutions=[settled]).status == "merged"
    assert [shown(f"Person/{key}")[name] for key in ("ann", "cho")] == [35, 29]


def test_what_a_branch_does_not_search_any_more_is_not_found_there(
    commit: Commit, staff: None
) -> None:
    services.create_branch(ontology=NAME, name="work", from_ref="main")
    party = selectors.get_document(ontology=NAME, target="ObjectType/Party").body
    properties = [{**item, "searchable": False} for item in party["properties"]]
    change = Change("update", target="ObjectType/Party", fields={"properties": properties})
    commit(change, branch="work")

    def hits(ref: str) -> list[str]:
        found = selectors.search_objects(ontology=NAME, text="ann", ref=ref).items
        return [hit.document.id for hit in found]

    assert (hits("work"), hits("main")) == ([], ["Person/ann"])
    assert selectors.diff(ontology=NAME, from_ref="main", to_ref="work").stats == {
        "ObjectType": {"update": 1}
    }
    assert selectors.verify(ontology=NAME).problems == ()
    services.merge(ontology=NAME, source="work", into="main")
    assert hits("main") == []
    assert selectors.verify(ontology=NAME).problems == ()


def test_properties_do_not_trade_names_in_one_commit(commit: Commit, staff: None) -> None:
    body = selectors.get_document(ontology=NAME, target="ObjectType/Person").body
    other = {"email": "fax", "fax": "email"}
    properties = [
        {**item, "apiName": other.get(item["apiName"], item["apiName"])}
        for item in body["properties"]
    ]
    with pytest.raises(Invalid) as error:
        commit(Change("update", target="ObjectType/Person", fields={"properties": properties}))
    assert [item["rule"] for item in error.value.errors] == ["traded-names"]
    assert shown("Person/ann")["email"] == "ann@example.org"
