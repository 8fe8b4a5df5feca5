"""Subscriptions as clients meet them: servers of their own, and the npm packages graphql-ws and
graphql-sse.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import httpx
import psutil
import pytest

from tests import services
from tests.live_client import LiveClient, live_client
from tests.services import OmsServer, Service

COMMITS = """subscription($r: String) { commits(ontology: "logistics", resumeFrom: $r) {
  resumeToken commit { commitId message } } }"""
_QUICK = {"OMS_EVENTS_INTERVAL": "0.2", "OMS_GRAPHQL_LOOK_SECONDS": "1"}


@pytest.fixture(scope="module")
def server() -> Iterator[OmsServer]:
    """A server with an ontology."""
    with services.oms(extra=_QUICK) as found:
        _make(found)
        yield found


_tokens: dict[str, str] = {}


def _client(server: OmsServer) -> httpx.Client:
    """A client with the administrator's token; hashing the password takes longer than a commit."""
    if server.url not in _tokens:
        with closing(server.client()) as signed_in:
            _tokens[server.url] = str(signed_in.headers["Authorization"])
    return httpx.Client(
        base_url=server.url, timeout=30, headers={"Authorization": _tokens[server.url]}
    )


def _make(server: OmsServer) -> None:
    with _client(server) as client:
        made = client.post(
            "/api/v1/ontologies",
            json={"name": "logistics", "baseIri": "https://example.org/logistics/"},
        )
        assert made.status_code == 201, made.text


def _commit(server: OmsServer, name: str) -> str:
    with _client(server) as client:
        made = client.post(
            "/api/v1/ontologies/logistics/changesets?branch=main",
            json={
                "message": name,
                "changes": [
                    {
                        "op": "create",
                        "kind": "EnumType",
                        "fields": {"apiName": name, "members": [{"code": "A"}]},
                    }
                ],
            },
        )
        assert made.status_code == 201, made.text
        return str(made.json()["commit"]["id"])


def _token(server: OmsServer) -> str:
    with _client(server):
        return _tokens[server.url].removeprefix("Bearer ")


def _socket_url(server: OmsServer) -> str:
    return server.url.replace("http://", "ws://") + "/graphql"


def _stands(client: LiveClient, server: OmsServer) -> None:
    """Wait until a subscription to commits tells what happens: a server that has just started loads
    GraphQL first.
    """
    for number in range(30):
        made = _commit(server, f"Warm{time.monotonic_ns()}x{number}")
        try:
            while client.data(seconds=2)["commits"]["commit"]["commitId"] != made:
                pass
        except AssertionError:
            continue
        return
    raise AssertionError("The subscription tells nothing.")


def test_graphql_ws_queries_and_subscribes(server: OmsServer) -> None:
    with live_client("ws", _socket_url(server), _token(server)) as client:
        client.subscribe("q", "{ ontologies { nodes { name } } }")
        assert client.data() == {"ontologies": {"nodes": [{"name": "logistics"}]}}
        client.hear_of("complete")
        client.subscribe("s", COMMITS)
        time.sleep(1)
        made = _commit(server, "FirstEnum")
        told = client.data()["commits"]
        assert told["commit"] == {"commitId": made, "message": "FirstEnum"}
        client.stop("s")
        assert client.hear_of("complete")["id"] == "s"
        _commit(server, "SecondEnum")
        assert client.hear_of("closed")["code"] == 1000  # the client's own: nothing runs any more
        assert client.silent(2)
    with live_client("ws", _socket_url(server), _token(server)) as client:
        client.subscribe("s", COMMITS, {"r": told["resumeToken"]})
        assert client.data()["commits"]["commit"]["message"] == "SecondEnum"


def test_graphql_ws_is_told_what_is_wrong(server: OmsServer) -> None:
    with live_client("ws", _socket_url(server), _token(server)) as client:
        client.subscribe("1", "subscription { nothing }")
        heard = client.hear()
        while heard["event"] == "connected":
            heard = client.hear()
        assert heard["event"] == "error"
        assert heard["errors"][0]["extensions"]["code"] == "graphql_invalid"


def test_graphql_ws_without_credentials(server: OmsServer) -> None:
    with live_client("ws", _socket_url(server), "nonsense") as client:
        client.subscribe("1", COMMITS)
        assert client.hear()["code"] == 4401


def test_the_legacy_protocol_is_closed(server: OmsServer) -> None:
    with live_client("ws", _socket_url(server), _token(server), "graphql-ws") as client:
        client.subscribe("1", COMMITS)
        # A client that asked for a protocol and got none fails the handshake itself, or is closed.
        assert client.hear()["code"] in (4406, 1006)


