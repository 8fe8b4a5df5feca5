"""Root fields that read: one object, lists, aggregates, search, and what is called how."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
)

from oms_project.core.authorization import permissions
from oms_project.core.errors import BadRequest, NotFound
from oms_project.core.pagination import Page, checked_limit
from oms_project.graphql.fields import Listing, needed, pages_of
from ontology import selectors
from ontology.domain.kinds import INSTANCE_KINDS, Kind
from ontology.domain.query import All, Condition, Filter
from ontology.graphql.typed import figures, system
from ontology.graphql.typed.filters import filter_of
from ontology.graphql.typed.names import Names, lower_first
from ontology.graphql.typed.pages import PAGE_ARGUMENTS, connection_type, edge_type
from ontology.graphql.typed.places import Place, row_of

if TYPE_CHECKING:
    from ontology.graphql.typed.builder import Builder

__all__ = ["derive", "fields"]

_MOST_SORTS: Final = 5
_READ: Final = permissions.ONTOLOGY_READ
_NAME: Final = "OmsName"
_SEARCH_PAGE: Final = "SearchConnection"
_SEARCH_EDGE: Final = "SearchEdge"
_AS_OF: Final = GraphQLArgument(
    GraphQLString,
    description="As the branch was at this time: ISO 8601 with a zone, or a day.",
    out_name="as_of",
)
_DELETED: Final = GraphQLArgument(
    GraphQLNonNull(GraphQLBoolean),
    default_value=False,
    description="Also what was deleted, in its last state.",
    out_name="include_deleted",
)


def derive(builder: Builder) -> None:
    """Pages of every type."""
    for item in (*builder.queried, *builder.definitions.by_kind[Kind.LINK_TYPE]):
        rid = item.rid
        builder.derive(rid, "Edge", partial(_edge, builder, rid))
        builder.derive(rid, "Connection", partial(_connection, builder, rid))
    for name, make in (
        (_NAME, _name_type),
        (_SEARCH_EDGE, partial(_search_edge, builder)),
        (_SEARCH_PAGE, partial(_search_page, builder)),
    ):
        builder.add(builder.names.claim(name), make)


def _edge(builder: Builder, rid: str) -> GraphQLObjectType:
    return edge_type(builder, builder.derived(rid, "Edge"), builder.names.of_type(rid))


def _connection(builder: Builder, rid: str) -> GraphQLObjectType:
    return connection_type(
        builder,
        builder.derived(rid, "Connection"),
        builder.derived(rid, "Edge"),
        builder.names.of_type(rid),
        lambda page, _: None if page.listing.count is None else page.listing.count(),
    )


def fields(builder: Builder) -> dict[str, Callable[[], GraphQLField]]:
    """Fields of the query type."""
    found: dict[str, Callable[[], GraphQLField]] = {
        "node": partial(_node_field, builder),
        "search": partial(_search_field, builder),
        "_names": partial(_names_field, builder),
        "_commit": _commit_field,
    }
    types = [
        *((item, Kind.OBJECT.value) for item in builder.queried),
        *((item, Kind.LINK.value) for item in builder.definitions.by_kind[Kind.LINK_TYPE]),
    ]
    makers = (("", _single), ("List", _list), ("Aggregate", figures.field))
    # The plain names first: what is derived from one gives way to one that is somebody's own.
    for suffix, make in makers:
        for item, kind in types:
            name = f"{lower_first(builder.names.own(item.rid))}{suffix}"
            while name in found:
                name += "_"
            found[name] = partial(make, builder, item.rid, kind)
    return found


# --- one ------------------------------------------------------------------------------------------
def _single(builder: Builder, rid: str, kind: str) -> GraphQLField:
    arguments = {
        "_id": GraphQLArgument(
            GraphQLID, description="Its `_id` or `_rid`, or its IRI.", out_name="_id"
        ),
        "_asOf": GraphQLArgument(GraphQLString, description=_AS_OF.description, out_name="_as_of"),
        "_includeDeleted": GraphQLArgument(
            GraphQLNonNull(GraphQLBoolean),
            default_value=False,
            description="Also when it was deleted, in its last state; by `_id`.",
            out_name="_include_deleted",
        ),
    }
    parts = {part.api_name: part for part in builder.definitions.properties(rid).values()}
    key = [] if kind == Kind.LINK else builder.definitions.primary_key(rid)
    for name in key:
        part = parts.get(name)
        if part is not None:
            shape = builder.shapes.of(part)
            arguments[Names.of_property(name)] = GraphQLArgument(
                shape.wrapped(shape.input),
                description="Of the primary key; give all of it.",
                out_name=name,
            )
    return GraphQLField(
        builder.type(builder.names.of_type(rid)),
        args=arguments,
        resolve=partial(
            _resolve_single, rid, frozenset(builder.definitions.family(rid)), tuple(key)
        ),
        description=f"One {builder.names.own(rid)}, by `_id` or by its primary key; null: there "
        "is none.",
        extensions={"needs": _READ},
    )


def _resolve_single(
    rid: str,
    family: frozenset[str],
    key: tuple[str, ...],
    source: Any,
    info: Any,
    /,
    *,
    _id: str | None = None,
    _as_of: str | None = None,
    _include_deleted: bool = False,
    **given: Any,
) -> Any:
    del source
    needed(_READ)
    place = info.schema.place.at(_as_of)
    if (_id is None) == (not given) or (given and set(given) != set(key)):
        ways = "`_id`" + (f" or {', '.join(f'`{name}`' for name in key)}" if key else "")
        raise BadRequest(f"Say which: {ways}.", code="bad_id")
    if _id is None:
        return _by_key(rid, place, given)
    row = _by_id(place, _id, deleted=_include_deleted)
    return row if row is not None and row["_type"] in family else None


def _by_key(rid: str, place: Place, given: dict[str, Any]) -> Any:
    parts: list[Filter] = [
        Condition((name,), "isNull" if value is None else "eq", True if value is None else value)
        for name, value in given.items()
    ]
    where = parts[0] if len(parts) == 1 else All(tuple(parts))
    found = selectors.list_objects(
        ontology=place.ontology,
        type=rid,
        ref=place.commit,
        where=where,
        kind=Kind.OBJECT.value,
        limit=1,
    )
    return row_of(found.items[0], place) if found.items else None


def _by_id(place: Place, id_: str, *, deleted: bool) -> Any:
    try:
        view = selectors.get_document(
            ontology=place.ontology, target=id_, ref=place.commit, include_deleted=deleted
        )
    except NotFound as error:
        if error.error_code != "document_not_found":
            raise
        return None
    return row_of(view, place) if view.kind in INSTANCE_KINDS else None


def _node_field(builder: Builder) -> GraphQLField:
    return GraphQLField(
        builder.type(system.NODE),
        args={
            "id": GraphQLArgument(
                GraphQLNonNull(GraphQLID), description="An `_id` or `_rid`, or an IRI."
            ),
            "asOf": _AS_OF,
            "includeDeleted": _DELETED,
        },
        resolve=_resolve_node,
        description="The object or link that an id names; null: there is none.",
        extensions={"needs": _READ},
    )


def _resolve_node(
    source: Any,
    info: Any,
    *,
    id: str,
    as_of: str | None = None,
    include_deleted: bool = False,
) -> Any:
    del source
    needed(_READ)
    return _by_id(info.schema.place.at(as_of), id, deleted=include_deleted)


# --- lists ----------------------------------------------------------------------------------------
def _list(builder: Builder, rid: str, kind: str) -> GraphQLField:
    arguments = {
        **PAGE_ARGUMENTS,
        "filter": GraphQLArgument(
            builder.type(builder.derived(rid, "Filter")), description="Only what answers it."
        ),
        "asOf": _AS_OF,
        "includeDeleted": _DELETED,
    }
    if builder.has(rid, "OrderBy"):
        arguments["orderBy"] = GraphQLArgument(
            GraphQLList(GraphQLNonNull(builder.type(builder.derived(rid, "OrderBy")))),
            description="At most 5; without it, by type and key.",
            out_name="order_by",
        )
    return GraphQLField(
        GraphQLNonNull(builder.type(builder.derived(rid, "Connection"))),
        args=arguments,
        resolve=partial(_resolve_list, rid, kind),
        description=f"{builder.names.own(rid)} in pages, all of one commit.",
        extensions={"needs": _READ},
    )


def _resolve_list(
    rid: str,
    kind: str,
    source: Any,
    info: Any,
    *,
    first: int | None = None,
    after: str | None = None,
    filter: Any = None,
    order_by: Any = (),
    as_of: str | None = None,
    include_deleted: bool = False,
) -> Any:
    del source
    needed(_READ)
    if len(order_by or ()) > _MOST_SORTS:
        raise BadRequest(f"Sort by at most {_MOST_SORTS} properties.", code="bad_sort")
    place = info.schema.place.at(as_of)
    where = filter_of(filter)

    def read(*, limit: int, cursor: str | None, ref: str) -> Page[Any]:
        page = selectors.list_objects(
            ontology=place.ontology,
            type=rid,
            ref=ref,
            where=where,
            sort=tuple(order_by or ()),
            include_deleted=include_deleted,
            kind=kind,
            limit=limit,
            cursor=cursor,
        )
        at = place.on(ref)  # of a later page: the commit of the first
        return Page(tuple([row_of(view, at) for view in page.items]), page.next_cursor)

    def count() -> int:
        return selectors.count_objects(
            ontology=place.ontology,
            type=rid,
            ref=place.commit,
            where=where,
            include_deleted=include_deleted,
        )

    listing = Listing(read, commit=place.commit, count=count)
    return pages_of(listing, info, first=first, after=after)


# --- search ---------------------------------------------------------------------------------------
def _search_field(builder: Builder) -> GraphQLField:
    return GraphQLField(
        GraphQLNonNull(builder.type(_SEARCH_PAGE)),
        args={
            **PAGE_ARGUMENTS,
            "text": GraphQLArgument(
                GraphQLNonNull(GraphQLString),
                description="Words, all of which are found; their beginnings are enough.",
            ),
            "type": GraphQLArgument(
                GraphQLString, description="Only objects of this type: its name in the ontology."
            ),
            "asOf": _AS_OF,
        },
        resolve=_resolve_search,
        description="Objects with words in their searchable values, the best first.",
        extensions={"needs": _READ},
    )


def _resolve_search(
    source: Any,
    info: Any,
    *,
    text: str,
    type: str | None = None,
    first: int | None = None,
    after: str | None = None,
    as_of: str | None = None,
) -> Any:
    del source
    needed(_READ)
    checked_limit(first)
    place = info.schema.place.at(as_of)

    def read(*, limit: int, cursor: str | None, ref: str) -> Page[Any]:
        page = selectors.search_objects(
            ontology=place.ontology,
            text=text,
            type=type or "",
            ref=ref,
            limit=limit,
            cursor=cursor,
        )
        rows = []
        for hit in page.items:
            row = row_of(hit.document, place.on(ref))
            row["@score"] = hit.score
            rows.append(row)
        return Page(tuple(rows), page.next_cursor)

    return pages_of(Listing(read, commit=place.commit), info, first=first, after=after)


def _search_edge(builder: Builder) -> GraphQLObjectType:
    score = GraphQLField(
        GraphQLNonNull(GraphQLFloat),
        resolve=lambda edge, _: edge.node["@score"],
        description="A higher one fits better.",
    )
    return edge_type(builder, _SEARCH_EDGE, system.OBJECT, {"score": lambda: score})


def _search_page(builder: Builder) -> GraphQLObjectType:
    return connection_type(
        builder, _SEARCH_PAGE, _SEARCH_EDGE, system.OBJECT, lambda _page, _info: None
    )


# --- names and the commit -------------------------------------------------------------------------
def _name_type() -> GraphQLObjectType:
    words = {
        "kind": "`ObjectType`, `Property`, `EnumMember`, `LinkEnd`, …",
        "owner": "The definition that it is in; empty for a definition.",
        "original": "Its name in the ontology; empty where an end of a link has none.",
        "name": "What it is called here.",
    }
    return GraphQLObjectType(
        _NAME,
        {
            name: GraphQLField(
                GraphQLNonNull(GraphQLString),
                resolve=lambda one, _, name=name: getattr(one, name),
                description=text,
            )
            for name, text in words.items()
        },
        description="A name of the ontology, and the name that stands for it here.",
    )


def _names_field(builder: Builder) -> GraphQLField:
    def resolve(source: Any, info: Any, *, changed: bool) -> Any:
        del source, info
        needed(_READ)
        found = builder.names.mapped()
        return [one for one in found if not changed or one.name != one.original]

    return GraphQLField(
        GraphQLNonNull(GraphQLList(GraphQLNonNull(builder.type(_NAME)))),
        args={
            "changed": GraphQLArgument(
                GraphQLNonNull(GraphQLBoolean),
                default_value=True,
                description="Only names that are not the same as in the ontology.",
            )
        },
        resolve=resolve,
        description="What the names of the ontology have become here.",
        extensions={"needs": _READ},
    )


def _commit_field() -> GraphQLField:
    def resolve(source: Any, info: Any) -> str:
        del source
        needed(_READ)
        return str(info.schema.place.commit)

    return GraphQLField(
        GraphQLNonNull(GraphQLID),
        resolve=resolve,
        description="Id of the commit that this request reads.",
        extensions={"needs": _READ},
    )
