"""What types demand of objects and links, on states in memory."""

from __future__ import annotations

from typing import Any

import pytest

from ontology.domain.documents import Document, DocumentChange
from ontology.domain.instances.rules import Rules
from ontology.domain.kinds import Kind
from ontology.domain.memory import MemoryState
from ontology.domain.state import OverlayState
from ontology.domain.validation.existing import check_existing
from ontology.domain.validation.instances import InstanceValidation

Body = dict[str, Any]
KINDS = {"T": Kind.OBJECT_TYPE, "I": Kind.INTERFACE, "K": Kind.LINK_TYPE, "o": Kind.OBJECT}


def rid(key: str) -> str:
    return f"00000000-0000-0000-0000-{key.encode().hex():0>12}"


def document(key: str, body: Body) -> Document:
    return Document(rid(key), KINDS.get(key[0], Kind.LINK), body)


def prop(name: str, data_type: str = "string", **fields: Any) -> Body:
    return {"rid": f"p-{name}", "apiName": name, "dataTypes": [data_type], **fields}


def an(type_key: str, code: str, **values: Any) -> Body:
    return {"_type": rid(type_key), "_key": [code], "code": code, **values}


def a_link(type_key: str, source: str, target: str) -> Body:
    return {"_type": rid(type_key), "_source": rid(source), "_target": rid(target)}


TYPES: dict[str, Body] = {
    "T": {
        "apiName": "Base",
        "isAbstract": True,
        "primaryKey": ["code"],
        "properties": [prop("code", required=True), prop("mail", unique=True)],
    },
    "TA": {"apiName": "Left", "parents": [rid("T")], "interfaces": [rid("I")]},
    "TB": {"apiName": "Right", "parents": [rid("T")], "properties": [prop("size", "integer")]},
    "I": {
        "apiName": "Owned",
        "linkConstraints": [
            {"linkType": rid("K"), "direction": "outgoing", "min": 1, "max": 2},
        ],
    },
    "K": {"apiName": "owns", "sources": [rid("TA")], "targets": [rid("T")]},
    "KS": {
        "apiName": "near",
        "sources": [rid("TB")],
        "targets": [rid("TB")],
        "symmetric": True,
        "sourceCardinality": {"max": 1},
        "targetCardinality": {"max": 1},
    },
    "KM": {
        "apiName": "marks",
        "sources": [rid("TA")],
        "targets": [rid("TB")],
        "sourceCardinality": {"min": 0, "max": 1},
    },
}
#: A Left with its one link to a Right.
STATE = {"oa": an("TA", "a"), "ob": an("TB", "b", mail="m"), "k1": a_link("K", "oa", "ob")}


