"""Row 11: what the audit trail costs, and how fast it is verified."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from tests.benchmarks.measure import Comparison, Work, in_turn, timed
from tests.benchmarks.world import State, World

#: Events per second that verification must check on one core.
_RATE = 200_000


class NullLog:
    """An audit log that keeps nothing."""

    def record(self, action: str, subject: Any, **_members: Any) -> str:
        return ""

    def record_apart(self, action: str, subject: Any, **_members: Any) -> str | None:
        return None


@contextmanager
def _unaudited() -> Iterator[None]:
    from audit.contract import audit_log
    from oms_project.core import services

    assert audit_log.record is not None  # it is resolved
    kept = services._instances["audit"]
    services._instances["audit"] = NullLog()
    try:
        yield
    finally:
        services._instances["audit"] = kept


def audited(world: World) -> list[Comparison]:
    """Commit with the audit trail and without it; verify a long trail."""
    state = world.state(world.sizes[0])
    works: dict[str, Work] = {
        "audited": partial(_commit, state),
        "unaudited": partial(_commit_unaudited, state),
        "sequenced": _sequenced(partial(_commit, state)),
    }
    series = in_turn(world.rounds * 5, works)
    found = [
        Comparison(
            11, "audited commit of 1", "unaudited", series["audited"], series["unaudited"], 1.2
        ),
        Comparison(
            11,
            "the same, tree kept up meanwhile",
            "unaudited",
            series["sequenced"],
            series["unaudited"],
            1.2,
        ),
    ]
    events = 20_000 if world.quick else 200_000
    _fill(events)
    seconds = [_verify() for _ in range(world.rounds)]
    bound = [_size() / _RATE] * len(seconds)
    found.append(
        Comparison(11, f"verify {events} events (CPU)", f"{_RATE} a second", seconds, bound, 1.0)
    )
    return found


def _commit(state: State) -> float:
    numbers = state.pick(1)
    return timed(lambda: state.commit(numbers, f"Commit {uuid.uuid4()}"))


def _commit_unaudited(state: State) -> float:
    with _unaudited():
        return _commit(state)


def _sequenced(commit: Callable[[], float]) -> Work:
    def work() -> float:
        from audit.sequencing import sequence_events

        seconds = commit()
        sequence_events()
        return seconds

    return work


def _fill(count: int) -> None:
    from django.db import transaction

    from audit.contract import Subject, audit_log
    from audit.sequencing import sequence_events

    for _start in range(0, count, 5_000):
        with transaction.atomic():
            for number in range(5_000):
                audit_log.record(
                    "ontology.committed",
                    Subject("commit", f"c{number}"),
                    ontology="aviation",
                    branch="main",
                    commit="a" * 64,
                    data={"changes": number},
                    message="Describe types anew",
                )
        sequence_events()


def _size() -> int:
    from audit.tree import leaf_count

    return leaf_count()


def _verify() -> float:
    from audit.verification import verify_trail

    start = time.process_time()
    report = verify_trail()
    assert report.is_intact
    return time.process_time() - start
