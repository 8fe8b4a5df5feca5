"""What only reads goes through the shared cache, whichever door of the kernel it came in by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
import pytest
from rest_framework.test import APIClient

from oms_project.core.canonical_json import dumps, loads
from oms_project.core.metrics import metrics
from oms_project.identity.contract import Role
from ontology.rpc.v1 import kernel_pb2 as pb
from ontology.rpc.v1 import kernel_pb2_grpc as services
from ontology.selectors.states import forget_states
from tests.conftest import MakePerson
from tests.integration.api.conftest import api, fleet, spool_folder
from tests.integration.rpc.test_guide import metadata

__all__ = ["api", "fleet", "spool_folder"]

PILOTS = {
    "@type": "IsA",
    "element": {"@type": "NodeValue", "variable": "pilot"},
    "type": {"@type": "NodeValue", "node": "Pilot"},
}


def insertion(number: str) -> dict[str, Any]:
    """A query that writes a pilot."""
    fields = {"@type": "Pilot", "staffNumber": number}
    data = [
        {
            "@type": "FieldValuePair",
            "field": name,
            "value": {"@type": "Value", "data": {"@type": "xsd:string", "@value": value}},
        }
        for name, value in fields.items()
    ]
    template = {"@type": "DictionaryTemplate", "data": data}
    return {"@type": "InsertDocument", "document": {"@type": "Value", "dictionary": template}}


def asked() -> tuple[float, float]:
    """How often this process's cache had what was asked for, and how often not."""
    hits, misses = (
        metrics.registry.get_sample_value(
            "oms_cache_requests_total", {"tier": "local", "outcome": outcome}
        )
        for outcome in ("hit", "miss")
    )
    return hits or 0, misses or 0


def seen(ask: Callable[[], None]) -> tuple[float, float]:
    """How many hits and misses there are while something is asked, by a process that keeps no
    triples of it.
    """
    forget_states(_only())
    before = asked()
    ask()
    after = asked()
    return after[0] - before[0], after[1] - before[1]


def _only() -> str:
    from ontology.store import store

    (info,) = store.list_ontologies()
    return info.id


@pytest.fixture
def stub(channel: grpc.Channel) -> Any:
    return services.DataKernelStub(channel)


def test_the_second_read_over_grpc_comes_from_the_cache(
    stub: Any, fleet: str, person: MakePerson
) -> None:
    caller = metadata(person, Role.EDITOR)
    document = {"@type": "Pilot", "staffNumber": "P-7"}
    stub.Insert(
        pb.InsertRequest(ontology="fleet", branch="main", documents=[dumps(document)]),
        metadata=caller,
    )
    rows = []

    def ask() -> None:
        query = pb.QueryRequest(ontology="fleet", ref="main", query=dumps(PILOTS))
        _, found, _ = stub.Query(query, metadata=caller)
        rows.append([loads(one) for one in found.rows.bindings])

    assert seen(ask)[1] > 0
    hits, misses = seen(ask)
    assert hits > 0
    assert misses == 0
    assert rows[0] == rows[1]
    assert len(rows[0]) == 1


def test_the_second_read_over_rest_comes_from_the_cache(
    transactional_db: None, fleet: str, api: APIClient
) -> None:
    def ask() -> None:
        answer = api.post("/api/v1/kernel/query", {"ontology": "fleet", "query": PILOTS})
        assert answer.status_code == 200, answer.content

    assert seen(ask)[1] > 0
    hits, misses = seen(ask)
    assert hits > 0
    assert misses == 0


def test_documents_that_are_asked_for_by_post_come_from_the_cache(
    transactional_db: None, fleet: str, api: APIClient
) -> None:
    def ask() -> None:
        answer = api.post(
            "/terminusdb/api/document/oms/fleet/local/branch/main",
            {"type": "Pilot"},
            HTTP_X_HTTP_METHOD_OVERRIDE="GET",
        )
        assert answer.status_code == 200, answer.content

    assert seen(ask)[1] > 0
    assert seen(ask)[0] > 0


def test_what_writes_reads_past_the_cache(
    stub: Any, fleet: str, api: APIClient, person: MakePerson
) -> None:
    caller = metadata(person, Role.EDITOR)
    numbers = iter(f"P-{number}" for number in range(9))

    def insert() -> None:
        document = dumps({"@type": "Pilot", "staffNumber": next(numbers)})
        stub.Insert(
            pb.InsertRequest(ontology="fleet", branch="main", documents=[document]),
            metadata=caller,
        )

    def query() -> None:
        written = dumps(insertion(next(numbers)))
        request = pb.QueryRequest(ontology="fleet", ref="main", query=written)
        *_, end = stub.Query(request, metadata=caller)
        assert end.end.inserts == 1

    def rest() -> None:
        body = {"ontology": "fleet", "query": insertion(next(numbers))}
        assert api.post("/api/v1/kernel/query", body).status_code == 201

    assert [seen(ask) for ask in (insert, query, rest)] == [(0, 0)] * 3
