"""A body taken apart, with the paths of the differences."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ontology.domain.diff import field_changes
from ontology.domain.documents import normalise
from ontology.domain.kinds import Kind
from ontology.domain.parts import parts_of

PERSON = normalise(
    Kind.OBJECT_TYPE,
    {
        "apiName": "Person",
        "displayName": {"en": "Person", "ko": "사람"},
        "tags": ["people", "hr"],
        "primaryKey": ["number"],
        "deprecation": {"since": "3", "reason": {"en": "Old"}},
        "properties": [
            {"rid": "p1", "apiName": "number", "dataTypes": ["string"], "required": True},
            {"rid": "p2", "apiName": "name", "dataTypes": ["string"], "array": {}},
        ],
    },
)


def test_every_value_has_its_own_path() -> None:
    parts = parts_of(Kind.OBJECT_TYPE, PERSON)
    assert {path: part.value for path, part in parts.items()} == {
        "/apiName": "Person",
        "/displayName/en": "Person",
        "/displayName/ko": "사람",
        "/deprecation/since": "3",
        "/deprecation/reason/en": "Old",
        "/tags/hr": "hr",
        "/tags/people": "people",
        "/primaryKey": ["number"],
        "/properties/p1/rid": "p1",
        "/properties/p1/apiName": "number",
        "/properties/p1/dataTypes/string": "string",
        "/properties/p1/required": True,
        "/properties/p2/rid": "p2",
        "/properties/p2/apiName": "name",
        "/properties/p2/dataTypes/string": "string",
        "/properties/p2/array": {},
    }
    assert parts["/properties/p1/required"].label == "/properties/number/required"


def test_an_instance_is_taken_apart_by_value_and_annotation() -> None:
    annotation = {"predicate": "https://example.org/note", "value": {"value": "x"}}
    body = {"_type": "t", "a/b": [1, 2], "empty": [], "_annotations": [annotation]}
    parts = parts_of(Kind.OBJECT, body)
    assert [part.value for part in parts.values()] == [annotation, "t", [1, 2], []]
    assert {"/a~1b", "/_type", "/empty"} < parts.keys()


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.text(max_size=4), _VALUES), st.dictionaries(st.text(max_size=4), _VALUES))
def test_what_differs_is_what_the_parts_say(
    one: dict[str, object], other: dict[str, object]
) -> None:
    """Of an instance, whose values are atoms: paths of differing parts are those of the diff."""
    kept = [
        {name: value for name, value in body.items() if name != "_annotations"}
        for body in (one, other)
    ]
    before, after = (parts_of(Kind.OBJECT, body) for body in kept)
    changed = {change.path for change in field_changes(Kind.OBJECT, *kept)}
    assert before.keys() ^ after.keys() <= changed
    assert changed <= before.keys() | after.keys()
