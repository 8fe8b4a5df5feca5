"""Rows 1 to 6, and the list of all."""

from __future__ import annotations

import re
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from tests.benchmarks.audit import audited
from tests.benchmarks.events import events
from tests.benchmarks.graphql import graphql_lists
from tests.benchmarks.homes import homes
from tests.benchmarks.instances import data_growth, loads
from tests.benchmarks.measure import Comparison, Work, in_turn, timed
from tests.benchmarks.pages import pages
from tests.benchmarks.world import State, World

_SCHEMA_ORG = Path(__file__).resolve().parents[3] / "shared/data/schemaorg/schemaorg-28.1.ttl"
#: What "flat" and "linear" allow for, where the target gives no number.
_FLAT = 1.2


# -- 1: import --------------------------------------------------------------------------------
def imports(world: World) -> list[Comparison]:
    """Import schema.org and Brick; rdflib parses the same files."""
    found: list[Comparison] = []
    for name, file, namespace in _vocabularies():
        works: dict[str, Work] = {"oms": partial(_import, file, namespace)}
        works["rdflib"] = partial(_rdflib, file)
        series = in_turn(world.rounds, works)
        found.append(
            Comparison(1, f"import {name}", "rdflib", series["oms"], series["rdflib"], 0.5)
        )
    name, file, namespace = _vocabularies()[0]
    files = {times: _copies(world.folder, file, namespace, times) for times in (1, 2, 4)}
    series = in_turn(
        world.rounds, {str(times): partial(_import, files[times], namespace) for times in files}
    )
    found += [
        Comparison(
            1,
            f"import {times} copies of {name}",
            f"{times} x one",
            series[str(times)],
            series["1"],
            _FLAT,
            times,
        )
        for times in (2, 4)
    ]
    return found


def _vocabularies() -> list[tuple[str, Path, str]]:
    import brickschema

    releases = Path(brickschema.__file__).parent / "ontologies"
    brick = max(releases.glob("*/Brick.ttl"))
    found = [(f"Brick {brick.parent.name}", brick, "https://brickschema.org/schema/Brick#")]
    if _SCHEMA_ORG.exists():
        found.insert(0, ("schema.org 28.1", _SCHEMA_ORG, "https://schema.org/"))
    return found


def _import(file: Path, namespace: str) -> float:
    from ontology import services

    name = f"import-{uuid.uuid4()}"
    services.create_ontology(name=name, base_iri=namespace)

    def work() -> None:
        result = services.import_rdf(ontology=name, sources=[file], message="Import")
        assert result.commit is not None

    return timed(work)


def _rdflib(file: Path) -> float:
    import rdflib

    return timed(lambda: rdflib.Graph().parse(file))


def _copies(folder: Path, file: Path, namespace: str, times: int) -> Path:
    """The vocabulary ``times`` times, each copy with names of its own."""
    import pyoxigraph as ox

    triples = [quad.triple for quad in ox.parse(path=file)]

    def renamed(term: Any, copy: int) -> Any:
        if isinstance(term, ox.BlankNode):
            return ox.BlankNode(f"{term.value}c{copy}")
        if isinstance(term, ox.NamedNode) and re.match(namespace + r"\w", term.value):
            return ox.NamedNode(f"{term.value}C{copy}")
        return term

    target = folder / f"copies-{times}.ttl"
    ox.serialize(
        (
            ox.Triple(renamed(t.subject, copy), renamed(t.predicate, copy), renamed(t.object, copy))
            for copy in range(times)
            for t in triples
        ),
        str(target),
        ox.RdfFormat.TURTLE,
    )
    return target


# -- 2 to 4: commit, diff, merge --------------------------------------------------------------
def commits(world: World) -> list[Comparison]:
    """Commit k changes into N documents; doltlite updates k rows and commits."""
    works: dict[str, Work] = {}
    for size in world.sizes:
        state = world.state(size)
        for k in world.changes:
            if k < size:
                works[f"oms {k} {size}"] = partial(_commit, state, k)
                works[f"doltlite {k} {size}"] = partial(_peer_commit, state, k)
    series = in_turn(world.rounds, works)
    return _against_doltlite(world, 2, "commit", series.seconds, target=1.0, growth=1.2)


