"""What things cost, counted in requests and rows: the cost follows the change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from ontology.domain.kinds import Kind
from ontology.store.port import DocumentFilter
from tests.contract.store.harness import Cost, StoreHarness
from tests.contract.store.world import World, a_type, rid

SMALL, LARGE = 10, 5_000


@pytest.fixture(autouse=True)
def _without_native_classes(settings: Any) -> None:
    """The larger ontology has more types than TerminusDB can have classes of; what those cost is
    measured apart from what every store does.
    """
    settings.OMS_NATIVE_CLASSES = 0


def world_of(harness: StoreHarness, size: int) -> World:
    world = World(harness.store)
    world.put(
        {
            f"d{number}": a_type(f"D{number}", parents=[rid("d0")] if number else [])
            for number in range(size)
        }
    )
    return world


def cost_of(harness: StoreHarness, work: Callable[[], Any]) -> Cost:
    with harness.measure() as cost:
        work()
    return cost


WRITES: Mapping[str, Callable[[World], Any]] = {
    "a branch": lambda w: w.branch("b"),
    "a tag": lambda w: w.tag("t"),
    "a first commit on a branch": lambda w: w.put({"d3": a_type("Changed")}, branch="b"),
    "a fast-forward": lambda w: w.forward("main", w.head("b")),
    "a change": lambda w: w.put({"d3": a_type("Again")}),
    "a creation": lambda w: w.put({"new": a_type("New", tags=["t"])}),
    "a delete": lambda w: w.put({"d4": None}),
}


def test_writes_cost_the_same_in_any_ontology(harness: StoreHarness) -> None:
    costs = []
    for size in (SMALL, LARGE):
        world = world_of(harness, size)
        costs.append(
            {
                name: cost_of(harness, lambda w=world, work=work: work(w))
                for name, work in WRITES.items()
            }
        )
    assert costs[0] == costs[1]
    assert costs[0]["a branch"].rows == costs[0]["a tag"].rows == 1
    assert all(0 < cost.rows < 20 for cost in costs[0].values())


def test_rows_follow_the_number_of_changes_and_requests_do_not(harness: StoreHarness) -> None:
    """Up to a bulk path's threshold; every row written is a change's or the commit's own."""
    world = world_of(harness, 200)

    def change(count: int) -> Cost:
        documents = {f"d{number}": a_type(f"Renamed{number}") for number in range(1, count + 1)}
        return cost_of(harness, lambda: world.put(documents))

    one, ten, hundred = change(1), change(10), change(100)
    assert one.requests == ten.requests == hundred.requests
    assert hundred.rows < 100 * 5 + one.rows
    assert ten.rows < 10 * 5 + one.rows


def test_the_fiftieth_commit_costs_what_the_tenth_did(harness: StoreHarness) -> None:
    world = world_of(harness, SMALL)
    costs = [
        cost_of(harness, lambda n=number: world.put({"d1": a_type(f"Changed{n}")}))
        for number in range(50)
    ]
    assert costs[49] == costs[9]


def test_branches_of_branches_cost_what_they_change(harness: StoreHarness) -> None:
    """Flattening copies what the nearer branches changed, never the ontology; one branch in the
    chain that changed much is not copied again and again.
    """
    large = world_of(harness, 1_000)
    total, before = 0, "main"
    for depth in range(40):
        changes = {"d1": a_type(f"Changed{depth}"), f"n{depth}": a_type(f"New{depth}")}
        if depth == 10:
            changes = {f"m{number}": a_type(f"Many{number}") for number in range(200)}
        name = f"deep{depth}"

        def work(name: str = name, before: str = before, changes: Any = changes) -> None:
            large.branch(name, before)
            large.put(changes, branch=name)

        total += cost_of(harness, work).rows
        before = name
    assert total < 40 * 40 + 2 * 200 * 2
    large.assert_sound()


READS: Mapping[str, Callable[[Any], Any]] = {
    "get_many": lambda r: r.get_many([rid("d1"), rid("d2")]),
    "find_names": lambda r: r.find_names(Kind.OBJECT_TYPE, ["d1", "d2", "d3"]),
    "find_entries": lambda r: r.find_entries("tag", ["t", "u"]),
    "referrers": lambda r: r.referrers([rid("d5"), rid("d6")]),
    "page": lambda r: r.page(where=DocumentFilter(), limit=5),
    "page of a kind": lambda r: r.page(where=DocumentFilter(kinds=(Kind.OBJECT_TYPE,)), limit=5),
    "count": lambda r: r.count(),
    "hashes": lambda r: r.hashes([Kind.OBJECT_TYPE]),
}


def test_reads_take_as_many_requests_in_any_ontology(harness: StoreHarness) -> None:
    costs = []
    for size in (SMALL, LARGE):
        reader = world_of(harness, size).reader()
        reader.get_many([rid("d0")])
        costs.append(
            {
                name: cost_of(harness, lambda r=reader, read=read: read(r))
                for name, read in READS.items()
            }
        )
    assert costs[0] == costs[1]
    assert all(cost.requests <= 2 and cost.rows == 0 for cost in costs[0].values())


def test_reads_at_any_depth_take_a_bounded_number_of_requests(harness: StoreHarness) -> None:
    small = world_of(harness, SMALL)
    before = "main"
    for depth in range(50):
        small.branch(f"deep{depth}", before)
        before = f"deep{depth}"
        small.put({"d1": a_type(f"Changed{depth}")}, branch=before)
        if depth in (6, 19, 49):
            reader = small.reader(before)
            reader.get_many([rid("d0")])
            costs = [
                cost_of(harness, lambda r=reader, read=read: read(r)) for read in READS.values()
            ]
            assert max(cost.requests for cost in costs) <= 9


def test_differences_cost_what_differs(harness: StoreHarness) -> None:
    costs = []
    for size in (SMALL, 1_000):
        world = world_of(harness, size)
        start = world.head()
        world.branch("b")
        theirs = world.put({"d1": a_type("Theirs")}, branch="b")
        ours = world.put({"d2": a_type("Ours"), "new": a_type("New")})
        costs.append(
            [
                cost_of(harness, lambda w=world, a=one, b=other: w.store.changes(w.id, a, b))
                for one, other in ((start, ours), (ours, start), (ours, theirs))
            ]
        )
        assert len(world.store.changes(world.id, ours, theirs)) == 3
    assert costs[0] == costs[1]
