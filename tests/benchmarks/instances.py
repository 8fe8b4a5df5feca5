"""Rows 13 and 14: objects, loaded and changed among many."""

from __future__ import annotations

import csv
import sqlite3
import uuid
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from tests.benchmarks.flights import FLIGHT, flights_file
from tests.benchmarks.measure import Comparison, Work, in_turn, timed
from tests.benchmarks.world import World

__all__ = ["data_growth", "loads"]

#: A load takes seconds: so few rounds are enough for a median.
_ROUNDS = 5


# -- 13: bulk load ----------------------------------------------------------------------------
def loads(world: World) -> list[Comparison]:
    """Load the flights with full validation; the peer parses the same CSV file and puts the rows
    into a table with their primary key, the fast way of each database.
    """
    rows = 20_000 if world.quick else 336_776
    file = flights_file(world.folder, rows)
    series = in_turn(
        min(world.rounds, _ROUNDS),
        {"oms": partial(_load, file, rows), "peer": partial(_bare_load, world, file)},
    )
    return [
        Comparison(13, f"load {rows:,} flights", "bare inserts", series["oms"], series["peer"], 2.0)
    ]


def _load(file: Path, rows: int) -> float:
    from ontology import services
    from ontology.contract import Change
    from ontology.services.bulk import load_objects

    name = f"flights-{uuid.uuid4()}"
    services.create_ontology(name=name, base_iri=f"https://example.org/{name}/")
    services.commit_changes(
        ontology=name, message="Type", changes=[Change("create", kind="ObjectType", fields=FLIGHT)]
    )

    def work() -> None:
        result = load_objects(ontology=name, type="Flight", source=file)
        assert result.created == rows

    return timed(work)


def _bare_load(world: World, file: Path) -> float:
    columns = [item["apiName"] for item in FLIGHT["properties"]]
    table = f"flights_{uuid.uuid4().hex}"
    key = ", ".join(f'"{name}"' for name in FLIGHT["primaryKey"])
    defined = ", ".join(f'"{name}" {_sql_type(name)}' for name in columns)
    create = f"CREATE TABLE {table} ({defined}, PRIMARY KEY ({key}))"
    if world.database == "postgresql":
        with psycopg.connect(world.url, autocommit=True) as connection:
            connection.execute(create)

            def copied() -> None:
                with (
                    connection.cursor() as cursor,
                    file.open("rb") as source,
                    cursor.copy(f"COPY {table} FROM STDIN (FORMAT csv, HEADER)") as copy,
                ):
                    while chunk := source.read(1 << 20):
                        copy.write(chunk)

            seconds = timed(copied)
            connection.execute(f"DROP TABLE {table}")
            return seconds
    with closing(sqlite3.connect(world.folder / "bare.sqlite3", isolation_level=None)) as lite:
        lite.execute("PRAGMA journal_mode=WAL")
        lite.execute("PRAGMA synchronous=FULL")
        lite.execute(create)
        marks = ", ".join("?" * len(columns))

        def inserted() -> None:
            with file.open(newline="") as source:
                reader = csv.reader(source)
                next(reader)
                lite.execute("BEGIN")
                lite.executemany(f"INSERT INTO {table} VALUES ({marks})", reader)
                lite.execute("COMMIT")

        seconds = timed(inserted)
        lite.execute(f"DROP TABLE {table}")
        return seconds


def _sql_type(name: str) -> str:
    data_types = next(item["dataTypes"] for item in FLIGHT["properties"] if item["apiName"] == name)
    return {"integer": "bigint", "timestamp": "text"}.get(data_types[0], "text")


