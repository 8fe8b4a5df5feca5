"""Every root field of a GraphQL schema as an operation, with arguments that mean nothing."""

from __future__ import annotations

from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)

__all__ = ["operation_of", "root_fields"]

#: Literals by the name of a scalar; any other takes a text.
_LITERALS = {
    "Int": "1", "Long": "1", "Float": "1.5", "Boolean": "false", "JSON": "{}",
    "DateTime": '"2026-01-01T00:00:00Z"', "Date": '"2026-01-01"',
    "ID": '"T250b2xvZ3k6eA=="', "GlobalID": '"T250b2xvZ3k6eA=="',
    "UUID": '"5a4c7f7e-2f6a-4d1e-9d1c-3f0f6f5b2a10"', "Decimal": '"1.5"',
}  # fmt: skip


def root_fields(schema: GraphQLSchema) -> list[tuple[str, str, GraphQLField]]:
    """``(query, mutation or subscription; name; field)`` of all of them."""
    return [
        (kind, name, field)
        for kind, root in (
            ("query", schema.query_type),
            ("mutation", schema.mutation_type),
            ("subscription", schema.subscription_type),
        )
        for name, field in (() if root is None else root.fields.items())
    ]


def operation_of(kind: str, name: str, field: GraphQLField) -> tuple[str, dict[str, Any]]:
    """A document that asks for the field, and its variables: only what it insists on."""
    variables: dict[str, Any] = {}
    declared: list[str] = []
    given: list[str] = []
    for key, argument in field.args.items():
        if not is_required_argument(argument):
            continue
        if get_named_type(argument.type).name == "Upload":
            declared.append(f"${key}: {argument.type}")
            given.append(f"{key}: ${key}")
            variables[key] = None
            continue
        given.append(f"{key}: {_literal(argument.type)}")
    arguments = f"({', '.join(given)})" if given else ""
    inner = "" if is_leaf_type(get_named_type(field.type)) else " { __typename }"
    if kind == "mutation":
        inner = " { __typename ... on Problem { code detail data } }"
    head = f"({', '.join(declared)})" if declared else ""
    return f"{kind}{head} {{ it: {name}{arguments}{inner} }}", variables


def _literal(kind: Any) -> str:
    if isinstance(kind, GraphQLNonNull):
        return _literal(kind.of_type)
    if isinstance(kind, GraphQLList):
        return f"[{_literal(kind.of_type)}]"
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if isinstance(kind, GraphQLInputObjectType):
        members = [
            f"{name}: {_literal(field.type)}"
            for name, field in kind.fields.items()
            if is_required_input_field(field)
        ]
        if kind.is_one_of:
            name, field = next(iter(kind.fields.items()))
            members = [f"{name}: {_literal(field.type)}"]
        return "{" + ", ".join(members) + "}"
    return _LITERALS.get(kind.name, '"nothing"')
