"""The contract of the ontology store: one suite, every store. See ``harness.py``."""

from __future__ import annotations

import pytest

from tests.contract.store.harness import StoreHarness, harness, shared_harness
from tests.contract.store.world import World
from tests.tapes import steady, terminusdb

__all__ = ["harness", "shared_harness", "steady", "terminusdb", "world"]


@pytest.fixture
def world(harness: StoreHarness) -> World:
    """An ontology in each store in turn."""
    return World(harness.store)
