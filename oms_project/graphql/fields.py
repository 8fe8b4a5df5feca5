"""How a door writes its fields: what each needs, pages, ids of the whole platform, typed problems.

A root field says what permission it needs, as a route does (`oms_project.core.routes`); one that
says nothing does not boot (`undeclared_fields`)::

    @strawberry.type
    class Queries:
        @query(requires=permissions.ONTOLOGY_READ)
        def ontology(self, info: Info, name: str) -> Ontology: ...


    @strawberry.type
    class Mutations:
        @mutation(requires=permissions.ONTOLOGY_BRANCH)
        def create_branch(self, info: Info, input: CreateBranchInput) -> Branch: ...

A mutation's type is a union: what it makes, or a `Problem`. Everything is resolved by plain
functions, in the request's thread.
"""

from __future__ import annotations

import base64
import binascii
import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Annotated, Any, Final, Generic, TypeVar, Union, cast, get_type_hints

import strawberry
from graphql import GraphQLSchema
from strawberry import relay
from strawberry.types.field import StrawberryField

from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import current_actor
from oms_project.core.errors import BadRequest, PermissionDenied
from oms_project.core.pagination import DEFAULT_LIMIT, MAX_LIMIT, Page, checked_limit
from oms_project.core.routes import Authenticated, Need, Public
from oms_project.graphql.context import Info, siblings
from oms_project.graphql.errors import PROBLEMS, problem_of
from oms_project.graphql.inputs import check_texts

__all__ = [
    "Edge",
    "Listing",
    "Pages",
    "connection",
    "declared_needs",
    "listing",
    "mutation",
    "needed",
    "pages_of",
    "query",
    "subscription",
    "undeclared_fields",
]

T = TypeVar("T")
N = TypeVar("N")

_NEEDS: Final = "needs"
_MARK: Final = "~"


def needed(need: Need) -> None:
    """The coarse check: does the actor hold this for anything at all? Services ask again.

    Raises:
        PermissionDenied.
    """
    if isinstance(need, Public | Authenticated):
        return
    decision = authorizer.anywhere(current_actor(), need)
    if not decision.allowed:
        raise PermissionDenied(f"Not allowed: {decision.reason}.", data={"permission": need})


def query(
    *, requires: Need, description: str = "", name: str | None = None, cost: int | None = None
) -> Callable[[Callable[..., Any]], Any]:
    """A field of the query type; the resolver's docstring describes it."""

    def decorate(resolver: Callable[..., Any]) -> Any:
        return strawberry.field(
            resolver=_checked(resolver, requires),
            name=name,
            description=_described(resolver, description),
            metadata=_metadata(requires, cost),
        )

    return decorate


def connection(
    *,
    requires: Need | None = None,
    description: str = "",
    name: str | None = None,
    cost: int | None = None,
) -> Callable[[Callable[..., Any]], Any]:
    """A field that lists in pages (``first``, ``after``): annotate the resolver with
    ``Pages[T]`` and return a `listing`. At the root, say what it ``requires``.
    """

    def decorate(resolver: Callable[..., Any]) -> Any:
        hints = get_type_hints(resolver, include_extras=True)
        pages = hints["return"]

        @wraps(resolver)
        def listed(
            self: Any, info: Info, first: int | None = None, after: str | None = None, **rest: Any
        ) -> Any:
            if requires is not None:
                needed(requires)
            check_texts(rest)
            found: Listing[Any] = resolver(self, info, **rest)
            return pages_of(found, info, first=first, after=after)

        taken = {key: kind for key, kind in hints.items() if key not in ("self", "return")}
        _sign(listed, resolver, taken, pages)
        return strawberry.field(
            resolver=listed,
            name=name,
            description=_described(resolver, description),
            metadata=_metadata(requires, cost),
        )

    return decorate


