"""Aggregates: counts, sums and extremes of the objects of a type, for all or by group."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
    InlineFragmentNode,
)

from oms_project.core.authorization import permissions
from oms_project.core.errors import BadRequest
from oms_project.core.pagination import MAX_LIMIT
from oms_project.graphql.executor import Row, plain_field
from oms_project.graphql.fields import needed
from ontology import selectors
from ontology.contract import AggregateRow
from ontology.domain.kinds import Kind
from ontology.domain.query import Measure
from ontology.domain.schema import EffectiveProperty
from ontology.graphql.typed.filters import filter_of, groupable
from ontology.graphql.typed.names import Names
from ontology.graphql.typed.scalars import LONG

if TYPE_CHECKING:
    from ontology.graphql.typed.builder import Builder

__all__ = ["derive", "field"]

_NUMBERS: Final = frozenset({"integer", "long", "decimal", "double"})
#: Field of a group -> the measure that it shows.
_MEASURES: Final = ("sum", "avg", "min", "max")


def derive(builder: Builder) -> None:
    """Types of the aggregates of every type."""
    for item in (*builder.queried, *builder.definitions.by_kind[Kind.LINK_TYPE]):
        rid = item.rid
        parts = groupable(builder, rid)
        if parts:
            builder.derive(rid, "GroupBy", partial(_group_by, builder, rid))
            builder.derive(rid, "Extremes", partial(_values, builder, rid, "Extremes"))
            builder.derive(rid, "GroupValues", partial(_values, builder, rid, "GroupValues"))
        if any(builder.base(part) in _NUMBERS for part in parts):
            builder.derive(rid, "Numbers", partial(_numbers, builder, rid))
        builder.derive(rid, "Group", partial(_group, builder, rid))
        builder.derive(rid, "Aggregate", partial(_aggregate, builder, rid))


def field(builder: Builder, rid: str, kind: str) -> GraphQLField:
    """The root field of a type's aggregates."""
    arguments = {
        "filter": GraphQLArgument(
            builder.type(builder.derived(rid, "Filter")), description="Only of what answers it."
        ),
        "limit": GraphQLArgument(
            GraphQLNonNull(GraphQLInt),
            default_value=100,
            description=f"At most so many groups, the biggest ones; {MAX_LIMIT} at most.",
        ),
        "asOf": GraphQLArgument(
            GraphQLString, description="As the branch was at this time.", out_name="as_of"
        ),
    }
    if builder.has(rid, "GroupBy"):
        arguments["groupBy"] = GraphQLArgument(
            GraphQLList(GraphQLNonNull(builder.type(builder.derived(rid, "GroupBy")))),
            description="Properties to group by; empty: all in one group.",
            out_name="group_by",
        )
    return GraphQLField(
        GraphQLNonNull(builder.type(builder.derived(rid, "Aggregate"))),
        args=arguments,
        resolve=partial(_resolve, rid, kind),
        description=f"Figures of {builder.names.own(rid)}.",
        extensions={"needs": permissions.ONTOLOGY_READ},
    )


def _resolve(
    rid: str,
    kind: str,
    source: Any,
    info: Any,
    *,
    limit: int,
    filter: Any = None,
    group_by: Any = (),
    as_of: str | None = None,
) -> Any:
    del source
    needed(permissions.ONTOLOGY_READ)
    if not 1 <= limit <= MAX_LIMIT:
        raise BadRequest(f"`limit` is 1 to {MAX_LIMIT}.", code="bad_limit")
    place = info.schema.place.at(as_of)
    wanted = list(dict.fromkeys(_wanted(info)))
    found = selectors.aggregate_objects(
        ontology=place.ontology,
        type=rid,
        ref=place.commit,
        where=filter_of(filter),
        measures=[Measure("count"), *wanted],
        group_by=list(dict.fromkeys(group_by or ())),
        kind=kind,
        limit=limit,
    )
    return {
        "commit": found.commit,
        "truncated": found.truncated,
        "groups": [_row(one) for one in found.rows],
    }


def _row(found: AggregateRow) -> Row:
    row = Row({"count": found.figures["count"], "by": Row(found.group)})
    for label, value in found.figures.items():
        function, _, name = label.rstrip(")").partition("(")
        if name:
            row.setdefault(function, Row())[name] = value
    return row


