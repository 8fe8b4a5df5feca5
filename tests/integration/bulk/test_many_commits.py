"""Loads in several commits: they go on exactly where they stopped, and with the same file only."""

from __future__ import annotations

from typing import Any

import pytest

from oms_project.core.errors import Conflict, Invalid
from ontology.services.bulk.checkpoints import Checkpoint
from tests.integration.bulk.conftest import Bulk

pytestmark = [pytest.mark.data, pytest.mark.django_db]


def people(first: int, last: int) -> str:
    return "id,name\n" + "".join(f"{number},Name {number}\n" for number in range(first, last + 1))


def checkpoints(bulk: Bulk) -> list[tuple[int, bool]]:
    found = [Checkpoint.of(message) for message in bulk.messages()]
    return [(item.row, item.complete) for item in reversed(found) if item is not None]


class Stop(Exception):
    """What interrupts a load in these tests."""


def interrupted(bulk: Bulk, source: Any, *, after: int, **options: Any) -> None:
    """Load, and break off when ``after`` commits are made."""

    def stop(phase: str, done: int, total: int | None) -> None:
        if len(checkpoints(bulk)) >= after:
            raise Stop

    with pytest.raises(Stop):
        bulk.load("Person", source, on_progress=stop, **options)


def lines(count: int) -> str:
    """JSON Lines come in batches of 10,000, so that a load can be stopped between commits."""
    return "".join(f'{{"id":{number},"name":"Name {number}"}}\n' for number in range(1, count + 1))


def test_every_so_many_rows_make_a_commit(bulk: Bulk) -> None:
    result = bulk.load("Person", people(1, 25), commit_every=10, message="People")
    assert (result.commits, result.created, bulk.count("Person")) == (3, 25, 25)
    assert checkpoints(bulk) == [(10, False), (20, False), (25, True)]
    assert result.commit is not None
    assert result.commit.message.splitlines()[0] == "People"
    assert f"Load-File-SHA256: {result.file.sha256}" in result.commit.message
    bulk.verify()


def test_an_exact_multiple_ends_complete(bulk: Bulk) -> None:
    bulk.load("Person", people(1, 20), commit_every=10)
    assert checkpoints(bulk) == [(10, False), (20, True)]


def test_a_load_goes_on_after_its_last_commit(bulk: Bulk) -> None:
    path = bulk.file("people.jsonl", lines(45_000))
    interrupted(bulk, path, after=2, commit_every=7_000)
    reached = checkpoints(bulk)[-1][0]
    assert 0 < reached < 45_000
    result = bulk.load("Person", path, commit_every=7_000, resume=True, mode="upsert")
    assert (result.skipped, result.created) == (reached, 45_000 - reached)
    assert bulk.count("Person") == 45_000
    assert checkpoints(bulk)[-1] == (45_000, True)
    again = bulk.load("Person", path, commit_every=7_000, resume=True)
    assert (again.skipped, again.rows, again.commits) == (45_000, 0, 0)
    bulk.verify()


def test_rows_that_are_rejected_stay_so_after_a_break(bulk: Bulk) -> None:
    text = lines(25_000).replace('{"id":20001,', '{"id":7,').replace('"id":15000', '"id":"x"')
    path = bulk.file("people.jsonl", text)
    options = {"commit_every": 6_000, "on_error": "skip"}
    interrupted(bulk, path, after=1, **options)
    result = bulk.load("Person", path, resume=True, **options)
    assert [row.row for row in result.errors if row.row > result.skipped] == [15_000, 20_001]
    assert bulk.count("Person") == 24_998


def test_a_file_that_has_changed_is_refused(bulk: Bulk) -> None:
    path = bulk.file("people.jsonl", lines(25_000))
    interrupted(bulk, path, after=1, commit_every=6_000)
    head = bulk.head()
    bulk.file("people.jsonl", lines(25_001))
    with pytest.raises(Conflict) as caught:
        bulk.load("Person", path, commit_every=6_000, resume=True)
    assert caught.value.error_code == "file_changed"
    bulk.file("people.jsonl", lines(25_000))
    with pytest.raises(Conflict) as caught:
        bulk.load(
            "Person", path, commit_every=6_000, resume=True, mapping={"constants": {"born": None}}
        )
    assert caught.value.error_code == "settings_changed"
    assert bulk.head() == head


def test_another_file_after_a_complete_load_begins_at_its_beginning(bulk: Bulk) -> None:
    bulk.load("Person", people(1, 5), commit_every=2)
    result = bulk.load("Person", people(6, 8), commit_every=2, resume=True)
    assert (result.skipped, result.created) == (0, 3)


def test_a_wrong_row_stops_after_what_was_committed(bulk: Bulk) -> None:
    with pytest.raises(Invalid) as caught:
        bulk.load("Person", people(1, 25) + "x,y\n" + people(26, 40)[8:], commit_every=10)
    assert caught.value.message == (
        "rows.csv, row 26, column id: 'x' is not a whole number. The rows before it, up to 20, "
        "are committed."
    )
    assert bulk.count("Person") == 20
    bulk.verify()


def test_only_a_load_in_several_commits_can_go_on(bulk: Bulk) -> None:
    with pytest.raises(Invalid) as caught:
        bulk.load("Person", people(1, 2), resume=True)
    assert caught.value.error_code == "commit_every"


def test_a_checkpoint_is_read_from_the_end_of_a_message_only() -> None:
    point = Checkpoint("t", "a" * 64, "s", 7, complete=False)
    assert Checkpoint.of(point.message("Load it")) == point
    assert Checkpoint.of(point.message("Load it") + "\n\nand more") is None
    assert Checkpoint.of("Load-Row: 7") is None
    assert Checkpoint.of("") is None
