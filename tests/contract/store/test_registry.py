"""Ontologies, branches and tags: names in a store."""

from __future__ import annotations

import datetime as dt

import pytest

from oms_project.core.clock import frozen_at
from oms_project.core.errors import Conflict, Invalid, NotFound
from ontology.contract import CommitInfo, OntologyInfo
from ontology.domain.kinds import Kind
from ontology.store.hashing import commit_id, content_hash, text_hash
from ontology.store.port import OntologyStore
from ontology.store.sealing import seal_of
from tests.contract.store.harness import StoreHarness
from tests.contract.store.world import ALICE, BASE, BOB, World, a_type, author_keys

NOW = dt.datetime(2026, 7, 5, 12, tzinfo=dt.UTC)


def create(store: OntologyStore, name: str, base: str = BASE) -> OntologyInfo:
    return store.create_ontology(
        name=name, base_iri=base, description="About", header={"baseIri": base}, seal=seal_of(BOB)
    )


# --- ontologies -----------------------------------------------------------------------------------


def test_a_new_ontology_has_one_branch_with_one_commit_that_holds_its_header(
    harness: StoreHarness,
) -> None:
    store = harness.store
    with frozen_at(NOW):
        info = create(store, "animals")
    assert info == OntologyInfo(info.id, "animals", BASE, "About", "main", NOW, "bob.smith (2)")
    assert store.get_ontology("animals") == store.get_ontology(info.id) == info
    (branch,) = store.list_branches(info.id)
    assert (branch.name, branch.is_default, branch.protected) == ("main", True, False)
    root = store.get_commit(info.id, branch.head)
    assert (root.parents, root.author, root.time, root.change_count) == ((), BOB.label, NOW, 1)
    (header,) = store.reader(info.id, root).scan()
    assert (header.rid, header.kind, header.body) == (info.id, Kind.ONTOLOGY, {"baseIri": BASE})
    assert store.verify(info.id, keys=author_keys()).ok


def test_ontologies_are_listed_by_name(harness: StoreHarness) -> None:
    names = ["zebra", "apes", "b.c", "b-c"]
    for name in names:
        create(harness.store, name)
    assert [info.name for info in harness.store.list_ontologies()] == sorted(names)


def test_a_name_is_taken_once_and_freed_by_deletion(harness: StoreHarness) -> None:
    store = harness.store
    first = create(store, "animals")
    with pytest.raises(Conflict, match="'animals' exists already") as refused:
        create(store, "animals")
    assert (refused.value.error_code, refused.value.retryable) == ("already_exists", False)
    assert [info.id for info in store.list_ontologies()] == [first.id]
    head = store.resolve(first.id, "main")
    store.delete_ontology(first.id)
    assert store.list_ontologies() == []
    for gone in ("animals", first.id):
        with pytest.raises(NotFound) as missing:
            store.get_ontology(gone)
        assert missing.value.error_code == "ontology_not_found"
    second = create(store, "animals")
    assert second.id != first.id
    assert store.get_ontology("animals") == second
    assert store.get_commit(first.id, head.id) == head, "its history is kept"


@pytest.mark.parametrize("operation", ["update", "delete"])
def test_what_is_not_there_cannot_be_changed(harness: StoreHarness, operation: str) -> None:
    with pytest.raises(NotFound):
        if operation == "update":
            harness.store.update_ontology("none", description="x", default_branch=None)
        else:
            harness.store.delete_ontology("none")


def test_an_id_is_found_before_a_name_that_looks_like_it(harness: StoreHarness) -> None:
    """Otherwise one could take an ontology's place by taking its id for a name."""
    store = harness.store
    victim = create(store, "victim")
    create(store, victim.id)
    assert store.get_ontology(victim.id) == victim
    store.delete_ontology(victim.id)
    with pytest.raises(NotFound):
        store.get_ontology("victim")


def test_changing_the_description_and_the_default_branch(world: World) -> None:
    world.branch("next")
    changed = world.store.update_ontology(world.id, description="New", default_branch=None)
    assert (changed.description, changed.default_branch) == ("New", "main")
    changed = world.store.update_ontology(world.id, description=None, default_branch="next")
    assert (changed.description, changed.default_branch) == ("New", "next")
    assert world.store.get_ontology(world.id) == changed
    defaults = {branch.name: branch.is_default for branch in world.store.list_branches(world.id)}
    assert defaults == {"main": False, "next": True}
    with pytest.raises(NotFound) as refused:
        world.store.update_ontology(world.id, description="Other", default_branch="none")
    assert refused.value.error_code == "branch_not_found"
    assert world.store.get_ontology(world.id) == changed