def mutation(
    *, requires: Need, description: str = "", name: str | None = None, cost: int | None = None
) -> Callable[[Callable[..., Any]], Any]:
    """A field of the mutation type: its result is what the resolver is annotated with (an object
    type), or one of the problems.
    """

    def decorate(resolver: Callable[..., Any]) -> Any:
        hints = get_type_hints(resolver, include_extras=True)
        made = hints.pop("return")
        field_name = name or resolver.__name__
        words = "".join(part[:1].upper() + part[1:] for part in field_name.split("_"))
        union: Any = Annotated[
            Union.__getitem__((made, *PROBLEMS)),
            strawberry.union(
                f"{words}Result", description=f"What `{words[:1].lower()}{words[1:]}` answers."
            ),
        ]

        @wraps(resolver)
        def tried(self: Any, **arguments: Any) -> Any:
            info: Info = arguments["info"]
            try:
                needed(requires)
                check_texts(arguments)
                return resolver(self, **arguments)
            except Exception as error:
                problem = problem_of(error)
                if problem is None:
                    raise
                if isinstance(error, PermissionDenied):
                    info.context.denials.append(error)
                return problem

        own = inspect.signature(resolver)
        if "info" not in own.parameters:
            raise TypeError(f"{resolver.__qualname__} is a mutation: it takes `info`.")
        tried.__signature__ = own.replace(  # type: ignore[attr-defined]
            parameters=[
                item.replace(annotation=hints.get(key, item.annotation))
                for key, item in own.parameters.items()
            ],
            return_annotation=union,
        )
        tried.__annotations__ = {**hints, "return": union}
        del tried.__wrapped__
        return strawberry.mutation(
            resolver=tried,
            name=name,
            description=_described(resolver, description),
            metadata=_metadata(requires, cost),
        )

    return decorate


def subscription(
    *, requires: Need, description: str = "", name: str | None = None
) -> Callable[[Callable[..., Any]], Any]:
    """A field of the subscription type; the resolver is an async generator. What it needs is asked
    before it begins (`oms_project.graphql.sockets`), and again while it runs.
    """

    def decorate(resolver: Callable[..., Any]) -> Any:
        return strawberry.subscription(
            resolver=resolver,
            name=name,
            description=_described(resolver, description),
            metadata=_metadata(requires, None),
        )

    return decorate


def _checked(resolver: Callable[..., Any], need: Need) -> Callable[..., Any]:
    @wraps(resolver)
    def asked(*arguments: Any, **named: Any) -> Any:
        needed(need)
        check_texts(named)
        return resolver(*arguments, **named)

    return asked


def _sign(
    made: Callable[..., Any], like: Callable[..., Any], hints: dict[str, Any], returns: Any
) -> None:
    """Give a wrapper the arguments of ``like``, and those of a page."""
    own = inspect.signature(like)
    page = [
        inspect.Parameter(
            "first",
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[
                int | None,
                strawberry.argument(
                    description=f"How many: {DEFAULT_LIMIT} if not said, {MAX_LIMIT} at most."
                ),
            ],
        ),
        inspect.Parameter(
            "after",
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[
                str | None, strawberry.argument(description="Cursor of the item before the page.")
            ],
        ),
    ]
    kept = [
        item.replace(annotation=hints.get(key, item.annotation))
        for key, item in own.parameters.items()
    ]
    if "info" not in own.parameters:
        raise TypeError(f"{like.__qualname__} lists in pages: it takes `info`.")
    made.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            *(
                item.replace(kind=inspect.Parameter.POSITIONAL_OR_KEYWORD)
                if key in ("self", "info")
                else item.replace(kind=inspect.Parameter.KEYWORD_ONLY)
                for key, item in zip(own.parameters, kept, strict=True)
            ),
            *page,
        ],
        return_annotation=returns,
    )
    made.__annotations__ = {
        **hints,
        **{item.name: item.annotation for item in page},
        "return": returns,
    }
    made.__dict__.pop("__wrapped__", None)


def _described(resolver: Callable[..., Any], description: str) -> str | None:
    return description or " ".join((resolver.__doc__ or "").split()) or None


