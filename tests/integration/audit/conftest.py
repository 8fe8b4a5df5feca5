"""Fixtures of the audit trail."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from audit.contract import Subject, audit_log
from audit.sequencing import sequence_events


@pytest.fixture
def happen(db: None) -> Callable[..., list[str]]:
    """``happen(5)`` records five events and gives their ids, in order; ``place=True`` also gives
    them their place in the tree.
    """

    def make(count: int, *, place: bool = False) -> list[str]:
        ids = [
            audit_log.record("record.changed", Subject("user", f"u{number}"), data={"n": number})
            for number in range(count)
        ]
        if place:
            sequence_events()
        return ids

    return make
