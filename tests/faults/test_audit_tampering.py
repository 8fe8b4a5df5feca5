"""The owner of the database changes the audit trail: every change is found, and located.

One trail is built; each tampering happens in a copy of its file. The owner may do anything to the
database, and knows how everything is computed; the signing key and an earlier checkpoint lie
elsewhere. The triggers are put back afterwards, so that they are not what gives him away.
"""

from __future__ import annotations

import json
import random
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.db.transaction import atomic

from audit.contract import Subject, audit_log
from audit.domain.checkpoint import Checkpoint, sign_note
from audit.domain.merkle import leaf_hash, root_of
from audit.domain.seal import SealStatement
from audit.domain.witness import sign_event
from audit.sequencing import sequence_events
from audit.triggers import statements
from audit.verification import Problem, verify_trail
from oms_project.core.clock import isoformat, utc_now
from oms_project.core.ids import ordered_id
from oms_project.core.keys import PublicKey, SigningKey, keyring

pytestmark = pytest.mark.faults

# Heads at 256, 300, 512, 812, 1068, 1100, 1111; the checkpoint that was kept is the one of 812.
PIECES = (300, 212, 300, 288, 11)
KEPT = 812
SIZE = sum(PIECES)


# -- the trail, and copies of it -------------------------------------------------------------------


@contextmanager
def database(file: Path) -> Iterator[None]:
    """Let the default connection be the SQLite file."""
    before = connections["default"]
    config = {
        **before.settings_dict,
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(file),
        "OPTIONS": {"transaction_mode": "IMMEDIATE"},
    }
    connections["default"] = DatabaseWrapper(config, "default")
    try:
        yield
    finally:
        connections["default"].close()
        connections["default"] = before


@pytest.fixture(scope="module")
def trail(
    tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any
) -> Iterator[tuple[Path, str]]:
    """The file of an honest trail, and the checkpoint that was kept elsewhere."""
    file = tmp_path_factory.mktemp("trail") / "trail.sqlite3"
    with django_db_blocker.unblock(), database(file):
        call_command("migrate", "audit", verbosity=0)
        for piece in PIECES:
            with atomic():
                for number in range(piece):
                    audit_log.record("record.changed", Subject("user", f"u{number}"))
            sequence_events()
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT note FROM audit_tree_head WHERE size = %s", (KEPT,))
            (kept,) = cursor.fetchone()
    return file, kept


# -- the attacker ----------------------------------------------------------------------------------


@dataclass
class Touched:
    """What he changed: places or events of which one problem must speak, or a head's size."""

    places: tuple[int, ...] = ()
    events: tuple[str, ...] = ()
    head: int | None = None
    expected: str = ""  # the kind, where exactly one is right

    def is_located(self, problems: tuple[Problem, ...]) -> bool:
        return all(any(self._names(p, place) for p in problems) for place in self.places) and all(
            any(p.event_id == event for p in problems) for event in self.events
        ) and (self.head is None or any(self._is_head(p) for p in problems)) and (
            not self.expected or any(p.kind == self.expected for p in problems)
        )  # fmt: skip

    def _names(self, problem: Problem, place: int) -> bool:
        return (
            problem.first is not None
            and problem.last is not None
            and problem.first <= place <= problem.last
        )

    def _is_head(self, problem: Problem) -> bool:
        assert self.head is not None
        return problem.about == f"head {self.head}" or self._names(problem, self.head - 1)


