"""How conflicts are settled."""

from __future__ import annotations

import pytest

from oms_project.core.errors import Invalid
from ontology.contract import Resolution
from ontology.domain.merge import MergeOutcome
from tests.unit.domain.merging import (
    RID,
    conflicts,
    merge,
    name,
    person,
)

BASE = person(color="red", icon="a", properties=[name()])
OURS = person(color="green", icon="b", properties=[name(unit="m")])
THEIRS = person(color="blue", icon="c", properties=[name(unit="s")])


def test_the_most_specific_resolution_wins() -> None:
    outcome = merge(
        BASE,
        OURS,
        THEIRS,
        Resolution("ours"),
        Resolution("theirs", "ObjectType/Person"),
        Resolution("base", RID, "/icon"),
        Resolution("value", RID, "/properties/name/unit", "km"),
    )
    assert outcome.conflicts == []
    assert outcome.resolved == 3
    assert outcome.changes[0].after == person(color="blue", icon="a", properties=[name(unit="km")])


def test_what_no_resolution_names_stays_a_conflict() -> None:
    outcome = merge(BASE, OURS, THEIRS, Resolution("ours", RID, "/color"))
    assert outcome.changes == []
    assert outcome.resolved == 1
    assert conflicts(outcome) == [("edit/edit", "/icon"), ("edit/edit", "/properties/p1/unit")]


def test_a_document_may_be_called_by_its_name_on_any_side() -> None:
    renamed = OURS | {"apiName": "Human", "aliases": ["Person"]}
    for document in ("ObjectType/Human", "ObjectType/Person", RID):
        assert merge(BASE, renamed, THEIRS, Resolution("ours", document)).conflicts == []


def test_a_resolution_of_no_conflict_is_refused() -> None:
    with pytest.raises(Invalid) as caught:
        merge(BASE, OURS, THEIRS, Resolution("ours"), Resolution("theirs", RID, "/owner"))
    assert caught.value.message == (
        f"There is no such conflict: {RID}#/owner; conflicts: ObjectType/Person#/icon, "
        "ObjectType/Person#/color, ObjectType/Person#/properties/p1/unit."
    )
    assert caught.value.errors == [
        {
            "document": RID,
            "field": "/owner",
            "rule": "no_such_conflict",
            "message": "There is no such conflict.",
        }
    ]


def test_a_general_resolution_may_have_nothing_to_do() -> None:
    assert merge(BASE, OURS, BASE, Resolution("theirs")) == MergeOutcome()


def test_contradicting_resolutions_are_refused() -> None:
    with pytest.raises(Invalid, match="settle ObjectType/Person#/icon differently"):
        merge(
            BASE, OURS, THEIRS, Resolution("ours", RID), Resolution("theirs", "ObjectType/Person")
        )


def test_a_path_needs_its_document() -> None:
    with pytest.raises(Invalid, match="Name the document too"):
        merge(BASE, OURS, THEIRS, Resolution("ours", None, "/color"))


def test_a_value_that_cannot_stand_there_is_refused() -> None:
    with pytest.raises(Invalid) as caught:
        merge(
            BASE,
            OURS,
            THEIRS,
            Resolution("ours"),
            Resolution("value", RID, "/color", {"not": "text"}),
        )
    assert caught.value.errors[0]["field"] == "/color"
    assert caught.value.errors[0]["document"] == "ObjectType/Person"


def test_a_value_for_an_item_must_be_that_item() -> None:
    states = person(properties=[name()]), person(), person(properties=[name(required=True)])
    value = name(rid="p2")
    with pytest.raises(Invalid, match="the value must be the same item, p1"):
        merge(*states, Resolution("value", RID, "/properties/p1", value))
    with pytest.raises(Invalid, match="give an object with its fields"):
        merge(*states, Resolution("value", RID, "/properties/p1", 3))
    value = name(unit="m")
    outcome = merge(*states, Resolution("value", RID, "/properties/p1", value))
    assert outcome.changes[0].after == person(properties=[value])


def test_null_removes() -> None:
    outcome = merge(
        BASE, OURS, THEIRS, Resolution("ours"), Resolution("value", RID, "/color", None)
    )
    assert "color" not in (outcome.changes[0].after or {})


def test_a_whole_document_as_value_is_put_in_normal_form() -> None:
    value = {"apiName": "Person", "tags": ["b", "a"], "isAbstract": False}
    outcome = merge(BASE, None, THEIRS, Resolution("value", RID, "", value))
    assert outcome.changes[0].after == person(tags=["a", "b"])
    with pytest.raises(Invalid, match="This field is required"):
        merge(BASE, None, THEIRS, Resolution("value", RID, "", {}))
