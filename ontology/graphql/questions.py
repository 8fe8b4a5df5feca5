"""Questions about objects and links: one by one, in lists, in figures, by their words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import strawberry
from strawberry.scalars import JSON

from oms_project.core.errors import BadRequest
from oms_project.core.pagination import Page
from oms_project.graphql.context import Info, siblings
from oms_project.graphql.fields import Pages, connection, listing
from oms_project.graphql.inputs import filter_text
from ontology import contract, selectors
from ontology.contract import DocumentView
from ontology.domain.kinds import Kind
from ontology.domain.query import Measure
from ontology.graphql.filters import (
    FilterInput,
    MeasureFunction,
    MeasureInput,
    SortInput,
    filter_of,
    measures_of,
    sort_of,
)
from ontology.graphql.instances import (
    Instance,
    Link,
    LinkDirection,
    Object,
    Traversal,
    instance_at,
    instance_of,
    traversed,
)
from ontology.graphql.places import At, exact

__all__ = ["Figures", "InstanceCount", "QuestionFields", "SearchHit"]

_MOST_GROUPS: Final = 10_000


@strawberry.type(description="The figures of one group.")
class FigureRow:
    row: strawberry.Private[contract.AggregateRow]

    @strawberry.field(description="What its members have in common, by property.")
    def group(self) -> JSON:
        return exact(self.row.group)  # type: ignore[no-any-return]

    @strawberry.field(description="By the name of the measure: `count`, `avg(price)`.")
    def figures(self) -> JSON:
        return exact(self.row.figures)  # type: ignore[no-any-return]

    @strawberry.field(description="One figure; null: it is of nothing.")
    def figure(self, function: MeasureFunction, property: str = "") -> JSON | None:
        return exact(self.row.figures.get(Measure(function.value, property).label))  # type: ignore[no-any-return]


@strawberry.type(description="Figures of objects or links, by group.")
class Figures:
    commit_id: str = strawberry.field(description="Id of the commit that was read.")
    rows: list[FigureRow] = strawberry.field(
        description="The biggest groups first.", metadata={"in_page": True}
    )
    truncated: bool = strawberry.field(description="Whether there are more groups.")


@strawberry.type(description="An object with the words that were looked for.")
class SearchHit:
    object: Object
    score: float = strawberry.field(description="Higher fits better.")


@strawberry.type(description="How many objects or links a type has.")
class InstanceCount:
    kind: str = strawberry.field(description="`ObjectType` or `LinkType`.")
    type: str
    rid: str
    is_abstract: bool
    count: int = strawberry.field(description="Its own.")
    with_subtypes: int = strawberry.field(description="And those of its subtypes.")
    label: strawberry.Private[Mapping[str, str]]

    @strawberry.field(description="Its name for people, by language.")
    def display_name(self) -> JSON:
        return exact(self.label)  # type: ignore[no-any-return]


def _page(
    at: At,
    read: Any,
    make: Any,
    *,
    limit: int,
    cursor: str | None,
    ref: str,
) -> Page[Any]:
    """A page at the commit that its cursor names; what hangs on it is read there too."""
    page = read(ref=ref, limit=limit, cursor=cursor)
    then = At(at.ontology, at.ref, ref)
    return Page(tuple(make(then, item) for item in page.items), page.next_cursor)


def _listed(
    at: At,
    kind: Kind,
    *,
    type_name: str,
    filter: Any,
    where: FilterInput | None,
    order_by: Sequence[SortInput] | None,
    subtypes: bool,
    include_deleted: bool,
    fields: Sequence[str] | None,
) -> Pages[Any]:
    asked: dict[str, Any] = {
        "ontology": at.ontology,
        "type": type_name,
        "where": filter_of(filter, where),
        "subtypes": subtypes,
        "include_deleted": include_deleted,
    }
    read = partial(
        selectors.list_objects,
        sort=sort_of(order_by),
        fields=fields or (),
        kind=kind.value,
        **asked,
    )

    read_at = [at.commit]

    def make(then: At, view: DocumentView) -> Any:
        read_at[0] = then.commit
        return instance_of(then, view, only_some=bool(fields))

    return listing(
        partial(_page, at, read, make),
        commit=at.commit,
        count=lambda: selectors.count_objects(ref=read_at[0], **asked),
    )


def _figures(
    at: At,
    kind: Kind,
    *,
    type_name: str,
    filter: Any,
    where: FilterInput | None,
    measures: Sequence[MeasureInput] | None,
    by: Sequence[str] | None,
    subtypes: bool,
    limit: int,
) -> Figures:
    if not 1 <= limit <= _MOST_GROUPS:
        raise BadRequest(f"The limit is 1 to {_MOST_GROUPS}.", code="bad_limit")
    found = selectors.aggregate_objects(
        ontology=at.ontology,
        type=type_name,
        ref=at.commit,
        where=filter_of(filter, where),
        measures=measures_of(measures),
        group_by=by or (),
        subtypes=subtypes,
        kind=kind.value,
        limit=limit,
    )
    return Figures(
        commit_id=found.commit,
        rows=[FigureRow(row=row) for row in found.rows],
        truncated=found.truncated,
    )


def _hit(at: At, hit: contract.SearchHit) -> SearchHit:
    return SearchHit(object=instance_of(at, hit.document), score=hit.score)


@strawberry.type
class QuestionFields:
    """Of an ontology: its objects and links, one by one, in lists, and in figures."""

    @connection()
    def objects(
        self,
        info: Info,
        type: str,
        ref: str = "",
        as_of: str = "",
        filter: JSON | None = None,
        where: FilterInput | None = None,
        order_by: list[SortInput] | None = None,
        subtypes: bool = True,
        include_deleted: bool = False,
        fields: list[str] | None = None,
    ) -> Pages[Object]:
        """The objects of an object type or interface (and of its subtypes), by type and key if not
        sorted otherwise. All pages are of one commit. `filter` and `where` ask the same way, as
        JSON and as an input; `fields`: only these values.
        """
        return _listed(
            _at(self, ref, as_of),
            Kind.OBJECT,
            type_name=type,
            filter=filter,
            where=where,
            order_by=order_by,
            subtypes=subtypes,
            include_deleted=include_deleted,
            fields=fields,
        )

    @connection()
    def links(
        self,
        info: Info,
        type: str,
        ref: str = "",
        as_of: str = "",
        filter: JSON | None = None,
        where: FilterInput | None = None,
        order_by: list[SortInput] | None = None,
        subtypes: bool = True,
        include_deleted: bool = False,
        fields: list[str] | None = None,
    ) -> Pages[Link]:
        """The links of a link type; arguments as of `objects`."""
        return _listed(
            _at(self, ref, as_of),
            Kind.LINK,
            type_name=type,
            filter=filter,
            where=where,
            order_by=order_by,
            subtypes=subtypes,
            include_deleted=include_deleted,
            fields=fields,
        )

    @strawberry.field(description="One object by `Type/key`, its `rid` or its IRI.")
    def object(
        self, target: str, ref: str = "", as_of: str = "", include_deleted: bool = False
    ) -> Object | None:
        found: Object = instance_at(
            _at(self, ref, as_of), target, kind=Kind.OBJECT, include_deleted=include_deleted
        )
        return found

    @strawberry.field(description="One link by its `rid`.")
    def link(
        self, target: str, ref: str = "", as_of: str = "", include_deleted: bool = False
    ) -> Link | None:
        found: Link = instance_at(
            _at(self, ref, as_of), target, kind=Kind.LINK, include_deleted=include_deleted
        )
        return found

    @strawberry.field(description="One object or link, whichever a target names.")
    def instance(
        self, target: str, ref: str = "", as_of: str = "", include_deleted: bool = False
    ) -> Instance | None:
        found: Instance = instance_at(
            _at(self, ref, as_of), target, include_deleted=include_deleted
        )
        return found

    @strawberry.field(description="What can be reached from an object along links, nearest first.")
    def traverse(
        self,
        target: str,
        ref: str = "",
        as_of: str = "",
        links: list[str] | None = None,
        direction: LinkDirection = LinkDirection.OUTGOING,
        depth: int = 1,
        limit: int = 100,
    ) -> Traversal:
        return traversed(
            _at(self, ref, as_of),
            target,
            links=links or (),
            direction=direction,
            depth=depth,
            limit=limit,
        )

    @strawberry.field(
        description="Types with the number of their objects or links; without `empty`, those that "
        "have any."
    )
    def counts_by_type(
        self, ref: str = "", as_of: str = "", empty: bool = False
    ) -> list[InstanceCount]:
        at = _at(self, ref, as_of)
        return [
            InstanceCount(
                kind=str(item.kind),
                type=item.type.name,
                rid=item.type.rid,
                is_abstract=item.type.abstract,
                count=item.own,
                with_subtypes=item.total,
                label=item.type.label,
            )
            for item in selectors.count_by_type(ontology=at.ontology, ref=at.commit)
            if item.kind in (Kind.OBJECT_TYPE, Kind.LINK_TYPE) and (empty or item.total)
        ]

    @strawberry.field(
        description="Figures of the objects of a type that answer a filter: of all, or `by` the "
        "values of properties. Without `measures`, how many."
    )
    def aggregate_objects(
        self,
        type: str,
        ref: str = "",
        as_of: str = "",
        filter: JSON | None = None,
        where: FilterInput | None = None,
        measures: list[MeasureInput] | None = None,
        by: list[str] | None = None,
        subtypes: bool = True,
        limit: int = 1000,
    ) -> Figures:
        return _figures(
            _at(self, ref, as_of),
            Kind.OBJECT,
            type_name=type,
            filter=filter,
            where=where,
            measures=measures,
            by=by,
            subtypes=subtypes,
            limit=limit,
        )

    @strawberry.field(description="Figures of the links of a type; as `aggregateObjects`.")
    def aggregate_links(
        self,
        type: str,
        ref: str = "",
        as_of: str = "",
        filter: JSON | None = None,
        where: FilterInput | None = None,
        measures: list[MeasureInput] | None = None,
        by: list[str] | None = None,
        subtypes: bool = True,
        limit: int = 1000,
    ) -> Figures:
        return _figures(
            _at(self, ref, as_of),
            Kind.LINK,
            type_name=type,
            filter=filter,
            where=where,
            measures=measures,
            by=by,
            subtypes=subtypes,
            limit=limit,
        )

    @connection()
    def search(
        self, info: Info, text: str, type: str = "", ref: str = "", as_of: str = ""
    ) -> Pages[SearchHit]:
        """Objects with all words of a text (their beginnings are enough) in searchable values that
        you may see, what fits best first; among the best 5,000.
        """
        at = _at(self, ref, as_of)
        words = filter_text(text, "text", 500)
        read = partial(selectors.search_objects, ontology=at.ontology, text=words, type=type)
        return listing(partial(_found, at, read), commit=at.commit)


def _found(at: At, read: Any, *, limit: int, cursor: str | None, ref: str) -> Page[SearchHit]:
    page: Page[SearchHit] = _page(at, read, _hit, limit=limit, cursor=cursor, ref=ref)
    siblings([hit.object for hit in page.items])
    return page


def _at(ontology: Any, ref: str, as_of: str) -> At:
    # The same object has one id, whether its default branch is named or not.
    named = "" if ref == ontology.default_branch else ref
    return At.of(ontology.name, named, as_of)