def test_equal_base_iris_give_equal_rid_namespaces(harness: StoreHarness) -> None:
    store = harness.store
    one, two = create(store, "one"), create(store, "two")
    other = create(store, "other", "https://other.example/")
    assert store.rid_namespace(one.id) == store.rid_namespace(two.id)
    assert store.rid_namespace(one.id) != store.rid_namespace(other.id)
    assert len(store.rid_namespace(one.id)) == 36


def test_ontologies_do_not_see_each_other(harness: StoreHarness) -> None:
    one, two = World(harness.store), World(harness.store)
    commit = one.put({"a": a_type("A")})
    assert two.state() == {}
    with pytest.raises(NotFound) as refused:
        two.store.get_commit(two.id, commit.id)
    assert refused.value.error_code == "commit_not_found"
    for ref in (commit.id, commit.id[:12]):
        with pytest.raises(NotFound):
            two.store.resolve(two.id, ref)
    two.put({"a": a_type("Other")})
    assert one.state() == {"a": a_type("A")}


# --- branches and tags ----------------------------------------------------------------------------


def test_a_branch_is_a_name_for_a_commit(world: World) -> None:
    first = world.put({"a": a_type("A")})
    world.put({"a": a_type("B")})
    with frozen_at(NOW):
        made = world.store.create_branch(
            world.id, name="team/x", commit=first.id, protected=True, author=BOB
        )
    assert (made.head, made.protected, made.is_default) == (first.id, True, False)
    assert (made.created_at, made.updated_at, made.created_by) == (NOW, NOW, "bob.smith (2)")
    assert world.store.get_branch(world.id, "team/x") == made
    assert world.state("team/x") == {"a": a_type("A")}


def test_a_commit_moves_its_branch_and_no_other(world: World) -> None:
    world.branch("side")
    before = world.store.get_branch(world.id, "main")
    with frozen_at(NOW):
        commit = world.put({"a": a_type("A")}, branch="side")
    side = world.store.get_branch(world.id, "side")
    assert (side.head, side.updated_at) == (commit.id, NOW)
    assert world.store.get_branch(world.id, "main") == before


def test_a_tag_is_a_name_that_stays(world: World) -> None:
    commit = world.put({"a": a_type("A")})
    with frozen_at(NOW):
        tag = world.store.create_tag(
            world.id, name="v1.0", commit=commit.id, message="First", author=BOB
        )
    assert (tag.name, tag.commit, tag.message) == ("v1.0", commit.id, "First")
    assert (tag.created_at, tag.created_by) == (NOW, "bob.smith (2)")
    world.put({"a": a_type("B")})
    assert world.store.get_tag(world.id, "v1.0") == tag
    assert world.state("v1.0") == {"a": a_type("A")}


@pytest.mark.parametrize("what", ["branch", "tag"])
def test_a_name_can_be_taken_once(world: World, what: str) -> None:
    make = world.branch if what == "branch" else world.tag
    first = world.head()
    make("v1", first)
    world.put({"a": a_type("A")})
    with pytest.raises(Conflict, match="exists already") as refused:
        make("v1", "main")
    assert (refused.value.error_code, refused.value.data) == ("already_exists", {"name": "v1"})
    assert world.store.resolve(world.id, "v1") == first


@pytest.mark.parametrize("what", ["branch", "tag"])
def test_a_name_needs_a_commit_of_its_ontology(world: World, what: str) -> None:
    foreign = World(world.store).head()
    for commit in (foreign.id, "0" * 64, "main"):
        with pytest.raises(NotFound) as refused:
            if what == "branch":
                world.store.create_branch(
                    world.id, name="bad", commit=commit, protected=False, author=ALICE
                )
            else:
                world.store.create_tag(
                    world.id, name="bad", commit=commit, message="", author=ALICE
                )
        assert refused.value.error_code == "commit_not_found"
    assert [branch.name for branch in world.store.list_branches(world.id)] == ["main"]
    assert world.store.list_tags(world.id) == []


@pytest.mark.parametrize("what", ["branch", "tag"])
def test_names_are_listed_in_pages_by_code_point(world: World, what: str) -> None:
    names = ["a", "a-b", "a.b", "a/b", "a_b", "b", "zz", "0"]
    for name in names:
        (world.branch if what == "branch" else world.tag)(name)
    listing = world.store.list_branches if what == "branch" else world.store.list_tags
    expected = sorted([*names, "main"] if what == "branch" else names)
    assert [item.name for item in listing(world.id)] == expected
    paged: list[str] = []
    while page := listing(world.id, after=paged[-1] if paged else "", limit=2):
        assert len(page) <= 2
        paged += [item.name for item in page]
    assert paged == expected


