"""The client of webhooks against receivers of every kind, over real sockets."""

from __future__ import annotations

import asyncio
import datetime as dt
import socket
import ssl
import struct
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from events.adapters.http import Answer, WebhookClient
from events.domain.addresses import parse_networks

ALLOWED = parse_networks(["127.0.0.0/8"])
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

Reply = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Receiver:
    """Answers every request with the same bytes, or as a function says."""

    def __init__(self, reply: bytes | Reply) -> None:
        self.reply = reply
        self.connections = 0
        self.requests: list[bytes] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                sizes = [
                    int(line.split(b":")[1])
                    for line in head.split(b"\r\n")
                    if line.lower().startswith(b"content-length:")
                ]
                self.requests.append(head + await reader.readexactly(sum(sizes)))
                if isinstance(self.reply, bytes):
                    writer.write(self.reply)
                    await writer.drain()
                else:
                    await self.reply(writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def receiving(reply: bytes | Reply, tls: ssl.SSLContext | None = None) -> Any:
    receiver = Receiver(reply)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()


@asynccontextmanager
async def client_of(**options: Any) -> Any:
    client = WebhookClient(**{"allowed": ALLOWED, "allow_http": True, "timeout": 5.0} | options)
    try:
        yield client
    finally:
        await client.aclose()


def ask(reply: bytes | Reply, **options: Any) -> Answer:
    async def run() -> Answer:
        async with receiving(reply) as receiver, client_of(**options) as client:
            answer: Answer = await client.send(
                f"http://127.0.0.1:{receiver.port}/hook", headers={}, body=b"{}"
            )
            if answer.error:
                assert answer.detail.endswith(".")
            if answer.error == "timeout":
                assert client._pool.connections == []
            return answer

    return asyncio.run(run())


def _answer(status: str, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", "Content-Length: 4", *headers, "", "body"]
    return "\r\n".join(lines).encode()


@pytest.mark.parametrize("status", [200, 204, 410, 404, 500, 503])
def test_a_status_is_an_answer(status: int) -> None:
    body = b"" if status == 204 else b"Content-Length: 4\r\n\r\nbo\0\xff"
    answer = ask(f"HTTP/1.1 {status} X\r\nX-One: 1\r\n".encode() + (body or b"\r\n"))
    assert (answer.status, answer.error, answer.detail) == (status, "", "")
    assert answer.headers["x-one"] == "1"
    assert answer.body == ("" if status == 204 else "bo\ufffd\ufffd")
    assert answer.milliseconds > 0
    assert answer.retry_after is None


def test_retry_after_in_seconds_and_as_a_date() -> None:
    assert ask(_answer("429 Slow", "Retry-After: 120")).retry_after == 120
    assert ask(_answer("429 Slow", f"Retry-After: {'9' * 5_000}")).retry_after == 1e12
    assert ask(_answer("429 Slow", "Retry-After: soon")).retry_after is None
    assert ask(_answer("429 Slow", "Retry-After: -5")).retry_after is None
    later = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=100)
    dated = ask(_answer("429 Slow", f"Retry-After: {format_datetime(later, usegmt=True)}"))
    assert dated.retry_after == pytest.approx(99, abs=3)
    past = ask(_answer("503 Down", "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT"))
    assert past.retry_after == 0


def test_redirects_are_not_followed() -> None:
    async def run() -> None:
        async with receiving(OK) as other:
            reply = _answer("302 Found", f"Location: http://127.0.0.1:{other.port}/")
            async with receiving(reply) as receiver, client_of() as client:
                answer = await client.send(
                    f"http://127.0.0.1:{receiver.port}/", headers={}, body=b""
                )
            assert (answer.status, answer.error, other.connections) == (302, "redirect", 0)

    asyncio.run(run())


def test_one_that_hangs_is_left_at_the_deadline() -> None:
    async def hang(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    answer = ask(hang, timeout=0.5)
    assert (answer.status, answer.error) == (None, "timeout")
    assert 450 < answer.milliseconds < 2_000
    assert answer.detail == "It took longer than 0.5 s, while waiting for the answer."


@pytest.mark.parametrize("head", [b"", OK[:-2].replace(b": 2", b": 99999")])
def test_one_that_drips_is_left_at_the_deadline(head: bytes) -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        for byte in b"HTTP/1.1 200 OK\r\n" + b"X" * 1_000:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.2)

    answer = ask(drip, timeout=1.0)
    assert (answer.status, answer.error) == (None, "timeout")
    assert 950 < answer.milliseconds < 2_500


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"])
def test_resets(start: bytes) -> None:
    async def reset(writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        await writer.drain()
        await asyncio.sleep(0.05)
        place = writer.get_extra_info("socket")
        place.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    answer = ask(reset)
    assert (answer.status, answer.error) == (None, "reset")


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"])
def test_connections_that_are_closed_too_early(start: bytes) -> None:
    async def close(writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        await writer.drain()
        writer.close()

    answer = ask(close)
    assert (answer.status, answer.error) == (None, "reset")


@pytest.mark.parametrize(
    "reply",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"\x00\x01\x02\xff" * 10 + b"\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    ],
)
def test_what_is_no_http(reply: bytes) -> None:
    answer = ask(reply)
    assert (answer.status, answer.error) == (None, "protocol")


def test_of_a_huge_body_the_beginning_is_read() -> None:
    sent = 0

    async def flood(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()
            sent += 65_536

    answer = ask(flood)
    assert (answer.status, answer.error, answer.body) == (200, "", "x" * 4_096)
    assert sent < 50_000_000


def test_compressed_bodies_are_not_unfolded() -> None:
    answer = ask(_answer("200 OK", "Content-Encoding: gzip"))
    assert (answer.status, answer.error, answer.body) == (200, "", "body")


def test_headers_are_bounded() -> None:
    many = [f"X-{number}: {'v' * 900}" for number in range(80)]
    answer = ask(_answer("200 OK", *many))
    assert (answer.status, len(answer.headers)) == (200, 50)
    assert {len(value) for name, value in answer.headers.items() if name != "content-length"} == {
        500
    }
    endless = ask(_answer("200 OK", *(f"X-{number}: {'v' * 9_000}" for number in range(80))))
    assert (endless.status, endless.error) == (None, "too_large")


def test_connections_are_kept_and_cookies_are_not() -> None:
    async def run() -> None:
        reply = _answer("200 OK", "Set-Cookie: a=b; Path=/")
        async with receiving(reply) as receiver, client_of(user_agent="Me/1") as client:
            url = f"http://127.0.0.1:{receiver.port}/hook?q=1"
            for number in range(20):
                answer = await client.send(
                    url,
                    headers={
                        "X-Number": str(number),
                        "Host": "evil",
                        "Transfer-Encoding": "chunked",
                    },
                    body=b"body",
                )
                assert answer.status == 200
        assert receiver.connections == 1
        assert len(receiver.requests) == 20
        for number, request in enumerate(receiver.requests):
            text = request.decode().lower()
            assert text.startswith("post /hook?q=1 http/1.1\r\nhost: 127.0.0.1:")
            assert f"x-number: {number}\r\n" in text
            assert "user-agent: me/1\r\n" in text
            assert "cookie" not in text
            assert "evil" not in text
            assert "chunked" not in text
            assert text.endswith("\r\n\r\nbody")

    asyncio.run(run())


def test_a_connection_that_was_closed_in_between_is_replaced() -> None:
    async def run() -> None:
        async def once(writer: asyncio.StreamWriter) -> None:
            writer.write(OK)
            await writer.drain()
            writer.close()

        async with receiving(once) as receiver, client_of() as client:
            for _ in range(3):
                answer = await client.send(
                    f"http://127.0.0.1:{receiver.port}/", headers={}, body=b"x"
                )
                assert (answer.status, answer.error) == (200, "")
                await asyncio.sleep(0.05)
        assert receiver.connections == len(receiver.requests) == 3

    asyncio.run(run())


def test_nobody_listens_and_no_name() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        if host == "none.example":
            return []
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async def run() -> None:
        with socket.socket() as place:
            place.bind(("127.0.0.1", 0))
            port = place.getsockname()[1]
            async with client_of(resolve=resolve) as client:
                answer = await client.send(f"http://127.0.0.1:{port}/", headers={}, body=b"")
                assert (answer.status, answer.error) == (None, "connect")
                assert "refused" in answer.detail.lower()
                for host in ("missing.example", "none.example"):
                    answer = await client.send(f"http://{host}/", headers={}, body=b"")
                    assert (answer.status, answer.error) == (None, "dns")

    asyncio.run(run())


def test_the_next_address_is_tried_and_proxies_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")

    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.2", "127.0.0.1"]

    async def run() -> None:
        async with receiving(OK) as receiver, client_of(resolve=resolve) as client:
            answer = await client.send(
                f"http://hook.example:{receiver.port}/", headers={}, body=b""
            )
            assert (answer.status, answer.body) == (200, "ok")
            assert f"hook.example:{receiver.port}".encode() in receiver.requests[0]

    asyncio.run(run())


def test_headers_that_would_inject_others_are_not_sent() -> None:
    async def run() -> None:
        async with receiving(OK) as receiver, client_of() as client:
            for headers in ({"x": "a\r\nEvil: 1"}, {"x": "ü"}, {"a b": "c"}):
                answer = await client.send(
                    f"http://127.0.0.1:{receiver.port}/", headers=headers, body=b""
                )
                assert (answer.status, answer.error) == (None, "protocol")
            assert receiver.requests == []

    asyncio.run(run())


def test_cancelling_passes() -> None:
    async def hang(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async def run() -> None:
        async with receiving(hang) as receiver, client_of() as client:
            task = asyncio.create_task(
                client.send(f"http://127.0.0.1:{receiver.port}/", headers={}, body=b"")
            )
            await asyncio.sleep(0.2)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert client._pool.connections == []

    asyncio.run(run())


def _server_tls(folder: Path, name: str) -> tuple[ssl.SSLContext, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + certificate.public_bytes(Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context, path


def test_tls_verifies_the_name_of_the_url(tmp_path: Path) -> None:
    server, path = _server_tls(tmp_path, "hook.example")
    names: list[str | None] = []
    server.sni_callback = lambda _socket, name, _context: names.append(name)
    trusting = ssl.create_default_context(cafile=str(path))

    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    async def run() -> None:
        async with receiving(OK, server) as receiver:
            async with client_of(resolve=resolve, tls=trusting) as client:
                for host in ("hook.example", "hook.example."):
                    url = f"https://{host}:{receiver.port}/"
                    answer = await client.send(url, headers={}, body=b"")
                    assert (answer.status, answer.error) == (200, "")
                for host in ("other.example", "127.0.0.1"):
                    url = f"https://{host}:{receiver.port}/"
                    answer = await client.send(url, headers={}, body=b"")
                    assert (answer.status, answer.error) == (None, "tls")
                    assert "match" in answer.detail or "not valid for" in answer.detail
            async with client_of(resolve=resolve) as client:
                url = f"https://hook.example:{receiver.port}/"
                answer = await client.send(url, headers={}, body=b"")
                assert (answer.status, answer.error) == (None, "tls")
                assert "self-signed" in answer.detail
            assert len(receiver.requests) == 2
        assert names[:2] == ["hook.example"] * 2

    asyncio.run(run())


def test_tls_to_one_that_has_none_and_without_verification() -> None:
    async def run() -> None:
        async with receiving(b"nonsense") as receiver, client_of(connect_timeout=0.5) as client:
            began = time.monotonic()
            answer = await client.send(f"https://127.0.0.1:{receiver.port}/", headers={}, body=b"")
            assert answer.status is None
            assert answer.error in {"tls", "timeout"}
            assert time.monotonic() - began < 3

    asyncio.run(run())
    careless = ssl.create_default_context()
    careless.check_hostname = False
    with pytest.raises(ValueError):
        WebhookClient(tls=careless)
