"""Links as fields, in both directions, loaded for all the objects of a list at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from graphql import GraphQLField, GraphQLNonNull, GraphQLObjectType

from oms_project.core.pagination import Page, checked_limit
from oms_project.graphql.context import of_each, siblings
from ontology import selectors
from ontology.contract import LinkedObject
from ontology.domain.kinds import Kind
from ontology.graphql.typed import system
from ontology.graphql.typed.definitions import Way
from ontology.graphql.typed.pages import PAGE_ARGUMENTS, connection_type, edge_type
from ontology.graphql.typed.places import RID, place_of, row_of
from ontology.graphql.typed.shapes import described

if TYPE_CHECKING:
    from ontology.graphql.typed.builder import Builder

__all__ = ["derive", "of"]

_SIDES = {True: "Targets", False: "Sources"}


@dataclass(slots=True)
class _Edge:
    cursor: str
    node: Any
    link: Any


@dataclass(slots=True)
class _PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@dataclass(slots=True)
class _LinkedPage:
    """A page of what is linked to one object."""

    edges: list[_Edge]
    page_info: _PageInfo
    row: Any
    way: Way


def derive(builder: Builder) -> None:
    """Types of links, and pages of what is at their ends."""
    for item in builder.definitions.by_kind[Kind.LINK_TYPE]:
        builder.add(builder.names.types[item.rid], partial(_link_type, builder, item.rid))
    for way in builder.definitions.ways:
        if not way.single:
            side = _SIDES[way.outgoing]
            builder.derive(way.link, f"{side}Edge", partial(_edges, builder, way))
            builder.derive(way.link, f"{side}Connection", partial(_connection, builder, way))


def of(builder: Builder, rid: str) -> dict[str, Callable[[], GraphQLField]]:
    """Fields for the links that objects of a type may have."""
    return {
        builder.names.ways[way.link, way.outgoing]: partial(_field, builder, way)
        for way in builder.ways(rid)
    }


def _field(builder: Builder, way: Way) -> GraphQLField:
    body = builder.body(way.link)
    name = str(body["apiName"])
    words = described(body) or ""
    direction = {"outgoing": "From source to target", "incoming": "From target to source"}
    said = f"{words} {direction.get(way.direction, 'Both ways')}; link type `{name}`.".strip()
    reason = builder.definitions.reason(body)
    if way.single:
        return GraphQLField(
            builder.type(builder.far_name(way)),
            resolve=partial(_one, way),
            description=said,
            deprecation_reason=reason,
        )
    kind = builder.type(builder.derived(way.link, f"{_SIDES[way.outgoing]}Connection"))
    return GraphQLField(
        GraphQLNonNull(kind),
        args=PAGE_ARGUMENTS,
        resolve=partial(_many, way),
        description=said,
        deprecation_reason=reason,
    )


def _edges(builder: Builder, way: Way) -> GraphQLObjectType:
    return edge_type(
        builder,
        builder.derived(way.link, f"{_SIDES[way.outgoing]}Edge"),
        builder.far_name(way),
        {
            "link": lambda: GraphQLField(
                GraphQLNonNull(builder.type(builder.names.types[way.link])),
                resolve=lambda edge, _: edge.link,
                description="The link itself, with its own values.",
            )
        },
    )


def _connection(builder: Builder, way: Way) -> GraphQLObjectType:
    side = _SIDES[way.outgoing]
    return connection_type(
        builder,
        builder.derived(way.link, f"{side}Connection"),
        builder.derived(way.link, f"{side}Edge"),
        builder.far_name(way),
        _count,
    )


# --- reading --------------------------------------------------------------------------------------
def _one(way: Way, row: Any, info: Any) -> Any:
    del info
    page = of_each(row, ("link", way.link, way.outgoing), partial(_load, way, 1, None))
    return page.edges[0].node if page.edges else None


def _many(
    way: Way, row: Any, info: Any, *, first: int | None = None, after: str | None = None
) -> Any:
    del info
    size = checked_limit(first)
    key = ("links", way.link, way.outgoing, size, after)
    return of_each(row, key, partial(_load, way, size, after))


def _load(way: Way, limit: int, after: str | None, rows: Sequence[Any]) -> list[_LinkedPage]:
    """A page for each of the rows."""
    found: dict[tuple[str, str], Page[LinkedObject]] = {}
    places = {place_of(row): None for row in rows}
    for place in places:
        rids = list(dict.fromkeys(row[RID] for row in rows if place_of(row) == place))
        pages = selectors.linked_objects_of_many(
            ontology=place.ontology,
            rids=rids,
            link=way.link,
            direction=way.direction,
            ref=place.commit,
            limit=limit,
            cursor=after,
        )
        found.update({(place.commit, rid): page for rid, page in pages.items()})
    made = [_page(way, row, found[place_of(row).commit, row[RID]], after) for row in rows]
    siblings([edge.node for page in made for edge in page.edges])
    siblings([edge.link for page in made for edge in page.edges])
    return made


def _page(way: Way, row: Any, page: Page[LinkedObject], after: str | None) -> _LinkedPage:
    place = place_of(row)
    edges = [
        _Edge(
            selectors.link_cursor(item, link_type=way.link, direction=way.direction),
            row_of(item.object, place),
            row_of(item.link, place),
        )
        for item in page.items
    ]
    return _LinkedPage(
        edges,
        _PageInfo(
            has_next_page=page.next_cursor is not None,
            has_previous_page=after is not None,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        ),
        row,
        way,
    )


def _count(page: _LinkedPage, info: Any) -> int:
    del info
    way = page.way
    return int(of_each(page.row, ("count", way.link, way.outgoing), partial(_counts, way)))


def _counts(way: Way, rows: Sequence[Any]) -> list[int]:
    found: dict[tuple[str, str], int] = {}
    for place in {place_of(row): None for row in rows}:
        counted = selectors.count_links_of_many(
            ontology=place.ontology,
            rids=[row[RID] for row in rows if place_of(row) == place],
            link=way.link,
            direction=way.direction,
            ref=place.commit,
        )
        found.update({(place.commit, rid): number for rid, number in counted.items()})
    return [found[place_of(row).commit, row[RID]] for row in rows]


# --- links themselves -----------------------------------------------------------------------------
def _link_type(builder: Builder, rid: str) -> GraphQLObjectType:
    item = builder.definitions.get(rid)
    assert item is not None
    ends = {
        way.outgoing: builder.far_name(way) for way in builder.definitions.ways if way.link == rid
    }
    target, source = ends[True], ends.get(False, ends[True])
    return builder.object(
        builder.names.types[rid],
        {
            **system.link_fields(
                partial(_end, builder, "_source", source), partial(_end, builder, "_target", target)
            ),
            **builder.properties_of(rid),
        },
        interfaces=lambda: [builder.type(system.NODE), builder.type(system.LINK)],
        description=builder.described(item),
    )


def _end(builder: Builder, role: str, name: str) -> GraphQLField:
    return GraphQLField(
        builder.type(name),
        resolve=lambda row, _: of_each(row, role, partial(_ends, role)),
        description=f"The object at its {role[1:]}.",
    )


def _ends(role: str, rows: Sequence[Any]) -> list[Any]:
    found: dict[tuple[str, str], Any] = {}
    for place in {place_of(row): None for row in rows}:
        views = selectors.get_documents(
            ontology=place.ontology,
            rids=list({str(row[role]) for row in rows if place_of(row) == place}),
            ref=place.commit,
        )
        found.update({(place.commit, rid): row_of(view, place) for rid, view in views.items()})
    return [found.get((place_of(row).commit, str(row[role]))) for row in rows]