class Attacker:
    """Somebody who owns the database file."""

    def __init__(self, file: Path, seed: int) -> None:
        self.db = sqlite3.connect(file, isolation_level=None)
        self.random = random.Random(seed)
        private = ed25519.Ed25519PrivateKey.generate()
        self.key = SigningKey(
            PublicKey("mine", "audit", "EdDSA", utc_now() - timedelta(1), private.public_key()),
            private,
        )

    @property
    def kid(self) -> str:
        return str(self.sql("SELECT kid FROM audit_tree_head LIMIT 1")[0][0])

    def sql(self, statement: str, *values: object) -> list[Any]:
        return self.db.execute(statement, values).fetchall()

    def leaf(self, place: int) -> tuple[str, bytes]:
        return self.sql("SELECT event_id, hash FROM audit_leaf WHERE idx = ?", place)[0]

    def body(self, event_id: str) -> str:
        return self.sql("SELECT body FROM audit_event WHERE id = ?", event_id)[0][0]

    def forge(self, body: str, event_id: str | None = None) -> str:
        members = json.loads(body)
        members["message"] = f"forged {self.random.random()}"
        if event_id:
            members["id"] = event_id
        return json.dumps(members, sort_keys=True, separators=(",", ":"))

    def alter(self, place: int) -> str:
        event_id, _ = self.leaf(place)
        forged = self.forge(self.body(event_id))
        self.sql("UPDATE audit_event SET body = ? WHERE id = ?", forged, event_id)
        return forged

    def rehash(self, place: int, body: str) -> None:
        leaf = leaf_hash(body.encode())
        self.sql("UPDATE audit_leaf SET hash = ? WHERE idx = ?", leaf, place)

    def hashes(self) -> list[bytes]:
        return [row[0] for row in self.sql("SELECT hash FROM audit_leaf ORDER BY idx")]

    def rebuild_nodes(self) -> None:
        hashes = self.hashes()
        self.sql("DELETE FROM audit_node")
        for index in range(len(hashes) // 256):
            root = root_of(hashes[index * 256 : index * 256 + 256])
            self.sql("INSERT INTO audit_node VALUES (8, ?, ?)", index, root)

    def resign(self, from_place: int) -> None:
        """Sign every head over ``from_place`` anew, with a key of one's own."""
        hashes = self.hashes()
        name = settings.OMS_AUDIT_ORIGIN
        for (size,) in self.sql("SELECT size FROM audit_tree_head ORDER BY size"):
            if size > from_place:
                self.sql("DELETE FROM audit_tree_head WHERE size = ?", size)
                size = min(size, len(hashes))  # noqa: PLW2901
                self.sign(size, root_of(hashes[:size]), name)

    def sign(self, size: int, root: bytes, name: str) -> None:
        checkpoint = Checkpoint(name, size, root, isoformat(utc_now()), b"p" * 32)
        note = sign_note(name=name, text=checkpoint.text(), key=self.key)
        self.sql(
            "INSERT OR REPLACE INTO audit_tree_head (size, root, time, kid, note)"
            " VALUES (?, ?, ?, ?, ?)",
            size, root, checkpoint.time, "mine", note,
        )  # fmt: skip

    def shift(self, place: int, by: int) -> None:
        """Move the leaves from ``place`` on."""
        self.sql("UPDATE audit_leaf SET idx = -idx - 1 WHERE idx >= ?", place)
        self.sql("UPDATE audit_leaf SET idx = -idx - 1 + ? WHERE idx < 0", by)

    def new_event(self, *, waits: bool = False) -> tuple[str, str]:
        event_id = ordered_id(utc_now())
        body = self.forge(self.body(self.leaf(0)[0]), event_id)
        self.sql("INSERT INTO audit_event (id, body) VALUES (?, ?)", event_id, body)
        if waits:
            forged = self.random.choice(["", "key", f"{self.kid}.c2ln", sign_event(body, self.key)])
            self.sql("INSERT INTO audit_pending VALUES (?, ?)", event_id, forged)
        return event_id, body

    def place(self, below: int = SIZE) -> int:
        return self.random.randrange(below)

    def head(self) -> int:
        return self.random.choice(self.sql("SELECT size FROM audit_tree_head"))[0]


# -- what he does ----------------------------------------------------------------------------------


def alters_a_body(a: Attacker) -> Touched:
    place = a.place()
    a.alter(place)
    return Touched((place,), (a.leaf(place)[0],), expected="altered")


def alters_and_rehashes(a: Attacker) -> Touched:
    place = a.place()
    a.rehash(place, a.alter(place))
    return Touched((place,))


def alters_and_rebuilds(a: Attacker) -> Touched:
    place = a.place()
    a.rehash(place, a.alter(place))
    a.rebuild_nodes()
    return Touched((place,), expected="altered")


def alters_and_resigns(a: Attacker) -> Touched:
    place = a.place()
    a.rehash(place, a.alter(place))
    a.rebuild_nodes()
    a.resign(place)
    return Touched((place,), expected="forged_head")


def deletes_an_event(a: Attacker) -> Touched:
    place = a.place()
    event_id, _ = a.leaf(place)
    a.sql("DELETE FROM audit_event WHERE id = ?", event_id)
    return Touched((place,), (event_id,), expected="deleted")


def deletes_event_and_leaf(a: Attacker) -> Touched:
    place = a.place(SIZE - 1)
    event_id, _ = a.leaf(place)
    a.sql("DELETE FROM audit_event WHERE id = ?", event_id)
    a.sql("DELETE FROM audit_leaf WHERE idx = ?", place)
    return Touched((place,), expected="deleted")


def deletes_and_closes_the_gap(a: Attacker) -> Touched:
    place = a.place()
    event_id, _ = a.leaf(place)
    a.sql("DELETE FROM audit_event WHERE id = ?", event_id)
    a.sql("DELETE FROM audit_leaf WHERE idx = ?", place)
    a.shift(place, -1)
    a.rebuild_nodes()
    return Touched((place,))


def deletes_closes_and_resigns(a: Attacker) -> Touched:
    touched = deletes_and_closes_the_gap(a)
    a.resign(touched.places[0])
    return Touched(touched.places, expected="forged_head")


def deletes_a_range(a: Attacker) -> Touched:
    first = a.place(SIZE - 40)
    last = first + a.random.randrange(1, 30)
    a.sql(
        "DELETE FROM audit_event WHERE id IN"
        " (SELECT event_id FROM audit_leaf WHERE idx BETWEEN ? AND ?)",
        first, last,
    )  # fmt: skip
    a.sql("DELETE FROM audit_leaf WHERE idx BETWEEN ? AND ?", first, last)
    return Touched((first, last), expected="deleted")


def swaps_bodies(a: Attacker) -> Touched:
    one, two = a.random.sample(range(SIZE), 2)
    (id_one, _), (id_two, _) = a.leaf(one), a.leaf(two)
    body_one, body_two = a.body(id_one), a.body(id_two)
    a.sql("UPDATE audit_event SET body = ? WHERE id = ?", body_two, id_one)
    a.sql("UPDATE audit_event SET body = ? WHERE id = ?", body_one, id_two)
    return Touched((one, two), (id_one, id_two), expected="reordered")


def swaps_leaves(a: Attacker) -> Touched:
    one, two = sorted(a.random.sample(range(SIZE), 2))
    a.sql("UPDATE audit_leaf SET idx = -1 WHERE idx = ?", one)
    a.sql("UPDATE audit_leaf SET idx = ? WHERE idx = ?", one, two)
    a.sql("UPDATE audit_leaf SET idx = ? WHERE idx = -1", two)
    a.rebuild_nodes()
    return Touched((one,))


def swaps_ids(a: Attacker) -> Touched:
    one, two = a.random.sample(range(SIZE), 2)
    (id_one, _), (id_two, _) = a.leaf(one), a.leaf(two)
    for table, column in (("audit_event", "id"), ("audit_leaf", "event_id")):
        a.sql(f"UPDATE {table} SET {column} = 'x' WHERE {column} = ?", id_one)
        a.sql(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", id_one, id_two)
        a.sql(f"UPDATE {table} SET {column} = ? WHERE {column} = 'x'", id_two)
    return Touched((one, two), (id_one, id_two))


def inserts_an_event(a: Attacker) -> Touched:
    event_id, _ = a.new_event()
    return Touched(events=(event_id,), expected="inserted")


def inserts_one_that_waits(a: Attacker) -> Touched:
    """As OMS does it, in the hope that the sequencer gives it a place."""
    event_id, _ = a.new_event(waits=True)
    return Touched(events=(event_id,), expected="inserted")


def inserts_into_the_middle(a: Attacker) -> Touched:
    place = a.place()
    event_id, body = a.new_event()
    a.shift(place, 1)
    a.sql("INSERT INTO audit_leaf VALUES (?, ?, ?)", place, event_id, leaf_hash(body.encode()))
    a.rebuild_nodes()
    if a.random.random() < 0.5:
        a.resign(place)
    return Touched((place,))


def appends(a: Attacker) -> Touched:
    event_id, body = a.new_event()
    a.sql("INSERT INTO audit_leaf VALUES (?, ?, ?)", SIZE, event_id, leaf_hash(body.encode()))
    if a.random.random() < 0.5:
        a.sign(SIZE + 1, root_of(a.hashes()), settings.OMS_AUDIT_ORIGIN)
    return Touched((SIZE,))


def truncates(a: Attacker, size: int | None = None) -> Touched:
    size = a.place() if size is None else size
    a.sql(
        "DELETE FROM audit_event WHERE id IN (SELECT event_id FROM audit_leaf WHERE idx >= ?)", size
    )
    a.sql("DELETE FROM audit_leaf WHERE idx >= ?", size)
    a.rebuild_nodes()
    return Touched((size,), expected="truncated")


def truncates_to_an_earlier_head(a: Attacker) -> Touched:
    size = a.random.choice([256, 300, 512])
    a.sql("DELETE FROM audit_tree_head WHERE size > ?", size)
    return truncates(a, size)


def rewinds_everything(a: Attacker) -> Touched:
    for table in ("event", "leaf", "node", "tree_head"):
        a.sql(f"DELETE FROM audit_{table}")
    return Touched((0, KEPT - 1), expected="truncated")


def alters_a_head(a: Attacker) -> Touched:
    size = a.head()
    what = a.random.choice(["root = randomblob(32)", "note = replace(note, 'time', 'Time')",
                            "time = '2020-01-01T00:00:00.000000Z'", "size = size + 5000",
                            "note = replace(note, 'previous ', 'Previous ')",
                            "note = note || note", "note = ''"])  # fmt: skip
    a.sql(f"UPDATE audit_tree_head SET {what} WHERE size = ?", size)
    changed = size + 5000 if "size =" in what else size
    return Touched(head=changed)


def deletes_a_head(a: Attacker) -> Touched:
    size = a.head()
    a.sql("DELETE FROM audit_tree_head WHERE size = ?", size)
    return Touched(head=size)


def replaces_a_head(a: Attacker) -> Touched:
    size = a.head()
    a.sign(size, secrets.token_bytes(32), settings.OMS_AUDIT_ORIGIN)
    return Touched(head=size, expected="forged_head")


def resigns_all_heads(a: Attacker) -> Touched:
    a.resign(-1)
    return Touched(head=256, expected="forged_head")


def alters_a_node(a: Attacker) -> Touched:
    index = a.random.randrange(SIZE // 256)
    if a.random.random() < 0.5:
        a.sql("UPDATE audit_node SET hash = randomblob(32) WHERE idx = ?", index)
    else:
        a.sql("DELETE FROM audit_node WHERE idx = ?", index)
    return Touched((index * 256, index * 256 + 255), expected="altered_node")


def seals_with_his_own_key(a: Attacker) -> Touched:
    last = a.place()
    name, now = settings.OMS_AUDIT_ORIGIN, isoformat(utc_now())
    seal = SealStatement(name, 0, last, root_of(a.hashes()[: last + 1]), "f", "0" * 64, now, "me")
    note = sign_note(name=name, text=seal.text(), key=a.key)
    a.sql(
        "INSERT INTO audit_seal (first, last, root, file, sha256, time, sealed_by, note)"
        " VALUES (0, ?, ?, 'f', '', ?, 'me', ?)",
        last, seal.root, now, note,
    )  # fmt: skip
    # With the seal in its place the triggers themselves let him.
    a.sql(
        "DELETE FROM audit_event WHERE id IN (SELECT event_id FROM audit_leaf WHERE idx <= ?)", last
    )
    return Touched((0, last), expected="forged_seal")


TAMPERINGS: tuple[Callable[[Attacker], Touched], ...] = (
    alters_a_body, alters_and_rehashes, alters_and_rebuilds, alters_and_resigns,
    deletes_an_event, deletes_event_and_leaf, deletes_and_closes_the_gap,
    deletes_closes_and_resigns, deletes_a_range, swaps_bodies, swaps_leaves, swaps_ids,
    inserts_an_event, inserts_one_that_waits, inserts_into_the_middle, appends, truncates, truncates_to_an_earlier_head,
    rewinds_everything, alters_a_head, deletes_a_head, replaces_a_head, resigns_all_heads,
    alters_a_node, seals_with_his_own_key,
)  # fmt: skip


# -- the tests -------------------------------------------------------------------------------------


def test_every_tampering_is_found_and_located(
    trail: tuple[Path, str], full: bool, tmp_path: Path, django_db_blocker: Any
) -> None:
    file, kept = trail
    missed = []
    for seed in range(1000 if full else 5 * len(TAMPERINGS)):
        tampering = TAMPERINGS[seed % len(TAMPERINGS)]
        copy = tmp_path / "copy.sqlite3"
        shutil.copyfile(file, copy)
        attacker = Attacker(copy, seed)
        for trigger in statements("sqlite"):
            attacker.sql(f"DROP TRIGGER {trigger}")
        touched = tampering(attacker)
        for statement in statements("sqlite").values():
            attacker.sql(statement)
        attacker.db.close()
        with django_db_blocker.unblock(), database(copy):
            report = verify_trail(checkpoint=kept)
        if not touched.is_located(report.problems):
            missed.append((seed, tampering.__name__, touched, report.problems[:5]))
    assert missed == [], "\n".join(map(str, missed[:10]))


def test_an_honest_trail_has_no_problem(trail: tuple[Path, str], django_db_blocker: Any) -> None:
    file, kept = trail
    with django_db_blocker.unblock(), database(file):
        report = verify_trail(checkpoint=kept, keys=keyring.public_keys("audit"))
    assert report.problems == ()
    assert (report.size, report.events, report.heads) == (SIZE, SIZE, 8)


def test_a_trigger_that_stays_away_is_named(
    trail: tuple[Path, str], tmp_path: Path, django_db_blocker: Any
) -> None:
    file, _ = trail
    copy = tmp_path / "copy.sqlite3"
    for trigger in statements("sqlite"):
        shutil.copyfile(file, copy)
        attacker = Attacker(copy, 0)
        attacker.sql(f"DROP TRIGGER {trigger}")
        attacker.db.close()
        with django_db_blocker.unblock(), database(copy):
            report = verify_trail()
        assert [p.message for p in report.problems] == [f"The trigger {trigger} is gone or changed"]
