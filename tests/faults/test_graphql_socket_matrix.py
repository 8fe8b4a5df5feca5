"""Every root field × every role over a WebSocket: the same refusals as over HTTP, subscriptions
among them.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import LazySettings

from audit.models import Event as AuditEvent
from oms_project.graphql.fields import declared_needs
from oms_project.graphql.schema import platform_schema
from oms_project.identity.contract import Role
from tests.conftest import MakePerson
from tests.faults.graphql_fields import operation_of, root_fields
from tests.faults.test_graphql_matrix import refusal
from tests.faults.test_permission_matrix import HELD
from tests.integration.graphql.sockets import Socket, run, signed_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.data]


def _refused_fields(role: Role | None) -> list[tuple[str, str, str, str]]:
    """Kind, name, need and document of every field that needs what the role does not hold. Files
    are not sent over a socket.
    """
    held = HELD[role] if role is not None else set()
    schema = platform_schema().schema
    fields = {(kind, name): field for kind, name, field in root_fields(schema)}
    found = []
    for kind, name, need in declared_needs(schema):
        if not isinstance(need, str) or need in held:
            continue
        text, variables = operation_of(kind, name, fields[kind, name])
        if not variables:
            found.append((kind, name, need, text))
    return found


async def _answer(socket: Socket, key: str, text: str) -> dict[str, Any]:
    await socket.subscribe(key, text)
    message = await socket.receive()
    if message["type"] == "error":
        return {"errors": message["payload"]}
    assert await socket.receive() == {"id": key, "type": "complete"}
    answer: dict[str, Any] = message["payload"]
    return answer


@pytest.mark.parametrize("role", [None, *Role])
def test_fields_are_refused_by_what_they_need(
    person: MakePerson, role: Role | None, settings: LazySettings
) -> None:
    settings.OMS_GRAPHQL_MESSAGES_PER_SECOND = 10_000
    user = person(f"matrix-{role or 'none'}", role)
    asked = _refused_fields(role)
    assert asked or role is Role.ADMINISTRATOR

    async def scenario() -> list[Any]:
        wrong = []
        socket = await signed_in(user)
        for kind, name, need, text in asked:
            answer = await _answer(socket, f"{kind}.{name}", text)
            found = refusal(answer)
            if (
                found is None
                or found["code"] != "permission_denied"
                or found["data"].get("permission") != need
            ):
                wrong.append((kind, name, need, answer))
        await socket.end()
        return wrong

    assert run(scenario()) == []
    recorded = AuditEvent.objects.filter(action="access.denied", door="websocket").count()
    assert recorded == len(asked)


def test_all_subscriptions_are_among_them() -> None:
    kinds = [name for kind, name, _need, _text in _refused_fields(None) if kind == "subscription"]
    assert sorted(kinds) == sorted(platform_schema().schema.subscription_type.fields)
