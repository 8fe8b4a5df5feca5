"""Hostile URLs against listeners of this machine that count: nobody is ever connected to.

Names are resolved by a resolver of the test, so that nothing is asked outside; numeric forms and
``localhost`` go to the operating system, whose reading of them is what an attacker counts on.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator, Sequence

import pytest

from events.adapters.http import Answer, WebhookClient
from events.domain.addresses import parse_networks

pytestmark = pytest.mark.faults


class Listener:
    """Accepts connections on 127.0.0.1 and ::1, the same port, and counts them."""

    def __init__(self) -> None:
        self.accepted = 0
        self.port = 0
        self._sockets: list[socket.socket] = []
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            place = socket.socket(family, socket.SOCK_STREAM)
            place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                place.bind((host, self.port))
            except OSError:
                place.close()  # a machine without IPv6
                continue
            place.listen(100)
            self.port = place.getsockname()[1]
            self._sockets.append(place)
        for place in self._sockets:
            threading.Thread(target=self._accept, args=(place,), daemon=True).start()

    def _accept(self, place: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = place.accept()
                self.accepted += 1
                connection.settimeout(1)
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret")
                connection.close()

    def close(self) -> None:
        for place in self._sockets:
            with contextlib.suppress(OSError):
                place.shutdown(socket.SHUT_RDWR)
            place.close()


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()


class Names:
    """A resolver: what an attacker's name server answers."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        name = host.rstrip(".").lower()
        if name == "localhost" or not any(c.isalpha() for c in name) or name.startswith("0x"):
            # A number that is none in the system's eyes either must not become a question outside.
            flags = 0 if name == "localhost" else socket.AI_NUMERICHOST
            found = await asyncio.get_running_loop().getaddrinfo(
                name, port, type=socket.SOCK_STREAM, flags=flags
            )
            return [str(place[4][0]) for place in found]
        return ANSWERS.get(name, ["127.0.0.1"])


ANSWERS = {
    "private.evil.example": ["10.0.0.5"],
    "metadata.google.internal": ["169.254.169.254"],
    "instance-data.ec2.internal": ["169.254.169.254"],
    "mixed.evil.example": ["1.1.1.1", "127.0.0.1"],
    "mixed6.evil.example": ["2606:4700::1111", "::1"],
    "last.evil.example": ["1.1.1.1", "8.8.8.8", "9.9.9.9", "1.0.0.1", "8.8.4.4", "127.0.0.1"],
    "mapped.evil.example": ["::ffff:127.0.0.1"],
    "sixtofour.evil.example": ["2002:7f00:1::"],
    "nat64.evil.example": ["64:ff9b::7f00:1"],
    "teredo.evil.example": ["2001:0:7f00:1:0:0:80ff:fffe"],
    "scoped.evil.example": ["fe80::1%1"],
    "zero.evil.example": ["0.0.0.0"],
    "zero6.evil.example": ["::"],
    "ula.evil.example": ["fd00:ec2::254"],
    "name.evil.example": ["localhost"],
    "octal.evil.example": ["0177.0.0.1"],
    "empty.evil.example": [],
    "xn--lcalhost-0za.example": ["127.0.0.1"],
    "azure.evil.example": ["168.63.129.16"],
    "cgnat.evil.example": ["100.100.100.200"],
}

