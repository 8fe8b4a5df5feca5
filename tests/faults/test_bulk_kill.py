"""``kill -9`` of a load: it leaves nothing behind, or goes on to exactly what it would have been."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests import services
from tests.services import ROOT, manage, manage_all, set_up

pytestmark = pytest.mark.faults

PIECE = 500
TYPES = {
    "message": "Types",
    "changes": [
        {
            "op": "create",
            "kind": "ObjectType",
            "fields": {
                "apiName": "Parcel",
                "primaryKey": ["number"],
                "properties": [
                    {"apiName": "number", "dataTypes": ["integer"], "required": True},
                    {"apiName": "label", "dataTypes": ["string"], "searchable": True},
                    {"apiName": "weight", "dataTypes": ["decimal"], "indexed": True},
                    {"apiName": "code", "dataTypes": ["string"], "unique": True},
                ],
            },
        }
    ],
}


@pytest.fixture
def environment(database_url: str | None, tmp_path: Path) -> dict[str, str]:
    """Of commands on a database of its own with the type ``Parcel`` in ``cut`` and in ``whole``."""
    folder = tmp_path / "data"
    folder.mkdir()
    found = services.oms_environment(folder, database_url=database_url)
    set_up(found)
    types = tmp_path / "types.json"
    types.write_text(json.dumps(TYPES))
    manage_all(
        [
            command
            for name in ("cut", "whole")
            for command in (
                ("ontology", "create", name, "--base-iri", "https://b.example/"),
                ("ontology", "apply", name, str(types)),
            )
        ],
        environment=found,
    )
    return found


def written(folder: Path, rows: int) -> Path:
    """A file of parcels, in no order."""
    numbers = list(range(rows))
    random.Random(1).shuffle(numbers)
    file = folder / "parcels.jsonl"
    with file.open("w") as lines:
        for number in numbers:
            row = {
                "number": number,
                "label": f"parcel {number % 97} of {number % 7}",
                "weight": f"{number % 1000}.25",
                "code": f"c{number}",
            }
            lines.write(json.dumps(row) + "\n")
    return file


def load_arguments(name: str, file: Path, *options: str) -> list[str]:
    return ["ontology", "load", name, str(file), "--type", "Parcel", *options]


def killed(
    arguments: list[str], environment: Mapping[str, str], started: Callable[[], bool], delay: float
) -> bool:
    """Run a command and ``kill -9`` it a moment after it has started; whether it was killed."""
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), *arguments],
        cwd=ROOT,
        env=dict(environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 300
    while process.poll() is None and not started():
        assert time.monotonic() < deadline, "the load does not begin"
        time.sleep(0.02)
    time.sleep(delay)
    process.kill()
    return process.wait(30) != 0


def log_arguments(name: str) -> tuple[str, ...]:
    return ("ontology", "log", name, "--format", "json")


def unload_arguments(name: str) -> tuple[str, ...]:
    return ("ontology", "unload", name, "--type", "Parcel")


def items(printed: str) -> list[Any]:
    found: list[Any] = json.loads(printed)["items"]
    return found


def commits(name: str, environment: Mapping[str, str]) -> list[Any]:
    return items(manage(*log_arguments(name), environment=environment))


def state(name: str, environment: Mapping[str, str]) -> tuple[list[Any], str]:
    """Its commits and its parcels, when nothing in it is wrong."""
    log, parcels, _verified = manage_all(
        [log_arguments(name), unload_arguments(name), ("ontology", "verify", name)],
        environment=environment,
    )
    return items(log), parcels


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_a_load_in_one_commit_leaves_nothing_behind(
    environment: dict[str, str], tmp_path: Path, full: bool
) -> None:
    kills, rows = (10, 60_000) if full else (1, 20_000)
    file = written(tmp_path, rows)
    before = commits("cut", environment)
    chance = random.Random(5)
    died = 0
    for _ in range(kills):
        begun = time.monotonic() + 3  # reading, checking and writing go on from here
        died += killed(
            load_arguments("cut", file),
            environment,
            lambda begun=begun: time.monotonic() > begun,  # type: ignore[misc]
            chance.uniform(0, 1.5),
        )
        now, parcels = state("cut", environment)
        if len(now) > len(before):  # it was quicker than the kill
            assert len(now) == len(before) + 1
            break
        assert parcels == ""
    assert died or len(commits("cut", environment)) == len(before) + 1
    *_loads, cut, whole, _verified = manage_all(
        [
            *(load_arguments(name, file) for name in ("cut", "whole")),
            *(unload_arguments(name) for name in ("cut", "whole")),
            ("ontology", "verify", "cut"),
        ],
        environment=environment,
    )
    assert len(cut.splitlines()) == rows
    assert cut == whole


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_a_load_in_many_commits_goes_on_to_what_it_would_have_been(
    environment: dict[str, str], tmp_path: Path, full: bool
) -> None:
    kills, rows = (20, 40_000) if full else (1, 5_000)
    file = written(tmp_path, rows)
    every = ("--commit-every", str(PIECE))
    chance = random.Random(6)
    before = len(commits("cut", environment))
    last = before
    for _ in range(kills):

        def grew(last: int = last) -> bool:
            return len(commits("cut", environment)) > last

        killed(
            load_arguments("cut", file, *every, "--resume"),
            environment,
            grew,
            chance.uniform(0, 0.3),
        )
        log, parcels = state("cut", environment)
        last = len(log)
        # Whole commits only, one after the other.
        assert len(parcels.splitlines()) == min(rows, (last - before) * PIECE)
    once_more = load_arguments("cut", file, *every, "--resume")
    printed = manage_all(
        [
            once_more,
            load_arguments("whole", file, *every),
            *(log_arguments(name) for name in ("cut", "whole")),
            *(unload_arguments(name) for name in ("cut", "whole")),
            once_more,  # there is nothing to do
            log_arguments("cut"),
            *(("ontology", "verify", name) for name in ("cut", "whole")),
        ],
        environment=environment,
    )
    cut, whole = items(printed[2]), items(printed[3])
    assert [item["message"] for item in cut] == [item["message"] for item in whole]
    assert [item["changeCount"] for item in cut] == [item["changeCount"] for item in whole]
    assert len(printed[4].splitlines()) == rows
    assert printed[4] == printed[5]
    assert len(items(printed[7])) == len(cut)
