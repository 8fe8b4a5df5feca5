"""The contract of the ontology store: one suite, every store. See ``harness.py``."""

from __future__ import annotations

import pytest

from tests.contract.store.harness import StoreHarness, harness, live, shared_harness
from tests.contract.store.kernel import kernel
from tests.contract.store.world import World
from tests.tapes import steady, terminusdb

#: What another run asks of a server is not what was recorded: values are drawn at random, or threads
#: race. On TerminusDB these run when there is a real one (``TERMINUSDB_ENDPOINT``).
_LIVE_ONLY = frozenset(
    {
        "test_any_json_survives",
        "test_every_read_of_a_random_history_is_what_the_model_says",
        "test_many_writers_on_one_branch_lose_nothing",
        "test_the_lock_is_held_until_the_block_ends",
        "test_two_branches_at_the_end_of_one_line_go_on_at_once",
    }
)

__all__ = ["harness", "kernel", "shared_harness", "steady", "terminusdb", "world"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only a real TerminusDB can answer, where there is none or it is recorded."""
    if live():
        for item in items:
            if "[kernel" in item.name:  # its server's threads see what is committed
                item.add_marker(pytest.mark.django_db(transaction=True))
        return
    left_out = [
        item
        for item in items
        if getattr(item, "originalname", "") in _LIVE_ONLY and "[terminusdb" in item.name
    ]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture
def world(harness: StoreHarness) -> World:
    """An ontology in each store in turn."""
    return World(harness.store)
