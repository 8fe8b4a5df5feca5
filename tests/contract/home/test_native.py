"""What is made for a home is what it has afterwards: values of all types, and whole histories."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from ontology.domain.native.classes import Member, NativeClass, class_triples
from ontology.domain.native.terms import RDF_TYPE, Literal, Node, Triple
from ontology.domain.native.values import literal
from ontology.store.home import Home, Landing, NativeChange, Part, SchemaChange
from ontology.store.terminusdb.home import TerminusHome
from tests.tapes import Tape, steady, terminusdb
from tests.unit.ontology import graphs
from tests.unit.ontology.test_projection import History

__all__ = ["steady", "terminusdb"]

VALUES: dict[str, tuple[Any, ...]] = {
    "xsd:string": ("", "x", "5", "한국어 😀\u0000\u2028", '"q"\n', {"a": [1]}),
    "xsd:boolean": (True, False),
    "xsd:integer": (0, -5, 2**63, 10**40),
    "xsd:decimal": (
        0,
        "1.10",
        "-0.001",
        "1E+3",
        "1e-20",
        "1e300",
        "12345678901234567890.123456789",
    ),
    "xsd:double": (-0.0, 1.5, 5, 1e22, 1e300, 5e-324, 1.7976931348623157e308, 0.1, 1e-7, 1 / 3),
    "xsd:date": ("0001-01-01", "2024-02-29", "9999-12-31"),
    "xsd:dateTime": (
        "2026-01-02T03:04:05Z",
        "2026-01-02T03:04:05.12Z",
        "2026-01-02T03:04:05.1205Z",
        "2026-01-02T03:04:05.000001Z",
        "2026-01-02T03:04:05+09:00",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999Z",
    ),
    "xsd:time": ("03:04", "03:04:05+09:00", "23:59:59-01:00"),
}


@pytest.fixture
def home(terminusdb: Tape) -> Home:
    return TerminusHome()


def triples_in(home: Home, database: str) -> set[Triple]:
    """All native triples of ``main``."""
    everything = {
        "@type": "Triple",
        "subject": {"@type": "NodeValue", "variable": "s"},
        "predicate": {"@type": "NodeValue", "variable": "p"},
        "object": {"@type": "Value", "variable": "o"},
    }
    answer = home.query(database, "branch/main", everything)
    return {
        Triple(row["s"], row["p"].removeprefix("@schema:"), _term(row["o"]))
        for row in answer["bindings"]
        if not row["s"].startswith(("OmsState/", "OmsDocument/", "OmsChanges/"))
    }


def _term(found: Any) -> Node | Literal:
    if isinstance(found, str):
        return Node(found)
    type_, value = found["@type"], found["@value"]
    if type_ in ("xsd:decimal", "xsd:double"):
        made = literal(type_, Decimal(str(value)))
        assert made is not None
        return made
    return Literal(type_, str(value).lower() if type_ == "xsd:boolean" else str(value))


class Database(graphs.Graph):
    """A graph that is in a home as well."""

    def __init__(self, home: Home, name: str) -> None:
        super().__init__()
        self.home, self.name = home, name
        self._commit, self._count = "", 0
        home.create(name, label=name, base_iri="https://example.org/air#")

    def land(self, schema: SchemaChange, changes: Iterable[NativeChange]) -> None:
        whole = list(changes)
        super().land(schema, whole)
        self._count += 1
        commit = hashlib.sha256(f"{self.name} {self._count}".encode()).hexdigest()
        landing = Landing(
            commit=commit,
            record="{}",
            author="ann",
            message="why",
            intent=f"intent {self._count}",
            # Order of a set depends on the process; a tape has requests as they were.
            schema=_sorted_schema(schema),
            parts=[Part((), _sorted(change)) for change in whole] or [Part(())],
        )
        self.home.land(self.name, "main", [landing], expected=self._commit)
        self._commit = commit


def _sorted(change: NativeChange) -> NativeChange:
    return NativeChange(
        tuple(sorted(change.removed, key=str)),
        tuple(sorted(change.deleted)),
        tuple(sorted(change.added, key=str)),
    )


def _sorted_schema(schema: SchemaChange) -> SchemaChange:
    return SchemaChange(
        tuple(sorted(schema.removed, key=str)),
        tuple(sorted(schema.added, key=str)),
        _sorted(schema.values),
    )


def test_every_value_comes_back_as_it_is_spelled(home: Home, terminusdb: Tape) -> None:
    graph = Database(home, f"{terminusdb.prefix}values")
    members = {f"p_{target[4:]}": Member("Set", target) for target in VALUES}
    schema = class_triples(NativeClass("Thing", False, ("OmsObject",), members))
    graph.land(SchemaChange(added=tuple(schema)), [NativeChange(added=tuple(_things()))])
    assert triples_in(home, graph.name) == graph.data
    # The same spelling finds it again: all of it can be taken away.
    values = tuple(triple for triple in graph.data if triple.predicate != RDF_TYPE)
    graph.land(SchemaChange(), [NativeChange(removed=values)])
    assert triples_in(home, graph.name) == graph.data


def _things() -> Iterator[Triple]:
    for target, values in VALUES.items():
        subject = f"Thing/{target[4:]}"
        yield Triple(subject, RDF_TYPE, Node("@schema:Thing"))
        for value in values:
            made = literal(target, value)
            assert made is not None
            yield Triple(subject, f"p_{target[4:]}", made)


@pytest.mark.parametrize("seed", [3, 8, 23, 48])
def test_a_history_leads_to_what_its_last_commit_is_made_of(
    home: Home, terminusdb: Tape, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = Database(home, f"{terminusdb.prefix}h{seed}")
    monkeypatch.setattr(graphs, "Graph", lambda: graph)
    history = History(seed)
    for _ in range(6):
        history.step()
    assert triples_in(home, graph.name) == history.world.expected