def test_protection_comes_and_goes(world: World) -> None:
    assert world.store.protect_branch(world.id, "main", protected=True).protected is True
    assert world.store.get_branch(world.id, "main").protected is True
    assert world.store.protect_branch(world.id, "main", protected=False).protected is False


def test_what_a_deleted_branch_held_stays_readable(world: World) -> None:
    world.branch("side")
    commit = world.put({"a": a_type("A")}, branch="side")
    world.store.delete_branch(world.id, "side")
    with pytest.raises(NotFound):
        world.head("side")
    assert world.state(commit.id) == {"a": a_type("A")}
    world.branch("side", "main")
    assert world.state("side") == {}
    world.put({"b": a_type("B")}, branch="side")
    assert world.state("side") == {"b": a_type("B")}
    assert world.state(commit.id) == {"a": a_type("A")}
    world.assert_sound()


def test_a_deleted_tag_frees_its_name(world: World) -> None:
    world.tag("v1")
    world.store.delete_tag(world.id, "v1")
    with pytest.raises(NotFound) as missing:
        world.store.get_tag(world.id, "v1")
    assert missing.value.error_code == "tag_not_found"
    world.put({"a": a_type("A")})
    world.tag("v1")
    assert world.store.resolve(world.id, "v1") == world.head()


def test_names_that_are_not_there(world: World) -> None:
    store = world.store
    for call in (
        lambda: store.get_branch(world.id, "none"),
        lambda: store.protect_branch(world.id, "none", protected=True),
        lambda: store.delete_branch(world.id, "none"),
        lambda: store.move_branch(world.id, "none", to=world.head().id, expected_head="x"),
        lambda: store.get_tag(world.id, "none"),
        lambda: store.delete_tag(world.id, "none"),
        lambda: store.get_tag(world.id, "no\0ne"),
        lambda: store.get_branch(world.id, "no\ud800ne"),
        lambda: store.get_ontology("no\0ne"),
        lambda: store.resolve(world.id, "no\0ne"),
    ):
        with pytest.raises(NotFound) as missing:
            call()
        assert missing.value.retryable is False


# --- fast-forward -----------------------------------------------------------------------------------


def test_moving_a_branch_forward(world: World) -> None:
    start = world.head()
    world.branch("side")
    ahead = world.put({"a": a_type("A")}, branch="side")
    with frozen_at(NOW):
        moved = world.store.move_branch(world.id, "main", to=ahead.id, expected_head=start.id)
    assert (moved.head, moved.updated_at, moved.is_default) == (ahead.id, NOW, True)
    assert world.state() == {"a": a_type("A")}
    world.put({"b": a_type("B")})
    world.put({"c": a_type("C")}, branch="side")
    assert world.state() == {"a": a_type("A"), "b": a_type("B")}
    assert world.state("side") == {"a": a_type("A"), "c": a_type("C")}
    world.assert_sound()


def test_a_stale_move_is_refused(world: World) -> None:
    start = world.head()
    world.branch("side")
    ahead = world.put({"a": a_type("A")}, branch="side")
    head = world.put({"b": a_type("B")})
    with pytest.raises(Conflict) as refused:
        world.store.move_branch(world.id, "main", to=ahead.id, expected_head=start.id)
    assert refused.value.error_code == "stale_head"
    assert refused.value.data["head"] == head.id
    assert world.head() == head


def test_a_branch_moves_forward_only(world: World) -> None:
    start = world.head()
    head = world.put({"a": a_type("A")})
    world.branch("side", start)
    other = world.put({"b": a_type("B")}, branch="side")
    for target in (start, other):
        with pytest.raises(Conflict) as refused:
            world.store.move_branch(world.id, "main", to=target.id, expected_head=head.id)
        assert refused.value.error_code == "not_fast_forward"
    assert world.head() == head


# --- what a ref means -------------------------------------------------------------------------------


def at(minute: int) -> dt.datetime:
    return NOW + dt.timedelta(minutes=minute)


def test_refs_name_commits(world: World) -> None:
    commit = world.put({"a": a_type("A")})
    world.tag("v1", commit)
    world.branch("side", commit)
    world.put({"b": a_type("B")})
    for ref in ("v1", "side", commit.id, commit.id[:7], commit.id[:12], commit.id[:63]):
        assert world.store.resolve(world.id, ref) == commit
    assert world.store.get_commit(world.id, commit.id) == commit