def test_a_server_that_was_killed_tells_what_was_missed() -> None:
    with ExitStack() as stack:
        first = stack.enter_context(services.oms(extra=_QUICK))
        _make(first)
        seen: list[str] = []
        with live_client("ws", _socket_url(first), _token(first)) as client:
            client.subscribe("s", COMMITS)
            _stands(client, first)
            made = [_commit(first, f"Before{number}") for number in range(3)]
            for _ in made:
                told = client.data()["commits"]
                seen.append(told["commit"]["commitId"])
            token = told["resumeToken"]
            made.append(_commit(first, "Unheard"))
            first.kill()
        second = stack.enter_context(
            services.oms(data_dir=first.data_dir, extra=_QUICK, password=first.password)
        )
        made += [_commit(second, f"After{number}") for number in range(3)]
        with live_client("ws", _socket_url(second), _token(second)) as client:
            client.subscribe("s", COMMITS, {"r": token})
            while len(seen) < len(made):
                seen.append(client.data()["commits"]["commit"]["commitId"])
            assert client.silent(1.5)
    assert seen == made


def test_two_processes_hear_of_each_other_through_the_channel_layer(
    valkey_server: Service,
) -> None:
    extra = {**_QUICK, "REDIS_URL": valkey_server.url, "OMS_GRAPHQL_LOOK_SECONDS": "60"}
    with ExitStack() as stack:
        first = stack.enter_context(services.oms(extra=extra))
        _make(first)
        # Its own relay off: what it hears of, it hears from the other process.
        second = stack.enter_context(
            services.oms(
                data_dir=first.data_dir,
                extra={**extra, "OMS_EVENTS_RELAY": "false"},
                password=first.password,
            )
        )
        with live_client("ws", _socket_url(second), _token(second)) as client:
            client.subscribe("s", COMMITS)
            _stands(client, first)
            made = [_commit(first, f"Enum{number}") for number in range(5)]
            seen = [client.data(seconds=10)["commits"]["commit"]["commitId"] for _ in made]
        assert seen == made


# -- server-sent events ---------------------------------------------------------------------------


def _events(answer: httpx.Response) -> Iterator[dict[str, Any]]:
    event: dict[str, Any] = {}
    for line in answer.iter_lines():
        if not line:
            if "event" in event:
                yield event
            event = {}
            continue
        name, _, value = line.partition(":")
        if name:
            event[name] = value.removeprefix(" ")


def test_graphql_sse(server: OmsServer) -> None:
    with live_client("sse", f"{server.url}/graphql", _token(server)) as client:
        client.subscribe("q", "{ ontologies { nodes { name } } }")
        assert client.data() == {"ontologies": {"nodes": [{"name": "logistics"}]}}
        client.hear_of("complete")
        client.subscribe("s", COMMITS)
        time.sleep(1)
        made = _commit(server, "SseEnum")
        assert client.data()["commits"]["commit"]["commitId"] == made
        client.stop("s")
        client.hear_of("complete")


def test_event_streams_go_on_after_their_last_event(server: OmsServer) -> None:
    body = {"query": COMMITS}
    accept = {"Accept": "text/event-stream"}
    with _client(server) as client:
        with client.stream("POST", "/graphql", json=body, headers=accept) as answer:
            assert answer.status_code == 200
            assert answer.headers["Content-Type"].startswith("text/event-stream")
            time.sleep(1)
            _commit(server, "Stream1")
            first = next(_events(answer))
        assert first["event"] == "next"
        missed = _commit(server, "Stream2")
        accept["Last-Event-ID"] = first["id"]
        with client.stream("POST", "/graphql", json=body, headers=accept) as answer:
            second = next(_events(answer))
        told = json.loads(second["data"])["data"]["commits"]
        assert told["commit"]["commitId"] == missed
        assert told["resumeToken"] == second["id"]


def test_an_event_stream_says_what_is_wrong(server: OmsServer) -> None:
    with (
        _client(server) as client,
        client.stream(
            "POST", "/graphql", json={"query": "{ nothing }"},
            headers={"Accept": "text/event-stream"},
        ) as answer,
    ):  # fmt: skip
        first, second = list(_events(answer))
    assert first["event"] == "next"
    assert json.loads(first["data"])["errors"][0]["extensions"]["code"] == "graphql_invalid"
    assert second["event"] == "complete"


def test_a_mutation_is_not_sent_by_get(server: OmsServer) -> None:
    query = 'mutation { deleteOntology(ontology: "logistics") { __typename } }'
    with (
        _client(server) as client,
        client.stream(
            "GET", "/graphql", params={"query": query}, headers={"Accept": "text/event-stream"}
        ) as answer,
    ):
        first = next(_events(answer))
        errors = json.loads(first["data"])["errors"]
        assert errors[0]["extensions"]["code"] == "method_not_allowed"
        assert client.get("/api/v1/ontologies/logistics").status_code == 200


def test_nobody_gets_no_event_stream(server: OmsServer) -> None:
    answer = httpx.post(
        f"{server.url}/graphql", json={"query": COMMITS}, headers={"Accept": "text/event-stream"}
    )
    assert answer.status_code == 401


# -- clients that do not behave -------------------------------------------------------------------


