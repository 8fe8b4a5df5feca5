"""OMS killed (-9) at every step of a write to a home, and TerminusDB killed in mid-commit: home and
index agree again, nothing is lost, nothing is there twice.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tests import services
from tests.fakes.home import FOLDER

pytestmark = pytest.mark.faults

#: Step -> whether the home has the commit by then.
STEPS: Mapping[str, bool] = {
    "before begin": False,
    "after begin": False,
    "before land": False,
    "after land": True,
    "after kept_as": True,
    "after confirm": True,
}


class Place:
    """Folders, environment and processes of one run."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        home = folder / "home"
        home.mkdir()
        self.environment = {
            **os.environ,
            "OMS_DATA_DIR": str(folder),
            "DATABASE_URL": f"sqlite:///{folder / 'oms.sqlite3'}",
            FOLDER: str(home),
            "LOG_LEVEL": "WARNING",
            "TERMINUSDB_ENDPOINT": "",
            **environment,
        }
        self.environment.pop("DJANGO_SETTINGS_MODULE", None)
        self.process = self.worker()
        self.run("migrate")

    def worker(self) -> subprocess.Popen[str]:
        """What starts the processes."""
        with (self.folder / "log").open("a") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.faults.home_process"],
                cwd=services.ROOT,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def begin(self, what: str, *, die: str = "") -> None:
        """Let a process do something."""
        assert self.process.stdin is not None
        asked = {"do": what, "die": die, "answer": str(self.answer)}
        self.process.stdin.write(f"{json.dumps(asked)}\n")
        self.process.stdin.flush()

    def ended(self) -> int:
        """How it ended."""
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())

    def run(self, what: str, *, die: str = "") -> None:
        """Let a process do something; with ``die`` it must be killed there."""
        self.begin(what, die=die)
        ended = self.ended()
        assert ended == (-signal.SIGKILL if die else 0), (self.folder / "log").read_text()[-3000:]

    def close(self) -> None:
        """End what starts the processes."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=30)

    @property
    def answer(self) -> Path:
        return self.folder / "answer.json"

    def look(self, *, mended: bool = False) -> dict[str, Any]:
        """What stands; everything that must hold after each kill does.

        Args:
            mended: whether somebody may have had to settle what the server itself had lost.
        """
        self.run("look")
        found: dict[str, Any] = json.loads(self.answer.read_text())
        assert found["problems"] == []
        assert found["verified"] == []
        assert mended or found["strays"] == []
        assert found["again"] == 0
        once = dict.fromkeys(found["commits"], 1)
        assert found["audited"] == once, "each commit stands in the trail once"
        assert found["told"] == once, "each commit is told once"
        return found


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    place.run("create")
    yield place
    place.close()


def test_killed_at_every_step_of_a_commit(place: Place) -> None:
    expected = ["Create the ontology"]
    for number, (step, landed) in enumerate(STEPS.items()):
        place.run(f"commit Type{number}", die=step)
        found = place.look()
        assert found["finished"] == landed
        expected = [f"Type{number}", *expected] if landed else expected
        assert found["log"] == expected, step
    place.run("commit Last")
    assert place.look()["log"] == ["Last", *expected]


def test_killed_at_every_step_of_a_merge(place: Place) -> None:
    merges = 0
    for number, (step, landed) in enumerate(STEPS.items()):
        place.run(f"commit Main{number},side Side{number}")
        place.run("merge", die=step)
        found = place.look()
        assert found["finished"] == landed
        merges += landed
        merged = [message for message in found["log"] if message.startswith("Merge")]
        assert len(merged) == merges, step
        assert (f"Side{number}" in found["log"]) == landed
    place.run("merge")
    found = place.look()
    assert all(f"Side{number}" in found["log"] for number in range(len(STEPS)))


@pytest.mark.parametrize(
    ("step", "moved"),
    [("before move_branch", False), ("after move_branch", True), ("after confirm", True)],
)
def test_killed_in_a_fast_forward(place: Place, step: str, moved: bool) -> None:
    place.run("commit One")
    place.run("forward", die=step)
    assert (place.look()["work"][0] == "One") == moved
    place.run("forward")
    assert place.look()["work"][0] == "One"


def test_killed_while_a_branch_comes_and_goes(place: Place) -> None:
    for number, step in enumerate(("after begin", "after create_branch", "after confirm")):
        place.run(f"branch side{number}", die=step)
        place.look()  # taken back in the home: nobody was told of it
        place.run(f"branch side{number}")
    for number, step in enumerate(("after begin", "after delete_branch", "after confirm")):
        place.run(f"unbranch side{number}", die=step)
        place.look()
        place.run(f"unbranch side{number}")
    # Those of the two that did nothing yet: whoever began them may still be at it, for a minute.
    assert place.look()["pending"] == 2


@pytest.mark.parametrize("step", ["before create", "after create", "after land"])
def test_killed_while_an_ontology_is_made(place: Place, step: str) -> None:
    place.run("another two", die=step)
    # On record, so that its database is dropped once nobody can be at it any more.
    assert place.look()["pending"] == 1
    place.run("another two")
    assert place.look()["pending"] == 1


@pytest.mark.parametrize(
    "step", ["after land:1", "after land:3", "after create_branch:1", "before confirm:1"]
)
def test_killed_while_moving_house(place: Place, step: str) -> None:
    place.run("commit One,side Two,merge")
    place.run("transfer embedded")
    place.run("transfer terminusdb", die=step)
    place.run("commit Three")
    place.run("transfer terminusdb")
    found = place.look()
    assert found["log"][0] == "Three"
    assert len(list((place.folder / "home").glob("*.home"))) == 1


# --- TerminusDB killed: where there is one that may be ------------------------------------------
if os.environ.get("TERMINUSDB_COMMAND"):
    # ``TERMINUSDB_COMMAND`` starts a server of the tests' own, at ``TERMINUSDB_ENDPOINT``.
    ENDPOINT = os.environ["TERMINUSDB_ENDPOINT"]

    @contextmanager
    def terminusdb() -> Iterator[subprocess.Popen[bytes]]:
        process = subprocess.Popen(
            shlex.split(os.environ["TERMINUSDB_COMMAND"]),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if requests.get(f"{ENDPOINT}/api/ok", timeout=2).ok:
                    break
            except requests.RequestException:
                time.sleep(0.1)
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def test_terminusdb_killed_in_the_midst_of_commits(tmp_path: Path) -> None:
        with terminusdb():
            place = Place(tmp_path, TERMINUSDB_ENDPOINT=ENDPOINT, TERMINUSDB_DB_PREFIX="faults_")
            place.run("create")
        acknowledged: list[str] = []
        for number in range(4):
            names = [f"Type{number}x{one}" for one in range(40)]
            with terminusdb() as server:
                place.begin(",".join(f"commit {name}" for name in names))
                time.sleep(2 + number * 0.37)
                os.killpg(server.pid, signal.SIGKILL)
                assert place.ended() == 1, "the writer was to be interrupted"
            with terminusdb():
                # Killed in a bad moment, it has lost the whole database: then it is written anew
                # from the index, once somebody says so.
                place.run("mend")
                place.look(mended=True)
                place.run(f"commit After{number}")
                found = place.look(mended=True)
            assert found["log"][0] == f"After{number}"
            for before in acknowledged:
                assert before in found["log"]
            acknowledged = found["log"]
