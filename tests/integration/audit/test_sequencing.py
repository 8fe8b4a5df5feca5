"""Sequencing: every event gets exactly one place, under a head that is signed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections, transaction

from audit import doorbell
from audit.contract import Outcome, Subject, audit_log
from audit.domain.checkpoint import check_note, parse_checkpoint, parse_note
from audit.domain.merkle import leaf_hash, root_of, verify_consistency, verify_inclusion
from audit.models import Event, Leaf, Node, Pending, TreeHead
from audit.sequencer import Sequencer
from audit.sequencing import TrailDamaged, sequence_events
from audit.tree import leaf_count, stored_tree
from audit.triggers import drop_triggers
from audit.verification import verify_trail
from oms_project.core.clock import utc_now
from oms_project.core.errors import Unavailable
from oms_project.core.ids import ordered_id
from oms_project.core.keys import keyring
from oms_project.core.services import forget_services

Happen = Callable[..., list[str]]


@pytest.mark.django_db
def test_events_get_places_in_the_order_of_their_time(happen: Happen) -> None:
    ids = happen(3)
    assert sequence_events() == 3
    leaves = list(Leaf.objects.order_by("idx"))
    assert [leaf.idx for leaf in leaves] == [0, 1, 2]
    assert [leaf.event_id for leaf in leaves] == ids
    bodies = dict(Event.objects.values_list("id", "body"))
    assert [bytes(leaf.hash) for leaf in leaves] == [leaf_hash(bodies[i].encode()) for i in ids]
    assert not Pending.objects.exists()
    assert sequence_events() == 0


@pytest.mark.django_db
def test_heads_are_signed_and_chained(happen: Happen, settings: Any) -> None:
    happen(300, place=True)
    happen(1, place=True)
    heads = list(TreeHead.objects.order_by("size"))
    assert [head.size for head in heads] == [256, 300, 301]
    hashes = [bytes(h) for h in Leaf.objects.order_by("idx").values_list("hash", flat=True)]
    before = b""
    for head in heads:
        note = parse_note(head.note)
        key = check_note(note, name=settings.OMS_AUDIT_ORIGIN, keys=keyring.public_keys("audit"))
        checkpoint = parse_checkpoint(note.text)
        assert key.kid == head.kid
        assert checkpoint.size == head.size
        assert checkpoint.root == bytes(head.root) == root_of(hashes[: head.size])
        assert checkpoint.time == head.time
        assert (checkpoint.previous == b"") == (before == b"")
        before = checkpoint.root


@pytest.mark.django_db
def test_tiles_make_proofs_short_and_right(happen: Happen) -> None:
    for count in (200, 100, 300, 1):
        happen(count, place=True)
    hashes = [bytes(h) for h in Leaf.objects.order_by("idx").values_list("hash", flat=True)]
    assert list(Node.objects.order_by("idx").values_list("level", "idx")) == [(8, 0), (8, 1)]
    for size in (1, 255, 256, 300, 601):
        tree, root = stored_tree(size), root_of(hashes[:size])
        assert tree.root() == root
        for index in {0, size // 2, size - 1}:
            proof = tree.inclusion_proof(index)
            assert verify_inclusion(
                leaf=hashes[index], index=index, size=size, proof=proof, root=root
            )
        whole = stored_tree(601)
        assert verify_consistency(
            old_size=size,
            old_root=root,
            size=601,
            root=root_of(hashes),
            proof=whole.consistency_proof(size),
        )


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit_leaf WHERE idx = 2",
        "DELETE FROM audit_tree_head",
        "UPDATE audit_tree_head SET note = 'nothing'",
        "UPDATE audit_leaf SET hash = (SELECT hash FROM audit_leaf WHERE idx = 1) WHERE idx = 0",
    ],
)
def test_nothing_is_signed_over_damage(happen: Happen, statement: str) -> None:
    happen(3, place=True)
    happen(1)
    drop_triggers(connection)
    with connection.cursor() as cursor:
        cursor.execute(statement)
    with pytest.raises(TrailDamaged, match="audit verify"):
        sequence_events()
    assert Pending.objects.count() == 1


@pytest.mark.django_db
def test_without_a_key_nothing_is_recorded_and_nothing_placed(
    happen: Happen, settings: Any, tmp_path: object
) -> None:
    happen(2)
    settings.OMS_KEYS_DIR, settings.OMS_KEYS_CREATE = tmp_path, False
    forget_services()
    with pytest.raises(Unavailable, match="no key for 'audit'"):
        happen(1)
    assert audit_log.record_apart("access.denied", Subject("route"), outcome=Outcome.DENIED) is None
    assert (leaf_count(), Pending.objects.count()) == (0, 2)


def test_what_oms_did_not_write_gets_no_place_and_is_named(happen: Happen) -> None:
    happen(2)
    forged = ordered_id(utc_now())
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO audit_event (id, body) VALUES (%s, %s)", (forged, "{}"))
        cursor.execute("INSERT INTO audit_pending VALUES (%s, %s)", (forged, "nobody.c2ln"))
    assert [problem.event_id for problem in verify_trail().problems] == [forged]
    sequence_events()

    assert (leaf_count(), Pending.objects.count()) == (2, 0)
    (problem,) = verify_trail().problems
    assert (problem.kind, problem.event_id) == ("inserted", forged)


@pytest.mark.django_db(transaction=True)
def test_sixteen_writers_and_two_sequencers_place_every_event_once() -> None:
    ids: list[str] = []
    done = threading.Event()

    def write(writer: int) -> None:
        for number in range(20):
            with transaction.atomic():
                made = [
                    audit_log.record("record.changed", Subject("user", f"{writer}/{number}/{part}"))
                    for part in range(2)
                ]
                if number % 5 == 4:
                    transaction.set_rollback(True)
                else:
                    ids.extend(made)
        connections.close_all()

    def sequence() -> None:
        while not done.is_set():
            sequence_events(wait=False)
            time.sleep(0.01)
        connections.close_all()

    writers = [threading.Thread(target=write, args=(number,)) for number in range(16)]
    sequencers = [threading.Thread(target=sequence) for _ in range(2)]
    for thread in (*sequencers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in sequencers:
        thread.join()
    sequence_events()
    placed = list(Leaf.objects.order_by("idx").values_list("idx", "event_id"))
    assert [idx for idx, _ in placed] == list(range(16 * 16 * 2))
    assert sorted(event_id for _, event_id in placed) == sorted(ids)
    head = TreeHead.objects.order_by("-size")[0]
    assert head.size == len(ids)
    assert bytes(head.root) == stored_tree(len(ids)).root()


@pytest.mark.django_db(transaction=True)
def test_an_event_that_commits_late_is_not_skipped() -> None:
    if connection.vendor == "sqlite":
        return  # one writer at a time: nobody commits late
    began, go_on = threading.Event(), threading.Event()
    late: list[str] = []

    def slow() -> None:
        with transaction.atomic():
            late.append(audit_log.record("record.changed", Subject("user", "late")))
            began.set()
            go_on.wait(10)
        connections.close_all()

    thread = threading.Thread(target=slow)
    thread.start()
    began.wait(10)
    quick = audit_log.record("record.changed", Subject("user", "quick"))
    assert sequence_events() == 1
    go_on.set()
    thread.join()
    assert sequence_events() == 1
    placed = Leaf.objects.order_by("idx").values_list("event_id", flat=True)
    assert list(placed) == [quick, late[0]]


@pytest.mark.django_db(transaction=True)
def test_the_thread_places_what_is_recorded() -> None:
    sequencer = Sequencer(interval=0.05)
    sequencer.start()
    try:
        event_id = audit_log.record("record.changed", Subject("user", "u"))
        deadline = time.monotonic() + 10
        while not Leaf.objects.filter(event_id=event_id).exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        sequencer.stop()


@pytest.mark.django_db
def test_a_rollback_rings_no_bell(django_capture_on_commit_callbacks: object) -> None:
    doorbell.wait(0)
    with pytest.raises(RuntimeError), transaction.atomic():
        audit_log.record("record.changed", Subject("user", "u"))
        raise RuntimeError
    assert not doorbell.wait(0)
