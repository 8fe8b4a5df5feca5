"""Commits: all or nothing, one after the other, and what they record."""

from __future__ import annotations

import datetime as dt
import json
import threading
from typing import Any

import pytest

from oms_project.core.clock import frozen_at
from oms_project.core.errors import Conflict, NotFound, OmsError, Unavailable
from ontology.contract import CommitInfo
from ontology.domain.authorship import author_problem
from ontology.domain.kinds import Kind
from ontology.store.hashing import commit_id, content_hash, text_hash
from ontology.store.port import DocumentWrite
from ontology.store.sealing import claim_of, seal_of
from tests.contract.store.harness import StoreHarness
from tests.contract.store.world import ALICE, BOB, World, a_type, author_keys, rid

NOW = dt.datetime(2100, 7, 5, 12, tzinfo=dt.UTC)


class Interrupted(Exception):
    """Something that goes wrong in a caller's code."""


def everything(world: World) -> object:
    """All that a write could change."""
    store = world.store
    return (
        store.list_branches(world.id),
        store.list_tags(world.id),
        [
            (document.rid, document.text, document.created, document.updated)
            for document in world.reader().scan()
        ],
        store.log(world.id, world.head(), limit=1000),
        store.verify(world.id, keys=author_keys()),
    )


# --- what a commit says ---------------------------------------------------------------------------


def test_a_commit_says_who_did_what_when_and_why(world: World) -> None:
    root = world.head()
    with frozen_at(NOW):
        made = world.put(
            {"a": a_type("A"), "b": a_type("B")}, message="Add two\n\nBecause.", author=BOB
        )
    content = content_hash(
        (rid(key), Kind.OBJECT_TYPE, text_hash(f'{{"apiName":"{key.upper()}"}}')) for key in "ab"
    )
    assert made == CommitInfo(
        id=commit_id(
            ontology_id=world.id,
            parents=(root.id,),
            content=content,
            author_id="2",
            author_username="bob.smith",
            time=NOW,
            message="Add two\n\nBecause.",
            signature=made.signature,
        ),
        parents=(root.id,),
        author="bob.smith (2)",
        author_id="2",
        author_username="bob.smith",
        time=NOW,
        message="Add two\n\nBecause.",
        content_hash=content,
        change_count=2,
        signature=made.signature,
    )
    assert author_problem(made.signature, claim_of(world.id, made), author_keys()) is None
    assert world.head() == world.store.get_commit(world.id, made.id) == made


def test_a_delete_has_its_own_mark_in_the_content_hash(world: World) -> None:
    world.put({"a": a_type("A")})
    made = world.put({"a": None})
    assert made.content_hash == content_hash([(rid("a"), Kind.OBJECT_TYPE, None)])
    assert world.state() == {}


def test_a_merge_has_two_parents_and_counts_what_it_changed_against_the_first(world: World) -> None:
    world.branch("side")
    ours = world.put({"a": a_type("A")})
    theirs = world.put({"b": a_type("B")}, branch="side")
    made = world.put({"b": a_type("B")}, merged=theirs)
    assert (made.parents, made.change_count) == ((ours.id, theirs.id), 1)
    empty = world.put({}, branch="side", merged=made)
    assert (empty.parents, empty.change_count) == ((theirs.id, made.id), 0)
    assert empty.content_hash == content_hash([])
    world.assert_sound()


def test_a_merge_with_what_is_not_there_is_refused(world: World) -> None:
    foreign = World(world.store).put({"a": a_type("A")})
    before = everything(world)
    with pytest.raises(NotFound) as refused:
        world.put({"a": a_type("A")}, merged=foreign)
    assert refused.value.error_code == "commit_not_found"
    assert everything(world) == before


def test_a_commit_is_later_than_its_parents_whatever_the_clock_says(world: World) -> None:
    world.branch("side")
    with frozen_at(NOW):
        ours = world.put({"a": a_type("A")})
    with frozen_at(NOW + dt.timedelta(hours=1)):
        theirs = world.put({"b": a_type("B")}, branch="side")
    with frozen_at(NOW - dt.timedelta(days=1)):
        next_one = world.put({"a": a_type("B")})
        merge = world.put({"b": a_type("B")}, merged=theirs)
    assert ours.time < next_one.time < merge.time
    assert theirs.time < merge.time
    log = world.store.log(world.id, merge)
    assert [entry.id for entry in log[:4]] == [merge.id, theirs.id, next_one.id, ours.id]
    world.assert_sound()


