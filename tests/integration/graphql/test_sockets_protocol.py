"""The protocol: what is refused, with which code, and that nothing is done before authentication."""

from __future__ import annotations

import asyncio
import tracemalloc
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db.backends.utils import CursorWrapper

from audit.models import Event as AuditedEvent
from oms_project.core.clock import utc_now
from oms_project.graphql.sessions import _open
from oms_project.identity.contract import Role
from oms_project.identity.models import User
from tests.conftest import MakePerson, tokens_of
from tests.integration.graphql.sockets import PROTOCOL, Socket, run, signed_in, thread

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.data]

ME = "{ __typename }"


def test_a_query_over_a_socket(administrator: User) -> None:
    async def scenario() -> list[dict[str, Any]]:
        socket = await signed_in(administrator)
        await socket.subscribe("1", "{ ontologies { nodes { name } } }")
        got = [await socket.receive(), await socket.receive()]
        await socket.end()
        return got

    first, second = run(scenario())
    assert (first["id"], first["type"]) == ("1", "next")
    assert first["payload"]["data"] == {"ontologies": {"nodes": []}}
    assert second == {"id": "1", "type": "complete"}
    assert not _open


def test_a_mutation_over_a_socket_is_recorded_with_its_door(administrator: User) -> None:
    async def scenario() -> dict[str, Any]:
        socket = await signed_in(administrator)
        await socket.subscribe(
            "m",
            """mutation { createOntology(input: {name: "fleet", baseIri: "https://x.example/"})
               { __typename } }""",
        )
        got = await socket.receive()
        await socket.end()
        return got

    assert run(scenario())["payload"]["data"] == {"createOntology": {"__typename": "Ontology"}}
    recorded = AuditedEvent.objects.get(action="ontology.created")
    assert (recorded.door, recorded.actor_username) == ("websocket", "root")
    assert recorded.ontology == "fleet"


def test_the_legacy_protocol_is_refused() -> None:
    async def scenario() -> None:
        for protocols in (("graphql-ws",), ()):
            socket = Socket(protocols=protocols)
            assert await socket.open() == (True, None)
            assert (await socket.receive())["close"] == 4406

    run(scenario())


def test_the_known_protocol_is_chosen_among_several() -> None:
    async def scenario() -> None:
        socket = Socket(protocols=("graphql-ws", PROTOCOL))
        assert await socket.open() == (True, PROTOCOL)
        await socket.end()

    run(scenario())


@pytest.mark.parametrize(
    "message",
    [
        {"type": "subscribe", "id": "1", "payload": {"query": "{ ontologies { nodes { id } } }"}},
        {"type": "subscribe", "id": "1", "payload": {"query": "mutation { nothing }"}},
    ],
)
def test_nothing_is_parsed_or_asked_before_authentication(
    message: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []

    def noted(name: str) -> Any:
        return lambda *_arguments, **_named: ran.append(name)

    monkeypatch.setattr("oms_project.graphql.operations.prepare", noted("parsed"))

    async def scenario() -> dict[str, Any]:
        socket = Socket()
        await socket.open()
        monkeypatch.setattr(CursorWrapper, "execute", noted("query"))  # of every thread
        await socket.send(**message)
        return await socket.receive()

    closed = run(scenario())
    monkeypatch.undo()
    assert closed["close"] == 4401
    assert ran == []


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"Authorization": "Bearer nonsense"},
        {"authToken": "a.b.c"},
        {"Authorization": "Basic cm9vdDpyb290"},
        {"Authorization": ["Bearer x"]},
    ],
)
def test_credentials_that_do_not_hold(payload: dict[str, Any]) -> None:
    async def scenario() -> dict[str, Any]:
        socket = Socket()
        await socket.open()
        return await socket.init(**payload)

    assert run(scenario())["close"] == 4401


def test_a_client_that_never_says_who_it_is(settings: LazySettings) -> None:
    settings.OMS_GRAPHQL_INIT_SECONDS = 0.1

    async def scenario() -> dict[str, Any]:
        socket = Socket()
        await socket.open()
        await socket.send(type="ping")
        assert await socket.receive() == {"type": "pong"}
        return await socket.receive()

    assert run(scenario())["close"] == 4408


def test_a_second_init_closes(administrator: User) -> None:
    async def scenario() -> dict[str, Any]:
        socket = await signed_in(administrator)
        return await socket.init()

    assert run(scenario())["close"] == 4429


