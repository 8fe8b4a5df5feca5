"""From a request to an answer: parse, judge, validate, count, run. One engine for every endpoint.

What is refused is refused before any resolver or any SQL runs: size and nesting on the text, then
shape, then GraphQL's own rules, then cost. Parsing and validating are done once per document and
schema.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cachetools import LRUCache
from django.conf import settings
from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    execute_sync,
    parse,
    specified_rules,
    validate,
)
from graphql.execution import create_source_event_stream

from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import Actor
from oms_project.core.errors import BadRequest, OmsError, PermissionDenied, TooLarge, Unavailable
from oms_project.core.memory import remembering
from oms_project.graphql.context import Context
from oms_project.graphql.errors import RequestRefused, formatted, graphql_error, note_denials
from oms_project.graphql.executor import OmsExecutor, OutOfTime
from oms_project.graphql.limits import check_shape, cost_of, current_limits
from oms_project.graphql.persisted import text_of

__all__ = [
    "CompiledSchema",
    "GraphQLRequest",
    "Prepared",
    "answer",
    "deadline",
    "prepare",
    "run",
    "subscribe",
]

_DOCUMENTS: Final = 1000
_MAX_ERRORS: Final = 20
_OPERATION: Final = OperationDefinitionNode.kind


@dataclass(frozen=True, slots=True)
class CompiledSchema:
    """A schema and the key under which documents that are valid for it are kept.

    Attributes:
        schema: graphql-core's.
        key: changes whenever the schema does.
        source: what it stands for, for messages: ``platform``, ``logistics``.
    """

    schema: GraphQLSchema
    key: str
    source: str = "platform"


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """The parameters of a request (GraphQL over HTTP, "request parameters")."""

    query: str | None = None
    operation_name: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    extensions: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Prepared:
    """An operation that may be run."""

    compiled: CompiledSchema
    document: DocumentNode
    operation: OperationDefinitionNode
    variables: Mapping[str, Any]
    cost: int
    digest: str = ""

    @property
    def about_schema(self) -> bool:
        """Whether it asks for nothing but the schema, the same for everybody."""
        return (
            self.operation.operation == OperationType.QUERY
            and not self.variables
            and len([one for one in self.document.definitions if one.kind == _OPERATION]) == 1
            and all(
                isinstance(one, FieldNode) and one.name.value.startswith("__")
                for one in self.operation.selection_set.selections
            )
        )

    @property
    def kind(self) -> str:
        """``query``, ``mutation`` or ``subscription``."""
        return self.operation.operation.value


@dataclass(slots=True)
class _Known:
    """A parsed document, and for which schemas it is valid."""

    document: DocumentNode
    digest: str
    judged: str = ""
    problems: dict[tuple[str, bool], list[GraphQLError]] = field(default_factory=dict)


_known: LRUCache[str, _Known] = LRUCache(maxsize=_DOCUMENTS)
_lock = threading.Lock()


def prepare(compiled: CompiledSchema, request: GraphQLRequest, *, actor: Actor) -> Prepared:
    """Everything that can be said of a request without running it.

    Raises:
        RequestRefused: with what is wrong; nothing was run.
    """
    try:
        text = text_of(request.query, request.extensions)
        if len(text.encode()) > settings.OMS_GRAPHQL_MAX_QUERY_BYTES:
            raise BadRequest(
                f"The document is longer than {settings.OMS_GRAPHQL_MAX_QUERY_BYTES} bytes.",
                code="graphql_too_complex",
                data={"bound": "bytes", "max": settings.OMS_GRAPHQL_MAX_QUERY_BYTES},
            )
        known = _parsed(text)
        operation = _operation(known.document, request.operation_name)
        if _introspects(known.document) and not _may_introspect(actor):
            raise PermissionDenied(
                "You may not look at the schema itself: the permission "
                f"{permissions.GRAPHQL_INTROSPECT} is missing.",
                code="introspection_denied",
                data={"permission": permissions.GRAPHQL_INTROSPECT},
            )
        problems = _validated(known, compiled, hide=True)
        if problems and _may_introspect(actor):
            problems = _validated(known, compiled, hide=False)  # with names that may be meant
        if problems:
            raise RequestRefused(problems)
        cost = cost_of(compiled.schema, known.document, operation, request.variables)
        most = current_limits().cost
        if cost > most:
            raise BadRequest(
                f"The operation would cost {cost}; at most {most} is allowed. Ask for fewer items "
                "(`first`) or fewer levels at once.",
                code="graphql_too_costly",
                data={"cost": cost, "max": most},
            )
    except OmsError as error:
        raise RequestRefused([graphql_error(error)]) from error
    return Prepared(compiled, known.document, operation, request.variables, cost, known.digest)


def _parsed(text: str) -> _Known:
    key = hashlib.sha256(text.encode()).hexdigest()
    limits = current_limits()
    with _lock:
        known = _known.get(key)
    if known is None:
        try:
            document = parse(text, max_tokens=settings.OMS_GRAPHQL_MAX_TOKENS, no_location=False)
        except GraphQLSyntaxError as error:
            if "nested too deeply" not in error.message:
                raise RequestRefused([error]) from error
            raise TooLarge(
                "The document is nested too deeply to be read.",
                code="graphql_too_complex",
                data={"bound": "levels", "max": limits.depth},
            ) from error
        known = _Known(document, key)
    if known.judged != repr(limits):  # once per document, and again when the settings change
        check_shape(known.document, limits)
        known.judged = repr(limits)
    with _lock:
        _known[key] = known
    return known


def _validated(known: _Known, compiled: CompiledSchema, *, hide: bool) -> list[GraphQLError]:
    key = (compiled.key, hide)
    problems = known.problems.get(key)
    if problems is None:
        problems = validate(
            compiled.schema,
            known.document,
            specified_rules,
            max_errors=_MAX_ERRORS,
            hide_suggestions=hide,
        )
        if len(known.problems) > 20:
            known.problems.clear()
        known.problems[key] = problems
    return problems


def _operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    found = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if name:
        found = [node for node in found if node.name is not None and node.name.value == name]
        if not found:
            raise BadRequest(
                f"The document has no operation named '{name}'.", code="graphql_no_operation"
            )
    if not found:
        raise BadRequest("The document has no operation.", code="graphql_no_operation")
    if len(found) > 1:
        raise BadRequest(
            "The document has several operations: say which by `operationName`.",
            code="graphql_no_operation",
        )
    return found[0]


def _introspects(document: DocumentNode) -> bool:
    """Whether any selection asks for ``__schema`` or ``__type``; ``__typename`` is none."""
    waiting: list[Any] = [getattr(node, "selection_set", None) for node in document.definitions]
    while waiting:
        chosen = waiting.pop()
        for child in () if chosen is None else chosen.selections:
            if isinstance(child, FieldNode) and child.name.value in ("__schema", "__type"):
                return True
            if isinstance(child, FieldNode | InlineFragmentNode):
                waiting.append(child.selection_set)
            else:
                assert isinstance(child, FragmentSpreadNode)  # its definition is looked at itself
    return False


def _may_introspect(actor: Actor) -> bool:
    rule = settings.OMS_GRAPHQL_INTROSPECTION
    if rule == "role":
        return authorizer.anywhere(actor, permissions.GRAPHQL_INTROSPECT).allowed
    return bool(rule == "everybody")


def deadline() -> float:
    """Until when a query that begins now may take."""
    return float(time.monotonic() + settings.OMS_GRAPHQL_TIMEOUT)


def run(prepared: Prepared, context: Context, root: Any = None) -> ExecutionResult:
    """Run a query or a mutation, or one event (``root``) of a subscription; in this thread.

    Raises:
        RequestRefused: the variables do not fit. Unavailable: it took too long.
    """
    try:
        if prepared.about_schema:
            result = _about_schema(prepared, context)
        elif prepared.operation.operation == OperationType.MUTATION:
            result = _executed(prepared, context, root)
        else:
            with remembering():  # as the middleware does for every GET
                result = _executed(prepared, context, root)
    except OutOfTime:
        error = Unavailable(
            f"The query took longer than {settings.OMS_GRAPHQL_TIMEOUT:g} s and was given up. "
            "Ask for less at once.",
            code="graphql_timeout",
            data={"seconds": settings.OMS_GRAPHQL_TIMEOUT},
        )
        return ExecutionResult(None, [graphql_error(error)])
    note_denials(result.errors or (), context.denials)
    if result.data is None and result.errors and all(e.path is None for e in result.errors):
        raise RequestRefused(result.errors)
    return result


#: Answers about schemas: they depend on nobody who asks, and large ones take long to work out.
_described: LRUCache[tuple[str, str], ExecutionResult] = LRUCache(maxsize=100)


def _about_schema(prepared: Prepared, context: Context) -> ExecutionResult:
    key = (prepared.compiled.key, prepared.digest)
    with _lock:
        known = _described.get(key)
    if known is None:
        known = _executed(prepared, context, None)
        with _lock:
            _described[key] = known
    return known


def _executed(prepared: Prepared, context: Context, root: Any) -> ExecutionResult:
    name = prepared.operation.name
    return execute_sync(
        prepared.compiled.schema,
        prepared.document,
        root_value=root,
        context_value=context,
        variable_values=dict(prepared.variables),
        operation_name=None if name is None else name.value,
        executor_class=OmsExecutor,
        hide_suggestions=True,
    )


async def subscribe(prepared: Prepared, context: Context) -> AsyncIterator[Any]:
    """The events of a subscription, as its ``subscribe`` function yields them; run each by `run`.

    Raises:
        RequestRefused: the variables do not fit, or the subscription is not to be had.
    """
    name = prepared.operation.name
    executor = OmsExecutor.build(
        prepared.compiled.schema,
        prepared.document,
        context_value=context,
        raw_variable_values=dict(prepared.variables),
        operation_name=None if name is None else name.value,
        hide_suggestions=True,
    )
    if isinstance(executor, list):
        raise RequestRefused(executor)
    found = create_source_event_stream(executor)
    stream = await found if isinstance(found, Awaitable) else found
    if isinstance(stream, ExecutionResult):
        note_denials(stream.errors or (), context.denials)
        raise RequestRefused(stream.errors or ())
    return stream.__aiter__()


def answer(result: ExecutionResult, prepared: Prepared) -> dict[str, Any]:
    """An execution's result as it is sent, with what it cost."""
    body: dict[str, Any] = {}
    if result.errors:
        body["errors"] = [formatted(error) for error in result.errors]
    body["data"] = result.data
    body["extensions"] = {"cost": {"requested": prepared.cost, "max": current_limits().cost}}
    return body