def judged(changes: dict[str, Body | None]) -> set[tuple[str, str]]:
    """``(document, rule)`` of what is wrong after changes of objects and links."""
    there = {**TYPES, **STATE}
    base = MemoryState([document(key, body) for key, body in there.items()])
    state = OverlayState(
        base,
        [
            DocumentChange(rid(key), KINDS.get(key[0], Kind.LINK), there.get(key), body)
            for key, body in changes.items()
        ],
    )
    validation = InstanceValidation(state, Rules(state))
    validation.run()
    return {(problem.rid, problem.rule) for problem in validation.problems}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"ox": an("TB", "x")}, set()),
        ({"ox": an("T", "x")}, {("ox", "abstract-type")}),
        ({"ox": an("TZ", "x")}, {("ox", "unknown-type")}),
        ({"ox": an("TB", "a")}, {("ox", "primary-key")}),  # a Left has it: the key is Base's
        ({"ox": an("TB", "x", mail="m")}, {("ox", "unique")}),
        (
            {"ox": an("TA", "x", mail="m"), "kx": a_link("K", "ox", "ob")},
            {("ox", "unique")},
        ),
        ({"ox": an("TB", "x", mail="m"), "ob": an("TB", "b")}, set()),
        ({"ox": an("TB", "b"), "ob": an("TB", "x", mail="m")}, set()),
        (
            {"ox": an("TB", "x"), "oy": an("TB", "x")},
            {("ox", "primary-key"), ("oy", "primary-key")},
        ),
        ({"ox": an("TB", "x", size="1")}, {("ox", "data-type")}),
        ({"ox": an("TB", "x", shoe=1)}, {("ox", "unknown-property")}),
        ({"ox": {"_type": rid("TB")}}, {("ox", "required")}),
        ({"ox": an("TB", "x", _secret=1)}, {("ox", "system-member")}),
        # Interfaces: at least one link, at most two.
        ({"ox": an("TA", "x")}, {("ox", "cardinality")}),
        ({"ox": an("TA", "x"), "kx": a_link("K", "ox", "ob")}, set()),
        ({"k1": None}, {("oa", "cardinality")}),
        ({"k1": None, "kx": a_link("K", "oa", "oa")}, set()),
        (
            {
                "ox": an("TB", "x"),
                "k2": a_link("K", "oa", "ox"),
                "k3": a_link("K", "oa", "oa"),
            },
            {("oa", "cardinality")},
        ),
        ({"kx": a_link("K", "ob", "oa")}, {("kx", "link-end")}),
        ({"kx": a_link("K", "oa", "ob")}, {("kx", "duplicate-link")}),
        ({"ob": None}, {("ob", "linked")}),
        ({"oa": None, "k1": None}, set()),
        # At most one at either end.
        ({"ox": an("TB", "x"), "n1": a_link("KS", "ob", "ox")}, set()),
        (
            {
                "ox": an("TB", "x"),
                "oy": an("TB", "y"),
                "n1": a_link("KS", "ob", "ox"),
                "n2": a_link("KS", "ob", "oy"),
            },
            {("ob", "cardinality")},
        ),
        (
            {
                "ox": an("TA", "x"),
                "kx": a_link("K", "ox", "ob"),
                "m1": a_link("KM", "oa", "ob"),
                "m2": a_link("KM", "ox", "ob"),
            },
            {("ob", "cardinality")},
        ),
    ],
)
def test_objects_and_links(changes: dict[str, Body | None], expected: set[tuple[str, str]]) -> None:
    assert judged(changes) == {(rid(key), rule) for key, rule in expected}


def existing(key: str, body: Body | None) -> list[str]:
    """What a changed definition is told about the objects and links that exist."""
    base = MemoryState([document(name, known) for name, known in {**TYPES, **STATE}.items()])
    change = DocumentChange(rid(key), KINDS[key[0]], TYPES[key], body)
    state = OverlayState(base, [change])
    affected = [rid(name) for name in TYPES]
    return [problem.message for problem in check_existing(base, state, Rules(state), affected)]


@pytest.mark.parametrize(
    ("key", "change", "expected"),
    [
        ("TB", {"displayName": {"en": "x"}}, ""),
        ("TB", {"isAbstract": True}, "1 objects are of just this type. First: Right/b"),
        ("TB", {"properties": [prop("size", required=True)]}, "1 have no 'size'."),
        ("T", {"properties": [prop("code", required=True)]}, "1 have a 'mail', which is gone."),
        (
            "T",
            {"properties": [prop("code", required=True), prop("mail", "integer")]},
            "1 have a 'mail' that does not fit.",
        ),
        ("K", {"targets": [rid("TA")]}, "1 links have an end of the type Right"),
        ("K", {"targetCardinality": {"min": 2}}, "1 objects have too many or too few"),
        ("K", {"sourceCardinality": {"max": 1}}, ""),
        ("I", {"linkConstraints": [{"linkType": rid("K"), "min": 2}]}, "too few links 'owns'"),
        ("I", {"linkConstraints": []}, ""),
    ],
)
def test_definitions_and_what_exists(key: str, change: Body, expected: str) -> None:
    found = existing(key, {**TYPES[key], **change})
    assert len(found) == bool(expected), found
    assert expected in "".join(found)


def test_types_with_instances_stay() -> None:
    (found,) = existing("TB", None)
    assert "There are 1 objects of this type" in found
