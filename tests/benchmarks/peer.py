"""The handle on the doltlite process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Answer:
    """What doltlite answered, and the seconds that it took there."""

    value: Any
    seconds: float


class Doltlite:
    """The running peer; each of its databases is a file in ``folder``."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process = process
        self._folder = folder

    def call(self, database: str, do: str, *arguments: Any) -> Answer:
        """Call a method of ``doltlite_process.Database``."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        path = str(self._folder / f"{database}.doltlite")
        request = {"database": path, "do": do, "with": arguments}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("The doltlite process ended; what it said is above.")
        answer = json.loads(line)
        return Answer(answer["answer"], answer["seconds"])

    def build(self, database: str, rows: Iterator[Sequence[str]]) -> None:
        """A table of ``rows`` (rid, kind, name, body)."""
        file = self._folder / f"{database}.jsonl"
        with file.open("w", encoding="utf-8") as lines:
            lines.writelines(json.dumps(row) + "\n" for row in rows)
        self.call(database, "build", str(file))
        file.unlink()


@contextmanager
def doltlite(folder: Path) -> Iterator[Doltlite]:
    """Start the peer; its files are in ``folder``."""
    program = Path(__file__).with_name("doltlite_process.py")
    process = subprocess.Popen(
        [sys.executable, program],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
    )  # fmt: skip
    try:
        yield Doltlite(process, folder)
    finally:
        process.communicate()
