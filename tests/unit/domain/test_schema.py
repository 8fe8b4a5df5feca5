"""The compiled schema, and states with changes on top."""

from __future__ import annotations

from typing import Any

import pytest

from ontology.domain.documents import Document, DocumentChange, normalise
from ontology.domain.kinds import Kind
from ontology.domain.memory import MemoryState
from ontology.domain.schema import Schema
from ontology.domain.state import OverlayState
from tests.unit.domain.states import KEYS, Universe, applied, documents

OT, SP, IF = Kind.OBJECT_TYPE, Kind.SHARED_PROPERTY, Kind.INTERFACE
A, B, C, D, E, F = (f"00000000-0000-0000-0000-00000000000{number}" for number in range(6))


def doc(rid: str, kind: Kind = OT, **fields: Any) -> Document:
    return Document(rid, kind, normalise(kind, {"apiName": f"N{rid[-1]}", **fields}))


def part(name: str, **fields: Any) -> dict[str, Any]:
    return {"rid": f"p-{name}", "apiName": name, **fields}


def schema(*found: Document) -> Schema:
    return Schema(MemoryState(found))


@pytest.fixture
def diamond() -> Schema:
    """a has the parents b and c, both have d."""
    return schema(
        doc(A, parents=[B, C], properties=[part("x", dataTypes=["long"])]),
        doc(B, parents=[D], interfaces=[E]),
        doc(C, parents=[D], properties=[part("y", sharedProperty=F)]),
        doc(D, properties=[part("x", dataTypes=["integer"]), part("z", dataTypes=["string"])]),
        doc(E, IF),
        doc(
            F, SP, dataTypes=["uri"], array={}, default=["x:y"], indexed=True, sensitivity="secret"
        ),
    )


def test_ancestors_nearer_first(diamond: Schema) -> None:
    assert diamond.ancestors(A) == (B, C, D)
    assert diamond.ancestors(D) == ()
    assert diamond.parents(A) == (B, C)


def test_properties_own_inherited_and_overridden(diamond: Schema) -> None:
    found = diamond.properties(A)
    assert {key: (one.owner, one.data_types) for key, one in found.items()} == {
        "x": (A, ("long",)),
        "y": (C, ("uri",)),
        "z": (D, ("string",)),
    }
    assert {key: one.owner for key, one in diamond.properties(B).items()} == {"x": D, "z": D}


def test_a_shared_property_fills_in_what_the_property_leaves_out(diamond: Schema) -> None:
    found = diamond.properties(C)["y"]
    assert (found.shared, found.array, found.default) == (F, {}, ["x:y"])
    assert (found.indexed, found.searchable, found.sensitivity) == (True, False, "secret")
    assert found.required is False


def test_interfaces_and_what_is_a(diamond: Schema) -> None:
    assert diamond.interfaces(A) == (E,)
    assert diamond.interfaces(C) == ()
    assert diamond.is_a(A, A)
    assert diamond.is_a(A, D)
    assert diamond.is_a(A, E)
    assert not diamond.is_a(D, A)
    assert not diamond.is_a(C, E)


def test_extended_interfaces_count() -> None:
    found = schema(
        doc(A, interfaces=[B]), doc(B, IF, extends=[C]), doc(C, IF, extends=[D]), doc(D, IF)
    )
    assert found.interfaces(A) == (B, C, D)
    assert found.is_a(A, D)


def test_what_does_not_exist_has_nothing() -> None:
    found = schema(doc(A, parents=[B, C]), doc(C, IF))
    assert found.get(B) is None
    assert found.body(B) == {}
    assert found.parents(A) == ()
    assert found.parents(B) == found.ancestors(B) == found.interfaces(B) == ()
    assert found.properties(B) == {}
    assert found.own_properties(B) == []


def test_cycles_end() -> None:
    found = schema(
        doc(A, parents=[B], properties=[part("a", dataTypes=["string"])]),
        doc(B, parents=[C], properties=[part("b", dataTypes=["string"])]),
        doc(C, parents=[A]),
        doc(D, parents=[A]),
        doc(E),
    )
    assert [found.is_acyclic(rid) for rid in (A, B, C, D, E)] == [False, False, False, False, True]
    assert set(found.ancestors(A)) == {B, C}
    assert set(found.properties(D)) == {"a", "b"}
    assert found.interfaces(D) == ()


class CountingState(MemoryState):
    """Counts how often it is asked."""

    asked = 0

    def get_many(self, rids: Any) -> Any:
        self.asked += 1
        return super().get_many(rids)


def test_a_closure_is_read_level_by_level() -> None:
    chain = [doc(A, parents=[B]), doc(B, parents=[C]), doc(C)]
    state = CountingState(chain)
    found = Schema(state)
    found.load_closure([A])
    assert state.asked == 3
    assert found.properties(A) == {}
    assert found.ancestors(A) == (B, C)
    assert state.asked == 3


# --- states -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_changes_on_top_of_a_state_read_like_the_changed_state(seed: int) -> None:
    universe = Universe(seed)
    state = universe.valid_state()
    changes = universe.change_set()
    overlay = OverlayState(MemoryState(documents(state)), changes)
    plain = MemoryState(documents(applied(state, changes)))
    rids = [document.rid for document in documents({key: {} for key in KEYS})]
    assert overlay.get_many(rids) == plain.get_many(rids)
    assert overlay.referrers(rids) == {
        rid: uses for rid, uses in plain.referrers(rids).items() if uses
    }
    assert overlay.referrers(rids, ["parents"]) == {
        rid: uses for rid, uses in plain.referrers(rids, ["parents"]).items() if uses
    }
    iris = ["https://x.example/1", "https://x.example/2", "https://x.example/3"]
    by_iri = plain.referrers(iris, ["iri"])
    assert overlay.find_iris(iris) == {iri: {rid for rid, _ in by_iri.get(iri, ())} for iri in iris}
    for kind in Kind:
        names = [f"{key}name".casefold() for key in KEYS] + [
            f"{key[0]}same".casefold() for key in KEYS
        ]
        found, expected = overlay.find_names(kind, names), plain.find_names(kind, names)
        assert {name: sorted(rids) for name, rids in found.items() if rids} == {
            name: sorted(rids) for name, rids in expected.items()
        }


def test_an_overlay_remembers_what_it_read() -> None:
    state = CountingState([doc(A), doc(B)])
    overlay = OverlayState(state, [DocumentChange(A, OT, doc(A).body, None)])
    assert set(overlay.get_many([A, B, C])) == {B}
    assert set(overlay.get_many([A, B, C])) == {B}
    assert state.asked == 1
