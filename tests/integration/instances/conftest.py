"""An ontology with data: people, companies, and who works where."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from oms_project.core.context import SYSTEM, acting_as
from ontology import services
from ontology.contract import Change, CommitResult

NAME = "people"

DEFINITIONS: list[tuple[str, dict[str, Any]]] = [
    ("EnumType", {"apiName": "Grade", "members": [{"code": "A"}, {"code": "B"}]}),
    ("ValueType", {"apiName": "Age", "baseType": "integer", "constraints": {"minimum": 0}}),
    (
        "StructType",
        {
            "apiName": "Address",
            "fields": [
                {"apiName": "city", "dataTypes": ["string"], "required": True},
                {"apiName": "zip", "dataTypes": ["string"]},
            ],
        },
    ),
    (
        "ObjectType",
        {
            "apiName": "Party",
            "isAbstract": True,
            "primaryKey": ["code"],
            "titleProperty": "name",
            "properties": [
                {"apiName": "code", "dataTypes": ["string"], "required": True},
                {"apiName": "name", "dataTypes": ["string"], "searchable": True},
            ],
        },
    ),
    (
        "ObjectType",
        {
            "apiName": "Person",
            "parents": ["Party"],
            "properties": [
                {"apiName": "age", "dataTypes": ["Age"], "indexed": True},
                {"apiName": "grade", "dataTypes": ["Grade"]},
                {"apiName": "email", "dataTypes": ["string"], "unique": True},
                {"apiName": "home", "dataTypes": ["Address"]},
                {"apiName": "nicknames", "dataTypes": ["string"], "array": {"maxItems": 3}},
                {"apiName": "salary", "dataTypes": ["decimal(10,2)"]},
                {"apiName": "born", "dataTypes": ["timestamp"]},
                {"apiName": "fax", "dataTypes": ["string"], "status": "deprecated"},
            ],
        },
    ),
    (
        "ObjectType",
        {
            "apiName": "Company",
            "parents": ["Party"],
            "properties": [{"apiName": "country", "dataTypes": ["string"], "indexed": True}],
            "uniqueConstraints": [{"name": "named", "properties": ["name", "country"]}],
        },
    ),
    (
        "LinkType",
        {
            "apiName": "worksFor",
            "sources": ["Person"],
            "targets": ["Company"],
            "targetName": "employer",
            "sourceName": "employees",
            "targetCardinality": {"max": 1},
            "properties": [{"apiName": "since", "dataTypes": ["date"]}],
        },
    ),
    (
        "LinkType",
        {
            "apiName": "owns",
            "sources": ["Company"],
            "targets": ["Company"],
            "onDelete": "cascade",
        },
    ),
    (
        "LinkType",
        {
            "apiName": "insures",
            "sources": ["Company"],
            "targets": ["Person"],
            "onDelete": "restrict",
        },
    ),
]


def definition(kind: str, fields: dict[str, Any]) -> Change:
    return Change(op="create", kind=kind, fields=fields)


def thing(type_name: str, /, **fields: Any) -> Change:
    """The creation of an object."""
    return Change(op="create", kind="Object", type=type_name, fields=fields)


def link(type_name: str, source: str, target: str, /, **fields: Any) -> Change:
    """The creation of a link."""
    return Change(
        op="create", kind="Link", type=type_name, source=source, target=target, fields=fields
    )


def update(target: str, /, **fields: Any) -> Change:
    return Change(op="update", target=target, fields=fields)


def delete(target: str) -> Change:
    return Change(op="delete", target=target)


Commit = Callable[..., CommitResult]


@pytest.fixture
def people(db: None) -> Iterator[None]:
    """The ontology ``people`` with its definitions, as the system."""
    with acting_as(SYSTEM):
        services.create_ontology(name=NAME, base_iri="https://example.org/people/")
        services.commit_changes(
            ontology=NAME,
            changes=[definition(kind, fields) for kind, fields in DEFINITIONS],
            message="Definitions",
        )
        yield


@pytest.fixture
def commit(people: None) -> Commit:
    """``commit(change, ...)`` on a branch (``branch=``), ``main`` by default."""

    def make(*changes: Change, branch: str = "main", **options: Any) -> CommitResult:
        return services.commit_changes(
            ontology=NAME, branch=branch, changes=changes, message="Change", **options
        )

    return make


@pytest.fixture
def staff(commit: Commit) -> None:
    """Three people, two companies, who works where."""
    commit(
        thing("Company", code="acme", name="Acme Ltd", country="GB"),
        thing("Company", code="bolt", name="Bolt GmbH", country="DE"),
        thing(
            "Person",
            code="ann",
            name="Ann Lee",
            age=34,
            grade="A",
            email="ann@example.org",
            salary="5200.50",
            home={"city": "Seoul"},
            nicknames=["annie", "al"],
            born="1992-03-01T09:00:00+09:00",
        ),
        thing("Person", code="bob", name="Bob Stone", age=51, grade="B", salary=4100),
        thing("Person", code="cho", name="Cho Min-ji", age=28),
        link("worksFor", "Person/ann", "Company/acme", since="2020-01-01"),
        link("worksFor", "Person/bob", "Company/acme"),
        link("worksFor", "Person/cho", "Company/bolt"),
    )