#: What stands between the scheme and the path; the listener's port is put at the end.
HOSTS = [
    *("127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0x7f.1"),
    *("017700000001", "0177.0.0.1", "0177.1", "00000177.0.0.1", "127.000.000.001", "127.0.0.1."),
    *("127.0.0.0x1", "127.1.", "127.255.255.254", "0", "0.0.0.0", "0.0.0.0.", "00", "0x0", "127"),
    *("4294967295", "4294967296", "340282366920938463463374607431768211455", "127.0.0.1.1"),
    *(
        "[::]",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
    ),
    *("[::ffff:0:127.0.0.1]", "[2002:7f00:1::]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]"),
    *("[2001:0:7f00:1:0:0:80ff:fffe]", "[64:ff9b:1::7f00:1]", "[fe80::1]", "[fe80::1%25lo]"),
    *("[fe80::1%lo]", "[::1%25lo]", "[::1%lo]", "[fd00:ec2::254]", "[fec0::1]", "[ff02::1]"),
    *("[::1", "::1", "[::1]]", "[[::1]]", "[127.0.0.1]", "[localhost]", "[v1.127.0.0.1]", "[]", ""),
    *("localhost", "localhost.", "LOCALHOST", "LocalHost.", "localhost..", ".localhost"),
    *("①②⑦.⓪.⓪.①", "１２７.０.０.１", "127。0。0。1", "127．0．0．1", "127｡0｡0｡1", "١٢٧.0.0.1"),
    *(
        "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
        "ｌｏｃａｌｈｏｓｔ",
        "loc\u00adalhost",
        "local\u200bhost",
        "localhoſt",
        "②①③⓪⑦⓪⑥④③③",
    ),
    *(
        "user@127.0.0.1",
        "1.1.1.1@127.0.0.1",
        "1.1.1.1:80@127.0.0.1",
        "127.0.0.1@1.1.1.1",
        "@127.0.0.1",
    ),
    *("1.1.1.1\\@127.0.0.1", "127.0.0.1\\@1.1.1.1", "1.1.1.1#@127.0.0.1", "1.1.1.1?@127.0.0.1#"),
    *(
        "1.1.1.1 @127.0.0.1",
        "1.1.1.1%40127.0.0.1",
        "%31%32%37.0.0.1",
        "127.0.0.1%00.example",
        "127%2e1",
    ),
    *(
        "%6c%6f%63%61%6c%68%6f%73%74",
        "localhost%23",
        "127.0.0.1%0d%0a",
        "127.0.0.1\r\nX: y",
        "127.0.0.1\t",
    ),
    *(
        "127.0.0.1\n",
        "\r127.0.0.1",
        "127.0.0.1\x00",
        " 127.0.0.1",
        "127.0.0.1 ",
        "127.0.0.1,1.1.1.1",
    ),
    *("169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "[::ffff:a9fe:a9fe]"),
    *(
        "169.254.170.2",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
        "10.0.0.1",
        "192.168.0.1",
    ),
    *(
        "127.0.0.1.nip.example",
        "127-0-0-1.sslip.example",
        "7f000001.wild.example",
        "localtest.example",
    ),
    *("-127.0.0.1", "127.0.0.-1", "+127.0.0.1", "1e3", "0b1111111.1", "0o177.0.0.1", "xn--", "a_b"),
    *ANSWERS,
]
#: Whole URLs; {port} is the listener's.
URLS = [
    *(
        "http:\\\\127.0.0.1:{port}/",
        "http:/\\127.0.0.1:{port}",
        "http:127.0.0.1:{port}",
        "http:///127.0.0.1",
    ),
    *("//127.0.0.1:{port}/", "127.0.0.1:{port}", "http://", "http:", "", "/", "\\\\127.0.0.1\\c$"),
    *("gopher://127.0.0.1:{port}/_GET", "file:///etc/passwd", "file://localhost/etc/passwd"),
    *(
        "ftp://127.0.0.1:{port}/",
        "data:text/plain,hello",
        "dict://127.0.0.1:{port}/",
        "ws://127.0.0.1:{port}",
    ),
    *(
        "unix:///var/run/docker.sock",
        "http+unix://%2fvar%2frun%2fdocker.sock/",
        "jar:http://127.0.0.1!/",
    ),
    *(
        "ldap://127.0.0.1:{port}",
        "javascript://127.0.0.1:{port}/",
        "http://1.1.1.1:{port}@127.0.0.1:{port}/",
    ),
    *(
        "http://127.0.0.1:{port}:80/",
        "http://127.0.0.1:0{port}00/",
        "http://127.0.0.1:-1/",
        "http://127.0.0.1:0/",
    ),
    *(
        "http://127.0.0.1:65536/",
        "http://127.0.0.1:６５/",
        "http://127.0.0.1:{port}\r\nX: y/",
        "http://127.0.0.1:+{port}/",
    ),
    *(
        "http://127.0.0.1:{port}/#@1.1.1.1/",
        "http://127.0.0.1:{port}/" + "a" * 2_000,
        "\thttp://127.0.0.1:{port}/",
    ),
    *(
        "http://127.0.0.1:{port}/ HTTP/1.1\r\nHost: x",
        "http://127.0.0.1:22/",
        "http://127.0.0.1:{port}/\ud800",
    ),
]


def _send(client: WebhookClient, url: str) -> Answer:
    """One request; with a loop of its own, no connection outlives it."""

    async def run() -> Answer:
        try:
            return await client.send(url, headers={}, body=b"{}")
        finally:
            await client.aclose()

    return asyncio.run(run())


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_hostile_urls_reach_nobody(listener: Listener, scheme: str) -> None:
    urls = [f"{scheme}://{host}:{listener.port}/" for host in HOSTS]
    urls += [url.replace("{port}", str(listener.port)) for url in URLS]
    assert len(urls) == len(set(urls)) >= 150
    before = listener.accepted

    async def run() -> dict[str, Answer]:
        client = WebhookClient(allow_http=True, resolve=Names(), timeout=2.0, connect_timeout=1.0)
        answers = {url: await client.send(url, headers={}, body=b"{}") for url in urls}
        await client.aclose()
        return answers

    answers = asyncio.run(run())
    wrong = {
        url: answer
        for url, answer in answers.items()
        if answer.error not in {"refused_address", "bad_url", "dns"}
        or answer.status is not None
        or answer.body
        or not answer.detail
    }
    assert wrong == {}
    assert listener.accepted == before
    assert {answer.error for answer in answers.values()} == {"refused_address", "bad_url", "dns"}


def test_without_any_check_of_the_url_no_address_is_reached_either(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The judgement of addresses stands alone: what the system makes of a host is what counts."""
    monkeypatch.setattr("events.adapters.http.url_problem", lambda *_, **__: None)
    before = listener.accepted

    async def run() -> list[Answer]:
        client = WebhookClient(allow_http=True, resolve=Names(), timeout=2.0, connect_timeout=1.0)
        hosts = [host for host in HOSTS if "1.1.1.1" not in host]
        answers = [
            await client.send(f"http://{host}:{listener.port}/", headers={}, body=b"")
            for host in hosts
        ]
        await client.aclose()
        return answers

    answers = asyncio.run(run())
    assert {answer.status for answer in answers} == {None}
    assert sum(answer.error == "refused_address" for answer in answers) >= 60
    assert listener.accepted == before


def test_a_name_that_changes_is_judged_by_the_answer_that_is_used(listener: Listener) -> None:
    """Rebinding: public for the one who looks first, this machine for the one who connects."""
    turns: list[str] = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        turns.append(host)
        # 127.0.0.2 is allowed below: it stands for a public address, and nobody answers there.
        return ["127.0.0.2"] if len(turns) % 2 else ["127.0.0.1"]

    async def run() -> list[Answer]:
        client = WebhookClient(
            allowed=parse_networks(["127.0.0.2"]),
            allow_http=True,
            resolve=rebinding,
            timeout=0.3,
            connect_timeout=0.2,
        )
        answers = [
            await client.send(f"http://rebind.example:{listener.port}/", headers={}, body=b"")
            for _ in range(6)
        ]
        await client.aclose()
        return answers

    before = listener.accepted
    answers = asyncio.run(run())
    # One look per connection: the address that was judged is the one that is connected to.
    assert len(turns) == 6
    assert [answer.error == "refused_address" for answer in answers] == [False, True] * 3
    assert {answer.error for answer in answers[::2]} <= {"timeout", "connect"}
    assert listener.accepted == before


def test_the_listener_is_reached_once_it_is_allowed(listener: Listener) -> None:
    """The experiment measures refusals, and not a listener that nobody could reach."""
    before = listener.accepted
    url = f"http://127.0.0.1:{listener.port}/"
    client = WebhookClient(allowed=parse_networks(["127.0.0.0/8"]), allow_http=True)
    answer = _send(client, url)
    assert (answer.status, answer.body, listener.accepted) == (200, "secret", before + 1)
    refused = _send(WebhookClient(allowed=parse_networks(["127.0.0.0/8"])), url)
    assert (refused.error, listener.accepted) == ("bad_url", before + 1)