def test_equal_commits_on_two_branches_are_two_commits(world: World) -> None:
    world.branch("side")
    with frozen_at(NOW):
        one = world.put({"a": a_type("A")}, message="Same")
        two = world.put({"a": a_type("A")}, message="Same other", branch="side")
    assert one.id != two.id
    assert one.content_hash == two.content_hash


# --- audit fields ---------------------------------------------------------------------------------


def audit(world: World, key: str, ref: str = "main") -> dict[str, Any]:
    document = world.get(key, ref)
    fields = json.loads("{" + document.created + "," + document.updated + "}")
    assert isinstance(fields, dict)
    return fields


def stamps(made: dt.datetime, maker: str, name: str, what: str) -> dict[str, Any]:
    time = made.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {f"_{what}_at": time, f"_{what}_by": maker, f"_{what}_by_username": name}


ALIVE = {"_deleted": False, "_deleted_at": None, "_deleted_by": None}


def test_audit_fields_through_a_documents_life(world: World) -> None:
    moments = [NOW + dt.timedelta(hours=number) for number in range(4)]
    created = stamps(moments[0], "1", "alice", "created")
    with frozen_at(moments[0]):
        world.put({"a": a_type("A")}, author=ALICE)
    assert audit(world, "a") == {**created, **stamps(moments[0], "1", "alice", "updated"), **ALIVE}
    with frozen_at(moments[1]):
        world.put({"a": a_type("A2")}, author=BOB)
    updated = stamps(moments[1], "2", "bob.smith", "updated")
    assert audit(world, "a") == {**created, **updated, **ALIVE}
    with frozen_at(moments[2]):
        world.put({"a": None}, author=ALICE)
    gone = stamps(moments[2], "1", "alice", "updated")
    assert audit(world, "a") == {
        **created,
        **gone,
        "_deleted": True,
        "_deleted_at": gone["_updated_at"],
        "_deleted_by": "1",
    }
    with frozen_at(moments[3]):
        world.put({"a": a_type("A2")}, author=BOB)
    back = stamps(moments[3], "2", "bob.smith", "updated")
    assert audit(world, "a") == {**created, **back, **ALIVE}, "a restore keeps who created it"


def test_a_merge_stamps_what_it_brings(world: World) -> None:
    world.branch("side")
    with frozen_at(NOW):
        theirs = world.put({"a": a_type("A")}, branch="side", author=ALICE)
    later = NOW + dt.timedelta(hours=1)
    with frozen_at(later):
        world.put({"a": a_type("A")}, merged=theirs, author=BOB)
    assert audit(world, "a")["_updated_by_username"] == "bob.smith"
    assert audit(world, "a", "side")["_updated_by_username"] == "alice"
    assert world.get("a").hash == world.get("a", "side").hash, "audit fields are outside the hash"


def test_a_tombstone_keeps_the_body_and_frees_the_name(world: World) -> None:
    world.put({"a": a_type("Person", iri="https://x.example/p", tags=["t"], parents=[rid("b")])})
    world.put({"a": None})
    gone = world.get("a")
    assert gone.deleted is True
    assert gone.body["apiName"] == "Person"
    reader = world.reader()
    assert reader.find_names(Kind.OBJECT_TYPE, ["person"]) == {}
    assert reader.find_entries("iri", ["https://x.example/p"]) == {}
    assert reader.find_entries("tag", ["t"]) == {}
    assert reader.referrers([rid("b")]) == {}
    world.put({"c": a_type("Person")})
    assert world.reader().find_names(Kind.OBJECT_TYPE, ["person"]) == {"person": [rid("c")]}
    world.put({"a": a_type("Human", parents=[rid("b")])})
    assert world.reader().referrers([rid("b")]) == {rid("b"): {(rid("a"), "parents")}}
    world.assert_sound()


# --- all or nothing ---------------------------------------------------------------------------------


def test_what_goes_wrong_under_the_lock_leaves_nothing(world: World) -> None:
    world.put({"a": a_type("A")})
    world.branch("side")
    before = everything(world)
    with pytest.raises(Interrupted), world.store.writing(world.id, "main"):
        world.put({"a": a_type("A2"), "b": a_type("B")})
        world.put({"c": a_type("C")})
        world.tag("v1")
        raise Interrupted
    assert everything(world) == before
    world.put({"a": a_type("A2")})
    assert world.state() == {"a": a_type("A2")}
    world.assert_sound()


