"""Objects and links through change sets."""

from __future__ import annotations

from typing import Any

import pytest

from oms_project.core.canonical_json import loads
from oms_project.core.errors import Invalid, NotFound, PreconditionFailed
from ontology import selectors, services
from ontology.contract import Change
from ontology.domain.query import Sort, parse_condition
from tests.integration.instances.conftest import (
    NAME,
    Commit,
    definition,
    delete,
    link,
    thing,
    update,
)


def shown(target: str, ref: str = "") -> dict[str, Any]:
    view: dict[str, Any] = loads(selectors.get_document(ontology=NAME, target=target, ref=ref).json)
    return view


def rules_of(error: pytest.ExceptionInfo[Invalid]) -> list[tuple[str, str, str]]:
    return [(item["document"], item["field"], item["rule"]) for item in error.value.errors]


def test_an_object_is_read_as_it_was_written(staff: None) -> None:
    ann = shown("Person/ann")
    assert (ann["@id"], ann["@type"], ann["age"]) == ("Person/ann", "Person", 34)
    assert (ann["salary"], ann["born"]) == ("5200.5", "1992-03-01T00:00:00Z")
    view = selectors.get_document(ontology=NAME, target="Party/ann")
    assert (view.id, view.title, view.type, view.kind) == (
        "Person/ann",
        "Ann Lee",
        "Person",
        "Object",
    )


def test_a_link_shows_its_ends(commit: Commit, staff: None) -> None:
    found = selectors.list_documents(ontology=NAME, kinds=["Link"]).items
    ends = {(loads(item.json)["@source"], loads(item.json)["@target"]) for item in found}
    assert ("Person/ann", "Company/acme") in ends
    assert {item.type for item in found} == {"worksFor"}


def test_update_is_a_merge_patch(commit: Commit, staff: None) -> None:
    result = commit(update("Person/ann", age=35, grade=None, home={"zip": "04524"}))
    ann = shown("Person/ann")
    assert (ann["age"], "grade" in ann) == (35, False)
    assert ann["home"] == {"city": "Seoul", "zip": "04524"}
    assert [item.id for item in result.documents] == ["Person/ann"]
    assert [field.path for field in result.changes.changes[0].fields] == [
        "/age",
        "/grade",
        "/home",
    ]


def test_replace_is_the_whole_object(commit: Commit, staff: None) -> None:
    commit(Change(op="replace", target="Person/ann", fields={"code": "ann", "age": 3}))
    assert {key for key in shown("Person/ann") if not key.startswith(("_", "@"))} == {
        "rid",
        "code",
        "age",
    }


def test_every_error_at_once(commit: Commit, people: None) -> None:
    with pytest.raises(Invalid) as error:
        commit(
            thing("Person", code="x", age=-1, grade="C", nicknames=["a", "b", "c", "d"]),
            thing("Person", name="No code", home={"zip": "1"}, shoe=44),
            thing("Party", code="y"),
            thing("Nothing", code="z"),
        )
    assert set(rules_of(error)) == {
        ("Person/x", "/age", "value-type"),
        ("Person/x", "/grade", "enum"),
        ("Person/x", "/nicknames", "array"),
        (error.value.errors[3]["document"], "/home", "struct"),
        (error.value.errors[3]["document"], "/shoe", "unknown-property"),
        (error.value.errors[3]["document"], "/code", "required"),
        ("Nothing", "/changes/3/type", "unknown-type"),
        ("Party/y", "/_type", "abstract-type"),
    }


def test_keys_are_ones_own(commit: Commit, staff: None) -> None:
    with pytest.raises(Invalid) as error:
        commit(thing("Person", code="ann"))
    assert [rule for _, _, rule in rules_of(error)] == ["primary-key"]
    with pytest.raises(Invalid) as error:  # the key is Party's: a company is in the way too
        commit(thing("Person", code="acme"))
    assert [rule for _, _, rule in rules_of(error)] == ["primary-key"]
    with pytest.raises(Invalid) as error:
        commit(update("Person/bob", code="ann"))
    assert [rule for _, _, rule in rules_of(error)] == ["primary-key"]
    commit(update("Person/bob", code="rob"))
    assert shown("Person/rob")["name"] == "Bob Stone"
    with pytest.raises(NotFound):
        shown("Person/bob")
    commit(thing("Person", code="bob", name="Another Bob"))
    assert shown("Person/bob")["rid"] != shown("Person/rob")["rid"]


def test_unique_values(commit: Commit, staff: None) -> None:
    for changes in (
        [update("Person/bob", email="ann@example.org")],
        [thing("Person", code="new", email="ann@example.org")],
        [thing("Person", code="n1", email="n@x"), thing("Person", code="n2", email="n@x")],
        [thing("Company", code="acme2", name="Acme Ltd", country="GB")],
    ):
        with pytest.raises(Invalid) as error:
            commit(*changes)
        assert {rule for _, _, rule in rules_of(error)} == {"unique"}
    commit(thing("Company", code="acme2", name="Acme Ltd", country="US"))
    # Handed over in one commit.
    commit(update("Person/ann", email="lee@x"), update("Person/bob", email="ann@example.org"))


def test_links_obey_their_type(commit: Commit, staff: None) -> None:
    for change, rule in (
        (link("worksFor", "Person/ann", "Company/bolt"), "cardinality"),
        (link("worksFor", "Person/ann", "Company/acme"), "duplicate-link"),
        (link("worksFor", "Company/acme", "Company/bolt"), "link-end"),
        (link("worksFor", "Person/nobody", "Company/bolt"), "unknown-reference"),
        (link("worksFor", "Person/cho", "Company/acme", since="soon"), "data-type"),
    ):
        with pytest.raises(Invalid) as error:
            commit(change)
        assert rule in {found for _, _, found in rules_of(error)}
    old = selectors.list_documents(ontology=NAME, kinds=["Link"]).items
    mine = next(item for item in old if '"Person/ann"' in item.json)
    commit(delete(mine.id), link("worksFor", "Person/ann", "Company/bolt"))


