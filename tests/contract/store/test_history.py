"""Logs, the history of one document, and what differs between commits."""

from __future__ import annotations

import datetime as dt

import pytest

from oms_project.core.clock import frozen_at
from oms_project.core.errors import NotFound
from ontology.contract import CommitInfo
from tests.contract.store.world import World, a_type, rid

NOW = dt.datetime(2100, 7, 5, 12, tzinfo=dt.UTC)


def messages(commits: list[CommitInfo]) -> list[str]:
    return [commit.message for commit in commits]


@pytest.fixture
def merged(world: World) -> World:
    """root - one - two - merge - three, with side1 - side2 merged from one."""
    world.put({"a": a_type("A")}, message="one")
    world.branch("side")
    world.put({"b": a_type("B")}, branch="side", message="side1")
    world.put({"a": a_type("A2")}, message="two")
    theirs = world.put({"b": a_type("B2")}, branch="side", message="side2")
    world.put({"b": a_type("B2")}, merged=theirs, message="merge")
    world.put({"a": None}, message="three")
    world.put({"c": a_type("C")}, branch="side", message="later")
    return world


def test_the_log_is_latest_first_with_what_merges_brought(merged: World) -> None:
    log = list(merged.store.log(merged.id, merged.head()))
    assert messages(log) == ["three", "merge", "side2", "two", "side1", "one", log[-1].message]
    assert log[-1].parents == ()
    assert messages(list(merged.store.log(merged.id, merged.head("side")))) == [
        "later", "side2", "side1", "one", log[-1].message,
    ]  # fmt: skip


def test_the_log_of_first_parents(merged: World) -> None:
    log = list(merged.store.log(merged.id, merged.head(), first_parent=True))
    assert messages(log)[:-1] == ["three", "merge", "two", "one"]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 50])
@pytest.mark.parametrize("first_parent", [True, False])
def test_pages_of_the_log_join_up(merged: World, limit: int, first_parent: bool) -> None:
    head = merged.head()
    whole = list(merged.store.log(merged.id, head, first_parent=first_parent))
    found: list[CommitInfo] = []
    before = None
    while page := merged.store.log(
        merged.id, head, first_parent=first_parent, before=before, limit=limit
    ):
        assert len(page) <= limit
        found += page
        before = (page[-1].time, page[-1].id)
    assert found == whole


def test_commits_of_one_moment_are_all_in_the_log(world: World) -> None:
    """Commits of two branches may have the same time; pages still lose none."""
    start = world.head()
    with frozen_at(NOW):
        for name in ("x", "y", "z"):
            world.branch(name, start)
            world.put({name: a_type(name.upper())}, branch=name, message=name)
        merge = world.put({}, branch="x", merged=world.head("y"), message="merge")
        last = world.put({}, branch="x", merged=world.head("z"), message="last")
    found: list[CommitInfo] = []
    before = None
    while page := world.store.log(world.id, last, before=before, limit=1):
        found += page
        before = (page[-1].time, page[-1].id)
    assert sorted(messages(found)) == sorted(["last", "merge", "x", "y", "z", start.message])
    assert found[:2] == [last, merge]


def test_a_long_log_beside_a_busier_branch(world: World) -> None:
    """Others' commits in between do not get into a page nor cut it short."""
    world.branch("busy")
    mine = []
    for number in range(12):
        mine.append(world.put({"a": a_type(f"A{number}")}, message=f"mine {number}").id)
        for _ in range(5):
            world.put({"b": a_type("B")}, branch="busy")
            world.put({"b": None}, branch="busy")
    assert [entry.id for entry in world.store.log(world.id, world.head(), limit=12)] == mine[::-1]


# --- one document -----------------------------------------------------------------------------------


def test_the_history_of_a_document(merged: World) -> None:
    revisions = merged.store.history(merged.id, merged.head(), rid("a"))
    assert [
        (
            revision.commit.message,
            revision.document.body["apiName"],
            revision.document.deleted,
            revision.previous and revision.previous.body["apiName"],
        )
        for revision in revisions
    ] == [("three", "A2", True, "A2"), ("two", "A2", False, "A"), ("one", "A", False, None)]


def test_the_history_of_what_a_merge_brought(merged: World) -> None:
    assert [
        revision.commit.message
        for revision in merged.store.history(merged.id, merged.head(), rid("b"))
    ] == ["merge"]
    assert [
        revision.commit.message
        for revision in merged.store.history(merged.id, merged.head("side"), rid("b"))
    ] == ["side2", "side1"]


