"""What tests of typed endpoints share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphql import GraphQLSchema, build_schema

from oms_project.core.context import SYSTEM, acting_as
from ontology import services
from ontology.domain.kinds import Kind
from ontology.graphql.typed import typed_schema, typed_sdl
from ontology.graphql.typed.builder import Builder
from ontology.graphql.typed.definitions import Definitions
from tests.integration.instances.conftest import definition


def made(name: str, *definitions: tuple[str, dict[str, Any]]) -> None:
    """An ontology with some definitions."""
    with acting_as(SYSTEM):
        services.create_ontology(name=name, base_iri=f"https://example.org/{name}/")
        services.commit_changes(
            ontology=name,
            changes=[definition(kind, fields) for kind, fields in definitions],
            message="Definitions",
        )


def schema_of(name: str, ref: str = "") -> Any:
    """The schema that is run."""
    with acting_as(SYSTEM):
        return typed_schema(name, ref).schema


def written(name: str, ref: str = "") -> GraphQLSchema:
    """The schema as a client reads it; graphql-core validates it."""
    with acting_as(SYSTEM):
        return build_schema(typed_sdl(name, ref))


def typed(kind: Any, *names: str) -> dict[str, str]:
    """Name of a field -> its type, of some fields or of all."""
    return {name: str(kind.fields[name].type) for name in names or kind.fields}


def prop(name: str, *data_types: str, **more: Any) -> dict[str, Any]:
    """A property."""
    return {"apiName": name, "dataTypes": list(data_types), **more}


def part(name: str, *data_types: str) -> dict[str, Any]:
    """A property as it is stored; of text if nothing is said."""
    return {"rid": f"rid-{name}", **prop(name, *(data_types or ("string",)))}


def built(*documents: tuple[str, Kind, dict[str, Any]]) -> Any:
    """The schema of definitions that no commit has."""
    return Builder(Definitions(documents)).schema


def key_of(nodes: Sequence[dict[str, Any]], name: str = "code") -> list[Any]:
    """One value of each."""
    return [node[name] for node in nodes]