def _commit(state: State, k: int) -> float:
    numbers = state.pick(k)
    return timed(lambda: state.commit(numbers, f"Commit {uuid.uuid4()}"))


def _peer_commit(state: State, k: int) -> float:
    seconds: float = state.peer_commit(state.pick(k), f"Commit {uuid.uuid4()}").seconds
    return seconds


def diffs(world: World) -> list[Comparison]:
    """Diff two commits that are k changes apart, in N documents."""
    works: dict[str, Work] = {}
    for size in world.sizes:
        state = world.state(size)
        for k in world.changes:
            if k < size:
                made = state.commit(state.pick(k), f"Diff {k}").commit
                works[f"oms {k} {size}"] = partial(_diff, state, k, made.parents[0], made.id)
                peer = state.peer_commit(state.pick(1), "Before").value
                after = state.peer_commit(state.pick(k), f"Diff {k}").value
                works[f"doltlite {k} {size}"] = partial(_peer_diff, state, k, peer, after)
    seconds = in_turn(world.rounds, works).seconds
    found = _against_doltlite(world, 3, "diff", seconds, target=1.0, growth=_FLAT)
    low, high = world.changes[-2:]
    found += [
        Comparison(
            3,
            f"diff {high} in {size}",
            f"{high // low} x {low} in {size}",
            seconds[f"oms {high} {size}"],
            seconds[f"oms {low} {size}"],
            _FLAT,
            high / low,
        )
        for size in world.sizes
        if high < size
    ]
    return found


def _diff(state: State, k: int, start: str, end: str) -> float:
    from ontology import selectors

    def work() -> None:
        found = selectors.diff(ontology=state.name, from_ref=start, to_ref=end)
        assert len(found.changes) == k
        assert all(len(change.fields) == 1 for change in found.changes)

    return timed(work)


def _peer_diff(state: State, k: int, start: str, end: str) -> float:
    answer = state.peer.call(state.name, "diff", start, end)
    assert answer.value == k
    return answer.seconds


def merges(world: World) -> list[Comparison]:
    """Merge two branches with 100 changes each in N documents."""
    works: dict[str, Work] = {}
    for size in world.sizes:
        state = world.state(size)
        works[f"oms 100 {size}"] = partial(_merge, state)
        works[f"doltlite 100 {size}"] = partial(_peer_merge, state)
    seconds = in_turn(world.rounds, works).seconds
    return _against_doltlite(world, 4, "merge 100 x", seconds, target=2.0, growth=1.5)


def _merge(state: State) -> float:
    from ontology import services

    branch = f"side-{uuid.uuid4()}"
    services.create_branch(ontology=state.name, name=branch)
    state.commit(state.pick(100, 0), f"Ours {branch}")
    state.commit(state.pick(100, 1), f"Theirs {branch}", branch)

    start = time.perf_counter()
    result = services.merge(ontology=state.name, source=branch)
    seconds = time.perf_counter() - start
    assert result.status == "merged"
    assert result.changes is not None
    assert len(result.changes.changes) == 100
    return seconds


def _peer_merge(state: State) -> float:
    branch = f"side-{uuid.uuid4()}"
    call = partial(state.peer.call, state.name)
    call("branch", branch)
    state.peer_commit(state.pick(100, 0), f"Ours {branch}")
    call("checkout", branch)
    state.peer_commit(state.pick(100, 1), f"Theirs {branch}")
    call("checkout", "main")
    answer = call("merge", branch)
    for side in ("Ours", "Theirs"):
        assert call("count", f"{side} {branch}").value == 100
    return answer.seconds


