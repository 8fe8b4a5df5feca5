"""One operation over a connection that stays open, whatever carries it: a WebSocket or an event
stream. It runs as its session's actor, and a subscription asks again and again whether it still may.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    OperationType,
)

from audit.denials import record_denial
from oms_project.api.errors import as_oms_error
from oms_project.api.json import to_json
from oms_project.core.context import Actor, acting_as
from oms_project.core.errors import BadRequest, PermissionDenied, Unauthenticated
from oms_project.core.routes import Need
from oms_project.graphql.context import Context
from oms_project.graphql.engine import (
    CompiledSchema,
    GraphQLRequest,
    Prepared,
    answer,
    deadline,
    prepare,
    run,
    subscribe,
)
from oms_project.graphql.errors import RequestRefused, formatted, graphql_error, note_denials
from oms_project.graphql.fields import needed
from oms_project.graphql.threads import in_thread

__all__ = ["Answer", "Refused", "results"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """One result of an operation.

    Attributes:
        body: ``{"data", "errors", "extensions"}`` as JSON.
        token: of an event that can be resumed after; empty otherwise.
    """

    body: bytes
    token: str = ""


class Refused(Exception):
    """The operation ends, or never began.

    Attributes:
        errors: as they stand in an answer.
    """

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        self.errors = errors
        super().__init__("; ".join(str(error["message"]) for error in errors))


async def results(
    request: GraphQLRequest,
    source: Callable[[], CompiledSchema],
    actor: Actor,
    *,
    check: Callable[[], object],
    resume_from: str = "",
    read_only: bool = False,
) -> AsyncGenerator[Answer, None]:
    """The answers of an operation: one of a query or a mutation, any number of a subscription.

    Run it in one task from beginning to end, within the scopes of the request.

    Args:
        source: of the schema; called in a thread, as the actor.
        check: asks in a thread whether the session still holds; raises `Unauthenticated` when not.
        resume_from: a token for a subscription that names none itself.
        read_only: mutations are refused: it came by GET.

    Raises:
        Refused: with what is wrong. Unauthenticated: the session has ended.
    """
    one = _Operation(request, source, actor, check, read_only=read_only)
    try:
        async for found in one.run(resume_from):
            yield found
    except RequestRefused as refused:
        note_denials(refused.errors, one.denials)
        raise Refused([formatted(error) for error in refused.errors]) from refused
    except Unauthenticated:
        raise
    except Exception as error:
        if isinstance(error, PermissionDenied):
            one.denials.append(error)
            await in_thread(check)  # perhaps nothing is allowed any more, because the session ended
        raise Refused([formatted(graphql_error(error))]) from error
    finally:
        if one.denials:
            await one.thread(partial(record_denial, one.denials[0]))


class _Operation:
    """See `results`."""

    def __init__(
        self,
        request: GraphQLRequest,
        source: Callable[[], CompiledSchema],
        actor: Actor,
        check: Callable[[], object],
        *,
        read_only: bool,
    ) -> None:
        self._read_only = read_only
        self._request = request
        self._source = source
        self._actor = actor
        self._check = check
        self.denials: list[PermissionDenied] = []

    async def thread(self, function: Callable[[], T], *, pool: str = "live") -> T:
        """Call a function in a thread as the actor."""

        def act() -> T:
            with acting_as(self._actor):
                return function()

        return await in_thread(act, pool=pool)

    async def run(self, resume_from: str) -> AsyncGenerator[Answer, None]:
        """The answers, or what was raised."""
        prepared, only = await self.thread(self._begin, pool="operations")
        if only is not None:
            yield only
            return
        context = self._context()
        context.check = partial(self._still, prepared)
        context.resume_from = resume_from
        with acting_as(self._actor):
            stream = await subscribe(prepared, context)
        try:
            async for event in stream:
                yield await self.thread(partial(self._answered, prepared, event))
        finally:
            # The generator's own `finally` must run now, not when it is found as garbage.
            if isinstance(stream, AsyncGenerator):
                await stream.aclose()

    def _begin(self) -> tuple[Prepared, Answer | None]:
        self._check()
        try:
            prepared = prepare(self._source(), self._request, actor=self._actor)
        except RequestRefused:
            raise
        except Exception as error:
            raise RequestRefused([graphql_error(as_oms_error(error))]) from error
        if self._read_only and prepared.operation.operation == OperationType.MUTATION:
            raise BadRequest("A mutation is sent by POST.", code="method_not_allowed")
        if prepared.operation.operation == OperationType.SUBSCRIPTION:
            _ask_for_fields(prepared)
            return prepared, None
        return prepared, self._answered(prepared, None)

    def _still(self, prepared: Prepared) -> None:
        self._check()
        _ask_for_fields(prepared)

    def _answered(self, prepared: Prepared, event: Any) -> Answer:
        context = self._context()
        context.deadline = deadline()
        body = to_json(answer(run(prepared, context, event), prepared))
        return Answer(body, str(getattr(event, "resume_token", "") or ""))

    def _context(self) -> Context:
        return Context(actor=self._actor, denials=self.denials)


def _ask_for_fields(prepared: Prepared) -> None:
    """Return when the actor holds what the root fields of a subscription need.

    Raises:
        PermissionDenied.
    """
    for name in _root_fields(prepared):
        need = _need_of(prepared.compiled.schema, name)
        if need is None:
            raise PermissionDenied(f"'{name}' does not say who may use it.")
        needed(need)


def _need_of(schema: GraphQLSchema, name: str) -> Need | None:
    """What a field of the subscription type needs; nothing else of a lazy schema is made for it."""
    root = schema.subscription_type
    field = None if root is None else root.fields.get(name)
    if field is None:
        return None
    extensions = field.extensions or {}
    own = extensions.get("strawberry-definition")
    found: Need | None = (extensions if own is None else own.metadata).get("needs")
    return found


def _root_fields(prepared: Prepared) -> set[str]:
    """Names of the fields of the operation itself, through fragments."""
    fragments = {
        node.name.value: node
        for node in prepared.document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    found: set[str] = set()
    met: set[str] = set()
    waiting = [prepared.operation.selection_set]
    while waiting:
        for child in waiting.pop().selections:
            if isinstance(child, FieldNode):
                found.add(child.name.value)
            elif isinstance(child, InlineFragmentNode):
                waiting.append(child.selection_set)
            elif isinstance(child, FragmentSpreadNode) and child.name.value not in met:
                met.add(child.name.value)
                waiting.append(fragments[child.name.value].selection_set)
    return found
