"""Large ontologies: what nobody asks for is not made."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from oms_project.core.context import SYSTEM, acting_as
from ontology import services
from ontology.contract import Change
from ontology.domain.kinds import Kind
from ontology.graphql.typed import typed_schema
from ontology.graphql.typed.builder import Builder
from ontology.graphql.typed.compiling import _Kept
from ontology.graphql.typed.definitions import Definitions
from tests.integration.graphql.conftest import GraphQLClient
from tests.integration.graphql.typed import part, prop

pytestmark = pytest.mark.data

TYPES = 900
PROPERTIES = 20


def vocabulary() -> list[tuple[str, Kind, dict[str, Any]]]:
    """900 types in a tree, ten below each, each with properties and a link of its own."""
    found: list[tuple[str, Kind, dict[str, Any]]] = []
    for number in range(TYPES):
        body: dict[str, Any] = {
            "apiName": f"Type{number}",
            "properties": [part(f"p{number}_{index}") for index in range(PROPERTIES)],
        }
        if number:
            body["parents"] = [f"t{(number - 1) // 10}"]
        found.append((f"t{number}", Kind.OBJECT_TYPE, body))
        link = {"apiName": f"link{number}", "sources": [f"t{number}"], "targets": ["t0"]}
        found.append((f"l{number}", Kind.LINK_TYPE, link))
    return found


def test_a_large_schema_is_ready_at_once_and_made_as_it_is_asked_for() -> None:
    documents = vocabulary()
    started = time.process_time()
    schema = Builder(Definitions(documents)).schema
    taken = time.process_time() - started
    assert taken < 5  # about 0.2 s; a machine that does other things must not fail it
    types: Any = schema.type_map
    assert len(types) > 20 * TYPES
    assert len(list(dict.keys(types))) < 10
    query = schema.query_type
    assert query is not None
    assert str(query.fields["type899List"].type) == "Type899Connection!"
    leaf = types["Type899"]
    assert len(leaf.fields) == 13 + 4 * PROPERTIES + 4 + len(schema_links(leaf))
    assert str(leaf.fields["p0_0"].type) == "String"
    assert schema.is_sub_type(types["AnyType0"], leaf)
    assert len(list(dict.keys(types))) < 40


def schema_links(kind: Any) -> list[str]:
    """Fields of links that end at a type: all of them end at the root of the tree."""
    return [name for name in kind.fields if name.endswith("Sources")]


def test_what_is_made_is_made_once_whoever_asks() -> None:
    kept: _Kept[str, object] = _Kept()
    made: list[str] = []
    found: list[object] = []
    together = threading.Barrier(8)

    def make() -> object:
        made.append("made")
        time.sleep(0.05)
        return object()

    def ask() -> None:
        together.wait()
        found.append(kept.get("key", make, most=2))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == ["made"]
    assert len({id(one) for one in found}) == 1


def test_the_oldest_are_forgotten_and_a_failure_is_not_kept() -> None:
    kept: _Kept[str, str] = _Kept()
    assert [kept.get(key, lambda key=key: key, most=2) for key in "abc"] == ["a", "b", "c"]
    assert kept.get("b", lambda: "new", most=2) == "b"
    assert kept.get("a", lambda: "new", most=2) == "new"

    def fail() -> str:
        raise LookupError("no")

    with pytest.raises(LookupError):
        kept.get("d", fail, most=2)
    assert kept.get("d", lambda: "d", most=2) == "d"


SCHEMA_ORG = Path(__file__).resolve().parents[4] / "shared/data/schemaorg/schemaorg-28.1.ttl"


@pytest.fixture
def vocabulary_of_things(db: None) -> int:
    """schema.org where it lies beside the checkout, else as large a made one, as ``things``."""
    with acting_as(SYSTEM):
        services.create_ontology(name="things", base_iri="https://schema.org/")
        if SCHEMA_ORG.exists():
            services.import_rdf(ontology="things", sources=[SCHEMA_ORG], message="Import")
            return 898
        changes = [
            Change(
                op="create",
                kind="ObjectType",
                fields={
                    "apiName": "Thing" if number == 0 else f"Type{number}",
                    "properties": [prop("name", "string"), prop("url", "uri")],
                    "parents": ["Thing"] if number else [],
                },
            )
            for number in range(898)
        ]
        services.commit_changes(ontology="things", changes=changes, message="Made")
        return 898


def test_a_vocabulary_of_900_types_answers_at_once(
    graphql: GraphQLClient, vocabulary_of_things: int
) -> None:
    graphql.path = "/graphql/things"
    graphql.data("{ __typename }", path="/graphql")  # GraphQL itself is loaded
    query = "{ thingList(first: 5) { nodes { __typename _id name url } } _commit }"
    started = time.process_time()
    found = graphql.data(query)
    taken = time.process_time() - started
    assert len(found["thingList"]["nodes"]) <= 5
    assert taken < 15  # about 0.5 s
    with acting_as(SYSTEM):
        types: Any = typed_schema("things").schema.type_map
    assert len(types) > 15 * vocabulary_of_things
    assert len(list(dict.keys(types))) < vocabulary_of_things