def test_a_document_without_history(merged: World) -> None:
    assert merged.store.history(merged.id, merged.head(), rid("none")) == []
    assert merged.store.history(merged.id, merged.head("side"), rid("c"), limit=5) != []
    assert merged.store.history(merged.id, merged.head(), rid("c")) == []


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_of_a_history_join_up_across_branches(world: World, limit: int) -> None:
    branch = "main"
    for number in range(7):
        if number in (2, 3, 5):
            world.branch(f"b{number}", branch)
            branch = f"b{number}"
        world.put({"a": a_type(f"A{number}"), "x": a_type(f"X{number}")}, branch=branch)
        world.put({"y": a_type(f"Y{number}")}, branch=branch)
    head = world.head(branch)
    found: list[tuple[str, str | None]] = []
    before: str | None = None
    while page := world.store.history(world.id, head, rid("a"), before=before, limit=limit):
        assert len(page) <= limit
        found += [
            (one.document.body["apiName"], one.previous and one.previous.body["apiName"])
            for one in page
        ]
        before = page[-1].commit.id
    assert found == [(f"A{n}", f"A{n - 1}" if n else None) for n in reversed(range(7))]
    several = [rid(name) for name in ("a", "x", "y", "none")]
    for start in (None, before):
        pages = world.store.histories(world.id, head, several, before=start, limit=limit)
        assert pages == {
            one: world.store.history(world.id, head, one, before=start, limit=limit)
            for one in several
        }


def test_a_history_page_after_a_commit_of_elsewhere_shows_only_ones_own(merged: World) -> None:
    """A cursor moves the start of a page and grants nothing."""
    later = merged.put({"a": a_type("A9")}, message="beyond")
    old = merged.store.resolve(merged.id, merged.head().parents[0])
    assert later.id == merged.head().id
    page = merged.store.history(merged.id, old, rid("a"), before=later.id)
    assert [revision.commit.message for revision in page] == ["three", "two", "one"]
    with pytest.raises(NotFound):
        merged.store.history(merged.id, old, rid("a"), before="0" * 64)


# --- differences ------------------------------------------------------------------------------------


def test_changes_have_both_sides(merged: World) -> None:
    store = merged.store
    root = store.log(merged.id, merged.head())[-1]
    main, side = merged.head(), merged.head("side")
    forth = {merged.keys[change.rid]: change for change in store.changes(merged.id, main, side)}
    assert set(forth) == {"a", "c"}
    assert forth["a"].before is None
    assert forth["a"].after == merged.get("a", "side")
    back = {merged.keys[change.rid]: change for change in store.changes(merged.id, side, main)}
    assert back["a"].before == forth["a"].after
    assert back["c"].after is None
    assert store.changes(merged.id, main, main) == []
    assert {merged.keys[change.rid] for change in store.changes(merged.id, root, side)} == set(
        "abc"
    )


def test_a_change_and_its_undoing_are_no_difference(world: World) -> None:
    first = world.put({"a": a_type("A")})
    world.put({"a": a_type("B"), "x": a_type("X")})
    world.put({"a": None})
    last = world.put({"a": a_type("A"), "x": None})
    assert world.store.changes(world.id, first, last) == []
    assert world.store.changes(world.id, last, first) == []


# --- merge bases ------------------------------------------------------------------------------------


def test_a_criss_cross_has_two_merge_bases(world: World) -> None:
    world.put({"a": a_type("A")})
    world.branch("side")
    ours = world.put({"x": a_type("X")})
    theirs = world.put({"y": a_type("Y")}, branch="side")
    one = world.put({"y": a_type("Y")}, merged=theirs)
    other = world.put({"x": a_type("X")}, merged=ours, branch="side")
    assert world.store.merge_bases(world.id, one, other) == sorted([ours.id, theirs.id])
    assert world.store.merge_bases(world.id, other, one) == sorted([ours.id, theirs.id])
    assert world.store.merge_bases(world.id, one, ours) == [ours.id]
    assert world.store.merge_bases(world.id, one, one) == [one.id]
    assert world.store.is_ancestor(world.id, ours, other)
    assert not world.store.is_ancestor(world.id, one, other)
