"""Change sets: many changes in order, one commit, all or nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oms_project.core.errors import (
    Conflict,
    Invalid,
    NotFound,
    OmsError,
    PreconditionFailed,
)
from oms_project.core.ids import derived_id
from ontology import selectors, services
from ontology.contract import Change
from ontology.store import store
from tests.integration.ontology.conftest import NAME, Ontology, create, prop


def rules(error: pytest.ExceptionInfo[OmsError]) -> list[tuple[str, str, str]]:
    return [(one["document"], one["field"], one["rule"]) for one in error.value.errors]


# --- creating ---------------------------------------------------------------------------------------


def test_a_created_definition_can_be_read_in_all_its_ways(world: Ontology) -> None:
    result = world.commit(
        create("ObjectType", "Person", iri="https://x.example/Person", tags=["b", "a"])
    )
    (document,) = result.documents
    assert (document.id, document.kind, document.name) == (
        "ObjectType/Person",
        "ObjectType",
        "Person",
    )
    assert document.body == {
        "apiName": "Person", "iri": "https://x.example/Person", "tags": ["a", "b"],
    }  # fmt: skip
    for target in (
        document.rid,
        "ObjectType/Person",
        "ObjectType/PERSON",
        "Person",
        "https://x.example/Person",
    ):
        assert selectors.get_document(ontology=NAME, target=target) == document
    assert result.commit is not None
    assert result.head == result.commit.id == world.head()
    rendered = json.loads(document.json)
    assert rendered["@id"] == "ObjectType/Person"
    assert rendered["_created_by_username"] == rendered["_updated_by_username"] == "system"


def test_a_rid_comes_from_the_iri_or_the_name(world: Ontology) -> None:
    namespace = store.rid_namespace(store.get_ontology(NAME).id)
    assert world.create("ObjectType", "A") == derived_id(namespace, "ObjectType", "A")
    assert world.create("ObjectType", "B", iri="x:b") == derived_id(namespace, "ObjectType", "x:b")


def test_the_same_thing_made_on_two_branches_meets_in_a_merge(world: Ontology) -> None:
    world.branch("side")
    one = world.create("ObjectType", "Person", description={"en": "Ours"})
    other = world.create("ObjectType", "Person", branch="side", displayName={"en": "Theirs"})
    assert one == other
    assert world.merge("side").status == "merged"
    assert world.names() == ["ObjectType/Person"]


def test_references_of_every_form_within_one_change_set(world: Ontology) -> None:
    """Also to what stands further down."""
    old = world.create("ObjectType", "Old", iri="https://x.example/Old")
    result = world.commit(
        create("ObjectType", "Child", parents=["Parent", "ObjectType/old", old]),
        create("LinkType", "knows", sources=["Child"], targets=["Has", "https://x.example/Old"]),
        create("ObjectType", "Parent", interfaces=["Interface/Has"], properties=[
            prop("name", sharedProperty="name"), prop("size", "Size", "string"),
        ]),
        create("SharedProperty", "name", dataTypes=["string"]),
        create("Interface", "Has"),
        create("EnumType", "Size", members=[{"code": "L"}]),
    )  # fmt: skip
    rid = {document.name: document.rid for document in result.documents}
    assert world.body("Child")["parents"] == sorted([rid["Parent"], old])
    assert world.body("knows")["targets"] == sorted([rid["Has"], old])
    parent = world.body("Parent")
    assert parent["interfaces"] == [rid["Has"]]
    assert parent["properties"][0]["sharedProperty"] == rid["name"]
    assert parent["properties"][1]["dataTypes"] == sorted([rid["Size"], "string"])
    assert len(result.changes.changes) == 6
    assert result.commit is not None
    assert result.commit.change_count == 6


def test_an_unknown_reference_is_told_with_its_place(world: Ontology) -> None:
    with world.untouched(), pytest.raises(Invalid, match="There is no 'Nobody'") as refused:
        world.commit(create("ObjectType", "A", parents=["Nobody"]))
    assert rules(refused) == [("ObjectType/A", "/parents/0", "unknown-reference")]


def test_a_taken_name(world: Ontology) -> None:
    world.create("ObjectType", "Person")
    with (
        world.untouched(),
        pytest.raises(Conflict, match="ObjectType/Person exists already") as refused,
    ):
        world.create("ObjectType", "PERSON")
    assert refused.value.error_code == "already_exists"
    world.create("Interface", "Person")
    with world.untouched(), pytest.raises(Invalid) as refused:
        world.commit(create("ObjectType", "A"), create("ObjectType", "A"))
    assert ("ObjectType/A", "/apiName", "duplicate-name") in rules(refused)


def test_new_names_follow_the_convention(world: Ontology) -> None:
    with world.untouched(), pytest.raises(Invalid) as refused:
        world.commit(
            create("ObjectType", "person", properties=[prop("Name", "string")]),
            create("EnumType", "Color", members=[{"code": "red"}]),
        )
    assert rules(refused) == [
        ("ObjectType/person", "/apiName", "naming"),
        ("ObjectType/person", "/properties/0/apiName", "naming"),
        ("EnumType/Color", "/members/0/code", "naming"),
    ]


def test_every_problem_of_every_document_is_told(world: Ontology) -> None:
    with world.untouched(), pytest.raises(Invalid) as refused:
        world.commit(
            create("ObjectType", "A", colour="red"), create("SharedProperty", "b", dataTypes=5)
        )
    assert rules(refused) == [
        ("ObjectType/A", "/colour", "shape"), ("SharedProperty/b", "/dataTypes", "shape"),
    ]  # fmt: skip
    with world.untouched(), pytest.raises(Invalid) as refused:
        world.commit(
            create("ValueType", "A", baseType="text"), create("ObjectType", "B", titleProperty="x")
        )
    assert refused.value.error_code == "invalid_state"
    assert sorted(rules(refused)) == [
        ("ObjectType/B", "/titleProperty", "unknown-property"),
        ("ValueType/A", "/baseType", "data-type"),
    ]


# --- updating ---------------------------------------------------------------------------------------


def test_an_update_is_a_merge_patch(world: Ontology) -> None:
    world.create(
        "ObjectType", "A",
        displayName={"en": "A", "ko": "가"}, description={"en": "x"}, tags=["a"], color="red",
    )  # fmt: skip
    world.update(
        "A",
        displayName={"en": None, "de": "Ä"},
        description=None,
        tags=["b"],
        icon="i",
        deprecation={"since": "1", "reason": {"en": "Old", "ko": None}},
    )
    assert world.body("A") == {
        "apiName": "A",
        "displayName": {"ko": "가", "de": "Ä"},
        "tags": ["b"],
        "color": "red",
        "icon": "i",
        "deprecation": {"since": "1", "reason": {"en": "Old"}},
    }


def test_a_replacement_is_complete(world: Ontology) -> None:
    world.create("ObjectType", "A", description={"en": "x"}, tags=["a"])
    world.commit(Change("replace", target="A", fields={"icon": "i", "color": None}))
    assert world.body("A") == {"apiName": "A", "icon": "i"}


def test_the_header_is_a_document_too(world: Ontology) -> None:
    world.commit(
        Change("update", target="Ontology", fields={"prefixes": {"x": "https://x.example/"}})
    )
    assert world.body("Ontology")["prefixes"] == {"x": "https://x.example/"}
    world.commit(Change("replace", target="Ontology", fields={"baseIri": "https://new.example/"}))
    assert world.body("Ontology") == {"baseIri": "https://new.example/"}
    with world.untouched(), pytest.raises(Invalid) as refused:
        world.commit(Change("delete", target="Ontology"))
    assert [rule for _, _, rule in rules(refused)] == ["header"]
    with world.untouched(), pytest.raises(Invalid):
        world.commit(Change("rename", target="Ontology", api_name="Other"))


def test_what_a_read_adds_is_taken_out_of_a_write(world: Ontology) -> None:
    world.create("ObjectType", "A", parents=[])
    document = json.loads(selectors.get_document(ontology=NAME, target="A").json)
    result = world.commit(Change("replace", target="A", fields={**document, "icon": "i"}))
    assert result.documents[0].body == {"apiName": "A", "icon": "i"}


def test_properties_keep_their_rid_by_name(world: Ontology) -> None:
    world.create("ObjectType", "A", properties=[prop("x", "string"), prop("y", "string")])
    before = {part["apiName"]: part["rid"] for part in world.body("A")["properties"]}
    world.update("A", properties=[prop("y", "long"), prop("z", "string")])
    after = {part["apiName"]: part["rid"] for part in world.body("A")["properties"]}
    assert after["y"] == before["y"]
    assert len({*before.values(), after["z"]}) == 3
    world.update("A", properties=[prop("renamed", "long", rid=before["y"]), prop("y", "string")])
    now = {part["apiName"]: part["rid"] for part in world.body("A")["properties"]}
    assert now["renamed"] == before["y"]
    assert now["y"] != before["y"]


def test_a_change_that_changes_nothing_makes_no_commit(world: Ontology) -> None:
    world.create("ObjectType", "A", tags=["a", "b"])
    with world.untouched():
        result = world.update("A", tags=["b", "a", "a"], status="active")
        assert (result.commit, result.head, result.changes.changes) == (None, world.head(), ())
        assert [document.name for document in result.documents] == ["A"]
        world.commit(Change("rename", target="A", api_name="A"))
        world.commit(Change("restore", target="A"))


@pytest.mark.parametrize(("before", "after"), [(1, 1.0), (0, -0.0), ([1], [True])])
def test_a_value_that_python_takes_for_equal_is_a_change(
    world: Ontology, before: Any, after: Any
) -> None:
    world.create("SharedProperty", "a", dataTypes=["json"], default=before)
    result = world.update("a", default=after)
    assert result.commit is not None
    assert repr(world.body("a")["default"]) == repr(after)


def test_a_bad_value_that_python_takes_for_a_good_one_is_refused(world: Ontology) -> None:
    world.create("SharedProperty", "a", dataTypes=["integer"], default=1)
    with world.untouched(), pytest.raises(Invalid) as refused:
        world.update("a", default=True)
    assert rules(refused) == [("SharedProperty/a", "/default", "default")]


# --- renaming ---------------------------------------------------------------------------------------


def test_a_rename_leaves_an_alias_and_shows_as_a_rename(world: Ontology) -> None:
    rid = world.create("ObjectType", "Person")
    child = world.create("ObjectType", "Child", parents=["Person"])
    result = world.commit(Change("rename", target="Person", api_name="Human"))
    (change,) = result.changes.changes
    assert (change.operation, change.previous_id, change.id) == (
        "rename", "ObjectType/Person", "ObjectType/Human",
    )  # fmt: skip
    assert selectors.get_document(ontology=NAME, target="ObjectType/person").rid == rid
    assert world.body("Human")["aliases"] == ["Person"]
    assert world.body(child)["parents"] == [rid]
    world.create("ObjectType", "Other", parents=["Person"])
    assert world.body("Other")["parents"] == [rid]


def test_a_name_wins_over_an_alias(world: Ontology) -> None:
    old = world.create("ObjectType", "Person")
    world.commit(Change("rename", target="Person", api_name="Human"))
    new = world.create("ObjectType", "Person")
    assert new != old
    assert selectors.get_document(ontology=NAME, target="Person").rid == new
    assert selectors.get_document(ontology=NAME, target="Human").rid == old


def test_coming_back_to_an_alias(world: Ontology) -> None:
    world.create("ObjectType", "A")
    world.commit(Change("rename", target="A", api_name="B"))
    world.commit(Change("rename", target="A", api_name="A"))
    assert world.body("A") == {"apiName": "A", "aliases": ["B"]}
    world.update("A", apiName="C")
    assert world.body("B") == {"apiName": "C", "aliases": ["A", "B"]}


def test_a_rename_to_a_taken_name(world: Ontology) -> None:
    world.create("ObjectType", "A")
    world.create("ObjectType", "B")
    with world.untouched(), pytest.raises(Invalid) as refused:
        world.commit(Change("rename", target="A", api_name="b"))
    assert {rule for _, _, rule in rules(refused)} == {"naming"}
    with world.untouched(), pytest.raises(Invalid) as refused:
        world.commit(Change("rename", target="A", api_name="B"))
    assert rules(refused) == [("ObjectType/B", "/apiName", "duplicate-name")]


def test_names_can_be_exchanged(world: Ontology) -> None:
    one, other = world.create("ObjectType", "A"), world.create("ObjectType", "B")
    world.commit(
        Change("rename", target=one, api_name="B"), Change("rename", target=other, api_name="A")
    )
    assert (world.body(one)["apiName"], world.body(other)["apiName"]) == ("B", "A")
    assert selectors.get_document(ontology=NAME, target="A").rid == other


# --- deleting and restoring -------------------------------------------------------------------------


def test_a_deleted_document_can_be_read_and_restored(world: Ontology) -> None:
    rid = world.create("ObjectType", "A", iri="x:a", tags=["t"])
    created = json.loads(selectors.get_document(ontology=NAME, target=rid).json)["_created_at"]
    world.commit(Change("delete", target="A"))
    assert world.names() == []
    with pytest.raises(NotFound):
        selectors.get_document(ontology=NAME, target=rid)
    deleted = selectors.get_document(ontology=NAME, target=rid, include_deleted=True)
    assert deleted.deleted is True
    assert json.loads(deleted.json)["_deleted_by"] == "system"
    (document,) = world.commit(Change("restore", target=rid)).documents
    rendered = json.loads(document.json)
    assert (rendered["apiName"], rendered["tags"], rendered["_deleted"]) == ("A", ["t"], False)
    assert rendered["_created_at"] == created
    assert selectors.get_document(ontology=NAME, target="x:a").rid == rid


def test_a_restore_by_name_takes_what_was_deleted_last(world: Ontology) -> None:
    first = world.create("ObjectType", "A")
    world.commit(Change("rename", target="A", api_name="Zed"))
    second = world.create("ObjectType", "A")
    world.commit(Change("delete", target=second))
    world.commit(Change("rename", target=first, api_name="A"))
    world.commit(Change("delete", target=first))
    assert first != second
    assert world.commit(Change("restore", target="ObjectType/a")).documents[0].rid == first
    with world.untouched(), pytest.raises(NotFound):
        world.commit(Change("restore", target="ObjectType/None"))


def test_a_name_that_was_freed_and_taken_cannot_be_restored(world: Ontology) -> None:
    world.create("ObjectType", "A")
    old = world.create("ObjectType", "B")
    world.commit(Change("delete", target="B"), Change("rename", target="A", api_name="B"))
    with world.untouched(), pytest.raises(Invalid) as refused:
        world.commit(Change("restore", target=old))
    assert rules(refused) == [("ObjectType/B", "/apiName", "duplicate-name")]
    world.commit(Change("rename", target="B", api_name="A"), Change("restore", target=old))
    assert world.names() == ["ObjectType/A", "ObjectType/B"]


def test_what_is_referred_to_cannot_be_deleted_alone(world: Ontology) -> None:
    world.create("ObjectType", "A")
    world.create("ObjectType", "B", parents=["A"])
    with world.untouched(), pytest.raises(Invalid, match="which is deleted") as refused:
        world.commit(Change("delete", target="A"))
    assert rules(refused) == [("ObjectType/B", "/parents/0", "dangling-reference")]
    with world.untouched(), pytest.raises(Invalid) as refused:
        world.commit(
            Change("delete", target="A"), Change("update", target="B", fields={"icon": "i"})
        )
    assert rules(refused) == [("ObjectType/B", "/parents/0", "dangling-reference")]
    world.commit(Change("delete", target="A"), Change("delete", target="B"))
    assert world.names() == []


def test_what_was_deleted_can_be_created_again(world: Ontology) -> None:
    world.create("ObjectType", "A", icon="i")
    world.commit(Change("delete", target="A"))
    world.create("ObjectType", "A", color="red")
    assert world.body("A") == {"apiName": "A", "color": "red"}
    assert selectors.verify(ontology=NAME).ok


# --- order within a change set ----------------------------------------------------------------------


def test_changes_are_applied_one_after_the_other(world: Ontology) -> None:
    result = world.commit(
        create("ObjectType", "A"),
        Change("update", target="A", fields={"icon": "one", "color": "red"}),
        Change("rename", target="A", api_name="B"),
        Change("update", target="ObjectType/B", fields={"icon": "two"}),
        Change("update", target="A", fields={"tags": ["t"]}),
    )
    (change,) = result.changes.changes
    assert change.operation == "create"
    assert world.body("B") == {
        "apiName": "B", "aliases": ["A"], "icon": "two", "color": "red", "tags": ["t"],
    }  # fmt: skip


def test_a_target_is_what_the_name_means_at_that_point(world: Ontology) -> None:
    old = world.create("ObjectType", "A")
    world.commit(
        Change("update", target="A", fields={"icon": "old"}),
        Change("rename", target="A", api_name="Before"),
        create("ObjectType", "A"),
        Change("update", target="A", fields={"icon": "new"}),
        create("ObjectType", "Child", parents=["A", "Before"]),
    )
    new = selectors.get_document(ontology=NAME, target="A").rid
    assert new != old
    assert (world.body(old)["icon"], world.body(new)["icon"]) == ("old", "new")
    assert world.body("Child")["parents"] == sorted([old, new])


def test_delete_and_create_again_in_one_change_set(world: Ontology) -> None:
    world.create("ObjectType", "A", icon="i")
    world.create("ObjectType", "B", parents=["A"])
    world.commit(
        Change("delete", target="A"),
        create("ObjectType", "A", color="red"),
        Change("update", target="B", fields={"parents": ["A"]}),
    )
    assert world.body("A") == {"apiName": "A", "color": "red"}
    assert world.body("B")["parents"] == [selectors.get_document(ontology=NAME, target="A").rid]


def test_a_reference_to_a_new_name(world: Ontology) -> None:
    rid = world.create("ObjectType", "A")
    world.commit(
        create("ObjectType", "Child", parents=["Human"]),
        Change("rename", target="A", api_name="Human"),
    )
    assert world.body("Child")["parents"] == [rid]


def test_what_does_not_exist_yet_cannot_be_changed(world: Ontology) -> None:
    with world.untouched(), pytest.raises(NotFound, match="There is no document 'A'"):
        world.commit(Change("update", target="A", fields={"icon": "i"}), create("ObjectType", "A"))


def test_what_was_just_deleted_cannot_be_changed(world: Ontology) -> None:
    world.create("ObjectType", "A")
    with world.untouched(), pytest.raises(NotFound):
        world.commit(
            Change("delete", target="A"), Change("update", target="A", fields={"icon": "i"})
        )


def test_a_deletion_that_is_taken_back_changes_nothing(world: Ontology) -> None:
    rid = world.create("ObjectType", "A")
    with world.untouched():
        result = world.commit(Change("delete", target=rid), Change("restore", target=rid))
        assert result.commit is None


def test_many_creations_at_once(world: Ontology) -> None:
    result = world.commit(
        *(
            create("ObjectType", f"T{number}", parents=[f"T{number // 2}"] if number else [])
            for number in range(300)
        )
    )
    assert result.commit is not None
    assert result.commit.change_count == 300
    assert len(world.names()) == 300


# --- guards -----------------------------------------------------------------------------------------


def test_if_match_guards_one_document(world: Ontology) -> None:
    world.create("ObjectType", "A")
    world.create("ObjectType", "B")
    seen = selectors.get_document(ontology=NAME, target="A").etag
    world.update("B", icon="i")
    world.commit(Change("update", target="A", fields={"icon": "i"}, if_match=seen))
    with world.untouched(), pytest.raises(PreconditionFailed) as refused:
        world.commit(Change("update", target="A", fields={"icon": "j"}, if_match=seen))
    now = selectors.get_document(ontology=NAME, target="A").etag
    assert refused.value.data == {"document": "A", "etag": now}
    with world.untouched(), pytest.raises(PreconditionFailed):
        world.commit(Change("delete", target="A", if_match="0" * 64))


def test_if_match_is_about_the_state_before_the_change_set(world: Ontology) -> None:
    world.create("ObjectType", "A")
    seen = selectors.get_document(ontology=NAME, target="A").etag
    world.commit(
        Change("update", target="A", fields={"icon": "i"}, if_match=seen),
        Change("update", target="A", fields={"color": "red"}, if_match=seen),
    )
    assert world.body("A") == {"apiName": "A", "icon": "i", "color": "red"}


@pytest.mark.parametrize("dry_run", [True, False])
def test_an_expected_head_guards_the_branch(world: Ontology, dry_run: bool) -> None:
    seen = world.head()
    world.create("ObjectType", "A")
    with world.untouched(), pytest.raises(Conflict) as refused:
        world.commit(create("ObjectType", "B"), expected_head=seen, dry_run=dry_run)
    assert refused.value.error_code == "stale_head"
    assert refused.value.data == {"head": world.head(), "expected": seen}
    result = world.commit(create("ObjectType", "B"), expected_head=world.head(), dry_run=dry_run)
    assert (result.commit is None) == dry_run


def test_a_dry_run_says_what_would_be_and_changes_nothing(world: Ontology) -> None:
    world.create("ObjectType", "A")
    with world.untouched():
        result = world.commit(
            create("ObjectType", "B", parents=["A"]),
            Change("rename", target="A", api_name="C"),
            dry_run=True,
        )
        assert result.dry_run is True
        assert (result.commit, result.documents) == (None, ())
        assert [(one.operation, one.id) for one in result.changes.changes] == [
            ("create", "ObjectType/B"), ("rename", "ObjectType/C"),
        ]  # fmt: skip
        with pytest.raises(Invalid):
            world.commit(create("ObjectType", "D", parents=["None"]), dry_run=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (Change("create"), "Create needs 'kind' and 'fields'."),
        (Change("create", kind="ObjectType"), "Create needs 'kind' and 'fields'."),
        (
            Change("create", kind="Ontology", fields={"x": 1}),
            "'Ontology' is not a kind; kinds: ObjectType",
        ),
        (Change("create", kind="Nonsense", fields={"x": 1}), "'Nonsense' is not a kind"),
        (Change("update", fields={"x": 1}), "Update needs 'target'."),
        (Change("update", target="A"), "Update needs 'fields'."),
        (Change("rename", target="A"), "Rename needs 'apiName'."),
        (Change("delete"), "Delete needs 'target'."),
    ],
)
def test_what_cannot_be_read_as_a_change(world: Ontology, change: Change, message: str) -> None:
    with world.untouched(), pytest.raises(Invalid) as refused:
        world.commit(create("ObjectType", "Fine"), change)
    (error,) = refused.value.errors
    assert (error["field"], error["rule"]) == ("/changes/1", "command")
    assert message in error["message"]


def test_a_kind_that_is_not_asked_for_does_not_matter(world: Ontology) -> None:
    world.create("ObjectType", "A")
    world.create("ObjectType", "B")
    world.commit(Change("update", kind="Nonsense", target="B", fields={"parents": ["A"]}))
    assert len(world.body("B")["parents"]) == 1


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"message": "  "}, "message_missing"),
        ({"message": "x" * 10_001}, "message_too_long"),
        ({"changes": []}, "empty_change_set"),
        ({"changes": [create("ObjectType", "A")] * 10_001}, "too_many_changes"),
    ],
)
def test_what_every_change_set_needs(world: Ontology, options: dict[str, Any], code: str) -> None:
    changes = options.pop("changes", [create("ObjectType", "A")])
    with world.untouched(), pytest.raises(Invalid) as refused:
        world.commit(*changes, **options)
    assert refused.value.error_code == code


def test_a_message_is_kept_without_the_space_around_it(world: Ontology) -> None:
    result = world.commit(create("ObjectType", "A"), message="\n Add A \n\n because \n")
    assert result.commit is not None
    assert result.commit.message == "Add A \n\n because"


@pytest.mark.parametrize(("branch", "ontology"), [("none", NAME), ("", "none")])
def test_a_place_that_does_not_exist(world: Ontology, branch: str, ontology: str) -> None:
    with world.untouched(), pytest.raises(NotFound):
        services.commit_changes(
            ontology=ontology, branch=branch, changes=[create("ObjectType", "A")], message="x"
        )


def test_a_text_that_cannot_be_stored_is_refused(world: Ontology) -> None:
    with world.untouched(), pytest.raises(Invalid) as refused:
        world.commit(create("ObjectType", "A", description={"en": "a\0b"}))
    assert rules(refused) == [("ObjectType/A", "/description/en", "text")]


@pytest.mark.parametrize("op", ["objects", "links", "updates"])
def test_more_objects_cost_no_more_questions(world: Ontology, op: str) -> None:
    """Questions to the database, of change sets with 5 and with 50."""
    world.commit(
        create(
            "ObjectType",
            "Person",
            primaryKey=["code"],
            properties=[prop("code", "string", required=True)],
        ),
        create("LinkType", "knows", sources=["Person"], targets=["Person"]),
    )

    def person(number: int) -> Change:
        return Change("create", kind="Object", type="Person", fields={"code": f"p{number}"})

    def knows(number: int) -> Change:
        ends = {"source": f"Person/p{number}", "target": f"Person/p{number + 1}"}
        return Change("create", kind="Link", type="knows", fields={}, **ends)

    def renamed(number: int) -> Change:
        return Change("update", target=f"Person/p{number}", fields={"code": f"q{number}"})

    make = {"objects": person, "links": knows, "updates": renamed}[op]
    if op != "objects":
        world.commit(*map(person, range(101)))
    asked = []
    for numbers in (range(5), range(5, 10), range(10, 60)):
        with CaptureQueriesContext(connection) as queries:
            world.commit(*map(make, numbers))
        asked.append(len(queries))
    # The first one also finds out what the next remember.
    assert asked[2] <= asked[1] + 2
