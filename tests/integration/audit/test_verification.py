"""Verification and sealing on both databases; the attacks are in ``tests/faults``."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from audit import selectors, services
from audit.contract import Subject, audit_log
from audit.domain.merkle import verify_consistency, verify_inclusion
from audit.models import Event, Leaf, Seal
from audit.selectors import EventFilter
from audit.sequencing import sequence_events
from audit.tree import latest_head
from audit.triggers import drop_triggers, install_triggers
from audit.verification import Kind, verify_trail
from oms_project.core.clock import frozen_at, utc_now
from oms_project.core.errors import Conflict, Invalid, NotFound
from oms_project.core.keys import keyring

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("as_system")]

Happen = Callable[..., list[str]]


def tamper(*statements: str) -> None:
    drop_triggers(connection)
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    install_triggers(connection)


def kinds(**arguments: Any) -> list[tuple[str, int | None, int | None]]:
    report = verify_trail(**arguments)
    return [(problem.kind.value, problem.first, problem.last) for problem in report.problems]


def test_an_empty_trail_is_intact() -> None:
    report = verify_trail()
    assert (report.is_intact, report.size, report.found) == (True, 0, 0)


def test_an_honest_trail_is_intact(happen: Happen) -> None:
    for count in (300, 1, 500):
        happen(count, place=True)
    seen: list[tuple[int, int]] = []
    report = verify_trail(progress=lambda done, total: seen.append((done, total)))
    assert report.problems == ()
    assert (report.size, report.events, report.heads) == (801, 801, 5)
    assert seen[-1] == (801, 801)
    head = latest_head()
    assert head is not None
    assert report.root == head.checkpoint.root


def test_events_that_wait_are_no_problem_until_they_wait_too_long(happen: Happen) -> None:
    happen(2)
    assert verify_trail().is_intact
    with frozen_at(utc_now() + timedelta(minutes=11)):
        problems = verify_trail().problems
    assert [problem.kind for problem in problems] == [Kind.UNSEQUENCED] * 2


def test_what_was_changed_is_located(happen: Happen) -> None:
    ids = happen(20, place=True)
    tamper(
        f"UPDATE audit_event SET body = replace(body, 'u3', 'u9') WHERE id = '{ids[3]}'",
        f"DELETE FROM audit_event WHERE id = '{ids[5]}'",
    )
    assert kinds() == [("altered", 3, 3), ("deleted", 5, 5)]


def test_a_checkpoint_that_was_kept_finds_a_shorter_trail(happen: Happen) -> None:
    happen(10, place=True)
    happen(10, place=True)
    note = services.write_checkpoint().note
    tamper(
        "DELETE FROM audit_event",
        "DELETE FROM audit_leaf WHERE idx >= 10",
        "DELETE FROM audit_tree_head WHERE size > 10",
    )
    assert ("truncated", 10, 19) in kinds(checkpoint=note)


def test_a_checkpoint_of_another_log_is_refused(happen: Happen, settings: Any) -> None:
    happen(1, place=True)
    note = services.write_checkpoint().note
    settings.OMS_AUDIT_ORIGIN = "other.example/audit"
    with pytest.raises(Invalid, match="no checkpoint of other"):
        verify_trail(checkpoint=note)
    settings.OMS_AUDIT_ORIGIN = "oms.local/audit"
    with pytest.raises(Invalid, match="None of the known keys"):
        verify_trail(checkpoint=note, keys={})
    with pytest.raises(Invalid):
        verify_trail(checkpoint="nonsense")


def test_the_key_may_change(happen: Happen) -> None:
    happen(3, place=True)
    keyring.rotate("audit")
    happen(3, place=True)
    assert verify_trail().is_intact


def test_proofs_check_out_without_the_database(happen: Happen) -> None:
    ids = happen(300, place=True)
    old = latest_head()
    assert old is not None
    happen(5)
    proof = services.prove_event(event_id=ids[7])
    assert proof.index == 7
    assert verify_inclusion(
        leaf=proof.leaf, index=7, size=proof.size, proof=proof.hashes, root=proof.root
    )
    size, hashes = services.consistency_proof(old_size=300)
    assert verify_consistency(
        old_size=300, old_root=old.checkpoint.root, size=size, root=proof.root, proof=hashes
    )
    with pytest.raises(Invalid):
        services.consistency_proof(old_size=0)
    with pytest.raises(Invalid):
        services.consistency_proof(old_size=10_000)


def test_a_verification_is_recorded(happen: Happen) -> None:
    happen(2, place=True)
    services.verify()
    event = selectors.trail_state().verification
    assert event is not None
    assert event.members["data"]["intact"] is True
    assert event.members["data"]["size"] == 2


# -- sealing ---------------------------------------------------------------------------------------


def test_a_sealed_range_leaves_its_hashes_behind(happen: Happen, tmp_path: Path) -> None:
    old = happen(300)
    line = utc_now()
    new = happen(10)
    statement = services.seal(before=line, folder=tmp_path)
    assert (statement.first, statement.last) == (0, 299)
    assert not Event.objects.filter(id__in=old).exists()
    assert Event.objects.filter(id__in=new).count() == 10
    assert Leaf.objects.count() == 310
    sequence_events()
    report = verify_trail(sealed=tmp_path)
    assert report.problems == ()
    assert (report.size, report.sealed, report.events) == (311, 300, 11)
    sealed_by = next(e for e in Event.objects.all() if e.action == "audit.sealed")
    assert json.loads(sealed_by.body)["data"]["sha256"] == statement.sha256
    with gzip.open(tmp_path / statement.file, "rt") as lines:
        first = json.loads(next(lines))
    assert (first["index"], first["id"]) == (0, old[0])


def test_sealing_goes_on_where_it_stopped(happen: Happen, tmp_path: Path) -> None:
    happen(5)
    services.seal(before=utc_now(), folder=tmp_path)
    with pytest.raises(NotFound, match="nothing before"):
        services.seal(before=utc_now() - timedelta(days=1), folder=tmp_path)
    happen(5)
    statement = services.seal(before=utc_now(), folder=tmp_path)
    assert (statement.first, statement.last) == (5, 10)
    sequence_events()
    assert verify_trail(sealed=tmp_path).is_intact


def test_what_was_changed_is_not_sealed(happen: Happen, tmp_path: Path) -> None:
    ids = happen(5, place=True)
    tamper(f"UPDATE audit_event SET body = replace(body, 'u3', 'u9') WHERE id = '{ids[3]}'")
    with pytest.raises(Exception, match="place 3 is not what was signed"):
        services.seal(before=utc_now(), folder=tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert not Seal.objects.exists()
    assert Event.objects.count() == 5


def test_an_existing_file_is_not_overwritten(happen: Happen, tmp_path: Path) -> None:
    happen(3, place=True)
    file = tmp_path / "audit-000000000000-000000000002.jsonl.gz"
    file.write_text("kept")
    with pytest.raises(Conflict, match="exists already"):
        services.seal(before=utc_now(), folder=tmp_path)
    assert file.read_text() == "kept"


def test_changed_files_and_seals_are_found(happen: Happen, tmp_path: Path) -> None:
    happen(5)
    statement = services.seal(before=utc_now(), folder=tmp_path)
    sequence_events()
    file = tmp_path / statement.file
    raw = gzip.decompress(file.read_bytes())
    file.write_bytes(gzip.compress(raw.replace(b"u3", b"u9")))
    found = kinds(sealed=tmp_path)
    assert ("sealed_file", 0, 4) in found
    assert ("sealed_file", 3, 3) in found
    file.unlink()
    assert kinds(sealed=tmp_path) == [("sealed_file", 0, 4)]
    tamper("UPDATE audit_seal SET note = replace(note, 'first 0', 'first 1')")
    assert kinds() == [("forged_seal", 0, 4), ("deleted", 0, 4)]
    tamper("DELETE FROM audit_seal")
    assert kinds() == [("deleted", 0, 4)]


# -- searching -------------------------------------------------------------------------------------


def test_events_are_found_by_what_stands_in_them(happen: Happen) -> None:
    happen(3)
    one = audit_log.record(
        "ontology.committed", Subject("commit", "c1"), ontology="aviation", message="Fiŝo 100%"
    )
    for where in (
        EventFilter(action="ontology.committed"),
        EventFilter(action="ontology."),
        EventFilter(ontology="aviation"),
        EventFilter(subject="c1"),
        EventFilter(subject="commit"),
        EventFilter(subject="commit:c1"),
        EventFilter(text="Fiŝo 100%"),
        EventFilter(ontology="aviation", since=utc_now() - timedelta(hours=1), until=utc_now()),
        EventFilter(actor="system", action="ontology.committed", outcome="success"),
    ):
        found = selectors.list_events(where=where).items
        assert [event.id for event in found] == [one], where
        assert where.matches(found[0].members), where
    for where in (
        EventFilter(action="ontology"),
        EventFilter(ontology="aviation", until=utc_now() - timedelta(hours=1)),
        EventFilter(ontology="aviation", actor="nobody"),
        EventFilter(text="Fiŝo 100_"),
        EventFilter(subject="branch:c1"),
    ):
        assert selectors.list_events(where=where).items == (), where
        assert not where.matches(selectors.get_event(event_id=one).members), where


def test_pages_follow_one_another(happen: Happen) -> None:
    ids = happen(7, place=True)
    seen, cursor = [], None
    while True:
        page = selectors.list_events(where=EventFilter(), limit=3, cursor=cursor)
        seen += [(event.id, event.index) for event in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [(event_id, index) for index, event_id in reversed(list(enumerate(ids)))]


def test_a_search_and_an_export_are_recorded(happen: Happen) -> None:
    ids = happen(3)
    services.search(where=EventFilter(outcome="success"))
    exported = services.export(where=EventFilter(action="record."), form="csv")
    assert [event.id for event in exported] == ids
    last = [json.loads(e.body) for e in Event.objects.order_by("id")][3:]
    assert [(e["action"], e["data"]["filters"]) for e in last] == [
        ("audit.read", {"outcome": "success"}),
        ("audit.exported", {"action": "record."}),
    ]
