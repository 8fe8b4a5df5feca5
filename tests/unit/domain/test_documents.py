"""Kinds, normal form, references, and what documents are found by."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from oms_project.core.canonical_json import dumps
from ontology.domain.documents import (
    DocumentChange,
    IndexEntry,
    document_id,
    index_entries,
    normalise,
    reference_pairs,
    references,
    same_entries,
    search_text,
    shape_problems,
)
from ontology.domain.kinds import DEFINITION_KINDS, INSTANCE_KINDS, MODELS, Kind
from tests.unit.domain.bodies import BODIES
from tests.unit.domain.states import Universe, documents

R = [f"00000000-0000-0000-0000-00000000000{number}" for number in range(10)]
OT = Kind.OBJECT_TYPE


# --- kinds ------------------------------------------------------------------------------------------


def test_every_kind_has_a_model_or_is_an_instance() -> None:
    assert set(MODELS) | set(INSTANCE_KINDS) == set(Kind)
    assert set(DEFINITION_KINDS) == set(MODELS) - {Kind.ONTOLOGY, Kind.RESOURCE}


@pytest.mark.parametrize(
    ("kind", "body", "field", "message"),
    [
        (OT, {}, "/apiName", "This field is required."),
        (OT, {"apiName": "A", "colour": "red"}, "/colour", "There is no such field. Remove it, or check its spelling."),
        (OT, {"apiName": 1}, "/apiName", "Input should be a valid string."),
        (OT, {"apiName": "A", "isAbstract": "yes"}, "/isAbstract", "Input should be a valid boolean."),
        (OT, {"apiName": "A", "isAbstract": 1}, "/isAbstract", "Input should be a valid boolean."),
        (OT, {"apiName": "A", "tags": "x"}, "/tags", "Input should be a valid list."),
        (OT, {"apiName": "A", "status": "new"}, "/status", "Input should be 'experimental', 'active', 'deprecated' or 'archived'."),
        (OT, {"apiName": "A", "displayName": {"en": 1}}, "/displayName/en", "Input should be a valid string."),
        (OT, {"apiName": "A", "properties": [{"apiName": "x"}]}, "/properties/0/rid", "This field is required."),
        (OT, {"apiName": "A", "displayName": {"a/b~c": 1}}, "/displayName/a~1b~0c", "Input should be a valid string."),
        (Kind.LINK_TYPE, {"apiName": "a", "sourceCardinality": {"min": -1}}, "/sourceCardinality/min", "Input should be greater than or equal to 0."),
        (Kind.LINK_TYPE, {"apiName": "a", "sourceCardinality": {"min": 1.0}}, "/sourceCardinality/min", "Input should be a valid integer."),
        (Kind.VALUE_TYPE, {"apiName": "A"}, "/baseType", "This field is required."),
        (Kind.ENUM_TYPE, {"apiName": "A", "members": [{}]}, "/members/0/code", "This field is required."),
        (Kind.ACTION_TYPE, {"apiName": "a", "batchLimit": 0}, "/batchLimit", "Input should be greater than or equal to 1."),
        (Kind.ONTOLOGY, {}, "/baseIri", "This field is required."),
    ],
)  # fmt: skip
def test_what_has_not_the_shape_of_its_kind(
    kind: Kind, body: dict[str, Any], field: str, message: str
) -> None:
    (problem,) = shape_problems(kind, R[0], body)
    assert (problem.field, problem.rule, problem.message) == (field, "shape", message)
    with pytest.raises(ValidationError):
        normalise(kind, body)


def test_every_problem_of_shape_is_told() -> None:
    found = shape_problems(OT, R[0], {"x": 1, "properties": [{}]})
    assert [problem.field for problem in found] == [
        "/apiName", "/properties/0/apiName", "/properties/0/rid", "/x",
    ]  # fmt: skip


# --- normal form ------------------------------------------------------------------------------------


def test_defaults_are_left_out() -> None:
    body = {
        "apiName": "A",
        "status": "active",
        "tags": [],
        "description": {},
        "isAbstract": False,
        "iri": None,
        "properties": [
            {"rid": "p", "apiName": "x", "required": False, "order": 0, "default": None}
        ],
    }
    assert normalise(OT, body) == {"apiName": "A", "properties": [{"rid": "p", "apiName": "x"}]}


def test_what_says_something_when_it_is_empty_stays() -> None:
    body = {
        "apiName": "a",
        "dataTypes": ["string"],
        "array": {},
        "default": False,
        "deprecation": {},
    }
    assert normalise(Kind.SHARED_PROPERTY, body) == body


@pytest.mark.parametrize(
    "value", [0, 0.0, False, "", [], {}, 1.0, [{"tags": ["b", "a", "a"]}], {"parents": [2, 1]}]
)
def test_values_of_peoples_own_stay_as_they_are(value: Any) -> None:
    body = normalise(Kind.SHARED_PROPERTY, {"apiName": "a", "default": value})
    assert dumps(body["default"]) == dumps(value)


def test_sets_are_sorted_and_lists_of_things_are_ordered() -> None:
    body = normalise(
        OT,
        {
            "apiName": "A",
            "tags": ["b", "a", "b"],
            "parents": [R[2], R[1]],
            "primaryKey": ["y", "x"],
            "properties": [
                {"rid": "3", "apiName": "b"},
                {"rid": "2", "apiName": "C", "dataTypes": ["uri", "string"]},
                {"rid": "1", "apiName": "a", "order": 1},
            ],
            "uniqueConstraints": [
                {"name": "v", "properties": ["y", "x"]},
                {"name": "u", "properties": ["x"]},
            ],
            "deprecation": {"replacedBy": [R[2], R[1]]},
            "annotations": [
                {"predicate": "q", "value": {"value": "1"}},
                {"predicate": "p", "value": {"value": "1"}},
                {"predicate": "q", "value": {"value": "1"}},
            ],
        },
    )
    assert body["tags"] == ["a", "b"]
    assert body["parents"] == [R[1], R[2]]
    assert body["primaryKey"] == ["y", "x"]
    assert [part["apiName"] for part in body["properties"]] == ["b", "C", "a"]
    assert body["properties"][1]["dataTypes"] == ["string", "uri"]
    assert [one["name"] for one in body["uniqueConstraints"]] == ["u", "v"]
    assert body["uniqueConstraints"][1]["properties"] == ["y", "x"]
    assert body["deprecation"]["replacedBy"] == [R[1], R[2]]
    assert [one["predicate"] for one in body["annotations"]] == ["p", "q"]


def test_order_that_says_something_stays() -> None:
    members = [{"code": "B"}, {"code": "A"}]
    assert normalise(Kind.ENUM_TYPE, {"apiName": "A", "members": members})["members"] == members


def test_an_instance_keeps_its_values() -> None:
    body = {"_type": R[1], "tags": ["b", "a", "a"], "x": None, "properties": [2, 1]}
    assert normalise(Kind.OBJECT, body) == {
        "_type": R[1], "tags": ["b", "a", "a"], "properties": [2, 1],
    }  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(data=st.data(), seed=st.integers(0, 1000))
def test_normal_form_is_stable_and_does_not_depend_on_order(data: st.DataObject, seed: int) -> None:
    kind = data.draw(st.sampled_from([kind for kind in BODIES if kind in MODELS]))
    body = data.draw(BODIES[kind])
    normal = normalise(kind, body)
    assert dumps(normalise(kind, normal)) == dumps(normal)
    shuffled = dict(random.Random(seed).sample(list(body.items()), len(body)))
    for field in ("tags", "parents", "properties", "dataTypes", "annotations", "linkConstraints"):
        if field in shuffled:
            shuffled[field] = random.Random(seed).sample(shuffled[field], len(shuffled[field]))
    assert dumps(normalise(kind, shuffled)) == dumps(normal)


# --- references -------------------------------------------------------------------------------------


def test_where_references_stand() -> None:
    body = normalise(
        OT,
        {
            "apiName": "A",
            "parents": [R[1]],
            "interfaces": [R[2]],
            "properties": [
                {"rid": "1", "apiName": "a", "sharedProperty": R[3]},
                {"rid": "2", "apiName": "b", "dataTypes": ["string", R[4]]},
            ],
            "equivalentTo": ["https://x.example/y", R[5]],
            "deprecation": {"replacedBy": [R[6], "x:y"]},
        },
    )
    assert [(one.role, one.target, one.pointer) for one in references(OT, body)] == [
        ("parents", R[1], "/parents/0"),
        ("interfaces", R[2], "/interfaces/0"),
        ("sharedProperty", R[3], "/properties/0/sharedProperty"),
        ("dataTypes", R[4], "/properties/1/dataTypes/0"),
        ("equivalentTo", R[5], "/equivalentTo/0"),
        ("replacedBy", R[6], "/deprecation/replacedBy/0"),
    ]


def test_an_action_refers_by_parameters_and_rules() -> None:
    body = {
        "apiName": "a",
        "parameters": [{"apiName": "p", "objectType": R[1]}, {"apiName": "q", "dataTypes": [R[2]]}],
        "rules": [{"name": "r", "op": "link", "linkType": R[3], "objectType": R[4]}],
    }
    assert {(one.role, one.target) for one in references(Kind.ACTION_TYPE, body)} == {
        ("parameters", R[1]), ("dataTypes", R[2]), ("rules", R[3]), ("rules", R[4]),
    }  # fmt: skip


def test_an_objects_own_values_are_no_references() -> None:
    body = {"_type": R[1], "parents": [R[2]], "properties": [{"sharedProperty": R[3]}], "fields": 1}
    assert [(one.role, one.target) for one in references(Kind.OBJECT, body)] == [("_type", R[1])]
    link = {"_type": R[1], "_source": R[2], "_target": R[3]}
    assert [(one.role, one.target) for one in references(Kind.LINK, link)] == [
        ("_type", R[1]), ("_source", R[2]), ("_target", R[3]),
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(20))
def test_pairs_are_the_references_without_their_places(seed: int) -> None:
    for document in documents(Universe(seed).valid_state()):
        expected = sorted(
            (one.role, one.target) for one in references(document.kind, document.body)
        )
        assert sorted(reference_pairs(document.kind, document.body)) == expected


# --- what documents are found by --------------------------------------------------------------------


def test_index_entries() -> None:
    body = {
        "apiName": "New",
        "iri": "x:y",
        "tags": ["a", "B"],
        "aliases": ["Old"],
        "parents": [R[1]],
    }
    assert index_entries(OT, body) == {
        IndexEntry("parents", R[1]),
        IndexEntry("iri", "x:y"),
        IndexEntry("tag", "a"),
        IndexEntry("tag", "B"),
        IndexEntry("alias", "ObjectType/old"),
    }
    assert index_entries(
        Kind.OBJECT, {"_type": R[1], "_iri": "x:y", "iri": "no", "tags": ["no"]}
    ) == {IndexEntry("iri", "x:y")}
    assert index_entries(Kind.LINK, {"_type": R[1], "_source": R[2], "_target": R[3]}) == {
        IndexEntry("_source", f"{R[2]}:{R[1]}"),
        IndexEntry("_target", f"{R[3]}:{R[1]}"),
    }


@pytest.mark.parametrize("seed", range(20))
def test_entries_that_stay_the_same_are_known_without_making_them(seed: int) -> None:
    universe = Universe(seed)
    universe.valid_state()
    for change in universe.change_set():
        if change.before is not None and change.after is not None:
            same = index_entries(change.kind, change.before) == index_entries(
                change.kind, change.after
            )
            assert not same_entries(change.before, change.after) or same


def test_search_text_is_without_case_and_holds_what_people_look_for() -> None:
    text = search_text(
        OT,
        {
            "apiName": "Person",
            "iri": "https://X.example/P",
            "displayName": {"ko": "사람", "de": "MÄNNER"},
            "description": {"en": "A Human"},
        },
    )
    for word in ("person", "https://x.example/p", "사람", "männer", "a human"):
        assert word in text
    assert "b" in search_text(Kind.ENUM_TYPE, {"apiName": "E", "members": [{"code": "B"}]})


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        (OT, {"apiName": "Person"}, "ObjectType/Person"),
        (OT, {}, f"ObjectType/{R[0]}"),
        (Kind.ONTOLOGY, {"baseIri": "x:"}, f"Ontology/{R[0]}"),
        (Kind.RESOURCE, {"iri": "x:a/b"}, "Resource/x%3Aa%2Fb"),
        (Kind.RESOURCE, {}, f"Resource/{R[0]}"),
        (Kind.OBJECT, {"_iri": "x:a b", "apiName": "no"}, "Object/x%3Aa%20b"),
        (Kind.LINK, {}, f"Link/{R[0]}"),
    ],
)
def test_rendered_ids(kind: Kind, body: dict[str, Any], expected: str) -> None:
    assert document_id(kind, R[0], body) == expected


@pytest.mark.parametrize(
    ("before", "after", "operation"),
    [
        (None, {"apiName": "A"}, "create"),
        ({"apiName": "A"}, None, "delete"),
        ({"apiName": "A"}, {"apiName": "B", "icon": "i"}, "rename"),
        ({"apiName": "A"}, {"apiName": "A", "icon": "i"}, "update"),
    ],
)
def test_what_a_change_is(before: Any, after: Any, operation: str) -> None:
    change = DocumentChange(R[0], OT, before, after)
    assert change.operation == operation
    assert change.label == f"ObjectType/{(after or before)['apiName']}"
