"""Texts that no PostgreSQL keeps: refused by every field alike, and never an unexpected error."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLUnionType,
    get_named_type,
)

from oms_project.graphql.schema import platform_schema
from tests.integration.graphql.conftest import GraphQLClient

pytestmark = [pytest.mark.django_db, pytest.mark.data]

_PLAIN = {
    "String": "a\x00b", "ID": "a\x00b", "Int": 1, "Long": 1, "Float": 5.0, "Boolean": True,
    "DateTime": "2030-01-01T00:00:00Z", "JSON": {"id": "a\x00b"},
}  # fmt: skip
#: They know the text to be none of theirs before it is looked at as one.
_IDS = {"node", "nodes"}


def _value(kind: Any) -> Any:
    if isinstance(kind, GraphQLNonNull):
        return _value(kind.of_type)
    if isinstance(kind, GraphQLList):
        return [_value(kind.of_type)]
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if isinstance(kind, GraphQLInputObjectType):
        return {
            name: _value(field.type)
            for name, field in kind.fields.items()
            if get_named_type(field.type) is not kind
        }
    return _PLAIN.get(kind.name)


def _holds(kinds: Iterable[Any], *names: str) -> bool:
    """Whether one of ``kinds``, or a member of one, is a scalar of these names."""
    named = [get_named_type(kind) for kind in kinds]
    return any(
        _holds((field.type for field in kind.fields.values() if field.type is not kind), *names)
        if isinstance(kind, GraphQLInputObjectType)
        else kind.name in names
        for kind in named
    )


def _fields() -> Iterator[Any]:
    schema = platform_schema().schema
    for kind, root in (("query", schema.query_type), ("mutation", schema.mutation_type)):
        for name, field in (root.fields if root is not None else {}).items():
            kinds = [one.type for key, one in field.args.items() if key != "after"]
            # Files come by a form, see `test_transfer`.
            if name in _IDS or _holds(kinds, "Upload") or not _holds(kinds, "String", "ID"):
                continue
            yield pytest.param(kind, name, id=name)


@pytest.mark.parametrize(("kind", "name"), list(_fields()))
def test_a_text_with_a_null_character_is_refused(
    graphql: GraphQLClient, kind: str, name: str
) -> None:
    schema = platform_schema().schema
    root = schema.query_type if kind == "query" else schema.mutation_type
    assert root is not None
    field = root.fields[name]
    asked = {key: one for key, one in field.args.items() if key not in ("after", "first")}
    made = get_named_type(field.type)
    if isinstance(made, GraphQLUnionType):
        shown = "{ __typename ... on Problem { code } }"
    else:
        shown = "" if isinstance(made, GraphQLLeafType) else "{ __typename }"
    declared = ", ".join(f"${key}: {one.type}" for key, one in asked.items())
    given = ", ".join(f"{key}: ${key}" for key in asked)
    answer = graphql.ask(
        f"{kind}({declared}) {{ {name}({given}) {shown} }}",
        {key: _value(one.type) for key, one in asked.items()},
    )
    if kind == "mutation":
        assert answer["data"][name] == {"__typename": "BadRequestProblem", "code": "bad_parameter"}
    else:
        assert [one["extensions"]["code"] for one in answer["errors"]] == ["bad_parameter"]
