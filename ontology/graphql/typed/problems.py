"""The problems of mutations, the same as on the platform's endpoint, and unions with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from graphql import (
    GraphQLBoolean,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
    GraphQLUnionType,
)

from oms_project.core.errors import PermissionDenied
from oms_project.core.memory import unremembered
from oms_project.graphql.errors import PROBLEMS, problem_of
from oms_project.graphql.fields import needed
from ontology.graphql.typed.scalars import JSON

if TYPE_CHECKING:
    from ontology.graphql.typed.builder import Builder

__all__ = ["NAMES", "PROBLEM", "register", "tried", "union"]

PROBLEM: Final = "Problem"
#: Names of the problems that a mutation may answer with.
NAMES: Final = tuple(kind.__name__ for kind in PROBLEMS)

_DESCRIPTIONS: Final[dict[str, tuple[Any, str]]] = {
    "code": (GraphQLNonNull(GraphQLString), "Stable, for programs: `branch_not_found`."),
    "title": (GraphQLNonNull(GraphQLString), "The class of the problem, in a few words."),
    "detail": (GraphQLNonNull(GraphQLString), "What, where, and what to do."),
    "retryable": (GraphQLNonNull(GraphQLBoolean), "Whether the same call may succeed later."),
    "errors": (
        GraphQLNonNull(GraphQLList(GraphQLNonNull(JSON))),
        "Every single thing that is wrong.",
    ),
    "data": (GraphQLNonNull(JSON), "Details for programs."),
}


def _attribute(name: str) -> Callable[[Any, Any], Any]:
    return lambda source, _: getattr(source, name)


def _fields() -> dict[str, GraphQLField]:
    return {
        name: GraphQLField(kind, resolve=_attribute(name), description=words)
        for name, (kind, words) in _DESCRIPTIONS.items()
    }


def register(builder: Builder) -> None:
    """The problems as types."""
    builder.add(
        PROBLEM,
        lambda: GraphQLInterfaceType(
            PROBLEM,
            _fields(),
            resolve_type=_name_of,
            description="Why something was not done. Nothing was changed.",
        ),
    )
    for kind in PROBLEMS:
        builder.add(kind.__name__, _maker(builder, kind))


def _maker(builder: Builder, kind: Any) -> Callable[[], GraphQLObjectType]:
    def make() -> GraphQLObjectType:
        return GraphQLObjectType(
            kind.__name__,
            _fields(),
            interfaces=lambda: [builder.type(PROBLEM)],
            description=kind.__strawberry_definition__.description,
        )

    return make


def _name_of(value: Any, *_rest: Any) -> str:
    return type(value).__name__


def union(builder: Builder, name: str, made: str, description: str) -> GraphQLUnionType:
    """What a mutation answers: an object of the type ``made``, or a problem."""

    def kind_of(value: Any, *_rest: Any) -> str:
        return type(value).__name__ if type(value) in PROBLEMS else made

    return GraphQLUnionType(
        name,
        lambda: [builder.type(one) for one in (made, *NAMES)],
        resolve_type=kind_of,
        description=description,
    )


def tried(need: str, act: Callable[..., Any]) -> Callable[..., Any]:
    """A resolver of a mutation: what is refused is a member of its union."""

    def resolve(source: Any, info: Any, /, **arguments: Any) -> Any:
        del source
        try:
            with unremembered():
                needed(need)
                return act(info, **arguments)
        except Exception as error:
            problem = problem_of(error)
            if problem is None:
                raise
            if isinstance(error, PermissionDenied):
                info.context.denials.append(error)
            return problem

    return resolve
