"""One party of the row "homes", in a process of its own: OMS with one home, or TerminusDB's client.

``python -m tests.benchmarks.homes_process oms|client``. One JSON object per line comes in (``do`` and
arguments), one goes out. Times are taken in here, so that they hold nothing of the way between the
processes. What the two parties insert are the same objects with the same properties.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, Protocol

#: Objects of the ontology that is read, changed, compared and merged; those of one change.
OBJECTS, CHANGED = int(os.environ.get("OMS_BENCH_OBJECTS", "2000")), 100
#: Inserts of the writers together, and how many they are.
INSERTS, WRITERS = 32, 8
#: How often a writer tries to get one in.
_TRIES = 200
#: How often what takes no time is done for one figure.
_READS, _CACHED = 20, 200
_EPOCH = datetime(2024, 1, 1, tzinfo=UTC)

PROPERTIES = {
    "code": "string",
    "name": "string",
    "weight": "double",
    "stock": "integer",
    "price": "decimal",
    "active": "boolean",
    "made": "date",
    "checked": "timestamp",
}


def part(number: int, code: str = "") -> dict[str, Any]:
    """The properties of an object."""
    return {
        "code": code or f"part-{number}",
        "name": f"Part number {number} of the catalogue",
        "weight": number / 8,
        "stock": number % 500,
        "price": f"{number}.25",
        "active": number % 3 > 0,
        "made": (date(2020, 1, 1) + timedelta(days=number % 1000)).isoformat(),
        "checked": (_EPOCH + timedelta(minutes=number)).isoformat().replace("+00:00", "Z"),
    }


class Party(Protocol):
    """What both can do; every method gives its seconds."""

    def create(self) -> float: ...
    def insert(self, count: int) -> float: ...
    def read_one(self) -> float: ...
    def read_all(self) -> float: ...
    def commit(self) -> float: ...
    def diff(self) -> float: ...
    def merge(self) -> float: ...
    def branch(self) -> float: ...
    def writers(self) -> float: ...


@contextmanager
def _timer() -> Iterator[list[float]]:
    taken = [0.0]
    start = time.perf_counter()
    yield taken
    taken[0] = time.perf_counter() - start


class _Base:
    """Names that nobody else uses, and errors of the writers."""

    def __init__(self) -> None:
        self.errors: Counter[str] = Counter()
        self._turn = 0

    def numbers(self, half: int = 0) -> list[int]:
        """``CHANGED`` objects, others each time; those of one half are never those of the other."""
        self._turn += 1
        step = OBJECTS // CHANGED
        return [(self._turn * 14 + i * step) // 2 * 2 % OBJECTS + half for i in range(CHANGED)]

    def together(self, insert: Callable[[str], object]) -> float:
        """``INSERTS`` of them by ``WRITERS`` threads; what fails is counted, and tried again until it
        is in: the work is the same for everybody.
        """
        ready = threading.Barrier(WRITERS)

        def write(_writer: int) -> None:
            for turn in range(INSERTS // WRITERS):
                if not turn:
                    ready.wait()
                self._until_in(partial(insert, f"w-{uuid.uuid4()}"))

        with ThreadPoolExecutor(WRITERS) as pool, _timer() as taken:
            list(pool.map(write, range(WRITERS)))
        return taken[0]

    def _until_in(self, insert: Callable[[], object]) -> None:
        for _ in range(_TRIES):
            try:
                insert()
            except Exception as error:  # noqa: BLE001 - each is counted by its name
                self.errors[str(getattr(error, "error_code", type(error).__name__))] += 1
            else:
                return
        raise RuntimeError(f"{_TRIES} tries, and still not in")


# -- OMS -------------------------------------------------------------------------------------------
class Oms(_Base):
    """The services that a door calls, by a maintainer; the home is the one of the environment."""

    def __init__(self) -> None:
        super().__init__()
        import django

        django.setup()
        from django.core.management import call_command

        from oms_project.core.context import SYSTEM, acting_as
        from oms_project.identity.contract import BindingInfo, Role, actor_of
        from oms_project.identity.models import User
        from oms_project.identity.services import create_user

        call_command("migrate", verbosity=0)
        with acting_as(SYSTEM):
            create_user(
                username="bench",
                password="a-long-password-for-nothing",
                bindings=(BindingInfo(Role.MAINTAINER),),
            )
        self.actor = actor_of(User.objects.get(username="bench"))
        self._acting = acting_as(self.actor)
        self._acting.__enter__()
        self.name = self._new()
        self._type(self.name)
        self._insert(self.name, [part(number) for number in range(OBJECTS)])

    @staticmethod
    def _new() -> str:
        from ontology import services

        name = f"stock-{uuid.uuid4().hex[:12]}"
        services.create_ontology(name=name, base_iri=f"https://example.org/{name}/")
        return name

    @staticmethod
    def _type(name: str) -> None:
        from ontology import services
        from ontology.contract import Change

        properties: list[dict[str, Any]] = [
            {"apiName": one, "dataTypes": [kind], "required": one == "code"}
            for one, kind in PROPERTIES.items()
        ]
        fields = {"apiName": "Part", "primaryKey": ["code"], "properties": properties}
        services.commit_changes(
            ontology=name, message="Type", changes=[Change("create", "ObjectType", fields=fields)]
        )

    @staticmethod
    def _insert(name: str, parts: list[dict[str, Any]]) -> None:
        from ontology import services
        from ontology.contract import Change

        services.commit_changes(
            ontology=name,
            message="Insert",
            changes=[Change("create", kind="Object", type="Part", fields=one) for one in parts],
        )

    def create(self) -> float:
        with _timer() as taken:
            self._type(self._new())
        return taken[0]

    def insert(self, count: int) -> float:
        name = self._new()
        self._type(name)
        self._insert(name, [part(OBJECTS + 1)])
        parts = [part(number) for number in range(count)]
        with _timer() as taken:
            self._insert(name, parts)
        return taken[0]

    def read_one(self) -> float:
        from ontology import selectors

        with _timer() as taken:
            for number in range(_READS):
                selectors.get_document(ontology=self.name, target=f"Part/part-{number * 7}")
        return taken[0] / _READS

    def cached(self) -> float:
        """One object again and again, each time as a request of its own reads it."""
        from oms_project.core.memory import remembering
        from ontology import selectors

        with _timer() as taken:
            for _ in range(_CACHED):
                with remembering():
                    selectors.get_document(ontology=self.name, target="Part/part-7")
        return taken[0] / _CACHED

    def tier(self) -> float:
        """The document alone, from the memory of the process."""
        from oms_project.core.memory import remembering
        from ontology import selectors
        from ontology.store import store

        rid = selectors.get_document(ontology=self.name, target="Part/part-7").rid
        info = store.get_ontology(self.name)
        commit = store.resolve(info.id, "main")
        with remembering():
            reader = store.reader(info.id, commit)
            reader.get_many([rid])
            with _timer() as taken:
                for _ in range(_CACHED):
                    reader.get_many([rid])
        return taken[0] / _CACHED

    def read_all(self) -> float:
        from ontology import selectors

        with _timer() as taken:
            page = selectors.list_objects(ontology=self.name, type="Part", limit=OBJECTS)
        assert len(page.items) == OBJECTS
        return taken[0]

    def _change(self, branch: str, half: int = 0) -> Any:
        from ontology import services
        from ontology.contract import Change

        text = f"Changed {uuid.uuid4()}"
        changes = [
            Change("update", target=f"Part/part-{number}", fields={"name": text})
            for number in self.numbers(half)
        ]
        return services.commit_changes(
            ontology=self.name, branch=branch, message=text, changes=changes
        ).commit

    def commit(self) -> float:
        with _timer() as taken:
            self._change("main")
        return taken[0]

    def diff(self) -> float:
        from ontology import selectors

        made = self._change("main")
        with _timer() as taken:
            result = selectors.diff(ontology=self.name, from_ref=made.parents[0], to_ref=made.id)
            assert len(result.changes) == CHANGED
        return taken[0]

    def merge(self) -> float:
        from ontology import services

        branch = f"b-{uuid.uuid4().hex[:12]}"
        services.create_branch(ontology=self.name, name=branch)
        self._change(branch, half=1)
        self._change("main")
        with _timer() as taken:
            result = services.merge(ontology=self.name, source=branch, into="main")
        assert result.status == "merged", result.status
        return taken[0]

    def branch(self) -> float:
        from ontology import services

        name = f"b-{uuid.uuid4().hex[:12]}"
        with _timer() as taken:
            services.create_branch(ontology=self.name, name=name)
        return taken[0]

    def writers(self) -> float:
        from django.db import connections

        from oms_project.core.context import acting_as

        name = self._new()
        self._type(name)

        def insert(code: str) -> None:
            with acting_as(self.actor):
                try:
                    self._insert(name, [part(7, code)])
                finally:
                    connections.close_all()

        return self.together(insert)


# -- TerminusDB's client ---------------------------------------------------------------------------
_XSD = {"timestamp": "dateTime"}


class Bare(_Base):
    """The official client against the same server: databases, commits, branches, nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self._local = threading.local()
        self.db = self._new()
        self._type(self.db)
        client = self._client(self.db)
        client.insert_document(
            [self._document(number) for number in range(OBJECTS)], commit_msg="Insert"
        )

    @staticmethod
    def _client(db: str | None = None, branch: str = "main") -> Any:
        from terminusdb_client import Client

        client = Client(os.environ["TERMINUSDB_ENDPOINT"])
        client.connect(
            team=os.environ.get("TERMINUSDB_TEAM", "admin"),
            user=os.environ.get("TERMINUSDB_USER", "admin"),
            key=os.environ["TERMINUSDB_KEY"],
            db=db,
            branch=branch,
        )
        return client

    def _new(self) -> str:
        name = f"{os.environ['TERMINUSDB_DB_PREFIX']}bare_{uuid.uuid4().hex[:12]}"
        self._client().create_database(
            name, team=os.environ.get("TERMINUSDB_TEAM", "admin"), include_schema=True
        )
        return name

    def _type(self, db: str) -> None:
        schema: dict[str, Any] = {"@type": "Class", "@id": "Part"}
        for name, kind in PROPERTIES.items():
            schema[name] = {"@type": "Optional", "@class": f"xsd:{_XSD.get(kind, kind)}"}
        self._client(db).insert_document(schema, graph_type="schema", commit_msg="Type")

    @staticmethod
    def _document(number: int, code: str = "") -> dict[str, Any]:
        values = part(number, code)
        values["price"] = float(values["price"])
        return {"@type": "Part", "@id": f"Part/{values['code']}", **values}

    def create(self) -> float:
        with _timer() as taken:
            self._type(self._new())
        return taken[0]

    def insert(self, count: int) -> float:
        db = self._new()
        self._type(db)
        client = self._client(db)
        client.insert_document(self._document(OBJECTS + 1), commit_msg="Insert")
        documents = [self._document(number) for number in range(count)]
        with _timer() as taken:
            client.insert_document(documents, commit_msg="Insert")
        return taken[0]

    def read_one(self) -> float:
        client = self._client(self.db)
        with _timer() as taken:
            for number in range(_READS):
                client.get_document(f"Part/part-{number * 7}")
        return taken[0] / _READS

    def read_all(self) -> float:
        client = self._client(self.db)
        with _timer() as taken:
            found = client.get_documents_by_type("Part", count=OBJECTS, as_list=True)
        assert len(found) == OBJECTS
        return taken[0]

    def _change(self, client: Any, half: int = 0) -> tuple[str, str]:
        """Gives one that it changed, and its new name."""
        text = f"Changed {uuid.uuid4()}"
        numbers = self.numbers(half)
        client.replace_document(
            [{**self._document(number), "name": text} for number in numbers], commit_msg=text
        )
        return f"Part/part-{numbers[0]}", text

    @staticmethod
    def _head(client: Any) -> str:
        # Its log is that of main, whatever branch it is on.
        _, version = client.get_document("Part/part-0", get_data_version=True)
        return str(version).removeprefix("branch:")

    def commit(self) -> float:
        client = self._client(self.db)
        with _timer() as taken:
            self._change(client)
        return taken[0]

    def diff(self) -> float:
        client = self._client(self.db)
        before = self._head(client)
        self._change(client)
        after = self._head(client)
        with _timer() as taken:
            found = client.diff_version(before, after)
        assert len(found) == CHANGED
        return taken[0]

    def merge(self) -> float:
        """What the client has instead: the changes since the common ancestor, applied to main."""
        client = self._client(self.db)
        name = f"b_{uuid.uuid4().hex[:12]}"
        base = self._head(client)
        client.create_branch(name)
        theirs = self._client(self.db, name)
        changed, text = self._change(theirs, half=1)
        head = self._head(theirs)
        self._change(client)
        with _timer() as taken:
            client.apply(base, head, branch="main", message="Merge", author="bench")
        assert client.get_document(changed)["name"] == text
        return taken[0]

    def branch(self) -> float:
        client = self._client(self.db)
        name = f"b_{uuid.uuid4().hex[:12]}"
        with _timer() as taken:
            client.create_branch(name)
        return taken[0]

    def writers(self) -> float:
        db = self._new()
        self._type(db)
        local = threading.local()

        def insert(code: str) -> None:
            if not hasattr(local, "client"):
                local.client = self._client(db)
            local.client.insert_document(self._document(7, code), commit_msg="Insert")

        return self.together(insert)

    def tidy(self) -> float:
        """Delete the databases of this run, those that OMS made too."""
        client = self._client()
        for database in client.get_databases():
            name = str(database.get("name", ""))
            if name.startswith(os.environ["TERMINUSDB_DB_PREFIX"]):
                client.delete_database(name, team=client.team, force=True)
        return 0.0


def main() -> None:
    """Answer until the input ends."""
    party: Any = Oms() if sys.argv[1] == "oms" else Bare()
    out = sys.stdout
    sys.stdout = sys.stderr  # what libraries print is no answer
    print(json.dumps({"ready": True}), file=out, flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        answer: dict[str, Any] = {}
        try:
            answer["seconds"] = getattr(party, asked["do"])(*asked.get("with", ()))
            answer["errors"] = dict(party.errors)
        except Exception as error:  # noqa: BLE001 - told in the table
            answer["failed"] = f"{type(error).__name__}: {error}"[:300]
        print(json.dumps(answer), file=out, flush=True)


if __name__ == "__main__":
    main()
