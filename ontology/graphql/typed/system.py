"""What every object and link has, whatever its type: fields whose names begin with an underscore."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import orjson
from graphql import (
    GraphQLBoolean,
    GraphQLField,
    GraphQLID,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
)

from oms_project.graphql.executor import plain_field
from ontology.graphql.typed.places import (
    DELETED,
    ETAG,
    ID,
    RID,
    TITLE,
    TYPE,
    audit_of,
    view_of,
)
from ontology.graphql.typed.scalars import DATE_TIME, JSON, SCALARS
from ontology.wire import document_text

if TYPE_CHECKING:
    from ontology.graphql.typed.builder import Builder

__all__ = ["LINK", "NODE", "OBJECT", "PAGE_INFO", "link_fields", "object_fields", "register"]

#: The interface of objects and links, and those of objects and of links alone.
NODE: Final = "OmsNode"
OBJECT: Final = "OmsObject"
LINK: Final = "OmsLink"
PAGE_INFO: Final = "PageInfo"

_Maker = Callable[[], Any]


def _audit(name: str) -> Callable[[Any, Any], Any]:
    return lambda row, _: audit_of(row, name)


_COMMON: Final[dict[str, GraphQLField]] = {
    "_id": plain_field(
        GraphQLNonNull(GraphQLID), ID, description="Its `@id`: the type and the key, `Port/KRPUS`."
    ),
    "_rid": plain_field(
        GraphQLNonNull(GraphQLID), RID, description="Its identity, which a new key does not change."
    ),
    "_type": plain_field(
        GraphQLNonNull(GraphQLString), TYPE, description="The name of its type in the ontology."
    ),
    "_etag": plain_field(
        GraphQLNonNull(GraphQLString),
        ETAG,
        description="Changes with its values; `ifMatch` takes it.",
    ),
    "_title": plain_field(
        GraphQLString, TITLE, description="What people call it, where its type says what that is."
    ),
    "_iri": plain_field(SCALARS["Uri"], "_iri", description="Its IRI, when it was imported."),
    "_deleted": plain_field(
        GraphQLNonNull(GraphQLBoolean), DELETED, description="Whether this is its last state."
    ),
    "_masked": plain_field(
        GraphQLList(GraphQLNonNull(GraphQLString)),
        "_masked",
        description="Names of values that are there, and that you may not see.",
    ),
    "_json": GraphQLField(
        GraphQLNonNull(JSON),
        resolve=lambda row, _: orjson.Fragment(document_text(view_of(row))),
        description="All of it as the REST API has it, with the names of the ontology.",
    ),
    "_createdAt": GraphQLField(DATE_TIME, resolve=_audit("_created_at")),
    "_createdBy": GraphQLField(GraphQLString, resolve=_audit("_created_by_username")),
    "_updatedAt": GraphQLField(DATE_TIME, resolve=_audit("_updated_at")),
    "_updatedBy": GraphQLField(GraphQLString, resolve=_audit("_updated_by_username")),
}


def object_fields() -> dict[str, _Maker]:
    """Fields of every object."""
    return {name: (lambda field=field: field) for name, field in _COMMON.items()}  # type: ignore[misc]


def link_fields(source: _Maker, target: _Maker) -> dict[str, _Maker]:
    """Fields of every link."""
    return {**object_fields(), "_source": source, "_target": target}


def register(builder: Builder) -> None:
    """Types that every schema has."""
    builder.add(
        NODE,
        lambda: GraphQLInterfaceType(
            NODE,
            dict(_COMMON),
            resolve_type=builder.resolve_type,
            description="An object or a link of the ontology.",
        ),
    )
    builder.add(
        OBJECT,
        lambda: GraphQLInterfaceType(
            OBJECT,
            dict(_COMMON),
            interfaces=lambda: [builder.type(NODE)],
            resolve_type=builder.resolve_type,
            description="An object of the ontology, of whatever type.",
        ),
    )
    builder.add(
        LINK,
        lambda: GraphQLInterfaceType(
            LINK,
            lambda: {
                **_COMMON,
                "_source": GraphQLField(builder.type(OBJECT)),
                "_target": GraphQLField(builder.type(OBJECT)),
            },
            interfaces=lambda: [builder.type(NODE)],
            resolve_type=builder.resolve_type,
            description="A link of the ontology, of whatever type.",
        ),
    )
    builder.add(PAGE_INFO, _page_info)


def _page_info() -> GraphQLObjectType:
    def attribute(name: str) -> Callable[[Any, Any], Any]:
        return lambda source, _: getattr(source, name)

    return GraphQLObjectType(
        PAGE_INFO,
        {
            "hasNextPage": GraphQLField(
                GraphQLNonNull(GraphQLBoolean), resolve=attribute("has_next_page")
            ),
            "hasPreviousPage": GraphQLField(
                GraphQLNonNull(GraphQLBoolean), resolve=attribute("has_previous_page")
            ),
            "startCursor": GraphQLField(GraphQLString, resolve=attribute("start_cursor")),
            "endCursor": GraphQLField(GraphQLString, resolve=attribute("end_cursor")),
        },
        description="Where a page stands (Relay).",
    )
