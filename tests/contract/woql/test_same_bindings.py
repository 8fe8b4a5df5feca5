"""The translation gives the bindings that TerminusDB gives.

``recorded.json`` is what TerminusDB 12 answered. With ``OMS_TEST_TERMINUSDB`` (a URL with user and
key) it is asked again, and the file is written anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oms_project.core.context import SYSTEM, acting_as
from ontology import services
from tests.contract.woql.queries import ORDERED, QUERIES
from tests.contract.woql.world import NAME, TerminusWorld, labelled, make_world, unlabelled

RECORDED = Path(__file__).with_name("recorded.json")
LIVE = os.environ.get("OMS_TEST_TERMINUSDB", "")

pytestmark = [pytest.mark.django_db, pytest.mark.data]


@pytest.fixture
def rids() -> Iterator[dict[str, str]]:
    with acting_as(SYSTEM):
        yield make_world()


def test_translated_queries_give_the_bindings_of_terminusdb(rids: dict[str, str]) -> None:
    expected = _recorded(rids)
    assert len(QUERIES) >= 40
    assert set(expected) == set(QUERIES)
    wrong = {}
    for name, query in QUERIES.items():
        found = services.run_query(ontology=NAME, query=unlabelled(_json(query), rids))
        bindings = labelled(list(found.bindings), rids)
        ours = {"variables": sorted(found.variable_names), "bindings": _plain(name, bindings)}
        theirs = {
            "variables": sorted(expected[name]["variables"]),
            "bindings": _plain(name, expected[name]["bindings"]),
        }
        if ours != theirs:
            wrong[name] = (ours, theirs)
    assert wrong == {}


def _json(query: Any) -> Any:
    return query if isinstance(query, dict) else query.to_dict()


def _plain(name: str, bindings: list[dict[str, Any]]) -> list[Any]:
    """Rows without an order, where they have none."""
    rows = [_collected(row) for row in bindings]
    return rows if name in ORDERED else sorted(rows, key=_text)


def _collected(row: dict[str, Any]) -> dict[str, Any]:
    """What is collected and the sets of documents have no order either."""
    return {name: _unordered(value) if name in ("d", "g") else value for name, value in row.items()}


def _unordered(value: Any) -> Any:
    if isinstance(value, list):
        return sorted(value, key=_text)
    if isinstance(value, dict):
        return {name: _unordered(item) for name, item in value.items()}
    return value


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _recorded(rids: dict[str, str]) -> dict[str, Any]:
    if not LIVE:
        found: dict[str, Any] = json.loads(RECORDED.read_text())
        return found
    world = TerminusWorld(LIVE, "oms_test_woql", rids)
    world.make()
    try:
        answers = {name: world.ask(_json(query)) for name, query in QUERIES.items()}
    finally:
        world.drop()
    made = {
        name: {"variables": answer["api:variable_names"], "bindings": answer["bindings"]}
        for name, answer in answers.items()
    }
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(item)}" for name, item in made.items())
    RECORDED.write_text(f"{{\n{lines}\n}}\n")
    return made