@pytest.mark.parametrize(
    "text",
    [" ", "{", "[]", "1", '"x"', "{}", '{"type": "start"}', '{"type": 1}', '{"type": ["ping"]}',
     '{"type": "ping", "payload": 1}', '{"type": "subscribe", "payload": {}}',
     '{"type": "subscribe", "id": "", "payload": {}}', '{"type": "subscribe", "id": 1}',
     '{"type": "subscribe", "id": "1"}', '{"type": "complete"}', "[" * 100_000],
)  # fmt: skip
def test_what_is_no_message(text: str, administrator: User) -> None:
    async def scenario() -> dict[str, Any]:
        socket = await signed_in(administrator)
        await socket.communicator.send_to(text_data=text)
        return await socket.receive()

    assert run(scenario())["close"] == 4400


def test_bytes_and_what_is_too_large(administrator: User, settings: LazySettings) -> None:
    settings.OMS_GRAPHQL_MAX_MESSAGE_BYTES = 1000

    async def scenario() -> None:
        socket = await signed_in(administrator)
        await socket.communicator.send_to(bytes_data=b'{"type": "ping"}')
        assert (await socket.receive())["close"] == 4400
        socket = await signed_in(administrator)
        await socket.send(type="ping", payload={"x": "y" * 1000})
        assert (await socket.receive())["close"] == 4400

    run(scenario())


def test_ping_is_answered_with_its_payload(administrator: User) -> None:
    async def scenario() -> None:
        socket = await signed_in(administrator)
        await socket.send(type="ping", payload={"at": 1})
        assert await socket.receive() == {"type": "pong", "payload": {"at": 1}}
        await socket.send(type="pong")
        await socket.send(type="ping")
        assert await socket.receive() == {"type": "pong"}
        await socket.end()

    run(scenario())


def test_an_id_that_is_in_use(administrator: User) -> None:
    async def scenario() -> dict[str, Any]:
        socket = await signed_in(administrator)
        await socket.subscribe("1", "subscription { events { resumeToken } }")
        await socket.subscribe("1", "subscription { events { resumeToken } }")
        return await socket.receive()

    assert run(scenario())["close"] == 4409


def test_what_is_refused_is_an_error_of_its_operation(administrator: User) -> None:
    async def scenario() -> list[dict[str, Any]]:
        socket = await signed_in(administrator)
        got = []
        for key, query in enumerate(
            (
                "{ nothing }",
                "{",
                "",
                "subscription { a: events { resumeToken } b: events { resumeToken } }",
            )
        ):
            await socket.subscribe(str(key), query)
            got.append(await socket.receive())
        await socket.send(id="x", type="subscribe", payload={"query": 1})
        got.append(await socket.receive())
        await socket.send(type="ping")
        assert await socket.receive() == {"type": "pong"}  # and the socket lives
        await socket.end()
        return got

    got = run(scenario())
    assert [one["type"] for one in got] == ["error"] * 5
    assert [one["id"] for one in got] == ["0", "1", "2", "3", "x"]
    codes = [one["payload"][0]["extensions"]["code"] for one in got]
    assert codes == [
        "graphql_invalid", "graphql_invalid", "graphql_no_document", "graphql_invalid",
        "graphql_bad_request",
    ]  # fmt: skip


def test_operations_of_one_socket_are_bounded(administrator: User, settings: LazySettings) -> None:
    settings.OMS_GRAPHQL_MAX_SUBSCRIPTIONS = 3

    async def scenario() -> None:
        socket = await signed_in(administrator)
        for key in range(3):
            await socket.subscribe(str(key), "subscription { events { resumeToken } }")
        await socket.subscribe("more", "subscription { events { resumeToken } }")
        refused = await socket.receive()
        assert (refused["id"], refused["type"]) == ("more", "error")
        assert refused["payload"][0]["extensions"]["code"] == "too_many_subscriptions"
        await socket.send(id="0", type="complete")
        await socket.subscribe("more", "{ __typename }")
        assert (await socket.receive())["payload"]["data"] == {"__typename": "Query"}
        await socket.end()

    run(scenario())


def test_messages_of_one_socket_are_bounded(administrator: User, settings: LazySettings) -> None:
    settings.OMS_GRAPHQL_MESSAGES_PER_SECOND = 1

    async def scenario() -> dict[str, Any]:
        socket = await signed_in(administrator)
        for _ in range(9):
            await socket.send(type="ping")
        for _ in range(9):
            assert await socket.receive() == {"type": "pong"}
        await socket.send(type="ping")
        await socket.send(type="ping")
        await socket.send(type="ping")
        while True:
            message = await socket.receive()
            if "close" in message:
                return message

    assert run(scenario())["close"] == 4429


