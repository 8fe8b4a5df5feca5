"""Three-way merge by example: documents and their fields."""

from __future__ import annotations

import pytest

from ontology.contract import Resolution
from ontology.domain.documents import DocumentChange, normalise
from ontology.domain.kinds import Kind
from ontology.domain.merge import MergeOutcome, merge_changes
from tests.unit.domain.merging import (
    OTHER,
    RID,
    Body,
    conflicts,
    merge,
    merged,
    name,
    person,
)


def test_what_one_side_changed_is_taken() -> None:
    base, new = person(), person(color="red")
    theirs = {
        RID: DocumentChange(RID, Kind.OBJECT_TYPE, base, new),
        OTHER: DocumentChange(OTHER, Kind.OBJECT_TYPE, base, None),
    }
    assert merge_changes({}, theirs).changes == list(theirs.values())
    assert merge_changes(theirs, {}) == MergeOutcome()


def test_both_sides_did_the_same() -> None:
    base, new = person(), person(color="red")
    for one, other in ((base, new), (base, None), (None, new)):
        assert merge(one, other, other) == MergeOutcome()


def test_deleted_here_and_edited_there() -> None:
    base, edited = person(), person(color="red", tags=["x"])
    outcome = merge(base, None, edited)
    (conflict,) = outcome.conflicts
    assert outcome.changes == []
    assert (conflict.id, conflict.type, conflict.path) == ("ObjectType/Person#", "delete/edit", "")
    assert (conflict.base, conflict.ours, conflict.theirs) == (base, None, edited)
    assert conflict.message == (
        "ObjectType/Person was deleted by ours and changed (tags, color) by theirs. "
        "Take ours to delete it, theirs to keep it as changed, or base to keep it as it was."
    )
    (mirror,) = merge(base, edited, None).conflicts
    assert (mirror.type, mirror.ours, mirror.theirs) == ("edit/delete", edited, None)


def test_deleted_here_and_renamed_there_says_the_new_name() -> None:
    renamed = person() | {"apiName": "Human", "aliases": ["Person"]}
    (conflict,) = merge(person(), None, renamed).conflicts
    assert conflict.document == "ObjectType/Person"
    assert conflict.message == (
        "ObjectType/Person was deleted by ours and renamed to ObjectType/Human by theirs. "
        "Take ours to delete it, theirs to keep it as changed, or base to keep it as it was."
    )


def test_the_choice_settles_whether_a_document_lives() -> None:
    base, edited = person(), person(color="red")
    assert merge(base, None, edited, Resolution("ours")) == MergeOutcome(resolved=1)
    for choice, after in (("theirs", edited), ("base", base)):
        outcome = merge(base, None, edited, Resolution(choice))  # type: ignore[arg-type]
        assert outcome.changes == [DocumentChange(RID, Kind.OBJECT_TYPE, None, after)]
    assert merge(base, edited, None, Resolution("theirs")).changes == [
        DocumentChange(RID, Kind.OBJECT_TYPE, edited, None)
    ]


def test_added_on_both_sides_merges_field_by_field() -> None:
    ours, theirs = person(color="red", tags=["a"]), person(icon="user", tags=["b"])
    assert merge(None, ours, theirs).changes[0].after == person(
        color="red", icon="user", tags=["a", "b"]
    )
    (conflict,) = merge(None, ours, person(color="blue")).conflicts
    assert (conflict.type, conflict.path) == ("add/add", "/color")
    assert conflict.message == (
        'Both sides added color of ObjectType/Person differently: ours has "red", '
        'theirs has "blue". Take ours, theirs or give a value.'
    )


def test_a_rename_and_an_edit_meet() -> None:
    renamed = person(aliases=["Person"], tags=["a"]) | {"apiName": "Human"}
    edited = person(color="red", tags=["a", "b"])
    assert merged(person(tags=["a"]), renamed, edited) == (
        person(aliases=["Person"], color="red", tags=["a", "b"]) | {"apiName": "Human"}
    )


def test_renamed_differently() -> None:
    ours = person(aliases=["Person"]) | {"apiName": "Human"}
    theirs = person(aliases=["Person"]) | {"apiName": "Individual"}
    (conflict,) = merge(person(), ours, theirs).conflicts
    assert (conflict.id, conflict.type) == ("ObjectType/Human#/apiName", "rename/rename")
    assert conflict.message == (
        'Both sides renamed ObjectType/Human differently: ours has "Human", theirs has '
        '"Individual" (before: "Person"). Take ours, theirs, base or give a value.'
    )
    back = merge(person(), ours, theirs, Resolution("base")).changes[0].after
    assert back == person()  # its own name is no alias


def test_an_atomic_field_changed_differently() -> None:
    outcome = merge(person(color="red"), person(color="green"), person(color="blue"))
    (conflict,) = outcome.conflicts
    assert (conflict.type, conflict.path, conflict.label) == ("edit/edit", "/color", "/color")
    assert (conflict.base, conflict.ours, conflict.theirs) == ("red", "green", "blue")
    assert conflict.message == (
        'Both sides changed color of ObjectType/Person differently: ours has "green", theirs '
        'has "blue" (before: "red"). Take ours, theirs, base or give a value.'
    )