def _against_doltlite(
    world: World,
    row: int,
    work: str,
    seconds: dict[str, list[float]],
    *,
    target: float,
    growth: float,
) -> list[Comparison]:
    found: list[Comparison] = []
    small, large = world.sizes[0], world.sizes[-1]
    for name in (name for name in seconds if name.startswith("oms ")):
        _, k, size = name.split()
        peer = seconds[f"doltlite {k} {size}"]
        found.append(
            Comparison(row, f"{work} {k} in {size}", "doltlite", seconds[name], peer, target)
        )
    for k in dict.fromkeys(name.split()[1] for name in seconds):
        least = small if f"oms {k} {small}" in seconds else world.sizes[1]
        if least < large:
            ours, theirs = seconds[f"oms {k} {large}"], seconds[f"oms {k} {least}"]
            found.append(
                Comparison(row, f"{work} {k} in {large}", f"in {least}", ours, theirs, growth)
            )
    return found


# -- 5: branches ------------------------------------------------------------------------------
def branches(world: World) -> list[Comparison]:
    """Create a branch, with few branches there and with many; the peer is one durable INSERT."""
    few, many = world.state(1_000), world.state(10_000)
    count = 1_000 if world.quick else 10_000
    _fill(many, count)
    with _inserts(world) as insert:
        series = in_turn(
            max(world.rounds, 50),
            {
                "few": partial(_branch, few),
                "insert": lambda: timed(insert),
                "many": partial(_branch, many),
            },
            warm=5,
        )
    return [
        Comparison(5, "create a branch", "one INSERT", series["few"], series["insert"], 1.5),
        Comparison(
            5, f"create a branch beside {count}", "beside few", series["many"], series["few"], _FLAT
        ),
    ]


def _branch(state: State) -> float:
    from ontology import services

    name = f"branch-{uuid.uuid4()}"
    return timed(lambda: services.create_branch(ontology=state.name, name=name))


def _fill(state: State, count: int) -> None:
    """Many branches, in one transaction: here only their number matters."""
    from django.db import transaction

    with transaction.atomic():
        for _ in range(count):
            _branch(state)


@contextmanager
def _inserts(world: World) -> Iterator[Callable[[], object]]:
    """One INSERT, committed durably, in a table beside those of OMS, with the bare driver."""
    create = "CREATE TABLE bench_names (id {id}, name TEXT UNIQUE, head TEXT, made TEXT)"
    insert = "INSERT INTO bench_names (name, head, made) VALUES ({0}, {0}, {0})"
    if world.database == "postgresql":
        with psycopg.connect(world.url, autocommit=True) as connection:
            connection.execute(create.format(id="BIGSERIAL PRIMARY KEY"))
            sql = insert.format("%s")
            yield lambda: connection.execute(sql, (str(uuid.uuid4()), "0" * 64, "now"))
        return
    with closing(sqlite3.connect(world.folder / "oms.sqlite3", isolation_level=None)) as lite:
        lite.execute("PRAGMA journal_mode=WAL")
        lite.execute("PRAGMA synchronous=FULL")
        lite.execute(create.format(id="INTEGER PRIMARY KEY"))
        sql = insert.format("?")
        yield lambda: lite.execute(sql, (str(uuid.uuid4()), "0" * 64, "now"))


# -- 6: a thousand commits --------------------------------------------------------------------
def history(world: World) -> list[Comparison]:
    """The thousandth commit in a row against the tenth, in turn on two like ontologies."""
    size, length = (1_000, 200) if world.quick else (10_000, 1_000)
    old, young = (State(f"{name}-{size}", size, world.peer) for name in ("old", "young"))
    for state in (old, young):
        state.build()
    window = 20 if world.quick else 100
    for _ in range(length - window):
        _commit(old, 1)
    for _ in range(10):
        _commit(young, 1)
    series = in_turn(window, {"old": partial(_commit, old, 1), "young": partial(_commit, young, 1)})
    return [
        Comparison(6, f"commit {length} of a row", "commit 10", series["old"], series["young"], 1.1)
    ]


ROWS: dict[int, Callable[[World], list[Comparison]]] = {
    1: imports,
    2: commits,
    3: diffs,
    4: merges,
    5: branches,
    6: history,
    7: pages,
    8: graphql_lists,
    10: events,
    11: audited,
    13: loads,
    14: data_growth,
    15: homes,
}
