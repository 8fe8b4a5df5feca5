"""The executor: graphql-core's, with a deadline, and a shorter way for rows of plain values.

Most of what people ask for are lists of documents whose fields are values: nothing has to be looked
up for them. Such a document is a `Row`, a field that reads one of its members says so in its
definition (`plain_field`), and the executor writes those members down without building the
arguments, the path and the resolve info of every single one. Fields that are resolved by a function
go the usual way, also within a row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from graphql import (
    GraphQLError,
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    OperationType,
)
from graphql.execution.executor_throwing_on_incremental import ExecutorThrowingOnIncremental
from graphql.pyutils import Path

__all__ = ["OmsExecutor", "OutOfTime", "Row", "plain_field"]

_PLAIN: Final = "plain"
#: What says of a value that it cannot be written.
_UNWRITABLE: Final = (GraphQLError, ArithmeticError, LookupError, TypeError, ValueError)


class OutOfTime(BaseException):
    """The deadline has passed. No `Exception`: it must not become the error of one field."""


class Row(dict[str, Any]):
    """A document as a mapping of values, ready to be written down.

    Attributes:
        siblings: see `oms_project.graphql.context.Siblings`.
    """

    __slots__ = ("siblings",)
    siblings: Any


def plain_field(
    kind: Any, key: str, *, convert: Callable[[Any], Any] | None = None, **options: Any
) -> GraphQLField:
    """A field whose value is the member ``key`` of its `Row`.

    Args:
        kind: a leaf type, a list of one, or such that is not null.
        convert: how a value that is there is written; None: as it is.
        options: for `GraphQLField`.
    """

    def resolve(source: Any, info: Any) -> Any:
        del info
        value = source.get(key)
        return value if value is None or convert is None else convert(value)

    return GraphQLField(kind, resolve=resolve, extensions={_PLAIN: (key, convert)}, **options)


#: Name in the answer, member of the row, how to write it, whether it may be missing.
_Plain: TypeAlias = tuple[str, str, Callable[[Any], Any] | None, bool]


class OmsExecutor(ExecutorThrowingOnIncremental):
    """See above."""

    def execute_field(self, *arguments: Any) -> Any:
        """As graphql-core; a query whose time is over ends here."""
        if self.context_value.out_of_time and self.operation.operation == OperationType.QUERY:
            raise OutOfTime
        return super().execute_field(*arguments)

    def complete_iterable_value(
        self,
        item_type: Any,
        field_details_list: Any,
        info: Any,
        path: Path,
        items: Any,
        position_context: Any,
    ) -> Any:
        """As graphql-core; a list of rows of one type, of which values alone are asked, is written
        down at once.
        """
        kind = item_type.of_type if isinstance(item_type, GraphQLNonNull) else item_type
        if type(items) is list and items and isinstance(kind, GraphQLObjectType):
            written = self._written(kind, field_details_list, items)
            if written is not None:
                return written
        return super().complete_iterable_value(
            item_type, field_details_list, info, path, items, position_context
        )

    def _written(
        self, kind: GraphQLObjectType, details: Any, items: list[Any]
    ) -> list[dict[str, Any]] | None:
        """All items; None: not every one is a row of plain values that can be written."""
        if kind.is_type_of is not None or any(type(item) is not Row for item in items):
            return None
        grouped, deferred, _ = self.collect_subfields(kind, details)
        constant, plain, rest = self._planned(kind, grouped)
        if rest or deferred:
            return None
        names = list(grouped)
        found: list[dict[str, Any]] = []
        for item in items:
            results: dict[str, Any] = dict(constant)
            for name, key, convert, nullable in plain:
                value = item.get(key)
                if value is None:
                    if not nullable:
                        return None  # the usual way knows how to say it
                elif convert is not None:
                    try:
                        value = convert(value)
                    except _UNWRITABLE:
                        return None
                results[name] = value
            found.append({name: results[name] for name in names} if constant else results)
        return found

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: Any,
        position_context: Any,
    ) -> Any:
        """As graphql-core; members of rows are written down at once."""
        if type(source_value) is not Row:
            return super().execute_fields(
                parent_type, source_value, path, grouped_field_set, position_context
            )
        constant, plain, rest = self._planned(parent_type, grouped_field_set)
        results: dict[str, Any] = dict(constant)
        for name, key, convert, nullable in plain:
            value = source_value.get(key)
            if value is None:
                if not nullable:
                    rest = grouped_field_set  # the usual way knows how to say it
                    break
            elif convert is not None:
                try:
                    value = convert(value)
                except _UNWRITABLE:
                    rest = grouped_field_set  # so that it becomes the error of this field alone
                    break
            results[name] = value
        for name, details in rest.items():
            results[name] = self.execute_field(
                parent_type,
                source_value,
                details,
                Path(path, name, parent_type.name),
                position_context,
            )
        if len(plain) == len(grouped_field_set) or rest is grouped_field_set:
            return results
        return {name: results[name] for name in grouped_field_set}  # in the order of the document

    def _planned(
        self, parent_type: GraphQLObjectType, grouped: Any
    ) -> tuple[dict[str, str], list[_Plain], dict[str, Any]]:
        """The same for all rows of a list: their field sets are one object."""
        plans: dict[tuple[str, int], Any] = self.context_value.loaded.setdefault("plans", {})
        key = (parent_type.name, id(grouped))
        known = plans.get(key)
        if known is not None:
            return known[0], known[1], known[2]
        constant: dict[str, str] = {}
        plain: list[_Plain] = []
        rest: dict[str, Any] = {}
        for name, details in grouped.items():
            field_name = details[0].node.name.value
            field = parent_type.fields.get(field_name)
            if field_name == "__typename":
                constant[name] = parent_type.name
            elif field is not None and _PLAIN in (field.extensions or {}):
                member, convert = field.extensions[_PLAIN]
                plain.append((name, member, convert, not isinstance(field.type, GraphQLNonNull)))
            else:
                rest[name] = details
        plans[key] = (constant, plain, rest, grouped)  # `grouped` is kept: its id stays its own
        return constant, plain, rest
