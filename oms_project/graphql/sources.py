"""Which schema an endpoint serves, for connections that stay open."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module

from oms_project.graphql.engine import CompiledSchema

__all__ = ["schema_source"]


def schema_source(ontology: str, ref: str) -> Callable[[], CompiledSchema]:
    """Gives the compiled schema: the platform's, or (with a name) that of an ontology's commit."""
    if not ontology:
        return import_module("oms_project.graphql.schema").platform_schema  # type: ignore[no-any-return]
    return partial(import_module("ontology.graphql.typed").typed_schema, ontology, ref)
