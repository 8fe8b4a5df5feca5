"""Checking what changed finds a fault exactly when checking everything does."""

from __future__ import annotations

import pytest

from ontology.domain.memory import MemoryState
from ontology.domain.validation import validate_changes, validate_state
from tests.unit.domain.states import Universe, applied, documents

SETS_PER_STATE = 12


@pytest.mark.parametrize("start", range(0, 100, 10))
def test_incremental_validation_is_full_validation(start: int) -> None:
    outcomes = {True: 0, False: 0}
    for seed in range(start, start + 10):
        universe = Universe(seed)
        state = universe.valid_state()
        for _ in range(SETS_PER_STATE):
            changes = universe.change_set()
            found = validate_changes(MemoryState(documents(state)), changes)
            expected = validate_state(documents(applied(state, changes)))
            assert bool(found) == bool(expected), (seed, changes, found, expected)
            outcomes[not expected] += 1
    assert min(outcomes.values()) > 15, "both outcomes have to be frequent"
