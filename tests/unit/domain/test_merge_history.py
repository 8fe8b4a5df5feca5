"""Merges against a base that is not simply where the branches parted."""

from __future__ import annotations

from typing import Any

import pytest

from oms_project.core.errors import Invalid
from ontology.contract import Resolution
from ontology.domain.documents import DocumentChange
from ontology.domain.kinds import Kind
from ontology.domain.merge import MergeOutcome, merge_states, revert_changes
from ontology.domain.virtual_base import merge_bases_into_one, virtual_base
from tests.unit.domain.merging import (
    OTHER,
    RID,
    Body,
    conflicts,
    person,
)


def test_a_revert_keeps_what_came_after() -> None:
    change = DocumentChange(RID, Kind.OBJECT_TYPE, person(), person(color="red"))
    outcome = revert_changes({RID: change}, {RID: person(color="red", tags=["later"])})
    assert [entry.after for entry in outcome.changes] == [person(tags=["later"])]


def test_a_revert_of_something_changed_again_conflicts() -> None:
    change = DocumentChange(RID, Kind.OBJECT_TYPE, person(), person(color="red"))
    outcome = revert_changes({RID: change}, {RID: person(color="blue")})
    assert conflicts(outcome) == [("edit/edit", "/color")]


def test_a_revert_of_a_creation_deletes_and_of_a_deletion_restores() -> None:
    created = DocumentChange(RID, Kind.OBJECT_TYPE, None, person())
    assert revert_changes({RID: created}, {RID: person()}).changes == [
        DocumentChange(RID, Kind.OBJECT_TYPE, person(), None)
    ]
    assert revert_changes({RID: created}, {}).changes == []
    assert conflicts(revert_changes({RID: created}, {RID: person(color="red")})) == [
        ("edit/delete", "")
    ]
    deleted = DocumentChange(RID, Kind.OBJECT_TYPE, person(), None)
    assert revert_changes({RID: deleted}, {}).changes == [
        DocumentChange(RID, Kind.OBJECT_TYPE, None, person())
    ]


def criss_cross(base: Body, one: Body | None, two: Body | None) -> Any:
    return merge_bases_into_one({RID: Kind.OBJECT_TYPE}, {RID: one}, {RID: two}, {RID: base})


def heads(virtual: Any, ours: Body | None, theirs: Body | None) -> MergeOutcome:
    return merge_states({RID: Kind.OBJECT_TYPE}, virtual, {RID: ours}, {RID: theirs})


def test_bases_that_agree_give_an_ordinary_base() -> None:
    virtual = criss_cross(person(), person(color="red"), person(icon="a"))
    assert virtual == {RID: person(color="red", icon="a")}


def test_a_criss_cross_does_not_undo_what_the_crossing_merges_settled() -> None:
    virtual = criss_cross(person(color="red"), person(color="green"), person(color="blue"))
    assert heads(virtual, person(color="green"), person(color="green")) == MergeOutcome()
    # One side went back to the ancestor's value: a decision, not an absence of change.
    (conflict,) = heads(virtual, person(color="red"), person(color="blue")).conflicts
    assert (conflict.type, conflict.path) == ("edit/edit", "/color")
    assert conflict.base == {"@ambiguous": ["blue", "green"]}
    assert conflict.message == (
        'Both sides changed color of ObjectType/Person differently: ours has "red", theirs has '
        '"blue". Take ours, theirs or give a value.'
    )


def test_a_base_in_dispute_cannot_be_chosen() -> None:
    virtual = criss_cross(person(color="red"), person(color="green"), person(color="blue"))
    states = {RID: person(color="red")}, {RID: person(color="blue")}
    kinds = {RID: Kind.OBJECT_TYPE}
    with pytest.raises(Invalid, match="the merge bases disagree here"):
        merge_states(kinds, virtual, *states, [Resolution("base")])
    outcome = merge_states(kinds, virtual, *states, [Resolution("theirs")])
    assert outcome.changes[0].after == person(color="blue")


def test_a_deletion_in_dispute() -> None:
    virtual = criss_cross(person(), None, person(color="red"))
    assert heads(virtual, None, None) == MergeOutcome()
    assert conflicts(heads(virtual, None, person(color="red"))) == [("delete/edit", "")]
    outcome = heads(virtual, person(color="red", icon="a"), person(color="red", tags=["b"]))
    assert outcome.changes[0].after == person(color="red", icon="a", tags=["b"])


def test_the_recursion_follows_only_what_is_in_dispute() -> None:
    """The history o - {a, b} - {c, d}, where c and d each merged a and b."""
    calm, torn = OTHER, RID
    commits: dict[str, dict[str, Body | None]] = {
        "o": {calm: person(), torn: person()},
        "a": {calm: person(), torn: person(color="red")},
        "b": {calm: person(), torn: person(icon="i")},
    }
    asked: list[tuple[str, frozenset[str]]] = []

    def bodies_at(commit: str, rids: frozenset[str]) -> dict[str, Body | None]:
        asked.append((commit, rids))
        return {rid: commits[commit][rid] for rid in rids}

    base = virtual_base(
        {calm: Kind.OBJECT_TYPE, torn: Kind.OBJECT_TYPE},
        ["a", "b"],
        common_ancestors=lambda _ones, _two: ["o"],
        bodies_at=bodies_at,
    )
    assert base == {calm: person(), torn: person(color="red", icon="i")}
    assert asked == [
        ("a", frozenset({calm, torn})),
        ("b", frozenset({calm, torn})),
        ("o", frozenset({torn})),
    ]


def test_histories_without_a_common_ancestor_merge_against_nothing() -> None:
    base = virtual_base(
        {RID: Kind.OBJECT_TYPE},
        [],
        common_ancestors=lambda _ones, _two: [],
        bodies_at=lambda _commit, _rids: {},
    )
    assert base == {RID: None}


def test_three_bases_are_merged_in_turn() -> None:
    colors = {"a": "red", "b": "green", "c": "blue", "o": "white"}
    base = virtual_base(
        {RID: Kind.OBJECT_TYPE},
        ["a", "b", "c"],
        common_ancestors=lambda _ones, _two: ["o"],
        bodies_at=lambda commit, _rids: {RID: person(color=colors[commit])},
    )
    (conflict,) = heads(base, person(color="red"), person(color="blue")).conflicts
    assert conflict.base == {"@ambiguous": ["blue", "green", "red"]}