def _upgrade(server: OmsServer) -> socket.socket:
    """A WebSocket without a client: it reads nothing unless it is asked to."""
    found = socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), 10)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    found.sendall(
        b"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
    )
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += found.recv(1)
    assert b" 101 " in answer, answer
    return found


def _frame(message: dict[str, Any]) -> bytes:
    """A masked text frame; the mask is nothing."""
    body = json.dumps(message).encode()
    size = len(body)
    head = (
        bytes([0x81, 0x80 | size])
        if size < 126
        else bytes([0x81, 0x80 | 126]) + size.to_bytes(2)
        if size < 65536
        else bytes([0x81, 0x80 | 127]) + size.to_bytes(8)
    )
    return head + b"\0\0\0\0" + body


def _read_frame(found: socket.socket) -> tuple[int, bytes]:
    def exactly(size: int) -> bytes:
        got = b""
        while len(got) < size:
            part = found.recv(size - len(got))
            if not part:
                raise ConnectionError("closed")
            got += part
        return got

    first, second = exactly(2)
    size = second & 0x7F
    if size == 126:
        size = int.from_bytes(exactly(2))
    elif size == 127:
        size = int.from_bytes(exactly(8))
    return first & 0x0F, exactly(size)


def _memory(server: OmsServer) -> int:
    return int(psutil.Process(server.process.pid).memory_info().rss)


@pytest.fixture(scope="module")
def impatient() -> Iterator[OmsServer]:
    """A server that waits three seconds for slow clients."""
    with services.oms(extra={**_QUICK, "OMS_GRAPHQL_SLOW_SECONDS": "3"}) as found:
        _make(found)
        yield found


def test_a_client_that_does_not_read_is_let_go(impatient: OmsServer) -> None:
    server = impatient
    token = _token(server)
    with closing(_upgrade(server)) as slow:
        slow.sendall(_frame({"type": "connection_init", "payload": {"authToken": token}}))
        _kind, body = _read_frame(slow)
        assert json.loads(body) == {"type": "connection_ack"}
        before = _memory(server)
        large = _frame({"type": "ping", "payload": {"x": "y" * 500_000}})
        slow.settimeout(1)
        began = time.monotonic()
        try:
            for _ in range(400):  # 200 MB, every byte of which it would have to send back
                slow.sendall(large)
        except OSError:
            pass
        assert _memory(server) - before < 50 * 1024 * 1024
        slow.settimeout(20)
        with pytest.raises(OSError):
            while True:
                slow.sendall(_frame({"type": "ping"}))
                time.sleep(0.2)
        assert time.monotonic() - began < 15
    with live_client("ws", _socket_url(server), token) as client:
        client.subscribe("q", "{ __typename }")
        assert client.data() == {"__typename": "Query"}


def test_ten_thousand_subscriptions_on_a_socket(server: OmsServer) -> None:
    token = _token(server)
    with live_client("ws", _socket_url(server), token) as client:  # GraphQL is loaded
        client.subscribe("q", COMMITS.replace("subscription", "subscription Warm"))
        time.sleep(1)
    before = _memory(server)
    with closing(_upgrade(server)) as many:
        many.sendall(_frame({"type": "connection_init", "payload": {"authToken": token}}))
        _read_frame(many)
        payload = {"query": COMMITS}
        try:
            for key in range(10_000):
                many.sendall(_frame({"type": "subscribe", "id": str(key), "payload": payload}))
        except OSError:
            pass
        refused, code = 0, 0
        while not code:
            kind, body = _read_frame(many)
            if kind == 8:
                code = int.from_bytes(body[:2])
            else:
                assert json.loads(body)["type"] == "error"
                refused += 1
    assert code == 4429
    assert refused < 1000
    assert _memory(server) - before < 50 * 1024 * 1024


def test_a_message_that_is_too_large_is_not_taken(server: OmsServer) -> None:
    before = _memory(server)
    with closing(_upgrade(server)) as large:
        head = bytes([0x81, 0x80 | 127]) + (1 << 32).to_bytes(8) + b"\0\0\0\0"
        large.sendall(head)
        with pytest.raises(ConnectionError):  # at once, before any of its 4 GB
            _read_frame(large)
    assert _memory(server) - before < 20 * 1024 * 1024


def test_the_reason_of_a_close_reaches_the_client(server: OmsServer) -> None:
    with closing(_upgrade(server)) as nobody:
        nobody.sendall(_frame({"type": "subscribe", "id": "1", "payload": {"query": COMMITS}}))
        kind, body = _read_frame(nobody)
    assert (kind, int.from_bytes(body[:2])) == (8, 4401)
    assert b"connection_init" in body


def test_the_typed_endpoint_streams_as_well(server: OmsServer) -> None:
    with (
        _client(server) as client,
        client.stream(
            "POST",
            "/graphql/logistics",
            json={"query": "{ _commit }"},
            headers={"Accept": "text/event-stream"},
        ) as answer,
    ):
        first, second = list(_events(answer))
    assert len(json.loads(first["data"])["data"]["_commit"]) == 64
    assert second["event"] == "complete"