def test_a_rolled_back_fork_leaves_nothing(world: World) -> None:
    world.put({"a": a_type("A")})
    world.branch("side")
    before = everything(world)
    with pytest.raises(Interrupted), world.store.writing(world.id, "side"):
        world.put({"a": a_type("A2")}, branch="side")
        raise Interrupted
    assert everything(world) == before
    commit = world.put({"a": a_type("A3")}, branch="side")
    assert world.state(commit) == {"a": a_type("A3")}
    world.assert_sound()


def test_a_refused_document_takes_the_whole_commit_with_it(world: World) -> None:
    world.put({"a": a_type("A")})
    before = everything(world)
    with pytest.raises(OmsError):
        world.put({"a": a_type("B"), "b": a_type("Bad", tags=["a\0b"]), "c": a_type("C")})
    assert everything(world) == before


def test_several_commits_under_one_lock(world: World) -> None:
    start = world.head()
    with world.store.writing(world.id, "main") as head:
        assert head == start
        first = world.put({"a": a_type("A")})
        second = world.put({"a": a_type("A2"), "b": a_type("B")})
        assert world.state() == {"a": a_type("A2"), "b": a_type("B")}
        assert world.state(first) == {"a": a_type("A")}
    assert second.parents == (first.id,)
    assert first.parents == (start.id,)
    world.assert_sound()


def test_a_move_and_a_commit_under_one_lock(world: World) -> None:
    world.branch("side")
    ahead = world.put({"a": a_type("A")}, branch="side")
    with world.store.writing(world.id, "main") as head:
        world.store.move_branch(world.id, "main", to=ahead.id, expected_head=head.id)
        with pytest.raises(Conflict) as refused:
            commit(world, head, {"b": a_type("B")})
        assert refused.value.error_code == "stale_head"
        made = world.put({"b": a_type("B")})
    assert made.parents == (ahead.id,)
    assert world.state() == {"a": a_type("A"), "b": a_type("B")}
    world.assert_sound()


# --- one after the other ----------------------------------------------------------------------------


def commit(world: World, head: CommitInfo, documents: dict[str, Any]) -> CommitInfo:
    """Commit what was worked out on ``head``, without taking the lock first."""
    return world.store.commit(
        world.id,
        "main",
        writes=world.writes(head, documents),
        seal=seal_of(ALICE),
        message="Change",
        expected_head=head.id,
    )


def test_a_commit_takes_the_lock_itself(world: World) -> None:
    made = commit(world, world.head(), {"a": a_type("A")})
    assert world.head() == made


def test_a_stale_head_is_refused_and_the_error_says_which_it_is(world: World) -> None:
    stale = world.head()
    world.put({"a": a_type("A")})
    before = everything(world)
    with pytest.raises(Conflict, match="The branch has moved") as refused:
        commit(world, stale, {"b": a_type("B")})
    assert refused.value.error_code == "stale_head"
    assert refused.value.data == {"head": world.head().id, "expected": stale.id}
    assert refused.value.retryable is False
    assert everything(world) == before


def test_writing_on_a_branch_that_is_not_there(world: World) -> None:
    with pytest.raises(NotFound) as refused, world.store.writing(world.id, "none"):
        pass
    assert refused.value.error_code == "branch_not_found"


def test_writers_on_two_branches_of_one_commit_do_not_meet(world: World) -> None:
    world.branch("side")
    with world.store.writing(world.id, "main"), world.store.writing(world.id, "side"):
        world.put({"a": a_type("A")})
        world.put({"b": a_type("B")}, branch="side")
    assert world.state() == {"a": a_type("A")}
    assert world.state("side") == {"b": a_type("B")}
    world.assert_sound()


