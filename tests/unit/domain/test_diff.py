"""``field_changes``: complete, minimal, and readable."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from oms_project.core.canonical_json import dumps
from ontology.contract import FieldChange
from ontology.domain.diff import field_changes
from ontology.domain.documents import normalise
from ontology.domain.kinds import Kind
from ontology.domain.shapes import ATOM, Form, Shape, same, shape_of
from tests.unit.domain.bodies import KINDS, bodies, edits


def person(**fields: Any) -> dict[str, Any]:
    return normalise(Kind.OBJECT_TYPE, {"apiName": "Person", **fields})


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [
        (change.operation, change.path, change.before, change.after)
        for change in field_changes(Kind.OBJECT_TYPE, before, after)
    ]


def test_an_atomic_field_that_came_changed_and_went() -> None:
    plain, red, blue = person(), person(color="red"), person(color="blue")
    assert changes(plain, red) == [("add", "/color", None, "red")]
    assert changes(red, blue) == [("change", "/color", "red", "blue")]
    assert changes(blue, plain) == [("remove", "/color", "blue", None)]


def test_texts_differ_by_language() -> None:
    before = person(displayName={"en": "Person", "de": "Person"})
    after = person(displayName={"en": "Human", "ko": "사람"})
    assert changes(before, after) == [
        ("remove", "/displayName/de", "Person", None),
        ("change", "/displayName/en", "Person", "Human"),
        ("add", "/displayName/ko", None, "사람"),
    ]


def test_sets_differ_by_member() -> None:
    assert changes(person(tags=["a", "b/c"]), person(tags=["a", "d"])) == [
        ("remove", "/tags/b~1c", "b/c", None),
        ("add", "/tags/d", None, "d"),
    ]


def test_a_property_is_found_by_its_rid_and_called_by_its_name() -> None:
    before = person(properties=[{"rid": "p1", "apiName": "name"}, {"rid": "p2", "apiName": "age"}])
    after = person(
        properties=[
            {"rid": "p1", "apiName": "fullName", "required": True},
            {"rid": "p3", "apiName": "x"},
        ]
    )
    assert field_changes(Kind.OBJECT_TYPE, before, after) == (
        FieldChange(
            "/properties/p2", "/properties/age", {"rid": "p2", "apiName": "age"}, None, "remove"
        ),
        FieldChange(
            "/properties/p1/apiName", "/properties/fullName/apiName", "name", "fullName", "change"
        ),
        FieldChange("/properties/p1/required", "/properties/fullName/required", None, True, "add"),
        FieldChange("/properties/p3", "/properties/x", None, {"rid": "p3", "apiName": "x"}, "add"),
    )


def test_a_record_that_came_is_one_change_even_when_it_is_empty() -> None:
    assert changes(person(), person(deprecation={})) == [("add", "/deprecation", None, {})]
    before, after = person(deprecation={"since": "1"}), person(deprecation={"since": "2"})
    assert changes(before, after) == [("change", "/deprecation/since", "1", "2")]


def test_a_new_order_is_one_change() -> None:
    before, after = (
        normalise(Kind.ENUM_TYPE, {"apiName": "E", "members": [{"code": code} for code in codes]})
        for codes in ("ABC", "CAB")
    )
    assert field_changes(Kind.ENUM_TYPE, before, after) == (
        FieldChange("/members", "/members", ["A", "B", "C"], ["C", "A", "B"], "change"),
    )


def test_a_member_in_the_middle_moves_nobody() -> None:
    before, after = (
        normalise(Kind.ENUM_TYPE, {"apiName": "E", "members": [{"code": code} for code in codes]})
        for codes in ("AC", "ABC")
    )
    assert [change.path for change in field_changes(Kind.ENUM_TYPE, before, after)] == [
        "/members/B"
    ]


def test_the_names_in_a_unique_constraint_are_no_properties() -> None:
    before = {"apiName": "A", "uniqueConstraints": [{"name": "u", "properties": ["a", "b"]}]}
    after = {"apiName": "A", "uniqueConstraints": [{"name": "u", "properties": ["b"]}]}
    assert changes(before, after) == [
        ("change", "/uniqueConstraints/u/properties", ["a", "b"], ["b"])
    ]


def test_values_of_an_object_are_atomic_whatever_they_are_called() -> None:
    before = {"_type": "t", "properties": [{"a": 1}], "tags": ["x"]}
    after = {"_type": "t", "properties": [{"a": 2}], "tags": ["y"]}
    assert [change.path for change in field_changes(Kind.OBJECT, before, after)] == [
        "/properties",
        "/tags",
    ]


def test_items_that_share_a_key_are_compared_as_a_whole() -> None:
    twice = [{"relation": "exactMatch", "iri": "x"}] * 2
    before, after = person(externalMappings=twice), person(externalMappings=twice[:1])
    assert [change.path for change in field_changes(Kind.OBJECT_TYPE, before, after)] == [
        "/externalMappings"
    ]


def test_one_and_true_and_one_point_zero_are_three_values() -> None:
    one, true, point = ({"_type": "t", "v": value} for value in (1, True, 1.0))
    for before, after in ((one, true), (one, point), (true, point)):
        assert [change.path for change in field_changes(Kind.OBJECT, before, after)] == ["/v"]


@given(st.data())
def test_nothing_changes_exactly_when_bodies_are_the_same(data: st.DataObject) -> None:
    kind = data.draw(KINDS)
    before = data.draw(bodies(kind))
    after = data.draw(edits(kind, before))
    assert (not field_changes(kind, before, after)) == same(before, after)


@given(st.data())
def test_changes_applied_to_before_give_after(data: st.DataObject) -> None:
    kind = data.draw(KINDS)
    before = data.draw(bodies(kind))
    after = data.draw(edits(kind, before))
    tree = _tree(shape_of(kind), before)
    for change in field_changes(kind, before, after):
        _apply(shape_of(kind), tree, change)
    assert _pruned(shape_of(kind), tree) == _pruned(shape_of(kind), _tree(shape_of(kind), after))


def _tree(shape: Shape, value: Any) -> Any:
    """``value`` with every set and list as a mapping, so that a path leads through it."""
    if shape.form is Form.SET:
        return {member: dumps(member) for member in value}
    if shape.form is Form.LIST:
        assert shape.item_key is not None
        return {shape.item_key(item): _tree(shape.item or ATOM, item) for item in value}
    if shape.form is Form.ATOM:
        return dumps(value)
    return {name: _tree(shape.at(name), item) for name, item in value.items()}


def _pruned(shape: Shape, tree: Any) -> Any:
    """``tree`` without empty maps, sets and lists, which mean the same as none."""
    if shape.form is Form.ATOM or not isinstance(tree, dict):
        return tree
    pruned = {name: _pruned(_inside(shape, name), item) for name, item in tree.items()}
    return {
        name: item
        for name, item in pruned.items()
        if item != {} or _inside(shape, name).form in (Form.RECORD, Form.ATOM)
    }


def _apply(shape: Shape, tree: dict[str, Any], change: FieldChange) -> None:
    *way, last = (step.replace("~1", "/").replace("~0", "~") for step in change.path.split("/")[1:])
    for step in way:
        shape = _inside(shape, step)
        tree = tree.setdefault(step, {})
    shape = _inside(shape, last)
    if shape.form is Form.LIST:  # a new order
        assert set(change.after) == set(tree[last])
    elif change.operation == "remove":
        del tree[last]
        return
    else:
        tree[last] = _tree(shape, change.after)


def _inside(shape: Shape, step: str) -> Shape:
    if shape.form is Form.LIST:
        return shape.item or ATOM
    return shape.at(step)
