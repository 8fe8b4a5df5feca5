"""SPARQL sees what the reader sees: masking, its trace, and what is kept in memory for whom."""

from __future__ import annotations

import json
from typing import Any

import pytest

from oms_project.core.context import SYSTEM, acting_as
from oms_project.core.errors import NotFound, PermissionDenied
from oms_project.identity.contract import Role, actor_of
from ontology import selectors, services
from ontology.interop.sparql import QueryableState
from ontology.selectors import sparql
from tests.conftest import MakePerson
from tests.integration.ontology.test_masking import (
    NAME,
    TURTLE,
    people,  # noqa: F401 - a fixture
    restricted_reads,
    set_sensitivity,
)

SALARY = "SELECT ?s ?n { ?s :salary ?n }"


def rows(query: str, ref: str = "") -> list[dict[str, str]]:
    result = selectors.run_sparql(ontology=NAME, query=query, ref=ref)
    with result.file as file:
        found = json.load(file)
    return [
        {name: term["value"] for name, term in row.items()} for row in found["results"]["bindings"]
    ]


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many triples each state had that was built."""
    found: list[int] = []

    class Counted(QueryableState):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            found.append(self.triples)

    monkeypatch.setattr(sparql, "QueryableState", Counted)
    return found


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("role", "salary", "diagnosis"),
    [(Role.VIEWER, False, False), (Role.EDITOR, True, False), (Role.ADMINISTRATOR, True, True)],
)
def test_what_is_masked_is_not_there(
    person: MakePerson, role: Role, salary: bool, diagnosis: bool
) -> None:
    everything = 'SELECT ?s ?p ?o { ?s ?p ?o FILTER CONTAINS(STR(?o), "%s") }'
    with acting_as(SYSTEM):
        assert rows(SALARY)  # somebody who sees more has asked before
        assert rows(everything % "healthy")
    with acting_as(actor_of(person("reader", role))):
        assert bool(rows(SALARY)) is salary
        assert bool(rows(everything % "4200")) is salary
        assert bool(rows(everything % "healthy")) is diagnosis
        assert bool(rows("SELECT * { ?s ?p ?o FILTER(?o = 4200) }")) is salary
        assert len(rows("SELECT ?name { ?s :fullName ?name }")) == 2
    with acting_as(SYSTEM):
        assert rows(SALARY)


@pytest.mark.usefixtures("people")
def test_every_read_of_restricted_values_leaves_its_trace(person: MakePerson) -> None:
    with acting_as(actor_of(person("ed", Role.EDITOR))):
        for count in (1, 2):  # the second is answered from memory
            assert rows("SELECT ?n { ?s :fullName ?n }")
            assert len(restricted_reads()) == count
    with acting_as(actor_of(person("vera", Role.VIEWER))):
        rows(SALARY)
    assert len(restricted_reads()) == 2


def test_what_is_restricted_today_is_masked_in_old_commits_at_once(
    db: None, person: MakePerson
) -> None:
    with acting_as(SYSTEM):
        services.create_ontology(name=NAME, base_iri="https://example.org/people/")
        services.import_rdf(ontology=NAME, sources=[TURTLE.encode()], format="turtle")
        old = selectors.resolve_ref(ontology=NAME).id
    viewer = actor_of(person("vera", Role.VIEWER))
    with acting_as(viewer):
        assert rows(SALARY, old)
    with acting_as(SYSTEM):
        set_sensitivity("salary", "restricted")
    with acting_as(viewer):
        assert rows(SALARY, old) == []
        assert rows(SALARY) == []


@pytest.mark.usefixtures("people")
def test_a_state_is_made_once_for_those_who_see_the_same(
    person: MakePerson, built: list[int]
) -> None:
    for name in ("ann", "bea"):
        with acting_as(actor_of(person(name, Role.VIEWER))):
            rows("SELECT * { ?s ?p ?o }")
            rows("SELECT * { ?s a ?o }", "main")
    assert len(built) == 1
    with acting_as(actor_of(person("ed", Role.EDITOR))):
        rows("SELECT * { ?s ?p ?o }")
    assert len(built) == 2
    assert built[0] < built[1]


def test_definitions_alone_are_kept_whatever_is_committed_later(db: None, built: list[int]) -> None:
    with acting_as(SYSTEM):
        services.create_ontology(name=NAME, base_iri="https://example.org/people/")
        services.import_rdf(
            ontology=NAME, sources=[TURTLE.split(":ann")[0].encode()], format="turtle"
        )
        old = selectors.resolve_ref(ontology=NAME).id
        rows("SELECT * { ?s ?p ?o }", old)
        set_sensitivity("salary", "restricted")
        rows("SELECT * { ?s ?p ?o }", old)
    assert len(built) == 1


@pytest.mark.usefixtures("people")
def test_who_may_not_read_learns_nothing(person: MakePerson, built: list[int]) -> None:
    with acting_as(actor_of(person("nora"))):
        with pytest.raises(PermissionDenied):
            rows(SALARY)
        with pytest.raises(PermissionDenied):
            selectors.run_sparql(ontology="nothing", query=SALARY)
    with acting_as(SYSTEM), pytest.raises(NotFound):
        rows(SALARY, "nowhere")
    assert built == []
