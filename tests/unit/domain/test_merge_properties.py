"""What holds for every merge, whatever the bodies."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from oms_project.core.canonical_json import dumps
from ontology.contract import Conflict, Resolution
from ontology.domain.documents import DocumentChange, normalise
from ontology.domain.kinds import Kind
from ontology.domain.merge import MergeOutcome, merge_changes, merge_states, revert_changes
from ontology.domain.merge_fields import Ambiguous, plain
from ontology.domain.shapes import same
from ontology.domain.virtual_base import merge_bases_into_one
from tests.unit.domain.bodies import KINDS, bodies, edits, triples

RID = "00000000-0000-0000-0000-0000000000ff"
Body = dict[str, Any] | None
Triple = tuple[Kind, Body, Body, Body]
MIRRORED = {"delete/edit": "edit/delete", "edit/delete": "delete/edit"}


def merge(kind: Kind, base: Body, ours: Body, theirs: Body, *choices: Resolution) -> MergeOutcome:
    return merge_changes(
        {RID: DocumentChange(RID, kind, base, ours)},
        {RID: DocumentChange(RID, kind, base, theirs)},
        choices,
    )


def result(outcome: MergeOutcome, ours: Body) -> Any:
    """The document after a merge without conflicts."""
    return outcome.changes[0].after if outcome.changes else ours


def without_own_name(body: dict[str, Any]) -> dict[str, Any]:
    """``body`` without its own name among its aliases, where a merge never leaves it."""
    aliases = [alias for alias in body.get("aliases", ()) if alias != body.get("apiName")]
    rest = {name: value for name, value in body.items() if name != "aliases"}
    return {**rest, "aliases": aliases} if aliases else rest


def facts(conflict: Conflict) -> tuple[Any, ...]:
    return (conflict.path, conflict.type, conflict.base, conflict.ours, conflict.theirs)


def mirrored(conflict: Conflict) -> tuple[Any, ...]:
    kind = MIRRORED.get(conflict.type, conflict.type)
    return (conflict.path, kind, conflict.base, conflict.theirs, conflict.ours)


@given(triples())
def test_exchanging_the_sides_mirrors_the_conflicts_and_keeps_the_bodies(triple: Triple) -> None:
    kind, base, ours, theirs = triple
    one, other = merge(kind, base, ours, theirs), merge(kind, base, theirs, ours)
    assert list(map(facts, one.conflicts)) == list(map(mirrored, other.conflicts))
    if not one.conflicts:
        assert same(result(one, ours), result(other, theirs))


@given(triples())
def test_exchanging_the_sides_and_the_choice_keeps_the_bodies(triple: Triple) -> None:
    kind, base, ours, theirs = triple
    one = merge(kind, base, ours, theirs, Resolution("ours"))
    other = merge(kind, base, theirs, ours, Resolution("theirs"))
    assert not one.conflicts
    assert one.resolved == other.resolved
    assert same(result(one, ours), result(other, theirs))


@given(triples())
def test_a_merged_body_is_in_normal_form(triple: Triple) -> None:
    kind, base, ours, theirs = triple
    merged = result(merge(kind, base, ours, theirs, Resolution("theirs")), ours)
    if merged is not None:
        assert same(normalise(kind, merged), merged)


@given(triples())
def test_merging_with_an_unchanged_side_gives_the_other(triple: Triple) -> None:
    kind, base, ours, _ = triple
    assert result(merge(kind, base, ours, base), ours) == ours
    assert result(merge(kind, base, base, ours), base) == ours
    assert result(merge(kind, base, ours, ours), ours) == ours


@given(triples(absent=False))
def test_field_by_field_merging_with_an_unchanged_side_gives_the_other(triple: Triple) -> None:
    """The same without the short cut for whole bodies: another field differs on the other side."""
    kind, base, ours, _ = triple
    assert base is not None
    assert ours is not None
    field = "_iri" if kind == Kind.OBJECT else "iri"
    outcome = merge(kind, base | {field: "0"}, ours | {field: "0"}, base | {field: "1"})
    assert not outcome.conflicts
    expected = normalise(kind, ours | {field: "1"})
    assert same(without_own_name(result(outcome, ours)), without_own_name(expected))


@given(triples())
def test_what_both_sides_agree_on_stays(triple: Triple) -> None:
    kind, base, ours, theirs = triple
    merged = result(merge(kind, base, ours, theirs, Resolution("ours")), ours)
    if merged is None or ours is None or theirs is None:
        return
    for name, value in ours.items():
        if same(value, theirs.get(name)) and name != "aliases":
            assert same(merged.get(name), value)


@given(triples())
def test_taking_one_side_everywhere_loses_nothing_of_it(triple: Triple) -> None:
    """Every atomic field that our side changed has our value after ``--ours``."""
    kind, base, ours, theirs = triple
    merged = result(merge(kind, base, ours, theirs, Resolution("ours")), ours)
    if base is None or ours is None or merged is None:
        return
    for name in ("apiName", "status", "isAbstract", "primaryKey", "onDelete", "baseType"):
        if not same(base.get(name), ours.get(name)):
            assert same(merged.get(name), ours.get(name))


@given(st.data())
def test_reverting_the_last_change_gives_back_what_was(data: st.DataObject) -> None:
    kind = data.draw(KINDS)
    before = data.draw(bodies(kind))
    after = data.draw(edits(kind, before))
    change = DocumentChange(RID, kind, before, after)
    assert same(result(revert_changes({RID: change}, {RID: after}), after), before)


@given(triples(absent=False))
def test_a_revert_of_a_merge_gives_our_side_back(triple: Triple) -> None:
    kind, base, ours, theirs = triple
    merged = result(merge(kind, base, ours, theirs, Resolution("theirs")), ours)
    change = DocumentChange(RID, kind, ours, merged)
    assert same(result(revert_changes({RID: change}, {RID: merged}), merged), ours)


@given(triples())
def test_a_virtual_base_is_symmetric_and_is_the_merge_where_that_is_clean(triple: Triple) -> None:
    kind, base, ours, theirs = triple
    states = ({RID: state} for state in (ours, theirs, base))
    one, two, own = states
    virtual = merge_bases_into_one({RID: kind}, one, two, own)[RID]
    mirror = merge_bases_into_one({RID: kind}, two, one, own)[RID]
    assert dumps(plain(mirror)) == dumps(plain(virtual))
    outcome = merge(kind, base, ours, theirs)
    if not outcome.conflicts:
        assert not isinstance(virtual, Ambiguous)
        if virtual is None:
            assert result(outcome, ours) is None
        else:
            assert without_own_name(normalise(kind, dict(virtual))) == without_own_name(
                result(outcome, ours)
            )


@given(triples(absent=False), st.data())
def test_a_criss_cross_keeps_what_both_heads_settled_alike(
    triple: Triple, data: st.DataObject
) -> None:
    kind, base, one, two = triple
    virtual = merge_bases_into_one({RID: kind}, {RID: one}, {RID: two}, {RID: base})
    settled = data.draw(bodies(kind))
    outcome = merge_states({RID: kind}, virtual, {RID: settled}, {RID: dict(settled)})
    assert outcome == MergeOutcome()


@given(triples(absent=False), st.data())
def test_a_criss_cross_merge_is_symmetric(triple: Triple, data: st.DataObject) -> None:
    kind, base, one, two = triple
    assert one is not None
    assert two is not None
    virtual = merge_bases_into_one({RID: kind}, {RID: one}, {RID: two}, {RID: base})
    ours, theirs = {RID: data.draw(edits(kind, one))}, {RID: data.draw(edits(kind, two))}
    left = merge_states({RID: kind}, virtual, ours, theirs)
    right = merge_states({RID: kind}, virtual, theirs, ours)
    assert list(map(facts, left.conflicts)) == list(map(mirrored, right.conflicts))
    if not left.conflicts:
        assert same(result(left, ours[RID]), result(right, theirs[RID]))
