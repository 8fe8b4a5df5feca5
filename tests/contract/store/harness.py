"""What the contract suite needs of a store, apart from the port: to measure it and to break it.

A later store adds a harness here and its name to ``HARNESSES``; no test changes.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import pytest
from django.db import OperationalError, connection, connections, transaction

from ontology.store.orm.store import OrmStore
from ontology.store.port import OntologyStore
from tests.contract.store.orm_tampering import REDACTION_TAMPERINGS, TAMPERINGS


@dataclass
class Cost:
    """What a block of code cost.

    Attributes:
        requests: statements or requests sent to the store's server.
        rows: rows (or documents) written, rewritten or removed.
    """

    requests: int = 0
    rows: int = 0


class StoreHarness(Protocol):
    """A store under test."""

    @property
    def store(self) -> OntologyStore: ...

    @property
    def deeds(self) -> Collection[str]:
        """Every way in which the owner of the store's disk could falsify it, by name."""
        ...

    def tampered(self, deed: str, ontology: str) -> AbstractContextManager[None]:
        """A deed is done inside the block, and undone after it. What a store cannot suffer, it
        has to refuse or repair in sight of ``verify``.
        """
        ...

    def measure(self) -> AbstractContextManager[Cost]:
        """Count what the block costs."""
        ...

    def unreachable(self) -> AbstractContextManager[None]:
        """The store does not answer inside the block."""
        ...

    def in_thread(self, work: Callable[[], None]) -> threading.Thread:
        """A started thread that does ``work`` as another client of the store."""
        ...


class OrmHarness:
    """The embedded store, on the database that the settings name."""

    def __init__(self) -> None:
        self.store = OrmStore()

    @property
    def deeds(self) -> Collection[str]:
        return TAMPERINGS

    @contextmanager
    def tampered(self, deed: str, ontology: str) -> Iterator[None]:
        with transaction.atomic():
            {**TAMPERINGS, **REDACTION_TAMPERINGS}[deed](ontology)
            yield
            transaction.set_rollback(True)

    @contextmanager
    def measure(self) -> Iterator[Cost]:
        cost = Cost()

        def count(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
            cost.requests += 1
            return execute(sql, parameters, many, context)

        before = _rows_written()
        with connection.execute_wrapper(count):
            yield cost
        cost.rows = _rows_written() - before

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        def refuse(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
            raise OperationalError("database is locked")

        with connection.execute_wrapper(refuse):
            yield

    def in_thread(self, work: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            try:
                work()
            finally:
                connections.close_all()

        thread = threading.Thread(target=run)
        thread.start()
        return thread


def _rows_written() -> int:
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        return int(connection.connection.total_changes)
    with connection.cursor() as cursor:  # of the test's own transaction
        cursor.execute(
            "SELECT COALESCE(SUM(n_tup_ins + n_tup_upd + n_tup_del), 0) "
            "FROM pg_stat_xact_user_tables"
        )
        return int(cursor.fetchone()[0])


def live() -> bool:
    """Whether there is a real TerminusDB, which is not being recorded."""
    return bool(os.environ.get("TERMINUSDB_ENDPOINT")) and not os.environ.get("TERMINUSDB_RECORD")


def _homed() -> StoreHarness:
    from tests.contract.store.homed import HomedHarness  # it is made of this module

    return HomedHarness()


HARNESSES: Mapping[str, Callable[[], StoreHarness]] = {
    "orm": OrmHarness,
    "terminusdb": _homed,
    # Through the data kernel: its requests to TerminusDB are the same, its own are not recorded.
    **({"kernel": _homed} if live() else {}),
}


def _harness(request: pytest.FixtureRequest) -> Iterator[StoreHarness]:
    name: str = request.param
    if name != "orm":
        request.getfixturevalue(name)
    made = HARNESSES[name]()
    yield made
    if name != "orm":
        made.close()  # type: ignore[attr-defined]


@pytest.fixture(params=sorted(HARNESSES))
def harness(request: pytest.FixtureRequest, db: None) -> Iterator[StoreHarness]:
    """Each store in turn; what a test writes is gone after it."""
    yield from _harness(request)


@pytest.fixture(params=sorted(HARNESSES))
def shared_harness(
    request: pytest.FixtureRequest, transactional_db: None
) -> Iterator[StoreHarness]:
    """Each store in turn, with writes that other threads see."""
    yield from _harness(request)
