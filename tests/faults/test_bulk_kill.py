"""``kill -9`` in the middle of a load: it leaves nothing behind, or goes on exactly."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests import services

pytestmark = pytest.mark.faults

NAME = "killed"
CHANGES = {
    "message": "Types",
    "changes": [
        {
            "op": "create",
            "kind": "ObjectType",
            "fields": {
                "apiName": "Reading",
                "primaryKey": ["id"],
                "properties": [
                    {"apiName": "id", "dataTypes": ["integer"], "required": True},
                    {"apiName": "value", "dataTypes": ["double"], "indexed": True},
                    {"apiName": "note", "dataTypes": ["string"], "searchable": True},
                ],
            },
        }
    ],
}


@pytest.fixture
def environment(database_url: str | None, tmp_path: Path) -> Mapping[str, str]:
    """Of commands on a database with the type ``Reading``."""
    made = services.oms_environment(tmp_path / "data", database_url=database_url)
    (tmp_path / "data").mkdir()
    (tmp_path / "changes.json").write_text(json.dumps(CHANGES))
    services.manage("setup", environment=made)
    services.manage(
        "ontology", "create", NAME, "--base-iri", "https://k.example/", environment=made
    )
    services.manage("ontology", "apply", NAME, str(tmp_path / "changes.json"), environment=made)
    return made


def readings(folder: Path, count: int) -> Path:
    path = folder / "readings.csv"
    rows = (f"{number},{number / 7:.4f},note {number % 1000}\n" for number in range(1, count + 1))
    path.write_text("id,value,note\n" + "".join(rows))
    return path


def killed(arguments: list[str], environment: Mapping[str, str], after: float) -> bool:
    """Start a load and kill it; False when it had ended before."""
    process = subprocess.Popen(
        [sys.executable, str(services.ROOT / "manage.py"), "ontology", "load", NAME, *arguments],
        cwd=services.ROOT,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(after)
    process.kill()
    return process.wait() != 0


def ids(environment: Mapping[str, str]) -> list[int]:
    out = services.manage("ontology", "unload", NAME, "-t", "Reading", environment=environment)
    return [json.loads(line)["id"] for line in out.splitlines()]


def rows_in_commits(environment: Mapping[str, str]) -> int:
    """The row that the last commit of the load says it has reached."""
    out = services.manage("ontology", "log", NAME, "--format", "json", environment=environment)
    for commit in json.loads(out)["items"]:
        for line in commit["message"].splitlines():
            if line.startswith("Load-Row: "):
                return int(line.removeprefix("Load-Row: "))
    return 0


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_a_load_in_one_commit_leaves_nothing_behind(
    environment: Mapping[str, str], full: bool, tmp_path: Path
) -> None:
    kills, count = (20, 300_000) if full else (2, 60_000)
    path = readings(tmp_path, count)
    chance = random.Random(4)
    cut = 0
    for _ in range(kills):
        if killed([str(path), "-t", "Reading"], environment, chance.uniform(1.5, 4.5)):
            cut += 1
            assert ids(environment) == []
        else:
            break
    assert cut
    services.manage("ontology", "load", NAME, str(path), "-t", "Reading", environment=environment)
    assert ids(environment) == list(range(1, count + 1))
    services.manage("ontology", "verify", NAME, environment=environment)


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_a_load_in_many_commits_goes_on_exactly(
    environment: Mapping[str, str], full: bool, tmp_path: Path
) -> None:
    kills, count = (20, 300_000) if full else (2, 60_000)
    path = readings(tmp_path, count)
    arguments = [str(path), "-t", "Reading", "--commit-every", "3000", "--resume"]
    chance = random.Random(5)
    cut = 0
    for _ in range(kills):
        if not killed(arguments, environment, chance.uniform(2.0, 5.0)):
            break
        cut += 1
        reached = rows_in_commits(environment)
        assert reached % 3000 == 0
        assert ids(environment) == list(range(1, reached + 1))
    assert cut
    reached = rows_in_commits(environment)
    out = services.manage(
        "ontology", "load", NAME, *arguments, "--format", "json", environment=environment
    )
    result = json.loads(out)
    assert (result["skipped"], result["rows"], result["rejected"]) == (reached, count - reached, 0)
    assert ids(environment) == list(range(1, count + 1))
    services.manage("ontology", "verify", NAME, environment=environment)
