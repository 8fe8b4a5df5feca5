"""Whatever the key of an object is: what its ``@id`` says finds it again."""

from __future__ import annotations

from typing import Any

import pytest

from oms_project.core.errors import NotFound
from ontology import selectors
from ontology.contract import Change
from ontology.domain.query import parse_filter, parse_sort
from tests.integration.instances.conftest import (
    NAME,
    Commit,
    definition,
    delete,
    link,
    thing,
    update,
)

UUID = "6f1c1d52-1f0e-4b7c-9a64-0b1f6c7d8e90"


@pytest.fixture
def keyed(commit: Commit) -> Commit:
    """Types called after the data type of their key, and ``near`` between any of them."""
    made = []
    for data_type in ("string", "uuid", "boolean", "timestamp", "decimal", "integer", "uri"):
        properties = [
            {"apiName": "id", "dataTypes": [data_type], "required": True},
            {"apiName": "big", "dataTypes": ["integer"], "indexed": True},
            {"apiName": "long", "dataTypes": ["string"], "indexed": True},
            {"apiName": "exact", "dataTypes": ["decimal"], "indexed": True},
        ]
        name = f"By{data_type.title()}"
        fields = {"apiName": name, "primaryKey": ["id"], "properties": properties}
        made.append(definition("ObjectType", fields))
    commit(*made, definition("LinkType", {"apiName": "near"}))
    return commit


@pytest.mark.parametrize(
    ("type_name", "key"),
    [
        ("ByUuid", UUID),
        ("ByUuid", UUID.upper()),
        ("ByString", UUID),
        ("ByString", ""),
        ("ByString", "a+b"),
        ("ByString", "a/b"),
        ("ByString", "a:b"),
        ("ByString", "https://x.example/y?z#w"),
        ("ByString", "."),
        ("ByString", "%2B"),
        ("ByString", "가 나"),
        ("ByString", "a\x1fsb\n"),
        ("ByString", "~"),
        ("ByString", "x" * 3000),
        ("ByUri", "https://x.example/y"),
        ("ByBoolean", False),
        ("ByTimestamp", "2026-01-01T00:00:00.5+09:00"),
        ("ByDecimal", "1.50"),
        ("ByDecimal", -0.0),
        ("ByDecimal", "123456789012345678901234567890.5"),
        ("ByInteger", -(10**30)),
    ],
)
def test_an_object_is_found_by_its_id(keyed: Commit, type_name: str, key: Any) -> None:
    (made,) = keyed(thing(type_name, id=key)).documents
    for target in (made.id, made.rid):
        assert selectors.get_document(ontology=NAME, target=target).rid == made.rid
    keyed(thing("ByString", id="other"))
    keyed(link("near", made.id, "ByString/other"), update(made.id, long="text"))
    (near,) = selectors.linked_objects(ontology=NAME, target=made.id).items
    assert near.object.id == "ByString/other"
    (view,) = selectors.list_objects(
        ontology=NAME, type=type_name, where=parse_filter({"property": "long", "value": "text"})
    ).items
    assert view.id == made.id
    keyed(delete(made.id))
    with pytest.raises(NotFound):
        selectors.get_document(ontology=NAME, target=made.id)
    gone = selectors.get_document(ontology=NAME, target=made.id, include_deleted=True)
    assert (gone.rid, gone.deleted) == (made.rid, True)
    keyed(Change(op="restore", target=made.id))
    assert selectors.get_document(ontology=NAME, target=made.id).rid == made.rid


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("big", 10**3999 + 7),
        ("big", -(10**3999)),
        ("exact", f"0.{'123456789' * 500}"),
        ("long", "x" * 5000),
    ],
)
def test_values_of_any_length_are_indexed(keyed: Commit, name: str, value: Any) -> None:
    keyed(thing("ByString", id="long", **{name: value}), thing("ByString", id="none"))
    for op in ("eq", "gte", "lte"):
        where = parse_filter({"property": name, "op": op, "value": value})
        found = selectors.list_objects(ontology=NAME, type="ByString", where=where).items
        assert [item.id for item in found] == ["ByString/long"]
    for direction in ("", "-"):
        sort = parse_sort([direction + name])
        found = selectors.list_objects(ontology=NAME, type="ByString", sort=sort).items
        assert [item.id for item in found] == ["ByString/long", "ByString/none"]


def test_long_texts_that_begin_alike_are_compared_to_their_end(keyed: Commit) -> None:
    """The index has only their beginning."""
    texts = ["x" * 500 + end for end in ("a", "b", "c", "d", "e")]
    keyed(*[thing("ByString", id=text[-1], long=text) for text in texts])
    for op, expected in (("lt", "ab"), ("lte", "abc"), ("gt", "de"), ("gte", "cde")):
        where = parse_filter({"property": "long", "op": op, "value": texts[2]})
        found = selectors.list_objects(ontology=NAME, type="ByString", where=where).items
        assert "".join(item.id[-1] for item in found) == expected
