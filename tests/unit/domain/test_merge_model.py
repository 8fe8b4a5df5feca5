"""The merge against two nested dictionaries that are walked: the model of the state machine."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from ontology.contract import Resolution
from ontology.domain.documents import DocumentChange, normalise
from ontology.domain.kinds import Kind
from ontology.domain.merge import merge_changes, merge_states
from ontology.domain.virtual_base import merge_bases_into_one
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


def committed(kind: Kind, fields: Body) -> Body:
    """In normal form, and its name not among its aliases: as in everything that is committed."""
    aliases = [name for name in fields.get("aliases", ()) if name != fields["apiName"]]
    return normalise(kind, {**fields, "aliases": aliases})


def normal(kind: Kind) -> st.SearchStrategy[Body]:
    """A body of ``kind``."""
    return BODIES[kind].map(partial(committed, kind))


@st.composite
def triples(draw: st.DrawFn) -> Triple:
    """A kind, and a body or none at the base, on our side and on theirs."""
    kind = draw(st.sampled_from(tuple(BODIES)))
    base = draw(st.none() | normal(kind))
    ours, theirs = (draw(st.none() | st.just(base) | normal(kind)) for _ in range(2))
    return kind, base, ours, theirs


@st.composite
def crossings(draw: st.DrawFn) -> tuple[Kind, list[Body | None]]:
    """A kind, and a body or none at a base, at two that come after it, and on two sides that come
    after both of these.
    """
    kind = draw(st.sampled_from(tuple(BODIES)))
    found: list[Body | None] = [draw(st.none() | normal(kind))]
    found += [draw(st.none() | st.just(found[0]) | normal(kind)) for _ in range(2)]
    fields = sorted({name for body in found for name in body or ()})
    for _ in range(2):
        fresh = draw(normal(kind))
        mixed = {name: draw(st.sampled_from((*found[:3], fresh))) or {} for name in fields}
        chosen = {name: body[name] for name, body in mixed.items() if name in body}
        side = committed(kind, {"apiName": fresh["apiName"], **chosen})
        found.append(draw(st.sampled_from((None, *found[:3], side, side))))
    return kind, found


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


@pytest.mark.parametrize("choice", [None, "ours", "theirs"])
@given(crossing=crossings())
def test_a_criss_cross_merge_is_that_of_nested_dictionaries(
    choice: Any, crossing: tuple[Kind, list[Body | None]]
) -> None:
    kind, bodies = crossing
    base, one, two, ours, theirs = (at(kind, body) for body in bodies)
    virtual = merge_bases_into_one(
        {RID: kind}, {RID: bodies[1]}, {RID: bodies[2]}, {RID: bodies[0]}
    )
    outcome = merge_states(
        {RID: kind},
        virtual,
        {RID: bodies[3]},
        {RID: bodies[4]},
        [Resolution(choice)] if choice else [],
    )
    model = Merge(base, ours, theirs, choice, bases=(one, two))
    assume(model.certain)
    found = {(item.rid, item.path) for item in outcome.conflicts if item.type != "order"}
    assert found == (set() if choice else model.conflicts)
    if not outcome.conflicts:
        assert alike(apply(ours, outcome.changes), model.state)