def test_an_absent_field_is_called_by_its_default() -> None:
    (conflict,) = merge(person(), person(status="deprecated"), person(status="archived")).conflicts
    assert '(before: "active")' in conflict.message


def test_long_texts_are_shown_where_they_part() -> None:
    start = "The same beginning of both texts, which is longer than what a message shows: "
    ours, theirs = person(color=f"{start}mine, and then more"), person(color=f"{start}yours")
    (conflict,) = merge(person(), ours, theirs).conflicts
    assert conflict.message == (
        "Both sides changed color of ObjectType/Person differently: ours has …h is longer than what "
        'a message shows: mine, and then more", theirs has …th texts, which is longer than what a '
        'message shows: yours" (before: nothing). Take ours, theirs, base or give a value.'
    )


def test_messages_use_the_names_of_the_sides() -> None:
    changes = {RID: DocumentChange(RID, Kind.OBJECT_TYPE, person(), person(color="red"))}
    others = {RID: DocumentChange(RID, Kind.OBJECT_TYPE, person(), person(color="blue"))}
    (conflict,) = merge_changes(changes, others, sides=("main", "v30")).conflicts
    assert 'main has "red", v30 has "blue"' in conflict.message


def test_texts_merge_by_language() -> None:
    base = person(description={"en": "A person.", "de": "Eine Person."})
    ours = person(description={"en": "A human.", "de": "Eine Person."})
    theirs = person(description={"en": "A person.", "ko": "사람"})
    assert merged(base, ours, theirs) == person(description={"en": "A human.", "ko": "사람"})
    assert conflicts(merge(base, ours, person(description={"en": "x", "de": "Eine Person."}))) == [
        ("edit/edit", "/description/en")
    ]


def test_sets_merge_by_member() -> None:
    base, ours, theirs = person(tags=["a", "b"]), person(tags=["b", "c"]), person(tags=["a"])
    assert merged(base, ours, theirs) == person(tags=["c"])


def test_prefixes_merge_by_prefix() -> None:
    def header(**prefixes: str) -> Body:
        return normalise(Kind.ONTOLOGY, {"baseIri": "https://x.example/", "prefixes": prefixes})

    base, ours, theirs = header(a="1"), header(a="1", b="2"), header(c="3")
    assert merged(base, ours, theirs, Kind.ONTOLOGY) == header(b="2", c="3")
    outcome = merge(base, ours, header(a="1", b="3"), kind=Kind.ONTOLOGY)
    assert conflicts(outcome) == [("edit/edit", "/prefixes/b")]


def test_lists_of_names_are_atomic() -> None:
    base, ours = person(primaryKey=["a"]), person(primaryKey=["a", "b"])
    assert conflicts(merge(base, ours, person(primaryKey=["a", "c"]))) == [
        ("edit/edit", "/primaryKey")
    ]


def test_a_record_that_both_sides_added_merges_by_field() -> None:
    ours, theirs = person(deprecation={"since": "2"}), person(deprecation={"reason": {"en": "x"}})
    assert merged(person(), ours, theirs) == person(
        deprecation={"since": "2", "reason": {"en": "x"}}
    )
    assert conflicts(merge(person(), ours, person(deprecation={"since": "3"}))) == [
        ("add/add", "/deprecation/since")
    ]


def test_a_record_deleted_here_and_edited_there() -> None:
    outcome = merge(
        person(deprecation={"since": "1"}), person(), person(deprecation={"since": "2"})
    )
    assert conflicts(outcome) == [("delete/edit", "/deprecation")]


def typed(*types: str) -> Body:
    return person(properties=[name(dataTypes=list(types))] if types else [name()])


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "expected"),
    [
        (["string"], ["string", "uri"], ["string", "integer"], ["integer", "string", "uri"]),
        (["string", "uri"], ["string"], ["string", "uri", "date"], ["date", "string"]),
        (["string", "uri", "date"], ["string", "uri"], ["string", "date"], ["string"]),
    ],
)
def test_data_types_merge_as_a_set(
    base: list[str], ours: list[str], theirs: list[str], expected: list[str]
) -> None:
    assert merged(typed(*base), typed(*ours), typed(*theirs)) == typed(*expected)


@pytest.mark.parametrize(
    ("base", "ours", "theirs"),
    [
        (["string"], ["integer"], ["date"]),  # each replaced it
        (["string"], ["integer"], []),  # one replaced it, the other took it away
        ([], ["integer"], ["date"]),  # each narrowed down "anything"
        (["string", "date"], ["string"], ["date"]),  # nothing would be left, which means anything
    ],
)
def test_data_types_that_contradict_are_a_conflict(
    base: list[str], ours: list[str], theirs: list[str]
) -> None:
    outcome = merge(typed(*base), typed(*ours), typed(*theirs))
    assert conflicts(outcome) == [("edit/edit", "/properties/p1/dataTypes")]
    (conflict,) = outcome.conflicts
    assert conflict.label == "/properties/name/dataTypes"