# -- 14: changes among many objects -----------------------------------------------------------
def data_growth(world: World) -> list[Comparison]:
    """Commit, diff and merge of k changed objects among 1,000,000 against the same among 1,000,
    and how much the database grows with each object.
    """
    few, many = _Things(1_000), _Things(20_000 if world.quick else 1_000_000)
    few.build(world)
    before = _size(world)
    many.build(world)
    bytes_per_object = (_size(world) - before) / many.size
    works: dict[str, Work] = {}
    for things in (few, many):
        for k in world.changes:
            if k < few.size:
                works[f"commit {k} {things.size}"] = partial(things.commit, k)
        works[f"diff 100 {things.size}"] = partial(things.diff, 100)
        works[f"merge 100 {things.size}"] = partial(things.merge, 100)
    series = in_turn(world.rounds, works, warm=2)
    found = [
        Comparison(
            14,
            f"{work} objects among {many.size:,}",
            f"among {few.size:,}",
            series[f"{work} {many.size}"],
            series[f"{work} {few.size}"],
            1.2,
        )
        for work in dict.fromkeys(name.rpartition(" ")[0] for name in works)
    ]
    print(f"the database takes {bytes_per_object:,.0f} bytes for each object")
    return found


@dataclass
class _Things:
    """An ontology with ``size`` objects of one type, which has an indexed property."""

    size: int
    name: str = field(default_factory=lambda: f"things-{uuid.uuid4()}")
    _turn: int = 0

    def build(self, world: World) -> None:
        from ontology import services
        from ontology.contract import Change
        from ontology.services.bulk import load_objects

        services.create_ontology(name=self.name, base_iri=f"https://example.org/{self.name}/")
        fields = {
            "apiName": "Thing",
            "primaryKey": ["id"],
            "properties": [
                {"apiName": "id", "dataTypes": ["integer"], "required": True},
                {"apiName": "name", "dataTypes": ["string"]},
                {"apiName": "size", "dataTypes": ["integer"], "indexed": True},
                {"apiName": "owner", "dataTypes": ["string"]},
            ],
        }
        services.commit_changes(
            ontology=self.name,
            message="Type",
            changes=[Change("create", kind="ObjectType", fields=fields)],
        )
        file = world.folder / f"things-{self.size}.csv"
        with file.open("w") as out:
            out.write("id,name,size,owner\n")
            for number in range(self.size):
                out.write(f"{number},Thing {number},{number % 1000},o{number % 97}\n")
        load_objects(ontology=self.name, type="Thing", source=file)

    def commit(self, count: int, branch: str = "", half: int = 0) -> float:
        return timed(self._committed(count, branch, half))

    def diff(self, count: int) -> float:
        from ontology import selectors

        before = selectors.resolve_ref(ontology=self.name, ref="main").id
        self._committed(count, "", 0)()
        return timed(
            lambda: selectors.diff(ontology=self.name, from_ref=before, to_ref="main").changes
        )

    def merge(self, count: int) -> float:
        from ontology import services

        branch = f"work-{uuid.uuid4()}"
        services.create_branch(ontology=self.name, name=branch)
        self._committed(count, branch, 1)()
        self._committed(count, "", 0)()

        def work() -> None:
            result = services.merge(ontology=self.name, source=branch, into="main")
            assert result.status == "merged"

        return timed(work)

    def _committed(self, count: int, branch: str, half: int) -> Callable[[], object]:
        """A commit of ``count`` objects, others each time; those of one half are never those of
        the other.
        """
        from ontology import services
        from ontology.contract import Change

        self._turn += 1
        step = max(2, self.size // count // 2 * 2)
        numbers = [(self._turn * 14 + i * step) // 2 * 2 % self.size + half for i in range(count)]
        changes: Sequence[Any] = [
            Change("update", target=f"Thing/{number}", fields={"owner": f"turn {self._turn}"})
            for number in dict.fromkeys(numbers)
        ]
        return lambda: services.commit_changes(
            ontology=self.name, branch=branch, message="Change", changes=changes
        )


def _size(world: World) -> int:
    """Bytes that the database takes."""
    from django.db import connection

    with connection.cursor() as cursor:
        if world.database == "postgresql":
            cursor.execute("SELECT pg_database_size(current_database())")
            return int(cursor.fetchone()[0])
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        cursor.execute("PRAGMA page_count")
        pages = int(cursor.fetchone()[0])
        cursor.execute("PRAGMA page_size")
        return pages * int(cursor.fetchone()[0])
