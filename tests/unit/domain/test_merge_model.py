"""The merge against two nested dictionaries that are walked: the model of the state machine."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ontology.contract import Resolution
from ontology.domain.documents import DocumentChange, normalise
from ontology.domain.kinds import Kind
from ontology.domain.merge import merge_changes
from tests.faults.model import Merge, State, alike, apply
from tests.unit.domain.merging import RID, Body, enum

Triple = tuple[Kind, Body | None, Body | None, Body | None]

TEXTS = st.dictionaries(st.sampled_from(("en", "ko")), st.sampled_from(("one", "둘")), max_size=2)


def with_name(item: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Each property has names of its own: two of one name may become one."""
    names = st.sampled_from((f"{item['rid']}Name", f"{item['rid']}Other"))
    return names.map(lambda name: {**item, "apiName": name})


PROPERTY: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"rid": st.sampled_from("pqr"), "dataTypes": st.sampled_from((["string"], ["integer"]))},
    optional={
        "required": st.just(True),
        "unit": st.sampled_from(("m", "s")),
        "displayName": TEXTS,
    },
).flatmap(with_name)
MEMBER: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"code": st.sampled_from("ABCD")},
    optional={"label": TEXTS, "status": st.just("deprecated")},
)
NAMED: dict[str, Any] = {"apiName": st.sampled_from(("One", "Two"))}
COMMON: dict[str, Any] = {
    "aliases": st.lists(st.sampled_from(("Two", "Three")), unique=True),
    "displayName": TEXTS,
    "status": st.sampled_from(("active", "experimental")),
    "tags": st.lists(st.sampled_from("xyz"), unique=True),
}
BODIES: dict[Kind, st.SearchStrategy[Body]] = {
    Kind.OBJECT_TYPE: st.fixed_dictionaries(
        NAMED,
        optional={
            **COMMON,
            "color": st.sampled_from(("red", "green")),
            "properties": st.lists(PROPERTY, max_size=3, unique_by=lambda item: item["rid"]),
        },
    ),
    Kind.ENUM_TYPE: st.fixed_dictionaries(
        NAMED,
        optional={
            **COMMON,
            "members": st.lists(MEMBER, max_size=4, unique_by=lambda item: item["code"]),
        },
    ),
}


@st.composite
def triples(draw: st.DrawFn) -> Triple:
    """A kind, and a body or none at the base, on our side and on theirs."""
    kind = draw(st.sampled_from(tuple(BODIES)))
    body = BODIES[kind].map(
        lambda fields: normalise(
            kind,
            # A name is not among its own aliases, as in everything that was committed.
            {
                **fields,
                "aliases": [
                    name for name in fields.get("aliases", ()) if name != fields["apiName"]
                ],
            },
        )
    )
    base = draw(st.none() | body)
    ours, theirs = (draw(st.none() | st.just(base) | body) for _ in range(2))
    return kind, base, ours, theirs


def labelled(**label: str) -> Body:
    """An enum whose one member has these texts."""
    return normalise(Kind.ENUM_TYPE, {"apiName": "One", "members": [{"code": "A", "label": label}]})


def at(kind: Kind, body: Body | None) -> State:
    return State({} if body is None else {RID: (kind, body)})


@pytest.mark.parametrize("choice", [None, "ours", "theirs"])
@given(triple=triples())
@example(triple=(Kind.ENUM_TYPE, enum("ABC"), None, enum("CAB")))
@example(triple=(Kind.ENUM_TYPE, labelled(en="a", ko="b"), labelled(en="a"), labelled()))
def test_a_merge_is_that_of_nested_dictionaries(choice: Any, triple: Triple) -> None:
    kind, base, ours, theirs = triple
    outcome = merge_changes(
        {RID: DocumentChange(RID, kind, base, ours)},
        {RID: DocumentChange(RID, kind, base, theirs)},
        [Resolution(choice)] if choice else [],
    )
    model = Merge(at(kind, base), at(kind, ours), at(kind, theirs), choice)
    # The model knows nothing of order.
    found = {(item.rid, item.path) for item in outcome.conflicts if item.type != "order"}
    assert found == (set() if choice else model.conflicts)
    if not outcome.conflicts:
        assert alike(apply(at(kind, ours), outcome.changes), model.state)