def test_many_writers_on_one_branch_lose_nothing(shared_harness: StoreHarness) -> None:
    """Each reads, works and commits with what it has seen; who was too slow tries again."""
    world = World(shared_harness.store)
    writers, rounds = 4, 5
    accepted: list[str] = []
    refused: list[OmsError] = []
    start = threading.Barrier(writers)

    def write(writer: int) -> None:
        start.wait(30)
        for number in range(rounds):
            while True:
                head = world.head()
                try:
                    made = commit(
                        world,
                        head,
                        {f"w{writer}-{number}": a_type("T"), "all": a_type(f"By{writer}")},
                    )
                except (Conflict, Unavailable) as error:
                    refused.append(error)
                else:
                    accepted.append(made.id)
                    break

    threads = [shared_harness.in_thread(lambda n=number: write(n)) for number in range(writers)]
    for thread in threads:
        thread.join(120)
    log = world.store.log(world.id, world.head(), limit=1000)
    assert len(accepted) == len(set(accepted)) == writers * rounds
    assert {entry.id for entry in log} == {*accepted, log[-1].id}
    assert {error.error_code for error in refused} <= {"stale_head", "store_unavailable"}
    assert len(world.state()) == writers * rounds + 1
    assert len(world.store.history(world.id, world.head(), rid("all"), limit=1000)) >= writers
    world.assert_sound()


def test_the_lock_is_held_until_the_block_ends(shared_harness: StoreHarness) -> None:
    world = World(shared_harness.store)
    entered, order = threading.Event(), []

    def second() -> None:
        entered.wait(30)
        with world.store.writing(world.id, "main") as head:
            order.append(("second", head.id))

    thread = shared_harness.in_thread(second)
    with world.store.writing(world.id, "main"):
        entered.set()
        made = world.put({"a": a_type("A")})
        thread.join(0.3)
        order.append(("first", made.id))
    thread.join(30)
    assert order == [("first", made.id), ("second", made.id)]


def test_nobody_sees_a_commit_before_the_block_ends(shared_harness: StoreHarness) -> None:
    world = World(shared_harness.store)
    world.put({"a": a_type("A")})
    seen: list[Any] = []

    def look() -> None:
        seen.append((world.head().id, world.state()))

    before = world.head()
    with world.store.writing(world.id, "main"):
        world.put({"a": a_type("A2"), "b": a_type("B")})
        shared_harness.in_thread(look).join(30)
    assert seen == [(before.id, {"a": a_type("A")})]


def test_two_branches_at_the_end_of_one_line_go_on_at_once(shared_harness: StoreHarness) -> None:
    """One is being moved to where the other one is committing."""
    world = World(shared_harness.store)
    for number in range(6):
        world.branch(f"side{number}")
        ahead = world.put({f"s{number}": a_type("S")}, branch=f"side{number}")
        start = threading.Barrier(2)

        def move(
            start: threading.Barrier = start, ahead: CommitInfo = ahead, number: int = number
        ) -> None:
            start.wait(30)
            world.forward("main", ahead)
            world.put({f"m{number}": a_type("M")})

        thread = shared_harness.in_thread(move)
        start.wait(30)
        world.put({f"t{number}": a_type("T")}, branch=f"side{number}")
        thread.join(60)
        assert f"m{number}" in world.state()
        assert f"m{number}" not in world.state(f"side{number}")
        assert f"t{number}" in world.state(f"side{number}")
        assert f"t{number}" not in world.state()
    world.assert_sound()


# --- a store that does not answer ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda w: w.store.resolve(w.id, "main"),
        lambda w: w.store.get_ontology(w.id),
        lambda w: w.store.list_branches(w.id),
        lambda w: w.branch("x", w.root),
        lambda w: w.store.reader(w.id, w.root).count(),
        lambda w: w.store.reader(w.id, w.root).get_many([rid("a")]),
        lambda w: w.put({"a": a_type("A")}),
        lambda w: w.store.verify(w.id, keys=author_keys()),
    ],
)
def test_a_store_that_does_not_answer_says_so_and_may_be_asked_again(
    harness: StoreHarness, world: World, call: Any
) -> None:
    world.root = world.head()  # type: ignore[attr-defined]
    before = everything(world)
    with harness.unreachable(), pytest.raises(Unavailable) as refused:
        call(world)
    assert (refused.value.error_code, refused.value.retryable) == ("store_unavailable", True)
    assert everything(world) == before


def test_a_write_names_what_it_read(world: World) -> None:
    """``before`` decides between a creation and a change."""
    world.put({"a": a_type("A")})
    with world.store.writing(world.id, "main") as head:
        (write,) = world.writes(head, {"a": a_type("A2")})
        assert write == DocumentWrite(rid("a"), Kind.OBJECT_TYPE, world.get("a"), a_type("A2"))