def _wanted(info: Any) -> Iterator[Measure]:
    """The measures that the document asks for."""
    kind = info.return_type.of_type
    groups = kind.fields["groups"].type.of_type.of_type.of_type
    for node in _chosen(info, info.field_nodes, "groups"):
        for name in _MEASURES:
            if name not in groups.fields:
                continue
            fields = groups.fields[name].type.fields
            for inner in _chosen(info, [node], name):
                for leaf in _selected(info, inner):
                    if leaf.name.value in fields:
                        yield Measure(name, fields[leaf.name.value].extensions["property"])


def _chosen(info: Any, nodes: Any, name: str) -> Iterator[FieldNode]:
    for node in nodes:
        yield from (one for one in _selected(info, node) if one.name.value == name)


def _selected(info: Any, node: Any) -> Iterator[FieldNode]:
    for child in node.selection_set.selections if node.selection_set else ():
        if isinstance(child, FieldNode):
            yield child
        elif isinstance(child, InlineFragmentNode):
            yield from _selected(info, child)
        else:
            assert isinstance(child, FragmentSpreadNode)
            yield from _selected(info, info.fragments[child.name.value])


# --- types ----------------------------------------------------------------------------------------
def _group_by(builder: Builder, rid: str) -> GraphQLEnumType:
    return GraphQLEnumType(
        builder.derived(rid, "GroupBy"),
        {
            Names.of_property(part.api_name): GraphQLEnumValue(
                part.api_name, deprecation_reason=builder.shapes.reason(part)
            )
            for part in groupable(builder, rid)
        },
        description="What to group by.",
    )


def _values(builder: Builder, rid: str, suffix: str) -> GraphQLObjectType:
    """A value of each property that has an order, in its own type."""
    return GraphQLObjectType(
        builder.derived(rid, suffix),
        lambda: {
            Names.of_property(part.api_name): _named(builder.shapes.field(part, words=False), part)
            for part in groupable(builder, rid)
        },
    )


def _numbers(builder: Builder, rid: str) -> GraphQLObjectType:
    return GraphQLObjectType(
        builder.derived(rid, "Numbers"),
        lambda: {
            Names.of_property(part.api_name): _named(
                plain_field(GraphQLFloat, part.api_name),
                part,
            )
            for part in groupable(builder, rid)
            if builder.base(part) in _NUMBERS
        },
    )


def _named(made: GraphQLField, part: EffectiveProperty) -> GraphQLField:
    made.extensions = {**(made.extensions or {}), "property": part.api_name}
    return made


def _member(name: str) -> Callable[[Any, Any], Any]:
    return lambda row, _: row.get(name)


def _group(builder: Builder, rid: str) -> GraphQLObjectType:
    def fields() -> dict[str, GraphQLField]:
        found = {
            "count": plain_field(GraphQLNonNull(LONG), "count", description="How many there are.")
        }
        kinds = {"by": "GroupValues", "sum": "Numbers", "avg": "Numbers"}
        kinds |= {"min": "Extremes", "max": "Extremes"}
        words = {"by": "The values that the group has in common."}
        for name, suffix in kinds.items():
            if builder.has(rid, suffix):
                found[name] = GraphQLField(
                    builder.type(builder.derived(rid, suffix)),
                    resolve=_member(name),
                    description=words.get(name),
                    extensions={"cost": 0},
                )
        return found

    return GraphQLObjectType(
        builder.derived(rid, "Group"), fields, description="Figures of one group."
    )


def _aggregate(builder: Builder, rid: str) -> GraphQLObjectType:
    group = builder.derived(rid, "Group")
    return GraphQLObjectType(
        builder.derived(rid, "Aggregate"),
        lambda: {
            "groups": GraphQLField(
                GraphQLNonNull(GraphQLList(GraphQLNonNull(builder.type(group)))),
                resolve=_member("groups"),
                description="The biggest groups first; one, when nothing was grouped by.",
                extensions={"in_page": True},
            ),
            "truncated": GraphQLField(
                GraphQLNonNull(GraphQLBoolean),
                resolve=_member("truncated"),
                description="Whether there are more groups.",
            ),
            "commit": GraphQLField(
                GraphQLNonNull(GraphQLID),
                resolve=_member("commit"),
                description="Id of the commit that was read.",
            ),
        },
        description="Figures by group.",
    )
