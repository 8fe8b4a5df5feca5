"""Three-way merge of lists by example: by key, and in which order."""

from __future__ import annotations

import pytest

from oms_project.core.errors import Invalid
from ontology.contract import Resolution
from ontology.domain.kinds import Kind
from tests.unit.domain.merging import (
    RID,
    Body,
    codes,
    conflicts,
    enum,
    merge,
    merged,
    name,
    person,
)


def test_properties_merge_by_rid_and_then_by_field() -> None:
    base = person(properties=[name(), {"rid": "p2", "apiName": "age"}])
    ours = person(properties=[name(apiName="fullName"), {"rid": "p3", "apiName": "email"}])
    theirs = person(
        properties=[
            name(required=True),
            {"rid": "p2", "apiName": "age"},
            {"rid": "p4", "apiName": "x"},
        ]
    )
    assert merged(base, ours, theirs) == person(
        properties=[
            {"rid": "p3", "apiName": "email"},
            name(apiName="fullName", required=True),
            {"rid": "p4", "apiName": "x"},
        ]
    )


def test_a_property_deleted_here_and_edited_there() -> None:
    outcome = merge(person(properties=[name()]), person(), person(properties=[name(required=True)]))
    (conflict,) = outcome.conflicts
    assert conflict.id == "ObjectType/Person#/properties/p1"
    assert (conflict.type, conflict.label) == ("delete/edit", "/properties/name")
    assert (conflict.ours, conflict.theirs) == (None, name(required=True))
    assert conflict.message == (
        "properties/name of ObjectType/Person was deleted by ours and changed (required) by "
        "theirs. Take ours to delete it, theirs to keep it as changed, or base to keep it as it "
        "was."
    )


def test_a_property_renamed_differently() -> None:
    outcome = merge(
        person(properties=[name()]),
        person(properties=[name(apiName="fullName")]),
        person(properties=[name(apiName="label")]),
    )
    assert conflicts(outcome) == [("rename/rename", "/properties/p1/apiName")]
    assert "Both sides renamed properties/fullName of ObjectType/Person" in (
        outcome.conflicts[0].message
    )


def test_a_property_that_both_sides_added_alike_under_two_rids_is_one() -> None:
    ours = person(properties=[{"rid": "p9", "apiName": "email", "required": True}])
    theirs = person(properties=[{"rid": "p8", "apiName": "email", "required": True}])
    assert merged(person(), ours, theirs) == merged(person(), theirs, ours) == theirs


def test_two_properties_of_one_name_are_left_to_validation() -> None:
    ours = person(properties=[{"rid": "p9", "apiName": "email", "required": True}])
    theirs = person(properties=[{"rid": "p8", "apiName": "email"}])
    assert len(merged(person(), ours, theirs)["properties"]) == 2


def test_items_that_share_a_key_merge_as_a_whole() -> None:
    twice = [{"relation": "exactMatch", "iri": "x"}] * 2
    base, ours = person(externalMappings=twice), person(externalMappings=twice[:1])
    theirs = person(externalMappings=[*twice, {"relation": "exactMatch", "iri": "y"}])
    assert conflicts(merge(base, ours, theirs)) == [("edit/edit", "/externalMappings")]
    assert merged(base, ours, base | {"color": "red"}) == ours | {"color": "red"}


def test_values_of_an_object_are_atomic() -> None:
    base = {"_type": RID, "tags": ["a"], "name": "x"}
    ours = {"_type": RID, "tags": ["a", "b"], "name": "x"}
    assert merged(base, ours, {"_type": RID, "tags": ["a"]}, Kind.OBJECT) == {
        "_type": RID,
        "tags": ["a", "b"],
    }
    outcome = merge(base, ours, base | {"tags": ["a", "c"]}, kind=Kind.OBJECT)
    assert conflicts(outcome) == [("edit/edit", "/tags")]


