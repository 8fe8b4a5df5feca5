"""Row 15: the same work in every home, side by side in one run."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from tests.benchmarks.homes_process import CHANGED, INSERTS, WRITERS
from tests.benchmarks.measure import Comparison, Work, in_turn
from tests.benchmarks.world import World
from tests.services import ROOT, postgresql

_CLIENT, _TERMINUSDB = "TerminusDB's client", "TerminusDB"
#: OMS adds at most so much to the client alone; a cached read costs what an embedded one does.
_ADDS, _SAME = 1.15, 1.2


def _works(objects: int) -> dict[str, tuple[str, list[Any]]]:
    """What is measured -> a method of both parties, and its arguments."""
    return {
        "create an ontology with a type": ("create", []),
        "insert 1 object": ("insert", [1]),
        f"insert {objects:,} objects": ("insert", [objects]),
        "read 1 object": ("read_one", []),
        f"read {objects:,} objects": ("read_all", []),
        f"commit {CHANGED} changes": ("commit", []),
        f"diff of {CHANGED} changes": ("diff", []),
        f"merge {CHANGED} and {CHANGED} changes": ("merge", []),
        "branch": ("branch", []),
        f"{INSERTS} inserts by {WRITERS} threads": ("writers", []),
        "read 1 object, cached": ("cached", []),
        "1 document from memory": ("tier", []),
    }


_ONLY_OMS = frozenset({"cached", "tier"})


def homes(world: World) -> list[Comparison]:
    """Ontologies embedded in SQLite and PostgreSQL, in TerminusDB, and TerminusDB's client alone."""
    endpoint = os.environ.get("TERMINUSDB_ENDPOINT", "")
    if not endpoint:
        _say("TERMINUSDB_ENDPOINT is not set: TerminusDB and its client alone are left out.")
    objects = 400 if world.quick else 2_000
    os.environ["OMS_BENCH_OBJECTS"] = str(objects)
    with ExitStack() as stack:
        parties: dict[str, _Party] = {}
        for name, kind, environment in _parties(world, endpoint, stack):
            try:
                parties[name] = stack.enter_context(_party(kind, environment))
            except _Failed as error:
                _say(f"{name} is left out: {error}")
            else:
                if name == _CLIENT:
                    stack.callback(parties[name].call, "tidy", [])
        series: dict[str, dict[str, list[float]]] = {}
        for work, (do, arguments) in _works(objects).items():
            asked = {
                name: party
                for name, party in parties.items()
                if not (name == _CLIENT and do in _ONLY_OMS)
            }
            series[work] = _taken(world.rounds, asked, do, arguments)
            told = (
                f"{name} {statistics.median(seconds) * 1e3:,.3g}"
                for name, seconds in series[work].items()
            )
            _say(f"{work}: {', '.join(told)} ms")
        errors = {name: party.errors for name, party in parties.items()}
        _say(markdown(series, errors))
        return [*_compared(series), *_cached(series)]


def _parties(
    world: World, endpoint: str, stack: ExitStack
) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Name, kind and environment of each."""
    prefix = f"bench{uuid.uuid4().hex[:6]}_"
    server = stack.enter_context(postgresql(durable=True)).url
    embedded = {
        "SQLite": f"sqlite:///{world.folder / 'homes.sqlite3'}",
        "PostgreSQL": server,
    }
    for name, url in embedded.items():
        yield name, "oms", {"DATABASE_URL": url, "TERMINUSDB_ENDPOINT": ""}
    if endpoint:
        index = (
            stack.enter_context(postgresql(durable=True)).url
            if world.database == "postgresql"
            else f"sqlite:///{world.folder / 'homes-index.sqlite3'}"
        )
        key = {
            "TERMINUSDB_ENDPOINT": endpoint,
            "TERMINUSDB_KEY": os.environ.get("TERMINUSDB_KEY", "root"),
            "TERMINUSDB_DB_PREFIX": prefix,
        }
        yield _CLIENT, "client", key
        yield _TERMINUSDB, "oms", {"DATABASE_URL": index, **key}


class _Failed(RuntimeError):
    """A party could not do its work."""

    def __init__(self, party: _Party, message: str) -> None:
        super().__init__(message)
        self.party = party


class _Party:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.errors: Mapping[str, int] = {}
        self._read()

    def call(self, do: str, arguments: list[Any]) -> float:
        """Let it do one work; the seconds.

        Raises:
            _Failed: it could not.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, "with": arguments}) + "\n")
        self._process.stdin.flush()
        answer = self._read()
        if "failed" in answer:
            raise _Failed(self, answer["failed"])
        self.errors = answer["errors"]
        seconds: float = answer["seconds"]
        return seconds

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise _Failed(self, "the process ended; what it said is above")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def _party(kind: str, environment: Mapping[str, str]) -> Iterator[_Party]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.homes_process", kind],
        cwd=ROOT, env={**os.environ, **environment}, text=True, encoding="utf-8",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield _Party(process)
    finally:
        process.communicate()


def _taken(
    rounds: int, parties: dict[str, _Party], do: str, arguments: list[Any]
) -> dict[str, list[float]]:
    """Seconds of each party; one that fails is left out, and the others begin anew."""
    while parties:
        works: dict[str, Work] = {
            name: partial(party.call, do, arguments) for name, party in parties.items()
        }
        try:
            return in_turn(rounds, works).seconds
        except _Failed as failed:
            name = next(name for name, party in parties.items() if party is failed.party)
            _say(f"  {name}: {failed}")
            parties = {other: party for other, party in parties.items() if other != name}
    return {}


def _compared(series: Mapping[str, Mapping[str, list[float]]]) -> Iterator[Comparison]:
    for work, by_party in series.items():
        if _CLIENT in by_party and _TERMINUSDB in by_party:
            yield Comparison(
                15, work, "its client alone", by_party[_TERMINUSDB], by_party[_CLIENT], _ADDS
            )


def _cached(series: Mapping[str, Mapping[str, list[float]]]) -> Iterator[Comparison]:
    cached = series["read 1 object, cached"]
    for name in cached.keys() & series["read 1 object"].keys():
        seconds = cached[name]
        yield Comparison(
            15, f"{name}: cached read", "uncached", seconds, series["read 1 object"][name], 1.0
        )
    if {_TERMINUSDB, "SQLite"} <= cached.keys():
        yield Comparison(
            15, "TerminusDB: cached read", "SQLite's", cached[_TERMINUSDB], cached["SQLite"], _SAME
        )


def markdown(
    series: Mapping[str, Mapping[str, list[float]]], errors: Mapping[str, Mapping[str, int]]
) -> str:
    """The table for people: medians in milliseconds."""
    names = [name for name in ("SQLite", "PostgreSQL", _TERMINUSDB, _CLIENT) if name in errors]
    lines = [
        f"| ms | {' | '.join(names)} | OMS ÷ client |",
        "|---|" + "--:|" * (len(names) + 1),
    ]
    for work, by_party in series.items():
        medians = {name: statistics.median(seconds) for name, seconds in by_party.items()}
        cells = [f"{medians[name] * 1e3:,.3g}" if name in medians else "" for name in names]
        both = _CLIENT in medians and _TERMINUSDB in medians
        ratio = f"{medians[_TERMINUSDB] / medians[_CLIENT]:.2f}" if both else ""
        lines.append(f"| {work} | {' | '.join(cells)} | {ratio} |")
    told = [
        ", ".join(f"{number} {code}" for code, number in found.items()) or "none"
        for found in (errors[name] for name in names)
    ]
    lines.append(f"| errors of the {WRITERS} threads | {' | '.join(told)} | |")
    return "\n".join(lines)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
