"""The form generator: a body becomes boxes, boxes become the same body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from django.http import QueryDict
from django.test import override_settings

from ontology.console.forms.bound import BoundField, Form
from ontology.console.forms.read import Submission, read
from ontology.console.forms.spec import Field, Widget, fields_of
from ontology.domain.documents import normalise
from ontology.domain.kinds import MODELS, Kind

PERSON = {
    "apiName": "Person",
    "displayName": {"en": "Person", "ko": "사람", "@none": "P"},
    "status": "experimental",
    "primaryKey": ["email"],
    "tags": ["a, with comma", "b"],
    "properties": [
        {
            "rid": "p1",
            "apiName": "email",
            "dataTypes": ["string"],
            "required": True,
            "unit": "none",
            "default": "5",
            "array": {"minItems": 1, "unique": True},
            "annotations": [{"predicate": "https://example.org/p", "value": {"value": "x"}}],
        },
        {"rid": "p2", "apiName": "age", "order": 1, "dataTypes": ["integer"], "default": 5},
    ],
    "uniqueConstraints": [{"name": "one", "properties": ["email", "age"]}],
    "deprecation": {"since": "2.0", "reason": {"en": "old"}},
}


@pytest.fixture(autouse=True)
def _english() -> Any:
    with override_settings(LANGUAGE_CODE="en"):
        yield


def _posted(form: Form) -> QueryDict:
    """What a browser posts for ``form``."""
    data = QueryDict(mutable=True)
    for bound in form.fields:
        _post(data, bound)
    return data


def _post(data: QueryDict, bound: BoundField) -> None:
    path, widget = bound.path, bound.field.widget
    if widget in (Widget.MAP, Widget.ROWS, Widget.RECORD):
        _post_parts(data, bound)
    elif widget == Widget.REFERENCES:
        data.setlist(path, [*bound.value, ""])
    elif widget != Widget.BOOLEAN:
        data[path] = str(bound.value)
    elif bound.value:
        data[path] = "1"


def _post_parts(data: QueryDict, bound: BoundField) -> None:
    for entry in bound.entries:
        data.appendlist(bound.path, entry.token)
        data[f"{bound.path}.{entry.token}.key"] = entry.key
        data[f"{bound.path}.{entry.token}.text"] = entry.text
    for row in bound.rows:
        data.appendlist(bound.path, row.token)
        data[f"{row.path}._item"] = row.kept
        data.update({f"{row.path}._open": "1"} if row.unfolded else {})
        for part in (*row.shown, *row.details):
            _post(data, part)
    if bound.field.widget == Widget.RECORD:
        data.update({f"{bound.path}._on": "1"} if bound.value else {})
        data.update({} if bound.folded else {f"{bound.path}._full": "1"})
        for part in bound.children:
            _post(data, part)


def _there_and_back(kind: Kind, body: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    fields = fields_of(kind)
    submission = read(fields, _posted(Form(fields, body, **more)))
    assert submission.errors == []
    return normalise(kind, submission.body)


@pytest.mark.parametrize("unfolded", [False, True])
def test_a_body_comes_back_as_it_was(unfolded: bool) -> None:
    opened = {"properties.r0", "properties.r1"} if unfolded else set()
    again = _there_and_back(Kind.OBJECT_TYPE, PERSON, submission=Submission(opened=opened))
    assert again == normalise(Kind.OBJECT_TYPE, PERSON)


def test_every_field_of_every_kind_has_a_box() -> None:
    for kind, model in MODELS.items():
        names = {field.name for field in fields_of(kind)}
        aliases = {info.alias or name for name, info in model.model_fields.items()}
        assert names == aliases - {"rid", "order"}


def test_every_box_has_a_label() -> None:
    def unlabelled(fields: tuple[Field, ...]) -> list[str]:
        found = [field.name for field in fields if field.label == field.name]
        return found + [name for field in fields for name in unlabelled(field.fields)]

    assert [name for kind in MODELS for name in unlabelled(fields_of(kind))] == []


def test_errors_go_to_the_innermost_box_and_unfold_its_row() -> None:
    errors = [
        {"field": "/properties/1/unit", "message": "no such unit"},
        {"field": "/properties/0", "message": "odd"},
        {"field": "/parents/3", "message": "unknown"},
        {"field": "", "message": "of nothing in particular"},
        {"field": "/apiName", "message": "elsewhere", "document": "ObjectType/Other", "rid": "x"},
    ]
    form = Form(
        fields_of(Kind.OBJECT_TYPE), PERSON, errors=errors, rid="me", document="ObjectType/Person"
    )
    assert [(error.message, error.anchor, error.where) for error in form.errors] == [
        ("no such unit", "f-properties-r1-unit", ""),
        ("odd", "f-properties-r0", ""),
        ("unknown", "f-parents", ""),
        ("of nothing in particular", "", ""),
        ("elsewhere", "", "ObjectType/Other"),
    ]
    properties = next(field for field in form.fields if field.path == "properties")
    assert [row.unfolded for row in properties.rows] == [False, True]
    assert properties.rows[0].errors == ["odd"]


def _acted(action: str, body: Mapping[str, Any] = PERSON) -> Submission:
    fields = fields_of(Kind.OBJECT_TYPE)
    data = _posted(Form(fields, body))
    data["_do"] = action
    return read(fields, data)


def test_buttons_reshape_the_form() -> None:
    def names(submission: Submission) -> list[str]:
        return [row["apiName"] for row in submission.body["properties"]]

    assert names(_acted("down:properties.r0")) == ["age", "email"]
    assert names(_acted("up:properties.r0")) == ["email", "age"]
    assert names(_acted("remove:properties.r0")) == ["age"]
    assert _acted("add:properties").added == {"properties"}
    assert _acted("open:properties.r1").opened == {"properties.r1"}
    assert _acted("remove:displayName.r1").body["displayName"].keys() == {"en", "ko"}
    assert _acted("nonsense").body["apiName"] == "Person"


def test_a_moved_property_gets_a_place_and_the_others_keep_theirs() -> None:
    body = {
        "apiName": "T",
        "properties": [
            {"rid": name, "apiName": name, "dataTypes": ["string"]} for name in ("a", "b", "c")
        ],
    }
    moved = normalise(Kind.OBJECT_TYPE, _acted("down:properties.r1", body).body)
    assert [(row["apiName"], row.get("order", 0)) for row in moved["properties"]] == [
        ("a", 0),
        ("c", 0),
        ("b", 1),
    ]


def test_what_cannot_be_read_stays_as_it_was_typed() -> None:
    data = QueryDict(mutable=True)
    data.update({"apiName": "A", "batchLimit": "many", "annotations": "{not json"})
    submission = read(fields_of(Kind.ACTION_TYPE), data)
    assert [error["field"] for error in submission.errors] == ["/annotations", "/batchLimit"]
    assert submission.body["batchLimit"] == "many"
    form = Form(fields_of(Kind.ACTION_TYPE), submission.body, errors=submission.errors)
    shown = {field.path: field.value for field in form.fields}
    assert shown["annotations"] == "{not json"


def test_empty_rows_are_left_out_and_hostile_ones_do_no_harm() -> None:
    data = QueryDict(mutable=True)
    data["apiName"] = "T"
    data.setlist("properties", ["r0", "r0", "../x", "r" * 100, "r1"])
    data["properties.r1.apiName"] = "kept"
    data["properties.r1._item"] = "[not an object"
    submission = read(fields_of(Kind.OBJECT_TYPE), data)
    assert [row["apiName"] for row in submission.body["properties"]] == ["kept"]


def test_line_ends_of_browsers_are_not_stored() -> None:
    data = QueryDict(mutable=True)
    data["apiName"] = "T"
    data["description"] = "r0"
    data["description.r0.key"] = ""
    data["description.r0.text"] = "one\r\ntwo"
    body = read(fields_of(Kind.OBJECT_TYPE), data).body
    assert body["description"] == {"@none": "one\ntwo"}