def test_a_number_and_a_truth_value_are_different_edits() -> None:
    base, ours, theirs = ({"_type": RID, "v": value} for value in (0, 1, True))
    assert conflicts(merge(base, ours, theirs, kind=Kind.OBJECT)) == [("edit/edit", "/v")]


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "expected"),
    [
        ("ABC", "CAB", "ABC", "CAB"),  # one side reorders
        ("ABC", "CAB", "ABCX", "CXAB"),  # an addition keeps its neighbour
        ("ABC", "ABXC", "YABC", "YABXC"),  # additions at different places
        ("AB", "AXB", "AYB", "AXYB"),  # at the same place: by code
        ("AB", "AYZB", "AXB", "AXYZB"),  # runs stay together
        ("AB", "AYXB", "AZB", "AYXZB"),
        ("ABC", "AB", "ACB", "AB"),  # what one side deleted cannot disagree on order
        ("ABC", "CBA", "CBA", "CBA"),
        ("ABC", "BAC", "ABXC", "BXAC"),
        ("AB", "AXB", "ABX", None),  # the same addition at two places
        ("ABC", "CAB", "BAC", None),
        ("ABC", "CABX", "BAC", None),
        ("AB", "BXA", "ABX", "BXA"),  # who reordered also places what both added
        ("", "AB", "BA", None),
    ],
)
def test_the_order_of_members(base: str, ours: str, theirs: str, expected: str | None) -> None:
    for one, other in ((ours, theirs), (theirs, ours)):
        outcome = merge(
            enum(base, A="0"), enum(one, A="0"), enum(other, A="1"), kind=Kind.ENUM_TYPE
        )
        if expected is None:
            assert ("order", "/members") in conflicts(outcome)
        else:
            assert codes(outcome.changes[0].after) == expected


def test_a_new_order_here_and_a_deletion_there_is_a_conflict() -> None:
    base, arranged = enum("ABC"), enum("CAB")
    assert conflicts(merge(base, None, arranged, kind=Kind.ENUM_TYPE)) == [("delete/edit", "")]
    assert conflicts(merge(base, arranged, None, kind=Kind.ENUM_TYPE)) == [("edit/delete", "")]
    outcome = merge(base, None, arranged, Resolution("theirs"), kind=Kind.ENUM_TYPE)
    assert codes(outcome.changes[0].after) == "CAB"


def test_the_choice_settles_the_order() -> None:
    base, ours, theirs = enum("ABC"), enum("CABX"), enum("BACY")
    (conflict,) = merge(base, ours, theirs, kind=Kind.ENUM_TYPE).conflicts
    assert (conflict.base, conflict.ours, conflict.theirs) == (
        ["A", "B", "C"],
        ["C", "A", "B", "X"],
        ["B", "A", "C", "Y"],
    )
    assert conflict.message == (
        "Both sides changed the order of members of EnumType/Letter: ours has C, A, B, X; theirs "
        "has B, A, C, Y. Take ours, theirs, base or give the keys in the order wanted."
    )
    value = ["X", "Y", "A", "B", "C"]
    for resolution, expected in (
        (Resolution("ours"), "CYABX"),
        (Resolution("theirs"), "BXACY"),
        (Resolution("base"), "ABXCY"),
        (Resolution("value", "EnumType/Letter", "/members", value), "XYABC"),
    ):
        outcome = merge(base, ours, theirs, resolution, kind=Kind.ENUM_TYPE)
        assert codes(outcome.changes[0].after if outcome.changes else ours) == expected
    with pytest.raises(
        Invalid, match="list exactly these keys, in the order wanted: A, B, C, X, Y"
    ):
        merge(
            base,
            ours,
            theirs,
            Resolution("value", "EnumType/Letter", "/members", ["A"]),
            kind=Kind.ENUM_TYPE,
        )


def test_unique_constraints_merge_by_name() -> None:
    def unique(**names: list[str]) -> Body:
        return person(
            uniqueConstraints=[{"name": name, "properties": names[name]} for name in names]
        )

    base, ours, theirs = unique(a=["x"]), unique(a=["x", "y"]), unique(a=["x"], b=["z"])
    assert merged(base, ours, theirs) == unique(a=["x", "y"], b=["z"])
    assert conflicts(merge(base, ours, unique(a=["z"]))) == [
        ("edit/edit", "/uniqueConstraints/a/properties")
    ]
