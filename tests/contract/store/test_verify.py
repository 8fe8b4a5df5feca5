"""``verify``: silent on what the store made, loud on everything else."""

from __future__ import annotations

import datetime as dt

import pytest

from oms_project.core.clock import frozen_at
from tests.contract.store.harness import HARNESSES, StoreHarness
from tests.contract.store.world import BOB, World, a_type, author_keys, rid

NOW = dt.datetime(2026, 7, 5, 12, tzinfo=dt.UTC)
#: Each store suffers deeds of its own.
DEEDS = [(name, deed) for name, make in sorted(HARNESSES.items()) for deed in sorted(make().deeds)]


@pytest.fixture
def past(harness: StoreHarness) -> World:
    """A history with everything in it: changes, deletes, a merge, a tag, a chain of forks."""
    with frozen_at(NOW):
        World(harness.store)
        world = World(harness.store)
        world.put(
            {
                "animal": a_type("Animal", tags=["big"]),
                "cat": a_type("Cat", parents=[rid("animal")]),
                "dog": a_type("Dog"),
                "gone": a_type("Gone"),
            }
        )
    with frozen_at(NOW + dt.timedelta(hours=1)):
        world.put({"cat": a_type("Cat", parents=[rid("animal")], tags=["pet"])}, author=BOB)
        world.tag("v1")
        world.branch("side")
        world.put({"gone": None, "dog": a_type("Hound")})
        theirs = world.put({"cow": a_type("Cow")}, branch="side")
        world.put({"cow": a_type("Cow")}, merged=theirs)
        world.put({"fish": a_type("Fish")})
        before = "side"
        for depth in range(10):
            world.branch(f"deep{depth}", before)
            before = f"deep{depth}"
            changes = {
                f"deep{depth}": a_type(f"Deep{depth}", tags=["deep"]),
                "dog": a_type(f"Dog{depth}"),
            }
            world.put({**changes, "gone": None} if depth == 2 else changes, branch=before)
    return world


def test_what_the_store_made_is_sound(past: World) -> None:
    report = past.store.verify(past.id, keys=author_keys())
    assert report.problems == ()
    assert report.ok is True
    assert report.commits == 17
    assert report.documents >= 30


def test_progress_is_told(past: World) -> None:
    told: list[tuple[str, int, int | None]] = []
    past.store.verify(past.id, keys=author_keys(), on_progress=lambda *step: told.append(step))
    assert told[-1] == ("verify", 17, 17)


@pytest.mark.parametrize(("harness", "deed"), DEEDS, indirect=["harness"])
def test_every_tampering_is_found(past: World, harness: StoreHarness, deed: str) -> None:
    with harness.tampered(deed, past.id):
        report = past.store.verify(past.id, keys=author_keys())
    assert not report.ok, deed
    assert all(problem.where and problem.message for problem in report.problems)


def test_tampering_is_located(past: World, harness: StoreHarness) -> None:
    """The problem names the document or the commit that it was done to."""
    second = past.store.log(past.id, past.store.resolve(past.id, "v1"))[0]
    with harness.tampered("a commit's message", past.id):
        (problem,) = past.store.verify(past.id, keys=author_keys()).problems
    assert problem.where == f"commit {second.short_id}"
    assert problem.message == "its id is not the hash of its parents, content, author and text"


def test_tampering_with_a_document_names_it(past: World, harness: StoreHarness) -> None:
    with harness.tampered("a body", past.id):
        problems = past.store.verify(past.id, keys=author_keys()).problems
    assert any(rid("cat") in problem.where for problem in problems)


def test_another_ontology_is_not_blamed(past: World, harness: StoreHarness) -> None:
    other = World(harness.store)
    with harness.tampered("a body", past.id):
        assert past.store.verify(other.id, keys=author_keys()).ok
        assert not past.store.verify(past.id, keys=author_keys()).ok
    assert past.store.verify(past.id, keys=author_keys()).ok