def test_connections_of_one_user_are_bounded(
    administrator: User, person: MakePerson, settings: LazySettings
) -> None:
    settings.OMS_GRAPHQL_MAX_CONNECTIONS = 2
    other = person("ann", Role.VIEWER)

    async def scenario() -> None:
        first, second = await signed_in(administrator), await signed_in(administrator)
        third = Socket()
        await third.open()
        token = (await thread(tokens_of, administrator)).access
        assert (await third.init(authToken=token))["close"] == 4429
        somebody = await signed_in(other)
        await first.end()
        again = await signed_in(administrator)
        for socket in (second, somebody, again):
            await socket.end()

    run(scenario())
    assert not _open


def test_ten_thousand_subscriptions_on_one_socket(administrator: User) -> None:
    async def scenario() -> tuple[int, int]:
        socket = await signed_in(administrator)
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        for key in range(10_000):
            await socket.subscribe(str(key), "subscription { events { resumeToken } }")
        refused = 0
        while "close" not in (message := await socket.receive()):
            refused += message["type"] == "error"
            code = message["payload"][0]["extensions"]["code"]
            assert code == "too_many_subscriptions"
        assert message["close"] == 4429
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return refused, peak - before

    refused, grown = run(scenario())
    assert refused < 1000  # after that the socket was closed, and the rest was not looked at
    assert grown < 50 * 1024 * 1024


# -- origins and cookies --------------------------------------------------------------------------


def _cookie(user: User) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "oms_project.identity.backends.PasswordBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session["oms_started"] = session["oms_seen"] = int(utc_now().timestamp())
    session.save()
    return f"sessionid={session.session_key}"


def test_the_console_s_cookie_holds_on_our_own_pages(administrator: User) -> None:
    cookie = _cookie(administrator)

    async def scenario() -> None:
        socket = Socket(headers={"cookie": cookie, "origin": "http://testserver"})
        assert await socket.open() == (True, PROTOCOL)
        assert await socket.init() == {"type": "connection_ack"}
        await socket.subscribe("1", "{ ontologies { nodes { name } } }")
        assert (await socket.next()) == {"ontologies": {"nodes": []}}
        await socket.end()

    run(scenario())


def test_a_cookie_without_an_origin_says_nothing(administrator: User) -> None:
    cookie = _cookie(administrator)

    async def scenario() -> dict[str, Any]:
        socket = Socket(headers={"cookie": cookie})
        await socket.open()
        return await socket.init()

    assert run(scenario())["close"] == 4401


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://testserver.evil.example"},
        {"origin": "http://testserver:8001"},
        {"origin": "file://testserver"},
        {"host": "evil.example", "origin": "http://evil.example"},
        {"host": ""},
    ],
)
def test_a_foreign_origin_does_not_get_in(headers: dict[str, str], administrator: User) -> None:
    cookie = _cookie(administrator)

    async def scenario() -> tuple[bool, Any]:
        return await Socket(headers={"cookie": cookie, **headers}).open()

    opened, _code = run(scenario())
    assert not opened


def test_an_origin_that_a_setting_names_needs_a_token(
    administrator: User, settings: LazySettings
) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example"]
    cookie = _cookie(administrator)

    async def scenario() -> None:
        headers = {"cookie": cookie, "origin": "https://app.example"}
        socket = Socket(headers=headers)
        await socket.open()
        assert (await socket.init())["close"] == 4401
        socket = await signed_in(administrator, headers=headers)
        await socket.end()

    run(scenario())


def test_an_address_that_leads_nowhere() -> None:
    async def scenario() -> bool:
        return (await Socket("/elsewhere").open())[0]

    assert not run(scenario())


def test_what_a_client_completes_is_told_no_more(administrator: User) -> None:
    async def scenario() -> None:
        socket = await signed_in(administrator)
        await socket.subscribe("1", "subscription { events { resumeToken } }")
        await asyncio.sleep(0.2)
        await socket.send(id="1", type="complete")
        await socket.send(id="unknown", type="complete")
        await socket.send(type="ping")
        assert await socket.receive() == {"type": "pong"}
        assert await socket.silent()
        await socket.end()

    run(scenario())
