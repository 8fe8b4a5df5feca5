"""Objects and links in requests: which are meant, and where one is found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import Field

from oms_project.core.errors import NotFound
from oms_project.core.ids import is_rid
from ontology import selectors
from ontology.api.query import Flag, Integer, Limit, PageQuery, ReadQuery, Text, Whole
from ontology.contract import DocumentView
from ontology.domain.kinds import Kind
from ontology.domain.query import All, Filter, parse_condition, parse_filter

__all__ = [
    "AggregateQuery",
    "CountsQuery",
    "FromQuery",
    "InstanceQuery",
    "InstancesQuery",
    "LinksQuery",
    "SearchQuery",
    "TraverseQuery",
    "filter_of",
    "instance_in",
]

Direction = Literal["outgoing", "incoming", "both"]


class FromQuery(ReadQuery):
    """Which objects or links are meant."""

    filter: Annotated[Text, Field(max_length=3000)] = Field(
        default="", examples=['{"property":"birthDate","op":"lt","value":"2000-01-01"}']
    )
    """A filter as JSON: `{property, op, value}`, `{and: […]}`, `{or: […]}`, `{not: …}` or
    `{link, direction, where}`; ops are eq, ne, lt, lte, gt, gte, in, contains, startsWith, isNull."""
    where: Annotated[tuple[Annotated[Text, Field(max_length=500)], ...], Whole] = Field(
        default=(), max_length=10, examples=[["birthDate:lt:2000-01-01"]]
    )
    """One condition as `property:op:value`; repeat it for several, all of which must hold. A
    property may be a path across a link (`worksFor.name`) or into a struct."""
    subtypes: Flag = True
    """Those of its subtypes as well."""


class InstancesQuery(FromQuery, PageQuery):
    """Which objects or links, and how."""

    sort: tuple[Text, ...] = Field(default=(), max_length=5, examples=[["-birthDate"]])
    """Properties to sort by, falling with a `-` in front; what has no value comes last. Empty: by
    type and key."""
    fields: tuple[Text, ...] = Field(default=(), examples=[["birthDate"]])
    """Only these values of each (identity always comes along)."""
    include_deleted: Flag = False
    """Also those that were deleted, in their last state."""
    count: Flag = False
    """Count all that answer the filter, as `total`."""


class InstanceQuery(ReadQuery):
    """How an object or link is rendered."""

    fields: tuple[Text, ...] = Field(default=(), examples=[["birthDate"]])
    """Only these values (identity always comes along)."""
    include_deleted: Flag = False
    """Also when it was deleted, in its last state."""


class AggregateQuery(FromQuery):
    """Which figures."""

    measure: tuple[Text, ...] = Field(default=(), max_length=50, examples=[["count"]])
    """`count`, or `count`, `sum`, `min`, `max`, `avg` of a property: `avg:price`. Empty: `count`."""
    by: tuple[Text, ...] = Field(default=(), max_length=10, examples=[["birthDate"]])
    """Properties to group by; empty: all in one group."""
    limit: Limit = 1000
    """At most so many groups, the biggest ones."""


class LinksQuery(ReadQuery, PageQuery):
    """Which links of an object."""

    link: Annotated[Text, Field(max_length=400)] = Field(default="", examples=["worksFor"])
    """Only links of this type: its name, its `rid`, or the name of one of its ends."""
    direction: Direction = "both"
    """Links that begin at the object (`outgoing`), that end there (`incoming`), or both."""


class TraverseQuery(ReadQuery):
    """Where to go."""

    link: tuple[Annotated[Text, Field(max_length=400)], ...] = Field(
        default=(), max_length=50, examples=[["worksFor"]]
    )
    """Only along links of these types; empty: along all."""
    direction: Direction = "outgoing"
    """Along links from source to target (`outgoing`), against them (`incoming`), or both."""
    depth: Annotated[Integer, Field(ge=1, le=10)] = 1
    """At most so many links from the object."""
    limit: Annotated[Integer, Field(ge=1, le=10_000)] = 1000
    """At most so many objects; `truncated` says that there are more."""


class SearchQuery(ReadQuery, PageQuery):
    """What to look for."""

    q: Annotated[Text, Field(min_length=1, max_length=500, examples=["ana"])]
    """Words, all of which must be found; the beginning of a word is enough."""
    type: Annotated[Text, Field(max_length=400)] = Field(default="", examples=["Person"])
    """Only objects of this type and its subtypes."""


class CountsQuery(ReadQuery):
    """Which types are counted."""

    empty: Flag = False
    """Also types that have none."""


def instance_in(
    *,
    ontology: str,
    kind: Kind,
    type_name: str,
    key: str,
    ref: str,
    include_deleted: bool = False,
) -> DocumentView:
    """The object or link that a path names.

    An address is the collection and the ``@id``. Servers decode a path before it gets here, so the
    key is taken as a value first, and as the text of an ``@id`` where it may still be one.

    Raises:
        NotFound: there is none of that kind.
    """
    spellings = [key if is_rid(key) else quote(key, safe="+")]
    if "%" in key:
        spellings.append(key)
    for spelling in spellings:
        try:
            view = selectors.get_document(
                ontology=ontology,
                target=f"{type_name}/{spelling}",
                ref=ref,
                include_deleted=include_deleted,
            )
        except NotFound as error:
            if error.error_code != "document_not_found":
                raise
            continue
        if view.kind == kind:
            return view
    what = "link" if kind == Kind.LINK else "object"
    raise NotFound(
        f"There is no {what} '{type_name}/{key}' here.",
        code="document_not_found",
        data={"document": f"{type_name}/{key}"},
    )


def filter_of(
    given: str | Mapping[str, Any] | None, conditions: Sequence[str] = ()
) -> Filter | None:
    """A filter and conditions, all of which must hold; None where nothing is asked.

    Raises:
        BadRequest: ``bad_filter``.
    """
    parts = [parse_filter(given)] if given else []
    parts += [parse_condition(text) for text in conditions]
    return All(tuple(parts)) if len(parts) > 1 else parts[0] if parts else None