def _metadata(need: Need | None, cost: int | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if need is not None:
        found[_NEEDS] = need
    if cost is not None:
        found["cost"] = cost
    return found


# -- pages ----------------------------------------------------------------------------------------


@strawberry.type(name="Edge", description="An item on a page, and the cursor that names it.")
class Edge(Generic[N]):
    """An edge of a Relay connection."""

    cursor: str
    node: N


@strawberry.type(name="Connection", description="Items in pages, by the Relay specification.")
class Pages(Generic[N]):
    """A Relay connection; also the items themselves, without edges."""

    edges: list[Edge[N]]
    page_info: relay.PageInfo
    listing: strawberry.Private[Any] = None

    @strawberry.field(description="The items of this page, without their cursors.")
    def nodes(self) -> list[N]:
        return [edge.node for edge in self.edges]

    @strawberry.field(description="How many there are on all pages; null where nobody can tell.")
    def total_count(self) -> int | None:
        count = self.listing.count
        return None if count is None else int(count())


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """What is listed: how to read a page, and how an item becomes an object of the schema.

    Attributes:
        read: ``read(limit=…, cursor=…)`` gives a `Page`; with ``commit`` also ``ref=…``.
        make: an item -> an object; None: as it is.
        commit: id of the commit that is read; its later pages are of the same one, because the
            cursors name it.
        count: how many there are in all.
    """

    read: Callable[..., Page[T]]
    make: Callable[[T], Any] | None = None
    commit: str = ""
    count: Callable[[], int] | None = None


def listing(
    read: Callable[..., Page[T]],
    make: Callable[[T], Any] | None = None,
    *,
    commit: str = "",
    count: Callable[[], int] | None = None,
) -> Pages[Any]:
    """A `Listing`, for a resolver whose annotation says ``Pages[…]``: that is what becomes of it."""
    return cast("Pages[Any]", Listing(read, make, commit, count))


def pages_of(listing: Listing[Any], info: Info, *, first: int | None, after: str | None) -> Any:
    """One page of a listing as a connection.

    The cursor of the last item is the listing's own; that of another item says how many come
    before it on its page.

    Raises:
        BadRequest: ``bad_limit``, ``bad_cursor``.
    """
    del info
    size = checked_limit(first)
    commit, inner, skip = _split(after)
    if bool(commit) != bool(listing.commit) and after:
        raise _bad_cursor()
    place = {"ref": commit or listing.commit} if listing.commit else {}
    page = listing.read(limit=min(size + skip, MAX_LIMIT), cursor=inner, **place)
    at = commit or listing.commit
    items = page.items[skip:]
    made = items if listing.make is None else [listing.make(item) for item in items]
    if made and hasattr(made[0], "siblings"):
        siblings(made)
    edges = []
    for index, node in enumerate(made, start=skip + 1):
        last = index == len(page.items) and page.next_cursor is not None
        cursor = _cursor(at, page.next_cursor, 0) if last else _cursor(at, inner, index)
        edges.append(Edge(cursor=cursor, node=node))
    return Pages(
        edges=edges,
        page_info=relay.PageInfo(
            has_next_page=page.next_cursor is not None,
            has_previous_page=after is not None,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        ),
        listing=listing,
    )


def _cursor(commit: str, inner: str | None, skip: int) -> str:
    raw = f"{commit}{_MARK}{skip}{_MARK}{inner or ''}"
    return base64.urlsafe_b64encode(raw.encode()).rstrip(b"=").decode()


def _split(after: str | None) -> tuple[str, str | None, int]:
    if not after:
        return "", None, 0
    try:
        raw = base64.b64decode(after + "=" * (-len(after) % 4), altchars=b"-_", validate=True)
        commit, skip, inner = raw.decode().split(_MARK, 2)
        number = int(skip)
    except (binascii.Error, ValueError) as error:
        raise _bad_cursor() from error
    if not 0 <= number <= MAX_LIMIT:
        raise _bad_cursor()
    return commit, inner or None, number


def _bad_cursor() -> BadRequest:
    return BadRequest(
        "This cursor does not belong to this list: start again without `after`.",
        code="bad_cursor",
    )


# -- what is declared -----------------------------------------------------------------------------


def declared_needs(schema: GraphQLSchema) -> Iterator[tuple[str, str, Need | None]]:
    """``(query, mutation or subscription; field; need)`` of every root field."""
    for kind, root in (
        ("query", schema.query_type),
        ("mutation", schema.mutation_type),
        ("subscription", schema.subscription_type),
    ):
        for field_name, field in () if root is None else root.fields.items():
            own: StrawberryField | None = (field.extensions or {}).get("strawberry-definition")
            metadata = (field.extensions or {}) if own is None else own.metadata
            yield kind, field_name, metadata.get(_NEEDS)


def undeclared_fields(schema: GraphQLSchema) -> Sequence[str]:
    """Root fields that do not say what they need, or name what is no permission."""
    return [
        f"{kind}.{field_name}"
        for kind, field_name, need in declared_needs(schema)
        if need is None or (isinstance(need, str) and need not in permissions.ALL)
    ]
