"""The platform's schema: the fields of every app, side by side, built when it is first asked for."""

from __future__ import annotations

import hashlib
import threading
from importlib import import_module
from typing import Any, Final

import strawberry
from django.core.exceptions import ImproperlyConfigured
from strawberry.schema.config import StrawberryConfig

from oms_project.graphql.engine import CompiledSchema
from oms_project.graphql.fields import undeclared_fields
from oms_project.graphql.scalars import SCALARS

__all__ = ["FAMILIES", "platform_schema", "platform_sdl"]

#: Modules with classes ``Queries``, ``Mutations``, ``Subscriptions`` (any of them), and perhaps
#: ``TYPES``: object types that are reached only through interfaces.
FAMILIES: Final = (
    "oms_project.graphql.nodes",
    "oms_project.identity.graphql.people",
    "oms_project.identity.graphql.service_accounts",
    "oms_project.identity.graphql.sessions",
    "oms_project.identity.graphql.policies",
    "oms_project.identity.graphql.rules",
    "scheduling.graphql.jobs",
    "audit.graphql.trail",
    "events.graphql.log",
    "events.graphql.webhooks",
    "events.graphql.deliveries",
    "events.graphql.rules",
    "events.graphql.operations",
    "ontology.graphql.registry",
    "ontology.graphql.definitions",
    "ontology.graphql.instances",
    "ontology.graphql.objects",
    "ontology.graphql.links",
    "ontology.graphql.changing",
    "ontology.graphql.versions",
    "ontology.graphql.actions",
    "ontology.graphql.redactions",
    "ontology.graphql.bulk",
    "ontology.graphql.transfer",
    "ontology.graphql.subscriptions",
    "scheduling.graphql.subscriptions",
    "audit.graphql.subscriptions",
    "events.graphql.subscriptions",
)

_built: list[tuple[strawberry.Schema, CompiledSchema]] = []
_lock = threading.Lock()


def platform_schema() -> CompiledSchema:
    """The compiled schema of ``/graphql``."""
    return _schema()[1]


def platform_sdl() -> str:
    """The schema in GraphQL's own language."""
    return _schema()[0].as_str() + "\n"


def _schema() -> tuple[strawberry.Schema, CompiledSchema]:
    if not _built:
        with _lock:
            if not _built:
                _built.append(_build())
    return _built[0]


def _build() -> tuple[strawberry.Schema, CompiledSchema]:
    families = [import_module(name) for name in FAMILIES]
    made = strawberry.Schema(
        query=_root("Query", "Queries", families, "Reads; nothing here changes anything."),
        mutation=_root(
            "Mutation", "Mutations", families, "Changes; each answers what it made, or a problem."
        ),
        subscription=_root(
            "Subscription", "Subscriptions", families, "What happens, as it happens."
        ),
        types=[kind for family in families for kind in getattr(family, "TYPES", ())],
        config=StrawberryConfig(auto_camel_case=True, scalar_map=SCALARS),
    )
    schema = made._schema  # noqa: SLF001 - graphql-core's, which the engine runs
    undeclared = undeclared_fields(schema)
    if undeclared:
        raise ImproperlyConfigured(
            "Fields of GraphQL must say what permission they need "
            f"(oms_project/graphql/fields.py): {', '.join(undeclared)}."
        )
    key = hashlib.sha256(made.as_str().encode()).hexdigest()
    return made, CompiledSchema(schema, key)


def _root(name: str, member: str, families: list[Any], description: str) -> Any:
    parts = tuple(getattr(family, member) for family in families if hasattr(family, member))
    if not parts:
        return None
    return strawberry.type(type(name, parts, {}), name=name, description=description)