@pytest.mark.parametrize(
    "ref",
    ["none", "", "main2", "MAIN", "0" * 7, "f" * 64, "none@2026-07-05T12:00:00Z", "@2026-07-05"],
)
def test_a_ref_that_names_nothing(world: World, ref: str) -> None:
    with pytest.raises(NotFound):
        world.store.resolve(world.id, ref)


def test_a_prefix_of_six_digits_is_too_short(world: World) -> None:
    with pytest.raises(NotFound) as refused:
        world.store.resolve(world.id, world.head().id[:6])
    assert refused.value.error_code == "ref_not_found"


def test_a_name_wins_over_a_prefix(world: World) -> None:
    """A name like a commit id is refused by the domain; the store still has to decide."""
    commit = world.put({"a": a_type("A")})
    world.put({"b": a_type("B")})
    world.tag(commit.id[:8], "main")
    assert world.store.resolve(world.id, commit.id[:8]) == world.head()


def test_a_prefix_of_two_commits_is_ambiguous(harness: StoreHarness) -> None:
    """Two commits whose ids begin alike are looked for beforehand: an id is a hash."""
    with frozen_at(NOW - dt.timedelta(1)):
        world = World(harness.store)
    root = world.head()
    body = a_type("A")
    changed = world.writes(root, {"a": body})[0]
    content = content_hash([(changed.rid, changed.kind, text_hash('{"apiName":"A"}'))])
    seen: dict[str, str] = {}
    seal = seal_of(ALICE)
    for number in range(1_000_000):
        message = f"message {number}"
        found = commit_id(
            ontology_id=world.id,
            parents=(root.id,),
            content=content,
            author_id=ALICE.id,
            author_username=ALICE.username,
            time=NOW,
            message=message,
            signature=seal.sign(
                ontology_id=world.id,
                parents=(root.id,),
                content=content,
                time=NOW,
                message=message,
            ),
        )
        twin = seen.setdefault(found[:7], message)
        if twin != message:
            break
    world.branch("twin")
    with frozen_at(NOW):
        one = world.put({"a": body}, message=twin)
        two = world.put({"a": body}, message=message, branch="twin")
    assert one.id[:7] == two.id[:7]
    with pytest.raises(Invalid, match="begins more than one commit id") as refused:
        world.store.resolve(world.id, one.id[:7])
    assert refused.value.error_code == "ambiguous_ref"
    assert world.store.resolve(world.id, one.id[:20]) == one


@pytest.fixture
def timeline(harness: StoreHarness) -> tuple[World, list[CommitInfo]]:
    """Commits on the minute: 0 (root), 10, 20 on main; 15, 30 on a branch of the one at 10."""
    with frozen_at(at(0)):
        world = World(harness.store)
    commits = [world.head()]
    for minute, branch in ((10, "main"), (15, "side"), (20, "main"), (30, "side")):
        with frozen_at(at(minute)):
            if minute == 15:
                world.branch("side")
            commits.append(world.put({"a": a_type(f"A{minute}")}, branch=branch))
    return world, commits


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        ("main@2026-07-05T12:00:00Z", 0),
        ("main@2026-07-05T12:09:59.999999Z", 0),
        ("main@2026-07-05T12:10:00Z", 1),
        ("main@2026-07-05T12:17:00Z", 1),
        ("main@2026-07-05T12:20:00Z", 3),
        ("main@2099-01-01", 3),
        ("main@2026-07-05T21:17:00+09:00", 1),
        ("main@2026-07-05T12:17", 1),
        ("side@2026-07-05T12:05:00Z", 0),
        ("side@2026-07-05T12:12:00Z", 1),
        ("side@2026-07-05T12:17:00Z", 2),
        ("side@2026-07-05T12:29:00Z", 2),
        ("side@2026-07-05T12:30:00Z", 4),
    ],
)
def test_a_branch_at_a_time(
    timeline: tuple[World, list[CommitInfo]], ref: str, expected: int
) -> None:
    world, commits = timeline
    assert world.store.resolve(world.id, ref) == commits[expected]


def test_a_time_before_the_first_commit(timeline: tuple[World, list[CommitInfo]]) -> None:
    world, _ = timeline
    for ref in ("main@2026-07-05T11:59:59Z", "main@0001-01-01"):
        with pytest.raises(NotFound, match="before the first commit") as refused:
            world.store.resolve(world.id, ref)
        assert refused.value.error_code == "ref_not_found"


@pytest.mark.parametrize("time", ["yesterday", "2026-13-01", "", "0001-01-01T00:00:00+09:00"])
def test_a_time_that_is_none(world: World, time: str) -> None:
    with pytest.raises(Invalid, match="is not a time") as refused:
        world.store.resolve(world.id, f"main@{time}")
    assert refused.value.error_code == "invalid_ref"