def test_deleting_follows_the_links(commit: Commit, staff: None) -> None:
    commit(
        link("owns", "Company/acme", "Company/bolt"),
        link("insures", "Company/bolt", "Person/cho"),
    )
    with pytest.raises(Invalid) as error:
        commit(delete("Person/cho"))
    assert rules_of(error) == [("Person/cho", "", "linked")]
    commit(delete("Person/ann"))  # detached
    with pytest.raises(Invalid) as error:
        commit(delete("Company/acme"))  # takes bolt along, which insures somebody
    assert ("Company/bolt", "", "linked") in rules_of(error)
    result = commit(delete("Company/acme"), delete("Person/cho"))
    assert result.changes.stats["Object"] == {"delete": 3}
    assert result.changes.stats["Link"] == {"delete": 4}
    commit(Change(op="restore", target="Company/bolt"))
    assert shown("Company/bolt")["name"] == "Bolt GmbH"


def test_definitions_and_data_in_one_commit(commit: Commit, people: None) -> None:
    commit(
        definition(
            "ObjectType",
            {
                "apiName": "Pet",
                "primaryKey": ["tag"],
                "properties": [{"apiName": "tag", "dataTypes": ["integer"], "required": True}],
            },
        ),
        definition("LinkType", {"apiName": "keeps", "sources": ["Person"], "targets": ["Pet"]}),
        thing("Person", code="dan"),
        thing("Pet", tag=7),
        link("keeps", "Person/dan", "Pet/7"),
    )
    assert shown("Pet/7")["tag"] == 7


def test_a_stale_etag_is_refused(commit: Commit, staff: None) -> None:
    with pytest.raises(PreconditionFailed):
        commit(Change(op="update", target="Person/ann", fields={"age": 1}, if_match="0" * 64))


def test_a_warning_is_no_error(commit: Commit, staff: None) -> None:
    result = commit(update("Person/ann", fax="123"))
    assert [(item["document"], item["field"]) for item in result.warnings] == [
        ("Person/ann", "/fax")
    ]
    assert commit(update("Person/ann", age=36)).warnings == ()  # used before, not anew
    members = [{"code": "A"}, {"code": "B", "status": "deprecated"}]
    commit(Change(op="update", target="EnumType/Grade", fields={"members": members}))
    result = commit(update("Person/ann", grade="B"))
    assert [item["message"] for item in result.warnings] == [
        "'B' is a deprecated value of 'grade'."
    ]


def test_a_renamed_property_takes_its_values_along(commit: Commit, staff: None) -> None:
    person = selectors.get_document(ontology=NAME, target="ObjectType/Person").body
    properties = [dict(item) for item in person["properties"]]
    for item in properties:
        if item["apiName"] == "age":
            item["apiName"] = "years"
    commit(Change(op="update", target="ObjectType/Person", fields={"properties": properties}))
    assert (shown("Person/ann")["years"], "age" in shown("Person/ann")) == (34, False)
    page = selectors.list_objects(ontology=NAME, type="Person", sort=[Sort("years")])
    assert [item.id for item in page.items] == ["Person/cho", "Person/ann", "Person/bob"]


def test_what_exists_is_counted(commit: Commit, staff: None) -> None:
    person = selectors.get_document(ontology=NAME, target="ObjectType/Person").body
    properties = [dict(item) for item in person["properties"]]
    for item in properties:
        if item["apiName"] == "grade":
            item["required"] = True
    with pytest.raises(Invalid) as error:
        commit(Change(op="update", target="ObjectType/Person", fields={"properties": properties}))
    assert [item["message"] for item in error.value.errors] == [
        "1 have no 'grade'. First: Person/cho"
    ]
    with pytest.raises(Invalid) as error:
        commit(
            Change(
                op="update",
                target="LinkType/worksFor",
                fields={"sourceCardinality": {"max": 1}},
            )
        )
    assert "First: Company/acme" in error.value.errors[0]["message"]
    with pytest.raises(Invalid) as error:
        commit(delete("LinkType/worksFor"))
    assert "There are 3 links of this type" in error.value.errors[0]["message"]


def test_a_new_branch_does_not_see_what_came_after_it(commit: Commit, staff: None) -> None:
    """Neither when it is read nor when it is written to first: its line is still the other's."""
    services.create_branch(ontology=NAME, name="work", from_ref="main")
    commit(thing("Person", code="dee", email="dee@x"), update("Person/bob", email="bob@x"))
    commit(thing("Person", code="dee", email="dee@x"), branch="work")
    commit(update("Person/ann", email="bob@x"), branch="work")
    person = selectors.get_document(ontology=NAME, target="ObjectType/Person", ref="work").body
    services.create_branch(ontology=NAME, name="more", from_ref="main")
    commit(update("Person/bob", salary=1))
    properties = [
        {**item, "indexed": True} if item["apiName"] == "salary" else item
        for item in person["properties"]
    ]
    change = Change(op="update", target="ObjectType/Person", fields={"properties": properties})
    commit(change, branch="more")
    sort = [Sort("salary")]
    page = selectors.list_objects(ontology=NAME, type="Person", ref="more", sort=sort)
    assert [item.id for item in page.items][:2] == ["Person/bob", "Person/ann"]
    where = parse_condition("salary:eq:4100")
    page = selectors.list_objects(ontology=NAME, type="Person", ref="more", where=where)
    assert [item.id for item in page.items] == ["Person/bob"]
    assert selectors.verify(ontology=NAME).ok
