"""The peer of rows 2 to 4: doltlite, in a process of its own.

``import doltlite`` puts itself in the place of SQLite for the whole process, so it must not be
the one that OMS runs in. One JSON object per line comes in, one goes out. Times are taken in
here, so that they hold nothing of the way between the processes.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

import doltlite  # noqa: F401 - must come before sqlite3

_TABLE = (
    "CREATE TABLE documents (rid TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, "
    "body TEXT NOT NULL) WITHOUT ROWID"
)
_UPDATE = "UPDATE documents SET body = json_patch(body, ?) WHERE kind = ? AND name = ?"
_DIFF = "SELECT * FROM dolt_diff_documents WHERE from_commit = ? AND to_commit = ?"


class Database:
    """One doltlite file; every commit is flushed to disk before it is acknowledged."""

    def __init__(self, path: str) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        self._run("PRAGMA synchronous=FULL")
        self._run("PRAGMA cache_size=-65536")

    def _run(self, sql: str, *parameters: Any) -> list[Any]:
        return self.connection.execute(sql, parameters).fetchall()

    def build(self, rows: str) -> None:
        """A table of the rows in the file ``rows`` (one JSON list a line), committed."""
        self._run(_TABLE)
        self._run("CREATE INDEX documents_name ON documents (kind, name)")
        with Path(rows).open(encoding="utf-8") as lines:
            self._run("BEGIN")
            self.connection.executemany(
                "INSERT INTO documents VALUES (?, ?, ?, ?)", map(json.loads, lines)
            )
            self._run("COMMIT")
        self._run("SELECT dolt_commit('-Am', 'build')")

    def commit(self, changes: list[tuple[str, str, str]], message: str) -> str:
        """Patch documents (each: JSON patch, kind, name) and commit them."""
        self._run("BEGIN")
        self.connection.executemany(_UPDATE, changes)
        commit = str(self._run("SELECT dolt_commit('-Am', ?)", message)[0][0])
        self._run("COMMIT")
        return commit

    def diff(self, start: str, end: str) -> int:
        """Fetch what differs between two commits: both rows of each document."""
        return len(self._run(_DIFF, start, end))

    def branch(self, name: str) -> None:
        """A branch at the head of the current one."""
        self._run("SELECT dolt_branch(?)", name)

    def checkout(self, name: str) -> None:
        """Make a branch the current one."""
        self._run("SELECT dolt_checkout(?)", name)

    def merge(self, name: str) -> str:
        """Merge a branch into the current one."""
        return str(self._run("SELECT dolt_merge(?)", name)[0][0])

    def count(self, text: str) -> int:
        """Documents whose body holds ``text``: that the work was really done."""
        return int(self._run("SELECT count(*) FROM documents WHERE body LIKE ?", f"%{text}%")[0][0])


def main() -> None:
    databases: dict[str, Database] = {}
    for line in sys.stdin:
        call = json.loads(line)
        path = call["database"]
        if path not in databases:
            databases[path] = Database(path)
        work = getattr(databases[path], call["do"])
        start = time.perf_counter()
        answer = work(*call["with"])
        seconds = time.perf_counter() - start
        print(json.dumps({"answer": answer, "seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
