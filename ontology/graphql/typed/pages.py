"""Relay connections over rows, and the types of their pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
)

from oms_project.core.pagination import DEFAULT_LIMIT, MAX_LIMIT
from ontology.graphql.typed.scalars import LONG
from ontology.graphql.typed.system import PAGE_INFO

if TYPE_CHECKING:
    from ontology.graphql.typed.builder import Builder

__all__ = ["PAGE_ARGUMENTS", "connection_type", "edge_type"]

#: Of every connection.
PAGE_ARGUMENTS: Final = {
    "first": GraphQLArgument(
        GraphQLInt, description=f"How many: {DEFAULT_LIMIT} if not said, {MAX_LIMIT} at most."
    ),
    "after": GraphQLArgument(GraphQLString, description="Cursor of the item before the page."),
}


def edge_type(
    builder: Builder,
    name: str,
    node: str,
    more: dict[str, Callable[[], GraphQLField]] | None = None,
) -> GraphQLObjectType:
    """Of an edge, whose node is of the type ``node``."""
    return GraphQLObjectType(
        name,
        lambda: {
            "cursor": GraphQLField(
                GraphQLNonNull(GraphQLString), resolve=lambda edge, _: edge.cursor
            ),
            "node": GraphQLField(
                GraphQLNonNull(builder.type(node)), resolve=lambda edge, _: edge.node
            ),
            **{key: make() for key, make in (more or {}).items()},
        },
        description="An item on a page, and the cursor that names it.",
    )


def connection_type(
    builder: Builder, name: str, edge: str, node: str, count: Callable[[Any, Any], Any]
) -> GraphQLObjectType:
    """Of a page.

    Args:
        count: resolves ``totalCount``.
    """
    return GraphQLObjectType(
        name,
        lambda: {
            "edges": GraphQLField(
                GraphQLNonNull(GraphQLList(GraphQLNonNull(builder.type(edge)))),
                resolve=lambda page, _: page.edges,
                extensions={"in_page": True},
            ),
            "nodes": GraphQLField(
                GraphQLNonNull(GraphQLList(GraphQLNonNull(builder.type(node)))),
                resolve=lambda page, _: [one.node for one in page.edges],
                description="The items of this page, without their cursors.",
                extensions={"in_page": True},
            ),
            "pageInfo": GraphQLField(
                GraphQLNonNull(builder.type(PAGE_INFO)), resolve=lambda page, _: page.page_info
            ),
            "totalCount": GraphQLField(
                LONG,
                resolve=count,
                description="How many there are on all pages; null where nobody can tell.",
            ),
        },
        description="Items in pages, by the Relay specification.",
    )
