"""One GraphQL endpoint per ontology, generated from its definitions. Loaded when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oms_project.graphql.engine import CompiledSchema

__all__ = ["typed_schema", "typed_sdl"]


def typed_schema(ontology: str, ref: str = "") -> CompiledSchema:
    """The schema of an ontology at a ref; what is resolved with it is read there.

    Commits with the same definitions share one schema, and one key.

    Raises:
        NotFound, PermissionDenied: as every read of the ontology. Invalid: the ref is none.
    """
    from ontology.graphql.typed.compiling import compiled_schema

    return compiled_schema(ontology, ref)


def typed_sdl(ontology: str, ref: str = "") -> str:
    """The same schema in GraphQL's own language. Raises as `typed_schema`."""
    from ontology.graphql.typed.compiling import schema_text

    return schema_text(ontology, ref)
