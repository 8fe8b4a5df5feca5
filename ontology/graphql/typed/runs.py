"""Actions as mutations with typed parameters; a run, or a batch of runs, makes one commit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
)

from oms_project.core.authorization import permissions
from ontology import services
from ontology.domain.kinds import Kind
from ontology.graphql.typed.definitions import Definition
from ontology.graphql.typed.names import Names, lower_first, upper_first
from ontology.graphql.typed.places import Place
from ontology.graphql.typed.problems import tried, union
from ontology.graphql.typed.shapes import described
from ontology.graphql.typed.writes import COMMIT_ARGUMENTS, attribute, branch_of, commit_fields

if TYPE_CHECKING:
    from ontology.graphql.typed.builder import Builder

__all__ = ["derive", "fields"]

_RUN: Final = "OmsActionRun"
_RUN_RESULT: Final = "OmsActionRunResult"


def derive(builder: Builder) -> None:
    """Parameters of every action, and what a run answers."""
    for item in builder.definitions.by_kind[Kind.ACTION_TYPE]:
        if item.body.get("parameters"):
            name = builder.names.claim(f"{upper_first(item.name)}Parameters")
            builder.actions[item.rid] = name
            builder.add(name, partial(_parameters, builder, item, name))
    builder.add(builder.names.claim(_RUN), _run_type)
    builder.add(
        builder.names.claim(_RUN_RESULT),
        partial(union, builder, _RUN_RESULT, _RUN, "What was done, or why it was not."),
    )


def fields(builder: Builder) -> dict[str, Callable[[], GraphQLField]]:
    """Fields of the mutation type: actions by their names."""
    found: dict[str, Callable[[], GraphQLField]] = {}
    for item in builder.definitions.by_kind[Kind.ACTION_TYPE]:
        name = lower_first(item.name)
        while name in found:
            name += "_"
        found[name] = partial(_action, builder, item)
    return found


def _parameters(builder: Builder, item: Definition, name: str) -> GraphQLInputObjectType:
    def given() -> dict[str, GraphQLInputField]:
        found: dict[str, GraphQLInputField] = {}
        for parameter in item.body["parameters"]:
            array = parameter.get("array") is not None
            reason = described(parameter) or ""
            wanted = parameter.get("objectType")
            if wanted:
                kind: Any = GraphQLList(GraphQLNonNull(GraphQLID)) if array else GraphQLID
                type_name = str(builder.body(wanted).get("apiName", wanted))
                reason = f"{reason} The `_id` or `_rid` of an object of `{type_name}`.".strip()
            else:
                shape = builder.shapes.of_types(tuple(parameter.get("dataTypes", ())), array=array)
                kind = shape.wrapped(shape.input)
            if parameter.get("required", True) and parameter.get("default") is None:
                kind = GraphQLNonNull(kind)
            found[Names.of_property(parameter["apiName"])] = GraphQLInputField(
                kind, description=reason or None, out_name=parameter["apiName"]
            )
        return found

    return GraphQLInputObjectType(name, given, description=f"What `{item.name}` asks for.")


def _action(builder: Builder, item: Definition) -> GraphQLField:
    arguments: dict[str, GraphQLArgument] = {}
    if item.rid in builder.actions:
        given = builder.type(builder.actions[item.rid])
        arguments["parameters"] = GraphQLArgument(given, description="Of one run.")
        arguments["batch"] = GraphQLArgument(
            GraphQLList(GraphQLNonNull(given)),
            description="Of several runs, in one commit: all of them or none.",
        )
    return GraphQLField(
        GraphQLNonNull(builder.type(_RUN_RESULT)),
        args={**arguments, **COMMIT_ARGUMENTS},
        resolve=tried(permissions.ACTIONS_RUN, partial(_do_run, item.rid)),
        description=described(item.body),
        deprecation_reason=builder.definitions.reason(item.body),
        extensions={"needs": permissions.ACTIONS_RUN},
    )


def _do_run(
    rid: str,
    info: Any,
    *,
    parameters: Mapping[str, Any] | None = None,
    batch: list[Mapping[str, Any]] | None = None,
    branch: str | None = None,
    message: str | None = None,
    expected_head: str | None = None,
    dry_run: bool = False,
) -> Any:
    place: Place = info.schema.place
    return services.run_action(
        ontology=place.ontology,
        action=rid,
        parameters=parameters,
        batch=batch or (),
        branch=branch_of(place, branch),
        message=message,
        dry_run=dry_run,
        expected_head=expected_head,
    )


def _run_type() -> GraphQLObjectType:
    def ids(name: str, words: str) -> GraphQLField:
        return GraphQLField(
            GraphQLNonNull(GraphQLList(GraphQLNonNull(GraphQLID))),
            resolve=attribute(name),
            description=words,
        )

    own = commit_fields()
    own["commit"].resolve = lambda run, _: run.commit.id if run.commit else None
    own["warnings"].resolve = lambda run, _: [dict(one) for one in run.warnings]
    return GraphQLObjectType(
        _RUN,
        {
            "created": ids("created", "`_id`s of the objects and links that are new."),
            "changed": ids("changed", "`_id`s of those that have other values."),
            "deleted": ids("deleted", "`_id`s of those that are gone."),
            "runs": GraphQLField(GraphQLNonNull(GraphQLInt), resolve=attribute("runs")),
            **own,
        },
        description="What a run, or a batch of runs, did.",
    )
